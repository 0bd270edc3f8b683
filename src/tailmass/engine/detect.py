"""From a file or a data frame to ranked records in one call, by the pipeline that the server runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from tailmass.columns import Floats, Ints
from tailmass.engine.budget import alert_threshold
from tailmass.engine.forecast import forecast
from tailmass.engine.pipeline import Pipeline
from tailmass.engine.trends import Trends
from tailmass.engine.upload import Intake
from tailmass.errors import InvalidValue
from tailmass.intake import frames
from tailmass.intake.profile import Profile, profile_frame, profile_path
from tailmass.jobs import AnalysisConfig, DataDescription, Detector, Job, Transform
from tailmass.jobs.detector import CATEGORY
from tailmass.jobs.grammar import detector as read_detector
from tailmass.jobs.transforms import verify
from tailmass.results import Batch, Counts, Forecast

CHUNK_BYTES = 4 << 20
GZIP = b"\x1f\x8b"
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}

Progress = Callable[[int, int, int], None]
"""Called with bytes done, bytes in all, and rows done; rows stand for bytes where the source is a data frame."""


@dataclass(frozen=True, slots=True)
class Results:
    """What was found, as data frames of the caller's own kind."""

    records: Any
    """One row a record, the highest `normalized_probability` first; `timestamp` is the start of its bucket in UTC."""
    buckets: Any
    """One row a bucket, in time order."""
    categories: Any
    """One row a category of messages, by `category_id`; none unless a field was to be categorized."""
    influencers: Any
    """One row a value that is to blame for records of a bucket, the highest `anomaly_score` first."""
    counts: Counts
    """What became of the rows."""
    job: Job
    """The configuration that ran."""
    guesses: tuple[str, ...]
    """What was not said and had to be guessed, with the reason."""
    _trends: Trends
    _pipeline: Pipeline

    @property
    def alert_threshold(self) -> float | None:
        """The `anomaly_score` from which on buckets keep to the budget that was asked for; None without one."""
        return alert_threshold(self.job)

    def forecast(
        self,
        duration: int | str = "1d",
        *,
        detector_index: int = 0,
        partition: str | None = None,
        by: str | None = None,
    ) -> Forecast:
        """What a series is expected to do after the data, by the very model that judged it.

        Parameters
        ----------
        duration : how far ahead, in seconds or like ``"12h"``
        detector_index : position of the detector
        partition, by : the series; left out where the detector does not split

        Raises
        ------
        InvalidValue : there is no such detector or series, or the duration is none
        """
        span = self.job.analysis_config.bucket_span
        return forecast(
            self._pipeline,
            span,
            detector_index=detector_index,
            partition=partition,
            by=by,
            duration=seconds(duration),
        )

    def series(self, record: Mapping[str, Any]) -> tuple[Ints, Floats]:
        """Times and values of the record's series around its bucket: a day each way, or 96 buckets if that is less.

        Returns
        -------
        times : (n,) starts of buckets, epoch seconds; a bucket without rows is left out
        values : (n,) what was measured, unit of the data
        """
        return self._trends.around(record)


def detect(
    data: Any,
    detector: str | Detector | Mapping[str, Any] | Sequence[str | Detector | Mapping[str, Any]],
    *,
    bucket_span: int | str = "auto",
    time_field: str | None = None,
    time_format: str | None = None,
    format: str | None = None,
    field_delimiter: str | None = None,
    influencers: Sequence[str] = (),
    transforms: Sequence[Transform | Mapping[str, Any]] = (),
    categorize: str | None = None,
    categorization_filters: Sequence[str] = (),
    latency: int = 0,
    time_zone: str | None = None,
    alert_budget: float | None = None,
    value_lists: Mapping[str, Sequence[str]] | None = None,
    overlapping_buckets: bool = False,
    per_partition: bool = False,
    interim: bool = False,
    progress: Progress | None = None,
) -> Results:
    """Find what is unusual in time-stamped rows.

    Parameters
    ----------
    data : path of a CSV, NDJSON, JSON or Parquet file, plain or gzipped; or a data frame of Polars, pandas or PyArrow
    detector : what to watch, such as ``"mean(responsetime) by airline"``; or several
    bucket_span : time slice, in seconds or like ``"15m"``; ``"auto"`` picks one to suit the data
    time_field, time_format : column of the times and how they are written; guessed when not given
    format, field_delimiter : DELIMITED, JSON or SINGLE_LINE, and what stands between columns; guessed when not given,
        but for SINGLE_LINE
    influencers : fields whose values may be to blame: records name those that are, and `Results.influencers` ranks them
    transforms : what makes fields out of others, or excludes rows, as a job writes it
    categorize : field of messages; those that are alike share a value of the field ``prelertcategory``
    categorization_filters : regular expressions of what to overlook in messages
    latency : seconds by which rows may be out of order
    time_zone : where days and weeks are counted, such as Europe/London; UTC when not given
    alert_budget : alerts a week that are welcome; `Results.alert_threshold` is the score that means it
    value_lists : lists of values by their ids, for the rules of detectors
    overlapping_buckets : whether to see what lies across the end of a bucket whole, which costs the results of the last
        two buckets
    per_partition : whether scores mean a rate within each partition value, rather than in all of them
    interim : whether to judge what is open at the end as it stands, too; what is low of it is not told, as more rows
        could come
    progress : called now and then

    Raises
    ------
    EngineError : the configuration or the data is wrong, with the same code as over HTTP
    ValueError : the detector is not one, or nothing in the data looks like a time

    Examples
    --------
    >>> import polars as pl
    >>> rows = pl.DataFrame({"time": [60 * n for n in range(100)], "load": [5.0] * 90 + [80.0] + [5.0] * 9})
    >>> tailmass_results = detect(rows, "mean(load)", bucket_span="1m")
    >>> tailmass_results.records["actual"].to_list()
    [80.0]
    """
    detectors = _detectors(detector)
    path = Path(data) if isinstance(data, str | Path) else None
    said = {"time_field": time_field, "time_format": time_format}
    steps = tuple(each if isinstance(each, Transform) else Transform.parse(each) for each in transforms)
    verify(steps)
    split = [[name for name in each.split_fields if name != CATEGORY] for each in detectors]
    if path is not None:
        profile = profile_path(path, format=format, delimiter=field_delimiter, split=split, transforms=steps, **said)
    else:
        profile = profile_frame(data, split=split, transforms=steps, **said)
    more = {
        "categorization_field_name": categorize,
        "categorization_filters": tuple(categorization_filters) or None,
        "time_zone": time_zone,
        "alert_budget": alert_budget,
        "value_lists": {name: tuple(values) for name, values in value_lists.items()} if value_lists else None,
        "overlapping_buckets": overlapping_buckets or None,
        "use_per_partition_normalization": per_partition or None,
    }
    job = _job(detectors, profile, bucket_span, influencers, steps, latency, more)
    trends = Trends(job)
    pipeline = Pipeline(job, on_closed=trends.keep)
    trends.follow(pipeline.detectors)
    batches: list[Batch] = []
    counts = Counts()
    if path is None or profile.format == "PARQUET":
        frame = data if path is None else pl.read_parquet(path, columns=list(pipeline.fields.source.names))
        for rows in frames.columns(frame, pipeline.fields, profile.time_format):
            batch, written = pipeline.write(rows, *pipeline.admit(rows))
            batches.append(batch)
            counts = counts + written
            if progress is not None:
                progress(counts.input_record_count, len(frame), counts.input_record_count)
    else:
        counts = _read(path, job, pipeline, batches.append, progress)
    if interim:
        batches.append(replace(pipeline.interim(), interim=False))
    batch = Batch.concat(batches)
    return Results(
        records=_native(_ranked(batch.records), data),
        buckets=_native(_timed(batch.buckets), data),
        categories=_native(batch.categories.sort("category_id"), data),
        influencers=_native(_worst(batch.influencers), data),
        counts=counts,
        job=job,
        guesses=_guesses(profile, bucket_span),
        _trends=trends,
        _pipeline=pipeline,
    )


def _read(
    path: Path, job: Job, pipeline: Pipeline, deliver: Callable[[Batch], None], progress: Progress | None
) -> Counts:
    with path.open("rb") as file:
        gzipped = file.read(len(GZIP)) == GZIP
        file.seek(0)
        intake = Intake(pipeline, job.data_description, deliver, gzipped=gzipped)
        size = path.stat().st_size
        try:
            while chunk := file.read(CHUNK_BYTES):
                intake.feed(chunk)
                if progress is not None:
                    progress(file.tell(), size, intake.counts.input_record_count)
            intake.finish()
        finally:
            intake.close()
    return intake.counts


def _detectors(asked: Any) -> list[Detector]:
    several = asked if isinstance(asked, list | tuple) else [asked]
    return [
        read_detector(each) if isinstance(each, str) else each if isinstance(each, Detector) else Detector.parse(each)
        for each in several
    ]


def _job(
    detectors: Sequence[Detector],
    profile: Profile,
    bucket_span: int | str,
    influencers: Sequence[str],
    transforms: tuple[Transform, ...],
    latency: int,
    more: Mapping[str, Any],
) -> Job:
    text = profile.format in ("DELIMITED", "JSON", "SINGLE_LINE")
    return Job(
        analysis_config=AnalysisConfig(
            bucket_span=profile.bucket_span if bucket_span == "auto" else seconds(bucket_span),
            latency=latency,
            detectors=tuple(detectors),
            influencers=tuple(influencers),
            **more,
        ),
        data_description=DataDescription(
            format=profile.format if text else "DELIMITED",
            time_field=profile.time_field,
            time_format=profile.time_format,
            field_delimiter=profile.delimiter,
            quote_character=profile.quote,
        ),
        transforms=transforms or None,
    )


def seconds(span: int | str) -> int:
    """A bucket span in seconds.

    >>> seconds("15m"), seconds(90), seconds("300")
    (900, 90, 300)
    """
    text = str(span).strip().lower()
    number, unit = (text[:-1], text[-1]) if text[-1:] in UNITS else (text, "s")
    if not number.isdecimal() or int(number) == 0:
        raise InvalidValue(f"The bucket span is {span!r}: write seconds, or a whole number and one of s, m, h, d, w")
    return int(number) * UNITS[unit]


def _guesses(profile: Profile, bucket_span: int | str) -> tuple[str, ...]:
    return tuple(each for each in profile.reasons if bucket_span == "auto" or not each.startswith("bucket_span"))


def _ranked(records: pl.DataFrame) -> pl.DataFrame:
    names = ["normalized_probability", "probability", "timestamp", "detector_index"]
    return _timed(records.sort(names, descending=[True, False, False, False], maintain_order=True))


def _worst(influencers: pl.DataFrame) -> pl.DataFrame:
    names = ["anomaly_score", "probability", "timestamp", "influencer_field_name", "influencer_field_value"]
    return _timed(influencers.sort(names, descending=[True, False, False, False, False], maintain_order=True))


def _timed(table: pl.DataFrame) -> pl.DataFrame:
    """The table with times that say so."""
    return table.with_columns((pl.col("timestamp") * 1000).cast(pl.Datetime("ms", "UTC")))


def _native(table: pl.DataFrame, like: Any) -> Any:
    """The table as the kind of data frame that `like` is; Polars where it is none."""
    if isinstance(like, str | Path):
        return table
    kind = nw.from_native(like, eager_only=True).implementation
    if kind.is_polars():
        return table
    return nw.from_dict({name: table[name].to_list() for name in table.columns}, backend=kind).to_native()
