"""Leaving out of the results who occurs in nearly every bucket (`excludeFrequent`)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from tailmass.analysis import arrays
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.clock import Advance
from tailmass.analysis.detector import Findings, Names
from tailmass.analysis.dictionary import Dictionary
from tailmass.analysis.open import OpenPairs, Rows
from tailmass.analysis.selection import chosen
from tailmass.columns import Flags, Ints
from tailmass.jobs import Detector
from tailmass.kernels.frequent import frequent


class Frequency:
    """How often the values of one field occur, whatever the partition.

    Parameters
    ----------
    dictionary : the values of the field
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._open = OpenPairs()
        self._present = np.zeros(0, np.int64)
        self._buckets = np.zeros(1, np.int64)
        self._closed: Rows | None = None

    def add(self, values: Ints, advance: Advance) -> None:
        """Take in rows; the buckets that close count from the next call of `frequent` on."""
        nothing = np.zeros(len(values), np.int64)
        self._closed = self._open.add(advance.rows, values, nothing, nothing, advance.first, advance.until)

    def frequent(self, bucket: Ints, names: list[str], *, closed: bool) -> Flags:
        """Whether values were frequent before the buckets of findings, ascending; `closed` ones are then learnt."""
        asked = self._dictionary.ids(pl.Series(names, dtype=pl.String))
        capacity = arrays.room(len(self._dictionary), len(self._present))
        self._present = arrays.longer(self._present, capacity, 0)
        if not closed or self._closed is None:
            offsets, values = np.zeros(int(bucket.max(initial=-1)) + 2, np.int64), np.zeros(0, np.int64)
            return frequent(offsets, values, bucket, asked, self._present, self._buckets, False)
        rows, self._closed = self._closed, None
        return frequent(rows.offsets, rows.left, bucket, asked, self._present, self._buckets, True)

    def clear(self, first: int, until: int) -> None:
        """Forget the rows of the open buckets `first` to `until - 1`."""
        self._open.clear(first, until)

    def state(self, prefix: str) -> Arrays:
        """What was counted."""
        known = len(self._dictionary)
        present = arrays.longer(self._present, max(known, len(self._present)), 0)[:known].copy()
        return {f"{prefix}.present": present, f"{prefix}.buckets": self._buckets.copy()} | self._open.state(
            f"{prefix}.open"
        )

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        self._present = np.array(kept[f"{prefix}.present"], np.int64)
        self._buckets = np.array(kept[f"{prefix}.buckets"], np.int64)
        self._open.restore(f"{prefix}.open", kept)


class Exclusion:
    """What one detector leaves out.

    Parameters
    ----------
    detector : the configuration
    dictionaries : the values of each split field
    """

    def __init__(self, detector: Detector, dictionaries: Mapping[str, Dictionary]) -> None:
        wanted = detector.exclude_frequent or "none"
        rarity = detector.definition.measures == ("rare",)  # it has no frequent values to tell of
        names = {"by": detector.by_field_name, "over": detector.over_field_name}
        self._fields = {
            split: name for split, name in names.items() if name and wanted in ("all", split) and not rarity
        }
        self._frequencies = {split: Frequency(dictionaries[name]) for split, name in self._fields.items()}

    def add(self, ids: Mapping[str, Ints], advance: Advance) -> None:
        """Take in rows, for each field the ids of the values."""
        for split, frequency in self._frequencies.items():
            frequency.add(ids[self._fields[split]], advance)

    def clear(self, first: int, until: int) -> None:
        """Forget the rows of the open buckets `first` to `until - 1`."""
        for frequency in self._frequencies.values():
            frequency.clear(first, until)

    def without(self, found: Findings, names: Names, *, closed: bool) -> Findings:
        """The findings but for those of frequent values; `names` are theirs, and `closed` whether they are final."""
        keep = np.ones(len(found.series), np.bool_)
        causes = found.causes
        cause_kept = None if causes is None else np.ones(len(causes.probability), np.bool_)
        for split, frequency in self._frequencies.items():
            told = names[1] if split == "by" else names[2]
            if told is not None:
                keep &= ~frequency.frequent(found.bucket, told, closed=closed)
            elif causes is not None and causes.by is not None and cause_kept is not None:
                bucket = np.repeat(found.bucket, np.diff(causes.offsets))
                cause_kept &= ~frequency.frequent(bucket, causes.by, closed=closed)
        return chosen(found, keep, cause_kept)

    def state(self, prefix: str) -> Arrays:
        """What was counted."""
        kept: Arrays = {}
        for split, frequency in self._frequencies.items():
            kept |= frequency.state(f"{prefix}.{split}")
        return kept

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        for split, frequency in self._frequencies.items():
            frequency.restore(f"{prefix}.{split}", kept)
