"""By values that move together, from rows to results."""

from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.results import Record
from tests.engine.sample import Run, assert_same, cut, job

HEADER = b"time,host,site,load\n"
START, MINUTES, HIT = 1_700_000_040, 300, 240
MEAN = {"function": "mean", "fieldName": "load", "byFieldName": "host"}
DETECTORS = (MEAN, {"function": "metric", "fieldName": "load", "byFieldName": "host", "partitionFieldName": "site"})


def lines(seed: int = 1, *, hit: float = 14.0, hosts: int = 6) -> list[bytes]:
    """Hosts that share their load; in one minute one of them has another one, of a size that it often has."""
    chance, made = np.random.default_rng(seed), []
    steps = chance.normal(size=MINUTES)
    for minute in range(1, MINUTES):
        steps[minute] += 0.8 * steps[minute - 1]
    steps[HIT] = steps[HIT - 1]
    for minute in range(MINUTES):
        for host in range(hosts):
            load = 100.0 + 10.0 * steps[minute] + 0.4 * chance.normal()
            load += hit if (minute, host) == (HIT, 2) else 0.0
            made.append(f"{START + 60 * minute},h{host},s{host % 2},{load:.4f}\n".encode())
    return made


DATA = HEADER + b"".join(lines())


def run(data: bytes = DATA, *detectors: dict[str, Any], **analysis: Any) -> Run:
    made = Run(job(*(detectors or DETECTORS), **({"multivariateByFields": True} | analysis)))
    made.upload([data])
    return made


@pytest.fixture(scope="module")
def whole() -> Run:
    return run()


def test_a_host_that_leaves_the_others_is_a_record_that_names_one_of_them(whole: Run) -> None:
    records = whole.results.records.filter((pl.col("detector_index") == 0) & (pl.col("timestamp") == START + 60 * HIT))
    record = records.row(0, named=True)
    assert record["by_field_value"] == "h2"
    assert record["correlated_by_field_value"] in {"h0", "h1", "h3", "h4", "h5"}
    assert record["actual"] - record["typical"] == pytest.approx(14.0, abs=3.0)
    assert record["lower"] < record["typical"] < record["upper"] < record["actual"]
    assert record["probability"] < 1e-3
    assert record["evidence_surprise"] == pytest.approx(-np.log10(record["probability"]))
    document = Record(**record | {"is_interim": False}).document()
    assert document["correlatedByFieldValue"] == record["correlated_by_field_value"]


def test_without_it_the_record_is_of_no_peer_and_less_evident(whole: Run) -> None:
    alone = run(DATA, MEAN, multivariateByFields=False).results.records
    assert alone["correlated_by_field_value"].is_null().all()
    then = alone.filter((pl.col("timestamp") == START + 60 * HIT) & (pl.col("by_field_value") == "h2"))
    assert not len(then) or then["probability"][0] > 1e-2


def test_hosts_that_stay_together_are_calm() -> None:
    records = run(HEADER + b"".join(lines(hit=0.0))).results.records
    odd = records.filter(pl.col("correlated_by_field_value").is_not_null())
    assert (odd["normalized_probability"] < 50.0).all()


def test_all_that_jump_together_have_left_nobody() -> None:
    every = lines(hit=0.0)
    for k in range(6 * HIT, 6 * HIT + 6):
        time, host, site, load = every[k].decode().split(",")
        every[k] = f"{time},{host},{site},{float(load) + 40.0:.4f}\n".encode()
    records = run(HEADER + b"".join(every), MEAN).results.records.filter(pl.col("timestamp") == START + 60 * HIT)
    assert records["by_field_value"].n_unique() == 6
    assert records["correlated_by_field_value"].is_null().all()


@pytest.mark.parametrize("function", ["count", "high_count", "low_count"])
def test_counts_are_correlated_as_well(function: str) -> None:
    chance, rows = np.random.default_rng(4), [HEADER]
    for minute in range(MINUTES):
        rate = 150.0 + 100.0 * np.sin(minute / 7.0) * chance.random()
        for host in range(4):
            n = 10 if (minute, host) == (HIT, 1) else round(rate + chance.normal())
            rows += [f"{START + 60 * minute},h{host},s,1\n".encode()] * n
    records = run(b"".join(rows), {"function": function, "byFieldName": "host"}).results.records
    odd = records.filter(pl.col("correlated_by_field_value").is_not_null() & (pl.col("timestamp") == START + 60 * HIT))
    assert set(odd["by_field_value"]) <= {"h1"}
    if function == "high_count":
        assert len(odd) == 0


def test_detectors_without_a_by_field_or_with_peers_are_what_they_were() -> None:
    detectors = (
        {"function": "mean", "fieldName": "load"},
        {"function": "mean", "fieldName": "load", "overFieldName": "host"},
        {"function": "rare", "byFieldName": "host"},
    )
    both = [run(DATA, *detectors, multivariateByFields=each).results for each in (True, False)]
    assert_same(*both)


@settings(max_examples=6, deadline=None, derandomize=True)
@given(places=st.lists(st.integers(0, len(DATA)), max_size=6))
def test_however_an_upload_is_cut_the_results_are_the_same_to_the_last_bit(whole: Run, places: list[int]) -> None:
    again = Run(job(*DETECTORS, multivariateByFields=True))
    again.upload(cut(DATA, places))
    assert_same(again.results, whole.results)


@pytest.mark.parametrize("overlapping", [False, True])
@settings(max_examples=6, deadline=None, derandomize=True)
@given(stops=st.lists(st.integers(1, 6 * MINUTES - 1), max_size=3, unique=True))
def test_a_restore_and_looks_in_between_change_nothing(stops: list[int], overlapping: bool) -> None:
    asked = job(*DETECTORS, multivariateByFields=True, overlappingBuckets=overlapping)
    whole = Run(asked)
    whole.upload([DATA])
    every, batches = lines(), []
    again = Run(asked)
    for begin, end in pairwise([0, *sorted(stops), len(every)]):
        again.upload([HEADER + b"".join(every[begin:end])])
        batches += again.batches
        again.pipeline.interim()
        again = Run(asked, kept=again.pipeline.state())
    again.batches = batches
    assert_same(again.results, whole.results)


def test_the_open_bucket_is_told_as_it_will_be_once_it_closes() -> None:
    whole = run(HEADER + b"".join(lines()[: 6 * HIT + 6]))
    interim = whole.pipeline.interim()
    assert interim.records["correlated_by_field_value"].count() > 0
    assert_same(interim, whole.pipeline.advance(START + 60 * HIT + 60))
