"""Texts as spans of bytes, which is how kernels read them."""

import numpy as np
import polars as pl

from tailmass.kernels.delimited import Bytes, Positions


def spans(texts: pl.Series) -> tuple[Bytes, Positions, Positions]:
    """The bytes of a String column, one after another, and where each begins and stops; a null is an empty text."""
    filled = texts.fill_null("") if texts.null_count() else texts
    joined = np.frombuffer(filled.str.join("").item().encode(), np.uint8)
    stops = filled.str.len_bytes().cast(pl.Int64).cum_sum().cast(pl.Int32).to_numpy()
    starts = np.concatenate([np.zeros(1, np.int32), stops[:-1]]) if len(stops) else np.zeros(0, np.int32)
    return joined, starts, stops
