import json
from typing import TYPE_CHECKING

import pytest

from tailmass.client import Client

from .conftest import START, rows

if TYPE_CHECKING:
    from tests.cli.conftest import Tailmass


@pytest.fixture
def job(job: str, client: Client) -> str:
    """A job that was closed twice, after three hours each."""
    for part in range(2):
        client.data.upload(job, rows(3, START + 3 * 3600 * part))
        client.data.close(job)
    return job


def test_a_job_goes_back_to_a_snapshot_by_its_name(remote: "Tailmass", client: Client, job: str) -> None:
    table = remote("snapshot", "list", job).stdout.splitlines()
    assert table[0].split()[:3] == ["snapshot", "taken", "(UTC)"]
    assert [line.split()[4:7] for line in table[1:]] == [["Tue", "2014-06-24", hour] for hour in ("05:54", "02:54")]
    oldest = table[2].split()[0]
    assert remote("snapshot", "describe", job, oldest, "before").returncode == 0
    named = remote("snapshot", "list", job, "--description", "before", "--format", "ndjson").stdout
    assert json.loads(named)["snapshotId"] == oldest
    reverted = remote("snapshot", "revert", job, "--description", "before", "--delete-results")
    assert json.loads(reverted.stdout)["snapshotId"] == oldest
    assert client.results.buckets(job).page()["hitCount"] == 2


def test_a_snapshot_is_chosen_by_id_or_time_and_deleted(remote: "Tailmass", client: Client, job: str) -> None:
    newest, oldest = (each["snapshotId"] for each in client.snapshots.all(job))
    assert remote("snapshot", "revert", job, oldest).returncode == 0
    assert (
        json.loads(remote("snapshot", "revert", job, "--time", "2100-01-01T00:00:00Z").stdout)["snapshotId"] == newest
    )
    assert "(60125)" in remote("snapshot", "delete", job, newest).stderr
    assert remote("snapshot", "delete", job, oldest).returncode == 0
    assert [each["snapshotId"] for each in client.snapshots.all(job)] == [newest]


@pytest.mark.parametrize(
    ("arguments", "way_out"),
    [
        (["revert", "analysed"], "--description"),
        (["revert", "analysed", "nothing"], "nothing"),
        (["describe", "analysed", "nothing", "x"], "nothing"),
        (["list", "nobody"], "(20101)"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    remote: "Tailmass", analysed: str, arguments: list[str], way_out: str
) -> None:
    done = remote("snapshot", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert way_out in done.stderr
