"""Questions to text that are answered once for each distinct value."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from tailmass.columns import Ints
from tailmass.intake.spans import spans
from tailmass.kernels import ids

Answers = list[pl.Series]
"""(n,) each, dtype String or Boolean."""
Fast = Callable[[pl.Series], Answers]
Slow = Callable[[str], Sequence[str | bool]]

_SAMPLE = 4_000
_FEW = 64  # a call of Polars costs as much as so many answers


def answers(texts: pl.Series, kinds: Sequence[type[pl.DataType]], slow: Slow, fast: Fast | None = None) -> Answers:
    """What is to be said of each text, as one column for each part of the answer.

    Parameters
    ----------
    texts : (n,) dtype String, without nulls
    kinds : the dtype of each column
    slow : the answer to one text
    fast : the answers to many, if there is a way; it is believed only where a text is plain: printable ASCII and tabs
    """
    if len(texts) <= _FEW:
        return _one_by_one(texts, kinds, slow)
    if not repeating(texts):
        return _answers(texts, kinds, slow, fast)
    which, values = distinct(texts)
    return [column.gather(which) for column in _answers(values, kinds, slow, fast)]


def _answers(texts: pl.Series, kinds: Sequence[type[pl.DataType]], slow: Slow, fast: Fast | None) -> Answers:
    if fast is None:
        return _one_by_one(texts, kinds, slow)
    columns = fast(texts)
    odd = not_plain(texts)
    if len(odd):
        again = _one_by_one(texts.gather(odd), kinds, slow)
        columns = [column.scatter(odd, better) for column, better in zip(columns, again, strict=True)]
    return columns


def _one_by_one(texts: pl.Series, kinds: Sequence[type[pl.DataType]], slow: Slow) -> Answers:
    rows = [slow(text) for text in texts.to_list()]
    return [pl.Series([row[k] for row in rows], dtype=kind) for k, kind in enumerate(kinds)]


def distinct(texts: pl.Series) -> tuple[Ints, pl.Series]:
    """(n,) which of the distinct texts each is, and the distinct texts in the order they first come."""
    codes = texts.cast(pl.Categorical(pl.Categories.random())).to_physical().to_numpy().astype(np.int64)
    table = np.full(int(codes.max(initial=-1)) + 1, ids.EMPTY, np.int64)
    which, first = ids.renumber(codes, table, 0)
    return which, texts.gather(first)


def repeating(texts: pl.Series) -> bool:
    """Whether texts come more than twice on average, going by a sample: to look for the distinct ones costs something.

    A sample of m, with replacement, of n/2 values has n/2 (1 - exp(-2m/n)) of them. To ask for many that are alike
    would not do: among 100,000 rows of 10,000 hosts hardly two of a thousand are the same.
    """
    rows = len(texts)
    if rows == 0:
        return False
    size = min(rows, _SAMPLE)
    # Rows at equal distances could fall in step with the data.
    sample = texts.gather(np.random.default_rng(0).integers(0, rows, size))
    return sample.n_unique() < rows / 2 * -math.expm1(-2 * size / rows)


def not_plain(texts: pl.Series) -> Ints:
    """The texts with anything in them that is neither printable ASCII nor a tab."""
    content, _, stops = spans(texts)
    places = np.flatnonzero(((content < 0x20) & (content != 0x09)) | (content > 0x7E))
    return np.unique(np.searchsorted(stops, places, side="right"))
