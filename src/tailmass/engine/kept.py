"""Rows as they are kept beside the results, for those who want to see what is behind these."""

import polars as pl

from tailmass.columns import Columns
from tailmass.results.reserved import RESERVED


def kept(columns: Columns) -> pl.DataFrame:
    """The rows as a table: their time in epoch milliseconds as `timestamp`, and the fields of the analysis.

    Fields whose names documents of results have are left out. What is not there is null.
    """
    fields: dict[str, pl.Series] = {
        name: pl.Series(name, values).fill_nan(None) for name, values in columns.numbers.items()
    }
    # A field that is wanted both as a number and as text is kept as it was written.
    fields |= {name: text.replace("", None).alias(name) for name, text in columns.texts.items()}
    rows = [values for name, values in sorted(fields.items()) if name not in RESERVED]
    return pl.DataFrame([pl.Series("timestamp", columns.times), *rows])
