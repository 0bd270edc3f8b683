"""What is put away comes back, and every number has a place of its own."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tailmass.columns import Floats, Singles
from tailmass.kernels import state
from tailmass.kernels.exceedances import Exceedances
from tailmass.kernels.flat import Flat
from tailmass.kernels.fuse import Onset
from tailmass.kernels.peaks import Ages
from tailmass.kernels.precision import Rows
from tailmass.kernels.predict import Level
from tailmass.kernels.season import Gate, Pass
from tailmass.kernels.surprise import Spread
from tests.kernels.streams import Known, nothing

LEVEL = Level(
    1.0,
    2.0,
    3.5,
    4.5,
    5.0,
    6.0,
    7.0,
    8.0,
    9.0,
    10.0,
    -11.0,
    12.0,
    13.0,
    14.0,
    15.0,
    16.0,
    (1.5, 2.5, 3.5, 4.5),
    (5.5, 6.5, 7.5, 8.5),
)
PARTS: list[tuple[Callable[..., Any], Callable[..., None], int | None, Any]] = [
    (state.spread, state.keep_spread, None, Spread(1.0, 2.0, 3.0, 4.0)),
    (state.gate, state.keep_gate, state.DAY_GATE, Gate(1.0, 2.0, 3.0)),
    (state.gate, state.keep_gate, state.WEEK_GATE, Gate(4.0, 5.0, 6.0)),
    (state.running, state.keep_running, state.DAY_PASS, Pass(-1.0, 2.0)),
    (state.running, state.keep_running, state.WEEK_PASS, Pass(-3.0, 4.0)),
    (state.running, state.keep_running, state.NOISE_PASS, Pass(5.0, 6.0)),
    (state.exceedances, state.keep_exceedances, None, Exceedances(1.0, 2.0, 3.0, 4.0)),
    (state.ages, state.keep_ages, None, Ages(1.0, 2.0, 3.0)),
    (state.onset, state.keep_onset, None, Onset(1.0, 2.0, 3.0)),
    (state.rows, state.keep_rows, None, Rows(100.0, 0.5)),
    (state.flat, state.keep_flat, None, Flat(7.0, 8.0, 0.25)),
]
SINGLES = (state.STEP, state.OUTSIDE, state.WINDOW, state.OFFSET, state.BORROWED)
BLOCKS = (*range(state.MEANS, state.MEANS + state.CHANNELS), *range(state.HIGHEST, state.HIGHEST + 4))
LOWEST_PEAKS = range(state.LOWEST_PEAKS, state.LOWEST_PEAKS + 2 * state.CHANNELS)


def empty() -> Known:
    """Three series with nothing but NaN."""
    known = nothing(3)
    known.model.exact[:] = np.nan
    known.model.brief[:] = np.nan
    return known


def written(table: Floats | Singles) -> set[int]:
    """Columns of the second series that have been written; no other series has any."""
    assert np.isnan(table[[0, 2]]).all()
    return set(np.flatnonzero(~np.isnan(table[1])).tolist())


def test_the_predictor_comes_back_as_it_was_put_away() -> None:
    model = empty().model
    state.keep_level(model.exact, model.brief, 1, LEVEL)
    assert state.level(model.exact, model.brief, 1) == LEVEL


@pytest.mark.parametrize("part", PARTS, ids=lambda part: f"{part[0].__name__}-{part[2]}")
def test_every_part_comes_back_as_it_was_put_away(part: tuple[Any, Any, int | None, Any]) -> None:
    load, keep, column, value = part
    brief, where = empty().model.brief, () if column is None else (column,)
    keep(brief, 1, *where, value)
    assert load(brief, 1, *where) == value
    assert type(load(brief, 1, *where)) is type(value)


def test_every_number_has_a_place_of_its_own_and_no_place_is_empty() -> None:
    model = empty().model
    state.keep_level(model.exact, model.brief, 1, LEVEL)
    assert written(model.exact) | {state.UNIT, state.ANCHOR} == set(range(state.EXACT))
    taken = [written(model.brief), set(SINGLES), set(BLOCKS), set(LOWEST_PEAKS)]
    for _, keep, column, value in PARTS:
        brief = empty().model.brief
        keep(brief, 1, *(() if column is None else (column,)), value)
        taken.append(written(brief))
    assert sorted(k for columns in taken for k in columns) == list(range(state.BRIEF))


def test_a_level_is_not_rounded_to_32_bits() -> None:
    model = empty().model
    state.keep_level(model.exact, model.brief, 1, LEVEL._replace(level=1.0 + 1e-12, last=3e9 + 1.0, previous=1.0 / 3.0))
    assert state.level(model.exact, model.brief, 1)[1:4] == (3e9 + 1.0, 1.0 + 1e-12, 1.0 / 3.0)
