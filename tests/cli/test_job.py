import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tailmass.client import Client

from .conftest import configuration

if TYPE_CHECKING:
    from tests.cli.conftest import Tailmass
    from tests.conftest import Serving


def test_a_job_is_created_shown_and_deleted(remote: "Tailmass", client: Client, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(json.dumps(configuration("typed")))
    assert remote("job", "create", tmp_path / "job.json").stdout == "typed\n"
    assert json.loads(remote("job", "show", "typed").stdout)["id"] == "typed"
    assert remote("job", "delete", "typed").returncode == 0
    assert not client.jobs.exists("typed")


def test_a_job_is_read_from_stdin_and_replaces_another(remote: "Tailmass", job: str) -> None:
    again = json.dumps(configuration(job))
    refused = remote("job", "create", "-", stdin=again)
    assert refused.returncode == 2
    assert "(10110)" in refused.stderr
    assert remote("job", "create", "-", "--overwrite", stdin=again).stdout == f"{job}\n"


def test_jobs_are_listed_for_people_and_for_programs(remote: "Tailmass", job: str, analysed: str) -> None:
    table = remote("job", "list").stdout.splitlines()
    assert table[0].split() == ["job", "status", "rows", "newest", "row", "(UTC)", "description"]
    assert next(line.split() for line in table if line.startswith("analysed "))[:3] == [analysed, "CLOSED", "960"]
    listed = [json.loads(line)["id"] for line in remote("job", "list", "--format", "ndjson").stdout.splitlines()]
    assert {job, analysed} <= set(listed)


def test_a_job_is_changed_by_keys_or_by_a_file(remote: "Tailmass", client: Client, job: str) -> None:
    assert remote("job", "update", job, "description=The shop", "resultsRetentionDays=90").returncode == 0
    changed = client.jobs.get(job)
    assert (changed["description"], changed["resultsRetentionDays"]) == ("The shop", 90)
    assert remote("job", "update", job, "--file", "-", stdin='{"resultsRetentionDays": null}').returncode == 0
    assert "resultsRetentionDays" not in client.jobs.get(job)


def test_a_job_is_flushed_paused_resumed_and_closed(remote: "Tailmass", client: Client, job: str) -> None:
    client.data.upload(job, "time,name,v\n1403568000,a,1\n")
    for verb, status in (("flush", "RUNNING"), ("pause", "PAUSED"), ("resume", "CLOSED")):
        assert remote("job", verb, job).returncode == 0
        assert client.jobs.get(job)["status"] == status
    client.data.upload(job, "time,name,v\n1403571700,a,1\n")
    flushed = remote("job", "flush", job, "--interim", "--advance-time", "2014-06-24T04:00:00Z")
    assert (flushed.returncode, flushed.stderr) == (0, "")
    assert remote("job", "close", job).returncode == 0
    assert client.jobs.get(job)["status"] == "CLOSED"


def test_a_job_that_refuses_keeps_the_others_from_nothing(remote: "Tailmass", client: Client, job: str) -> None:
    done = remote("job", "delete", "nobody", job)
    assert (done.returncode, done.stderr) == (2, "Error: nobody: No known job with id 'nobody' (20101)\n")
    assert not client.jobs.exists(job)


def test_all_jobs_are_deleted_only_when_that_is_meant(tailmass: "Tailmass", serving: "Serving", tmp_path: Path) -> None:
    with serving(tmp_path / "home") as running:
        client = Client(running.url)
        for each in ("one", "two"):
            client.jobs.create(configuration(each))
        unsure = tailmass("job", "delete", "--all", "--url", running.url)
        assert (unsure.returncode, client.jobs.all().page()["hitCount"]) == (2, 2)
        assert "--yes" in unsure.stderr
        assert tailmass("job", "delete", "--all", "--yes", "--url", running.url).returncode == 0
        assert client.jobs.all().page()["hitCount"] == 0
        assert tailmass("job", "list", "--url", running.url).stdout == ""


@pytest.mark.parametrize(
    ("arguments", "code", "way_out"),
    [
        (["job", "show", "nobody"], 2, "No known job with id 'nobody' (20101)"),
        (["job", "create", "-"], 2, "(10101)"),
        (["job", "create", "nowhere.json"], 3, "nowhere.json: No such file or directory"),
        (["job", "delete"], 2, "--all"),
        (["job", "delete", "one", "--all"], 2, "either"),
        (["job", "update", "analysed"], 2, "KEY=VALUE"),
        (["job", "update", "analysed", "description"], 2, "write KEY=VALUE"),
        (["job", "update", "analysed", "wings=2"], 2, "'wings' cannot be changed"),
        (["job", "resume", "analysed"], 2, "(60124)"),
        (["job", "flush", "analysed", "--advance-time", "noon"], 2, "noon"),
        (["job", "list", "--url", "http://127.0.0.1:1"], 3, "start `tailmass server`, or say where it is with --url"),
        (["job", "list", "--url", "ftp://here"], 2, "http or https"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    remote: "Tailmass", analysed: str, arguments: list[str], code: int, way_out: str
) -> None:
    done = remote(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert way_out in done.stderr


def test_a_server_that_asks_for_a_token_is_given_one(tailmass: "Tailmass", serving: "Serving", tmp_path: Path) -> None:
    with serving(tmp_path / "home", auth=True) as running:
        secret = tailmass("token", "create", "me", "--home", tmp_path / "home").stdout.strip()
        assert tailmass("job", "list", "--url", running.url).returncode == 3
        assert tailmass("job", "list", "--url", running.url, "--token", secret).returncode == 0
        assert tailmass("job", "list", TAILMASS_URL=running.url, TAILMASS_TOKEN=secret).returncode == 0
