import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Floats
from tailmass.kernels.rate import BINS, REFRACTORY, History, current_rates, prior, rates
from tests.kernels import naive
from tests.kernels.streams import fixed, same

BUCKETS, SERIES, WORTH = 150, 3, 40.0
Found = list[tuple[int, int, float]]


def no_events() -> History:
    return History(np.zeros(BINS), np.zeros(1), np.zeros(SERIES, np.int64), np.zeros(SERIES))


def rated(
    history: History, found: Found, updates: list[int], keep: float, first: int = 0, family: list[float] | None = None
) -> Floats:
    """Rates of findings (bucket, series, evidence) in the buckets that `updates` is for."""
    bucket = np.array([each[0] for each in found], np.int64)
    series = np.array([each[1] for each in found], np.int64)
    evidence = np.array([each[2] for each in found], np.float64)
    watched = np.array(updates, np.int64)
    spoken_for = np.ones(len(found)) if family is None else np.array(family)
    return rates(bucket, series, evidence, spoken_for, watched, first, keep, WORTH, history, np.zeros(BINS + 1))


def asked(history: History, evidence: list[float], family: list[float] | None = None) -> list[float]:
    """Rates by what the history knows now."""
    spoken_for = np.ones(len(evidence)) if family is None else np.array(family)
    now: list[float] = current_rates(np.array(evidence), spoken_for, WORTH, history, np.zeros(BINS + 1)).tolist()
    return now


@st.composite
def findings(draw: st.DrawFn, apart: int = 1) -> Found:
    """Findings in the order of their buckets, those of one series at least `apart` buckets from each other."""
    evidence = st.one_of(st.floats(0.01, 40.0), st.sampled_from([1.5, 3.0, 0.05 * 30, 300.0]))
    times = st.lists(st.integers(0, (BUCKETS - 1) // apart), unique=True, max_size=12)
    return sorted((apart * time, i, draw(evidence)) for i in range(SERIES) for time in draw(times))


UPDATES = st.integers(0, 99).map(lambda seed: np.random.default_rng(seed).integers(0, SERIES + 1, BUCKETS).tolist())


@fixed
@given(findings(), UPDATES)
def test_rates_are_those_of_the_events_before(found: Found, updates: list[int]) -> None:
    # Beyond the last bin the kernel leaves a billionth of an event, which is less than 1e-10 a bucket here.
    np.testing.assert_allclose(
        rated(no_events(), found, updates, 1.0), naive.rates(found, updates, 1.0, WORTH), rtol=1e-9, atol=1e-10
    )


@fixed
@given(findings(apart=REFRACTORY + 1), UPDATES, st.sampled_from([0.5, 0.99, 0.9999]))
def test_events_and_time_fade_alike(found: Found, updates: list[int], keep: float) -> None:
    np.testing.assert_allclose(
        rated(no_events(), found, updates, keep), naive.rates(found, updates, keep, WORTH), rtol=1e-9, atol=1e-10
    )


@fixed
@given(findings(), UPDATES, st.integers(0, BUCKETS), st.sampled_from([0.9, 0.99997]))
def test_buckets_can_be_rated_one_by_one_or_together(found: Found, updates: list[int], cut: int, keep: float) -> None:
    whole, parts = no_events(), no_events()
    at_once = rated(whole, found, updates, keep)
    pieces = []
    for begin, end in ((0, cut), *((b, b + 1) for b in range(cut, BUCKETS))):
        part = [(b - begin, i, u) for b, i, u in found if begin <= b < end]
        pieces.append(rated(parts, part, updates[begin:end], keep, begin))
    assert same((at_once, *whole), (np.concatenate(pieces), *parts))


@fixed
@given(findings(), UPDATES, st.integers(0, BUCKETS - 1))
def test_a_rate_knows_nothing_of_its_own_bucket_or_of_later_ones(found: Found, updates: list[int], now: int) -> None:
    whole = rated(no_events(), found, updates, 0.999)
    changed = [(b, i, u if b < now else u + 3.0 * i) for b, i, u in found]
    again = rated(no_events(), changed, [*updates[:now], *[9] * (BUCKETS - now)], 0.999)
    earlier = [k for k, (b, _, _) in enumerate(found) if b < now or (b == now and changed[k] == found[k])]
    assert whole[earlier].tolist() == again[earlier].tolist()


@fixed
@given(findings(), UPDATES, st.integers(0, 99))
def test_the_prior_speaks_for_as_many_series_as_it_is_asked_for(found: Found, updates: list[int], seed: int) -> None:
    family = np.random.default_rng(seed).choice([0.0, 1.0, 3.0, 50.0, 1e6], len(found)).tolist()
    np.testing.assert_allclose(
        rated(no_events(), found, updates, 1.0, family=family),
        naive.rates(found, updates, 1.0, WORTH, family),
        rtol=1e-9,
        atol=1e-10,
    )


def test_however_many_series_nothing_comes_more_often_than_always() -> None:
    assert rated(no_events(), [(0, 0, 1.5)], [0], 1.0, family=[1e9]).tolist() == [1.0]
    assert asked(no_events(), [1.5, 9.0], [1e9, 1e9]) == [1.0, 1.0]


def test_a_family_is_in_the_prior_alone() -> None:
    history = no_events()
    rated(history, [(60 * k, 0, 5.0) for k in range(10)], [1] * 600, 1.0, family=[7.0] * 10)
    one, many = asked(history, [4.0, 4.0], [1.0, 20.0])
    assert many - one == pytest.approx(19.0 * WORTH * prior(4.0) / (600.0 + WORTH), rel=1e-9)
    assert history.events.sum() == 10.0


@fixed
@given(findings(), UPDATES)
def test_what_is_asked_between_two_buckets_is_what_the_next_one_is_rated_by(found: Found, updates: list[int]) -> None:
    history = no_events()
    rated(history, found, updates, 0.999)
    now = asked(history, [1.5, 3.0, 8.0], [1.0, 2.0, 30.0])
    following = [(0, i, u) for i, u in enumerate((1.5, 3.0, 8.0))]
    assert rated(history, following, [3], 0.999, BUCKETS, [1.0, 2.0, 30.0]).tolist() == now


def test_without_a_past_the_prior_speaks() -> None:
    found = rated(no_events(), [(0, 0, 2.0), (0, 1, 9.0)], [3], 1.0)
    assert found.tolist() == pytest.approx([prior(2.0), prior(9.0)], rel=1e-15)


def test_what_happens_is_a_rate_in_time() -> None:
    history = no_events()
    rated(history, [(60 * k, 0, 5.0) for k in range(10)], [SERIES] * 600, 1.0)
    [often] = asked(history, [4.0])
    assert often == pytest.approx((10.0 + WORTH * prior(4.0)) / (1800.0 + WORTH), rel=1e-12)


def test_a_run_counts_once_with_its_highest_value() -> None:
    history = no_events()
    rated(history, [(b, 0, u) for b, u in enumerate([2.01, 4.01, 3.01, 8.01, 1.01])], [1] * 5, 1.0)
    assert {0.05 * place: n for place, n in enumerate(history.events.tolist()) if n} == {8.0: 1.0}


@pytest.mark.parametrize(("later", "events"), [(REFRACTORY, 1), (REFRACTORY + 1, 2)])
def test_an_unusual_value_long_after_is_an_event_of_its_own(later: int, events: int) -> None:
    history = no_events()
    rated(history, [(0, 0, 5.0), (later, 0, 3.0)], [1] * 100, 1.0)
    assert history.events.sum() == events


def test_runs_of_two_series_are_two_events() -> None:
    history = no_events()
    rated(history, [(0, 0, 5.0), (0, 1, 5.0)], [2], 1.0)
    assert history.events.sum() == 2.0


def test_asking_for_a_rate_teaches_nothing() -> None:
    history = no_events()
    rated(history, [(0, 0, 5.0)], [1], 1.0)
    before = History._make(part.copy() for part in history)
    asked(history, [0.0, 5.0, 400.0])
    assert same(history, before)


@fixed
@given(st.floats(0.0, 400.0), st.floats(0.0, 400.0))
def test_the_prior_falls_with_the_evidence(one: float, other: float) -> None:
    less, more = sorted([one, other])
    assert 1.0 >= prior(less) >= prior(more) > 0.0
    assert prior(one) == pytest.approx(naive.prior(one), rel=1e-12)


def test_the_two_laws_of_the_prior_meet() -> None:
    assert prior(3.75 - 1e-12) == pytest.approx(prior(3.75), rel=1e-9)


def test_a_prior_is_as_it_is_documented() -> None:
    assert prior(3.75) == pytest.approx(10.0**-3.26)
    assert prior(13.75) == pytest.approx(10.0 ** -(3.26 + 2.1))
    assert prior(1.0) == pytest.approx(10.0 ** -(3.26 - 0.49 * 2.75))
