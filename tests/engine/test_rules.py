"""Rules of detectors, from rows to results."""

from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tailmass
from tailmass.errors import AnalysisStartError, InvalidValue
from tailmass.jobs import Job
from tests.engine.sample import HEADER, Run, assert_same, cut, job, rows

MEAN = {"function": "mean", "fieldName": "value", "byFieldName": "host"}
HIT = 1_700_000_040 + 70 * 60
LINES = rows(90, spike=70)
DATA = HEADER + b"".join(LINES)


def above(value: float, **more: str) -> dict[str, Any]:
    return {"conditionType": "NUMERICAL_ACTUAL", "condition": {"operator": "GT", "value": str(value)}, **more}


def known(name: str) -> dict[str, Any]:
    return {"conditionType": "CATEGORICAL", "fieldName": "host", "valueList": name}


def with_rules(*conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**MEAN, "detectorRules": [{"ruleConditions": list(conditions), **more}]}


QUIET = with_rules(above(500.0), known("watched"), conditionsConnective="AND")
LISTS = {"watched": ["host0", "host1"]}


def ran(detector: dict[str, Any]) -> Run:
    run = Run(job(detector, valueLists=LISTS))
    run.upload([DATA])
    return run


@pytest.fixture(scope="module")
def plain() -> Run:
    return ran(MEAN)


@pytest.fixture(scope="module")
def quiet() -> Run:
    return ran(QUIET)


def bucket(run: Run) -> dict[str, Any]:
    return run.results.buckets.row(by_predicate=pl.col("timestamp") == HIT, named=True)


def test_a_record_that_a_rule_matches_is_neither_told_nor_in_the_score_of_its_bucket(plain: Run, quiet: Run) -> None:
    assert bucket(plain)["anomaly_score"] > 50.0
    assert (bucket(quiet)["anomaly_score"], bucket(quiet)["record_count"]) == (0.0, 0)
    assert bucket(quiet)["max_normalized_probability"] == 0.0
    assert bucket(quiet)["event_count"] == bucket(plain)["event_count"]


def test_models_learn_what_rules_leave_out(plain: Run, quiet: Run) -> None:
    model, other = (run.pipeline.detectors[0].state("") for run in (plain, quiet))
    assert {name: part.tobytes() for name, part in model.items()} == {
        name: part.tobytes() for name, part in other.items()
    }


def test_what_no_rule_matches_is_told_as_without_rules(plain: Run, quiet: Run) -> None:
    seen = ["timestamp", "by_field_value", "probability", "actual", "typical", "kind"]
    others = pl.col("timestamp") != HIT
    assert quiet.results.records.filter(others).select(seen).equals(plain.results.records.filter(others).select(seen))


@pytest.mark.parametrize(
    ("detector", "told"),
    [
        (with_rules(above(500.0)), False),
        (with_rules(above(5000.0)), True),
        (with_rules(above(5000.0), known("watched")), False),
        (with_rules(above(5000.0), known("watched"), conditionsConnective="AND"), True),
        (with_rules(above(500.0), targetFieldName="host", targetFieldValue="host0"), False),
        (with_rules(above(500.0), targetFieldName="host", targetFieldValue="host1"), True),
        (with_rules(above(500.0, fieldName="host", fieldValue="host1")), True),
        (
            with_rules({"conditionType": "NUMERICAL_DIFF_ABS", "condition": {"operator": "LTE", "value": "600"}}),
            False,
        ),
        (with_rules({"conditionType": "NUMERICAL_TYPICAL", "condition": {"operator": "LT", "value": "90"}}), True),
    ],
)
def test_a_rule_is_about_the_numbers_and_the_values_of_a_record(detector: dict[str, Any], told: bool) -> None:
    assert (bucket(ran(detector))["record_count"] > 0) is told


@settings(max_examples=10, deadline=None, derandomize=True)
@given(places=st.lists(st.integers(0, len(DATA)), max_size=8))
def test_however_an_upload_is_cut_rules_leave_out_the_same(quiet: Run, places: list[int]) -> None:
    run = Run(job(QUIET, valueLists=LISTS))
    run.upload(cut(DATA, places))
    assert_same(run.results, quiet.results)


@settings(max_examples=5, deadline=None, derandomize=True)
@given(stops=st.lists(st.integers(1, len(LINES) - 1), min_size=1, max_size=3, unique=True))
def test_a_restore_and_a_look_before_it_change_nothing_that_rules_leave(quiet: Run, stops: list[int]) -> None:
    run, batches = Run(job(QUIET, valueLists=LISTS)), []
    for begin, end in pairwise([0, *sorted(stops), len(LINES)]):
        run.upload([HEADER + b"".join(LINES[begin:end])])
        batches += run.batches
        run.pipeline.interim()
        run = Run(run.job, kept=run.pipeline.state())
    run.batches = batches
    assert_same(run.results, quiet.results)


def test_rules_hold_for_interim_results() -> None:
    lines = HEADER + b"".join(LINES[: 71 * 8])
    told = {}
    for name, detector in (("plain", MEAN), ("quiet", QUIET)):
        run = Run(job(detector, valueLists=LISTS))
        run.upload([lines])
        told[name] = run.pipeline.interim()
    assert told["plain"].buckets["anomaly_score"].item() > 50.0
    assert told["quiet"].buckets["anomaly_score"].item() == 0.0
    assert len(told["quiet"].records) == 0


def test_rules_and_their_lists_are_understood_in_python() -> None:
    minute = range(200)
    frame = pl.DataFrame(
        {
            "time": [60 * m for m in minute for _ in range(2)],
            "host": ["web", "backup"] * len(minute),
            "load": [5.0 + 90.0 * (m == 150) for m in minute for _ in range(2)],
        }
    )
    detector = {"function": "mean", "fieldName": "load", "byFieldName": "host"}
    found = tailmass.detect(
        frame, detector | {"detectorRules": [{"ruleConditions": [known("dull")]}]}, bucket_span="1m",
        value_lists={"dull": ["backup"]},
    )  # fmt: skip
    assert found.records["by_field_value"].to_list() == ["web"]


def test_a_list_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidValue, match="'watched', which is none"):
        job(QUIET)
    old = Job.restore({"analysisConfig": {"detectors": [QUIET]}})
    with pytest.raises(AnalysisStartError, match="'watched'"):
        Run(old)
