"""The tutorials on public data: they print what they say, and find what they tell of."""

import json
import runpy
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import tailmass

DOCS = Path(__file__).parents[2] / "docs"
SNIPPETS = runpy.run_path(str(DOCS / "snippets.py"))
DATA: Path = SNIPPETS["DATA"]
NO_SERVER = 8080

Run = Callable[[str], dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """What runs a tutorial, holds it to the outputs it shows, and gives back the names its Python has left."""

    def run(name: str) -> dict[str, Any]:
        page = SNIPPETS["Page"](DOCS / "tutorials" / f"{name}.md")
        missing = [file.name for file in page.data if not file.exists()]
        if missing:
            pytest.skip(f"needs {', '.join(missing)} of the shared data next to the checkout")
        left: dict[str, Any] = {}
        settled = SNIPPETS["settled"]
        assert settled(page.text) == settled(page.refreshed(tmp_path, NO_SERVER, left)), "run: make docs"
        return left

    return run


def above(records: pl.DataFrame, score: float) -> pl.DataFrame:
    return records.filter(pl.col("normalized_probability") >= score)


def test_both_tunnels_are_found_in_dns_queries_and_their_domain_is_named(run: Run) -> None:
    quarters = run("dns-tunnel")["quarters"].records
    first, *others = quarters["over_field_value"]
    assert first == "ggy666.tk"
    assert set(others) == {"ggy666.tk", "awswaf.com"}
    tunnels = quarters.filter(pl.col("over_field_value") == "ggy666.tk")
    iodine_began = datetime(2023, 8, 6, 1, 45, tzinfo=UTC)
    assert tunnels["timestamp"][0] == datetime(2023, 8, 5, 13, 45, tzinfo=UTC)  # dnscat2
    assert iodine_began in tunnels["timestamp"]
    assert above(tunnels, 75).height == above(quarters, 50).height == 1


def test_the_break_in_by_ssh_is_on_top_by_what_is_tried_and_by_how_often(run: Run) -> None:
    run("security")
    log = DATA / "security" / "auth.csv.gz"
    tried = tailmass.detect(log, "freq_rare by user over src_ip", bucket_span="15m").records
    first, *others = tried["normalized_probability"]
    assert tried["over_field_value"][0] == "24.151.103.17"
    assert json.loads(tried["causes"][0])[0]["byFieldValue"] == "elastic_user_0"
    assert first > 50 > 39 > max(others)
    often = tailmass.detect(log, "high_count over src_ip", bucket_span="1h").records
    assert often["over_field_value"].to_list() == ["24.151.103.17", "201.178.81.113", "91.197.232.109"]
    assert not tailmass.detect(log, "freq_rare by user over src_ip", bucket_span="1h").records.height


def test_the_scanner_is_on_top_of_an_access_log_after_nineteen_months_of_silence(run: Run) -> None:
    both = run("access-log")["both"]
    high = tailmass.detect(both, "high_count over clientip", bucket_span="5m").records
    assert high["over_field_value"].to_list() == ["192.168.4.25"] * 5 + ["75.97.9.59"]
    assert high["normalized_probability"][0] > 75
    either = tailmass.detect(both, "count over clientip", bucket_span="5m").records.row(0, named=True)
    assert either["actual"] < either["typical"]
    rare = tailmass.detect(both, "rare by status partition=uri", bucket_span="5m").records
    assert rare.select("partition_field_value", "by_field_value").rows() == [
        ("/projects/xdotool/", "500"),
        ("/", "500"),
    ]


def test_the_incident_is_on_top_of_all_sources_together_though_not_of_the_switch_alone(run: Run) -> None:
    left = run("incident")
    began = datetime(2021, 2, 8, 20, 15, tzinfo=UTC)
    worst = left["found"].buckets.sort("anomaly_score")[-1].row(0, named=True)
    assert (worst["timestamp"], round(worst["anomaly_score"])) == (began, 100)
    blamed = left["found"].influencers.filter(pl.col("timestamp") == began)
    named = ["REC Not INSERTED [DB TRAN] Table", "Out_Discards", "Out_Octets"]
    assert blamed["influencer_field_value"].to_list() == named
    detectors = [each.label() for each in left["found"].job.analysis_config.detectors]
    for span, start in (("5m", began), ("1h", began.replace(minute=0))):
        buckets = tailmass.detect(left["rows"], detectors, bucket_span=span).buckets
        assert buckets.sort("anomaly_score")["timestamp"][-1] == start
    messages = left["database"]
    often, rare = (
        tailmass.detect(messages, f"{each} by message", bucket_span="15m") for each in ("high_count", "rare")
    )
    assert (often.records["timestamp"][0], rare.records.height) == (began, 0)


def test_the_table_of_named_metrics_is_what_the_example_prints(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("machines")
    shown = (DOCS / "tutorials" / "machines.md").read_text().splitlines()
    script = runpy.run_path(str(DOCS.parent / "examples" / "name_metrics.py"))
    script["main"](["--step", "300", *map(str, (DATA / "asd").glob("*.csv.gz"))])
    script["main"](["--step", "60", str(DATA / "smd" / "machine-2-7.csv.gz")])  # the others take a quarter of a minute
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 12
    assert {line.rstrip() for line in printed} <= set(shown)
    *_, events, _, _, _, _, _, told, calm, precision, recall = printed[8].split()
    assert int(told) > 0.6 * int(events) > 0.2 * int(events) > int(calm)
    assert float(precision) > 0.9 > float(recall)


def test_connections_end_in_rare_ways_by_attacks_and_are_many_by_what_is_harmless(run: Run) -> None:
    left = run("connections")
    rare, everything = left["found"]["attack"].mean(), left["true"]["attack"].mean()
    assert rare > 0.9 > 0.8 > everything
    assert left["told"]["normalized_probability"].max() < 21
    many = tailmass.detect(left["connections"], "high_count by service", bucket_span="1m", time_field="time").records
    attacks = left["connections"].group_by(left["minute"], service="service").agg(pl.col("attack").mean() > 0.5)
    told = many.select(minute=pl.col("timestamp").dt.epoch("s"), service="by_field_value")
    found = told.join(attacks, on=["minute", "service"])["attack"]
    assert (len(found), found.mean() < attacks["attack"].mean()) == (172, True)


def test_a_lost_position_is_told_of_by_its_airport_and_nothing_else_is(run: Run) -> None:
    left = run("flights")
    assert left["found"] == 18
    for split in ("carrier", "origin"):
        assert not tailmass.detect(
            left["flights"], f"lat_long(origin_location) by {split}", bucket_span="1h"
        ).records.height
    pole = left["flights"].with_columns(
        origin_location=pl.when(pl.int_range(pl.len()) == 9_000).then(pl.lit("-89,0")).otherwise("origin_location")
    )
    assert not tailmass.detect(pole, "lat_long(origin_location) by carrier", bucket_span="1h").records.height
