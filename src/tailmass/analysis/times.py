"""A detector of events at unusual times of the day or of the week, by the clocks of the job's zone."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tailmass.analysis import arrays, peers
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.calendar import Calendar
from tailmass.analysis.clock import Advance
from tailmass.analysis.detector import LEAST_PROBABILITY, THRESHOLD, Findings, Names
from tailmass.analysis.dictionary import Dictionary, Pairs
from tailmass.analysis.footprint import Cardinalities, Entities
from tailmass.analysis.membership import Membership
from tailmass.analysis.onebyone import Told, one_by_one
from tailmass.analysis.open import OpenPairs, Rows
from tailmass.analysis.rare import HALF_LIFE_SECONDS
from tailmass.columns import Columns, Ints
from tailmass.jobs import Detector
from tailmass.kernels.circular import Habits, visit
from tailmass.kernels.rate import evidence_as_rare
from tailmass.kernels.season import DAY, WEEK

SLOTS = {"time_of_day": (DAY, 48), "time_of_week": (WEEK, 168)}
LEAST_PERIODS = {"time_of_day": 3.0, "time_of_week": 2.0}  # before anything is unusual
BORROWED, BORROWED_OF_PEERS = 20.0, 500.0  # events that other series count for at most
LEANING = 4.0  # times what a series' new slots say: the same, where others are no peers to be like


class TimeAnalysis:
    """A `time_of_day` or `time_of_week` detector.

    Each by value, or each over value, is a series; over values lean far more on what their peers do, and where there is
    a by field, too, have habits for each of its values.

    Parameters
    ----------
    detector : the configuration
    dictionaries : the values of each split field, shared by the detectors of a job
    span : seconds of a bucket
    calendar : the clocks by which days and weeks are counted
    """

    def __init__(
        self, detector: Detector, dictionaries: Mapping[str, Dictionary], span: int, calendar: Calendar
    ) -> None:
        (measure,) = self.measures = detector.definition.measures
        self.detector = detector
        self._members = Membership(detector, dictionaries)
        self._span, self._calendar = span, calendar
        self._period, slots = SLOTS[measure]
        self._length = self._period // slots
        self._keep = float(0.5 ** (self._period / HALF_LIFE_SECONDS))
        peers_matter = detector.over_field_name is not None
        self._borrowed = BORROWED_OF_PEERS if peers_matter else BORROWED
        self._leaning = np.inf if peers_matter else LEANING
        self._least_periods = LEAST_PERIODS[measure]
        self._open = OpenPairs()
        self._habits = Habits(
            np.zeros((0, slots), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int32), np.zeros((0, slots))
        )

    def advance(self, columns: Columns, ids: Mapping[str, Ints], advance: Advance) -> Findings:
        """Add admitted rows to the open buckets, and judge the buckets that they close; see `DetectorAnalysis`."""
        series = self._members.ids(ids, len(advance.rows))
        seconds = columns.times // 1000
        local = seconds + self._calendar.offsets(seconds)
        slot = (local % self._period) // self._length
        rows = self._open.add(advance.rows, series, slot, local, advance.first, advance.until)
        return replace(self._judge(rows, learning=True), rows=self._keys(series, slot))

    def interim(self, first: int, until: int) -> Findings:
        """Judge the open buckets `first` to `until - 1` as they stand."""
        return self._judge(self._open.peek(first, until), learning=False)

    def clear(self, first: int, until: int) -> None:
        """Forget the rows of the open buckets `first` to `until - 1`."""
        self._open.clear(first, until)

    def names(self, series: Ints) -> Names:
        """Partition, by and over values of series; None where the detector does not split."""
        return self._members.names(series)

    def state(self, prefix: str) -> Arrays:
        """Habits and open buckets as arrays."""
        self._make_room()
        kept = self._members.state(prefix) | self._open.state(f"{prefix}.open")
        known, groups = len(self._members), len(self._members.populations)
        kept |= {f"{prefix}.habits.{name}": part[:known].copy() for name, part in self._of_series().items()}
        kept[f"{prefix}.habits.everybody"] = self._habits.everybody[:groups].copy()
        return kept

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the analysis that `state` was taken of."""
        self._members.restore(prefix, kept)
        self._open.restore(f"{prefix}.open", kept)
        self._habits = arrays.put_together(self._habits, f"{prefix}.habits", kept)

    @property
    def pairs(self) -> tuple[Pairs, ...]:
        """All pairs of values that have ids."""
        return self._members.pairs

    @property
    def entities(self) -> Entities:
        """How many values and series there are."""
        return self._members.entities

    @property
    def size_bytes(self) -> int:
        """Bytes of all that lasts."""
        return self.most_bytes(0)

    def most_bytes(self, more: int) -> int:
        """The same at most, once rows with so many different values have come."""
        return self._bytes(*(each + more for each in self._members.sizes))

    def bytes_of(self, expected: Cardinalities) -> int:
        """The same once all values that are expected have been met often."""
        return self._bytes(*self._members.expected(expected))

    def _bytes(self, populations: int, persons: int, members: int) -> int:
        habits = arrays.series_bytes(tuple(self._of_series().values()), 0) * members
        habits += arrays.series_bytes((self._habits.everybody,), 0) * populations
        return habits + self._members.bytes_of(populations, persons, members)

    def _judge(self, rows: Rows, *, learning: bool) -> Findings:
        self._make_room()
        count = len(rows.offsets) - 1
        buckets = np.repeat(np.arange(count), np.diff(rows.offsets))
        order = np.lexsort((rows.least, rows.left, buckets))
        series, second = rows.left[order], rows.least[order]
        group = self._members.populations_of(series)
        unusual, watched = visit(
            rows.offsets, series, group, second // self._length, self._habits, self._keep, self._borrowed,
            self._leaning, self._least_periods, THRESHOLD, learning,
        )  # fmt: skip
        entry = unusual.entry
        # The rarest slot speaks for a series in a bucket.
        best = np.lexsort((entry, unusual.chance, series[entry], buckets[entry]))
        best = best[peers.changes(buckets[entry[best]], series[entry[best]])]
        entry, chance = entry[best], unusual.chance[best]
        expected = np.minimum(chance, unusual.rate[best] * self._span / self._period)
        found = Told(
            bucket=buckets[entry],
            member=series[entry],
            probability=np.maximum(chance, LEAST_PROBABILITY),
            evidence=evidence_as_rare(-np.log10(np.maximum(expected, LEAST_PROBABILITY))),
            actual=(second[entry] % self._period).astype(np.float64),
            typical=self._length * (unusual.typical[best].astype(np.float64) + 0.5),
            kind=np.full(len(entry), "time"),
            key=self._keys(series[entry], rows.right[order][entry]),
        )
        return one_by_one(found, self._members, buckets, series, watched)

    def _keys(self, series: Ints, slot: Ints) -> Ints:
        """One number for each series and slot; negative where there is no series."""
        return np.where(series < 0, -1, series * (self._period // self._length) + slot)

    def _of_series(self) -> dict[str, np.ndarray[Any, Any]]:
        return {"slots": self._habits.slots, "periods": self._habits.periods, "last": self._habits.last}

    def _make_room(self) -> None:
        capacity = arrays.room(len(self._members), len(self._habits.periods))
        if capacity > len(self._habits.periods):
            longer = {name: arrays.longer(part, capacity, 0) for name, part in self._of_series().items()}
            self._habits = self._habits._replace(**longer)
        groups = arrays.room(len(self._members.populations), len(self._habits.everybody))
        if groups > len(self._habits.everybody):
            self._habits = self._habits._replace(everybody=arrays.longer(self._habits.everybody, groups, 0))
