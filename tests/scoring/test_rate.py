import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.columns import Floats, Ints
from tailmass.kernels.rate import REFRACTORY, prior
from tailmass.scoring.rate import HALF_LIFE_WEEKS, PRIOR_WEEKS, WEEK, RateCalibration, score

fixed = settings(max_examples=25, deadline=None, derandomize=True)
SPAN, SERIES = 3600, 5
PER_WEEK = WEEK // SPAN


def learnt(calibration: RateCalibration, buckets: int, found: dict[tuple[int, int], float], first: int = 0) -> Floats:
    """Rates of findings, evidence by (bucket, series), in consecutive buckets of five series."""
    keys: Ints = np.array(sorted(found), np.int64).reshape(-1, 2)
    evidence = np.array([found[key] for key in sorted(found)])
    watched = np.full(buckets, SERIES)
    return calibration.learn(keys[:, 0].copy(), keys[:, 1].copy(), evidence, watched, first, SERIES)


@st.composite
def findings(draw: st.DrawFn, buckets: int = 200) -> dict[tuple[int, int], float]:
    """Improbable values here and there, in runs and alone."""
    chance = np.random.default_rng(draw(st.integers(0, 999)))
    hit = chance.random((buckets, SERIES)) < draw(st.sampled_from([0.002, 0.03, 0.4]))
    return {(int(b), int(i)): 1.456 + chance.exponential(2.0) for b, i in zip(*np.nonzero(hit), strict=True)}


@pytest.mark.parametrize(
    ("times", "weeks", "expected"),
    [(7, 1, 39), (1, 1, 50), (12, 52.18, 58.6), (1, 52.18, 73), (1, 521.8, 86.5), (1, 5218, 100)],
)
def test_a_score_is_a_rate_as_the_documentation_says(times: float, weeks: float, expected: float) -> None:
    assert score(np.array([times / weeks]))[0] == pytest.approx(expected, abs=0.5)


@fixed
@given(st.floats(1e-100, 1e10), st.floats(1e-100, 1e10))
def test_rarer_never_scores_lower(one: float, other: float) -> None:
    rare, often = score(np.array(sorted([one, other])))
    assert 100.0 >= rare >= often >= 0.0


def test_a_tenth_of_a_rate_adds_the_same_everywhere() -> None:
    scores = score(10.0 ** -np.arange(0.0, 3.5, 0.5))
    assert np.diff(scores) == pytest.approx(13.45 / 2.0)


def test_without_a_past_a_rate_is_the_priors() -> None:
    rates = learnt(RateCalibration(SPAN), 1, {(0, 0): 2.0, (0, 3): 7.0})
    assert rates == pytest.approx([PER_WEEK * prior(2.0), PER_WEEK * prior(7.0)], rel=1e-9)


@pytest.mark.parametrize("span", [60, 3600, 86_400])
def test_the_first_scores_do_not_depend_on_what_else_the_bucket_holds(span: int) -> None:
    alone, together = RateCalibration(span), RateCalibration(span)
    [one] = learnt(alone, 1, {(0, 0): 4.0})
    assert learnt(together, 1, {(0, i): 4.0 for i in range(SERIES)}).tolist() == [one] * SERIES


def test_events_outweigh_the_prior_as_time_goes_by() -> None:
    calibration, weeks = RateCalibration(SPAN), 8
    events = {(b, b % SERIES): 6.0 for b in range(0, weeks * PER_WEEK, 60)}
    learnt(calibration, weeks * PER_WEEK, events)
    [rate] = calibration.rate(np.array([5.0]))
    plain = len(events) / (weeks * SERIES)
    fading = 1.0 - 0.5 ** (PRIOR_WEEKS / HALF_LIFE_WEEKS)  # of the past, in which the prior stays
    assert rate == pytest.approx(plain * weeks * SERIES / (weeks * SERIES + PRIOR_WEEKS), rel=fading)


def test_an_event_of_last_quarter_counts_half() -> None:
    calibration, weeks = RateCalibration(SPAN), int(HALF_LIFE_WEEKS)
    learnt(calibration, 1, {(0, 0): 9.0})
    before = calibration.state("x")["x.events"].sum()
    learnt(calibration, weeks * PER_WEEK, {}, first=1)
    after = calibration.state("x")["x.events"].sum()
    assert after == pytest.approx(0.5 * before, rel=1e-9)


@fixed
@given(findings(), st.lists(st.integers(0, 200), max_size=4))
def test_buckets_can_be_scored_one_by_one_or_together(found: dict[tuple[int, int], float], cuts: list[int]) -> None:
    whole, parts = RateCalibration(SPAN), RateCalibration(SPAN)
    at_once = learnt(whole, 200, found)
    pieces, begin = [], 0
    for end in [*sorted(set(cuts)), *range(max(cuts, default=0) + 1, 201)]:
        part = {(b - begin, i): p for (b, i), p in found.items() if begin <= b < end}
        pieces.append(learnt(parts, end - begin, part, begin))
        begin = end
    assert np.concatenate(pieces).tobytes() == at_once.tobytes()
    assert all(
        a.tobytes() == b.tobytes() for a, b in zip(whole.state("x").values(), parts.state("x").values(), strict=True)
    )


@fixed
@given(findings(), st.integers(0, 199))
def test_a_score_never_depends_on_its_own_bucket_or_a_later_one(found: dict[tuple[int, int], float], now: int) -> None:
    past = {key: p for key, p in found.items() if key[0] < now}
    asked = past | {(now, 0): 5.0}
    crowded = {key: p for key, p in found.items() if key[0] != now} | {(now, i): 5.0 + i for i in range(SERIES)}
    quiet, busy = learnt(RateCalibration(SPAN), 200, asked), learnt(RateCalibration(SPAN), 200, crowded)
    assert quiet[: len(past) + 1].tolist() == busy[: len(past) + 1].tolist()


@fixed
@given(findings())
def test_a_restored_calibration_goes_on_to_the_last_bit(found: dict[tuple[int, int], float]) -> None:
    calibration, again = RateCalibration(SPAN), RateCalibration(SPAN)
    learnt(calibration, 200, found)
    kept = calibration.state("x")
    one = learnt(calibration, 200, found, first=200)
    again.restore("x", kept)
    assert learnt(again, 200, found, first=200).tobytes() == one.tobytes()


def test_a_long_incident_counts_once_with_its_worst_moment() -> None:
    once, long = RateCalibration(SPAN), RateCalibration(SPAN)
    learnt(once, REFRACTORY, {(20, 0): 8.0})
    learnt(long, REFRACTORY, {(b, 0): 8.0 if b == 20 else 3.0 for b in range(REFRACTORY)})
    asked = np.array([2.0, 8.0])
    assert long.rate(asked) == pytest.approx(once.rate(asked), rel=0.01)  # the beginning has faded when it is replaced


def test_series_may_come_later() -> None:
    calibration = RateCalibration(SPAN)
    learnt(calibration, 1, {(0, 4): 5.0})
    one = np.array([7])
    rates = calibration.learn(np.zeros(1, np.int64), one, np.array([5.0]), one, 1, 8)
    assert 0.0 < rates[0] < PER_WEEK


def test_asking_teaches_nothing() -> None:
    calibration = RateCalibration(SPAN)
    learnt(calibration, 50, {(b, 0): 5.0 for b in range(50)})
    before = {name: array.tobytes() for name, array in calibration.state("x").items()}
    calibration.rate(np.array([0.0, 5.0, 300.0]))
    calibration.rate(np.array([0.0, 5.0]), np.array([1.0, 500.0]))
    assert before == {name: array.tobytes() for name, array in calibration.state("x").items()}


BUCKETS = st.integers(0, 99).map(
    lambda seed: np.where(
        (chance := np.random.default_rng(seed)).random(200) < 0.1, 1.456 + chance.exponential(3.0, 200), 0.0
    )
)
"""Evidence of 200 buckets, nine in ten without a record."""
WATCHED = st.integers(0, 99).map(lambda seed: np.random.default_rng(seed).integers(1, 60, 200))


def of_buckets(evidence: list[float], watched: list[int]) -> list[float]:
    """Rates of the first buckets of a job."""
    rates: list[float] = RateCalibration(SPAN).learn_buckets(np.array(evidence), np.array(watched), 0).tolist()
    return rates


def test_a_bucket_without_a_record_never_comes_so_that_its_score_is_zero() -> None:
    rates = of_buckets([0.0, 4.0, 0.0], [5, 5, 5])
    assert rates[::2] == [np.inf, np.inf]
    assert (score(np.array(rates)) > 0.0).tolist() == [False, True, False]


def test_without_a_past_a_bucket_comes_as_often_as_its_series_together() -> None:
    [one] = of_buckets([7.0], [1])
    [hundred] = of_buckets([7.0], [100])
    assert one == pytest.approx(PER_WEEK * prior(7.0), rel=1e-9)
    assert hundred == pytest.approx(100.0 * one, rel=1e-9)
    assert of_buckets([7.0], [10**9]) == [pytest.approx(PER_WEEK)]  # always, and no more


def test_a_job_learns_how_often_its_own_buckets_come_whatever_the_number_of_its_series() -> None:
    weeks = 12
    evidence = np.where(np.arange(weeks * PER_WEEK) % PER_WEEK == 100, 6.0, 0.0)
    for watched in (1, 50):
        calibration = RateCalibration(SPAN)
        calibration.learn_buckets(evidence, np.full(len(evidence), watched), 0)
        [rate] = calibration.rate(np.array([5.0]), np.array([float(watched)]))
        told = score(np.array(rate))
        # One a week, which is 50; the more series, the more the prior still adds for each of them.
        assert told == pytest.approx(50.0, abs=6.0)


def test_buckets_of_one_incident_are_one_event() -> None:
    long = RateCalibration(SPAN)
    long.learn_buckets(np.array([4.0, 6.0, 5.0, 0.0, 4.0]), np.full(5, 3), 0)
    assert long.state("x")["x.events"].sum() == pytest.approx(1.0, rel=0.01)


@fixed
@given(BUCKETS, WATCHED, st.lists(st.integers(1, 199), max_size=5))
def test_a_job_can_be_cut_and_restored_at_any_bucket(evidence: Floats, watched: Ints, cuts: list[int]) -> None:
    whole, part = RateCalibration(SPAN), RateCalibration(SPAN)
    at_once = whole.learn_buckets(evidence, watched, 0)
    pieces, begin = [], 0
    for end in [*sorted(set(cuts)), 200]:
        pieces.append(part.learn_buckets(evidence[begin:end], watched[begin:end], begin))
        kept, begin = part.state("x"), end
        part = RateCalibration(SPAN)
        part.restore("x", kept)
    assert np.concatenate(pieces).tobytes() == at_once.tobytes()


@fixed
@given(BUCKETS, WATCHED, st.integers(0, 199))
def test_what_is_asked_of_an_open_bucket_is_what_it_gets_when_it_closes(
    evidence: Floats, watched: Ints, now: int
) -> None:
    calibration = RateCalibration(SPAN)
    calibration.learn_buckets(evidence[:now], watched[:now], 0)
    asked = calibration.rate(np.array([5.0]), watched[now : now + 1].astype(np.float64))
    assert calibration.learn_buckets(np.array([5.0]), watched[now : now + 1], now).tolist() == asked.tolist()


@fixed
@given(BUCKETS, st.integers(0, 199), st.floats(0.1, 20.0))
def test_more_evidence_is_never_less_rare(evidence: Floats, now: int, more: float) -> None:
    calibration = RateCalibration(SPAN)
    calibration.learn_buckets(evidence[:now], np.full(now, 5), 0)
    often, rare = calibration.rate(np.array([3.0, 3.0 + more]), np.array([5.0, 5.0]))
    assert often >= rare > 0.0
