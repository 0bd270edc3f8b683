from typing import Any

import pytest

from tailmass.client import Client
from tailmass.errors import InvalidSkip, MissingJob

from .recorder import Recorder


def page(names: str, *, more: bool) -> tuple[int, dict[str, Any]]:
    following = "http://not-to-be-reached/engine/v2/jobs?skip=2" if more else None
    return 200, {"hitCount": 3, "nextPage": following, "previousPage": None, "documents": [{"id": n} for n in names]}


def test_every_page_is_read_with_all_parameters(client: Client, recorder: Recorder) -> None:
    recorder.answer(page("ab", more=True), page("c", more=False))
    records = client.results.records("j", sort="timestamp", desc=False, include_interim=True, anomaly_score=0.5)
    assert [record["id"] for record in records] == ["a", "b", "c"]
    rest = "includeInterim=true&sort=timestamp&desc=false&anomalyScore=0.5"
    assert [call.line for call in recorder.calls] == [
        f"GET /engine/v2/results/j/records?skip=0&take=1000&{rest}",
        f"GET /engine/v2/results/j/records?skip=2&take=1000&{rest}",
    ]


def test_a_listing_asks_again_when_read_again(client: Client, recorder: Recorder) -> None:
    jobs = client.jobs.all()
    assert recorder.calls == []
    recorder.answer(page("a", more=False), page("ab", more=False))
    assert [len(list(jobs)), len(list(jobs))] == [1, 2]


def test_an_empty_page_ends_the_reading_whatever_it_promises(client: Client, recorder: Recorder) -> None:
    recorder.answer(page("", more=True))
    assert list(client.jobs.all()) == []


def test_one_page_comes_as_the_server_sends_it(client: Client, recorder: Recorder) -> None:
    recorder.answer(page("a", more=False))
    assert client.jobs.all().page(skip=2, take=1)["hitCount"] == 3
    assert recorder.line == "GET /engine/v2/jobs?skip=2&take=1"


def test_an_error_on_a_later_page_is_raised_there(client: Client, recorder: Recorder) -> None:
    recorder.answer(page("ab", more=True), (404, {"errorCode": 20101, "message": "No known job with id 'j'"}))
    buckets = iter(client.results.buckets("j"))
    assert [next(buckets)["id"], next(buckets)["id"]] == ["a", "b"]
    with pytest.raises(MissingJob):
        next(buckets)


def test_a_bad_page_is_the_servers_to_refuse(client: Client, recorder: Recorder) -> None:
    recorder.answer((400, {"errorCode": 60110, "message": "skip is -1"}))
    with pytest.raises(InvalidSkip):
        client.jobs.all().page(skip=-1)
