"""What a record is explained with: what it looks like, and the sources whose evidence adds up to its own."""

KINDS = (
    "spike",
    "dip",
    "level shift",
    "shape",
    "silence",
    "variance",
    "drift",
    "new",
    "rare",
    "time",
    "place",
    "travel",
)
"""What a record can look like; a drift is odd in several buckets together, as a slow burn is, and a travel too fast."""

SOURCES = ("surprise", "window", "raw", "envelope", "recalibration", "variance", "shape")
"""Where evidence comes from; the fields of `Record` tell what each of them is."""

COLUMNS = tuple(f"evidence_{source}" for source in SOURCES)
"""The sources as columns of a table of records."""
