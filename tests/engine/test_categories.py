from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import tailmass
from tailmass.engine.pipeline import Pipeline
from tailmass.errors import AnalysisStartError, MissingField
from tailmass.jobs.limits import AnalysisLimits
from tests.engine.sample import Run, assert_same, cut, job

START = 1_700_000_040
BY_CATEGORY = {"function": "count", "byFieldName": "prelertcategory"}


def lines(minutes: int = 90, burst: int | None = None) -> list[bytes]:
    """Three messages a minute, and a burst of one of them."""
    made = []
    for minute in range(minutes):
        time = START + 60 * minute
        messages = [f"request {minute} took {minute % 7} ms", f"user u{minute} logged in", "cache is warm"]
        messages += ["connection lost"] * (40 if minute == burst else minute % 2)
        made += [f"{time},{message}\n".encode() for message in messages]
    return made


HEADER = b"time,message\n"
DATA = HEADER + b"".join(lines(burst=80))


def categorizing(*detectors: dict[str, Any], **analysis: Any) -> Run:
    return Run(job(*(detectors or (BY_CATEGORY,)), categorizationFieldName="message", **analysis))


@pytest.fixture(scope="module")
def whole() -> Run:
    run = categorizing()
    run.upload([DATA])
    return run


def test_a_burst_of_messages_is_found_under_the_id_of_their_category(whole: Run) -> None:
    best = whole.results.records.sort("normalized_probability", descending=True).row(0, named=True)
    assert (best["by_field_name"], best["timestamp"], best["actual"]) == ("prelertcategory", START + 80 * 60, 40.0)
    category = whole.results.categories.row(
        by_predicate=pl.col("category_id") == int(best["by_field_value"]), named=True
    )
    assert (category["terms"], category["examples"]) == ("connection lost", ["connection lost"])


def test_categories_come_with_the_batch_that_changes_them(whole: Run) -> None:
    assert whole.results.categories["category_id"].sort().to_list() == [1, 2, 3, 4]


@settings(max_examples=20, deadline=None, derandomize=True)
@given(places=st.lists(st.integers(0, len(DATA)), max_size=8))
def test_however_an_upload_is_cut_the_categories_are_the_same(whole: Run, places: list[int]) -> None:
    run = categorizing()
    run.upload(cut(DATA, places))
    assert_same(run.results, whole.results)
    assert_frame_equal(run.results.categories.sort("category_id"), whole.results.categories.sort("category_id"))


@settings(max_examples=10, deadline=None, derandomize=True)
@given(at=st.integers(1, 300))
def test_a_restore_in_between_changes_nothing(whole: Run, at: int) -> None:
    first = categorizing()
    rows = lines(burst=80)
    first.upload([HEADER, *rows[:at]])
    then = Run(first.job, kept=first.pipeline.state())
    then.upload([HEADER, *rows[at:]])
    then.batches = first.batches + then.batches
    assert_same(then.results, whole.results)
    assert_frame_equal(then.results.categories.sort("category_id"), whole.results.categories.sort("category_id"))


def test_a_row_that_is_too_late_makes_no_category() -> None:
    run = categorizing()
    run.upload([HEADER, f"{START + 600},on time\n".encode(), f"{START},much too late\n".encode(), *lines(20)[30:]])
    assert "much too late" not in run.results.categories["terms"].to_list()


@pytest.mark.parametrize("split", ["partitionFieldName", "byFieldName"])
def test_the_category_may_be_any_split(split: str) -> None:
    run = categorizing({"function": "count", split: "mlcategory"})
    run.upload([DATA])
    found = run.results.records.sort("normalized_probability", descending=True).row(0, named=True)
    assert found[split.replace("FieldName", "_field_value")] == "4"


def test_categories_are_made_where_no_detector_needs_them() -> None:
    run = categorizing({"function": "count"}, influencers=["prelertcategory"])
    run.upload([DATA])
    assert len(run.results.categories) == 4


def test_filters_and_the_limit_of_examples_are_those_of_the_job() -> None:
    configuration = job(BY_CATEGORY, categorizationFieldName="message", categorizationFilters=[r"^\w+ "])
    limits = AnalysisLimits(categorization_examples_limit=1)
    run = Run(configuration.model_copy(update={"analysis_limits": limits}))
    run.upload([HEADER, f"{START},start up\n".encode(), f"{START},stop up\n".encode()])
    (found,) = run.results.categories.to_dicts()
    assert (found["terms"], found["examples"]) == ("up", ["start up"])


def test_only_fields_that_are_sent_are_counted() -> None:
    run = categorizing()
    counts = run.upload([HEADER, f"{START},started\n".encode(), f"{START + 1},\n".encode()])
    assert (counts.processed_field_count, counts.missing_field_count) == (1, 1)


def test_data_without_the_messages_is_refused() -> None:
    with pytest.raises(MissingField, match="message"):
        categorizing().upload([b"time,text\n1700000040,a\n"])


def test_a_category_of_nothing_is_refused() -> None:
    with pytest.raises(AnalysisStartError, match="categorizationFieldName"):
        Pipeline(job(BY_CATEGORY))


def test_categories_take_memory_that_is_told() -> None:
    assert categorizing().pipeline.model_size.model_bytes > 10_000


@pytest.mark.parametrize("kind", ["polars", "pandas", "pyarrow"])
def test_data_frames_are_categorized(kind: str) -> None:
    parts = [line.decode().rstrip().split(",", 1) for line in lines(burst=80)]
    columns = {"time": [int(time) for time, _ in parts], "message": [text for _, text in parts]}
    frame = {"polars": pl.DataFrame, "pandas": pd.DataFrame, "pyarrow": pa.table}[kind](columns)
    found = tailmass.detect(frame, "count by mlcategory", categorize="message", bucket_span="1m")
    assert type(found.categories) is type(frame)
    terms = ["request took", "user logged in", "cache is warm", "connection lost"]
    assert [str(each) for each in found.categories["terms"]] == terms


def test_without_a_field_to_categorize_there_are_no_categories() -> None:
    frame = pl.DataFrame({"time": [60 * n for n in range(50)], "message": ["a"] * 50})
    assert len(tailmass.detect(frame, "count", bucket_span="1m").categories) == 0
