"""Who is compared with whom: persons, as over values are called for short, in the populations that they are of."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tailmass.analysis.arrays import Arrays
from tailmass.analysis.detector import Names
from tailmass.analysis.dictionary import Dictionary, Pairs, Series, pairs_bytes
from tailmass.analysis.footprint import Cardinalities, Entities
from tailmass.columns import Ints
from tailmass.jobs import Detector


class Membership:
    """The members of all populations.

    A population is all over values of a partition, and of a by value where there are several. A member is a person in
    one population; where there is no by field, it has the id of the person. Without an over field the series are the
    persons, and there is one population of all of them.

    Parameters
    ----------
    detector : the configuration
    dictionaries : the values of each split field, shared by the detectors of a job
    """

    def __init__(self, detector: Detector, dictionaries: Mapping[str, Dictionary]) -> None:
        self._detector = detector
        partition, by, over = (
            dictionaries[name] if name else None
            for name in (detector.partition_field_name, detector.by_field_name, detector.over_field_name)
        )
        use_null = bool(detector.use_null)
        self.populations = Series(
            partition if over is not None else None, by if over is not None else None, use_null=use_null
        )
        self.persons = Series(partition, over if over is not None else by, use_null=use_null)
        self.compared = over is not None
        """Whether there are peers at all."""
        self.alone = over is None or by is None
        """Whether a person has no more than one population."""
        self._pairs = Pairs()

    def __len__(self) -> int:
        return len(self.persons) if self.alone else len(self._pairs)

    def ids(self, ids: Mapping[str, Ints], rows: int) -> Ints:
        """(rows,) the members, from the ids of the values of each split field; -1 where a row is passed over."""
        detector = self._detector
        partition, by, over = (
            ids[name] if name else None
            for name in (detector.partition_field_name, detector.by_field_name, detector.over_field_name)
        )
        if over is None:
            self.populations.ids(None, None, rows)
            return self.persons.ids(partition, by, rows)
        persons, populations = self.persons.ids(partition, over, rows), self.populations.ids(partition, by, rows)
        return persons if self.alone else self._pairs.ids(populations, persons)

    def names(self, persons: Ints) -> Names:
        """Partition, by and over values of persons; None where the detector does not split."""
        partition, split = self.persons.names(persons)
        return (partition, None, split) if self.compared else (partition, split, None)

    def persons_of(self, members: Ints) -> Ints:
        """The persons of members."""
        return members if self.alone else self._pairs.both[members, 1]

    def populations_of(self, members: Ints) -> Ints:
        """The populations of members."""
        if not self.compared:
            return np.zeros(len(members), np.int64)
        return self.persons.partitions(members) if self.alone else self._pairs.both[members, 0]

    @property
    def pairs(self) -> tuple[Pairs, ...]:
        """All pairs of values that have ids."""
        return (self.populations.pairs, self.persons.pairs, self._pairs)

    @property
    def entities(self) -> Entities:
        """How many values there are."""
        partitions = self.persons.watched_partitions
        split = self.persons.watched if self._detector.over_field_name or self._detector.by_field_name else 0
        if not self.compared:
            return Entities(by=split, partitions=partitions)
        return Entities(
            by=self.populations.watched if self._detector.by_field_name else 0, over=split, partitions=partitions
        )

    @property
    def sizes(self) -> tuple[int, int, int]:
        """How many populations, persons and members there are."""
        return len(self.populations), len(self.persons), len(self)

    def expected(self, values: Cardinalities) -> tuple[int, int, int]:
        """How many there will be."""
        partition, by = self._detector.partition_field_name, self._detector.by_field_name
        over = self._detector.over_field_name
        populations = values.of(partition, by) if self.compared else 1
        return populations, values.of(partition, over or by), values.of(partition, by, over)

    def bytes_of(self, populations: int, persons: int, members: int) -> int:
        """Bytes of so many; the names are those of the dictionaries."""
        pairs = 0 if self.alone else pairs_bytes(members)
        return self.populations.bytes_of(populations) + self.persons.bytes_of(persons) + pairs

    def by(self, members: Ints) -> list[str] | None:
        """The by values of members; None where there are none in a population."""
        return self.populations.names(self.populations_of(members))[1]

    def state(self, prefix: str) -> Arrays:
        """What cannot be had from the dictionaries."""
        kept = self.persons.state(f"{prefix}.persons") | self.populations.state(f"{prefix}.populations")
        return kept | {f"{prefix}.members": self._pairs.both.copy()}

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the members that `state` was taken of."""
        self.persons.restore(f"{prefix}.persons", kept)
        self.populations.restore(f"{prefix}.populations", kept)
        self._pairs = Pairs()
        both = np.array(kept[f"{prefix}.members"], np.int64).reshape(-1, 2)
        self._pairs.ids(both[:, 0].copy(), both[:, 1].copy())
