"""One job's analysis on a string: rows in, results out; it has no thread, no clock of its own and no store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from tailmass.analysis.analyses import analysis as analysis_of
from tailmass.analysis.calendar import Calendar
from tailmass.analysis.clock import BREAK, GAP, Advance, Clock, stages
from tailmass.analysis.detector import DetectorAnalysis, Findings
from tailmass.analysis.dictionary import Dictionary
from tailmass.analysis.footprint import Entities
from tailmass.analysis.frequent import Exclusion
from tailmass.analysis.rules import Rules
from tailmass.columns import Columns, Floats, Ints
from tailmass.engine import support
from tailmass.engine.bounds import Bounds
from tailmass.engine.influencers import Blamed, Influencers
from tailmass.engine.memory import Memory, limit_bytes
from tailmass.engine.overlap import Overlap
from tailmass.engine.partitions import Partitions, Rates
from tailmass.engine.report import report
from tailmass.engine.stretch import Stretch
from tailmass.errors import AnalysisStartError, InvalidResetRange
from tailmass.intake.categories import Categorizer
from tailmass.jobs import Job
from tailmass.jobs.detector import CATEGORY
from tailmass.kernels.buckets import ADMITTED, EXCLUDED, LATE, UNDATED
from tailmass.results import Batch, Counts, Forecast, ModelSize
from tailmass.scoring.buckets import bucket_evidence
from tailmass.scoring.rate import RateCalibration

STATE_VERSION = 3
Arrays = dict[str, np.ndarray[Any, Any]]
OnClosed = Callable[[int, int, Findings], None]


class Pipeline:
    """A running job: buckets, models and calibration, and what it has counted.

    The results are a function of the configuration and of the accepted rows in their order. However the rows were cut
    into pieces, and whether or not the state was put away in between, they are the same to the last bit.

    Parameters
    ----------
    job : the configuration
    on_closed : called with the position of a detector, the number of the first bucket that closed, and what the
        detector saw and found in it and the following ones

    Raises
    ------
    AnalysisStartError : the job asks for something this version does not analyse
    """

    def __init__(self, job: Job, *, on_closed: OnClosed | None = None) -> None:
        support.check(job)
        analysis = job.analysis_config
        self._on_closed = on_closed
        self.fields = support.fields(job)
        self.counts = Counts()
        self.clock = Clock(analysis.bucket_span, analysis.latency)
        self._analysis_fields = support.sent_fields(job)
        self.categorizer: Categorizer | None = None
        self._messages = analysis.categorization_field_name
        if self._messages is not None:
            examples = job.analysis_limits.categorization_examples_limit if job.analysis_limits is not None else None
            self.categorizer = Categorizer(analysis.categorization_filters or (), examples)
        split = [name for each in analysis.detectors for name in each.split_fields]
        self._dictionaries = {name: Dictionary() for name in (*split, *filter(None, analysis.influencers))}
        calendar, self._summary = Calendar(analysis.time_zone), analysis.summary_count_field_name
        self.detectors = tuple(
            analysis_of(
                each, self._dictionaries, analysis.bucket_span, self.clock.slots, calendar, self._summary,
                correlated=bool(analysis.multivariate_by_fields),
            )
            for each in analysis.detectors
        )  # fmt: skip
        self._exclusions = tuple(Exclusion(each, self._dictionaries) for each in analysis.detectors)
        self._rules = tuple(Rules(each, analysis.value_lists or {}) for each in analysis.detectors)
        self._overlap = Overlap(analysis, self._dictionaries, self._rules) if analysis.overlapping_buckets else None
        views = self._overlap.views if self._overlap is not None else ()
        self._influencers = Influencers(analysis, self._dictionaries)
        self.memory = Memory(
            limit_bytes(job), analysis.bucket_span, self._dictionaries.values(), (*self.detectors, *views),
            self._influencers,
        )  # fmt: skip
        self._calibrations = tuple(RateCalibration(analysis.bucket_span) for _ in analysis.detectors)
        self._of_buckets = RateCalibration(analysis.bucket_span)
        self.partitions: Partitions | None = None
        """How rare things are within each partition, where the job asks for it."""
        if analysis.use_per_partition_normalization:
            self.partitions = Partitions(self.detectors, self._dictionaries, analysis.bucket_span)
        self.bounds: Bounds | None = None
        """What the models expected of the buckets that have closed, where the job asks for it."""
        if job.model_debug_config is not None and job.model_debug_config.bounds_percentile is not None:
            self.bounds = Bounds(job.model_debug_config, self.detectors)

    def begin(self, *, gap: bool = False, reset: tuple[int, int] | None = None) -> None:
        """Say what the next rows are: those of an upload.

        Parameters
        ----------
        gap : whether whole buckets without rows before them are a downtime that does not count
        reset : first and last epoch second of the open buckets that they bring anew

        Raises
        ------
        InvalidResetRange : some of these buckets are final
        """
        self.clock.emptied = self._emptied(*reset) if reset is not None else None
        if gap:
            self.clock.expect(GAP)

    def pause(self) -> Batch:
        """Judge the buckets that are whole and forget the last one; go on with a whole one whenever there are rows."""
        batch = self._interrupt()
        self.clock.expect(BREAK)
        self.counts = self.counts + Counts(bucket_count=len(batch.buckets))
        return batch

    def follow(self, arrays: Mapping[str, np.ndarray[Any, Any]], second: int) -> None:
        """Wait for the downtime that a later state waits for, whose newest row was at an epoch second.

        Between the two states nothing is learnt or told of.
        """
        later = Clock(self.clock.span, self.clock.latency)
        later.restore(arrays)
        if later.awaited == BREAK:  # whose buckets were told of when it began
            if self.clock.first is not None and self.clock.end is not None:
                self._clear(self.clock.first, self.clock.end)
            self.clock.pass_over(second)
            if self._overlap is not None:
                self._overlap.pass_over(second)
        elif later.awaited == GAP:
            self.clock.reach(second)
            if self._overlap is not None:
                self._overlap.reach(second)
        self.clock.expect(later.awaited)

    def admit(self, columns: Columns) -> tuple[Ints, Ints]:
        """(n,) what is to become of each row, and the watermark after it; nothing is taken in yet."""
        return self.clock.admit(columns)

    def write(self, columns: Columns, status: Ints, watermark: Ints) -> tuple[Batch, Counts]:
        """Take in rows.

        Parameters
        ----------
        columns : the rows
        status, watermark : (n,) what `admit` said of them

        Returns
        -------
        batch : the results of the buckets that these rows close
        counts : what became of the rows; bytes and fields received are for the caller to add
        """
        admitted = status == ADMITTED
        everything = bool(admitted.all())
        rows = columns if everything else columns.take(admitted)
        missing = rows.missing(self._analysis_fields)
        processed = len(rows)
        watermark = watermark if everything else watermark[admitted]
        latest = int(rows.times.max()) if processed else None
        before = self._resume(int(rows.times[0]) // 1000) if processed else None
        advance = self.clock.run(rows.times, watermark)
        later = self._overlap.run(rows.times, watermark) if self._overlap is not None else advance
        whole = advance.without(self.clock.resumed)
        if whole is not None:
            rows, advance, later = rows.take(whole), advance.take(whole), later.take(whole)
        if self.categorizer is None or self._messages is None:
            batch = self._judge(rows, advance, later)
        else:
            category = self.categorizer.column(rows.texts[self._messages])
            batch = self._judge(replace(rows, texts={**rows.texts, CATEGORY: category}), advance, later)
            batch = replace(batch, categories=self.categorizer.changed())
        if before is not None:
            batch = Batch.concat([before, batch])
        counts = Counts(
            bucket_count=len(batch.buckets),
            processed_record_count=processed,
            processed_field_count=max(0, processed * len(self._analysis_fields) - missing),
            invalid_date_count=int(np.count_nonzero(status == UNDATED)),
            missing_field_count=missing,
            out_of_order_time_stamp_count=int(np.count_nonzero(status == LATE)),
            failed_transform_count=0 if columns.failed is None else int(columns.failed.sum()),
            excluded_record_count=int(np.count_nonzero(status == EXCLUDED)),
            latest_record_time_ms=latest,
        )
        self.counts = self.counts + counts
        return batch, counts

    def received(self, input_bytes: int, input_fields: int) -> Counts:
        """Count what came in, whatever becomes of it."""
        counts = Counts(input_bytes=input_bytes, input_field_count=input_fields)
        self.counts = self.counts + counts
        return counts

    def advance(self, to: int) -> Batch:
        """Take the promise that no row before epoch second `to` will come, and close every bucket that ends by then."""
        advance = self.clock.advance(to)
        later = self._overlap.advance(to) if self._overlap is not None else advance
        batch = self._judge(self._nothing, advance, later)
        self.counts = self.counts + Counts(bucket_count=len(batch.buckets))
        return batch

    def interim(self, start: int | None = None, end: int | None = None) -> Batch:
        """What is not final as it stands: buckets with data, or those that begin in [start, end) epoch seconds."""
        span, newest = self.clock.span, self.clock.end
        if self.clock.first is None or newest is None:
            return Batch.empty(interim=True)
        provisional = self._overlap.first if self._overlap is not None else None
        first, until = self.clock.first if provisional is None else provisional, max(self.clock.first, newest)
        if start is not None:
            first = max(first, start // span)
            until = min(until, first + 1 if end is None else -(-end // span))
        elif not self.clock.latency and provisional is None:
            first = max(first, until - 1)
        if until <= first:
            return Batch.empty(interim=True)
        stretch = self._open(first, until) if self._overlap is None else self._provisional(self._overlap, first, until)
        blamed = self._influencers.probe(self.detectors, stretch)
        return self._report(stretch, *self._current_rates(stretch), blamed, interim=True)

    def forecast(self, detector_index: int, partition: str | None, by: str | None, buckets: int) -> Forecast:
        """The buckets after the last one that closed, of one series.

        Parameters
        ----------
        detector_index : position of the detector
        partition, by : the series, one that rows have named; None where the detector does not split
        buckets : how many

        Returns
        -------
        forecast : all NaN for a series that never met a value, and no buckets before the first row
        """
        detector = self.detectors[detector_index]
        assert isinstance(detector, DetectorAnalysis)
        if self.clock.first is None:
            return Forecast(np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0))
        first = self.clock.first
        mean, lower, upper = detector.forecast(detector.series.id(partition, by), first, buckets)
        return Forecast((first + np.arange(buckets)) * self.clock.span, mean, lower, upper)

    @property
    def model_size(self) -> ModelSize:
        """What the job remembers."""
        entities = sum((each.entities for each in self.detectors), Entities())
        besides = (self.categorizer, self.partitions)
        others = sum(each.size_bytes for each in besides if each is not None)
        return ModelSize(
            model_bytes=self.memory.size_bytes + others,
            total_by_field_count=entities.by,
            total_over_field_count=entities.over,
            total_partition_field_count=entities.partitions,
            bucket_allocation_failures_count=self.memory.failures,
            memory_status=self.memory.status,
            bucket_time=None if self.clock.first is None else (self.clock.first - 1) * self.clock.span,
        )

    @property
    def latest_result_time(self) -> int | None:
        """Epoch second of the last bucket whose results are final; None before there is one."""
        first = self.clock.first if self._overlap is None else self._overlap.first
        return None if first is None or not self.counts.bucket_count else (first - 1) * self.clock.span

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Everything the job has learnt, as a header for JSON and arrays by name."""
        arrays: Arrays = self.clock.state() | self.memory.state()
        for name, dictionary in self._dictionaries.items():
            arrays |= dictionary.state(f"field.{name}")
        for index, (detector, calibration) in enumerate(zip(self.detectors, self._calibrations, strict=True)):
            arrays |= detector.state(f"detector.{index}") | calibration.state(f"rate.{index}")
            arrays |= self._exclusions[index].state(f"frequent.{index}")
        arrays |= self._of_buckets.state("rate.buckets") | self._influencers.state("influencers")
        if self._overlap is not None:
            arrays |= self._overlap.state("overlap")
        if self.partitions is not None:
            arrays |= self.partitions.state("partitions")
        if self.categorizer is not None:
            arrays |= self.categorizer.state("category")
        return {"state_version": STATE_VERSION, "counts": asdict(self.counts)}, arrays

    def restore(self, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the pipeline that `state` was taken of; raises AnalysisStartError if another version took it."""
        if header["state_version"] != STATE_VERSION:
            raise AnalysisStartError(
                f"What the job has learnt is kept in version {header['state_version']}, and this tailmass reads "
                f"version {STATE_VERSION}: go on with the tailmass that wrote it, or create the job again"
            )
        self.counts = counts_of(header)
        self.clock.restore(arrays)
        self.memory.restore(arrays)
        for name, dictionary in self._dictionaries.items():
            dictionary.restore(f"field.{name}", arrays)
        for index, (detector, calibration) in enumerate(zip(self.detectors, self._calibrations, strict=True)):
            detector.restore(f"detector.{index}", arrays)
            calibration.restore(f"rate.{index}", arrays)
            self._exclusions[index].restore(f"frequent.{index}", arrays)
        self._of_buckets.restore("rate.buckets", arrays)
        self._influencers.restore("influencers", arrays)
        if self._overlap is not None:
            self._overlap.restore("overlap", arrays)
        if self.partitions is not None:
            self.partitions.restore("partitions", arrays)
        if self.categorizer is not None:
            self.categorizer.restore("category", arrays)

    @property
    def _nothing(self) -> Columns:
        """No rows."""
        return Columns.empty((*self.fields.texts, CATEGORY), self.fields.numbers)

    def _resume(self, second: int) -> Batch | None:
        """What is left to tell of the time before a downtime, if there was one before the row of an epoch second."""
        if not self.clock.interrupted(second):
            return None
        batch = self._interrupt()
        self.clock.resume(second)
        if self._overlap is not None:
            self._overlap.resume(self.clock.resumed * self.clock.span)
        return batch

    def _interrupt(self) -> Batch:
        """Judge the buckets that are whole, though late rows might have come, and forget the rows of the last one."""
        advance = self.clock.complete()
        later = self._overlap.complete() if self._overlap is not None else advance
        batch = self._judge(self._nothing, advance, later)
        if self.clock.first is None or self.clock.end is None:
            return batch
        if self._overlap is not None:
            ids = {name: np.zeros(0, np.int64) for name in self._dictionaries}
            last = self._conclude(ids, advance.part(slice(0), advance.until, advance.until), self._overlap.release())
            batch = Batch.concat([batch, last])
            self._overlap.clear()
        self._clear(self.clock.first, self.clock.end)
        return replace(batch, abandoned=self.clock.end * self.clock.span)

    def _emptied(self, start: int, end: int) -> tuple[int, int]:
        """Forget the rows of the open buckets from one epoch second to another: the first, and that after the last."""
        span = self.clock.span
        first, until = start // span, end // span + 1
        if self.clock.first is not None and self.clock.end is not None:
            if first < self.clock.first:
                raise InvalidResetRange(
                    f"The buckets before epoch second {self.clock.first * span} are final: 'resetStart' is {start}"
                )
            self._clear(first, min(until, self.clock.end))
        return first, until

    def _clear(self, first: int, until: int) -> None:
        """Forget the rows of the open buckets `first` to `until - 1`."""
        self.clock.clear(first, until)
        for detector, exclusion in zip(self.detectors, self._exclusions, strict=True):
            detector.clear(first, until)
            exclusion.clear(first, until)
        self._influencers.clear(first, until)
        if self.partitions is not None:
            self.partitions.clear(first, until)

    def _judge(self, rows: Columns, advance: Advance, later: Advance) -> Batch:
        """Add rows to their buckets, and judge the buckets that close; `later` is of those half a bucket after them."""
        if self._summary:  # a row that stands for none is none
            there = rows.numbers[self._summary] > 0.0
            rows, advance, later = rows.take(there), advance.take(there), later.take(there)
        if self.bounds is None and self._roomy(rows):  # with bounds one bucket after the other, as each is to be known
            return self._analyse(rows, advance, later, roomy=True)
        batches = []
        for part, (stage, stage_later) in stages([advance, later]):
            batches.append(self._analyse(rows.take(part), stage, stage_later, roomy=False))
            self.memory.note()
            if stage.until > stage.first:
                self.memory.settle(stage.until)
        return Batch.concat(batches)

    def _roomy(self, rows: Columns) -> bool:
        """Whether there is memory for whatever these rows may bring."""
        texts = {name: rows.texts[name] for name in self._dictionaries}
        text_bytes = sum(int(text.estimated_size()) for text in texts.values())  # at least that of the letters
        if self.memory.roomy(len(rows), text_bytes):
            return True
        return bool(texts) and self.memory.roomy(pl.DataFrame(texts).n_unique(), text_bytes)

    def _analyse(self, rows: Columns, advance: Advance, later: Advance, *, roomy: bool) -> Batch:
        """The same, with all the memory that is wanted if it is `roomy`."""
        prepare = partial(self.memory.give_room, roomy=roomy)
        ids = {name: dictionary.ids(rows.texts[name]) for name, dictionary in self._dictionaries.items()}
        findings = []
        for index, (detector, exclusion) in enumerate(zip(self.detectors, self._exclusions, strict=True)):
            exclusion.add(ids, advance)
            prepare(detector)
            findings.append(self._told(index, detector.advance(rows, ids, advance), closed=True))
        if self._on_closed is not None and advance.until > advance.first:
            for index, found in enumerate(findings):
                self._on_closed(index, advance.first, found)
        self._influencers.add(rows, ids, findings, advance)
        stretch = Stretch(advance.first, advance.events, findings)
        if self._overlap is not None:
            stretch = self._overlap.settle(rows, ids, advance, later, findings, prepare)
        return self._conclude(ids, advance, stretch)

    def _conclude(self, ids: Mapping[str, Ints], advance: Advance, stretch: Stretch) -> Batch:
        """The results of buckets that are final."""
        rates, bucket_rate = self._rates(ids, advance, stretch)
        if not len(stretch.events):
            return Batch.empty()
        return self._report(stretch, rates, bucket_rate, self._influencers.learn(self.detectors, stretch))

    def _rates(self, ids: Mapping[str, Ints], advance: Advance, stretch: Stretch) -> Rates:
        """How rare the findings of buckets are, and the buckets, by what came before; then that is learnt."""
        if self.partitions is not None:
            return self.partitions.learn(ids, advance, stretch)
        if not len(stretch.events):
            return [], np.zeros(0)
        rates = [
            calibration.learn(found.bucket, series, found.evidence, found.updates, stretch.first, known)
            for calibration, found, (series, known) in zip(
                self._calibrations, stretch.findings, map(_streams, stretch.findings), strict=True
            )
        ]
        return rates, self._of_buckets.learn_buckets(*_together(stretch.findings), stretch.first)

    def _current_rates(self, stretch: Stretch) -> Rates:
        """The same by what is known now; nothing is learnt."""
        if self.partitions is not None:
            return self.partitions.current(stretch)
        rates = [
            calibration.rate(found.evidence)
            for calibration, found in zip(self._calibrations, stretch.findings, strict=True)
        ]
        together, watched = _together(stretch.findings)
        of_buckets = self._of_buckets.rate(together, watched.astype(np.float64))
        return rates, np.where(together > 0.0, of_buckets, np.inf)

    def _report(
        self, stretch: Stretch, rates: list[Floats], bucket_rate: Floats, blamed: Blamed, *, interim: bool = False
    ) -> Batch:
        first, events, findings = stretch
        span = self.clock.span
        return report(
            self.detectors, findings, rates, bucket_rate, blamed, first=first, span=span, events=events, interim=interim
        )

    def _open(self, first: int, until: int) -> Stretch:
        """The open buckets `first` to `until - 1` as they stand."""
        opened = self.clock.first or 0
        findings = [
            self._told(index, detector.interim(first, until), closed=False)
            for index, detector in enumerate(self.detectors)
        ]
        return Stretch(first, self.clock.open_events()[first - opened : until - opened], findings)

    def _provisional(self, overlap: Overlap, first: int, until: int) -> Stretch:
        """Buckets that overlapping ones may change as they stand, and open ones."""
        opened = self.clock.first or 0
        _, events, findings = self._open(opened, max(opened, self.clock.end or 0))
        return overlap.interim(opened, events, findings).part(first, until)

    def _told(self, index: int, found: Findings, *, closed: bool) -> Findings:
        """What of a detector's findings is for the results: nobody frequent, and nothing that a rule matches."""
        detector = self.detectors[index]
        found = self._exclusions[index].without(found, detector.names(found.series), closed=closed)
        return self._rules[index].without(found, detector.names)


def _streams(found: Findings) -> tuple[Ints, int]:
    """(found,) whose events the findings are, and a number that is above all of them."""
    streams = found.series if found.stream is None else found.stream
    return streams, int(streams.max(initial=-1)) + 1


def _together(findings: Sequence[Findings]) -> tuple[Floats, Ints]:
    """(buckets,) evidence of all records of a bucket, and how many series met a value in it, over all detectors."""
    watched = np.sum([found.updates for found in findings], axis=0)
    bucket = np.concatenate([found.bucket for found in findings])
    evidence = np.concatenate([found.evidence for found in findings])
    return bucket_evidence(bucket, evidence, len(watched)), watched


def counts_of(header: Mapping[str, Any]) -> Counts:
    """The counts in the header of a state."""
    return Counts(**header["counts"])
