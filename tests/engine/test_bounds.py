from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tailmass.engine import Engine
from tailmass.engine.bounds import BOUNDS
from tailmass.errors import DataStoreError
from tailmass.jobs import Job, ModelDebugConfig
from tailmass.store import Store
from tests.engine.sample import HEADER, Run, assert_same, job, rows

MINUTE = 60_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(None, tmp_path)
    yield opened
    opened.close()


def debugging(*detectors: dict[str, Any], percentile: float = 95.0, **config: Any) -> Job:
    wanted = ModelDebugConfig(bounds_percentile=percentile, **config)
    return job(*detectors).model_copy(update={"model_debug_config": wanted})


def seen(configuration: Job, lines: Iterable[bytes], chunk: int = 1_000_000) -> pl.DataFrame:
    run, data = Run(configuration), HEADER + b"".join(lines)
    run.upload(data[at : at + chunk] for at in range(0, len(data), chunk))
    assert run.pipeline.bounds is not None
    return run.pipeline.bounds.drain()


def test_bounds_are_what_was_expected_before_the_bucket_was_met() -> None:
    found = seen(debugging(), rows(120, spike=100))
    assert found.schema == BOUNDS
    host = found.filter(byFieldValue="host0")
    assert host["timestamp"].diff().drop_nulls().unique().to_list() == [MINUTE]
    spike = host.filter(pl.col("actual") > 400.0).row(0, named=True)
    assert 95.0 < spike["debugLower"] < spike["debugMean"] < spike["debugUpper"] < 105.0
    assert (spike["byFieldName"], spike["debugFeature"]) == ("host", "mean(value)")
    usual = found.filter(pl.col("actual") < 400.0)
    within = usual["actual"].is_between(usual["debugLower"], usual["debugUpper"]).mean()
    assert 0.9 < float(str(within)) <= 1.0


def test_wider_bounds_have_more_in_them() -> None:
    lines = rows(120)
    widths, within = [], []
    for percentile in (0.0, 50.0, 95.0, 100.0):
        found = seen(debugging(percentile=percentile), lines)
        widths.append((found["debugUpper"] - found["debugLower"]).to_numpy())
        within.append(found["actual"].is_between(found["debugLower"], found["debugUpper"]).to_numpy().mean())
    assert all((one <= other).all() for one, other in pairwise(widths))
    assert widths[0].max() < 1e-3 * widths[1].min()
    assert np.isfinite(widths[-1]).all()
    assert within[0] < 0.1
    assert within[1] == pytest.approx(0.5, abs=0.12)  # a few hundred values, and scales that are learnt
    assert within[-1] == 1.0


def test_bounds_and_results_do_not_depend_on_how_rows_are_cut() -> None:
    lines = rows(60, spike=50)
    whole = seen(debugging(), lines)
    assert_frame_equal(whole, seen(debugging(), lines, chunk=501), check_exact=True)
    with_bounds, without = Run(debugging()), Run(job())
    for run in (with_bounds, without):
        run.upload([HEADER + b"".join(lines)])
    assert_same(with_bounds.results, without.results)


def test_only_the_terms_that_are_asked_for_are_told() -> None:
    detector = {"function": "mean", "fieldName": "value", "byFieldName": "host", "partitionFieldName": "site"}
    by = seen(debugging(detector, terms="host1, nobody"), rows(30))
    assert by["byFieldValue"].unique().to_list() == ["host1"]
    of_partition = seen(debugging(detector, terms="s0"), rows(30))
    assert sorted(of_partition["byFieldValue"].unique()) == ["host0", "host2"]
    assert of_partition["partitionFieldName"].unique().to_list() == ["site"]


def test_a_bucket_without_rows_is_there_where_that_means_nothing_happened() -> None:
    lines = rows(100, hosts=1)
    silent = [line for line in lines if not b"1700004540" <= line[:10] < b"1700004660"]
    found = seen(debugging({"function": "count"}), silent)
    zeros = found.filter(pl.col("actual") == 0.0)
    assert zeros["timestamp"].to_list() == [1_700_004_540_000, 1_700_004_600_000]
    assert zeros["debugMean"].to_list() == pytest.approx([2.0, 2.0], abs=0.2)
    assert (found["debugLower"] >= 0.0).all()
    means = seen(debugging(), silent)
    assert len(means.filter(pl.col("timestamp").is_in(zeros["timestamp"].implode()))) == 0


@pytest.mark.parametrize("function", ["varp", "metric", "sum", "distinct_count"])
def test_every_function_of_a_number_has_bounds(function: str) -> None:
    found = seen(debugging({"function": function, "fieldName": "value", "byFieldName": "host"}), rows(60))
    assert len(found["debugFeature"].unique()) == (3 if function == "metric" else 1)
    assert (found["debugLower"] <= found["debugUpper"]).all()


def test_what_has_no_such_model_has_no_bounds() -> None:
    found = seen(debugging({"function": "mean", "fieldName": "value", "overFieldName": "host"}), rows(30))
    assert found.is_empty()


def test_bounds_seen_again_after_a_crash_are_kept_once(store: Store) -> None:
    engine = Engine(store)
    engine.create(debugging(write_to="DATA_STORE"))
    lines = rows(60)
    for begin, end in ((0, 160), (160, 320)):
        upload = engine.upload("sample")
        upload.feed(HEADER + b"".join(lines[begin:end]))
        upload.finish()
        if begin == 0:
            engine.flush("sample")
    upload = Engine(store).upload("sample")  # as after a crash
    upload.feed(HEADER + b"".join(lines[160:]))
    upload.finish()
    hits, kept = store.bounds("sample", take=10_000)
    assert hits == len({(each["timestamp"], each["byFieldValue"]) for each in kept})
    whole = seen(debugging(), lines)
    assert hits == len(whole)
    assert [each["debugUpper"] for each in kept] == whole["debugUpper"].to_list()


def test_bounds_that_cannot_be_kept_are_no_failure(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise DataStoreError("no space left")

    monkeypatch.setattr(store, "keep_bounds", refuse)
    engine = Engine(store, audit=store)
    engine.create(debugging(write_to="DATA_STORE"))
    upload = engine.upload("sample")
    upload.feed(HEADER + b"".join(rows(30)))
    assert upload.finish().processed_record_count == 240
    assert "no space left" in store.audit("sample", take=1)[1][0].message
