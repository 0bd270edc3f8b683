"""A machine as one job: a score for every row, by what came until then."""

import numpy as np
import pytest

from benchmarks import job
from benchmarks.entities import entity_scores
from tailmass.columns import Floats

SPAN = 60.0


def machine(rows: int = 1500, metrics: int = 5) -> tuple[Floats, Floats]:
    """Times from 0 on and noise, in which all metrics jump at row 1,200."""
    values = np.random.default_rng(5).normal(50.0, 2.0, (rows, metrics))
    values[1200] += 40.0
    return np.arange(float(rows)) * SPAN, values


def test_the_row_that_is_off_has_the_highest_score() -> None:
    scores = entity_scores(*machine())
    assert scores.shape == (1500,)
    assert scores.argmax() == 1200
    assert 100.0 >= scores[1200] > np.delete(scores, 1200).max() + 5.0
    assert scores.min() == 0.0


def test_the_last_row_has_a_score_too() -> None:
    times, values = machine()
    assert entity_scores(times[:1201], values[:1201])[-1] > 20.0


def test_scores_of_a_machine_do_not_depend_on_later_rows() -> None:
    times, values = machine()
    whole, part = entity_scores(times, values), entity_scores(times[:1000], values[:1000])
    np.testing.assert_array_equal(whole[:1000], part)
    assert np.count_nonzero(part) > 0


def test_pieces_do_not_change_the_results(monkeypatch: pytest.MonkeyPatch) -> None:
    times, values = machine()
    whole = entity_scores(times, values)
    monkeypatch.setattr(job, "PIECE_ROWS", 1234)
    np.testing.assert_array_equal(entity_scores(times, values), whole)


def test_a_bucket_is_known_with_its_last_row() -> None:
    times = np.array([0.0, 60.0, 120.0, 180.0, 181.0, 185.0, 300.0])
    starts = np.array([0, 60, 180, 240, 300])
    assert job.bucket_rows(times, starts).tolist() == [0, 1, 5, -1, 6]


def test_the_span_is_known_from_the_first_rows_alone() -> None:
    times = np.concatenate([np.arange(40) * 300.0, 12_000.0 + np.arange(400) * 60.0])
    assert job.span_of(times) == 300
