import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tailmass.feeds.elastic.config import LOGSTASH, ElkConfig, Indices, Search
from tailmass.feeds.rows import DAY_MS, Span

EXAMPLE = Path(__file__).parents[3] / "examples" / "apache-access.json"
JOB = {"dataDescription": {"format": "json", "timeField": "when"}}


def day(text: str) -> Span:
    since = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000
    return Span(since, since + DAY_MS)


def test_the_example_is_read() -> None:
    config = ElkConfig.read(EXAMPLE)
    assert config.job["id"] == "apache-access"
    assert config.indices == Indices(LOGSTASH)
    assert config.search.time_field == "@timestamp"
    assert config.search.body == {"_source": ["response", "@timestamp"]}


def test_the_type_may_be_left_out_and_the_index_may_be_said() -> None:
    config = ElkConfig.parse({"job_config": JOB, "search": {}, "index": "web-*"})
    assert config.indices == Indices("web-*")
    assert ElkConfig.parse({"job_config": JOB, "search": {}, "index": "web-*"}, index="logs").indices == Indices("logs")


@pytest.mark.parametrize(
    ("sort", "field"),
    [
        (None, "when"),
        ([], "when"),
        ("at", "at"),
        (["at"], "at"),
        ([{"at": "asc"}], "at"),
        ({"at": {"order": "ASC"}}, "at"),
        ([{"at": {"unmapped_type": "date"}}, "host"], "at"),
    ],
)
def test_rows_come_by_the_sort_or_by_the_time_of_the_job(sort: Any, field: str) -> None:
    search = {} if sort is None else {"sort": sort}
    assert ElkConfig.parse({"job_config": JOB, "search": search}).search.time_field == field


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ([], "not an object"),
        ({"search": {}}, "'job_config' is missing"),
        ({"job_config": JOB}, "'search' is missing"),
        ({"job_config": JOB, "search": {}, "serach": {}}, "'serach' is not known"),
        ({"job_config": {}, "search": {}}, 'rows are sent as "json"'),
        ({"job_config": JOB, "search": {"sort": [{"at": "desc"}]}}, "ascending"),
        ({"job_config": JOB, "search": {"sort": ["_score"]}}, "ascending"),
        ({"job_config": JOB, "search": {"aggs": {}}}, "'aggs', which is not about rows"),
        ({"job_config": JOB, "search": {"size": 0}}, "'size' of 'search' is 0"),
        ({"job_config": JOB, "search": {}, "index": "logs-%H"}, "has %H"),
        ({"job_config": JOB, "search": {}, "index": "logs/_doc"}, "no name of an index"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(tmp_path: Path, given: Any, complaint: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(given))
    with pytest.raises(ValueError, match=r"config\.json: .*") as refused:
        ElkConfig.read(path)
    assert complaint in str(refused.value)


def test_a_day_is_looked_for_in_the_indices_around_it() -> None:
    assert Indices(LOGSTASH).of(day("2026-03-01")) == "logstash-2026.02.28,logstash-2026.03.01,logstash-2026.03.02"
    assert Indices("web-%Y.%m").of(day("2026-03-15")) == "web-2026.03"
    assert Indices("web-%Y.%m").of(day("2026-03-31")) == "web-2026.03,web-2026.04"
    assert Indices("web-*").of(day("2026-03-31")) == "web-*"
    assert Indices("web-%Y.%m.%d").of(Span(0, 100 * DAY_MS)) == "web-*.*.*"


def test_the_time_is_added_to_the_query_of_the_search() -> None:
    search = Search.parse({"query": {"term": {"a": 1}}, "_source": ["a"]}, time_field="at")
    span = {"range": {"at": {"gte": 5, "lt": 9, "format": "epoch_millis"}}}
    assert search.asking(Span(5, 9), size=3) == {
        "_source": ["a"],
        "query": {"bool": {"filter": [{"term": {"a": 1}}, span]}},
        "size": 3,
    }
