"""A detector with an `over` field: every over value is held against the others of the same bucket."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tailmass.analysis import arrays, peers
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.clock import Advance
from tailmass.analysis.detector import LEAST_PROBABILITY, SIDES, THRESHOLD, Causes, Findings, Names
from tailmass.analysis.dictionary import Dictionary, Pairs
from tailmass.analysis.features import FEATURES
from tailmass.analysis.footprint import Cardinalities, Entities
from tailmass.analysis.gathering import Gathering, Measured
from tailmass.analysis.membership import Membership
from tailmass.columns import Columns, Floats, Ints
from tailmass.jobs import Detector
from tailmass.kernels.population import Members, Populations, Unlike, compare
from tailmass.kernels.tail import K, Tails

GENERATION_SECONDS = 28 * 86_400
SEEN = 3  # buckets of a population before its members count


_NOBODY = Unlike(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))


class FeaturePopulation:
    """One feature of all members of all populations.

    Parameters
    ----------
    span : seconds of a bucket
    side : 1, -1 or 0 for both
    counts : whether the values are numbers of rows
    unit : the scale of the values; 0 where it is that of the peers
    power : of the values, which is what is compared; one at which peers spread alike on both sides
    least_seen : buckets of a population before its members count
    """

    def __init__(
        self, span: int, side: int, *, counts: bool, unit: float = 0.0, power: float = 1.0, least_seen: int = SEEN
    ) -> None:
        self._span, self._side, self._counts = span, side, counts
        self._unit, self._power, self._least_seen = unit, power, least_seen
        self._generation = max(1, GENERATION_SECONDS // span)
        self._populations = Populations(
            seen=np.zeros(0, np.int64),
            middle=np.zeros(0),
            above=np.zeros(0),
            below=np.zeros(0),
            alone=np.zeros(0, np.int64),
        )
        self._members = Members(np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(0, np.int32))
        self._tails = Tails(np.zeros((2, 2, K)), np.zeros((2, 2), np.int64), np.zeros(2), np.zeros(2, np.int64))

    def compare(
        self, offsets: Ints, member: Ints, population: Ints, values: Floats, first: int, *, learning: bool
    ) -> Unlike:
        """Members of consecutive buckets that may be unlike their peers; `kernels.population.compare`.

        A member whose value is NaN is not compared.
        """
        self._make_room(int(member.max(initial=-1)) + 1, int(population.max(initial=-1)) + 1)
        there = np.flatnonzero(~np.isnan(values))
        if len(there) < len(values):
            offsets = np.searchsorted(there, offsets).astype(np.int64)
            member, population, values = member[there], population[there], values[there]
        values = values**self._power
        parts = []
        for begin, end in _stretches(offsets):
            its = slice(offsets[begin], offsets[end])
            part = compare(
                offsets[begin : end + 1] - offsets[begin], member[its], population[its], values[its], self._populations,
                self._members, self._tails, first + begin, self._span, self._generation, self._side, self._counts,
                self._unit, self._least_seen, THRESHOLD, learning,
            )  # fmt: skip
            parts.append(part._replace(entry=part.entry + offsets[begin]))
        found = Unlike(*map(np.concatenate, zip(_NOBODY, *parts, strict=True)))
        if self._power != 1.0:
            found = found._replace(typical=np.maximum(found.typical, 0.0) ** (1.0 / self._power))
        return found._replace(entry=there[found.entry])

    def state(self, prefix: str, populations: int, members: int) -> Arrays:
        """The arrays of so many populations and members."""
        self._make_room(members, populations)
        kept = arrays.taken_apart(self._populations, f"{prefix}.populations", populations, axis=0)
        kept |= arrays.taken_apart(self._members, f"{prefix}.members", members, axis=0)
        return kept | {f"{prefix}.tails.{name}": part.copy() for name, part in self._tails._asdict().items()}

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        self._populations = arrays.put_together(self._populations, f"{prefix}.populations", kept)
        self._members = arrays.put_together(self._members, f"{prefix}.members", kept)
        self._tails = arrays.put_together(self._tails, f"{prefix}.tails", kept)

    def bytes_of(self, populations: int, members: int) -> int:
        """Bytes of so many populations and members."""
        own = arrays.series_bytes(self._populations) * populations + arrays.series_bytes(self._members) * members
        return own + arrays.size_bytes(self._tails)

    def _make_room(self, members: int, populations: int) -> None:
        capacity = arrays.room(members, len(self._members.met))
        if capacity > len(self._members.met):
            self._members = arrays.grown(self._members, capacity, axis=0)
        capacity = arrays.room(populations, len(self._populations.seen))
        if capacity > len(self._populations.seen):
            self._populations = arrays.grown(self._populations, capacity, axis=0)


class PopulationAnalysis:
    """A detector of a number per over value, or per over and by value, and bucket.

    Its streams are the partitions.

    Parameters
    ----------
    detector : the configuration
    dictionaries : the values of each split field, shared by the detectors of a job
    span : seconds of a bucket
    slots : more than the number of buckets that can be open at once
    summary : the field that tells how many rows each one stands for, if they are summarised
    """

    def __init__(
        self, detector: Detector, dictionaries: Mapping[str, Dictionary], span: int, slots: int,
        summary: str | None = None,
    ) -> None:  # fmt: skip
        function = detector.definition
        self.detector = detector
        self.measures = function.measures
        self.members = Membership(detector, dictionaries)
        self._grows = function.empty == "zero"
        side = SIDES[function.side or "both"]
        self._features = tuple(
            FeaturePopulation(
                span, side, counts=each in ("count", "distinct_count"), power=FEATURES[each].power_of_peers
            )
            for each in self.measures
        )
        self._gathering = Gathering(detector, slots, summary)

    def advance(self, columns: Columns, ids: Mapping[str, Ints], advance: Advance) -> Findings:
        """Add admitted rows to the open buckets, and judge the buckets that they close; see `DetectorAnalysis`."""
        members = self.members.ids(ids, len(advance.rows))
        measured = self._gathering.add(columns, members, len(self.members), advance)
        return replace(self._judge(measured, advance.first, learning=True), rows=members)

    def interim(self, first: int, until: int) -> Findings:
        """Judge the open buckets `first` to `until - 1` as they stand; what can only grow is told where it is high."""
        return self._judge(self._gathering.peek(first, until, len(self.members)), first, learning=False)

    def clear(self, first: int, until: int) -> None:
        """Forget the rows of the open buckets `first` to `until - 1`."""
        self._gathering.clear(first, until)

    def names(self, series: Ints) -> Names:
        """Partition, by and over values of persons; None where the detector does not split."""
        return self.members.names(series)

    def state(self, prefix: str) -> Arrays:
        """Persons, open buckets and models as arrays."""
        members, populations = len(self.members), len(self.members.populations)
        kept = self.members.state(prefix)
        kept |= self._gathering.state(prefix, members)
        for feature, measure in zip(self._features, self.measures, strict=True):
            kept |= feature.state(f"{prefix}.{measure}", populations, members)
        return kept

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the analysis that `state` was taken of."""
        self.members.restore(prefix, kept)
        self._gathering.restore(prefix, kept)
        for feature, measure in zip(self._features, self.measures, strict=True):
            feature.restore(f"{prefix}.{measure}", kept)

    @property
    def pairs(self) -> tuple[Pairs, ...]:
        """All pairs of values that have ids."""
        return self.members.pairs

    @property
    def entities(self) -> Entities:
        """How many values and series there are."""
        return self.members.entities

    @property
    def size_bytes(self) -> int:
        """Bytes of all that lasts."""
        return self.most_bytes(0)

    def most_bytes(self, more: int) -> int:
        """The same at most, once rows with so many different values have come."""
        return self._bytes(*(each + more for each in self.members.sizes))

    def bytes_of(self, expected: Cardinalities) -> int:
        """The same once all values that are expected have been met often."""
        return self._bytes(*self.members.expected(expected))

    def _bytes(self, populations: int, persons: int, members: int) -> int:
        models = sum(feature.bytes_of(populations, members) for feature in self._features)
        return models + self._gathering.bytes_of(members) + self.members.bytes_of(populations, persons, members)

    def _judge(self, measured: Measured, first: int, *, learning: bool) -> Findings:
        closed, values = measured
        person, population = self.members.persons_of(closed.series), self.members.populations_of(closed.series)
        partition = self.members.persons.partitions(person)
        buckets = np.repeat(np.arange(len(closed.offsets) - 1), np.diff(closed.offsets))
        found = [
            feature.compare(closed.offsets, closed.series, population, each, first, learning=learning)
            for feature, each in zip(self._features, values, strict=True)
        ]
        entry, chance, typical = (np.concatenate(parts) for parts in zip(*found, strict=True))
        feature = np.repeat(np.arange(len(found)), [len(each.entry) for each in found])
        actual = np.concatenate([each[unlike.entry] for each, unlike in zip(values, found, strict=True)])
        if not learning and self._grows:
            high = actual > typical
            entry, chance, typical, feature, actual = (each[high] for each in (entry, chance, typical, feature, actual))
        asked_bucket, asked_person, asked_partition = buckets[entry], person[entry], partition[entry]
        alone = self.members.alone
        tests, once = np.ones(len(entry), np.int64), np.arange(len(buckets))
        if not alone:
            tests = peers.occurrences(buckets, person, asked_bucket, asked_person)
            once = peers.first_of_each(buckets, person)
        among = peers.occurrences(buckets[once], partition[once], asked_bucket, asked_partition)
        tests *= len(self.measures)
        worth = peers.worth_telling(asked_bucket, asked_person, chance, tests, asked_partition, among)
        causes = Causes(
            offsets=worth.offsets,
            by=self.members.by(closed.series[entry[worth.causes]]),
            probability=np.maximum(chance[worth.causes], LEAST_PROBABILITY),
            feature=feature[worth.causes],
            actual=actual[worth.causes],
            typical=typical[worth.causes],
            key=closed.series[entry[worth.causes]],
        )
        worst = causes.offsets[:-1]
        kind = np.where(causes.actual[worst] > causes.typical[worst], "spike", "dip")
        updates = peers.streams_in(buckets, partition, len(closed.offsets) - 1)
        of = self.members.persons.partitions(worth.person)
        return peers.findings(worth, causes, of, kind, updates, measured if alone else None)


def _stretches(offsets: Ints) -> list[tuple[int, int]]:
    """Begin and end of each stretch of buckets that all have somebody in them.

    The others are left out. A population forgets what it did once it has done enough since, and not because time has
    passed: whoever comes after months of silence is held against what was usual before.

    >>> _stretches(np.array([0, 2, 3, 3, 3, 7]))
    [(0, 2), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(np.diff(offsets) > 0, prepend=False, append=False))
    return [(begin, end) for begin, end in edges.reshape(-1, 2).tolist()]
