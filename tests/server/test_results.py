from typing import Any

import httpx
import pytest

from .clients import START, create, rows

HOURS = 16
"""Hours of `rows(100)` that are complete: a hundred rows, six to the hour."""


@pytest.fixture
def analysed(api: httpx.Client) -> str:
    """A job that has results."""
    job_id = create(api)
    api.post(f"/data/{job_id}", content=rows(100)).raise_for_status()
    return job_id


@pytest.fixture
def anomalous(api: httpx.Client) -> str:
    """A job that has records: its values jump in the last complete hours."""
    job_id = create(api)
    quiet = rows(6 * 24 * 7)
    later = START + 600 * 6 * 24 * 7
    burst = b"".join(b"%d,%d\n" % (later + 600 * index, 900 + 100 * (index // 6)) for index in range(24))
    api.post(f"/data/{job_id}", content=quiet + burst).raise_for_status()
    return job_id


def documents(answered: httpx.Response) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answered.json()["documents"]
    return found


def test_buckets_come_oldest_first_and_the_last_is_not_final(api: httpx.Client, analysed: str) -> None:
    answered = api.get(f"/results/{analysed}/buckets")
    assert answered.status_code == 200
    assert answered.json()["hitCount"] == HOURS
    times = [bucket["timestamp"] for bucket in documents(answered)]
    assert times[0] == "2014-05-13T17:00:00.000+0000"
    assert times == sorted(times)


def test_a_bucket_has_exactly_the_fields_that_strict_clients_know(api: httpx.Client, analysed: str) -> None:
    bucket = documents(api.get(f"/results/{analysed}/buckets?take=1"))[0]
    numbers = {"bucketSpan", "anomalyScore", "initialAnomalyScore", "maxNormalizedProbability", "recordCount"}
    lists = {"records", "influencers", "bucketInfluencers"}
    assert set(bucket) == {"timestamp", "eventCount", "isInterim"} | numbers | lists


def test_a_page_of_buckets_restates_every_parameter_in_order(api: httpx.Client, analysed: str) -> None:
    page = api.get(f"/results/{analysed}/buckets", params={"skip": 2, "take": 3}).json()
    url = f"{str(api.base_url).rstrip('/')}/results/{analysed}/buckets"
    rest = "expand=false&includeInterim=false&anomalyScore=0.0&maxNormalizedProbability=0.0"
    assert list(page) == ["hitCount", "skip", "take", "nextPage", "previousPage", "documents"]
    assert page["nextPage"] == f"{url}?skip=5&take=3&{rest}"
    assert page["previousPage"] == f"{url}?skip=0&take=3&{rest}"


def test_pages_of_a_range_lead_through_the_range(api: httpx.Client, analysed: str) -> None:
    query = {"take": "3", "start": str(START + 3600), "end": "2014-05-13T22:00:00 0000", "expand": "true"}
    page = api.get(f"/results/{analysed}/buckets", params=query).json()
    assert page["hitCount"] == 4
    following = api.get(page["nextPage"]).json()
    assert (
        "&start=2014-05-13T18%3A00%3A00.000%2B0000&end=2014-05-13T22%3A00%3A00.000%2B0000&expand=true"
        in page["nextPage"]
    )
    assert following["nextPage"] is None
    assert [each["timestamp"][11:13] for each in page["documents"] + following["documents"]] == ["18", "19", "20", "21"]


def test_a_page_of_records_restates_every_parameter_in_order(api: httpx.Client, anomalous: str) -> None:
    page = api.get(f"/results/{anomalous}/records", params={"skip": 1, "take": 1}).json()
    assert page["hitCount"] > 2
    url = f"{str(api.base_url).rstrip('/')}/results/{anomalous}/records"
    rest = "includeInterim=false&sort=normalizedProbability&desc=true&anomalyScore=0.0&normalizedProbability=0.0"
    assert page["nextPage"] == f"{url}?skip=2&take=1&{rest}"


def test_records_come_in_the_order_that_is_asked_for(api: httpx.Client, anomalous: str) -> None:
    records = documents(api.get(f"/results/{anomalous}/records"))
    scores = [record["normalizedProbability"] for record in records]
    assert scores == sorted(scores, reverse=True)
    by_time = documents(api.get(f"/results/{anomalous}/records", params={"sort": "timestamp", "desc": "false"}))
    assert [record["timestamp"] for record in by_time] == sorted(record["timestamp"] for record in records)


def test_a_record_has_exactly_the_fields_that_strict_clients_know(api: httpx.Client, anomalous: str) -> None:
    record = documents(api.get(f"/results/{anomalous}/records?take=1"))[0]
    scores = {"probability", "anomalyScore", "normalizedProbability", "initialNormalizedProbability"}
    names = {"function", "functionDescription", "fieldName", "detectorIndex", "bucketSpan"}
    assert set(record) == {"timestamp", "isInterim", "actual", "typical"} | scores | names
    assert isinstance(record["actual"], float)


def test_records_are_nested_in_their_bucket_on_request(api: httpx.Client, anomalous: str) -> None:
    plain = documents(api.get(f"/results/{anomalous}/buckets?anomalyScore=1"))
    full = documents(api.get(f"/results/{anomalous}/buckets?anomalyScore=1&expand=true"))
    assert all(not bucket["records"] for bucket in plain)
    assert all(len(bucket["records"]) == bucket["recordCount"] > 0 for bucket in full)


@pytest.mark.parametrize("name", ["anomalyScore", "maxNormalizedProbability", "normalizedProbability"])
def test_buckets_are_filtered_by_score_under_the_names_of_all_clients(
    api: httpx.Client, anomalous: str, name: str
) -> None:
    found = documents(api.get(f"/results/{anomalous}/buckets", params={name: "1e0"}))
    key = "anomalyScore" if name == "anomalyScore" else "maxNormalizedProbability"
    assert 0 < len(found) < HOURS
    assert all(bucket[key] >= 1.0 for bucket in found)


@pytest.mark.parametrize("name", ["includeInterim", "includeinterim"])
def test_interim_results_are_asked_for_in_either_spelling(api: httpx.Client, analysed: str, name: str) -> None:
    api.post(f"/data/{analysed}/flush?calcInterim=true").raise_for_status()
    interim = [bucket["isInterim"] for bucket in documents(api.get(f"/results/{analysed}/buckets?{name}=true"))]
    assert interim == [False] * HOURS + [True]


@pytest.mark.parametrize("query", ["skip=&take=&start=&end=&expand=&anomalyScore=", "colour=red", "false", "Skip=5"])
def test_empty_and_unknown_parameters_are_ignored(api: httpx.Client, analysed: str, query: str) -> None:
    assert api.get(f"/results/{analysed}/buckets?{query}").json()["hitCount"] == HOURS
    assert api.get(f"/results/{analysed}/records?{query}&sort=&desc=").status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("skip=-1", 60110),
        ("skip=many", 60110),
        ("skip=99999999999999999999", 60110),
        ("take=-1", 60111),
        ("take=1.5", 60111),
        ("take=4294967296", 60111),
        ("start=yesterday", 60101),
        ("end=2014-05-13", 60101),
        ("start=1400004000&end=1400000400", 60107),
        ("anomalyScore=high", 60104),
        ("anomalyScore=nan", 60104),
        ("normalizedProbability=1e999", 60104),
    ],
)
@pytest.mark.parametrize("results", ["buckets", "records"])
def test_a_parameter_that_cannot_be_used_has_its_number(
    api: httpx.Client, job: str, results: str, query: str, code: int
) -> None:
    answered = api.get(f"/results/{job}/{results}?{query}")
    assert (answered.status_code, answered.json()["errorCode"]) == (400, code)
    assert set(answered.json()) <= {"errorCode", "message", "cause"}


def test_records_are_sorted_by_their_own_fields_only(api: httpx.Client, job: str) -> None:
    answered = api.get(f"/results/{job}/records?sort=colour")
    assert (answered.status_code, answered.json()["errorCode"]) == (400, 60102)


def test_taking_nothing_still_counts(api: httpx.Client, analysed: str) -> None:
    page = api.get(f"/results/{analysed}/buckets?take=0").json()
    assert (page["hitCount"], page["documents"]) == (HOURS, [])


def test_a_job_without_results_has_an_empty_page(api: httpx.Client, job: str) -> None:
    for results in ("buckets", "records"):
        page = api.get(f"/results/{job}/{results}").json()
        assert (page["hitCount"], page["nextPage"], page["documents"]) == (0, None, [])


@pytest.mark.parametrize(
    "path", ["buckets", "records", "buckets/1400000400", "1400000400", "buckets?start=yesterday&sort=colour"]
)
def test_the_results_of_a_job_that_does_not_exist_are_an_error(api: httpx.Client, path: str) -> None:
    answered = api.get(f"/results/nobody/{path}")
    expected = 400 if "yesterday" in path else 404
    assert answered.status_code == expected
    assert answered.json()["errorCode"] == (60101 if expected == 400 else 20101)


@pytest.mark.parametrize("prefix", ["buckets/", ""])
@pytest.mark.parametrize(
    "time", ["1400000400", "1400000400000", "2014-05-13T17:00:00Z", "2014-05-13T19:00:00.000+0200"]
)
def test_a_bucket_is_found_by_its_start_in_any_form(api: httpx.Client, analysed: str, prefix: str, time: str) -> None:
    answered = api.get(f"/results/{analysed}/{prefix}{time}")
    assert answered.status_code == 200
    assert list(answered.json()) == ["exists", "type", "document"]
    assert answered.json()["document"]["timestamp"] == "2014-05-13T17:00:00.000+0000"


@pytest.mark.parametrize("time", ["1400000399", "0", "2014-05-13T17:00:00.500Z", f"{START + 3600 * HOURS}"])
def test_a_bucket_that_does_not_exist_is_a_document_that_says_so(api: httpx.Client, analysed: str, time: str) -> None:
    for path in (f"buckets/{time}", time):
        answered = api.get(f"/results/{analysed}/{path}")
        assert (answered.status_code, answered.content) == (404, b'{"exists":false,"type":"bucket"}')


def test_an_interim_bucket_exists_for_those_who_ask(api: httpx.Client, analysed: str) -> None:
    api.post(f"/data/{analysed}/flush?calcInterim=true").raise_for_status()
    path = f"/results/{analysed}/{START + 3600 * HOURS}"
    assert api.get(path).status_code == 404
    assert api.get(f"{path}?includeInterim=true").json()["document"]["isInterim"] is True


def test_a_bucket_comes_with_its_records_on_request(api: httpx.Client, anomalous: str) -> None:
    record = documents(api.get(f"/results/{anomalous}/records?take=1"))[0]
    bucket = api.get(f"/results/{anomalous}/{record['timestamp']}?expand=true").json()["document"]
    assert record in bucket["records"]


def test_a_time_that_is_none_is_no_bucket(api: httpx.Client, job: str) -> None:
    answered = api.get(f"/results/{job}/noon")
    assert (answered.status_code, answered.json()["errorCode"]) == (400, 60101)


def test_the_name_of_another_resource_is_not_taken_for_a_time(api: httpx.Client, job: str) -> None:
    answered = api.get(f"/results/{job}/influencers")
    assert (answered.status_code, answered.json()["documents"]) == (200, [])


@pytest.mark.parametrize("version", ["v1", "v0.3"])
def test_older_versions_lead_through_pages_of_their_own(api: httpx.Client, analysed: str, version: str) -> None:
    base = f"http://{api.base_url.host}:{api.base_url.port}/engine/{version}"
    page = httpx.get(f"{base}/results/{analysed}/buckets?take=1").json()
    assert page["nextPage"].startswith(f"{base}/results/{analysed}/buckets?skip=1&take=1")
    assert httpx.get(page["nextPage"]).json()["skip"] == 1


def test_the_earliest_version_has_buckets_directly_below_the_results(api: httpx.Client, analysed: str) -> None:
    base = f"http://{api.base_url.host}:{api.base_url.port}/engine/v0.3"
    page = httpx.get(f"{base}/results/{analysed}?take=1").json()
    assert page["hitCount"] == HOURS
    assert httpx.get(page["nextPage"]).json()["skip"] == 1
    assert api.get(f"/results/{analysed}").json()["errorCode"] == 0


@pytest.mark.parametrize("name", ["normalizedProbability", "unusualScore"])
def test_records_are_filtered_by_score_under_the_names_of_all_clients(
    api: httpx.Client, anomalous: str, name: str
) -> None:
    scores = [each["normalizedProbability"] for each in documents(api.get(f"/results/{anomalous}/records"))]
    found = documents(api.get(f"/results/{anomalous}/records", params={name: max(scores)}))
    assert len(found) == scores.count(max(scores)) < len(scores)


SORTS = (
    *("timestamp", "anomalyScore", "normalizedProbability", "initialNormalizedProbability", "probability"),
    *("actual", "typical", "function", "functionDescription", "fieldName", "byFieldName", "byFieldValue"),
    *("overFieldName", "overFieldValue", "partitionFieldName", "partitionFieldValue", "detectorIndex"),
    *("bucketSpan", "isInterim"),
)


@pytest.mark.parametrize("desc", ["true", "false"])
def test_records_are_sorted_by_every_field_of_the_specification(api: httpx.Client, anomalous: str, desc: str) -> None:
    whole = documents(api.get(f"/results/{anomalous}/records"))
    for name in SORTS:
        page = api.get(f"/results/{anomalous}/records", params={"sort": name, "desc": desc}).json()
        assert sorted(map(str, page["documents"])) == sorted(map(str, whole)), name
        values = [each[name] for each in page["documents"] if name in each]
        assert values == sorted(values, reverse=desc == "true"), name
        assert page["nextPage"] is None


@pytest.mark.parametrize("results", ["buckets", "records", "influencers"])
def test_interim_results_of_every_kind_are_for_those_who_ask(api: httpx.Client, results: str) -> None:
    analysis = {"bucketSpan": 3600, "detectors": [{"function": "count"}], "influencers": ["user"]}
    job = create(api, analysisConfig=analysis)
    lines = [f"{START + 600 * n},u{user}\n" for n in range(6 * 100) for user in range(3)]
    lines += [f"{START + 360_000},u1\n"] * 500
    api.post(f"/data/{job}", content=("time,user\n" + "".join(lines)).encode()).raise_for_status()
    api.post(f"/data/{job}/flush?calcInterim=true").raise_for_status()
    final = documents(api.get(f"/results/{job}/{results}?take=1000"))
    both = documents(api.get(f"/results/{job}/{results}", params={"includeInterim": "true", "take": 1000}))
    assert {each["isInterim"] for each in final} <= {False}
    assert [each["timestamp"] for each in both if each["isInterim"]] == ["2014-05-17T21:00:00.000+0000"]
    assert len(both) == len(final) + 1


def test_old_results_are_deleted_up_to_a_time_and_the_models_stay(api: httpx.Client, analysed: str) -> None:
    times = [bucket["timestamp"] for bucket in documents(api.get(f"/results/{analysed}/buckets"))]
    before = api.get(f"/jobs/{analysed}").json()["document"]["counts"]
    gone = api.delete(f"/results/{analysed}", params={"end": times[5]})
    assert gone.json() == {"deletedBuckets": 5}
    left = [bucket["timestamp"] for bucket in documents(api.get(f"/results/{analysed}/buckets"))]
    assert left == times[5:]
    assert api.get(f"/jobs/{analysed}").json()["document"]["counts"] == before
    assert api.delete(f"/results/{analysed}", params={"end": times[5]}).json() == {"deletedBuckets": 0}


def test_nothing_is_deleted_without_a_time(api: httpx.Client, analysed: str) -> None:
    for query in ("", "?end=", "?end=yesterday", "?start=2014-05-13T17:00:00Z"):
        refused = api.delete(f"/results/{analysed}{query}")
        assert (refused.status_code, refused.json()["errorCode"]) == (400, 60101)
    assert api.get(f"/results/{analysed}/buckets").json()["hitCount"] == HOURS
    missing = api.delete("/results/nobody?end=2014-05-13T17:00:00Z")
    assert (missing.status_code, missing.json()["errorCode"]) == (404, 20101)
