import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tailmass.columns import Floats
from tailmass.kernels import shape
from tailmass.kernels.shape import Memory, mixed, recognize
from tests.kernels import naive_shape
from tests.kernels.streams import KINDS, fixed, same, starts, stream


def nothing(series: int, places: int = 64) -> Memory:
    """The memory of so many series, none of which has been seen."""
    return Memory(
        exact=np.zeros((series, shape.EXACT)),
        blocks=np.zeros((series, shape.LEVELS, shape.RING)),
        levels=np.zeros((series, shape.LEVELS, shape.FIELDS)),
        windows=np.zeros((series, shape.LEVELS, shape.BLOCKS, places), np.int8),
        habits=np.zeros((series, shape.LEVELS, places), np.float32),
    )


def recognized(memory: Memory, table: Floats, first: int = 0, *, dense: bool = False) -> Floats:
    """Oddness of every entry of a table (bucket, series), NaN where a series has no rows."""
    present = ~np.isnan(table)
    offsets = np.append(0, np.cumsum(present.sum(axis=1)))
    return recognize(memory, offsets, np.nonzero(present)[1], table[present], first, table.shape[1], dense)


def odd(values: Floats, places: int = 256) -> Floats:
    """Oddness of every value of one series."""
    return recognized(nothing(1, places), values[:, None])


def waves(buckets: int, period: float = 48.0, seed: int = 5) -> Floats:
    """Two humps a period, a high and a low one, and some noise."""
    time = 2.0 * np.pi * np.arange(buckets) / period
    noise = np.random.default_rng(seed).normal(size=buckets)
    made: Floats = np.sin(time) + 0.6 * np.sin(2.0 * time + 1.0) + 0.1 * noise
    return made


@st.composite
def tables(draw: st.DrawFn) -> Floats:
    """(bucket, series) values with gaps, long enough for the first two levels to speak; a series may appear late."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    columns = []
    for kind in draw(st.lists(st.sampled_from((*KINDS, "waves")), min_size=1, max_size=3)):
        values = waves(760) if kind == "waves" else stream(kind, 760, chance)
        values[chance.random(760) < draw(st.sampled_from([0.0, 0.0, 0.05, 0.8]))] = np.nan
        values[: draw(st.sampled_from([0, 0, 7]))] = np.nan
        hole = int(chance.integers(0, 760))
        values[hole : hole + draw(st.sampled_from([0, 4, 5]))] = np.nan
        columns.append(values)
    return np.column_stack(columns)


def assert_as_remembered(memory: Memory, i: int, twin: naive_shape.Series) -> None:
    """Series `i` remembers what its twin does; habits are kept in 32 bits, hence their tolerance."""
    for k, level in enumerate(twin.levels):
        fields = memory.levels[i, k]
        counts = [fields[shape.WINDOWS], fields[shape.COMPARED], fields[shape.WORTHY], fields[shape.KEPT]]
        assert counts == [level.windows, level.compared, level.worthy, len(level.remembered)]
        np.testing.assert_allclose(fields[shape.TYPICAL], level.typical, rtol=1e-5, atol=1e-12)
        np.testing.assert_allclose(fields[shape.SPREAD], level.spread, rtol=1e-9)
        assert memory.windows[i, k, :, : len(level.remembered)].T.tolist() == level.remembered
        np.testing.assert_allclose(memory.habits[i, k, : len(level.habits)], level.habits, rtol=1e-5, atol=1e-6)


@fixed
@example(np.column_stack([waves(2500), stream("walk", 2500, np.random.default_rng(1))]), 0, False, 16)
@example(np.column_stack([waves(1500), stream("sparse counts", 1500, np.random.default_rng(1))]), -5, True, 8)
@given(tables(), starts, st.booleans(), st.sampled_from([8, 11, 64]))
def test_series_remember_and_tell_what_their_twins_do(table: Floats, first: int, dense: bool, places: int) -> None:
    memory = nothing(table.shape[1], places)
    twins = [naive_shape.Series(places) for _ in range(table.shape[1])]
    rows = [[None if np.isnan(y) else float(y) for y in row] for row in table]
    told = naive_shape.recognize(rows, first, twins, dense=dense)
    np.testing.assert_allclose(recognized(memory, table, first, dense=dense), told, rtol=1e-4, atol=1e-9)
    for i, twin in enumerate(twins):
        assert_as_remembered(memory, i, twin)


@fixed
@given(tables(), st.booleans(), st.integers(0, 760))
def test_one_call_or_several_make_no_difference_to_a_bit(table: Floats, dense: bool, cut: int) -> None:
    whole, parts = nothing(table.shape[1], 8), nothing(table.shape[1], 8)
    at_once = recognized(whole, table, dense=dense)
    told = [recognized(parts, table[:cut], dense=dense), recognized(parts, table[cut:], cut, dense=dense)]
    assert at_once.tobytes() == np.concatenate(told).tobytes()
    assert same(whole, parts)


def test_a_series_does_not_know_its_neighbours() -> None:
    table = np.column_stack([stream(kind, 900, np.random.default_rng(2)) for kind in ("walk", "heavy", "season")])
    together = recognized(nothing(3), table).reshape(table.shape)
    for i in range(3):
        assert odd(table[:, i], 64).tobytes() == np.ascontiguousarray(together[:, i]).tobytes()


@pytest.mark.parametrize("unit", [2.0**-40, 8.0, -1.0])
def test_the_unit_of_the_data_makes_no_difference(unit: float) -> None:
    values = waves(1200)
    np.testing.assert_allclose(odd(unit * values), odd(values), rtol=1e-6)


def test_nothing_is_said_before_there_is_something_to_compare_with() -> None:
    told = np.flatnonzero(odd(waves(700)))
    # Two windows of 16 for the first to be remembered, seven more of them, and then 64 comparisons.
    assert told[0] + 1 == 32 + 7 * shape.STRIDE + 65 * shape.STRIDE
    assert len(told) == 700 - told[0]


@pytest.mark.parametrize("anomaly", ["backwards", "still", "flattened", "hurried"])
def test_a_stretch_of_another_form_is_the_oddest(anomaly: str) -> None:
    values = waves(6000)
    begin, end = 5000, 5040
    stretch = values[begin:end]
    values[begin:end] = {
        "backwards": stretch[::-1],
        "still": np.full(40, stretch[0]),
        "flattened": stretch.mean() + 0.3 * (stretch - stretch.mean()),
        "hurried": waves(6000, 24.0)[begin:end],
    }[anomaly]
    told = odd(values)
    assert begin <= int(told[3000:].argmax()) + 3000 < end + 128
    assert told[3000:].max() > 1.5 * told[3000:5000].max()


def test_a_form_that_has_been_there_is_odd_no_more() -> None:
    values = waves(9000)
    for begin in (5000, 5500, 6000, 8000):
        values[begin : begin + 48] = -waves(48)
    told = odd(values)
    first, last = (told[begin : begin + 128].max() for begin in (5000, 8000))
    assert last < 0.5 * first


def test_a_form_that_has_not_been_there_for_long_is_forgotten() -> None:
    # 8 places: old windows soon have to make room for those of the walk that follows.
    walk = np.cumsum(np.random.default_rng(8).normal(size=20_000))
    memory = nothing(1, 8)
    recognized(memory, np.concatenate([waves(2000), walk])[:, None])
    kept = nothing(1, 8)
    recognized(kept, waves(2000)[:, None])
    for level in range(2):
        then = {tuple(w) for w in kept.windows[0, level].T.tolist()}
        assert not then & {tuple(w) for w in memory.windows[0, level].T.tolist()}


def test_what_repeats_exactly_is_not_odd_and_takes_no_places() -> None:
    values = np.tile([0.0, 1.0, 4.0, 2.0], 500)
    memory = nothing(1)
    told = recognized(memory, values[:, None])
    assert told.max() == 0.0
    assert memory.levels[0, :, shape.KEPT].max() <= shape.FEWEST + shape.AWAITING


def test_four_missed_buckets_are_bridged_and_five_begin_anew() -> None:
    values = waves(1000)
    bridged, anew = values.copy(), values.copy()
    bridged[600:604], anew[600:605] = np.nan, np.nan
    told = recognized(nothing(1), bridged[:, None])
    assert told[600:].min() > 0.0
    told = recognized(nothing(1), anew[:, None])
    assert told[600:615].max() == 0.0
    assert told[615] > 0.0  # the first level has a window again


def test_noise_is_seldom_much_odder_than_usual() -> None:
    table = np.random.default_rng(6).normal(size=(4000, 20))
    told = recognized(nothing(20, 256), table).reshape(table.shape)[2500:]
    assert 0.1 < np.median(told) < 0.4
    assert (told > 3.0 * np.median(told)).mean() < 1e-3


@pytest.mark.parametrize("kind", ["arbitrary", "huge", "tiny", "constant", "alternating"])
def test_whatever_the_values_what_is_remembered_and_told_stays_finite(kind: str) -> None:
    memory = nothing(1)
    values = stream(kind, 1500, np.random.default_rng(4))
    values[700::100] = np.inf
    assert np.isfinite(recognized(memory, values[:, None])).all()
    assert all(np.isfinite(part).all() for part in memory)


@fixed
@given(st.integers(0, 2**64 - 1))
def test_bits_are_mixed_as_splitmix_does_it(number: int) -> None:
    assert int(mixed(np.uint64(number))) == naive_shape.splitmix(number)


def test_the_first_numbers_of_splitmix_are_the_published_ones() -> None:
    # Of seed 0, from the reference implementation by Vigna.
    assert [int(mixed(np.uint64(k))) for k in (1, 2, 3)] == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
    ]
