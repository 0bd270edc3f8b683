"""Waiting for alerts, over real sockets: what ends the wait, what it says, and what it leaves behind."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from .clients import START, Connection, Sender, configuration, create, rows

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Running, Serving

PATIENCE = 20.0
WEEK = 6 * 24 * 7
LATER = START + 600 * WEEK
QUIET = rows(18, start=LATER)
FOUND = {"jobId", "timestamp", "uri", "anomalyScore", "maxNormalizedProbability", "timeout", "alertType", "isInterim"}
NOTHING = {"anomalyScore": 0.0, "maxNormalizedProbability": 0.0, "timeout": True, "isInterim": False}

Poll = Callable[..., Future[httpx.Response]]


@pytest.fixture(scope="module")
def lasting_server(serving: "Serving", tmp_path_factory: pytest.TempPathFactory) -> Iterator["Running"]:
    """A server at which nobody waits but the tests of this file."""
    with serving(tmp_path_factory.mktemp("alerts") / "home") as running:
        yield running


@pytest.fixture
def poll(lasting_server: "Running") -> Iterator[Poll]:
    """Begins to wait for an alert, and returns when the server knows; the answer comes later."""
    with ThreadPoolExecutor(8) as threads:

        def begin(job: str, query: str, version: str = "v2") -> Future[httpx.Response]:
            before = waiting(lasting_server)
            url = f"{lasting_server.url}/engine/{version}/alerts_longpoll/{job}?{query}"
            coming = threads.submit(httpx.get, url, timeout=60)
            until(lambda: waiting(lasting_server) == before + 1 or coming.done())
            return coming

        yield begin


def waiting(running: "Running") -> int:
    """How many the server has waiting."""
    metrics = httpx.get(f"{running.url}/metrics").text
    found = re.search(r"^tailmass_waiting_for_alerts (\d+)", metrics, re.MULTILINE)
    assert found is not None
    return int(found[1])


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def burst(hours: int = 3) -> bytes:
    """The hours after a week of `rows`, in which the values jump; the last of them stays open."""
    lines = (f"{LATER + 600 * n},{900 + 100 * (n // 6)}\n" for n in range(6 * hours))
    return ("time,value\n" + "".join(lines)).encode()


@pytest.fixture
def running(api: httpx.Client) -> str:
    """A job that has seen a quiet week."""
    job = create(api)
    api.post(f"/data/{job}", content=rows(WEEK)).raise_for_status()
    return job


def answer(coming: Future[httpx.Response]) -> dict[str, Any]:
    answered = coming.result(PATIENCE)
    assert answered.status_code == 200, answered.text
    told: dict[str, Any] = answered.json()
    return told


def test_a_bucket_from_the_score_upwards_ends_the_wait(api: httpx.Client, running: str, poll: Poll) -> None:
    coming = poll(running, "score=1&timeout=30")
    began = time.time()
    api.post(f"/data/{running}", content=burst()).raise_for_status()
    told = answer(coming)
    assert set(told) == FOUND | {"bucket"}
    assert (told["jobId"], told["alertType"], told["timeout"], told["isInterim"]) == (running, "bucket", False, False)
    shown = httpx.get(told["uri"]).json()["document"]
    assert told["bucket"] == shown
    assert told["anomalyScore"] == shown["anomalyScore"] >= 1
    assert told["maxNormalizedProbability"] == shown["maxNormalizedProbability"] > 0
    raised = time.mktime(time.strptime(told["timestamp"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
    assert began - 1 <= raised <= time.time()


def test_a_record_from_the_probability_upwards_ends_the_wait(api: httpx.Client, running: str, poll: Poll) -> None:
    coming = poll(running, "probability=1&timeout=30")
    api.post(f"/data/{running}", content=burst()).raise_for_status()
    told = answer(coming)
    assert set(told) == FOUND | {"records"}
    shown = httpx.get(told["uri"]).json()["document"]["records"]
    assert told["records"] == [each for each in shown if each["normalizedProbability"] >= 1] != []


def test_both_are_told_where_both_are_reached(api: httpx.Client, running: str, poll: Poll) -> None:
    coming = poll(running, "score=1&probability=1")
    api.post(f"/data/{running}", content=burst()).raise_for_status()
    assert set(answer(coming)) == FOUND | {"bucket", "records"}


def test_what_came_before_is_not_told(api: httpx.Client, running: str) -> None:
    api.post(f"/data/{running}", content=burst()).raise_for_status()
    told = api.get(f"/alerts_longpoll/{running}", params={"score": 0, "timeout": 0.05}).json()
    assert told == NOTHING | {"jobId": running, "alertType": "bucket"}


def test_what_scores_less_is_not_told(api: httpx.Client, running: str, poll: Poll) -> None:
    coming = poll(running, "score=99&timeout=30")
    api.post(f"/data/{running}", content=QUIET).raise_for_status()
    assert not coming.done()
    api.post(f"/data/{running}/close").raise_for_status()
    assert answer(coming)["timeout"] is True


def test_no_time_to_wait_is_answered_at_once(api: httpx.Client, running: str) -> None:
    told = api.get(f"/alerts_longpoll/{running}?score=5&timeout=0&alertOn=influencer,bucket").json()
    assert told == NOTHING | {"jobId": running, "alertType": "influencer"}


def test_interim_results_are_told_to_those_who_ask(api: httpx.Client, running: str, poll: Poll) -> None:
    asked, other = (poll(running, f"probability=1&{each}") for each in ("includeinterim=true", "timeout=30"))
    api.post(f"/data/{running}", content=burst(hours=1)).raise_for_status()
    api.post(f"/data/{running}/flush?calcInterim=true").raise_for_status()
    told = answer(asked)
    assert told["isInterim"] is True
    assert httpx.get(told["uri"]).json()["document"]["isInterim"] is True
    assert all(each["isInterim"] for each in told["records"])
    assert not other.done()
    api.post(f"/data/{running}/close").raise_for_status()
    assert answer(other)["timeout"] is True


@pytest.mark.parametrize("kind", ["influencer", "bucketinfluencer"])
def test_influencers_end_the_wait_by_their_own_score(api: httpx.Client, poll: Poll, kind: str) -> None:
    analysis = {"bucketSpan": 3600, "detectors": [{"function": "count"}], "influencers": ["user"]}
    job = create(api, analysisConfig=analysis)
    lines = [f"{START + 600 * n},u{user}\n" for n in range(6 * 100) for user in range(3)]
    api.post(f"/data/{job}", content=("time,user\n" + "".join(lines)).encode()).raise_for_status()
    coming = poll(job, f"score=1&alertOn={kind}")
    many = f"{START + 360_000},u1\n" * 500 + f"{START + 363_600},u1\n"
    api.post(f"/data/{job}", content=f"time,user\n{many}".encode()).raise_for_status()
    told = answer(coming)
    assert told["alertType"] == kind
    found = told["bucket"]["bucketInfluencers" if kind == "bucketinfluencer" else "influencers"]
    assert told["anomalyScore"] == max(each["anomalyScore"] for each in found) >= 1
    if kind == "influencer":
        assert [each["influencerFieldValue"] for each in found] == ["u1"]


@pytest.mark.parametrize("how", ["close", "delete", "overwrite", "fail"])
def test_the_wait_ends_with_the_job(
    api: httpx.Client, running: str, poll: Poll, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    coming = poll(running, "score=50&timeout=60")
    match how:
        case "close":
            api.post(f"/data/{running}/close").raise_for_status()
        case "delete":
            api.delete(f"/jobs/{running}").raise_for_status()
        case "overwrite":
            api.post("/jobs?overwrite=true", json=configuration(running)).raise_for_status()
        case "fail":
            monkeypatch.setattr("tailmass.engine.pipeline.Pipeline.write", lambda *_: 1 / 0)
            assert api.post(f"/data/{running}", content=burst()).status_code == 500
    assert answer(coming) == NOTHING | {"jobId": running, "alertType": "bucket"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", 60104),
        ("score=&probability=", 60104),
        ("score=high", 60104),
        ("score=101", 60104),
        ("score=-1", 60104),
        ("probability=1e3", 60104),
        ("score=5&timeout=-1", 60105),
        ("score=5&timeout=soon", 60105),
        ("score=5&timeout=1e99", 60105),
        ("score=5&alertOn=record", 60112),
        ("score=5&alertOn=bucket,records", 60112),
        ("probability=5&alertOn=influencer", 60113),
        ("probability=5&score=5&alertOn=influencer,bucketinfluencer", 60113),
        ("score=5", 60103),
    ],
)
def test_what_cannot_be_waited_for_has_its_number(api: httpx.Client, job: str, query: str, code: int) -> None:
    answered = api.get(f"/alerts_longpoll/{job}?{query}")
    assert (answered.status_code, answered.json()["errorCode"]) == (400, code)


def test_a_job_that_rests_or_is_unknown_cannot_be_waited_for(api: httpx.Client, running: str) -> None:
    api.post(f"/data/{running}/close").raise_for_status()
    answered = api.get(f"/alerts_longpoll/{running}?score=5")
    assert (answered.status_code, answered.json()["errorCode"]) == (400, 60103)
    answered = api.get("/alerts_longpoll/nobody?score=5")
    assert (answered.status_code, answered.json()["errorCode"]) == (404, 20101)


@pytest.mark.parametrize("query", ["score=5&timeout=0", "score=5&timeout=0&alertOn=", "score=5&timeout=0&colour=red"])
def test_a_slash_at_the_end_empty_and_unknown_parameters_are_borne(api: httpx.Client, running: str, query: str) -> None:
    assert api.get(f"/alerts_longpoll/{running}/?{query}").json()["timeout"] is True


def test_types_are_read_in_any_case_and_with_spaces(api: httpx.Client, running: str) -> None:
    told = api.get(f"/alerts_longpoll/{running}", params={"score": 5, "timeout": 0, "alertOn": " Influencer , BUCKET"})
    assert told.json()["alertType"] == "influencer"


def test_a_client_that_goes_away_leaves_nothing_behind(lasting_server: "Running", running: str) -> None:
    clients = [Connection(lasting_server) for _ in range(3)]
    for each in clients:
        each.send(f"GET /engine/v2/alerts_longpoll/{running}?score=5 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    until(lambda: waiting(lasting_server) == 3)
    for each in clients:
        each.close()
    until(lambda: waiting(lasting_server) == 0)


def test_a_server_that_stops_sends_everyone_off(serving: "Serving", tmp_path: "Path") -> None:
    with ThreadPoolExecutor(1) as threads:
        with serving(tmp_path / "home") as running:
            with httpx.Client(base_url=f"{running.url}/engine/v2", timeout=60) as api:
                job = create(api)
                api.post(f"/data/{job}", content=rows(10)).raise_for_status()
            coming = threads.submit(httpx.get, f"{running.url}/engine/v2/alerts_longpoll/{job}?score=5", timeout=60)
            until(lambda: waiting(running) == 1)
            began = time.monotonic()
        assert time.monotonic() - began < 9  # it would have been given ten seconds
        assert answer(coming)["timeout"] is True


def test_an_upload_under_way_tells_as_soon_as_a_bucket_is_over(
    lasting_server: "Running", running: str, poll: Poll
) -> None:
    coming = poll(running, "probability=1")
    sender = Sender(lasting_server)
    sender.begin(running)
    sender.more(burst())
    assert answer(coming)["timeout"] is False
    sender.end()
    sender.close()


def test_five_hundred_wait_together_and_each_is_told(
    lasting_server: "Running", api: httpx.Client, running: str
) -> None:
    """Half of them for what comes, the other half until the job closes; and queries go on meanwhile."""

    async def ask(score: int) -> dict[str, Any]:
        reader, writer = await asyncio.open_connection(lasting_server.host, lasting_server.port)
        path = f"/engine/v2/alerts_longpoll/{running}?score={score}&timeout=60"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        told: dict[str, Any] = json.loads((await reader.read()).partition(b"\r\n\r\n")[2])
        writer.close()
        return told

    async def everyone() -> list[dict[str, Any]]:
        tasks = [asyncio.ensure_future(ask(99 * (n % 2))) for n in range(500)]
        await asyncio.to_thread(until, lambda: waiting(lasting_server) == 500)
        assert api.get(f"/jobs/{running}").status_code == 200
        await asyncio.to_thread(api.post, f"/data/{running}", content=QUIET)
        await asyncio.gather(*tasks[::2])
        await asyncio.to_thread(api.post, f"/data/{running}/close")
        return await asyncio.gather(*tasks)

    told = asyncio.run(everyone())
    assert [each["timeout"] for each in told] == [False, True] * 250
    assert len({each["uri"] for each in told[::2]}) == 1
    assert waiting(lasting_server) == 0
