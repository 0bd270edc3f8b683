import csv
import io
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tailmass.client import Client

from .conftest import START, configuration, rows

if TYPE_CHECKING:
    from tests.cli.conftest import Tailmass
    from tests.conftest import Running


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def at(hour: int) -> str:
    return datetime.fromtimestamp(START + 3600 * hour, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def test_the_worst_record_comes_first(remote: "Tailmass", analysed: str) -> None:
    told = remote("results", "records", analysed, "--limit", "1").stdout.splitlines()
    assert " ".join(told[0].split()) == "score when (UTC) series actual typical × function influencers"
    assert told[1].split()[1:7] == ["◆", "Wed", "2014-06-25", "16:00", "name=a", "500"]
    assert told[1].split()[-2:] == ["mean(v)", "name=a"]
    assert len(told) == 2


def test_buckets_are_filtered_by_score_and_time(remote: "Tailmass", analysed: str) -> None:
    span = ["--since", at(38), "--until", at(42)]
    every = lines(remote("results", "buckets", analysed, *span, "--format", "ndjson").stdout)
    assert [bucket["timestamp"] for bucket in every] == [at(hour) for hour in range(38, 42)]
    worst = remote("results", "buckets", analysed, "--min-score", "50", "--records", "--format", "json").stdout
    assert [(bucket["timestamp"], len(bucket["records"])) for bucket in json.loads(worst)] == [(at(40), 1)]
    assert remote("results", "buckets", analysed, "--min-record-score", "50").stdout.count("\n") == 2


def test_records_are_sorted_as_asked(remote: "Tailmass", client: Client, analysed: str) -> None:
    asked = ["--sort", "timestamp", "--ascending", "--fields", "timestamp", "--format", "csv"]
    stamps = remote("results", "records", analysed, *asked).stdout.splitlines()[1:]
    assert stamps == sorted(record["timestamp"] for record in client.results.records(analysed))


def test_csv_has_the_columns_of_the_exporters_of_2016(remote: "Tailmass", client: Client, analysed: str) -> None:
    for kind, listing in (("records", client.results.records), ("influencers", client.results.influencers)):
        documents = list(listing(analysed))
        read = list(csv.DictReader(io.StringIO(remote("results", kind, analysed, "--format", "csv").stdout)))
        assert list(read[0]) == sorted({name for document in documents for name in document})
        assert [row["timestamp"] for row in read] == [document["timestamp"] for document in documents]


def test_a_file_says_by_its_ending_how_it_is_written(remote: "Tailmass", analysed: str, tmp_path: Path) -> None:
    for ending in ("parquet", "csv", "ndjson"):
        done = remote("results", "buckets", analysed, "--output", tmp_path / f"buckets.{ending}")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    frame = pl.read_parquet(tmp_path / "buckets.parquet")
    assert frame["timestamp"].dt.epoch("s").to_list() == list(range(START, START + 47 * 3600, 3600))
    assert len((tmp_path / "buckets.csv").read_text().splitlines()) == 48
    assert len(lines((tmp_path / "buckets.ndjson").read_text())) == 47


def test_what_is_refused_leaves_the_file_as_it_was(remote: "Tailmass", tmp_path: Path) -> None:
    (tmp_path / "kept.csv").write_text("kept")
    assert remote("results", "records", "nobody", "--output", tmp_path / "kept.csv").returncode == 2
    assert (tmp_path / "kept.csv").read_text() == "kept"


def test_a_reader_that_has_enough_may_go(analysed: str, lasting_server: "Running") -> None:
    read = f"{sys.executable} -m tailmass.cli results buckets {analysed} --format ndjson"
    command = f"{read} --url {lasting_server.url} | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=True, env=os.environ)
    assert len(lines(done.stdout)) == 1
    assert "Error" not in done.stderr


def test_interim_results_are_there_when_asked_for(remote: "Tailmass", client: Client, job: str) -> None:
    client.data.upload(job, rows(3))
    client.data.flush(job, calc_interim=True)
    told = remote("results", "buckets", job, "--interim").stdout.splitlines()
    assert [line.endswith("interim") for line in told] == [False, False, False, True]
    assert len(remote("results", "buckets", job).stdout.splitlines()) == 3


def test_categories_are_listed(remote: "Tailmass", client: Client, job: str) -> None:
    messages = configuration(job)
    messages["analysisConfig"] = {
        "bucketSpan": 3600,
        "categorizationFieldName": "name",
        "detectors": [{"function": "count", "byFieldName": "prelertcategory"}],
    }
    client.jobs.create(messages, overwrite=True)
    said = [f"{START + n},{('user logged in', 'disk is full')[n % 2]} {n},1\n" for n in range(20)]
    client.data.upload(job, ["time,name,v\n", *said])
    client.data.close(job)
    told = remote("results", "categories", job).stdout.splitlines()
    assert told[0].split() == ["id", "words", "example"]
    assert ["logged" in line for line in told[1:]] == [True, False]


def test_what_is_followed_goes_on_until_ctrl_c(client: Client, job: str, lasting_server: "Running") -> None:
    client.data.upload(job, rows(3))
    follow = [sys.executable, "-m", "tailmass.cli", "results", "buckets", job, "--follow", "--every", "0.05"]
    follow += ["--format", "ndjson", "--url", lasting_server.url]
    with subprocess.Popen(follow, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        first = [json.loads(process.stdout.readline())["timestamp"] for _ in range(2)]
        client.data.upload(job, rows(2, START + 3 * 3600))
        more = [json.loads(process.stdout.readline())["timestamp"] for _ in range(2)]
        process.send_signal(signal.SIGINT)
        rest, complaint = process.communicate(timeout=60)
    assert first + more == [at(hour) for hour in range(4)]
    assert (process.returncode, rest, complaint) == (0, "", "")


def test_following_ends_when_enough_is_told(analysed: str, lasting_server: "Running") -> None:
    command = [sys.executable, "-m", "tailmass.cli", "results", "buckets", analysed, "--follow", "--every", "0.05"]
    command += ["--url", lasting_server.url, "--limit", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=os.environ)
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "way_out"),
    [
        (["records", "nobody"], 2, "No known job with id 'nobody' (20101)"),
        (["records", "analysed", "--sort", "wings"], 2, "(60102)"),
        (["records", "analysed", "--since", "noon"], 2, "(60101)"),
        (["records", "analysed", "--follow", "--sort", "timestamp"], 2, "leave out --sort"),
        (["buckets", "analysed", "--follow", "--interim"], 2, "leave out --interim"),
        (["buckets", "analysed", "--follow", "--format", "csv"], 2, "name the --fields"),
        (["buckets", "analysed", "--follow", "--output", "b.parquet"], 2, "ndjson"),
        (["buckets", "analysed", "--format", "parquet"], 2, "--output FILE"),
        (["buckets", "analysed", "--output", "buckets.xls"], 2, "--format"),
        (["buckets", "analysed", "--output", "no/such/folder.csv"], 3, "No such file or directory"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    remote: "Tailmass", analysed: str, arguments: list[str], code: int, way_out: str
) -> None:
    done = remote("results", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert way_out in done.stderr


def test_old_results_are_deleted_when_it_is_meant(remote: "Tailmass", client: Client, analysed: str) -> None:
    there = [bucket["timestamp"] for bucket in client.results.buckets(analysed)]
    asked = ("results", "delete", analysed, "--until", at(3))
    unsure = remote(*asked)
    assert unsure.returncode == 2
    assert "say --yes too" in unsure.stderr
    assert remote(*asked, "--yes").stdout == "3 buckets deleted\n"
    assert [bucket["timestamp"] for bucket in client.results.buckets(analysed)] == there[3:]
    assert "say which results" in remote("results", "delete", analysed).stderr
    everything = remote("results", "delete", analysed, "--older-than", "30", "-f")
    assert everything.stdout == f"{len(there) - 3:,} buckets deleted\n"
