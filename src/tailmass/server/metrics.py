"""What a monitoring system may know about the server, in the text format of Prometheus."""

import re
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tailmass.results import Counts

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

    def watch_jobs(self, statuses: Callable[[], Iterable[str]]) -> None:
        """Report how many jobs there are by status, asking for the statuses whenever the numbers are read."""
        self.registry.register(_Jobs(statuses))

    def watch_waiting(self, count: Callable[[], int]) -> None:
        """Report how many wait for an alert, counting them whenever the numbers are read."""
        self._waiting.set_function(count)

    def uploaded(self, before: Counts, after: Counts) -> None:
        """Count what has become of the rows of an upload since they were last counted."""
        self._processed.inc(after.processed_record_count - before.processed_record_count)
        self._late.inc(after.out_of_order_time_stamp_count - before.out_of_order_time_stamp_count)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """All of it, for Prometheus to read."""
        return generate_latest(self.registry)


class _Jobs(Collector):
    """Jobs by status, counted when asked: the store knows, and a copy of what it knows could only be wrong."""

    def __init__(self, statuses: Callable[[], Iterable[str]]) -> None:
        self.statuses = statuses

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return [GaugeMetricFamily("tailmass_jobs", "Jobs by status.", labels=("status",))]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("tailmass_jobs", "Jobs by status.", labels=("status",))
        tally = Tally(self.statuses())
        for status in JOB_STATUSES:
            family.add_metric((status,), tally[status])
        yield family


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
        start = time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            self.metrics.answered(scope["method"], _template(scope), status, time.perf_counter() - start)


def _template(scope: Scope) -> str:
    """The route a request took, with names in place of values: paths themselves would be labels without end."""
    path = getattr(scope.get("route"), "path", None)
    return "(none)" if path is None else _VERSION.sub("", path) or "/"
