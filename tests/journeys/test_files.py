"""Files of all kinds are pulled into jobs: the same as one upload, whatever breaks off in between."""

import bz2
import gzip
import json
import lzma
import random
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import zstandard

from tailmass.client import Client
from tests import hadoop
from tests import pulling as processes
from tests.aws import client as client_of_aws
from tests.aws import environment, new_region
from tests.door import slowed
from tests.pulling import PATIENCE, counts, pulling, results, seen, wait_for

if TYPE_CHECKING:
    from tests.conftest import Running, ServerProcess

START = 1_400_000_400
ROWS = 6000
DETECTOR = "mean(value) by name"
DATA = {"format": "DELIMITED", "fieldDelimiter": ",", "timeField": "time", "timeFormat": "epoch"}


def table(begin: int = 0, end: int = ROWS) -> list[str]:
    """A row every ten seconds, with line ends and quotes in some cells, and something odd near the end."""
    noise = random.Random(7)
    values = [50.0 if 5400 <= n < 5430 else 10 + noise.random() for n in range(ROWS)]
    return [
        f'{START + 10 * n},{"a" if n % 2 else "b"},{values[n]:.3f},"said ""{n}""\nand, more"'
        if n % 3 == 0
        else f"{START + 10 * n},{'a' if n % 2 else 'b'},{values[n]:.3f},µ{n}"
        for n in range(begin, end)
    ]


def text(begin: int = 0, end: int = ROWS) -> bytes:
    return ("time,name,value,note\n" + "".join(f"{row}\n" for row in table(begin, end))).encode()


def pull(*arguments: str | Path, folder: Path, **given: Any) -> tuple[str, str]:
    done = processes.pull(*arguments, folder=folder, **given)
    return done.stdout, done.stderr


@pytest.fixture
def uploaded(server: "Running") -> Client:
    """A client of a server on which the job `uploaded` has all rows by one upload."""
    client = Client(server.url)
    client.jobs.create(configuration("uploaded"))
    client.data.upload("uploaded", text())
    client.data.close("uploaded")
    assert counts(client, "uploaded")["inputRecordCount"] == ROWS
    return client


def configuration(job_id: str | None, **description: str) -> dict[str, Any]:
    detectors = [{"function": "mean", "fieldName": "value", "byFieldName": "name"}]
    job = {"analysisConfig": {"bucketSpan": 300, "detectors": detectors}, "dataDescription": {**DATA, **description}}
    return job if job_id is None else {"id": job_id, **job}


def job_of(out: str) -> str:
    return out.split()[-1]


def test_rotated_files_are_one_upload_in_the_order_of_their_rows(
    uploaded: Client, server: "Running", tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_bytes(text(4000))
    (tmp_path / "rows.csv.1").write_bytes(text(2000, 4000).replace(b"\n", b"\r\n").replace(b'"\r\n', b'"\n')[:-1])
    (tmp_path / "rows.csv.2.gz").write_bytes(
        gzip.compress(text(0, 1000)) + gzip.compress(b"".join(text(1000, 2000).partition(b"\n")[2:]))
    )
    (tmp_path / "rows.csv.3").write_bytes(b"")
    (tmp_path / "rows.csv.4").write_bytes(b"time,name,value,note\n")
    out, err = pull("files", "rows.csv*", "--detector", DETECTOR, "--url", server.url, folder=tmp_path)
    assert out.startswith("6,000 rows of 5 files are in the job files-")
    assert "guessed time_field=time" in err
    told = [line.split()[:2] for line in err.splitlines() if " rows/s " in line]
    assert told[:3] == [["rows.csv.2.gz", "2,000"], ["rows.csv.1", "2,000"], ["rows.csv", "2,000"]]
    job_id = job_of(out)
    assert uploaded.jobs.get(job_id)["status"] == "CLOSED"
    assert results(uploaded, job_id) == results(uploaded, "uploaded")

    again, _ = pull("files", "rows.csv*", "--url", server.url, folder=tmp_path)
    assert again == out
    assert counts(uploaded, job_id)["inputRecordCount"] == ROWS


def test_killed_three_times_it_goes_on_where_it_was(uploaded: Client, server: "Running", tmp_path: Path) -> None:
    with gzip.open(tmp_path / "b.csv.gz", "wb") as file:
        file.write(text(1000))
    (tmp_path / "a.csv").write_bytes(text(0, 1000))
    (tmp_path / "job.json").write_text(json.dumps(configuration("killed")))
    arguments = ("files", "*.csv*", "--job", "job.json", "--url")
    for rows in (500, 2500, 4500):
        with slowed(server.url) as slow, pulling(*arguments, slow, folder=tmp_path) as process:
            wait_for(lambda rows=rows: seen(uploaded, "killed") > rows, process)  # type: ignore[misc]
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert seen(uploaded, "killed") < ROWS, (tmp_path / "said").read_text()
    out, _ = pull(*arguments, server.url, folder=tmp_path)
    assert out == "6,000 rows of 2 files are in the job killed\n"
    assert counts(uploaded, "killed")["inputRecordCount"] == ROWS
    assert results(uploaded, "killed") == results(uploaded, "uploaded")


def test_a_server_that_is_killed_gets_again_what_it_has_lost(server_process: "ServerProcess", tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(text(0, 3000))
    (tmp_path / "b.csv").write_bytes(text(3000))
    (tmp_path / "job.json").write_text(json.dumps(configuration("lost")))
    client = Client(server_process.url)
    arguments = ("files", "*.csv", "--job", "job.json", "--url")
    with slowed(server_process.url) as slow, pulling(*arguments, slow, folder=tmp_path) as process:
        wait_for(lambda: seen(client, "lost") > 4000, process)
        server_process.kill()
        server_process.start()
        assert process.wait(PATIENCE) == 0, (tmp_path / "said").read_text()
    assert "trying again" in (tmp_path / "said").read_text()
    client.jobs.create(configuration("uploaded"))
    client.data.upload("uploaded", text())
    client.data.close("uploaded")
    assert counts(client, "lost")["inputRecordCount"] == ROWS
    assert results(client, "lost") == results(client, "uploaded")


def test_ctrl_c_leaves_what_the_same_command_goes_on_from(uploaded: Client, server: "Running", tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(text(0, 3000))
    (tmp_path / "b.csv").write_bytes(text(3000))
    (tmp_path / "job.json").write_text(json.dumps(configuration("stopped")))
    arguments = ("files", "*.csv", "--job", "job.json", "--url")
    with slowed(server.url) as slow, pulling(*arguments, slow, folder=tmp_path) as process:
        wait_for(lambda: seen(uploaded, "stopped") > 1000, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130, (tmp_path / "said").read_text()
    assert "the same command goes on, as stopped.state says" in (tmp_path / "said").read_text()
    assert uploaded.jobs.get("stopped")["status"] == "CLOSED"
    assert 1000 < seen(uploaded, "stopped") <= 3000  # some may have been on their way
    out, _ = pull(*arguments, server.url, "--leave-open", folder=tmp_path)
    assert out == "6,000 rows of 2 files are in the job stopped\n"
    assert uploaded.jobs.get("stopped")["status"] == "RUNNING"
    uploaded.data.close("stopped")
    # A close in between brings no results of its own: a bucket closes when its time is over.
    assert results(uploaded, "stopped") == results(uploaded, "uploaded")


def test_files_that_grow_and_turn_go_on_with_what_is_new(uploaded: Client, server: "Running", tmp_path: Path) -> None:
    log, turned = tmp_path / "rows.csv", tmp_path / "rows.csv.1"
    arguments = ("files", "rows.csv*", "--job", "job.json", "--url", server.url)
    (tmp_path / "job.json").write_text(json.dumps(configuration("grown")))
    log.write_bytes(text(0, 2000)[:-1])  # its last line has no end yet
    assert pull(*arguments, folder=tmp_path)[0].startswith("2,000 rows")
    log.write_bytes(text(0, 3000))
    assert pull(*arguments, folder=tmp_path)[0].startswith("3,000 rows")
    log.write_bytes(text(0, 3500))
    log.rename(turned)
    log.write_bytes(text(3500, 5000))
    assert pull(*arguments, folder=tmp_path)[0] == "5,000 rows of 2 files are in the job grown\n"
    (tmp_path / "rows.csv.2.gz").write_bytes(gzip.compress(turned.read_bytes()))
    log.rename(turned)
    log.write_bytes(text(5000))
    assert pull(*arguments, folder=tmp_path)[0] == "6,000 rows of 3 files are in the job grown\n"
    assert counts(uploaded, "grown")["inputRecordCount"] == ROWS
    assert results(uploaded, "grown") == results(uploaded, "uploaded")

    log.write_bytes(text(5000).replace(b"a", b"c"))
    _, err = pull(*arguments, folder=tmp_path, code=3)
    assert "rows.csv has changed since it was pulled" in err
    log.write_bytes(text(5000))
    uploaded.data.upload("grown", text(5999))
    _, err = pull(*arguments, folder=tmp_path, code=3)
    assert "has 6,001 rows of this pull" in err


def test_a_file_that_takes_the_name_of_one_that_is_gone_comes_after_it(server: "Running", tmp_path: Path) -> None:
    arguments = ("files", "rows.csv", "--job", "job.json", "--url", server.url)
    (tmp_path / "job.json").write_text(json.dumps(configuration("turned")))
    (tmp_path / "rows.csv").write_bytes(text(0, 300))
    pull(*arguments, folder=tmp_path)
    (tmp_path / "rows.csv").write_bytes(text(300, 400))
    out, err = pull(*arguments, folder=tmp_path)
    assert out.startswith("400 rows")
    assert "rows.csv is another file now" in err
    assert pull(*arguments, folder=tmp_path)[0] == out


@pytest.mark.parametrize("kind", ["json", "ndjson.gz", "csv.zst", "tsv.bz2", "csv.xz", "parquet", "times.parquet"])
def test_every_format_is_guessed_and_finds_the_same(
    kind: str, uploaded: Client, server: "Running", tmp_path: Path
) -> None:
    frame = pl.read_csv(text(), schema_overrides={"note": pl.String})
    path = tmp_path / f"rows.{kind}"
    match kind:
        case "json":
            path.write_text(json.dumps(frame.to_dicts(), indent=1))
        case "ndjson.gz":
            path.write_bytes(gzip.compress(frame.write_ndjson().encode()))
        case "csv.zst":
            path.write_bytes(zstandard.compress(text()))
        case "tsv.bz2":
            path.write_bytes(bz2.compress(frame.write_csv(separator="\t").encode()))
        case "csv.xz":
            path.write_bytes(lzma.compress(b"\xef\xbb\xbf" + frame.write_csv(separator=";").encode()))
        case "parquet":
            frame.write_parquet(path, row_group_size=1000)
        case _:
            frame.with_columns(
                pl.from_epoch("time"), more=pl.struct("value"), less=pl.concat_list("value")
            ).write_parquet(path)
    out, _ = pull("files", path.name, "--detector", DETECTOR, "--url", server.url, folder=tmp_path)
    assert out.startswith("6,000 rows of 1 file")
    assert results(uploaded, job_of(out)) == results(uploaded, "uploaded")


def test_files_with_other_columns_have_headers_of_their_own(
    uploaded: Client, server: "Running", tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_bytes(text(0, 3000))
    frame = pl.read_csv(text(3000), schema_overrides={"note": pl.String})
    frame.select("note", "value", "name", "time", more=1).write_csv(tmp_path / "b.csv")
    out, _ = pull("files", "a.csv", "b.csv", "--detector", DETECTOR, "--url", server.url, folder=tmp_path)
    assert results(uploaded, job_of(out)) == results(uploaded, "uploaded")


def test_a_file_that_is_cut_off_is_said_and_goes_on_when_it_is_whole(
    uploaded: Client, server: "Running", tmp_path: Path
) -> None:
    packed = gzip.compress(text())
    (tmp_path / "rows.csv.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "job.json").write_text(json.dumps(configuration("cut")))
    arguments = ("files", "rows.csv.gz", "--job", "job.json", "--url", server.url)
    _, err = pull(*arguments, folder=tmp_path, code=3)
    assert "rows.csv.gz is compressed and ends too early" in err
    (tmp_path / "rows.csv.gz").write_bytes(packed)
    pull(*arguments, folder=tmp_path)
    assert counts(uploaded, "cut")["inputRecordCount"] == ROWS
    assert results(uploaded, "cut") == results(uploaded, "uploaded")


def test_what_is_in_the_way_is_said(server: "Running", tmp_path: Path) -> None:
    client = Client(server.url)
    where = ("--url", server.url)
    (tmp_path / "rows.csv").write_bytes(text(0, 300))
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "open.csv").write_bytes(text(0, 2) + b'1400000500,a,1,"open\n')
    client.jobs.create(configuration("json", format="JSON"))
    client.jobs.create(configuration("other", timeField="when"))
    client.jobs.create(configuration("taken"))
    (tmp_path / "taken.json").write_text(json.dumps(configuration("taken")))
    for arguments, code, told in [
        (("rows.csv",), 2, "there is no job to send to"),
        (("nothing*",), 3, "there is no file 'nothing*'"),
        ((".",), 3, ". is a folder: name files in it, as in '*.csv'"),
        (("empty.csv", "--detector", "count"), 3, "empty.csv is empty"),
        (("rows.csv", "-"), 2, "- is stdin, which is read alone"),
        (("rows.csv", "--job-id", "json"), 2, "the job reads JSON, and rows.csv looks like DELIMITED"),
        (("rows.csv", "--job-id", "other"), 2, "rows.csv has no column 'when'"),
        (("rows.csv", "--job", "taken.json"), 3, "there is a job 'taken' already"),
        (("open.csv", "--job-id", "taken"), 3, "open.csv: the last record is not complete"),
        (("rows.csv", "--job-id", "absent"), 2, "there is no job 'absent'"),
        (("s3://bucket",), 3, "'s3://bucket' names no objects"),
    ]:
        assert told in pull("files", *arguments, *where, folder=tmp_path, code=code)[1]
        assert not list(tmp_path.glob("*.state")) or arguments[0] == "open.csv"
        for state in tmp_path.glob("*.state"):
            state.unlink()
    assert counts(client, "json")["inputRecordCount"] == counts(client, "other")["inputRecordCount"] == 0


def test_rows_are_added_to_a_job_that_exists(server: "Running", tmp_path: Path) -> None:
    client = Client(server.url)
    client.jobs.create(configuration("web"))
    client.data.upload("web", text(0, 100))
    (tmp_path / "rows.csv").write_bytes(text(100, 400))
    for _ in range(2):
        out, _ = pull("files", "rows.csv", "--job-id", "web", "--url", server.url, folder=tmp_path)
        assert out == "300 rows of 1 file are in the job web\n"
        assert counts(client, "web")["inputRecordCount"] == 400
    _, err = pull("files", "*.csv", "--job-id", "web", "--url", server.url, folder=tmp_path, code=2)
    assert "web.state is of another pull" in err


def test_stdin_is_sent_as_it_comes(server: "Running", tmp_path: Path) -> None:
    client = Client(server.url)
    arguments = ("files", "-", "--job", "job.json", "--url", server.url)
    (tmp_path / "job.json").write_text(json.dumps(configuration("piped")))
    with pulling(*arguments, folder=tmp_path, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(text(0, 50))
        process.stdin.flush()
        wait_for(lambda: seen(client, "piped") == 50, process)
        process.stdin.write("".join(f"{row}\n" for row in table(50, 90)).encode())
        process.stdin.flush()
        wait_for(lambda: seen(client, "piped") == 90, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0, (tmp_path / "said").read_text()
    assert "90 rows of stdin are in the job piped" in (tmp_path / "said").read_text()
    assert "it cannot be read twice" in (tmp_path / "said").read_text()
    assert client.jobs.get("piped")["status"] == "CLOSED"
    assert not list(tmp_path.glob("*.state"))


def test_stdin_that_ends_is_sent_whole(uploaded: Client, server: "Running", tmp_path: Path) -> None:
    stdin = gzip.compress(text())
    out, _ = pull("files", "-", "--detector", DETECTOR, "--url", server.url, folder=tmp_path, stdin=stdin)
    assert out.startswith("6,000 rows of stdin")
    assert results(uploaded, job_of(out)) == results(uploaded, "uploaded")


def test_what_came_from_stdin_is_sent_again_when_the_server_is_killed(
    server_process: "ServerProcess", tmp_path: Path
) -> None:
    client = Client(server_process.url)
    client.jobs.create(configuration("held"))
    arguments = ("files", "-", "--job-id", "held", "--url", server_process.url)
    with pulling(*arguments, folder=tmp_path, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(text(0, 50))
        process.stdin.flush()
        wait_for(lambda: seen(client, "held") == 50, process)
        server_process.kill()
        server_process.start()
        process.stdin.write("".join(f"{row}\n" for row in table(50, 90)).encode())
        process.stdin.close()
        assert process.wait(PATIENCE) == 0, (tmp_path / "said").read_text()
    assert counts(client, "held")["inputRecordCount"] == 90


def test_objects_of_s3_are_files(uploaded: Client, server: "Running", aws_url: str, tmp_path: Path) -> None:
    region = new_region()
    store = client_of_aws("s3", aws_url, region)
    bucket = f"rows-{server.port}"
    store.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
    store.put_object(Bucket=bucket, Key="2026/b.csv.gz", Body=gzip.compress(text(0, 2000)))
    store.put_object(Bucket=bucket, Key="2026/a.csv", Body=text(2000, 4000))
    store.put_object(Bucket=bucket, Key="2025/a.csv", Body=b"something else")
    env = environment(aws_url, region)
    del env["AWS_ENDPOINT_URL"]
    where = ("--url", server.url, "--endpoint-url", aws_url)
    paths = ("files", f"s3://{bucket}/2026/*.csv*")
    out, _ = pull(*paths, "--detector", DETECTOR, *where, folder=tmp_path, env=env)
    assert out.startswith("4,000 rows of 2 files")
    store.put_object(Bucket=bucket, Key="2026/c.csv", Body=text(4000))
    out, _ = pull(*paths, *where, folder=tmp_path, env=env)
    assert out.startswith("6,000 rows of 3 files")
    assert results(uploaded, job_of(out)) == results(uploaded, "uploaded")

    frame = pl.read_csv(text(), schema_overrides={"note": pl.String})
    frame.write_parquet(tmp_path / "rows.parquet")
    store.put_object(Bucket=bucket, Key="rows.parquet", Body=(tmp_path / "rows.parquet").read_bytes())
    state = ("--state", "parquet.state")
    paths = ("files", f"s3://{bucket}/rows.parquet")
    out, _ = pull(*paths, "--detector", DETECTOR, *where, *state, folder=tmp_path, env=env)
    assert results(uploaded, job_of(out)) == results(uploaded, "uploaded")
    for path, told in ((f"s3://{bucket}/nothing*", "there is no object"), ("s3://absent-bucket/x", "NoSuchBucket")):
        assert told in pull("files", path, *where, *state, folder=tmp_path, env=env, code=3)[1]


def test_files_of_hadoop_are_pulled_once_though_the_pull_is_killed(
    uploaded: Client, server: "Running", hadoop_address: str, tmp_path: Path
) -> None:
    folder = f"/{tmp_path.name}"
    hadoop.put(hadoop_address, f"{folder}/part-1.csv.gz", gzip.compress(text(0, 3000)))
    hadoop.put(hadoop_address, f"{folder}/part-0.csv", text(3000))
    (tmp_path / "job.json").write_text(json.dumps(configuration("killed")))
    arguments = ("files", f"webhdfs://{hadoop_address}{folder}", "--job", "job.json", "--hadoop-user", "root", "--url")
    for rows in (500, 3500):
        with slowed(server.url) as slow, pulling(*arguments, slow, folder=tmp_path) as process:
            wait_for(lambda rows=rows: seen(uploaded, "killed") > rows, process)  # type: ignore[misc]
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert seen(uploaded, "killed") < ROWS, (tmp_path / "said").read_text()
    out, _ = pull(*arguments, server.url, folder=tmp_path)
    assert out == "6,000 rows of 2 files are in the job killed\n"
    assert counts(uploaded, "killed")["inputRecordCount"] == ROWS
    assert results(uploaded, "killed") == results(uploaded, "uploaded")

    pl.read_csv(text(), schema_overrides={"note": pl.String}).write_parquet(tmp_path / "rows.parquet")
    hadoop.put(hadoop_address, f"{folder}.parquet", (tmp_path / "rows.parquet").read_bytes())
    path = f"webhdfs://root@{hadoop_address}{folder}.parquet"
    out, _ = pull("files", path, "--detector", DETECTOR, "--url", server.url, folder=tmp_path)
    assert results(uploaded, job_of(out)) == results(uploaded, "uploaded")
