"""The first values of series, before they get a model; most ids that are seen at all are seen once or twice."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tailmass.analysis import arrays
from tailmass.analysis.arrays import Arrays
from tailmass.columns import Floats, Ints
from tailmass.kernels.observe import Entries

KEPT = 3  # values that are kept as they are; with the next one a series gets a model, which meets these first
GROWTH = 1.25


class Kept(NamedTuple):
    """The values that are kept; a slot each series without a model, 85 bytes each."""

    met: npt.NDArray[np.int8]
    """(slots,) values that are kept; 0 of a slot that is free."""
    bucket: Ints
    """(slots, KEPT) numbers of their buckets."""
    value: Floats
    """(slots, KEPT) unit of the data."""
    rows: Floats
    """(slots, KEPT) rows that each is of."""
    local: npt.NDArray[np.int32]
    """(slots, KEPT) seconds by which local time was ahead of UTC."""


class Newcomers:
    """Which series have a model, and what the others have done so far; 16 bytes a series with a model, 89 without.

    Parameters
    ----------
    kept : values of a series that are kept before it gets a model; with none it has one from the first value on

    A model that gets its values late is, to the last bit, what it would be had it met them in time: nothing is reported
    of a series before it has met many more, nor is a season looked for. Only a small count leans on its peers from the
    first value on: on what they have in common when it gets its model.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._place = np.zeros(0, np.int32)  # of each series: 1 + its row, -1 - its slot, or 0 while it has neither
        self._kept = Kept(
            met=np.zeros(0, np.int8),
            bucket=np.zeros((0, kept), np.int64),
            value=np.zeros((0, kept)),
            rows=np.zeros((0, kept)),
            local=np.zeros((0, kept), np.int32),
        )
        self.in_order = True
        """Whether every series with a row has the row of its id."""
        self.owner = np.zeros(0, np.int32)
        """(rows,) the series of each row."""
        self.seen = np.zeros(0, np.int64)
        """(rows,) the last bucket with a value."""
        self.refused = False
        """Whether a series could not have a row; for others to set back."""

    def admit(self, entries: Entries, known: int, room: int | None = None) -> tuple[list[Entries], Entries, Ints]:
        """Give rows to the series that have had enough values with these, and keep the values of the others.

        Parameters
        ----------
        entries : of consecutive buckets, by series
        known : series ids are below this
        room : rows that may be given away; None for no limit. A series that does not get one tries again with its next
            value

        Returns
        -------
        earlier : what the models that are new have missed, a bucket each, by row
        now : the entries of all series with models, by bucket, then by series; `series` are rows
        passed : (buckets,) values that were only kept
        """
        self._make_room(known)
        offsets, series = entries.offsets, entries.series
        new = np.zeros(0, np.int64) if self._complete(known) else np.flatnonzero(self._place[series] <= 0)
        if not len(new):
            return [], self._met_by_row(entries, known), np.zeros(len(offsets) - 1, np.int64)
        bucket = np.searchsorted(offsets, new, side="right") - 1
        order = np.argsort(series[new], kind="stable")  # by series, then by bucket
        new, bucket = new[order], bucket[order]
        whose = series[new]
        begins = np.flatnonzero(np.append(True, whose[1:] != whose[:-1]))
        lengths = np.diff(np.append(begins, len(whose)))
        turn = np.arange(len(whose)) + np.repeat(self._met(whose[begins]) - begins, lengths)

        due = turn == self._most
        wait = whose[due][np.lexsort((whose[due], bucket[due]))]
        self.refused = self.refused or (room is not None and room < len(wait))
        earlier = self._promote(wait[:room], means=len(entries.rows) > 0)
        stays = (self._place[whose] <= 0) & (turn < self._most)
        at, who, turn, bucket = new[stays], whose[stays], turn[stays], bucket[stays]
        self._take_slots(who[turn == 0])
        slot = self._slot(who)
        self._kept.bucket[slot, turn] = entries.first + bucket
        self._kept.value[slot, turn] = entries.values[at]
        self._kept.local[slot, turn] = entries.local[bucket]
        if len(entries.rows):
            self._kept.rows[slot, turn] = entries.rows[at]
        self._kept.met[slot] = turn + 1  # of several the last, which is the highest
        return earlier, self._met_by_row(entries, known), np.bincount(bucket, minlength=len(offsets) - 1)

    def by_row(self, entries: Entries, known: int) -> Entries:
        """The entries of the series that have models, in the same order; `series` are rows."""
        self._make_room(known)
        if self._complete(known):
            return entries
        place = self._place[entries.series]
        if not len(place) or place.min() > 0:
            return entries if self.in_order else entries._replace(series=place.astype(np.int64) - 1)
        with_model = place > 0
        return entries._replace(
            offsets=np.append(0, np.cumsum(with_model))[entries.offsets],
            series=place[with_model].astype(np.int64) - 1,
            values=entries.values[with_model],
            rows=entries.rows[with_model] if len(entries.rows) else entries.rows,
        )

    def series(self, rows: Ints) -> Ints:
        """Whose rows these are."""
        return rows if self.in_order else self.owner[rows].astype(np.int64)

    def row(self, series: int) -> int:
        """The row of a series; -1 where it has no model."""
        return max(int(self._place[series]), 0) - 1 if series < len(self._place) else -1

    def of(self, series: int) -> list[Entries]:
        """The values that are kept of one series, as if it had the row 0."""
        if series >= len(self._place):
            return []
        return list(self._earlier(np.array([series]), np.zeros(1, np.int64), means=False))

    def state(self, prefix: str) -> Arrays:
        """Rows and kept values as arrays; by series, as it is no matter which slots they have."""
        young = np.flatnonzero(self._place < 0)
        slot = self._slot(young)
        kept: Arrays = {"owner": self.owner.copy(), "seen": self.seen.copy(), "series": young}
        kept |= {name: part[slot] for name, part in self._kept._asdict().items()}
        return {f"{prefix}.{name}": each for name, each in kept.items()}

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        self.owner, young = np.array(kept[f"{prefix}.owner"]), kept[f"{prefix}.series"]
        self.seen = np.array(kept[f"{prefix}.seen"])
        self._kept = arrays.put_together(self._kept, prefix, kept)
        self._place = np.zeros(1 + max(self.owner.max(initial=-1), young.max(initial=-1)), np.int32)
        self._place[young] = -1 - np.arange(len(young))
        self._own()

    def idle(self, before: int) -> tuple[Ints, Ints]:
        """The last buckets with a value of the series with and without a row that have none since `before`."""
        last = self._last()
        return self.seen[self.seen < before], last[last < before]

    def forget(self, before: int) -> Ints:
        """Take row or slot from the series without a value since `before`; the rows that are left, ascending."""
        gone = np.flatnonzero(self._place < 0)[self._last() < before]
        slot = self._slot(gone)
        for part in self._kept:
            part[slot] = 0
        self._place[gone] = 0
        stay = np.flatnonzero(self.seen >= before)
        self._place[self.owner] = 0
        self.owner, self.seen = self.owner[stay], self.seen[stay]
        self._own()
        return stay

    def size_bytes(self, known: int) -> int:
        """Bytes in use when series ids are below `known`."""
        return self.bytes_of(known, len(self.owner), int(np.count_nonzero(self._kept.met)))

    def bytes_of(self, known: int, rows: int, young: int) -> int:
        """Bytes for so many series, models, and series with values that are kept."""
        return arrays.series_bytes((self._place,)) * known + self._row_bytes * rows + self.slot_bytes * young

    @property
    def slot_bytes(self) -> int:
        """Bytes of the values of one series."""
        return arrays.series_bytes(self._kept, 0)

    @property
    def _row_bytes(self) -> int:
        return arrays.series_bytes((self.owner, self.seen))

    @property
    def _most(self) -> int:
        return int(self._kept.value.shape[1])

    def _own(self) -> None:
        """Let the series know their rows."""
        self._place[self.owner] = 1 + np.arange(len(self.owner))
        self.in_order = bool((self.owner == np.arange(len(self.owner))).all())

    def _last(self) -> Ints:
        """The last bucket of each series with values that are kept."""
        slot = self._slot(np.flatnonzero(self._place < 0))
        return self._kept.bucket[slot, self._kept.met[slot] - 1] if len(slot) else np.zeros(0, np.int64)

    def _met_by_row(self, entries: Entries, known: int) -> Entries:
        """The entries of the series that have models, which have met them now."""
        now = self.by_row(entries, known)
        self.seen[now.series] = now.first + np.repeat(np.arange(len(now.offsets) - 1), np.diff(now.offsets))
        return now

    def _complete(self, known: int) -> bool:
        """Whether every series has the row of its id."""
        return self.in_order and len(self.owner) >= known

    def _slot(self, series: Ints) -> Ints:
        """The slots of series that have one."""
        return -1 - self._place[series].astype(np.int64)

    def _met(self, series: Ints) -> Ints:
        """How many values are kept of series without a model."""
        met, held = np.zeros(len(series), np.int64), self._place[series] < 0
        met[held] = self._kept.met[self._slot(series[held])]
        return met

    def _take_slots(self, series: Ints) -> None:
        """Give a slot to series without one."""
        free = np.flatnonzero(self._kept.met == 0)
        if len(free) < len(series):
            held = len(self._kept.met)
            capacity = max(arrays.FEWEST, held + len(series) - len(free), int(GROWTH * held))
            self._kept = arrays.grown(self._kept, capacity, axis=0)
            free = np.append(free, np.arange(held, capacity))
        self._place[series] = -1 - free[: len(series)]

    def _promote(self, series: Ints, *, means: bool) -> list[Entries]:
        """Give these series the next rows, in this order, and take out what is kept of them."""
        rows = len(self.owner) + np.arange(len(series))
        earlier = list(self._earlier(series, rows, means=means))
        slot = self._slot(series[self._place[series] < 0])
        for part in self._kept:
            part[slot] = 0
        self._place[series] = 1 + rows
        self.owner = np.append(self.owner, series.astype(np.int32))
        self.seen = np.append(self.seen, np.zeros(len(series), np.int64))
        self.in_order = self.in_order and bool((series == rows).all())
        return earlier

    def _earlier(self, series: Ints, rows: Ints, *, means: bool) -> Iterator[Entries]:
        held = self._place[series] < 0
        slots, rows = self._slot(series[held]), rows[held]
        which, turn = np.nonzero(np.arange(self._most) < self._kept.met[slots][:, None])
        bucket = self._kept.bucket[slots[which], turn]
        order = np.lexsort((rows[which], bucket))
        slot, row, turn, bucket = slots[which[order]], rows[which[order]], turn[order], bucket[order]
        stops = np.flatnonzero(np.append(bucket[1:] != bucket[:-1], True)[: len(bucket)]) + 1
        begin = 0
        for stop in stops.tolist():
            here = slice(begin, stop)
            yield Entries(
                offsets=np.array([0, stop - begin]),
                series=row[here],
                values=self._kept.value[slot[here], turn[here]],
                rows=self._kept.rows[slot[here], turn[here]] if means else np.empty(0),
                local=self._kept.local[slot[begin], turn[begin]].astype(np.int64).reshape(1),
                first=int(bucket[begin]),
            )
            begin = stop

    def _make_room(self, series: int) -> None:
        held = len(self._place)
        if series > held:
            capacity = max(arrays.FEWEST, series, int(GROWTH * held))
            self._place = np.append(self._place, np.zeros(capacity - held, np.int32))
