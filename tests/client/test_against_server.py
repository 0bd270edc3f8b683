"""The client and the server it is made for, over a real socket."""

import gzip
import io
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailmass.client import Client
from tailmass.errors import (
    CannotDeleteHighestPriority,
    CannotPauseJob,
    CannotResumeJob,
    CannotStartScheduler,
    CannotStopScheduler,
    EndBeforeStart,
    IncompleteConfiguration,
    InvalidResetRange,
    InvalidSortField,
    InvalidThreshold,
    InvalidUpdateKey,
    InvalidValue,
    JobIdTaken,
    JobNotClosed,
    JobNotRunning,
    MissingField,
    MissingJob,
    NoSuchModelSnapshot,
    NoSuchScheduledJob,
    NotAllowedForScheduledJob,
    ResetNotSupported,
    UncompressedData,
    UnparseableDate,
)

if TYPE_CHECKING:
    from tests.conftest import Running

HOURS = 48
START = 1403568000  # 2014-06-24T00:00:00Z, the start of a bucket
FIELDS = {"bucketSpan": 3600, "detectors": [{"function": "mean", "fieldName": "v", "byFieldName": "name"}]}


def config(job_id: str) -> dict[str, Any]:
    return {"id": job_id, "analysisConfig": FIELDS, "dataDescription": {"fieldDelimiter": ",", "timeField": "time"}}


def lines() -> Iterator[str]:
    """A row for each of two names every six minutes; in hour 40 one of them is far off."""
    yield "time,name,v\n"
    for at in range(START, START + HOURS * 3600, 360):
        odd = START + 40 * 3600 <= at < START + 41 * 3600
        yield f"{at},a,{500 if odd else 10 + at % 7}\n{at},b,{20 + at % 5}\n"


@pytest.fixture
def client(lasting_server: "Running") -> Client:
    return Client(lasting_server.url)


@pytest.fixture
def job(client: Client, request: pytest.FixtureRequest) -> Iterator[str]:
    """A job of this test's own."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name.lower())[-50:].strip("-")
    created = client.jobs.create(config(f"client-{name}"))
    yield created
    if client.jobs.exists(created):
        client.jobs.delete(created)


@pytest.fixture(scope="module")
def analysed(lasting_server: "Running") -> Iterator[str]:
    """A job that has seen all rows and is closed; tests only read it."""
    client = Client(lasting_server.url)
    job = client.jobs.create(config("client-analysed"), overwrite=True)
    client.data.upload(job, "".join(lines()))
    client.data.close(job)
    yield job
    client.jobs.delete(job)


def test_a_job_is_created_looked_at_listed_and_deleted(client: Client) -> None:
    job = client.jobs.create(config("client-life"))
    assert client.jobs.get(job)["analysisConfig"]["detectors"] == FIELDS["detectors"]
    assert job in [each["id"] for each in client.jobs.all()]
    client.jobs.delete(job)
    assert not client.jobs.exists(job)
    with pytest.raises(MissingJob):
        client.jobs.delete(job)


def test_an_id_that_is_taken_is_refused_unless_overwritten(client: Client, job: str) -> None:
    with pytest.raises(JobIdTaken):
        client.jobs.create(config(job))
    assert client.jobs.create(config(job), overwrite=True) == job


def test_a_configuration_without_detectors_is_incomplete(client: Client) -> None:
    with pytest.raises(IncompleteConfiguration, match="No detectors configured"):
        client.jobs.create({"analysisConfig": {"bucketSpan": 3600}, "dataDescription": {}})


@pytest.mark.parametrize("kind", ["text", "bytes", "file", "lines", "gzip"])
def test_the_same_rows_count_the_same_however_they_are_sent(kind: str, client: Client, job: str) -> None:
    text = "".join(lines())
    rows: Any = {
        "text": text,
        "bytes": text.encode(),
        "file": io.BytesIO(text.encode()),
        "lines": lines(),
        "gzip": gzip.compress(text.encode()),
    }[kind]
    summary = client.data.upload(job, rows, gzipped=kind == "gzip")
    assert (summary["inputRecordCount"], summary["inputBytes"]) == (HOURS * 20, len(text))
    assert client.jobs.get(job)["status"] == "RUNNING"
    client.data.close(job)
    assert client.jobs.get(job)["status"] == "CLOSED"
    assert client.jobs.get(job)["counts"]["processedRecordCount"] == HOURS * 20


def test_rows_for_several_jobs_reach_those_there_are(client: Client, job: str) -> None:
    answers = client.data.upload_many([job, "client-nobody"], "".join(lines()))
    assert list(answers) == [job, "client-nobody"]
    assert isinstance(answers["client-nobody"], MissingJob)
    assert answers[job]["inputRecordCount"] == HOURS * 20  # type: ignore[index]  # it is no error


def test_uploads_that_are_refused_say_why(client: Client, job: str) -> None:
    with pytest.raises(MissingJob, match="No known job with id 'client-nobody'"):
        client.data.upload("client-nobody", "time\n")
    with pytest.raises(MissingField):
        client.data.upload(job, "time,name\n1403568000,a\n")
    with pytest.raises(UncompressedData, match="Content-Encoding = gzip but the data is not in gzip format"):
        client.data.upload(job, "time,name,v\n", gzipped=True)


def test_a_huge_upload_that_is_refused_at_its_header_says_why(client: Client, job: str) -> None:
    rows = (b"1403568000,a\n" * 5000 for _ in range(300))
    header = [b"time,name\n"]
    with pytest.raises(MissingField):
        client.data.upload(job, (piece for pieces in (header, rows) for piece in pieces))
    assert client.data.upload(job, "".join(lines()))["inputRecordCount"] == HOURS * 20


def test_a_flush_makes_interim_results_readable(client: Client, job: str) -> None:
    client.data.upload(job, "".join(lines()))
    client.data.flush(job, calc_interim=True)
    final = client.results.buckets(job).page()["hitCount"]
    assert client.results.buckets(job, include_interim=True).page()["hitCount"] == final + 1 == HOURS
    with pytest.raises(EndBeforeStart):
        client.data.flush(job, calc_interim=True, start=START + 3600, end=START)


def test_buckets_come_in_order_page_after_page(client: Client, analysed: str) -> None:
    listing = client.results.buckets(analysed)
    buckets = list(listing)
    assert len(buckets) == HOURS - 1  # the last is never final
    assert buckets[0]["timestamp"] == "2014-06-24T00:00:00.000+0000"
    assert [bucket for page in listing.pages(take=10) for bucket in page["documents"]] == buckets
    assert listing.page(skip=40, take=10)["hitCount"] == HOURS - 1


def test_the_odd_hour_is_found_and_blamed(client: Client, analysed: str) -> None:
    worst = max(client.results.buckets(analysed), key=lambda bucket: bucket["anomalyScore"])
    assert worst["timestamp"] == "2014-06-25T16:00:00.000+0000"
    record = next(iter(client.results.records(analysed)))
    assert (record["timestamp"], record["byFieldValue"]) == (worst["timestamp"], "a")
    expanded = client.results.bucket(analysed, worst["timestamp"], expand=True)
    assert expanded is not None
    assert expanded["records"][0]["byFieldValue"] == "a"


def test_a_range_includes_its_start_and_excludes_its_end(client: Client, analysed: str) -> None:
    buckets = list(client.results.buckets(analysed, start=START + 3600, end="2014-06-24T03:00:00+00:00"))
    times = [bucket["timestamp"] for bucket in buckets]
    assert times == ["2014-06-24T01:00:00.000+0000", "2014-06-24T02:00:00.000+0000"]


def test_a_score_filters(client: Client, analysed: str) -> None:
    scores = [bucket["anomalyScore"] for bucket in client.results.buckets(analysed)]
    worst = max(scores)
    assert client.results.buckets(analysed, anomaly_score=worst).page()["hitCount"] == scores.count(worst)


def test_a_bucket_that_is_not_there_is_none(client: Client, analysed: str) -> None:
    assert client.results.bucket(analysed, START - 3600) is None


def test_a_job_goes_back_to_a_snapshot(client: Client, job: str) -> None:
    text = list(lines())
    for part in (text[:401], text[:1] + text[401:]):
        client.data.upload(job, "".join(part))
        client.data.close(job)
    before = list(client.results.buckets(job))
    newest, oldest = client.snapshots.all(job)
    assert [client.snapshots.all(job, sort="timestamp", desc=False).page(take=1)["documents"][0]] == [oldest]
    described = client.snapshots.describe(job, oldest["snapshotId"], "half way")
    assert list(client.snapshots.all(job, description="half way")) == [described]
    assert list(client.snapshots.all(job, end=newest["timestamp"])) == [described]
    for selector in ({"time": oldest["timestamp"]}, {"snapshot_id": oldest["snapshotId"]}, {"description": "half way"}):
        assert client.snapshots.revert(job, **selector)["description"] == "half way"
    assert list(client.results.buckets(job)) == before
    client.snapshots.revert(job, description="half way", delete_intervening_results=True)
    assert len(list(client.results.buckets(job))) < len(before)
    client.data.upload(job, "".join(text[:1] + text[401:]))
    client.data.close(job)
    assert list(client.results.buckets(job)) == before
    with pytest.raises(CannotDeleteHighestPriority):
        client.snapshots.delete(job, next(iter(client.snapshots.all(job)))["snapshotId"])
    client.snapshots.delete(job, oldest["snapshotId"])
    with pytest.raises(NoSuchModelSnapshot):
        client.snapshots.delete(job, oldest["snapshotId"])


def test_questions_that_make_no_sense_are_refused(client: Client, analysed: str) -> None:
    with pytest.raises(UnparseableDate):
        client.results.buckets(analysed, start="yesterday").page()
    with pytest.raises(InvalidSortField):
        client.results.records(analysed, sort="colour").page()
    with pytest.raises(MissingJob):
        client.results.buckets("client-nobody").page()


def test_a_job_is_changed_all_at_once_or_not_at_all(client: Client, job: str) -> None:
    client.jobs.update(job, {"description": "first", "detectors": [{"index": 0, "description": "by name"}]})
    with pytest.raises(InvalidValue, match="resultsRetentionDays"):
        client.jobs.update(job, '{"description": "second", "resultsRetentionDays": -1}')
    with pytest.raises(InvalidUpdateKey, match="colour"):
        client.jobs.update(job, {"colour": "red"})
    shown = client.jobs.get(job)
    assert shown["description"] == "first"
    assert shown["analysisConfig"]["detectors"][0]["detectorDescription"] == "by name"
    client.jobs.describe(job, "zwölf")
    assert client.jobs.get(job)["description"] == "zwölf"


def test_limits_wait_for_the_job_to_be_closed(client: Client, job: str) -> None:
    client.data.upload(job, "".join(lines()))
    with pytest.raises(JobNotClosed):
        client.jobs.update(job, {"analysisLimits": {"modelMemoryLimit": 5000}})


def test_a_paused_job_drops_what_it_is_sent(client: Client, job: str) -> None:
    client.jobs.pause(job)
    assert client.data.upload(job, "".join(lines()))["inputRecordCount"] == 0
    with pytest.raises(CannotPauseJob):
        client.jobs.pause(job)
    client.jobs.resume(job)
    with pytest.raises(CannotResumeJob):
        client.jobs.resume(job)
    assert client.data.upload(job, "".join(lines()))["inputRecordCount"] == HOURS * 20


@pytest.mark.parametrize("ignored", [True, False, None])
def test_an_upload_passes_over_a_downtime_where_it_says_so(client: Client, job: str, ignored: bool | None) -> None:
    rows = [f"{at},a,1\n" for at in range(START, START + 20 * 3600, 600)]
    client.data.upload(job, ["time,name,v\n", *rows[: 6 * 5]])
    client.data.upload(job, ["time,name,v\n", *rows[6 * 10 :]], ignore_downtime=ignored)
    assert client.results.buckets(job).page()["hitCount"] == (4 + 9 if ignored else 19)


def test_buckets_are_sent_anew_where_the_job_has_latency(client: Client) -> None:
    rows = [f"{at},a,1\n" for at in range(START, START + 10 * 3600, 600)]
    changes = {"analysisConfig": {**FIELDS, "latency": 4 * 3600}}
    job = client.jobs.create({**config("client-anew"), **changes}, overwrite=True)
    client.data.upload(job, ["time,name,v\n", *rows])
    client.data.upload(job, ["time,name,v\n", *rows[-6:]], reset_start=START + 9 * 3600)
    with pytest.raises(InvalidResetRange):
        client.data.upload(job, ["time,name,v\n", *rows[:6]], reset_start=START)
    client.data.flush(job, advance_time=START + 10 * 3600)
    assert [bucket["eventCount"] for bucket in client.results.buckets(job)] == [6] * 10
    client.jobs.delete(job)


def test_buckets_of_a_job_without_latency_stay(client: Client, job: str) -> None:
    with pytest.raises(ResetNotSupported, match="latency"):
        client.data.upload(job, "".join(lines()), reset_start=START)


def test_an_alert_comes_to_who_waits_for_it(client: Client, job: str) -> None:
    text = list(lines())
    client.data.upload(job, "".join(text[: 1 + 10 * 40]))
    with ThreadPoolExecutor(1) as threads:
        sent = threads.submit(_after, 0.3, lambda: client.data.upload(job, text[0] + "".join(text[1 + 10 * 40 :])))
        alert = client.alerts.wait(job, score=1, probability=1, timeout=30)
        assert sent.result()["inputRecordCount"] == 20 * 8
    assert (alert["timeout"], alert["bucket"]["timestamp"]) == (False, "2014-06-25T16:00:00.000+0000")
    assert [each["byFieldValue"] for each in alert["records"]] == ["a"]
    assert client.alerts.wait(job, score=1, alert_on=["influencer"], timeout=0)["timeout"] is True


def test_there_is_nothing_to_wait_for_at_a_job_that_rests(client: Client, job: str) -> None:
    with pytest.raises(JobNotRunning):
        client.alerts.wait(job, score=1)
    with pytest.raises(InvalidThreshold):
        client.alerts.wait(job)


def test_a_scheduler_feeds_a_job_until_it_is_stopped(client: Client, job: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("".join(lines()))
    scheduler = {"filePath": str(tmp_path / "rows.csv"), "tailFile": True}
    client.jobs.create({**config(job), "schedulerConfig": scheduler}, overwrite=True)
    client.schedulers.start(job, start=START + 3600)
    deadline = time.monotonic() + 30
    while client.jobs.get(job)["counts"]["inputRecordCount"] < 20 * (HOURS - 1) and time.monotonic() < deadline:
        time.sleep(0.02)
    with pytest.raises(NotAllowedForScheduledJob):
        client.data.close(job)
    with pytest.raises(CannotStartScheduler):
        client.schedulers.start(job)
    client.schedulers.stop(job)
    with pytest.raises(CannotStopScheduler):
        client.schedulers.stop(job)
    client.data.close(job)
    assert client.jobs.get(job)["counts"]["inputRecordCount"] == 20 * (HOURS - 1)


def test_a_job_without_a_scheduler_cannot_be_started(client: Client, job: str) -> None:
    with pytest.raises(NoSuchScheduledJob):
        client.schedulers.start(job)


def _after(seconds: float, call: Callable[[], Any]) -> Any:
    time.sleep(seconds)
    return call()
