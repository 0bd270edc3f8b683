import csv
import json
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Tailmass

SHARED = Path(__file__).parents[3] / "shared" / "data"
DETECTOR = "mean(load) by host"


@pytest.fixture(scope="module")
def told(tailmass: "Tailmass", spike: Path) -> Any:
    """The run of which most tests look at one side."""
    return tailmass("detect", spike, DETECTOR, "--bucket-span", "15m")


def records(tailmass: "Tailmass", *arguments: str | Path, **more: str) -> list[dict[str, Any]]:
    done = tailmass("detect", *arguments, "--format", "json", **more)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_the_planted_anomaly_heads_the_table(told: Any) -> None:
    heading, first = told.stdout.splitlines()[:2]
    assert heading.split()[:2] == ["score", "when"]
    assert "Wed 2026-03-04 12:00" in first
    assert "h1" in first
    assert "█" in first
    assert "mean(load)" in first
    assert told.returncode == 0


def test_guesses_and_their_reasons_are_on_stderr(told: Any) -> None:
    assert "time_field=time because" in told.stderr
    assert "yyyy-MM-dd HH:mm:ss" in told.stderr
    assert "12,960 rows" in told.stderr


def test_json_ndjson_and_csv_hold_the_same_records(tailmass: "Tailmass", spike: Path) -> None:
    asked = ("detect", spike, DETECTOR, "--bucket-span", "900", "--min-score", "0", "--limit", "3", "--format")
    in_json = json.loads(tailmass(*asked, "json").stdout)
    in_lines = [json.loads(line) for line in tailmass(*asked, "ndjson").stdout.splitlines()]
    in_csv = list(csv.DictReader(StringIO(tailmass(*asked, "csv").stdout)))
    assert in_json == in_lines
    assert [row["timestamp"] for row in in_csv] == [record["timestamp"] for record in in_json]
    assert in_json[0]["timestamp"] == "2026-03-04T12:00:00+00:00"
    assert in_csv[0]["by_field_value"] == in_json[0]["by_field_value"] == "h1"


def test_records_are_ranked_by_score(tailmass: "Tailmass", spike: Path) -> None:
    scores = [record["normalized_probability"] for record in records(tailmass, spike, DETECTOR, "--min-score", "0")]
    assert scores == sorted(scores, reverse=True)


def test_stdin_is_read_like_the_file(tailmass: "Tailmass", spike: Path) -> None:
    asked = (DETECTOR, "--bucket-span", "15m")
    piped = tailmass("detect", "-", *asked, "--format", "json", stdin=spike.read_text())
    assert json.loads(piped.stdout) == records(tailmass, spike, *asked)


def test_what_is_said_wins_over_guesses(tailmass: "Tailmass", spike: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd.txt"
    odd.write_text(spike.read_text().replace("time,", "noted,").replace(",", "|"))
    said = ("--time-field", "noted", "--time-format", "yyyy-MM-dd HH:mm:ss", "--delimiter", "|", "--bucket-span", "15m")
    done = tailmass("detect", odd, DETECTOR, *said)
    assert "guessed" not in done.stderr
    assert "h1" in done.stdout.splitlines()[1]


def test_a_parquet_file_gives_what_the_csv_gives(tailmass: "Tailmass", spike: Path, tmp_path: Path) -> None:
    frame = pl.read_csv(spike, try_parse_dates=True)
    frame.write_parquet(tmp_path / "spike.parquet")
    first = records(tailmass, tmp_path / "spike.parquet", DETECTOR, "--bucket-span", "15m")[0]
    assert (first["timestamp"], first["by_field_value"]) == ("2026-03-04T12:00:00+00:00", "h1")


def test_several_detectors_are_ranked_together(tailmass: "Tailmass", spike: Path) -> None:
    found = records(tailmass, spike, "max(load) by host", "count by host", "--bucket-span", "15m")
    assert {record["function"] for record in found} <= {"max", "count"}
    assert found[0]["function"] == "max"


@pytest.mark.parametrize("band", ["warning", "minor", "major", "critical"])
def test_fail_on_exits_with_one_if_the_band_is_reached(tailmass: "Tailmass", spike: Path, band: str) -> None:
    done = tailmass("detect", spike, DETECTOR, "--bucket-span", "15m", "--fail-on", band, "--limit", "1")
    score = float(done.stdout.splitlines()[1].split()[0])
    least = {"warning": 3, "minor": 25, "major": 50, "critical": 75}[band]
    assert done.returncode == (1 if score >= least else 0)


def test_without_anomalies_fail_on_exits_with_nothing(tailmass: "Tailmass", tmp_path: Path) -> None:
    calm = tmp_path / "calm.csv"
    calm.write_text("time,load\n" + "".join(f"{1772409600 + 60 * i},{i % 5}\n" for i in range(3000)))
    done = tailmass("detect", calm, "mean(load)", "--bucket-span", "15m", "--fail-on", "major")
    assert done.returncode == 0


def test_a_limit_of_nothing_shows_all(tailmass: "Tailmass", spike: Path) -> None:
    asked = (spike, DETECTOR, "--bucket-span", "15m", "--min-score", "0")
    assert len(records(tailmass, *asked, "--limit", "0")) >= len(records(tailmass, *asked, "--limit", "2"))
    assert len(records(tailmass, *asked, "--limit", "2")) <= 2


@pytest.mark.parametrize(
    ("arguments", "way_out"),
    [
        (["missing.csv", "count"], "does not exist: give the path of a file"),
        (["FILE"], "its columns are time, host, load"),
        (["FILE", "maen(load)"], "maen"),
        (["FILE", "mean(load"], "mean(load"),
        (["FILE", "count", "--bucket-span", "soon"], "900, 15m, 1h or auto"),
        (["FILE", "count", "--bucket-span", "0"], "900, 15m, 1h or auto"),
        (["FILE", "count", "--latency", "soon"], "--latency soon is not a length of time"),
        (["FILE", DETECTOR, "--rule", "load < 50"], "no 'in' after 'load', and it is none of actual, typical"),
        (["FILE", DETECTOR, "--rule", "site in known", "--value-list", "known=a"], "(host)"),
        (["FILE", "rare by host", "--rule", "actual < 5"], "does not support 'detectorRules'"),
        (["FILE", DETECTOR, "--rule", "host in known"], "known"),
        (["FILE", DETECTOR, "--value-list", "known"], "NAME=a,b,c or NAME=@FILE"),
        (["FILE", DETECTOR, "--value-list", "known=@missing.txt"], "missing.txt: No such file"),
        (["FILE", "rare by host", "--overlapping-buckets"], "'overlappingBuckets'"),
        (["FILE", DETECTOR, "--per-partition"], "write partition=FIELD"),
        (["FILE", "count", "--format", "xml"], "table"),
        (["FILE", "count", "--fail-on", "panic"], "critical"),
        (["FILE", "count", "--min-score", "101"], "100"),
        (["FILE", "mean(load)", "--time-format", "yyyy-QQ"], "yyyy-QQ"),
    ],
)
def test_a_wrong_command_line_says_so_and_exits_with_two(
    tailmass: "Tailmass", spike: Path, arguments: list[str], way_out: str
) -> None:
    done = tailmass("detect", *[str(spike) if argument == "FILE" else argument for argument in arguments])
    assert (done.returncode, done.stdout) == (2, "")
    assert way_out in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("content", "detector", "way_out"),
    [
        ("", "count", "is empty"),
        ("host,load\na,1\nb,2\n", "count", "time_field"),
        ("time,load\n2026-03-02 00:00:00,1\n2026-03-02 00:01:00,2\n", "mean(laod)", "laod"),
    ],
)
def test_data_that_cannot_be_read_says_so_and_exits_with_three(
    tailmass: "Tailmass", tmp_path: Path, content: str, detector: str, way_out: str
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content)
    done = tailmass("detect", path, detector)
    assert (done.returncode, done.stdout) == (3, "")
    assert way_out in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_leaves_early_is_no_error(tailmass: "Tailmass", spike: Path) -> None:
    import os
    import subprocess
    import sys

    command = [sys.executable, "-m", "tailmass.cli", "detect", str(spike), DETECTOR, "--min-score", "0", "--limit", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ)
    assert process.stdout is not None
    process.stdout.close()
    _, complaint = process.communicate(timeout=300)
    assert b"Traceback" not in complaint
    assert b"BrokenPipe" not in complaint


def test_the_burst_in_the_real_fare_quote_data_comes_first(tailmass: "Tailmass") -> None:
    real = SHARED / "farequote" / "farequote.csv.gz"
    if not real.exists():
        pytest.skip("needs the shared data next to the checkout")
    known = json.loads((real.parent / "known_anomaly.json").read_text())
    first = records(tailmass, real, "mean(responsetime) by airline")[0]
    assert first["by_field_value"] == known["airline"]
    assert first["timestamp"][:13] == known["start"][:13]


def test_the_categories_of_the_records_are_told(tailmass: "Tailmass", tmp_path: Path) -> None:
    rows = ["time,message"]
    for minute in range(300):
        rows += [f"{1_400_000_400 + 60 * minute},user {minute} logged in"] * (40 if minute == 250 else 1)
        rows.append(f"{1_400_000_400 + 60 * minute},request took {minute} ms")
    (tmp_path / "app.csv").write_text("\n".join(rows))
    asked = ("count by mlcategory", "--categorize", "message", "--bucket-span", "1m", "--limit", "1")
    done = tailmass("detect", tmp_path / "app.csv", *asked)
    assert "prelertcategory 1: user logged in" in done.stderr.splitlines()
    assert "request took" not in done.stderr


def test_influencers_are_a_column_and_the_worst_are_told(tailmass: "Tailmass", spike: Path) -> None:
    asked = ("detect", spike, "mean(load)", "--bucket-span", "15m", "--influencers", "host,", "--limit", "1")
    done = tailmass(*asked)
    assert "host=h1" in done.stdout
    assert "Most to blame: host=h1 (" in done.stderr
    (record,) = records(tailmass, *asked[1:])
    assert record["influencers"] == [{"influencerFieldName": "host", "influencerFieldValues": ["h1"]}]


def test_rules_leave_out_what_is_of_no_interest(tailmass: "Tailmass", spike: Path, tmp_path: Path) -> None:
    asked = (spike, DETECTOR, "--bucket-span", "15m", "--min-score", "0", "--rule")
    known = tmp_path / "known.txt"
    known.write_text("h1\nh2\n")
    listed = records(tailmass, *asked, "host in known", "--value-list", f"known=@{known}")
    assert "h1" not in {each["by_field_value"] for each in listed}
    low = records(tailmass, *asked, "actual > 50 for host=h1")
    assert max(each["actual"] for each in low) < 50
    lists = ("--value-list", "known=h1, h2", "--value-list", "calm=h0")
    (peak,) = records(tailmass, *asked, "host in known and actual < 50", "--rule", "host in calm", *lists)
    assert (peak["by_field_value"], peak["actual"]) == ("h1", 90)


def test_overlapping_buckets_see_a_burst_across_the_end_of_a_bucket_whole(tailmass: "Tailmass", tmp_path: Path) -> None:
    chance = np.random.default_rng(5)
    seconds = np.concatenate([chance.integers(0, 86_400, 2880), 36_000 + chance.integers(-30, 30, 40)])
    path = tmp_path / "burst.csv"
    path.write_text("\n".join(["time", *map(str, 1_772_409_600 + np.sort(seconds))]))
    asked = (path, "high_count", "--bucket-span", "5m", "--limit", "1")
    (half,) = records(tailmass, *asked)
    (whole,) = records(tailmass, *asked, "--overlapping-buckets")
    assert whole["actual"] >= 40 > half["actual"]


def test_latency_lets_rows_be_out_of_order(tailmass: "Tailmass", spike: Path, tmp_path: Path) -> None:
    heading, *lines = spike.read_text().splitlines()
    late = tmp_path / "late.csv"
    late.write_text("\n".join([heading, *lines[:6000], *lines[6060:6090], *lines[6000:6060], *lines[6090:]]))
    asked = ("detect", late, DETECTOR, "--bucket-span", "5m")
    assert "a time before the bucket that was open" in tailmass(*asked).stderr
    assert "left out" not in tailmass(*asked, "--latency", "30m").stderr


def test_per_partition_scores_by_what_is_rare_within_each(tailmass: "Tailmass", tmp_path: Path) -> None:
    loads = np.random.default_rng(8).normal(100, 1, (600, 2, 25))
    for host in range(24):
        loads[100 + 20 * host, 0, host] = 160  # in one site another host every 20 hours
    loads[590, :, 24] = 160
    path = tmp_path / "sites.csv"
    lines = (
        f"{1_772_409_600 + 3600 * hour},s{site},h{host},{load:.5f}"
        for (hour, site, host), load in np.ndenumerate(loads)
    )
    path.write_text("\n".join(["time,site,host,load", *lines]))
    asked = (path, "mean(load) by host partition=site", "--bucket-span", "1h", "--limit", "0")
    together, apart = (
        {each["partition_field_value"]: each["normalized_probability"] for each in found if each["actual"] == 160}
        for found in (records(tailmass, *asked), records(tailmass, *asked, "--per-partition"))
    )
    assert apart["s1"] > together["s1"] + 20


def test_interim_judges_the_last_bucket_as_it_stands(tailmass: "Tailmass", spike: Path, tmp_path: Path) -> None:
    path = tmp_path / "until.csv"
    path.write_text("\n".join(spike.read_text().splitlines()[: 1 + 3 * 3610]))
    asked = (path, DETECTOR, "--bucket-span", "15m", "--min-score", "0")
    assert 90 not in [each["actual"] for each in records(tailmass, *asked)]
    assert records(tailmass, *asked, "--interim")[0]["actual"] == 90
