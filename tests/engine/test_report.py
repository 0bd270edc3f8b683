from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tailmass.analysis.explanation import SOURCES, Explanation
from tailmass.analysis.influence import Influences
from tailmass.engine.influencers import Blamed
from tailmass.engine.report import report
from tailmass.results import Batch
from tailmass.scoring.rate import score
from tests.engine.sample import HEADER, Run, job, rows

START, SPAN = 1_700_000_040, 60
NONE = np.zeros(0, np.int64)
NOBODY = Blamed(
    names=(), of=(Influences.none(),), values=(), bucket=NONE, field=NONE, value=NONE, probability=np.zeros(0),
    rate=np.zeros(0), field_rate=np.zeros((0, 1)), field_probability=np.zeros((0, 1)),
)  # fmt: skip


@pytest.fixture(scope="module")
def run() -> Run:
    """A job whose open bucket has a spike."""
    made = Run(job())
    made.upload([HEADER, *rows(100, spike=99)])
    return made


def reported(run: Run, explanation: Explanation | None = None, rate: float = 0.5, bucket_rate: float = 0.1) -> Batch:
    """The results of the open bucket, of which one explanation holds for all that is found, or its own."""
    first = START // SPAN + 99
    found = run.pipeline.detectors[0].interim(first, first + 1)
    assert len(found.series)
    if explanation is not None:
        every = Explanation._make(np.repeat(part, len(found.series), axis=0) for part in explanation)
        found = replace(found, explanation=every)
    rates = np.full(len(found.series), rate)
    of_bucket, events = np.array([bucket_rate]), np.array([8])
    return report(run.pipeline.detectors, [found], [rates], of_bucket, NOBODY, first=first, span=SPAN, events=events)


def explanation(
    kind: str = "spike",
    lower: float = 98.0,
    upper: float = 102.0,
    largest_of: int = 3120,
    impact: float = -4.5,
    contributions: tuple[float, ...] = tuple(range(len(SOURCES))),
) -> Explanation:
    return Explanation(
        np.array([kind]),
        np.array([lower]),
        np.array([upper]),
        np.array([largest_of]),
        np.array([impact]),
        np.array([contributions], np.float64),
    )


def test_a_record_has_what_explains_it_in_columns(run: Run) -> None:
    record = reported(run, explanation()).records.row(0, named=True)
    assert (record["kind"], record["lower"], record["upper"]) == ("spike", 98.0, 102.0)
    assert (record["largest_of"], record["multi_bucket_impact"]) == (3120, -4.5)
    assert [record[f"evidence_{source}"] for source in SOURCES] == list(range(len(SOURCES)))


def test_the_score_of_a_record_is_made_of_its_events_per_week(run: Run) -> None:
    record = reported(run, rate=0.25).records.row(0, named=True)
    assert record["events_per_week"] == 0.25
    assert record["normalized_probability"] == score(np.array(0.25))


def test_the_score_of_a_bucket_is_made_of_its_own_rate(run: Run) -> None:
    batch = reported(run, rate=0.25, bucket_rate=0.02)
    bucket = batch.buckets.row(0, named=True)
    assert bucket["anomaly_score"] == score(np.array(0.02))
    assert set(batch.records["anomaly_score"]) == {bucket["anomaly_score"]}
    assert bucket["max_normalized_probability"] == score(np.array(0.25))


def test_a_bucket_that_never_comes_again_and_one_without_records_are_the_ends(run: Run) -> None:
    assert reported(run, bucket_rate=1e-300).buckets["anomaly_score"].to_list() == [100.0]
    assert reported(run, bucket_rate=np.inf).buckets["anomaly_score"].to_list() == [0.0]


def test_what_an_explanation_does_not_know_is_null(run: Run) -> None:
    nothing = explanation("", np.nan, np.nan, 0, np.nan, (np.nan,) * len(SOURCES))
    records = reported(run, nothing).records
    explaining = records.columns[records.columns.index("kind") :]
    assert [name for name in explaining if records[name].null_count() == 0] == ["events_per_week"]
    assert records.schema == Batch.empty().records.schema


def test_what_a_detector_found_explains_itself(run: Run) -> None:
    record = reported(run).records.row(0, named=True)
    assert record["kind"] == "spike"
    assert record["lower"] < record["typical"] < record["upper"] < record["actual"]
    assert record["largest_of"] == 99
    assert record["multi_bucket_impact"] < 0.0
    evidence = sum(record[f"evidence_{source}"] for source in SOURCES)
    assert record["probability"] == pytest.approx(10.0**-evidence, rel=1e-6)


def test_what_is_nothing_is_not_what_is_not_known(run: Run) -> None:
    record = reported(run, explanation(lower=0.0, impact=0.0, contributions=(0.0,) * len(SOURCES))).records
    assert record.select("lower", "multi_bucket_impact", pl.col("^evidence_.*$")).row(0) == (0.0,) * (2 + len(SOURCES))


def test_a_bucket_says_how_many_series_it_is_about(run: Run) -> None:
    assert reported(run).buckets["series_watched"].to_list() == [4]
    two = Run(job({"function": "count"}, {"function": "mean", "fieldName": "value", "byFieldName": "host"}))
    two.upload([HEADER, *rows(10)])
    assert two.results.buckets["series_watched"].to_list() == [5] * 9
