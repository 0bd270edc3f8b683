from typing import Any

import pytest

from tailmass.errors import (
    EngineError,
    JobConfigParseError,
    JobConfigUnknownField,
    SchedulerFieldNotSupported,
    SchedulerIncompleteCredentials,
    SchedulerInvalidOption,
    SchedulerMultiplePasswords,
    SchedulerUnknownDataSource,
)
from tailmass.jobs import SchedulerConfig

ELASTICSEARCH: dict[str, Any] = {
    "dataSource": "ELASTICSEARCH",
    "dataSourceCompatibility": "2.x.x",
    "baseUrl": "http://localhost:9200/",
    "indexes": ["logs-*"],
    "types": ["doc"],
}
FILLED_IN = {"query": {"match_all": {}}, "queryDelay": 60, "retrieveWholeSource": False, "scrollSize": 1000}


def test_what_elasticsearch_is_asked_by_default_is_filled_in() -> None:
    assert SchedulerConfig.parse(ELASTICSEARCH).document() == {**ELASTICSEARCH, **FILLED_IN}


def test_a_file_is_the_default_and_is_not_followed_by_default() -> None:
    echoed = {"dataSource": "FILE", "filePath": "/data.csv", "tailFile": False}
    assert SchedulerConfig.parse({"filePath": "/data.csv"}).document() == echoed
    assert SchedulerConfig(file_path="/data.csv").document() == echoed


def test_what_is_set_is_kept() -> None:
    asked = {
        **ELASTICSEARCH,
        "query": {"term": {"a": None}},
        "queryDelay": 0,
        "frequency": 1,
        "scrollSize": 0,
        "retrieveWholeSource": True,
        "aggs": {"x": {}},
        "encryptedPassword": "e",
        "username": "u",
    }
    assert SchedulerConfig.parse(asked).document() == asked


def test_null_is_filled_in_like_what_is_not_there() -> None:
    nulls = dict.fromkeys(("query", "queryDelay", "scrollSize", "frequency", "username"))
    assert SchedulerConfig.parse({**ELASTICSEARCH, **nulls}) == SchedulerConfig.parse(ELASTICSEARCH)


def test_python_names_are_filled_in_like_those_of_json() -> None:
    made = SchedulerConfig(data_source="elasticsearch", query_delay=5, query=None, scroll_size=None)
    assert (made.query_delay, made.query, made.scroll_size) == (5, {"match_all": {}}, 1000)


@pytest.mark.parametrize("name", ["aggs", "aggregations"])
def test_aggregations_are_echoed_under_the_name_they_were_given(name: str) -> None:
    made = SchedulerConfig.parse({**ELASTICSEARCH, name: {"x": {}}})
    assert made.document()[name] == {"x": {}}
    assert made.aggregated == {"x": {}}


def test_a_password_is_in_no_document_message_or_representation() -> None:
    made = SchedulerConfig.parse({**ELASTICSEARCH, "username": "bob", "password": "secret"})
    assert made.document()["username"] == "bob"
    assert "password" not in made.document()
    assert "secret" not in f"{made!r} {made} {made.document()}"
    with pytest.raises(JobConfigParseError) as refused:
        SchedulerConfig.parse({**ELASTICSEARCH, "username": "bob", "password": ["secret"]})
    assert "secret" not in refused.value.message


@pytest.mark.parametrize("version", ["1.7.x", "1.7.5", "2.x.x", "2.4.1", "5.6.x", "8.17", "10.x.x"])
def test_elasticsearch_may_be_as_old_as_1_7(version: str) -> None:
    SchedulerConfig.parse({**ELASTICSEARCH, "dataSourceCompatibility": version})


@pytest.mark.parametrize(
    ("change", "kind", "named"),
    [
        ({"dataSource": "KAFKA"}, SchedulerUnknownDataSource, "'KAFKA'"),
        ({"filePath": "/x"}, SchedulerFieldNotSupported, "'filePath'"),
        ({"tailFile": False}, SchedulerFieldNotSupported, "'tailFile'"),
        ({"dataSource": "file"}, SchedulerFieldNotSupported, "'dataSourceCompatibility'"),
        ({"username": "u"}, SchedulerIncompleteCredentials, "'password'"),
        ({"password": "p"}, SchedulerIncompleteCredentials, "'username'"),
        ({"encryptedPassword": "e"}, SchedulerIncompleteCredentials, "'username'"),
        ({"username": "u", "password": "p", "encryptedPassword": "e"}, SchedulerMultiplePasswords, "Both"),
        ({"dataSourceCompatibility": None}, SchedulerInvalidOption, "'dataSourceCompatibility'"),
        ({"dataSourceCompatibility": "1.6.x"}, SchedulerInvalidOption, "'1.6.x'"),
        ({"dataSourceCompatibility": "new"}, SchedulerInvalidOption, "'new'"),
        ({"queryDelay": -1}, SchedulerInvalidOption, "'queryDelay'"),
        ({"frequency": 0}, SchedulerInvalidOption, "'frequency'"),
        ({"scrollSize": -1}, SchedulerInvalidOption, "'scrollSize'"),
        ({"baseUrl": None}, SchedulerInvalidOption, "'baseUrl'"),
        ({"baseUrl": "localhost:9200"}, SchedulerInvalidOption, "'localhost:9200'"),
        ({"baseUrl": "ftp://localhost/"}, SchedulerInvalidOption, "'ftp://localhost/'"),
        ({"baseUrl": "http://:9200/"}, SchedulerInvalidOption, "'baseUrl'"),
        ({"baseUrl": "http://h:99999/"}, SchedulerInvalidOption, "'baseUrl'"),
        ({"baseUrl": "http://[::1/"}, SchedulerInvalidOption, "'baseUrl'"),
        ({"baseUrl": "http://a b/"}, SchedulerInvalidOption, "'baseUrl'"),
        ({"indexes": None}, SchedulerInvalidOption, "'indexes'"),
        ({"indexes": []}, SchedulerInvalidOption, "'indexes'"),
        ({"indexes": [" "]}, SchedulerInvalidOption, "'indexes'"),
        ({"types": [""]}, SchedulerInvalidOption, "'types'"),
        ({"aggs": {}, "aggregations": {}}, SchedulerInvalidOption, "'aggs'"),
        ({"retrieveWholeSource": True, "script_fields": {}}, SchedulerInvalidOption, "'script_fields'"),
        ({"dataSource": 5}, JobConfigParseError, "'dataSource'"),
        ({"indexes": "logs"}, JobConfigParseError, "'indexes'"),
        ({"query": "*"}, JobConfigParseError, "'query'"),
        ({"scriptFields": {}}, JobConfigUnknownField, "'scriptFields'"),
        ({"query_delay": 5}, JobConfigUnknownField, "'query_delay'"),
    ],
)
def test_a_scheduler_that_could_not_get_data_is_refused(
    change: dict[str, Any], kind: type[EngineError], named: str
) -> None:
    with pytest.raises(kind, match=named):
        SchedulerConfig.parse({**ELASTICSEARCH, **change})


@pytest.mark.parametrize("data", [{}, {"filePath": ""}, {"dataSource": "FILE", "tailFile": True}])
def test_a_file_needs_a_path(data: dict[str, Any]) -> None:
    with pytest.raises(SchedulerInvalidOption, match="'filePath'"):
        SchedulerConfig.parse(data)


@pytest.mark.parametrize("field", ["query", "queryDelay", "username", "script_fields", "types", "scrollSize"])
def test_a_file_is_asked_nothing(field: str) -> None:
    values: dict[str, Any] = {"queryDelay": 1, "scrollSize": 1, "username": "u", "types": []}
    with pytest.raises(SchedulerFieldNotSupported, match=field):
        SchedulerConfig.parse({"filePath": "/x", field: values.get(field, {})})


def test_types_may_be_left_out_for_all() -> None:
    without = {name: value for name, value in ELASTICSEARCH.items() if name != "types"}
    assert "types" not in SchedulerConfig.parse(without).document()
    assert SchedulerConfig.parse({**without, "types": []}).document()["types"] == []


@pytest.mark.parametrize(
    ("span", "interval"),
    [(1, 60), (120, 60), (121, 60), (600, 300), (1200, 600), (1201, 600), (43_200, 600), (43_201, 3600)],
)
def test_the_interval_follows_the_bucket_span_unless_it_is_set(span: int, interval: int) -> None:
    assert SchedulerConfig(file_path="/x").interval(span) == interval
    assert SchedulerConfig.parse({**ELASTICSEARCH, "frequency": 7}).interval(span) == 7


def test_a_source_in_any_case_is_known() -> None:
    assert SchedulerConfig.parse({"dataSource": " file ", "filePath": "/x"}).data_source == "FILE"
