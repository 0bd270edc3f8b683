"""A detector of persons, which is over values, that show what hardly any other of them does."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tailmass.analysis import arrays, peers
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.clock import Advance
from tailmass.analysis.detector import LEAST_PROBABILITY, Causes, Findings, Names
from tailmass.analysis.dictionary import Dictionary, Pairs, Series
from tailmass.analysis.footprint import Cardinalities, Entities
from tailmass.analysis.open import OpenPairs, Rows
from tailmass.analysis.population import FeaturePopulation
from tailmass.columns import Columns, Floats, Ints
from tailmass.jobs import Detector
from tailmass.kernels.crowd import EMPTY, SAMPLE, Crowd, fill, shown
from tailmass.kernels.rare import LEARNING

RARE = 0.1  # share of the persons up to which a value is rare
_MOST_ROWS = 2.0**31  # that one row may stand for
UNIT = 1.0  # of rarity, as powers of e: what is below it is told apart evenly, what is above by its logarithm


class RareOverAnalysis:
    """A `rare` or `freq_rare` detector with an `over` field; its streams are the partitions.

    A person's rarity in a bucket is the sum of ln(RARE / p(a)) over the rare values a that it shows; `freq_rare` has
    every row add its value's. It is held against the rarities of all persons, as a number of a population is.

    Parameters
    ----------
    detector : the configuration
    dictionaries : the values of each split field, shared by the detectors of a job
    span : seconds of a bucket
    summary : the field that tells how many rows each one stands for, if they are summarised
    """

    def __init__(
        self, detector: Detector, dictionaries: Mapping[str, Dictionary], span: int, summary: str | None = None
    ) -> None:
        assert detector.by_field_name
        assert detector.over_field_name
        self.detector = detector
        self.measures = detector.definition.measures
        partition = dictionaries[detector.partition_field_name] if detector.partition_field_name else None
        use_null = bool(detector.use_null)
        self._values = Series(partition, dictionaries[detector.by_field_name], use_null=use_null)
        self._persons = Series(partition, dictionaries[detector.over_field_name], use_null=use_null)
        self._summary = summary
        self._every_row = detector.definition.name == "freq_rare"
        self._open = OpenPairs()
        self._population = FeaturePopulation(span, 1, counts=False, unit=UNIT, least_seen=LEARNING)
        byte = np.zeros(0, np.int8)
        self._crowd = Crowd(byte, byte.copy(), byte.copy(), np.zeros(0, np.int64))
        self._keys = np.full(64, EMPTY, np.int64)
        self._used = 0

    def advance(self, columns: Columns, ids: Mapping[str, Ints], advance: Advance) -> Findings:
        """Add admitted rows to the open buckets, and judge the buckets that they close; see `DetectorAnalysis`."""
        detector = self.detector
        assert detector.by_field_name
        assert detector.over_field_name
        partition = ids[detector.partition_field_name] if detector.partition_field_name else None
        n = len(advance.rows)
        values = self._values.ids(partition, ids[detector.by_field_name], n)
        persons = self._persons.ids(partition, ids[detector.over_field_name], n)
        nothing = np.zeros(n, np.int64)
        weights = _whole(columns.numbers[self._summary]) if self._summary else None
        rows = self._open.add(advance.rows, values, persons, nothing, advance.first, advance.until, weights)
        return replace(self._judge(rows, advance.first, learning=True), rows=_keys(values, persons))

    def interim(self, first: int, until: int) -> Findings:
        """Judge the open buckets `first` to `until - 1` as they stand."""
        return self._judge(self._open.peek(first, until), first, learning=False)

    def clear(self, first: int, until: int) -> None:
        """Forget the rows of the open buckets `first` to `until - 1`."""
        self._open.clear(first, until)

    def names(self, series: Ints) -> Names:
        """Partition, by and over values of persons; None where the detector does not split."""
        partition, over = self._persons.names(series)
        return partition, None, over

    def state(self, prefix: str) -> Arrays:
        """Values, persons, open buckets and the population as arrays."""
        self._make_room(0)
        values, persons, streams = len(self._values), len(self._persons), self._streams
        kept = self._values.state(f"{prefix}.values") | self._persons.state(f"{prefix}.persons")
        kept |= self._open.state(f"{prefix}.open") | self._population.state(f"{prefix}.rare", streams, persons)
        sizes = {"size": values, "level": values, "met": persons, "persons": streams}
        kept |= {f"{prefix}.crowd.{name}": getattr(self._crowd, name)[:n].copy() for name, n in sizes.items()}
        kept[f"{prefix}.shown"] = np.sort(self._keys[self._keys != EMPTY])
        return kept

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the analysis that `state` was taken of."""
        self._values.restore(f"{prefix}.values", kept)
        self._persons.restore(f"{prefix}.persons", kept)
        self._open.restore(f"{prefix}.open", kept)
        self._population.restore(f"{prefix}.rare", kept)
        self._crowd = arrays.put_together(self._crowd, f"{prefix}.crowd", kept)
        pairs = np.array(kept[f"{prefix}.shown"], np.int64)
        self._keys, self._used = _table(pairs, 0), len(pairs)

    @property
    def pairs(self) -> tuple[Pairs, ...]:
        """All pairs of values that have ids."""
        return (self._values.pairs, self._persons.pairs)

    @property
    def entities(self) -> Entities:
        """How many values and series there are."""
        values, persons = self._values, self._persons
        return Entities(by=values.watched, over=persons.watched, partitions=persons.watched_partitions)

    @property
    def size_bytes(self) -> int:
        """Bytes of all that lasts."""
        return self._bytes(len(self._values), len(self._persons), self._streams, self._used)

    def most_bytes(self, more: int) -> int:
        """The same at most, once rows with so many different values have come."""
        shown = self._used + len(self._open) + more
        return self._bytes(len(self._values) + more, len(self._persons) + more, self._streams + more, shown)

    def bytes_of(self, expected: Cardinalities) -> int:
        """The same once all values that are expected have been met often."""
        partition, by = self.detector.partition_field_name, self.detector.by_field_name
        over = self.detector.over_field_name
        values, persons = expected.of(partition, by), expected.of(partition, over)
        each = expected.of(partition, by, over) / values
        kept = min(each, SAMPLE) + SAMPLE / 2 * np.log2(max(each / SAMPLE, 1.0))  # half a sample with every halving
        return self._bytes(values, persons, expected.of(partition), int(kept * values))

    @property
    def _streams(self) -> int:
        return int(self._persons.partitions(np.arange(len(self._persons))).max(initial=-1)) + 1

    def _bytes(self, values: int, persons: int, streams: int, shown: int) -> int:
        crowd = 2 * values + persons + 8 * streams + arrays.table_bytes(shown)
        names = self._values.bytes_of(values) + self._persons.bytes_of(persons)
        return crowd + names + self._population.bytes_of(streams, persons)

    def _judge(self, rows: Rows, first: int, *, learning: bool) -> Findings:
        self._make_room(len(rows.left))
        partition = self._values.partitions(rows.left)
        share, new = shown(rows.offsets, rows.left, rows.right, partition, self._crowd, self._keys, learning)
        self._used += new
        rarity = np.maximum(0.0, np.log(RARE / share)) * (rows.rows if self._every_row else 1.0)
        buckets = np.repeat(np.arange(len(rows.offsets) - 1), np.diff(rows.offsets))
        order = np.lexsort((rows.left, rows.right, buckets))
        return self._findings(rows, order, buckets[order], rarity[order], share[order], first, learning)

    def _findings(
        self, rows: Rows, order: Ints, bucket: Ints, rarity: Floats, share: Floats, first: int, learning: bool
    ) -> Findings:
        """Of pairs by bucket, then by person."""
        count = len(rows.offsets) - 1
        person = rows.right[order]
        starts = np.flatnonzero(peers.changes(bucket, person))
        ends = np.append(starts[1:], len(order))
        total = np.add.reduceat(rarity, starts) if len(starts) else np.zeros(0)
        who, when = person[starts], bucket[starts]
        partition = self._persons.partitions(who)
        offsets = np.searchsorted(when, np.arange(count + 1)).astype(np.int64)
        unlike = self._population.compare(offsets, who, partition, total, first, learning=learning)
        k = unlike.entry
        among = peers.occurrences(when, partition, when[k], partition[k])
        worth = peers.worth_telling(when[k], who[k], unlike.chance, np.ones(len(k), np.int64), partition[k], among)
        parts = [_worst(rarity[starts[each] : ends[each]]) + starts[each] for each in k[worth.causes].tolist()]
        causes = np.concatenate(parts) if parts else np.zeros(0, np.int64)
        actual = rows.rows[order][causes].astype(np.float64) if self._every_row else np.ones(len(causes))
        told = Causes(
            offsets=np.cumsum([0, *map(len, parts)]).astype(np.int64),
            by=self._values.names(rows.left[order][causes])[1],
            probability=np.maximum(share[causes], LEAST_PROBABILITY),
            feature=np.zeros(len(causes), np.int64),
            actual=actual,
            typical=share[causes],
            key=_keys(rows.left[order][causes], person[causes]),
        )
        kind = np.full(len(worth.person), "rare")
        updates = peers.streams_in(when, partition, count)
        return peers.findings(worth, told, self._persons.partitions(worth.person), kind, updates, None)

    def _make_room(self, entries: int) -> None:
        sizes = (len(self._values), len(self._values), len(self._persons), self._streams)
        held: tuple[np.ndarray[Any, Any], ...] = (
            self._crowd.size,
            self._crowd.level,
            self._crowd.met,
            self._crowd.persons,
        )
        longer = [arrays.longer(part, arrays.room(n, len(part)), 0) for part, n in zip(held, sizes, strict=True)]
        self._crowd = Crowd(*longer)
        if 2 * (self._used + entries) > len(self._keys):
            self._keys = _table(self._keys[self._keys != EMPTY], entries)


def _keys(values: Ints, persons: Ints) -> Ints:
    """One number for each pair of ids, which are below 2^31; negative where either is."""
    return np.where((values < 0) | (persons < 0), -1, (values << 31) | persons)


def _whole(weights: Floats) -> Ints:
    """Numbers of rows as integers, at least 1."""
    return np.clip(np.rint(weights), 1.0, _MOST_ROWS).astype(np.int64)


def _worst(rarity: Floats) -> Ints:
    """Positions of the rare ones among the values of a person, those first that add most to how unlike it is."""
    order = np.argsort(-rarity, kind="stable")
    return order[: min(peers.MOST_CAUSES, max(1, int(np.count_nonzero(rarity > 0.0))))]


def _table(pairs: Ints, more: int) -> Ints:
    """A table of pairs that is half full at most once so many more are in it."""
    keys = np.full(arrays.places(len(pairs) + more), EMPTY, np.int64)
    fill(keys, pairs)
    return keys
