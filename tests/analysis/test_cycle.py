import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.analysis.cycle import FeatureCycles, seasonal
from tailmass.analysis.model import FeatureModel
from tailmass.analysis.period import MOST_SERIES
from tailmass.columns import Floats
from tailmass.kernels.observe import Entries, Watch

WATCH = Watch(span=60, side=0, dense=False, counts=False, least=1.0, sensitivity=1.0, learning=True)
BUCKETS = 1100


def table(series: int = 2) -> Floats:
    """Pulses every 37 minutes, at another time in each series."""
    time = np.arange(BUCKETS)[:, None] + 11 * np.arange(series)
    return 10.0 * (time % 37 < 5) + np.random.default_rng(5).normal(size=(BUCKETS, series))


def entries(values: Floats, first: int = 0) -> Entries:
    buckets, series = values.shape
    return Entries(
        offsets=np.arange(buckets + 1) * series,
        series=np.tile(np.arange(series), buckets),
        values=values.ravel(),
        rows=np.empty(0),
        local=np.zeros(buckets, np.int64),
        first=first,
    )


def learnt(cycles: FeatureCycles, values: Floats, first: int = 0) -> list[int]:
    """The ends of the stretches, as bucket numbers."""
    cycles.make_room(values.shape[1])
    given = entries(values, first)
    return [first + len(stretch.offsets) - 1 for stretch in cycles.stretches(given, values.shape[1])]


def test_a_season_is_found_and_has_the_length_it_has() -> None:
    cycles = FeatureCycles(60, dense=False)
    ends = learnt(cycles, table())
    assert cycles.arrays.row[:2].tolist() == [0, 1]
    assert cycles.arrays.exact[:2, 0] == pytest.approx([37.0, 37.0], rel=0.01)
    assert ends[-1] == BUCKETS
    assert set(ends[:-1]) <= {64, 128, 256, 512, 1024}


def test_a_day_and_its_parts_are_no_seasons_of_their_own() -> None:
    assert seasonal(np.array([86_400.0, 43_200.0, 28_000.0, 604_800.0, 2_220.0])).tolist() == [True] * 3 + [True, False]
    cycles, time = FeatureCycles(3600, dense=False), np.arange(BUCKETS)
    learnt(
        cycles, np.sin(2.0 * np.pi * time / 24.0)[:, None] + 0.1 * np.random.default_rng(5).normal(size=(BUCKETS, 1))
    )
    # A first look at two days and a half may take them for something else; no later one does.
    assert cycles.arrays.exact[:1, 0] != pytest.approx([24.0], rel=0.03)


def test_a_length_that_is_better_known_keeps_the_phase() -> None:
    cycles = FeatureCycles(60, dense=False)
    learnt(cycles, table()[:300])
    before = cycles.arrays.exact[0].copy()
    learnt(cycles, table()[300:600], 300)
    period, origin = cycles.arrays.exact[0]
    assert period == pytest.approx(before[0], rel=0.03)
    assert (511 - origin) / period % 1.0 == pytest.approx((511 - before[1]) / before[0] % 1.0, abs=1e-9)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, BUCKETS - 1), max_size=4, unique=True).map(sorted))
def test_where_calls_end_and_state_is_put_away_makes_no_difference(cuts: list[int]) -> None:
    values, whole, parts = table(), FeatureModel(WATCH), FeatureModel(WATCH)
    found = [whole.learn(entries(values), 2)[0]]
    pieces = []
    for begin, end in zip([0, *cuts], [*cuts, BUCKETS], strict=True):
        again = FeatureModel(WATCH)
        again.restore("m", parts.state("m", 2))
        parts = again
        piece = parts.learn(entries(values[begin:end], begin), 2)[0]
        pieces.append(piece._replace(bucket=piece.bucket + begin))
    for one, others in zip(found[0], zip(*pieces, strict=True), strict=True):
        assert one.tobytes() == np.concatenate(others).tobytes()
    kept, again_kept = whole.state("m", 2), parts.state("m", 2)
    assert all(kept[name].tobytes() == again_kept[name].tobytes() for name in kept)


def test_a_pulse_that_fails_to_come_is_found_without_a_word_about_its_period() -> None:
    values = table(1)
    time = np.arange(BUCKETS)
    missing = (time >= 1036) & (time < 1041)
    values[missing, 0] -= 10.0
    found, _ = FeatureModel(WATCH).learn(entries(values), 1)
    assert found.evidence[np.isin(found.bucket, np.flatnonzero(missing))].max() > 2.5
    assert (found.actual < found.typical)[np.isin(found.bucket, np.flatnonzero(missing))].all()


def test_only_so_many_series_have_a_ring() -> None:
    cycles, series = FeatureCycles(60, dense=False), MOST_SERIES + 100
    learnt(cycles, np.random.default_rng(1).normal(size=(2, series)))
    kept = cycles.state("c", series)
    assert len(kept["c.period.period"]) == MOST_SERIES
    assert len(kept["c.row"]) == series
