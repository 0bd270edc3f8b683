"""One detector at work: rows to series, series to features, features to probabilities."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from tailmass.analysis.arrays import Arrays
from tailmass.analysis.calendar import Calendar
from tailmass.analysis.clock import Advance
from tailmass.analysis.correlation import Correlations, beside_peers
from tailmass.analysis.dictionary import Dictionary, Pairs, Series
from tailmass.analysis.explanation import SOURCES, Explanation, kinds
from tailmass.analysis.features import FEATURES
from tailmass.analysis.footprint import Cardinalities, Entities
from tailmass.analysis.gathering import Gathering
from tailmass.columns import Columns, Floats, Ints
from tailmass.jobs import Detector
from tailmass.kernels.buckets import Closed
from tailmass.kernels.correlate import Broken
from tailmass.kernels.observe import Entries, Unusual, Watch

LEAST_PROBABILITY = 1e-300
THRESHOLD = 0.035  # probability up to which a value becomes a record
BeforeLearning = Callable[[Closed, tuple[Floats, ...], int], None]
SIDES = {"both": 0, "high": 1, "low": -1}
Names = tuple[list[str] | None, list[str] | None, list[str] | None]
USUAL_SENSITIVITY = 5.0
"""What a detector's `sensitivity` is in relation to: the surprise counts as much as novelty does."""


class Causes(NamedTuple):
    """What the over values did that were found: those of finding k are at offsets[k] to offsets[k + 1], worst first."""

    offsets: Ints
    """(found + 1,)"""
    by: list[str] | None
    """The by value of each cause; None where the detector has none."""
    probability: Floats
    feature: Ints
    """Position in the function's `measures`."""
    actual: Floats
    typical: Floats
    key: Ints
    """By which the rows of each cause are kept for its influencers."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a detector found in consecutive buckets; (found,) arrays, by bucket, then by series.

    The most improbable feature speaks for a series where a function has several.
    """

    bucket: Ints
    """Position of the bucket among those of the call."""
    series: Ints
    evidence: Floats
    """-log10 of the probability, > 0; where that is counted, the evidence that comes as often (`kernels.rate`)."""
    probability: Floats
    """Of the series in that bucket, with the number of its features taken into account; in (0, 1]."""
    feature: Ints
    """Position in the function's `measures`."""
    actual: Floats
    """(found,) or, of positions, (found, 2); likewise the typical."""
    typical: Floats
    explanation: Explanation
    updates: Ints
    """(buckets,) series that met a value, or streams where a detector has those."""
    closed: Closed | None
    """What all series did in these buckets; None where a detector has no numbers of theirs."""
    values: tuple[Floats, ...] = ()
    """For each of the function's measures, (entries,) its value in the entries of `closed`; NaN where it has none."""
    stream: Ints | None = None
    """(found,) whose events the findings are when their rate is counted; None for the series itself."""
    causes: Causes | None = None
    """What each finding is made of in a population."""
    peer: Ints | None = None
    """(found,) the series beside which each is odd; -1 where it is odd by itself, and None where nobody asked."""
    rows: Ints | None = None
    """(n,) by which each row that was just taken in is kept for its influencers; negative where it is passed over."""
    keys: Ints | None = None
    """(found,) by which the rows of each are kept for its influencers; None for the series itself, or where there are
    causes, which have their own."""

    @property
    def key(self) -> Ints:
        """(found,) by which the rows of each finding are kept."""
        return self.series if self.keys is None else self.keys


class DetectorAnalysis:
    """A detector with its series, open buckets and models.

    Parameters
    ----------
    detector : the configuration
    dictionaries : the values of each split field, shared by the detectors of a job
    span : seconds of a bucket
    slots : more than the number of buckets that can be open at once
    calendar : the clocks by which days and weeks are counted
    summary : the field that tells how many rows each one stands for, if they are summarised
    correlated : whether to look at by values beside those they move with, too, by the first of what is measured
    """

    def __init__(
        self, detector: Detector, dictionaries: Mapping[str, Dictionary], span: int, slots: int, calendar: Calendar,
        summary: str | None = None, *, correlated: bool = False,
    ) -> None:  # fmt: skip
        function = detector.definition
        self.detector = detector
        self.measures = function.measures
        self.series = Series(
            dictionaries[detector.partition_field_name] if detector.partition_field_name else None,
            dictionaries[detector.by_field_name] if detector.by_field_name else None,
            use_null=bool(detector.use_null),
        )
        self._calendar = calendar
        looks = len(self.measures) + int(correlated)
        watch = Watch(
            span=span,
            side=SIDES[function.side or "both"],
            dense=function.empty == "zero",
            counts=self.measures == ("count",),
            least=-float(np.log10(THRESHOLD / looks)),
            sensitivity=(detector.sensitivity or USUAL_SENSITIVITY) / USUAL_SENSITIVITY,
            learning=True,
        )
        self.models = tuple(FEATURES[measure].model(watch, shapes=bool(detector.shape)) for measure in self.measures)
        self._correlations = Correlations(watch, self.series) if correlated else None
        self._gathering = Gathering(detector, slots, summary)
        self.before_learning: BeforeLearning | None = None
        """Called with what series did in the buckets that close, with its values for each measure and the number of the
        first bucket, while the models do not know of it yet."""

    def advance(self, columns: Columns, ids: Mapping[str, Ints], advance: Advance) -> Findings:
        """Add admitted rows to the open buckets, and judge the buckets that they close.

        Parameters
        ----------
        columns : the admitted rows
        ids : for each split field, (n,) ids of the values
        advance : what the clock says of the rows
        """
        detector = self.detector
        series = self.series.ids(
            ids[detector.partition_field_name] if detector.partition_field_name else None,
            ids[detector.by_field_name] if detector.by_field_name else None,
            len(advance.rows),
        )
        known = len(self.series)
        closed, values = self._gathering.add(columns, series, known, advance)
        if self.before_learning is not None:
            self.before_learning(closed, values, advance.first)
        judged = [
            model.learn(self._entries(closed, each, measure, advance.first), known)
            for model, each, measure in zip(self.models, values, self.measures, strict=True)
        ]
        broken = self._broken(closed, values, advance.first, learning=True)
        found = self._findings([unusual for unusual, _ in judged], broken, judged[0][1], closed, values)
        return replace(found, rows=series)

    def interim(self, first: int, until: int) -> Findings:
        """Judge the open buckets `first` to `until - 1` as they stand."""
        known = len(self.series)
        closed, values = self._gathering.peek(first, until, known)
        entries = [
            self._entries(closed, each, measure, first) for each, measure in zip(values, self.measures, strict=True)
        ]
        judged = [model.probe(each, known) for model, each in zip(self.models, entries, strict=True)]
        broken = self._broken(closed, values, first, learning=False)
        return self._findings(judged, broken, np.diff(entries[0].offsets), closed, values)

    def forecast(self, series: int, first: int, buckets: int) -> tuple[Floats, Floats, Floats]:
        """What a series is expected to do, by the function's first feature.

        Parameters
        ----------
        series : id
        first : number of the first bucket
        buckets : how many

        Returns
        -------
        mean, lower, upper : (buckets,) unit of the data; NaN of a series that never met a value
        """
        times = (first + np.arange(buckets)) * self.models[0].watch.span
        return self.models[0].forecast(series, first, self._calendar.offsets(times))

    def clear(self, first: int, until: int) -> None:
        """Forget the rows of the open buckets `first` to `until - 1`."""
        self._gathering.clear(first, until)

    def expected(self, measure: int, series: Ints, bucket: int, percentile: float) -> tuple[Floats, Floats, Floats]:
        """What series are expected to do in a bucket that their models have not met: mean, lower and upper, (n,) each.

        Parameters
        ----------
        measure : position in `measures`
        series : (n,) ids
        bucket : its number
        percentile : of the values that are expected within the bounds, 0 to 100
        """
        model = self.models[measure]
        local = self._calendar.offsets(np.array([bucket * model.watch.span]))
        return model.expected(series, bucket, int(local[0]), percentile)

    def names(self, series: Ints) -> Names:
        """Partition, by and over values of series; None where the detector does not split."""
        return (*self.series.names(series), None)

    def state(self, prefix: str) -> Arrays:
        """Series, open buckets and models as arrays."""
        series = len(self.series)
        kept = self.series.state(prefix) | self._gathering.state(prefix, series)
        for model, measure in zip(self.models, self.measures, strict=True):
            kept |= model.state(f"{prefix}.{measure}", series)
        return kept | (self._correlations.state(f"{prefix}.correlations") if self._correlations else {})

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the analysis that `state` was taken of."""
        self.series.restore(prefix, kept)
        self._gathering.restore(prefix, kept)
        for model, measure in zip(self.models, self.measures, strict=True):
            model.restore(f"{prefix}.{measure}", kept)
        if self._correlations:
            self._correlations.restore(f"{prefix}.correlations", kept)

    @property
    def pairs(self) -> tuple[Pairs, ...]:
        """All pairs of values that have ids."""
        return (self.series.pairs,)

    @property
    def entities(self) -> Entities:
        """How many values and series there are."""
        by = self.series.watched if self.detector.by_field_name else 0
        return Entities(by=by, partitions=self.series.watched_partitions)

    @property
    def size_bytes(self) -> int:
        """Bytes of all that lasts."""
        known = len(self.series)
        return self._series_bytes(known) + sum(model.size_bytes(known) for model in self.models)

    def most_bytes(self, more: int) -> int:
        """The same at most, once rows with so many different values have come."""
        known, begin = len(self.series) + more, more + self._gathering.touched
        return self._series_bytes(known) + sum(model.most_bytes(known, begin) for model in self.models)

    def bytes_of(self, expected: Cardinalities) -> int:
        """The same once all values that are expected have been met often."""
        series = expected.of(self.detector.partition_field_name, self.detector.by_field_name)
        return self._series_bytes(series) + sum(model.bytes_of(series) for model in self.models)

    def give_room(self, room: int | None) -> None:
        """Let new models take so many bytes; None for no limit."""
        for model in self.models:
            model.room = None if room is None else room // len(self.models)

    @property
    def refused(self) -> bool:
        """Whether a series could not have a model since this was last asked."""
        return any([model.refused for model in self.models])  # noqa: C419  # all of them are to be asked

    def idle(self, before: int) -> tuple[Ints, Ints]:
        """Last buckets with a value of the models without any since bucket `before`, and bytes of each."""
        last, size = zip(*(model.idle(before) for model in self.models), strict=True)
        return np.concatenate(last), np.concatenate(size)

    def forget(self, before: int) -> None:
        """Let go of these models; their series begin anew with the next value."""
        for model in self.models:
            model.forget(before)

    def coarsen(self) -> bool:
        """Keep seasons in fewer slots; whether any model could."""
        return any([model.coarsen() for model in self.models])  # noqa: C419  # all of them are to do it

    def _series_bytes(self, series: int) -> int:
        """Bytes of so many series, models apart."""
        correlations = self._correlations.bytes_of(series) if self._correlations else 0
        return self._gathering.bytes_of(series) + self.series.bytes_of(series) + correlations

    def _broken(self, closed: Closed, values: tuple[Floats, ...], first: int, *, learning: bool) -> Broken | None:
        """Which series have left those they move with; None where nobody asked."""
        return self._correlations.follow(closed, values[0], first, learning=learning) if self._correlations else None

    def _entries(self, closed: Closed, values: Floats, measure: str, first: int) -> Entries:
        """What the series did, as the models of a feature take it."""
        times = (first + np.arange(len(closed.offsets) - 1)) * self.models[0].watch.span
        feature, local = FEATURES[measure], self._calendar.offsets(times)
        rows = closed.count if feature.rows else np.empty(0)
        entries = Entries(closed.offsets, closed.series, values, rows, local, first)
        if not feature.partial:
            return entries
        there = ~np.isnan(values)
        offsets = np.append(0, np.cumsum(there))[closed.offsets]
        return entries._replace(
            offsets=offsets, series=closed.series[there], values=values[there], rows=rows[there] if len(rows) else rows
        )

    def _findings(
        self, features: list[Unusual], broken: Broken | None, updates: Ints, closed: Closed, values: tuple[Floats, ...]
    ) -> Findings:
        """The features of a function, and what peers say of the first, as one finding a series and bucket."""
        peer = None
        if broken is not None:
            features = [*features, beside_peers(broken, features[0].signs.shape[1])]
            peer = np.full(sum(len(each.series) for each in features), -1)
            peer[len(peer) - len(broken.peer) :] = broken.peer
        found, which, evidence = features[0], np.zeros(len(features[0].series), np.int64), features[0].evidence
        if len(features) > 1:
            which = np.repeat(np.arange(len(features)), [len(each.series) for each in features])
            found = Unusual._make(map(np.concatenate, zip(*features, strict=True)))
            order = np.lexsort((which, -found.evidence, found.series, found.bucket))
            bucket, series = found.bucket[order], found.series[order]
            best = order[np.append(True, (np.diff(bucket) != 0) | (np.diff(series) != 0))[: len(order)]]
            found, which = Unusual._make(part[best] for part in found), which[best] % len(self.measures)
            peer = None if peer is None else peer[best]
            # The best of m features is below p with probability 1 - (1 - p)^m at most (Šidák, for independent ones).
            single = np.minimum(10.0**-found.evidence, 1.0 - 1e-16)
            evidence = -np.log10(-np.expm1(len(features) * np.log1p(-single)))
        return Findings(
            bucket=found.bucket,
            series=found.series,
            evidence=evidence,
            probability=np.clip(10.0**-evidence, LEAST_PROBABILITY, 1.0),
            feature=which,
            actual=found.actual,
            typical=found.typical,
            explanation=self._explanation(found, evidence),
            updates=updates,
            closed=closed,
            values=values,
            peer=peer,
        )

    def _explanation(self, found: Unusual, evidence: Floats) -> Explanation:
        contributions = np.zeros((len(found.series), len(SOURCES)))
        contributions[:, : found.signs.shape[1]] = found.signs
        contributions *= (evidence / found.evidence)[:, None]  # less where a function has several features
        window, surprise, shape = (contributions[:, SOURCES.index(name)] for name in ("window", "surprise", "shape"))
        window = window + shape  # which is of several buckets as well
        together = window + surprise
        impact = np.divide(5.0 * (window - surprise), together, out=np.zeros_like(window), where=together > 0.0)
        impact = np.clip(impact, -5.0, 5.0)  # a sum that adds up may have a part that is a little below nothing
        silent = np.full(len(found.series), self.measures == ("count",)) & (found.actual == 0.0)
        return Explanation(
            kind=kinds(found.actual, found.typical, contributions, found.moved > 0, silent),
            lower=found.lower,
            upper=found.upper,
            largest_of=found.largest_of,
            multi_bucket_impact=impact,
            contributions=contributions,
        )
