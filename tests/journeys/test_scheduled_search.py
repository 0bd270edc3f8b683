"""Jobs that fetch their rows from Elasticsearch and OpenSearch by themselves."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import httpx
import pytest

from tailmass.client import Client
from tailmass.errors import CannotStartScheduler, DataError, EngineError
from tests.door import Door
from tests.doorkeeper import doorkeeper
from tests.elastic import fill

if TYPE_CHECKING:
    from tests.conftest import Running, ServerProcess, Serving

BEGIN_MS = 1_463_011_200_000
"""A midnight."""
STEP_MS = 20_000
ROWS = 6000
PATIENCE = 60.0
LOOKED_BACK = "Scheduler has looked back, and continues in real time"

# One that has points in time, and one that is scrolled; tests/feeds reads all there are.
pytestmark = pytest.mark.parametrize("elastic_url", ["elasticsearch8", "opensearch2"], indirect=True, scope="session")

MAPPING = {
    "properties": {
        "@timestamp": {"type": "date"},
        "airline": {"type": "text", "fields": {"keyword": {"type": "keyword"}}},
        "ms": {"type": "double"},
        "at": {"properties": {"airport": {"type": "keyword"}}},
    }
}


def document(n: int) -> dict[str, Any]:
    """A document; three share each time, and one of them has an hour that is unlike the others."""
    airline = ("AAL", "JZA", "KLM")[n % 3]
    slow = 400 if airline == "JZA" and 4800 <= n < 4980 else 0
    return {
        "@timestamp": BEGIN_MS + n // 3 * STEP_MS,
        "airline": airline,
        "ms": 100 + n * 7919 % 23 + slow,
        "at": {"airport": "AMS"},
        "note": "x" * 20,
    }


@pytest.fixture(scope="session")
def responses(elastic_url: str) -> str:
    """The URL of a server with two indices of documents."""
    for part in range(2):
        settings = {"settings": {"number_of_shards": 2, "number_of_replicas": 0}, "mappings": MAPPING}
        httpx.put(f"{elastic_url}/responses-{part}", json=settings, timeout=60).raise_for_status()
        fill(elastic_url, f"responses-{part}", [document(n) for n in range(ROWS) if n % 2 == part])
    return elastic_url


class Api(Client):
    """A client that says where it goes."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


@pytest.fixture
def client(server: "Running") -> Api:
    return Api(server.url)


def configuration(
    url: str,
    job_id: str = "fed",
    *,
    analysis: dict[str, Any] | None = None,
    indexes: str = "responses-*",
    **search: Any,
) -> dict[str, Any]:
    detectors = [{"function": "mean", "fieldName": "ms", "byFieldName": "airline"}]
    source = {"dataSource": "ELASTICSEARCH", "dataSourceCompatibility": "2.x.x", "baseUrl": url, "indexes": [indexes]}
    return {
        "id": job_id,
        "analysisConfig": {"bucketSpan": 600, "detectors": detectors, "influencers": ["airline"], **(analysis or {})},
        "dataDescription": {"format": "ELASTICSEARCH", "timeField": "@timestamp"},
        "schedulerConfig": {**source, "types": [], **search},
    }


def patiently(true: Callable[[], bool], client: Api) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, told(client)
        time.sleep(0.02)


def counts(client: Api, job_id: str = "fed") -> dict[str, Any]:
    found: dict[str, Any] = client.jobs.get(job_id)["counts"]
    return found


def told(client: Api, job_id: str = "fed") -> list[str]:
    """What the audit says of a job, from the first."""
    with urlopen(f"{client.url}/engine/v3/audit/{job_id}?take=1000") as answer:
        return [each["message"] for each in json.load(answer)["documents"]][::-1]


def look_back(client: Api, job_id: str = "fed") -> dict[str, Any]:
    """Read all there is, and close the job."""
    client.schedulers.start(job_id, end=BEGIN_MS // 1000 + ROWS * STEP_MS // 1000)
    patiently(lambda: client.jobs.get(job_id)["schedulerStatus"] == "STOPPED", client)
    return counts(client, job_id)


def results(client: Api, job_id: str) -> tuple[list[Any], list[Any]]:
    buckets = [{**each, "timestamp": str(each["timestamp"])} for each in client.results.buckets(job_id)]
    return buckets, list(client.results.records(job_id))


def uploaded(client: Api, config: dict[str, Any], rows: list[dict[str, Any]]) -> tuple[list[Any], list[Any]]:
    """What the same job finds in rows that are sent to it."""
    description = {"format": "JSON", "timeField": "@timestamp", "timeFormat": "epoch_ms"}
    sent = {**config, "id": "sent", "dataDescription": description}
    del sent["schedulerConfig"]
    client.jobs.create(sent)
    client.data.upload("sent", json.dumps(rows))
    client.data.close("sent")
    return results(client, "sent")


def test_it_finds_what_an_upload_of_the_documents_finds(responses: str, client: Api) -> None:
    config = configuration(responses, query={"term": {"at.airport": "AMS"}}, scrollSize=100)
    client.jobs.create(config)
    there = look_back(client)
    assert there["inputRecordCount"] == there["processedRecordCount"] == ROWS
    assert there["missingFieldCount"] == there["outOfOrderTimeStampCount"] == 0
    assert there["inputFieldCount"] == 3 * ROWS  # nothing is fetched that nobody wants
    expected = uploaded(client, config, [document(n) for n in range(ROWS)])
    assert results(client, "fed") == expected
    assert len(expected[0]) > 60
    assert expected[1][0]["byFieldValue"] == "JZA"
    assert told(client)[1:3] == [
        "Scheduler started from the earliest data to 2016-05-13T09:20:00.000+0000",
        "Job opened",
    ]


def test_parts_of_fields_and_whole_documents_are_fetched(responses: str, client: Api) -> None:
    by = [{"function": "mean", "fieldName": "ms", "byFieldName": "airline.keyword", "partitionFieldName": "at.airport"}]
    analysis = {"detectors": by, "influencers": ["at.airport"]}
    found = []
    for job_id, whole in (("fed", False), ("whole", True)):
        client.jobs.create(configuration(responses, job_id, analysis=analysis, retrieveWholeSource=whole))
        there = look_back(client, job_id)
        assert (there["processedRecordCount"], there["missingFieldCount"]) == (ROWS, 0)
        found.append(results(client, job_id)[1])
    assert counts(client, "whole")["inputFieldCount"] > counts(client, "fed")["inputFieldCount"]
    assert [each["byFieldValue"] for each in found[0]] == [each["byFieldValue"] for each in found[1]]
    assert found[0][0]["byFieldValue"] == "JZA"


def test_script_fields_are_fields(responses: str, client: Api) -> None:
    scripts = {"s": {"script": "doc['ms'].value / 1000"}}
    if httpx.post(f"{responses}/responses-0/_search", json={"script_fields": scripts}, timeout=60).is_error:
        pytest.skip("the package of this server comes without a language for scripts")
    detectors = [{"function": "max", "fieldName": "s"}]
    client.jobs.create(configuration(responses, analysis={"detectors": detectors}, script_fields=scripts))
    there = look_back(client)
    assert (there["processedRecordCount"], there["missingFieldCount"]) == (ROWS, 0)
    [worst, *_] = client.results.records("fed")
    assert 0.5 <= worst["actual"] < 0.6


AGGREGATIONS = {
    "buckets": {
        "date_histogram": {"field": "@timestamp", "interval": "5m"},
        "aggs": {
            "airline": {"terms": {"field": "airline.keyword", "size": 5}, "aggs": {"ms": {"avg": {"field": "ms"}}}}
        },
    }
}
SUMMARISED = {"summaryCountFieldName": "doc_count"}


def summaries() -> list[dict[str, Any]]:
    """What the aggregations make of the documents, made by hand."""
    groups = defaultdict(list)
    for row in map(document, range(ROWS)):
        groups[row["@timestamp"] // 300_000 * 300_000, row["airline"]].append(row["ms"])
    return [
        {"@timestamp": at, "airline": airline, "ms": sum(values) / len(values), "doc_count": len(values)}
        for (at, airline), values in sorted(groups.items())
    ]


def test_aggregations_find_what_an_upload_of_the_same_summaries_finds(responses: str, client: Api) -> None:
    config = configuration(responses, analysis=SUMMARISED, aggregations=AGGREGATIONS)
    client.jobs.create(config)
    there = look_back(client)
    expected = summaries()
    assert there["inputRecordCount"] == there["processedRecordCount"] == len(expected)
    found, by_hand = results(client, "fed"), uploaded(client, config, expected)
    assert rounded(found) == rounded(by_hand)
    assert found[1][0]["byFieldValue"] == "JZA"


def rounded(found: Any) -> Any:
    """Without the last digits of decimals: a server adds up in another order."""
    return json.loads(json.dumps(found), parse_float=lambda text: f"{float(text):.9g}")


def test_a_server_that_makes_few_buckets_is_asked_for_few_at_once(responses: str, client: Api) -> None:
    few = {"transient": {"search.max_buckets": 40}}
    httpx.put(f"{responses}/_cluster/settings", json=few, timeout=60).raise_for_status()
    try:
        client.jobs.create(configuration(responses, analysis=SUMMARISED, aggs=AGGREGATIONS))
        assert look_back(client)["processedRecordCount"] == len(summaries())
    finally:
        back = {"transient": {"search.max_buckets": None}}
        httpx.put(f"{responses}/_cluster/settings", json=back, timeout=60).raise_for_status()


def test_summaries_of_intervals_that_are_not_over_wait(responses: str, client: Api) -> None:
    client.jobs.create(configuration(responses, analysis=SUMMARISED, aggregations=AGGREGATIONS))
    begin, latest = BEGIN_MS // 1000, "2016-05-12T00:05:00.000+0000"
    for start, end, count in ((begin + 1, begin + 899, 3), (None, begin + 1200, 9)):
        client.schedulers.start("fed", start=start, end=end)
        patiently(lambda: client.jobs.get("fed")["schedulerStatus"] == "STOPPED", client)
        assert counts(client)["processedRecordCount"] == count
        assert counts(client)["latestRecordTimeStamp"] == latest
        latest = "2016-05-12T00:15:00.000+0000"


class Live:
    """Documents that come in while they are looked for, numbered."""

    def __init__(self, url: str, index: str) -> None:
        self.url, self.index, self.count = url, index, 0
        httpx.put(f"{url}/{index}", json={"mappings": MAPPING}, timeout=60).raise_for_status()

    def come(self, count: int, *, late: float = 0.0) -> None:
        """Index some documents of about now, of which each is late by up to so many seconds."""
        now = time.time()
        rows = [
            {"@timestamp": int((now - late * k / count) * 1000), "airline": "AAL", "ms": self.count + k}
            for k in range(count)
        ]
        fill(self.url, self.index, rows)
        self.count += count

    def configuration(self, **search: Any) -> dict[str, Any]:
        detectors = [{"function": "sum", "fieldName": "ms"}]
        analysis = {"bucketSpan": 2, "detectors": detectors, "influencers": []}
        timing = {"frequency": 1, "queryDelay": 2, **search}
        return configuration(self.url, analysis=analysis, indexes=self.index, **timing)

    def all_there(self, client: Api) -> bool:
        there = counts(client)
        assert there["inputRecordCount"] == there["processedRecordCount"] <= self.count
        return bool(there["inputRecordCount"] == self.count)


@pytest.fixture
def live(elastic_url: str, tmp_path: Path) -> Live:
    return Live(elastic_url, f"live-{tmp_path.name.lower()}-{time.time_ns()}")


def test_after_looking_back_it_goes_on_with_what_comes(live: Live, client: Api) -> None:
    client.jobs.create(live.configuration())
    live.come(50, late=40)
    client.schedulers.start("fed")
    patiently(lambda: LOOKED_BACK in told(client), client)
    for _ in range(5):
        live.come(40, late=1)
        time.sleep(0.5)
    patiently(lambda: live.all_there(client), client)
    assert any(client.results.buckets("fed", include_interim=True))
    client.schedulers.stop("fed")

    live.come(30, late=1)  # while nobody asks
    client.schedulers.start("fed")
    live.come(30, late=1)
    patiently(lambda: live.all_there(client), client)
    client.schedulers.stop("fed")
    client.data.close("fed")
    in_buckets = sum(each["eventCount"] for each in client.results.buckets("fed"))
    assert live.count - 60 <= in_buckets <= live.count  # the last bucket is open


def test_a_server_that_is_killed_goes_on_where_it_was_saved(live: Live, server_process: "ServerProcess") -> None:
    client = Api(server_process.url)
    client.jobs.create(live.configuration(scrollSize=10))
    live.come(100, late=60)
    client.schedulers.start("fed")
    patiently(lambda: live.all_there(client), client)
    live.come(20)
    server_process.kill()
    live.come(20)
    server_process.start()
    patiently(lambda: live.all_there(client), client)
    assert client.jobs.get("fed")["schedulerStatus"] == "STARTED"


def test_it_waits_for_a_server_that_is_away(live: Live, client: Api) -> None:
    live.come(50, late=30)
    way = Door(live.url)
    client.jobs.create(live.configuration(baseUrl=way.url))
    client.schedulers.start("fed")
    patiently(lambda: live.all_there(client), client)
    way.shut()
    live.come(10)
    patiently(lambda: any("is tried again" in each for each in told(client)), client)
    way.open()
    patiently(lambda: live.all_there(client), client)
    patiently(lambda: "Scheduler has recovered" in told(client), client)
    client.schedulers.stop("fed")
    way.shut()
    [trouble] = [each for each in told(client) if "is tried again" in each]
    assert trouble.startswith(f"Data cannot be read, and is tried again: {way.url} does not answer")


def test_it_shows_its_password_to_the_server_and_to_nobody_else(responses: str, server: "Running", client: Api) -> None:
    with doorkeeper(responses, password="bob:open:sesame") as way:
        client.jobs.create(configuration(way.url, username="bob", password="open:sesame"))
        assert look_back(client)["processedRecordCount"] == ROWS
        wrong = configuration(way.url, "wrong", username="bob", password="abracadabra")
        for given in (wrong, configuration(way.url, "none")):
            client.jobs.create(given)
            with pytest.raises(CannotStartScheduler, match=r"answered 401.*unable to authenticate") as refused:
                client.schedulers.start(given["id"])
            assert "abracadabra" not in str(refused.value)
        sealed = client.jobs.get("fed")["schedulerConfig"]
        client.jobs.create({**configuration(way.url, "again"), "schedulerConfig": sealed})
        assert look_back(client, "again")["processedRecordCount"] == ROWS
        assert client.jobs.get("again")["schedulerConfig"] == sealed
    said = json.dumps([client.jobs.get(each) for each in ("fed", "wrong")]) + "".join(
        told(client) + told(client, "wrong")
    )
    kept = b"".join(each.read_bytes() for each in server.home.rglob("*") if each.is_file())
    for secret in ("open:sesame", "abracadabra", "Ym9iOm9wZW46c2VzYW1l"):
        assert secret not in said
        assert secret.encode() not in kept


def test_what_cannot_be_asked_is_refused_at_the_start(responses: str, client: Api) -> None:
    too_old = {"b": {"date_histogram": {"field": "@timestamp", "interval": "month"}}}
    unknown = {"b": {"date_histogram": {"field": "@timestamp", "interval": "1h"}, "aggs": {"x": {"medium": {}}}}}
    bad: list[tuple[dict[str, Any], str]] = [
        ({"query": {"mtach_all": {}}}, "mtach_all"),
        ({"baseUrl": "http://127.0.0.1:9/"}, "does not answer"),
        ({"query": {"match_all": {}}, "dataDescription": {"format": "ELASTICSEARCH"}}, "set 'timeField'"),
        ({"indexes": ["a b"]}, "no name of an index"),
        ({"aggregations": too_old}, "months and years"),
        ({"aggregations": unknown}, "medium"),
        ({"username": "bob", "encryptedPassword": "of another server"}, "secret.key"),
    ]
    for number, (search, said) in enumerate(bad):
        config = configuration(responses, f"bad-{number}", analysis=SUMMARISED)
        config["dataDescription"] = search.pop("dataDescription", config["dataDescription"])
        config["schedulerConfig"] |= search
        client.jobs.create(config)
        with pytest.raises(CannotStartScheduler, match=said):
            client.schedulers.start(f"bad-{number}")


def test_a_job_that_fetches_is_not_sent_anything(responses: str, client: Api) -> None:
    client.jobs.create(configuration(responses))
    with pytest.raises(DataError, match="only fetched by a scheduler"):
        client.data.upload("fed", json.dumps({"hits": {"hits": []}}))
    with pytest.raises(EngineError, match="only fetched by a scheduler"):
        client.data.preview("fed", json.dumps({"hits": {"hits": []}}))


@pytest.fixture
def guarded(serving: "Serving", tmp_path: Path) -> Iterator[Api]:
    """A server whose schedulers may ask one host only, which is not the one of the tests."""
    with serving(tmp_path / "guarded", scheduler={"hosts": ("es-1.example.com:9200",)}) as running:
        yield Api(running.url)


def test_hosts_that_schedulers_may_not_ask_are_not_asked(responses: str, guarded: Api) -> None:
    with doorkeeper(responses) as way:
        guarded.jobs.create(configuration(way.url))
        with pytest.raises(CannotStartScheduler, match="TAILMASS_SCHEDULER__HOSTS"):
            guarded.schedulers.start("fed")
        assert way.knocks == 0
