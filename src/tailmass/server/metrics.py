"""What a monitoring system may know about the server, in the text format of Prometheus."""

import heapq
import re
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tailmass.results import Counts, JobState

MOST_JOBS = 100
"""Jobs with numbers of their own: each of them is a time series for whoever collects these."""

CODES = "tailmass.codes"
"""Where in the scope of a request the codes of errors are noted that it is answered with."""

JOB_STATUSES = ("CLOSED", "CLOSING", "FAILED", "PAUSED", "PAUSING", "RUNNING")

_VERSION = re.compile(r"^/engine/[^/]+")


class Metrics:
    """The numbers of one server; each server has a registry of its own, so that several fit into one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._processed = Counter(
            "tailmass_records_processed", "Input rows passed to the analysis.", registry=self.registry
        )
        self._late = Counter(
            "tailmass_late_records", "Input rows dropped because they came too late.", registry=self.registry
        )
        self._buckets = Counter(
            "tailmass_buckets_processed", "Buckets that uploads have closed.", registry=self.registry
        )
        self._errors = Counter(
            "tailmass_errors", "Errors told to clients, by their code.", ("code",), registry=self.registry
        )
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "tailmass_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "tailmass_http_request_duration_seconds",
            "Time from the headers of a request to the end of its answer.",
            ("method", "route"),
            registry=self.registry,
        )
        self._waiting = Gauge("tailmass_waiting_for_alerts", "Requests that wait for an alert.", registry=self.registry)

    def watch(self, states: Callable[[], Iterable[JobState]], uploads: Callable[[], int]) -> None:
        """Report on the jobs there are and the uploads in progress, asking for them whenever the numbers are read."""
        self.registry.register(_Jobs(states))
        Gauge("tailmass_uploads_in_progress", "Uploads being received.", registry=self.registry).set_function(uploads)

    def watch_waiting(self, count: Callable[[], int]) -> None:
        """Report how many wait for an alert, counting them whenever the numbers are read."""
        self._waiting.set_function(count)

    def uploaded(self, before: Counts, after: Counts) -> None:
        """Count what has become of the rows of an upload since they were last counted."""
        self._processed.inc(after.processed_record_count - before.processed_record_count)
        self._late.inc(after.out_of_order_time_stamp_count - before.out_of_order_time_stamp_count)
        self._buckets.inc(after.bucket_count - before.bucket_count)

    def answered(self, method: str, route: str, status: int, seconds: float, codes: Iterable[int]) -> None:
        """Count a request, and the errors that it was answered with."""
        for code in codes:
            self._errors.labels(str(code)).inc()
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """All of it, for Prometheus to read."""
        return generate_latest(self.registry)


class _Jobs(Collector):
    """The jobs, looked at when asked: the store knows, and a copy of what it knows could only be wrong."""

    def __init__(self, states: Callable[[], Iterable[JobState]]) -> None:
        self.states = states

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return _families()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        states = list(self.states())
        jobs, memory, lag = _families()
        tally = Tally(state.status for state in states)
        for status in JOB_STATUSES:
            jobs.add_metric((status,), tally[status])
        running = [state for state in states if state.status == "RUNNING"]
        memory.add_metric((), sum(state.model_size.model_bytes for state in running if state.model_size is not None))
        newest = ((state.counts.latest_record_time_ms, state.config.id) for state in running)
        known = ((time_ms, job_id or "") for time_ms, job_id in newest if time_ms is not None)
        # A job a label: as many as can be looked at, those that are the furthest behind.
        for time_ms, job_id in heapq.nsmallest(MOST_JOBS, known):
            lag.add_metric((job_id,), time.time() - time_ms / 1000)
        yield from (jobs, memory, lag)


def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily]:
    return (
        GaugeMetricFamily("tailmass_jobs", "Jobs by status.", labels=("status",)),
        GaugeMetricFamily("tailmass_model_memory_bytes", "What running jobs remember, as they last told."),
        GaugeMetricFamily(
            "tailmass_feed_lag_seconds",
            f"From the newest row of a running job to now; of the {MOST_JOBS} that are the furthest behind.",
            labels=("job",),
        ),
    )


class Measured:
    """Middleware that counts and times requests by the route they took, whatever version of the API they spoke."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note what became of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500
        codes: list[int] = scope.setdefault(CODES, [])
        start = time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            self.metrics.answered(scope["method"], _template(scope), status, time.perf_counter() - start, codes)


def _template(scope: Scope) -> str:
    """The route a request took, with names in place of values: paths themselves would be labels without end."""
    path = getattr(scope.get("route"), "path", None)
    return "(none)" if path is None else _VERSION.sub("", path) or "/"
