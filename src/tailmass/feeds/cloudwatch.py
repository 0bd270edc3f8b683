"""Metrics of CloudWatch as rows: one for each time and all values of dimensions, with a field for each metric."""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import Any

from tailmass.feeds.aws import asking
from tailmass.feeds.rows import DAY_MS, Part, Row, Span

EC2 = "AWS/EC2"
TIME = "timestamp"
FIELDS = {"InstanceId": "instance"}
"""Dimensions whose field has another name, as in 2016."""
ROWS = {"format": "JSON", "timeField": TIME, "timeFormat": "yyyy-MM-dd'T'HH:mm:ssX"}
"""The `dataDescription` of a job that reads these rows."""
_MACHINE = (
    "DiskReadOps",
    "DiskReadBytes",
    "DiskWriteOps",
    "DiskWriteBytes",
    "NetworkIn",
    "NetworkOut",
    "CPUUtilization",
    "StatusCheckFailed",
    "StatusCheckFailed_Instance",
    "StatusCheckFailed_System",
)
USUAL: dict[str, Any] = {
    "bucketSpan": 300,
    "detectors": [{"function": "mean", "fieldName": metric, "byFieldName": "instance"} for metric in _MACHINE],
}
"""The `analysisConfig` for what EC2 measures of each of its machines, as it was in 2016."""
_QUERIES = 500  # as many as one request may have
_VALUES = 250_000  # held at once
# Values of a period below the first number of seconds are kept for so many days.
_KEPT_DAYS = ((60, 3 / 24), (300, 15.0), (3600, 63.0), (inf, 455.0))

Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """A metric of something."""

    dimensions: Dimensions
    """Names and values, in the order of the names."""
    metric: str


@dataclass(frozen=True, slots=True)
class Metrics:
    """Which metrics, and what of them.

    Parameters
    ----------
    namespace : what they are of, as in `AWS/EC2`
    names : the metrics; none of them are all
    dimensions : exactly these they have, with any value or with this one; no dimensions are any
    statistic : as in `Average` or `p99`
    period : seconds that a value stands for; a divisor of a day
    """

    namespace: str = EC2
    names: tuple[str, ...] = ()
    dimensions: tuple[tuple[str, str | None], ...] = ()
    statistic: str = "Average"
    period: int = 60

    def __post_init__(self) -> None:
        if self.period < 1 or 86_400 % self.period or (self.period % 60 and self.period not in (1, 5, 10, 30)):
            raise ValueError(
                f"a period of {self.period} s does not fit a day: take 60, 300, 3600, or another that does"
            )
        if not re.fullmatch(r"[\w:+.()%]+", self.statistic, re.ASCII):
            raise ValueError(f"{self.statistic!r} is no statistic: write it as in Average, Sum, Maximum or p99")
        if len(dict(self.dimensions)) < len(self.dimensions):
            raise ValueError("a dimension is named twice: a metric has each once, with one value")

    @staticmethod
    def dimension(text: str) -> tuple[str, str | None]:
        """A dimension as it is written.

        >>> Metrics.dimension("InstanceId"), Metrics.dimension("InstanceId=i-1")
        (('InstanceId', None), ('InstanceId', 'i-1'))
        """
        name, separator, value = text.partition("=")
        return name, value if separator else None

    def document(self) -> dict[str, Any]:
        """What tells these from others."""
        return {
            "namespace": self.namespace,
            "metrics": list(self.names),
            "dimensions": [list(each) for each in self.dimensions],
            "statistic": self.statistic,
            "period": self.period,
        }

    def has(self, series: Series) -> bool:
        """Whether it is one of these."""
        if self.names and series.metric not in self.names:
            return False
        there = dict(series.dimensions)
        return not self.dimensions or (
            there.keys() == dict(self.dimensions).keys()
            and all(value in (None, there[name]) for name, value in self.dimensions)
        )


class CloudWatch:
    """Metrics that CloudWatch has.

    A row has the time at which its period begins. It belongs to the span that this time is in and is read whole, so
    the newest period that is asked for has to be over.

    Parameters
    ----------
    client : the client of boto3 for `cloudwatch`
    metrics : what to read there
    window : how many seconds to ask for at once; None for as many as fit in the memory
    patient : whether everything that goes wrong may work later, whatever AWS says
    """

    def __init__(self, client: Any, metrics: Metrics, *, window: int | None = None, patient: bool = False) -> None:
        self._client = client
        self._metrics = metrics
        self._window = window
        self._patient = patient

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def series(self) -> list[Series]:
        """What there is now, in order; CloudWatch lists what had a value in the last two weeks."""
        metrics = self._metrics
        asked: dict[str, Any] = {"Namespace": metrics.namespace}
        if len(metrics.names) == 1:
            asked["MetricName"] = metrics.names[0]
        if metrics.dimensions:
            asked["Dimensions"] = [
                {"Name": name} if value is None else {"Name": name, "Value": value}
                for name, value in metrics.dimensions
            ]
        with asking(patient=self._patient):
            listed = {
                Series(
                    tuple(sorted((each["Name"], each["Value"]) for each in found["Dimensions"])), found["MetricName"]
                )
                for page in self._client.get_paginator("list_metrics").paginate(**asked)
                for found in page["Metrics"]
            }
        return sorted(filter(metrics.has, listed))

    def check(self, since_ms: int) -> None:
        """Raise a ValueError if CloudWatch has thrown away what was measured then."""
        url = self._client.meta.endpoint_url
        if ".amazonaws." not in url and ".api.aws" not in url:
            return  # others keep what they keep
        oldest = self.span().since_ms
        if since_ms < oldest:
            raise ValueError(
                f"CloudWatch has values of every {self._metrics.period} s since "
                f"{datetime.fromtimestamp(oldest / 1000, UTC):%Y-%m-%d %H:%M} only: begin after that, or take a "
                "longer --period (60 s are kept for 15 days, 300 s for 63, 3600 s for 455)"
            )

    def span(self) -> Span:
        """The times of which values are kept."""
        now = int(time.time() * 1000)
        days = next(days for below, days in _KEPT_DAYS if self._metrics.period < below)
        return Span(now - int(days * DAY_MS), now)

    def count(self, span: Span) -> None:
        """Hard to say: to count values is to read them."""

    def parts(self, span: Span) -> Iterator[Part]:
        """All rows of a time, some hours at once."""
        self.check(span.since_ms)
        series = self.series()
        _refuse_names_twice(series)
        period_ms = self._metrics.period * 1000
        # A time that is no multiple of the period would be rounded by CloudWatch, in one way or the other.
        since, until = (-(-time_ms // period_ms) * period_ms for time_ms in (span.since_ms, span.until_ms))
        periods = (self._window or 0) // self._metrics.period or max(1, _VALUES // max(1, len(series)))
        while series and since + periods * period_ms < until:
            following = since + periods * period_ms
            yield Part(self._rows(series, since, following), following)
            since = following
        yield Part(self._rows(series, since, until) if series and since < until else [], span.until_ms)

    def _rows(self, series: Sequence[Series], since_ms: int, until_ms: int) -> list[Row]:
        rows: dict[tuple[int, Dimensions], Row] = {}
        for first in range(0, len(series), _QUERIES):
            for one, seconds, value in self._values(series[first : first + _QUERIES], since_ms, until_ms):
                row = rows.get((seconds, one.dimensions))
                if row is None:
                    row = rows[seconds, one.dimensions] = _begun(seconds, one.dimensions)
                row[one.metric] = value
        return [rows[key] for key in sorted(rows)]

    def _values(self, series: Sequence[Series], since_ms: int, until_ms: int) -> Iterator[tuple[Series, int, float]]:
        queries = [
            {"Id": f"s{number}", "MetricStat": self._statistic(each), "ReturnData": True}
            for number, each in enumerate(series)
        ]
        asked = self._client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries,
            StartTime=datetime.fromtimestamp(since_ms / 1000, UTC),
            EndTime=datetime.fromtimestamp(until_ms / 1000, UTC),
            ScanBy="TimestampAscending",
        )
        told: dict[str, str] = {}
        with asking(patient=self._patient):
            for page in asked:
                for result in page["MetricDataResults"]:
                    one = series[int(result["Id"][1:])]
                    told[result["Id"]] = result["StatusCode"]
                    for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                        yield one, int(at.timestamp()), value
        # A page has "PartialData" of what goes on in a later one, which in the end has to be there.
        missing = sorted(status for status in told.values() if status != "Complete")
        if missing:
            refused = "Forbidden" in missing and not self._patient
            message = f"AWS did not give all values of {len(missing)} metrics ({missing[0]})"
            raise (ValueError if refused else ConnectionError)(message)

    def _statistic(self, series: Series) -> dict[str, Any]:
        dimensions = [{"Name": name, "Value": value} for name, value in series.dimensions]
        metric = {"Namespace": self._metrics.namespace, "MetricName": series.metric, "Dimensions": dimensions}
        return {"Metric": metric, "Period": self._metrics.period, "Stat": self._metrics.statistic}


def _begun(seconds: int, dimensions: Dimensions) -> Row:
    """A row without its values.

    >>> _begun(0, (("InstanceId", "i-1"), ("Path", "/")))
    {'timestamp': '1970-01-01T00:00:00Z', 'instance': 'i-1', 'Path': '/'}
    """
    fields = {FIELDS.get(name, name): value for name, value in dimensions}
    return {TIME: f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}", **fields}


def _refuse_names_twice(series: Sequence[Series]) -> None:
    for each in series:
        names = [TIME, *(FIELDS.get(name, name) for name, _ in each.dimensions), each.metric]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"a row would have two fields {twice[0]!r}: leave out {each.metric} by naming others")
