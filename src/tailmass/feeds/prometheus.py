"""Prometheus and what speaks as it does: what queries give at every step of time, as rows, each once.

All instants are multiples of the step, wherever a window begins. So a reader that begins again, or asks for windows of
another size, meets the same rows.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from urllib.parse import urlencode

import msgspec

from tailmass.feeds.httpserver import PASSING, HttpServer, RefusedError, excerpt
from tailmass.feeds.rows import DAY_MS, Part, Row, Span

TIME = "timestamp"
"""The field of a row with its time, in epoch seconds."""
SERIES = "series"
"""The field with all labels of the series, as Prometheus writes them."""
METRIC = "metric"
"""The field with the name of the metric, where there is one query."""
HISTORY_MS = 14 * DAY_MS
"""How far back to look where nobody says it."""

_INSTANTS = 11_000  # more of them in one answer are refused
_FIRST_INSTANTS = 60  # asked for while nobody knows how many series there are
_POINTS = 50_000  # wanted in one answer: some MB
_NAMED = re.compile(r"([A-Za-z_]\w*)=(?![=~])(.+)", re.DOTALL)
_ENDS = re.compile(r"@\s*(?:start|end)\s*\(")
_TOO_MUCH = "too many samples"


@dataclass(frozen=True, slots=True)
class Query:
    """A query in PromQL, and the field of its values."""

    name: str
    text: str

    @classmethod
    def parse(cls, texts: Sequence[str]) -> "tuple[Query, ...]":
        """Read queries, of which several need names.

        >>> Query.parse(["up"])
        (Query(name='value', text='up'),)
        >>> [query.name for query in Query.parse(["up=up", 'busy=sum by (job) (rate(cpu{mode!="idle"}[5m]))'])]
        ['up', 'busy']
        """
        split = [_NAMED.fullmatch(text.strip()) for text in texts]
        if len(texts) > 1 and None in split:
            unnamed = texts[split.index(None)]
            raise ValueError(f"several queries need names: write NAME={unnamed!r}")
        queries = tuple(
            cls("value", text.strip()) if parts is None else cls(parts[1], parts[2].strip())
            for text, parts in zip(texts, split, strict=True)
        )
        names = [query.name for query in queries]
        for query in queries:
            if query.name in (TIME, SERIES, METRIC) or names.count(query.name) > 1:
                raise ValueError(f"{query.name!r} is a field already: name the query {query.text!r} otherwise")
            if _ENDS.search(query.text):
                raise ValueError(f"{query.text!r} depends on where a window ends: write a time behind the @")
        return queries


class Series(msgspec.Struct):
    """Values of one set of labels, with their times, as Prometheus writes them."""

    metric: dict[str, str]
    values: list[tuple[float, str]] = []
    histograms: list[msgspec.Raw] = []


class _Data(msgspec.Struct):
    result: list[Series] = []


class _Answer(msgspec.Struct):
    status: str
    data: _Data = msgspec.field(default_factory=_Data)
    error: str = ""
    warnings: list[str] = []


_ANSWERS = msgspec.json.Decoder(_Answer)


class PrometheusServer:
    """A server that is asked one thing after the other. Not for two threads at once.

    What keeps it from answering, if only for now, is an OSError; what it refuses for good is a `RefusedError`.

    Parameters
    ----------
    url : where it is; a user and a password, and a path, may stand in it
    token : what to show it
    timeout : how many seconds of silence are borne; the server itself gives up after 120
    """

    def __init__(self, url: str, *, token: str | None = None, timeout: float = 150.0) -> None:
        self._http = HttpServer(
            url,
            example="http://localhost:9090",
            authorization=None if token is None else f"Bearer {token}",
            content_type="application/x-www-form-urlencoded",
            timeout=timeout,
        )
        self.url = self._http.url
        """Where it is, without who asks."""

    def values(self, query: str, start: int, end: int, step: int) -> list[Series]:
        """What a query gives at the times from the first to the last, a step apart."""
        # What is left out of a partial answer would be missing for ever; Thanos gives none if it is told so.
        asked = {"query": query, "start": start, "end": end, "step": step, "partial_response": "false"}
        status, text = self._http.answer("POST", "/api/v1/query_range", urlencode(asked).encode())
        try:
            answer = _ANSWERS.decode(text)
        except msgspec.MsgspecError:
            answer = None
        if status >= 300:
            reason = answer.error if answer is not None and answer.error else excerpt(text)
            message = f"{self.url} answered {status} to {query!r}: {reason}"
            raise ConnectionError(message) if status in PASSING else RefusedError(status, message)
        if answer is None or answer.status != "success":
            raise RefusedError(status, f"{self.url} is no Prometheus: it answers {excerpt(text)}")
        partial = [warning for warning in answer.warnings if not warning.startswith("PromQL")]
        if partial:
            raise ConnectionError(f"{self.url} did not have all there is ({'; '.join(partial)})")
        return answer.data.result

    def close(self) -> None:
        """Hang up."""
        self._http.close()


class Prometheus:
    """What queries give, a row for each time and series.

    Parameters
    ----------
    server : who is asked
    queries : what; the values of several with the same labels are in the same row
    step : seconds from one time to the next
    delay : seconds that samples may take to arrive
    """

    def __init__(self, server: PrometheusServer, queries: Sequence[Query], *, step: int, delay: int = 60) -> None:
        self._server = server
        self._queries = queries
        self._step = step
        self._delay = delay
        self._instants = _FIRST_INSTANTS

    def check(self) -> None:
        """Ask every query once, so that what is wrong with it is told before anything is done."""
        now = int(time.time())
        for query in self._queries:
            self._server.values(query.text, now, now, self._step)

    def span(self) -> Span:
        """The last two weeks."""
        now_ms = int(time.time() * 1000)
        return Span(now_ms - HISTORY_MS, now_ms - self._delay * 1000)

    def count(self, span: Span) -> None:
        """Nobody knows without reading all."""

    def parts(self, span: Span) -> Iterator[Part]:
        """The rows of a time in the order of times and labels, a few thousand at once."""
        step_ms = self._step * 1000
        at = -(-span.since_ms // step_ms) * self._step
        last = (span.until_ms - 1) // step_ms * self._step
        while at <= last:
            end = min(last, at + (self._instants - 1) * self._step)
            try:
                rows = self._rows(at, end)
            except ConnectionError:
                self._instants = max(1, self._instants // 2)  # it may have been asked for too much to be in time
                raise
            except RefusedError as refused:
                if _TOO_MUCH not in str(refused) or end == at:
                    raise
                self._instants = max(1, (end - at) // self._step // 2)
                continue
            at = end + self._step
            yield Part(rows, min(at * 1000, span.until_ms))
        yield Part([], span.until_ms)

    def close(self) -> None:
        """Hang up."""
        self._server.close()

    def _rows(self, start: int, end: int) -> list[Row]:
        found: dict[str, dict[int, Row]] = {}
        points = 0
        for query in self._queries:
            met: set[str] = set()
            for series in self._server.values(query.text, start, end, self._step):
                labels = dict(series.metric)
                if len(self._queries) > 1:
                    labels.pop("__name__", None)  # or different metrics would have no row in common
                text = written(labels)
                if text in met:
                    raise ValueError(f"{query.text!r} gives {text} of more than one metric: ask for each by itself")
                if series.histograms:
                    raise ValueError(f"{query.text!r} gives histograms: take histogram_quantile or _count of them")
                met.add(text)
                fields = {TIME: 0, SERIES: text, **self._fields(labels)}
                rows = found.setdefault(text, {})
                for at, value in series.values:
                    number, second = float(value), int(at)
                    if isfinite(number):
                        rows.setdefault(second, {**fields, TIME: second})[query.name] = number
                points += len(series.values)
        self._expect(points, (end - start) // self._step + 1)
        ordered = [row for text in sorted(found) for row in found[text].values()]
        ordered.sort(key=lambda row: row[TIME])
        return ordered

    def _expect(self, points: int, instants: int) -> None:
        """Choose how many instants to ask for next, at most double, by how many points these had."""
        wanted = max(1, _POINTS * instants // max(points, 1))
        self._instants = min(_INSTANTS, 2 * self._instants, wanted)

    def _fields(self, labels: Mapping[str, str]) -> Row:
        """Labels as fields, under another name where there is such a field already."""
        taken = {TIME, SERIES, METRIC, *(query.name for query in self._queries)}
        fields: Row = {}
        for label in sorted(labels):
            if label == "__name__":
                fields[METRIC] = labels[label]
                continue
            name = label
            while name in taken or (name != label and name in labels):
                name = f"exported_{name}"  # as Prometheus itself does where labels clash
            fields[name] = labels[label]
        return fields


def written(labels: Mapping[str, str]) -> str:
    """Labels as Prometheus writes them.

    >>> written({"__name__": "up", "job": "web", "instance": "a:80"})
    'up{instance="a:80", job="web"}'
    >>> written({})
    '{}'
    """
    name = labels.get("__name__", "")
    pairs = ", ".join(f'{label}="{_escaped(labels[label])}"' for label in sorted(labels) if label != "__name__")
    return f"{name}{{{pairs}}}" if pairs or not name else name


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
