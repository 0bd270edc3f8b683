import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Floats
from tailmass.kernels import cycle
from tests.kernels import naive
from tests.kernels.streams import Known, every, fixed, nothing, observed, tables, watch, with_cycle
from tests.kernels.test_observe import assert_as_found, assert_as_learnt

LEAST = 0.5


def assert_same_cycle(known: Known, i: int, twin: naive.Series) -> None:
    brief, own = known.cycles.brief[i], twin.cycle
    assert own is not None
    slots = len(own.means)
    scale = 1e-6 * max(1e-9, twin.peak)
    kept = brief[cycle.MEANS : cycle.MEANS + slots]
    np.testing.assert_allclose(kept, own.means, rtol=1e-6, atol=scale)
    assert brief[cycle.PASSES : cycle.PASSES + slots].tolist() == own.passes
    gate = cycle.gate(known.cycles.brief, i)
    np.testing.assert_allclose(gate, [own.gate.plain, own.gate.seasonal, own.gate.compared], rtol=1e-6, atol=scale)


@fixed
@given(
    tables(("gaussian", "walk", "heavy", "ties", "constant", "shift")), st.floats(4.0, 90.0), st.floats(-1e5, 1e5),
    st.integers(-(10**6), 10**6),
)  # fmt: skip
def test_series_with_a_season_of_their_own_learn_and_report_what_their_twins_do(
    table: Floats, period: float, origin: float, first: int
) -> None:
    known = with_cycle(nothing(table.shape[1]), period, origin)
    found, _ = observed(known, watch(least=0.0), table, first)
    twins = [naive.Series(600, cycle=naive.Cycle(period, origin)) for _ in range(table.shape[1])]
    assert_as_found(found, naive.observe(table.tolist(), first, twins), twins)
    for i, twin in enumerate(twins):
        assert_as_learnt(known, i, twin)
        if twin.n:
            assert_same_cycle(known, i, twin)


def told(known: Known, value: float, bucket: int) -> float:
    """The evidence that this value would have."""
    found, _ = observed(known, watch(least=0.0, learning=False), np.array([[value]]), bucket)
    return float(found.evidence.max(initial=0.0))


def test_what_comes_back_every_seventy_minutes_is_expected_and_missed_when_it_fails_to_come() -> None:
    time = np.arange(3000)
    wave = np.where(time % 7 == 3, 40.0, 0.0)[:, None] + every("gaussian", buckets=3000)
    plain, aware = nothing(1), with_cycle(nothing(1), 7.0, 0.0)
    for known in (plain, aware):
        observed(known, watch(), wave)
    bucket = 3006  # 3 of a cycle
    for known in (plain, aware):
        observed(known, watch(), wave[3000 % 7 : 3000 % 7 + 6], 3000)
    assert told(aware, 140.0, bucket) < 1.5
    assert told(aware, 100.0, bucket) > 2.5
    assert told(plain, 100.0, bucket) < 1.0


def test_a_pulse_that_fails_to_come_is_missed() -> None:
    time = np.arange(3000)
    wave = np.where(time % 37 < 4, 40.0, 0.0)[:, None] + every("gaussian", buckets=3000)
    wave[2960:] = every("gaussian", buckets=3000)[2960:]
    found, _ = observed(with_cycle(nothing(1), 37.0, 0.0), watch(least=LEAST), wave)
    missed = (found.bucket >= 2960) & (time[found.bucket] % 37 < 4)
    assert found.evidence[missed].max() > 3.0
    assert (found.actual < found.typical)[missed].all()


@pytest.mark.parametrize(("period", "slots"), [(4.2, 4), (24.0, 24), (217.3, cycle.SLOTS)])
def test_a_period_has_a_slot_a_bucket_as_far_as_there_is_room(period: float, slots: int) -> None:
    exact = np.array([[period, 5.0]])
    near = {cycle.place(exact, 0, float(bucket)).near for bucket in range(5, 5 + 20 * round(period))}
    assert near == set(range(slots))


def test_the_place_is_that_after_whole_periods() -> None:
    exact = np.array([[24.0, 7.0]])
    one, other = cycle.place(exact, 0, 12.5), cycle.place(exact, 0, 12.5 + 24.0 * 1000)
    assert (one.near, one.far) == (other.near, other.far) == (5, 6)
    assert one.share == pytest.approx(0.5)
    assert other.share == pytest.approx(0.5)
    assert cycle.place(exact, 0, 6.0).near == 23
