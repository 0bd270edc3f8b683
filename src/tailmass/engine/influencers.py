"""The influencers of a job: whom each detector blames, and how often anyone is so much to blame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tailmass.analysis.analyses import Analysis
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.clock import Advance
from tailmass.analysis.detector import Findings
from tailmass.analysis.dictionary import Dictionary, Pairs
from tailmass.analysis.footprint import Cardinalities
from tailmass.analysis.influence import Influence, Influences
from tailmass.analysis.open import OpenPairs
from tailmass.columns import Columns, Floats, Ints
from tailmass.engine.stretch import Stretch
from tailmass.jobs import AnalysisConfig
from tailmass.kernels.buckets import NEVER
from tailmass.scoring.buckets import bucket_evidence, bucket_probability
from tailmass.scoring.rate import RateCalibration

_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Blamed:
    """Who is to blame for the records of consecutive buckets, and the influencers that this makes."""

    names: tuple[str, ...]
    """The influencers of the job."""
    of: tuple[Influences, ...]
    """For each detector."""
    values: tuple[list[str], ...]
    """For each influencer, its values by their ids."""
    bucket: Ints
    """(m,) position of the bucket of each value that is to blame; by field, then by bucket, then by value."""
    field: Ints
    """(m,) position in `names`."""
    value: Ints
    """(m,) id."""
    probability: Floats
    """(m,) of the least probable record it is to blame for."""
    rate: Floats
    """(m,) events as bad a week and value."""
    field_rate: Floats
    """(fields, buckets) how often a week the job meets such a bucket, by the records that a field is to blame for."""
    field_probability: Floats
    """(fields, buckets) as for the bucket itself."""


class Influencers:
    """The rows of open buckets by the values of each influencer, and what was found of these so far.

    Parameters
    ----------
    config : of the job
    dictionaries : the values of each split field and influencer
    """

    def __init__(self, config: AnalysisConfig, dictionaries: Mapping[str, Dictionary]) -> None:
        self.names = tuple(dict.fromkeys(filter(None, config.influencers)))
        self._dictionaries = tuple(dictionaries[name] for name in self.names)
        span, summary = config.bucket_span, config.summary_count_field_name
        self._of = tuple(Influence(each, dictionaries, self.names, span, summary) for each in config.detectors)
        self._present = tuple(OpenPairs() for _ in self.names)
        self._calibrations = tuple(RateCalibration(span) for _ in self.names)
        self._of_buckets = tuple(RateCalibration(span) for _ in self.names)

    def add(self, rows: Columns, ids: Mapping[str, Ints], findings: Sequence[Findings], advance: Advance) -> None:
        """Take in the rows that the detectors have just taken in."""
        for influence, found in zip(self._of, findings, strict=True):
            if self.names and found.rows is not None:
                influence.add(rows, found.rows, ids, advance)
        nothing = np.zeros(len(advance.rows), np.int64)
        for name, present in zip(self.names, self._present, strict=True):
            present.add(advance.rows, ids[name], nothing, nothing, NEVER, NEVER)

    def learn(self, detectors: Sequence[Analysis], stretch: Stretch) -> Blamed:
        """Who is to blame for the records of buckets that are final, by what came before each of them.

        Parameters
        ----------
        detectors : those that have found what is in the stretch
        stretch : the buckets, which follow those of the call before
        """
        first, watched = stretch.first, _watched(stretch)
        blamed = self._judge(detectors, stretch, closing=True)
        entries = _entries(stretch.findings, blamed, len(self.names))
        rates, field_rates = [], []
        for field, (bucket, value, evidence, _) in enumerate(entries.values):
            dictionary = self._dictionaries[field]
            rows = self._present[field].add(_NONE, _NONE, _NONE, _NONE, first, first + len(watched))
            updates = _values_in(rows.offsets, rows.left, dictionary)
            rates.append(self._calibrations[field].learn(bucket, value, evidence, updates, first, len(dictionary)))
            together = entries.of_field(field, len(watched))
            field_rates.append(self._of_buckets[field].learn_buckets(together, watched, first))
        return self._blamed(blamed, entries, rates, field_rates, watched)

    def probe(self, detectors: Sequence[Analysis], stretch: Stretch) -> Blamed:
        """The same for buckets that are not final, as they stand; nothing is learnt."""
        watched = _watched(stretch)
        blamed = self._judge(detectors, stretch, closing=False)
        entries = _entries(stretch.findings, blamed, len(self.names))
        rates, field_rates = [], []
        for field, (_, _, evidence, _) in enumerate(entries.values):
            rates.append(self._calibrations[field].rate(evidence))
            together = entries.of_field(field, len(watched))
            rate = self._of_buckets[field].rate(together, watched.astype(np.float64))
            field_rates.append(np.where(together > 0.0, rate, np.inf))
        return self._blamed(blamed, entries, rates, field_rates, watched)

    def clear(self, first: int, until: int) -> None:
        """Forget the rows of the open buckets `first` to `until - 1`."""
        for influence in self._of:
            influence.clear(first, until)
        for present in self._present:
            present.clear(first, until)

    def state(self, prefix: str) -> Arrays:
        """Open rows, usual shares and calibrations as arrays."""
        kept: Arrays = {}
        for index, influence in enumerate(self._of):
            kept |= influence.state(f"{prefix}.of.{index}")
        for field in range(len(self.names)):
            kept |= self._present[field].state(f"{prefix}.present.{field}")
            kept |= self._calibrations[field].state(f"{prefix}.rate.{field}")
            kept |= self._of_buckets[field].state(f"{prefix}.rate.{field}.buckets")
        return kept

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of; a state that has nothing of influencers is that of a job that begins."""
        if not any(name.startswith(f"{prefix}.") for name in kept):
            return
        for index, influence in enumerate(self._of):
            influence.restore(f"{prefix}.of.{index}", kept)
        for field in range(len(self.names)):
            self._present[field].restore(f"{prefix}.present.{field}", kept)
            self._calibrations[field].restore(f"{prefix}.rate.{field}", kept)
            self._of_buckets[field].restore(f"{prefix}.rate.{field}.buckets", kept)

    @property
    def pairs(self) -> tuple[Pairs, ...]:
        """What is refused where there is no memory for more."""
        return tuple(pairs for each in self._of for pairs in each.pairs)

    @property
    def size_bytes(self) -> int:
        """Bytes of what is usual of the influencers' values; their names are those of the dictionaries."""
        return sum(each.size_bytes for each in self._of)

    def most_bytes(self, more: int) -> int:
        """The same at most, once rows with so many different values have come."""
        return sum(each.most_bytes(more) for each in self._of)

    def bytes_of(self, expected: Cardinalities) -> int:
        """The same once all values that are expected have been met."""
        return sum(each.bytes_of(expected) for each in self._of)

    def _judge(self, detectors: Sequence[Analysis], stretch: Stretch, *, closing: bool) -> tuple[Influences, ...]:
        until = stretch.first + len(stretch.events)
        return tuple(
            influence.judge(found, detector.names(found.series), stretch.first, until, closing=closing)
            for influence, detector, found in zip(self._of, detectors, stretch.findings, strict=True)
        )

    def _blamed(
        self,
        blamed: tuple[Influences, ...],
        entries: "_Entries",
        rates: list[Floats],
        field_rates: list[Floats],
        watched: Ints,
    ) -> Blamed:
        fields = len(self.names)
        probabilities = [bucket_probability(bucket, probability, watched) for bucket, _, probability in entries.records]
        bucket, value, _, probability = (
            (np.concatenate(parts) for parts in zip(*entries.values, strict=True))
            if fields
            else (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0))
        )
        return Blamed(
            names=self.names,
            of=blamed,
            values=tuple(each.names for each in self._dictionaries),
            bucket=bucket,
            field=np.repeat(np.arange(fields), [len(each[0]) for each in entries.values]),
            value=value,
            probability=probability,
            rate=np.concatenate(rates) if fields else np.zeros(0),
            field_rate=np.array(field_rates).reshape(fields, len(watched)),
            field_probability=np.array(probabilities).reshape(fields, len(watched)),
        )


@dataclass(frozen=True, slots=True)
class _Entries:
    """What is to be scored, for each field."""

    values: list[tuple[Ints, Ints, Floats, Floats]]
    """Bucket, value, evidence and probability of each value that is to blame, by bucket and value."""
    records: list[tuple[Ints, Floats, Floats]]
    """Bucket, evidence and probability of each record that someone is to blame for."""

    def of_field(self, field: int, buckets: int) -> Floats:
        """(buckets,) evidence of all records that a field is to blame for, powers of ten."""
        bucket, evidence, _ = self.records[field]
        return _together(bucket, evidence, buckets)


def _entries(findings: Sequence[Findings], blamed: Sequence[Influences], fields: int) -> _Entries:
    """The evidence of a value is that of its records, each as far as the value is to blame for it."""
    offsets = np.cumsum([0, *(len(found.series) for found in findings)])
    finding = np.concatenate([each.finding + start for each, start in zip(blamed, offsets, strict=False)])
    field = np.concatenate([each.field for each in blamed])
    value = np.concatenate([each.value for each in blamed])
    influence = np.concatenate([each.influence for each in blamed])
    bucket, evidence, probability = (
        np.concatenate([getattr(found, name) for found in findings]) for name in ("bucket", "evidence", "probability")
    )
    values, records = [], []
    for number in range(fields):
        here = np.flatnonzero(field == number)
        here = here[np.lexsort((-influence[here], value[here], finding[here]))]
        once = here[_changes(finding[here], value[here])]  # of several causes the one it is most to blame for
        once = once[np.lexsort((finding[once], value[once], bucket[finding[once]]))]
        of = finding[once]
        begins = _changes(bucket[of], value[once])
        group = np.cumsum(begins) - 1
        first = once[begins]
        least = np.ones(len(first))
        np.minimum.at(least, group, probability[of])
        together = _together(group, influence[once] * evidence[of], len(first))
        values.append((bucket[finding[first]], value[first], together, least))
        most = here[np.lexsort((-influence[here], finding[here]))]
        most = most[_changes(finding[most])]
        of = finding[most]
        records.append((bucket[of], influence[most] * evidence[of], probability[of]))
    return _Entries(values, records)


def _together(group: Ints, evidence: Floats, groups: int) -> Floats:
    """(groups,) what the evidence of each group is together, and no less than any of it."""
    most = np.zeros(groups)
    np.maximum.at(most, group, evidence)
    return np.maximum(most, bucket_evidence(group, evidence, groups))


def _watched(stretch: Stretch) -> Ints:
    """(buckets,) series that met a value, over all detectors."""
    watched: Ints = np.sum([found.updates for found in stretch.findings], axis=0)
    return watched


def _values_in(offsets: Ints, values: Ints, dictionary: Dictionary) -> Ints:
    """(buckets,) how many values each bucket has, the missing one not counted."""
    named = np.append(0, np.cumsum(values != dictionary.empty))
    return np.diff(named[offsets])


def _changes(*keys: Ints) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """(n,) where any of the sorted keys changes; the first is a change."""
    return np.append(True, np.any([np.diff(key) != 0 for key in keys], axis=0))[: len(keys[0])]
