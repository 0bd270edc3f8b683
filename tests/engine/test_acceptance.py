import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.engine.acceptance import Acceptance
from tailmass.errors import TooManyBadDates, TooManyOutOfOrder
from tailmass.kernels.buckets import ADMITTED, LATE, UNDATED


def _rows(*runs: tuple[int, int]) -> np.ndarray:
    return np.concatenate([np.full(count, status, np.int64) for status, count in runs])


def _taken(status: np.ndarray, places: list[int]) -> tuple[int, str | None]:
    acceptance = Acceptance()
    taken = 0
    for part in np.split(status, sorted(places)):
        allowed, error = acceptance.look(part)
        taken += allowed
        if error is not None:
            return taken, type(error).__name__
    try:
        acceptance.finish()
    except (TooManyBadDates, TooManyOutOfOrder) as error:
        return taken, type(error).__name__
    return taken, None


def test_a_quarter_of_bad_dates_is_still_accepted() -> None:
    assert _taken(_rows((ADMITTED, 75), (UNDATED, 25)), []) == (100, None)


def test_more_than_a_quarter_is_refused_at_the_hundredth_row() -> None:
    assert _taken(_rows((ADMITTED, 74), (UNDATED, 26), (ADMITTED, 900)), []) == (100, "TooManyBadDates")


def test_a_bad_beginning_that_gets_better_before_the_hundredth_row_is_accepted() -> None:
    assert _taken(_rows((LATE, 24), (ADMITTED, 200)), []) == (224, None)


def test_after_ten_thousand_rows_it_looks_every_ten_thousand() -> None:
    status = _rows((ADMITTED, 10_000), (LATE, 9_000), (ADMITTED, 21_000))
    assert _taken(status, []) == (20_000, "TooManyOutOfOrder")


def test_it_looks_at_the_end_of_a_short_upload() -> None:
    assert _taken(_rows((ADMITTED, 1), (UNDATED, 1)), []) == (2, "TooManyBadDates")


def test_an_empty_upload_is_accepted() -> None:
    assert _taken(_rows((ADMITTED, 0)), []) == (0, None)


def test_the_message_names_the_numbers_and_the_way_out() -> None:
    acceptance = Acceptance()
    acceptance.look(_rows((LATE, 9)))
    with pytest.raises(TooManyOutOfOrder, match=r"9 of the first 9 rows .* 'latency'"):
        acceptance.finish()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    runs=st.lists(st.tuples(st.sampled_from([ADMITTED, UNDATED, LATE]), st.integers(0, 700)), min_size=1, max_size=12),
    places=st.lists(st.integers(0, 3000), max_size=6),
)
def test_the_verdict_does_not_depend_on_the_pieces(runs: list[tuple[int, int]], places: list[int]) -> None:
    status = _rows(*runs)
    assert _taken(status, [min(place, len(status)) for place in places]) == _taken(status, [])
