import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Floats
from tailmass.kernels import periodogram
from tailmass.kernels.periodogram import FIRST_LOOK, LENGTH, Rings, dominant_period, push, readings
from tests.kernels.streams import KINDS, fixed, same, stream


def rings(series: int) -> Rings:
    return Rings(np.zeros((series, periodogram.EXACT)), np.zeros((series, LENGTH), np.int16))


def pushed(kept: Rings, table: Floats, first: int = 0, *, dense: bool = False) -> list[tuple[int, int]]:
    """The table (bucket, series), NaN where a series has no value, into the rings: who comes to a look, and when."""
    present = ~np.isnan(table)
    offsets, series = np.append(0, np.cumsum(present.sum(axis=1))), np.nonzero(present)[1]
    due, start, told = np.empty(table.shape[1], np.int64), 0, []
    while start < len(table):
        start, filled = push(kept, offsets, series, table[present], first, start, table.shape[1], dense, due)
        told += [(start - 1, int(i)) for i in due[:filled]]
    return told


def noise(rows: int, columns: int = 1, seed: int = 3) -> Floats:
    return np.random.default_rng(seed).normal(size=(rows, columns))


def wave(period: float, points: int) -> Floats:
    made: Floats = np.sin(2.0 * np.pi * np.arange(points) / period)
    return made


@pytest.mark.parametrize("period", [7.0, 12.4, 24.0, 60.0])
@pytest.mark.parametrize("form", ["sine", "pulse", "saw"])
def test_a_period_of_any_form_is_found_in_noise(period: float, form: str) -> None:
    phase = np.arange(256) / period % 1.0
    shape = {"sine": np.sin(2.0 * np.pi * phase), "pulse": 3.0 * (phase < 0.3), "saw": 3.0 * phase}[form]
    values = np.array([shape + 0.5 * noise(256, seed=seed)[:, 0] for seed in range(10)])
    periods, strength = dominant_period(values)
    found = np.abs(periods / period - 1.0) < 0.03
    assert found.sum() >= 7  # of sixty points there are but four cycles
    assert (strength[found] >= 0.3).all()


def test_noise_and_random_walks_have_no_period() -> None:
    white, walks = noise(256, 300).T, np.cumsum(noise(256, 300, 4), axis=0).T
    assert (dominant_period(white)[0] > 0.0).sum() == 0
    assert (dominant_period(walks)[0] > 0.0).mean() < 0.02


def test_the_unit_the_level_and_a_trend_do_not_matter() -> None:
    values = (wave(17.0, 200) + 0.3 * noise(200)[:, 0])[None, :]
    plain = dominant_period(values)[0][0]
    assert dominant_period(1e6 + 250.0 * values + 3.0 * np.arange(200.0))[0][0] == pytest.approx(plain, rel=5e-3)


def test_one_wild_value_hides_no_period() -> None:
    values = wave(17.0, 200) + 0.3 * noise(200)[:, 0]
    values[77] = 30.0  # rings keep no more
    assert dominant_period(values[None, :])[0][0] == pytest.approx(17.0, rel=0.03)


def test_a_constant_has_no_period() -> None:
    assert dominant_period(np.full((1, 64), 5.0))[0].tolist() == [0.0]


@pytest.mark.parametrize("values", [np.zeros((1, 31)), np.zeros(64), np.full((1, 64), np.nan)])
def test_what_cannot_be_read_is_refused(values: Floats) -> None:
    with pytest.raises(ValueError, match=r"expected|finite"):
        dominant_period(values)


# Rings


def test_a_ring_keeps_the_means_of_blocks_that_double() -> None:
    kept, values = rings(1), 100.0 + noise(1000)
    pushed(kept, values)
    assert kept.exact[0, periodogram.BLOCK] == 4.0
    [(_, read)] = readings(kept, np.array([0]))
    blocks = values[:, 0].reshape(-1, 4).mean(axis=1)
    unit = kept.exact[0, periodogram.UNIT]
    assert read[0] * unit + values[0, 0] == pytest.approx(blocks[: read.shape[1]], abs=4.0 * unit)


def test_a_series_is_looked_at_whenever_it_is_twice_as_old() -> None:
    assert pushed(rings(1), noise(600)) == [(FIRST_LOOK - 1, 0), (127, 0), (255, 0), (511, 0)]


def test_a_missed_bucket_has_the_value_before() -> None:
    holes, filled = noise(200), noise(200)
    holes[50:53], filled[50:53] = np.nan, filled[49]
    one, other = rings(1), rings(1)
    pushed(one, holes)
    pushed(other, filled)
    assert one.codes.tolist() == other.codes.tolist()


def test_who_was_away_for_longer_than_it_had_been_there_begins_anew() -> None:
    kept, table = rings(1), noise(300)
    table[100:230] = np.nan
    pushed(kept, table)
    assert kept.exact[0, periodogram.BUCKETS] == 70.0


def test_series_beyond_the_known_ones_have_no_ring() -> None:
    table = noise(100, 3)
    two, three = rings(2), rings(3)
    offsets, due = np.arange(101) * 3, np.empty(3, np.int64)
    push(two, offsets, np.tile(np.arange(3), 100), table.ravel(), 0, 0, 2, False, due)
    push(three, offsets, np.tile(np.arange(3), 100), table.ravel(), 0, 0, 3, False, due)
    assert same(tuple(two), tuple(part[:2] for part in three))


@fixed
@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3), st.integers(1, 199), st.booleans())
def test_where_calls_end_makes_no_difference_and_rings_stay_finite(kinds: list[str], cut: int, dense: bool) -> None:
    table = np.column_stack([stream(kind, 200, np.random.default_rng(7)) for kind in kinds])
    whole, parts = rings(len(kinds)), rings(len(kinds))
    told = pushed(whole, table, dense=dense)
    again = pushed(parts, table[:cut], dense=dense)
    again += [(cut + b, i) for b, i in pushed(parts, table[cut:], cut, dense=dense)]
    assert told == again
    assert same(tuple(whole), tuple(parts))
    assert np.isfinite(whole.exact).all()
