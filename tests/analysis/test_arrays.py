from typing import NamedTuple

import numpy as np

from tailmass.analysis.arrays import FEWEST, grown, put_together, room, size_bytes, taken_apart
from tailmass.columns import Floats, Ints


class Inner(NamedTuple):
    seen: Ints


class Outer(NamedTuple):
    level: Floats
    inner: Inner


def outer(series: int) -> Outer:
    return Outer(np.arange(2.0 * series).reshape(2, series), Inner(np.arange(series)))


def test_room_is_at_least_doubled_when_it_runs_out() -> None:
    assert [room(series, 100) for series in (0, 100, 101, 500)] == [100, 100, 200, 500]
    assert room(1, 0) == FEWEST


def test_growing_keeps_what_is_there_and_adds_zeros() -> None:
    before, after = outer(3), grown(outer(3), 5)
    assert isinstance(after, Outer)
    assert isinstance(after.inner, Inner)
    assert after.level[:, :3].tolist() == before.level.tolist()
    assert after.level[:, 3:].tolist() == [[0.0, 0.0]] * 2
    assert after.inner.seen.tolist() == [0, 1, 2, 0, 0]
    assert after.inner.seen.dtype == np.int64


def test_where_the_first_axis_is_the_series_it_is_the_first_that_grows() -> None:
    rows = Outer(np.arange(6.0).reshape(3, 2), Inner(np.arange(3)))
    after = grown(rows, 5, axis=0)
    assert after.level.tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [0.0, 0.0], [0.0, 0.0]]
    assert after.inner.seen.tolist() == [0, 1, 2, 0, 0]
    assert grown(rows._replace(level=np.zeros((3, 0))), 5, axis=0).level.shape == (5, 0)


def test_arrays_have_dotted_names_and_end_with_the_last_series() -> None:
    arrays = taken_apart(outer(4), "x", 2)
    assert {name: array.tolist() for name, array in arrays.items()} == {
        "x.level": [[0.0, 1.0], [4.0, 5.0]],
        "x.inner.seen": [0, 1],
    }
    assert all(array.flags.c_contiguous for array in arrays.values())


def test_where_the_first_axis_is_the_series_arrays_end_with_the_last_one_all_the_same() -> None:
    rows = Outer(np.arange(6.0).reshape(3, 2), Inner(np.arange(3)))
    arrays = taken_apart(rows, "x", 2, axis=0)
    assert {name: array.tolist() for name, array in arrays.items()} == {
        "x.level": [[0.0, 1.0], [2.0, 3.0]],
        "x.inner.seen": [0, 1],
    }
    again = put_together(rows, "x", arrays)
    rows.level[:] = -1.0
    assert again.level.tolist() == arrays["x.level"].tolist() == [[0.0, 1.0], [2.0, 3.0]]


def test_what_was_taken_apart_is_put_together_again() -> None:
    whole = outer(3)
    again = put_together(outer(0), "x", taken_apart(whole, "x", 3))
    assert isinstance(again.inner, Inner)
    assert again.level.tolist() == whole.level.tolist()
    assert again.inner.seen.tolist() == whole.inner.seen.tolist()


def test_arrays_that_were_taken_apart_no_longer_change() -> None:
    whole = outer(3)
    arrays = taken_apart(whole, "x", 3)
    again = put_together(outer(0), "x", arrays)
    whole.level[:] = -1.0
    again.level[:] = -2.0
    assert arrays["x.level"][0].tolist() == [0.0, 1.0, 2.0]


def test_the_size_is_that_of_all_arrays() -> None:
    assert size_bytes(outer(3)) == 8 * (6 + 3)
