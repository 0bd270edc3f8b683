"""Results in a real Elasticsearch and a real OpenSearch."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tailmass.feeds.elastic.server import ElasticServer
from tailmass.feeds.elastic.sink import PROPERTIES, TIMED, Kind, Place, Result, ResultSink, entries
from tailmass.results import Bucket, Category, Influencer, Record
from tailmass.results.bucket import BucketInfluencer
from tailmass.results.evidence import COLUMNS

START = 1_403_568_000  # 2014-06-24T00:00:00Z
HOUR = 3600


def record(hour: int, host: str, score: float, **more: Any) -> Record:
    return Record(
        timestamp=START + hour * HOUR,
        bucket_span=HOUR,
        detector_index=0,
        function="mean",
        function_description="mean",
        field_name="ms",
        by_field_name="host",
        by_field_value=host,
        probability=2.22507e-308,
        anomaly_score=score,
        normalized_probability=score,
        actual=10.5,
        typical=3.0,
        influencers=json.dumps([{"influencerFieldName": "data.center", "influencerFieldValues": ["east", "west"]}]),
        **more,
    )


def bucket(hour: int, *records: Record) -> Result:
    at, worst = START + hour * HOUR, max((each.normalized_probability for each in records), default=0.0)
    whose = (BucketInfluencer("bucketTime", worst, 0.01), BucketInfluencer("data.center", worst, 0.01))
    blamed = [Influencer(at, HOUR, "data.center", "east", 0.01, worst)] if records else []
    empty = Bucket(at, HOUR, worst, worst, len(records), 100, series_watched=7, bucket_influencers=whose)
    return empty.expanded(records, blamed).document(native=True)


HOURS = [bucket(hour, *([record(hour, f"h{hour % 3}", 10.0 * hour)] if hour % 2 else [])) for hour in range(8)]


@pytest.fixture
def sink(elastic_url: str, request: pytest.FixtureRequest) -> Iterator[ResultSink]:
    """A sink with indices of its own."""
    name = request.node.name.partition("[")[0].replace("_", "-")[:60]
    made = ResultSink(ElasticServer(elastic_url), "web", index=name)
    yield made
    made.close()


def ask(sink: ResultSink, path: str, body: Any = None) -> Any:
    url = sink._server.url
    httpx.post(f"{url}/{sink.indices}/_refresh", timeout=60).raise_for_status()
    answer = httpx.request("GET", f"{url}/{path}", json=body, timeout=60)
    answer.raise_for_status()
    return answer.json()


def there(sink: ResultSink) -> dict[str, Any]:
    """All documents by their ids, without when they were written."""
    hits = ask(sink, f"{sink.indices}/_search", {"size": 1000})["hits"]["hits"]
    documents = {hit["_id"]: hit["_source"] for hit in hits}
    return {name: {key: value for key, value in each.items() if key != "pushed"} for name, each in documents.items()}


def counts(sink: ResultSink) -> list[int]:
    return [sum(each["resultType"] == kind.name.lower() for each in there(sink).values()) for kind in TIMED]


def test_every_field_of_a_result_is_one_that_can_be_asked_for() -> None:
    cause = {"byFieldName": "host", "byFieldValue": "h1", "probability": 0.1, "actual": [1, 2], "influencers": []}
    everything: dict[str, Any] = {
        "correlated_by_field_value": "h2",
        "kind": "spike",
        "lower": 1.0,
        "upper": 2.0,
        "largest_of": 5,
        "events_per_week": 0.1,
        "multi_bucket_impact": 1.0,
        "partition_field_name": "site",
        "partition_field_value": "x",
        **dict.fromkeys(COLUMNS, 1.0),
    }
    single = record(0, "h1", 50.0, **everything)
    population = replace(single, over_field_name="user", over_field_value="u1", causes=json.dumps([cause]))
    told = list(entries("web", bucket(0, single, population)))
    assert [entry.kind for entry in told] == [Kind.RECORD, Kind.RECORD, Kind.INFLUENCER, Kind.BUCKET]
    for entry in told:
        assert not list(unknown(entry.document, PROPERTIES[entry.kind]))
    category = Category(1, "terms", "regex", 10, ("example",)).document(native=True)
    assert not list(unknown(category, PROPERTIES[Kind.CATEGORY]))


def unknown(document: dict[str, Any], properties: dict[str, Any]) -> Iterator[str]:
    for name, value in document.items():
        if name not in properties:
            yield name
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict) and name != "fields":
                yield from unknown(inner, properties[name]["properties"])


def test_what_dashboards_ask_for_is_answered(sink: ResultSink) -> None:
    assert sink.begin(0) == Place(None, None)
    sink.write(HOURS)
    worst = {"worst": {"max": {"field": "normalizedProbability"}}}
    lane = {"date_histogram": {"field": "timestamp", "fixed_interval": "1h"}, "aggs": worst}
    for field in ("byFieldValue", "fields.host"):
        asked = {"size": 0, "aggs": {"lanes": {"terms": {"field": field}, "aggs": {"cells": lane}}}}
        lanes = ask(sink, f"{sink.indices}/_search", asked)["aggregations"]["lanes"]["buckets"]
        cells = {
            (each["key"], cell["key_as_string"]): cell["worst"]["value"]
            for each in lanes
            for cell in each["cells"]["buckets"]
            if cell["doc_count"]
        }
        assert cells == {
            ("h1", "2014-06-24T01:00:00.000Z"): 10.0,
            ("h0", "2014-06-24T03:00:00.000Z"): 30.0,
            ("h2", "2014-06-24T05:00:00.000Z"): 50.0,
            ("h1", "2014-06-24T07:00:00.000Z"): 70.0,
        }
    blamed = {"query": {"term": {"fields.data_center": "west"}}, "size": 0}
    assert ask(sink, f"{sink.indices}/_search", blamed)["hits"]["total"]["value"] == 4


def test_lists_and_causes_can_be_asked_for(sink: ResultSink) -> None:
    causes = [{"byFieldName": "page", "byFieldValue": each, "actual": [51.5, -0.1]} for each in ("/a", "/b")]
    crowd = record(1, "h1", 80.0, over_field_name="user", over_field_value="2026-01-01", causes=json.dumps(causes))
    place = replace(record(1, "h2", 70.0), actual_longitude=-0.1, typical_longitude=3.0)
    sink.begin(0)
    sink.write([bucket(1, crowd, place)])
    asked = {"size": 0, "aggs": {"pages": {"terms": {"field": "causes.byFieldValue"}}}}
    pages = ask(sink, f"{sink.indices}/_search", asked)["aggregations"]["pages"]["buckets"]
    assert [(each["key"], each["doc_count"]) for each in pages] == [("/a", 1), ("/b", 1)]
    found = {each["fields"]["host"][0]: each for each in there(sink).values() if each["resultType"] == "record"}
    assert found["h1"]["fields"]["user"] == ["2026-01-01"]  # not a date, whatever it looks like
    assert found["h1"]["fields"]["page"] == ["/a", "/b"]
    assert found["h2"]["actual"] == [10.5, -0.1]
    assert found["h2"]["probability"] == 2.22507e-308


def test_what_is_written_twice_is_there_once(sink: ResultSink) -> None:
    twins = bucket(9, record(9, "h1", 10.0), record(9, "h1", 20.0))
    for _ in range(2):
        sink.begin(0)
        sink.write([*HOURS, twins])
        sink.write_categories([Category(1, "terms", "regex", 10, ("example",)).document()])
        assert sink.remove(TIMED) == sink.remove([Kind.CATEGORY]) == 0
    assert counts(sink) == [9, 6, 5]
    assert there(sink)["web_category_1"]["examples"] == ["example"]


def test_what_is_no_more_is_removed_where_it_was_looked_for(sink: ResultSink) -> None:
    other = ResultSink(sink._server, "other", index=sink.indices.removesuffix("-*"))
    for each in (sink, other):
        each.begin(0)
        each.write(HOURS)
    sink.begin(0)
    sink.write([HOURS[1], bucket(2), bucket(3)])  # hour 3 had a record and an influencer, hour 4 was there
    assert sink.remove(TIMED, (START + HOUR) * 1000, (START + 5 * HOUR) * 1000) == 3
    mine = [name for name in there(sink) if name.startswith("web_")]
    assert len(mine) == 8 + 4 + 4 - 3
    assert f"web_bucket_{START + 4 * HOUR}" not in mine
    assert len(there(sink)) - len(mine) == 8 + 4 + 4
    assert sink.begin(0).newest_ms == (START + 7 * HOUR) * 1000
    assert sink.remove(TIMED) == 13


def test_a_run_that_goes_on_begins_a_hundred_buckets_before_the_newest(sink: ResultSink) -> None:
    sink.begin(0)
    sink.write([bucket(hour) for hour in range(130)])
    assert sink.begin(0) == Place((START + 129 * HOUR) * 1000, (START + 30 * HOUR) * 1000)


def test_only_results_from_a_score_upwards_are_written(sink: ResultSink) -> None:
    high = ResultSink(sink._server, "web", index=sink.indices.removesuffix("-*"), min_score=40.0)
    high.begin(0)
    high.write([*HOURS, bucket(8, record(8, "h1", 90.0), record(8, "h2", 20.0))])
    assert counts(high) == [3, 3, 3]


def test_a_document_that_is_refused_is_told_and_the_others_are_there(sink: ResultSink) -> None:
    sink.begin(0)
    sink.write([HOURS[0], HOURS[1] | {"bucketSpan": "an hour"}, HOURS[2]])
    assert sink.refused == 1
    assert "bucketSpan" in sink.refusal
    assert "an hour" in sink.refusal
    assert counts(sink)[0] == 2


def test_a_server_without_room_may_take_documents_later(sink: ResultSink) -> None:
    sink.begin(0)
    full(sink, True)
    with pytest.raises(ConnectionError, match="could not take all documents"):
        sink.write(HOURS)
    full(sink, None)
    sink.write(HOURS)
    assert counts(sink) == [8, 4, 4]
    assert sink.sent[Kind.BUCKET] == 8


def full(sink: ResultSink, yes: bool | None) -> None:
    """Do what a server does whose disk is full."""
    settings = {"index.blocks.read_only_allow_delete": yes}
    httpx.put(f"{sink._server.url}/{sink.indices}/_settings", json=settings, timeout=60).raise_for_status()


def test_indices_of_an_older_version_learn_new_fields(sink: ResultSink) -> None:
    name = sink.indices.replace("*", Kind.RECORD)
    old = {"mappings": {"dynamic": False, "properties": {"jobId": {"type": "keyword", "ignore_above": 8191}}}}
    httpx.put(f"{sink._server.url}/{name}", json=old, timeout=60).raise_for_status()
    sink.begin(0)
    properties = ask(sink, f"{name}/_mapping")[name]["mappings"]["properties"]
    assert set(PROPERTIES[Kind.RECORD]) <= set(properties)


def test_an_index_of_something_else_is_left_alone(sink: ResultSink) -> None:
    name = sink.indices.replace("*", Kind.BUCKET)
    other = {"mappings": {"properties": {"timestamp": {"type": "text"}}}}
    httpx.put(f"{sink._server.url}/{name}", json=other, timeout=60).raise_for_status()
    with pytest.raises(ValueError, match="give another --index"):
        sink.begin(0)


def test_a_name_that_no_index_can_have_is_refused() -> None:
    with pytest.raises(ValueError, match="'Results' does not begin a name of an index"):
        ResultSink(ElasticServer("http://127.0.0.1:9"), "web", index="Results")
