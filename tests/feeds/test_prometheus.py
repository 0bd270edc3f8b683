"""Reading a real Prometheus."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import httpx
import pytest

from tailmass.feeds.httpserver import RefusedError
from tailmass.feeds.prometheus import Prometheus, PrometheusServer, Query
from tailmass.feeds.rows import Row, Span
from tests.prometheus import DAY, DAYS, INSTANCES, START, STEP, oddities, prometheus, requests

REQUESTS = "http_requests_total"
ALL = Span(START * 1000, (START + DAYS * DAY) * 1000)
HOUR = Span(START * 1000, (START + 3600) * 1000)
_HASH = "  me: $2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n"


def source(url: str, *queries: str, step: int = STEP, token: str | None = None) -> Prometheus:
    return Prometheus(PrometheusServer(url, token=token, timeout=30), Query.parse(queries), step=step)


def read(source: Prometheus, span: Span = HOUR) -> list[Row]:
    with closing(source):
        return [row for part in source.parts(span) for row in part.rows]


def test_there_is_a_row_for_each_time_and_series_in_their_order(prometheus_url: str) -> None:
    rows = read(source(prometheus_url, REQUESTS), ALL)
    expected = [(at, instance) for at in range(START, START + DAYS * DAY, STEP) for instance in INSTANCES]
    assert [(row["timestamp"], row["instance"]) for row in rows] == expected
    assert rows[0] == {
        "timestamp": START,
        "series": 'http_requests_total{instance="web-1:80", job="web"}',
        "metric": "http_requests_total",
        "instance": "web-1:80",
        "job": "web",
        "value": rows[0]["value"],
    }


def test_the_values_are_those_that_prometheus_gives(prometheus_url: str) -> None:
    query = f"sum by (instance) (rate({REQUESTS}[5m]))"
    asked = httpx.QueryParams(query=query, time=START + 7200)
    told = httpx.get(f"{prometheus_url}/api/v1/query", params=asked).json()["data"]["result"]
    at = Span((START + 7200) * 1000, (START + 7200) * 1000 + 1)
    assert {row["instance"]: row["value"] for row in read(source(prometheus_url, query), at)} == {
        each["metric"]["instance"]: float(each["value"][1]) for each in told
    }


def test_wherever_a_reader_begins_it_meets_the_same_instants(prometheus_url: str) -> None:
    whole = read(source(prometheus_url, REQUESTS, step=90))
    assert {row["timestamp"] % 90 for row in whole} == {0}
    cuts = [HOUR.since_ms, HOUR.since_ms + 1, HOUR.since_ms + 90_000, HOUR.since_ms + 1_234_567, HOUR.until_ms]
    pieces = [Span(*cut) for cut in pairwise(cuts)]
    assert [row for piece in pieces for row in read(source(prometheus_url, REQUESTS, step=90), piece)] == whole


def test_no_two_parts_share_a_time_and_none_is_longer_than_a_server_allows(prometheus_url: str) -> None:
    since = ALL.since_ms
    with closing(source(prometheus_url, f"max({REQUESTS})", step=5)) as asked:
        parts = list(asked.parts(ALL))
    for part in parts:
        assert all(since <= row["timestamp"] * 1000 < part.until_ms for row in part.rows)
        since = part.until_ms
    assert since == ALL.until_ms
    assert sum(len(part.rows) for part in parts) >= DAYS * DAY // 5
    assert max(len(part.rows) for part in parts) == 11_000


def test_a_server_that_takes_fewer_samples_is_asked_for_less(prometheus_url: str) -> None:
    hour = [sample for sample in requests() if sample.at < START + 3600]
    with prometheus(hour, options=["--query.max-samples=50"]) as url:
        rows = read(source(url, REQUESTS))
        with pytest.raises(RefusedError, match="too many samples"):
            read(source(url, f"sum_over_time({REQUESTS}[55m])"))  # also for a single instant
    assert rows == read(source(prometheus_url, REQUESTS))


def test_what_is_no_number_is_left_out(prometheus_url: str) -> None:
    rows = read(source(prometheus_url, "odd"))
    minutes = [(row["timestamp"] - START) // STEP for row in rows]
    assert minutes[:3] == [0, 2, 5]
    assert minutes[3:5] == [6, 7]  # Prometheus goes on with the last value for some minutes
    assert {row["value"] for row in rows} == {1.0, 3.0, 6.0}


def test_labels_that_are_fields_already_get_other_names(prometheus_url: str) -> None:
    row = read(source(prometheus_url, "clashing"))[0]
    assert row == {
        "timestamp": START,
        "value": 1.0,
        "metric": "clashing",
        "series": 'clashing{exported_value="e", metric="m", quoted="a\\"b\\\\c\\nd", series="s", timestamp="t", '
        'value="v"}',
        "exported_exported_value": "v",
        "exported_value": "e",
        "exported_timestamp": "t",
        "exported_metric": "m",
        "exported_series": "s",
        "quoted": 'a"b\\c\nd',
    }


def test_values_of_several_queries_with_the_same_labels_are_in_one_row(prometheus_url: str) -> None:
    rows = read(source(prometheus_url, "first=twin_a", 'second={__name__="twin_b"} * 10'))
    assert [row for row in rows if row["timestamp"] == START] == [
        {"timestamp": START, "series": '{x="1"}', "x": "1", "first": 1.0, "second": 10.0},
        {"timestamp": START, "series": '{x="2"}', "x": "2", "first": 2.0},
    ]


def test_a_row_has_no_place_for_two_metrics_of_one_query(prometheus_url: str) -> None:
    with pytest.raises(ValueError, match=r'gives \{x="1"\} of more than one metric'):
        read(source(prometheus_url, 'both={__name__=~"twin_."}', "up=up"))
    rows = read(source(prometheus_url, '{__name__=~"twin_."}'))
    assert [row["metric"] for row in rows[:3]] == ["twin_a", "twin_a", "twin_b"]


@pytest.mark.parametrize(
    ("queries", "said"),
    [
        (["up", "down=up"], "write NAME='up'"),
        (["a=up", "a=down"], "'a' is a field already"),
        (["metric=up"], "'metric' is a field already"),
        (["timestamp=up"], "'timestamp' is a field already"),
        (["up @ end()"], "depends on where a window ends"),
    ],
)
def test_queries_that_make_no_rows_are_told(queries: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Query.parse(queries)


def test_a_comparison_is_not_a_name() -> None:
    assert [query.name for text in ("up==1", "up=~up", "up!=1") for query in Query.parse([text])] == ["value"] * 3


def test_what_prometheus_refuses_is_told_in_its_words(prometheus_url: str) -> None:
    with pytest.raises(RefusedError, match=r"answered 400 to 'sum by \(': 1:9: parse error: unclosed left parenthesis"):
        read(source(prometheus_url, "sum by ("))
    with pytest.raises(RefusedError, match=r"answered 422 .*many-to-many"):
        read(source(prometheus_url, f"{REQUESTS} * on (job) {REQUESTS}"))
    with pytest.raises(RefusedError, match="answered 404"):
        read(source(f"{prometheus_url}/elsewhere", "up"))


def test_a_server_below_a_path_that_wants_a_password_is_asked_with_it() -> None:
    with prometheus(oddities(), prefix="/prometheus", passwords=_HASH) as url:
        inside = url.replace("http://", "http://me:secret@")
        assert {row["value"] for row in read(source(inside, "odd"))} == {1.0, 3.0, 6.0}
        with pytest.raises(RefusedError, match=r"answered 401 to 'odd'") as refused:
            read(source(url.replace("http://", "http://me:wrong@"), "odd"))
    assert "wrong" not in str(refused.value)
    with pytest.raises(ConnectionError, match=f"^{url} does not answer") as gone:
        read(source(inside, "odd"))
    assert "secret" not in str(gone.value)


@contextmanager
def gate(behind: str, answers: list[tuple[int, bytes]], seen: list[str | None]) -> Iterator[str]:
    """A proxy that gives these answers of its own, and then those of the server behind it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.headers["Authorization"])
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if answers:
                status, text = answers.pop(0)
            else:
                headers = {"Content-Type": self.headers["Content-Type"]}
                answer = httpx.post(f"{behind}{self.path}", content=body, headers=headers)
                status, text = answer.status_code, answer.content
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


PARTIAL = b'{"status":"success","data":{"resultType":"matrix","result":[]},"warnings":["store down"]}'


def test_what_may_work_again_is_no_refusal(prometheus_url: str) -> None:
    failures = [
        (503, b'{"status":"error","errorType":"timeout","error":"query timed out"}', "503 .*: query timed out"),
        (502, b"<html>Bad Gateway</html>", "502 .*Bad Gateway"),
        (200, PARTIAL, "did not have all there is .store down."),
    ]
    seen: list[str | None] = []
    with gate(prometheus_url, [(status, text) for status, text, _ in failures], seen) as url:
        asked = source(url, "odd", token="abc")
        for *_, said in failures:
            with pytest.raises(ConnectionError, match=said):
                list(asked.parts(HOUR))
        assert read(asked) == read(source(prometheus_url, "odd"))
    assert set(seen) == {"Bearer abc"}


def test_another_server_is_no_prometheus(prometheus_url: str) -> None:
    with (
        gate(prometheus_url, [(200, b"hello")], []) as url,
        pytest.raises(RefusedError, match=r"is no Prometheus.*hello"),
    ):
        read(source(url, "odd"))


HISTOGRAMS = b"""{"status":"success","data":{"resultType":"matrix","result":[
  {"metric":{"__name__":"h"},"histograms":[[1772409600,{"count":"60","sum":"33588","buckets":[[0,"1","2","3"]]}]]}
]}}"""


def test_histograms_are_no_numbers(prometheus_url: str) -> None:
    with gate(prometheus_url, [(200, HISTOGRAMS)], []) as url, pytest.raises(ValueError, match="'h' gives histograms"):
        read(source(url, "h"))
