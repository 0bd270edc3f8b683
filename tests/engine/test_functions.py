"""Every function that is analysed, by discovery: the same promises hold for all of them."""

from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.analysis.detector import Findings
from tailmass.engine import support
from tailmass.engine.pipeline import Pipeline
from tailmass.engine.upload import Intake
from tailmass.errors import EngineError
from tailmass.jobs import FUNCTIONS, Function
from tailmass.jobs.functions import BY_NAME
from tailmass.results import Batch
from tests.engine.sample import Run, assert_same, cut, job

HEADER = b"time,host,site,value,user,n\n"
BEGIN, MINUTES = 1_700_000_040, 60
SPLITS: tuple[dict[str, str], ...] = (
    {},
    {"byFieldName": "host"},
    {"partitionFieldName": "site"},
    {"byFieldName": "host", "partitionFieldName": "site"},
    {"overFieldName": "user"},
    {"overFieldName": "user", "byFieldName": "host"},
)


def rows() -> list[bytes]:
    """Two rows a host and minute, which now and then lack something; one host is off in minute 45."""
    chance, lines = np.random.default_rng(5), []
    for minute in range(MINUTES):
        for second in (5, 35, 36):
            for host in range(3):
                odd = minute == 45 and host == 1
                value = chance.choice(
                    [f"{chance.normal(10.0, 9.0 if odd else 1.0):.3f}", "", "oops"], p=[0.9, 0.05, 0.05]
                )
                user = chance.choice([f"user{chance.integers(500 if odd else 5)}é", ""], p=[0.9, 0.1])
                name = chance.choice([f"h{host}", ""], p=[0.95, 0.05])
                count = chance.choice(["3", "1", "0", "", "?"], p=[0.4, 0.4, 0.1, 0.05, 0.05])
                time = BEGIN + 60 * minute + second
                lines.append(f"{time},{name},s{host % 2},{value},{user},{count}\n".encode())
    return lines


def detectors(function: Function, *, use_null: bool = False) -> list[dict[str, Any]]:
    """The function with all ways to split that are analysed."""
    field = {"fieldName": "user" if function.texts else "value"} if function.field == "required" else {}
    return [
        each
        for split in SPLITS
        if _analysed(each := {"function": function.name, "useNull": use_null, **field, **split})
    ]


def _analysed(detector: dict[str, Any]) -> bool:
    try:
        support.check(job(detector))
    except EngineError:
        return False
    return True


LINES = rows()
DATA = HEADER + b"".join(LINES)
ANALYSED = [each for each in FUNCTIONS if detectors(each)]
SUMMARISED = {"plain": {}, "summarised": {"summaryCountFieldName": "n"}}
every_function = pytest.mark.parametrize("function", ANALYSED, ids=[each.name for each in ANALYSED])
either_way = pytest.mark.parametrize("analysis", SUMMARISED.values(), ids=SUMMARISED)
few = settings(max_examples=4, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def whole() -> dict[str, Run]:
    """Undisturbed runs, made when they are asked for."""
    return {}


def undisturbed(whole: dict[str, Run], function: Function, analysis: dict[str, Any]) -> Run:
    key = f"{function.name}{sorted(analysis.items())}"
    if key not in whole:
        whole[key] = Run(job(*detectors(function), **analysis))
        whole[key].upload([DATA])
    return whole[key]


def possible(function: Function, analysis: dict[str, Any]) -> bool:
    return not ("summaryCountFieldName" in analysis and function.name == "metric")  # error 10114


def test_every_function_of_one_value_a_bucket_is_analysed() -> None:
    one_value = {each.name for each in FUNCTIONS if each.side is not None}
    assert one_value <= {each.name for each in ANALYSED}


@every_function
@either_way
@few
@given(places=st.lists(st.integers(0, len(DATA)), max_size=8))
def test_however_an_upload_is_cut_the_results_are_the_same_to_the_last_bit(
    whole: dict[str, Run], function: Function, analysis: dict[str, Any], places: list[int]
) -> None:
    if not possible(function, analysis):
        return
    run = Run(job(*detectors(function), **analysis))
    run.upload(cut(DATA, places))
    assert_same(run.results, undisturbed(whole, function, analysis).results)


@every_function
@either_way
@few
@given(stops=st.lists(st.integers(1, len(LINES) - 1), max_size=4, unique=True), latency=st.sampled_from([0, 100]))
def test_a_restore_and_a_look_between_uploads_change_nothing(
    whole: dict[str, Run], function: Function, analysis: dict[str, Any], stops: list[int], latency: int
) -> None:
    if not possible(function, analysis):
        return
    configuration = job(*detectors(function), latency=latency, **analysis)
    once = undisturbed(whole, function, {**analysis, "latency": latency})
    run, batches = Run(configuration), []
    for begin, end in pairwise([0, *sorted(stops), len(LINES)]):
        run.upload([HEADER + b"".join(LINES[begin:end])])
        batches += run.batches
        run.pipeline.interim(BEGIN, BEGIN + 60 * MINUTES)
        run = Run(configuration, kept=run.pipeline.state())
    run.batches = batches
    assert_same(run.results, once.results)


@every_function
def test_the_open_bucket_is_told_as_it_will_be_once_it_closes(function: Function) -> None:
    if function.empty == "zero":
        return  # a missing row is only known to be missing at the end
    run = Run(job(*detectors(function)))
    run.upload([HEADER + b"".join(LINES[: 9 * 46])])
    interim = run.pipeline.interim()
    assert_same(interim, run.pipeline.advance(BEGIN + 60 * 46))


@every_function
def test_an_alias_is_another_word_for_the_same_and_is_kept_in_results(
    whole: dict[str, Run], function: Function
) -> None:
    for alias in function.aliases:
        run, plain = (
            Run(job(*[{**each, "function": alias} for each in detectors(function)])),
            undisturbed(whole, function, {}),
        )
        run.upload([DATA])
        assert set(run.results.records["function"]) <= {alias}
        renamed = run.results.records.with_columns(function=pl.lit(function.name))
        assert_same(Batch(run.results.buckets, renamed), plain.results)


@every_function
def test_records_name_what_was_measured_and_keep_to_their_side(whole: dict[str, Run], function: Function) -> None:
    records = undisturbed(whole, function, {}).results.records
    described = {function.description} if len(function.measures) == 1 else set(function.measures)
    assert set(records["function_description"]) <= described
    if function.side == "high":
        assert (records["actual"] >= records["typical"]).all()
    if function.side == "low":
        assert (records["actual"] <= records["typical"]).all()


@every_function
def test_rows_without_a_split_value_are_a_series_only_if_asked(function: Function) -> None:
    if function.side is None:
        return  # it has no numbers of series to tell who is there
    for use_null in (False, True):
        every = detectors(function, use_null=use_null)
        split = [each for each in every if "byFieldName" in each and "overFieldName" not in each]
        seen: dict[int, set[int]] = {index: set() for index in range(len(split))}

        def keep(index: int, first: int, found: Findings, seen: dict[int, set[int]] = seen) -> None:
            assert found.closed is not None
            seen[index] |= {*found.closed.series.tolist()}

        configuration = job(*split)
        pipeline = Pipeline(configuration, on_closed=keep)
        intake = Intake(pipeline, configuration.data_description, lambda batch: None)
        intake.feed(DATA)
        intake.finish()
        for index, analysis in enumerate(pipeline.detectors):
            by = analysis.names(np.array(sorted(seen[index])))[1]
            assert by is not None
            assert {*by} == {"h0", "h1", "h2"} | ({""} if use_null else set())


def test_each_name_of_the_registry_reads_its_field_as_it_should() -> None:
    for name, function in BY_NAME.items():
        if function.field == "required" and function in ANALYSED:
            fields = support.fields(job({"function": name, "fieldName": "value"}))
            assert (fields.texts, fields.numbers) == ((("value",), ()) if function.texts else ((), ("value",)))


def test_a_field_may_be_counted_and_averaged_at_once() -> None:
    both = job(
        {"function": "mean", "fieldName": "value"}, {"function": "dc", "fieldName": "value"}, summaryCountFieldName="n"
    )
    fields = support.fields(both)
    assert (fields.texts, fields.numbers) == (("value",), ("n", "value"))
