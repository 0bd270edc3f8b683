from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tailmass.engine import Engine
from tailmass.engine.forecast import MOST_BUCKETS
from tailmass.errors import ConcurrentUse, InvalidValue, MissingJob
from tailmass.store import Store
from tests.engine.sample import HEADER, job, rows

START, SPAN, MINUTES = 1_700_000_040, 60, 600
LAST = START + SPAN * (MINUTES - 1)
"""Start of the bucket that is still open."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine with a job that has met ten hours of four hosts around 100, 110, 120 and 130."""
    store = Store.open(None, tmp_path)
    made = Engine(store)
    made.create(
        job(
            {"function": "mean", "fieldName": "value", "byFieldName": "host"},
            {"function": "count"},
            {"function": "mean", "fieldName": "value", "byFieldName": "host", "partitionFieldName": "site"},
            {"function": "count", "byFieldName": "host", "useNull": True},
        )
    )
    upload = made.upload("sample")
    upload.feed(HEADER + b"".join(line.replace(b"host3", b"") for line in rows(MINUTES)))
    upload.finish()
    yield made
    store.close()


def test_a_forecast_begins_where_results_end_and_goes_on_without_a_gap(engine: Engine) -> None:
    found = engine.forecast("sample", by="host1", duration=3600)
    assert found.times.tolist() == list(range(LAST, LAST + 3600, SPAN))
    assert {len(part) for part in found} == {60}
    assert engine.forecast("sample", by="host1").times.tolist()[-1] == LAST + 86_400 - SPAN


def test_the_values_of_a_series_lie_within_the_bounds_of_its_forecast(engine: Engine) -> None:
    for host in range(3):
        found = engine.forecast("sample", by=f"host{host}", duration=3600)
        assert np.all((found.lower < found.mean) & (found.mean < found.upper))
        assert found.mean == pytest.approx(np.full(60, 100.0 + 10.0 * host), abs=2.0)
        # The mean of two values has a spread of 0.7; 95 % of them are within 1.4, and who looks ahead may be less sure.
        assert np.all(found.upper - found.lower > 1.5)
        assert np.all(found.upper - found.lower < 10.0)


def test_the_farther_ahead_the_wider_the_bounds(engine: Engine) -> None:
    found = engine.forecast("sample", by="host1", duration=6 * 3600)
    width = found.upper - found.lower
    assert width[-1] >= width[0]


def test_a_series_is_chosen_by_all_that_the_detector_splits_by(engine: Engine) -> None:
    assert engine.forecast("sample", detector_index=1, duration=60).mean == pytest.approx([8.0], abs=1.0)
    assert engine.forecast("sample", detector_index=2, partition="s1", by="host1", duration=60).mean == pytest.approx(
        [110.0], abs=2.0
    )
    assert len(engine.forecast("sample", detector_index=3, duration=60).mean) == 1  # the rows without a host


def test_a_forecast_does_not_depend_on_whether_the_job_runs_and_changes_nothing(engine: Engine) -> None:
    running = engine.forecast("sample", by="host1")
    assert [part.tolist() for part in engine.forecast("sample", by="host1")] == [part.tolist() for part in running]
    engine.close("sample")
    closed = engine.forecast("sample", by="host1")
    assert [part.tolist() for part in closed] == [part.tolist() for part in running]
    assert engine.job("sample").status == "CLOSED"


def test_part_of_a_bucket_is_a_bucket(engine: Engine) -> None:
    assert [len(engine.forecast("sample", by="host1", duration=each).times) for each in (1, 60, 61)] == [1, 1, 2]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"detector_index": 4}, "'detectorIndex' is 4: the detectors of this job are 0 to 3"),
        ({"detector_index": -1}, "'detectorIndex' is -1"),
        ({}, "has a series for every 'host': choose one by 'byFieldValue'"),
        ({"by": "host9"}, r"'mean\(value\) by host' has met no value with host 'host9'"),
        ({"by": ""}, "has a series for every 'host'"),
        ({"by": "host1", "partition": "s1"}, "'partitionFieldValue' is 's1', but .* has no 'partitionFieldName'"),
        ({"detector_index": 1, "by": "host1"}, "'byFieldValue' is 'host1', but the detector 'count' has no"),
        ({"detector_index": 2, "by": "host1"}, "a series for every 'site': choose one by 'partitionFieldValue'"),
        ({"detector_index": 2, "by": "host1", "partition": "s0"}, "with site 's0' and host 'host1'"),
        ({"by": "host1", "duration": 0}, "0 seconds is 0 buckets of 60 seconds"),
        ({"by": "host1", "duration": -60}, "-1 buckets"),
        ({"by": "host1", "duration": MOST_BUCKETS * SPAN + 1}, f"up to {MOST_BUCKETS * SPAN} seconds"),
    ],
)
def test_what_cannot_be_looked_ahead_is_refused_with_what_can(engine: Engine, asked: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidValue, match=why):
        engine.forecast("sample", **asked)


def test_a_series_that_rows_name_without_a_value_is_not_known_yet(engine: Engine) -> None:
    upload = engine.upload("sample")
    upload.feed(HEADER + f"{LAST + SPAN},hostless,s0,\n".encode())
    upload.finish()
    with pytest.raises(InvalidValue, match="no value with host 'hostless' yet"):
        engine.forecast("sample", by="hostless")


def test_a_job_without_data_has_no_series_yet(engine: Engine) -> None:
    engine.create(job({"function": "count"}).model_copy(update={"id": "new"}))
    with pytest.raises(InvalidValue, match="'count' has met no value yet: check the name, or send data"):
        engine.forecast("new")
    assert engine.job("new").status == "CLOSED"


def test_a_job_that_does_not_exist_is_missing(engine: Engine) -> None:
    with pytest.raises(MissingJob):
        engine.forecast("nobody")


def test_nobody_looks_ahead_while_data_arrives(engine: Engine) -> None:
    upload = engine.upload("sample")
    with pytest.raises(ConcurrentUse):
        engine.forecast("sample", by="host1")
    upload.abort()
