"""Find what is unusual in a data frame: three machines, one of which is hot for twenty minutes.

    python examples/detect_dataframe.py

Polars here; pandas and PyArrow do as well, and the records come back in the same kind.
"""

from datetime import UTC, datetime, timedelta

import polars as pl

import tailmass

START = datetime(2026, 3, 2, tzinfo=UTC)


def measurements() -> pl.DataFrame:
    """Two days of temperatures, one a minute and machine, that go up and down with the time of day."""
    rows = []
    for minute in range(2 * 24 * 60):
        for number, machine in enumerate(("lathe", "mill", "press")):
            hot = machine == "mill" and 2200 <= minute < 2220
            temperature = 60 + 5 * number + (minute % 1440) / 288 + (minute * 7 + number) % 13 / 10 + 25 * hot
            rows.append({"time": START + timedelta(minutes=minute), "machine": machine, "temperature": temperature})
    return pl.DataFrame(rows)


def main() -> None:
    """Detect, and tell the first three records."""
    found = tailmass.detect(measurements(), "mean(temperature) by machine", bucket_span="5m")
    for guess in found.guesses:
        print(f"guessed {guess}")
    for record in found.records.head(3).iter_rows(named=True):
        print(
            f"{record['timestamp']:%a %H:%M}  {record['by_field_value']:5}  "
            f"score {record['normalized_probability']:3.0f}  {record['actual']:.1f}, typically {record['typical']:.1f}"
        )


if __name__ == "__main__":
    main()
