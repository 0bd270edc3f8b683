"""What share of the rows of each series an influencer's values usually have, and of their sum."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tailmass.analysis import arrays
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.dictionary import Pairs, pairs_bytes
from tailmass.analysis.parts import Table
from tailmass.columns import Floats, Ints
from tailmass.kernels.parts import remember

HALF_LIFE_SECONDS = 28 * 86_400.0
EVERY = 1024  # buckets after which what has faded away is forgotten
LEAST_SHARE = 1e-3  # of a series' rows, below which a value is forgotten: no series has more than a thousand then
ROWS, TOTAL, BUCKET, FIGURES = 0, 1, 2, 3


class Share(NamedTuple):
    """What is usual of values in their series, before a bucket; (n,) each."""

    rows: Floats
    """Share of the rows, 0 where the value or the series is new."""
    total: Floats
    """Share of the sum of the values."""
    shift: Floats
    """How much the mean of the series is without them above what it is with them, unit of the data."""


class Usual:
    """Rows and sums of each value in each series, which count half after four weeks.

    Parameters
    ----------
    span : seconds of a bucket
    """

    def __init__(self, span: int) -> None:
        self._keep = float(0.5 ** (span / HALF_LIFE_SECONDS))
        self._pairs = Pairs()
        self._of_pairs, self._of_series = np.zeros((2, 0, FIGURES))
        self._series = 0
        self._order: tuple[Ints, Ints] | None = None

    def learn(self, parts: Table) -> None:
        """Take in the parts of closed buckets between which no stop of `stops` is."""
        if not len(parts.bucket):
            return
        pair = self._pairs.ids(parts.key, parts.value)
        self._series = max(self._series, int(parts.key.max()) + 1)
        self._of_pairs = _with_room(self._of_pairs, len(self._pairs))
        self._of_series = _with_room(self._of_series, self._series)
        held = parts.held
        remember(parts.bucket, parts.key, held.rows, held.total, self._keep, self._of_series)
        known = pair >= 0
        if not known.all():  # there is no memory for the others
            parts, held, pair = parts.take(known), parts.take(known).held, pair[known]
        remember(parts.bucket, pair, held.rows, held.total, self._keep, self._of_pairs)

    def share(self, key: Ints, value: Ints, bucket: Ints) -> Share:
        """What was usual of values when a bucket began."""
        known, pair = self._in_order()
        asked = key * _WIDE + value
        place = np.minimum(np.searchsorted(known, asked), max(0, len(known) - 1))
        there = known[place] == asked if len(known) else np.zeros(len(asked), np.bool_)
        own, series = np.zeros((2, len(asked), FIGURES))
        own[there] = self._of_pairs[pair[place[there]]]
        there = key < len(self._of_series)
        series[there] = self._of_series[key[there]]
        own[:, :BUCKET] *= self._fading(own, bucket)
        series[:, :BUCKET] *= self._fading(series, bucket)
        rows, total = np.clip(np.stack([_ratio(own[:, k], series[:, k]) for k in (ROWS, TOTAL)]), 0.0, 1.0)
        left = series - own
        shift = _ratio(left[:, TOTAL], left[:, ROWS]) - _ratio(series[:, TOTAL], series[:, ROWS])
        return Share(rows, total, np.where((rows > 0.0) & (rows < 1.0), shift, 0.0))

    def values(self, key: Ints) -> tuple[Ints, Ints]:
        """The values that are usual in each of some series: the position of the series among these, and the value."""
        known, _ = self._in_order()
        begin, end = np.searchsorted(known, key * _WIDE), np.searchsorted(known, (key + 1) * _WIDE)
        place, which = spread(begin, end)
        return which, known[place] % _WIDE

    def forget(self, bucket: int) -> None:
        """Let go of the values that have faded away."""
        pairs = len(self._pairs)
        held = self._of_pairs[:pairs]
        own = held[:, ROWS] * self._fading(held, np.full(pairs, bucket))[:, 0]
        series = self._of_series[self._pairs.both[:, 0]]
        all_rows = series[:, ROWS] * self._fading(series, np.full(pairs, bucket))[:, 0]
        stay = np.flatnonzero(own >= LEAST_SHARE * all_rows)
        self._of_pairs = held[stay]
        self._number(self._pairs.both[stay])

    def state(self, prefix: str) -> Arrays:
        """What is remembered, as arrays."""
        return {
            f"{prefix}.pairs": self._pairs.both.copy(),
            f"{prefix}.of_pairs": self._of_pairs[: len(self._pairs)].copy(),
            f"{prefix}.of_series": self._of_series[: self._series].copy(),
        }

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        self._number(np.array(kept[f"{prefix}.pairs"], np.int64).reshape(-1, 2))
        self._of_pairs = np.array(kept[f"{prefix}.of_pairs"]).reshape(-1, FIGURES)
        self._of_series = np.array(kept[f"{prefix}.of_series"]).reshape(-1, FIGURES)
        self._series = len(self._of_series)

    @property
    def pairs(self) -> Pairs:
        """Series and values that were met together."""
        return self._pairs

    def most_bytes(self, more: int) -> int:
        """Bytes at most, once so many more parts have come."""
        return usual_bytes(len(self._pairs) + more, self._series + more)

    @property
    def size_bytes(self) -> int:
        """Bytes of what is remembered."""
        return usual_bytes(len(self._pairs), self._series)

    def _number(self, both: Ints) -> None:
        """Know these pairs and no others."""
        full, refused = self._pairs.full, self._pairs.refused
        self._pairs = Pairs()
        self._pairs.ids(both[:, 0].copy(), both[:, 1].copy())
        self._pairs.full, self._pairs.refused = full, refused
        self._order = None

    def _in_order(self) -> tuple[Ints, Ints]:
        """(pairs,) keys and values as one number each, ascending, and the ids of the pairs."""
        if self._order is None or len(self._order[0]) < len(self._pairs):
            both = self._pairs.both
            known = both[:, 0] * _WIDE + both[:, 1]
            order = np.argsort(known, kind="stable").astype(np.int64)
            self._order = known[order], order
        return self._order

    def _fading(self, held: Floats, bucket: Ints) -> Floats:
        """(n, 1) what is left of each at a bucket."""
        fading: Floats = self._keep ** np.maximum(0.0, bucket - held[:, BUCKET])
        return fading[:, None]


_WIDE = 1 << 31  # more than any id


def usual_bytes(pairs: int, series: int) -> int:
    """Bytes of what is usual of so many values in so many series."""
    return pairs_bytes(pairs) + 8 * FIGURES * (pairs + series)


def stops(first: int, until: int) -> range:
    """The buckets from `first` to `until` before which what has faded away is forgotten.

    >>> list(stops(1000, 2049)), list(stops(1025, 2048))
    ([1024, 2048], [])
    """
    return range(-(-first // EVERY) * EVERY, until, EVERY)


def spread(begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """The places of some ranges after one another, and the range that each is of.

    >>> [each.tolist() for each in spread(np.array([3, 0]), np.array([5, 1]))]
    [[3, 4, 0], [0, 0, 1]]
    """
    sizes = np.maximum(0, end - begin)
    which = np.repeat(np.arange(len(begin)), sizes)
    return np.arange(len(which)) - np.repeat(np.cumsum(sizes) - sizes - begin, sizes), which


def _with_room(held: Floats, ids: int) -> Floats:
    longer: Floats = arrays.longer(held, arrays.room(ids, len(held)), 0)
    return longer


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole != 0.0)
