"""How large one upload may make single things; how large it is itself does not matter."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecordLimits:
    """What is refused before it fills the memory."""

    record_bytes: int = 16 << 20
    """The longest record, and so the longest field: a quote or a brace that nobody closes goes on for ever."""
    fields: int = 100_000
    """The most columns of a header: each is a name to keep."""


USUAL = RecordLimits()
