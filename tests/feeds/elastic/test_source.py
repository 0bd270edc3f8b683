"""Reading a real Elasticsearch and a real OpenSearch."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from tailmass.feeds.elastic.config import Indices, Search
from tailmass.feeds.elastic.server import ElasticServer
from tailmass.feeds.elastic.source import Elastic
from tailmass.feeds.httpserver import RefusedError
from tailmass.feeds.rows import DAY_MS, Row, Span
from tests.elastic import fill

START = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp()) * 1000
DAYS = Span(START, START + 3 * DAY_MS)


def rows(count: int, step_ms: int, start_ms: int = START) -> list[Row]:
    """Rows a step apart; with a step of nothing all are of the same time."""
    return [{"@timestamp": iso(start_ms + n * step_ms), "n": n} for n in range(count)]


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture
def reading(elastic_url: str) -> Iterator["Reading"]:
    opened = Reading(elastic_url)
    yield opened
    for each in opened.open:
        each.close()


class Reading:
    """What opens sources, and closes them in the end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.open: list[Elastic] = []

    def __call__(self, index: str, *, scroll: bool | None = None, timeout: float = 60.0, **search: object) -> Elastic:
        asked = Search.parse(search, time_field="@timestamp")
        self.open.append(Elastic(ElasticServer(self.url, timeout=timeout), Indices(index), asked, scroll=scroll))
        return self.open[-1]


def read(source: Elastic, span: Span = DAYS) -> list[int]:
    return [row["n"] for part in source.parts(span) for row in part.rows]


@pytest.fixture(scope="session")
def crowded(elastic_url: str) -> str:
    """An index of four shards in which 40 rows share each of 5 milliseconds."""
    settings = {"settings": {"number_of_shards": 4, "number_of_replicas": 0}}
    httpx.put(f"{elastic_url}/crowded", json=settings, timeout=60).raise_for_status()
    fill(elastic_url, "crowded", [row | {"n": n} for n, row in enumerate(rows(5, 1000) * 40)])
    return "crowded"


@pytest.mark.parametrize("size", [1, 7, 40, 1000])
def test_pages_that_end_among_rows_of_the_same_time_lose_none(reading: Reading, crowded: str, size: int) -> None:
    read_so = read(reading(crowded, size=size))
    assert sorted(read_so) == list(range(200))
    assert [n % 5 for n in read_so] == sorted(n % 5 for n in read_so)


def test_the_order_depends_neither_on_pages_nor_on_how_they_are_asked_for(reading: Reading, crowded: str) -> None:
    expected = read(reading(crowded, size=1000))
    assert read(reading(crowded, size=3)) == expected
    assert read(reading(crowded, size=3, scroll=True)) == expected


def test_no_two_parts_share_a_time(reading: Reading, crowded: str) -> None:
    source = reading(crowded, size=7)
    since = DAYS.since_ms
    for part in source.parts(DAYS):
        assert len(part.rows) == source.count(Span(since, part.until_ms))
        since = part.until_ms
    assert since == DAYS.until_ms


def test_fractions_of_milliseconds_are_neither_lost_nor_read_twice(reading: Reading) -> None:
    mapping = {"mappings": {"properties": {"@timestamp": {"type": "date_nanos"}}}}
    httpx.put(f"{reading.url}/nanos", json=mapping, timeout=60).raise_for_status()
    fill(reading.url, "nanos", [{"@timestamp": f"2026-03-02T00:00:00.00{n // 4}{n % 4}5Z", "n": n} for n in range(16)])
    source = reading("nanos", size=2)
    assert sorted(read(source)) == list(range(16))
    halves = Span(START, START + 2), Span(START + 2, START + 1000)
    assert [sorted(read(source, half)) for half in halves] == [list(range(8)), list(range(8, 16))]


def test_indices_of_days_are_read_by_the_times_of_their_rows(reading: Reading) -> None:
    fill(reading.url, "daily-2026.03.02", rows(5, 60_000, START))
    fill(reading.url, "daily-2026.03.04", rows(5, 60_000, START + DAY_MS))  # the day of another clock
    source = reading("daily-%Y.%m.%d")
    assert source.span() == Span(START, START + DAY_MS + 4 * 60_000 + 1)
    assert [source.count(day) for day in DAYS.days()] == [5, 5, 0]
    assert read(source) == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]


def test_what_does_not_exist_is_empty(reading: Reading) -> None:
    for pattern in ("nothing-%Y.%m.%d", "nothing-*", "nothing"):
        source = reading(pattern)
        assert source.span() is None
        assert source.count(DAYS) == 0


def test_a_data_stream_is_read(reading: Reading) -> None:
    if not has_data_streams(reading.url):
        pytest.skip("the packages of Elasticsearch come without data streams")
    template = {"index_patterns": ["flow*"], "data_stream": {}}
    httpx.put(f"{reading.url}/_index_template/flow", json=template, timeout=60).raise_for_status()
    fill(reading.url, "flow", rows(5, 60_000), create=True)
    assert read(reading("flow")) == [0, 1, 2, 3, 4]


def has_data_streams(url: str) -> bool:
    return httpx.get(f"{url}/_data_stream", timeout=60).status_code == 200


def test_the_query_and_the_filter_of_old_choose_rows(reading: Reading, crowded: str) -> None:
    few = {"range": {"n": {"lt": 10}}}
    assert sorted(read(reading(crowded, query=few))) == list(range(10))
    assert sorted(read(reading(crowded, filter=few, query={"match_all": {}}))) == list(range(10))
    assert reading(crowded, query=few).count(DAYS) == 10


def test_fields_that_are_asked_for_are_there_without_their_arrays(reading: Reading, crowded: str) -> None:
    source = reading(crowded, _source=False, docvalue_fields=["n"], query={"term": {"n": 3}})
    assert [part.rows for part in source.parts(DAYS) if part.rows] == [[{"n": 3}]]


def test_what_the_server_refuses_is_told_in_its_words(reading: Reading, crowded: str) -> None:
    with pytest.raises(RefusedError, match=r"answered 400 .* no \[query\] registered for \[mtach_all\]|unknown query"):
        reading(crowded, query={"mtach_all": {}}).count(DAYS)


def test_nothing_is_held_in_the_server_afterwards(reading: Reading, crowded: str) -> None:
    before = held(reading.url)  # others may have been killed before they let go
    read(reading(crowded, size=50))
    read(reading(crowded, size=50, scroll=True))
    assert held(reading.url) <= before


def held(url: str) -> int:
    nodes = httpx.get(f"{url}/_nodes/stats/indices/search", timeout=60).json()["nodes"]
    return sum(node["indices"]["search"]["open_contexts"] for node in nodes.values())


def test_a_server_that_is_not_there_may_come_back() -> None:
    source = Elastic(ElasticServer("http://127.0.0.1:9"), Indices("any"), Search("@timestamp"))
    with pytest.raises(ConnectionError, match=r"http://127\.0\.0\.1:9 does not answer"):
        source.span()


def test_another_server_is_none_of_these(lasting_server: object) -> None:
    url = lasting_server.url  # type: ignore[attr-defined]
    source = Elastic(ElasticServer(f"{url}/docs"), Indices("any"), Search("@timestamp"))
    with pytest.raises((ConnectionError, RefusedError), match="/docs"):
        source.span()
    source.close()


def test_a_password_is_in_no_message() -> None:
    server = ElasticServer("http://me:secret@127.0.0.1:9")
    assert "secret" not in server.url
    with pytest.raises(ConnectionError) as refused:
        server.ask("GET", "/")
    assert "secret" not in str(refused.value)
