import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Floats, Ints
from tailmass.kernels import predict, state
from tailmass.kernels.forecast import forecast
from tailmass.kernels.season import DAY
from tests.kernels.streams import KINDS, Known, every, fixed, nothing, observed, same, starts, stream, watch

SPAN, PER_DAY = 600, 144


def ahead(
    known: Known, first: int, buckets: int, i: int = 0, *, span: int = SPAN, local: Ints | None = None,
    counts: bool = False,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Mean, lower and upper bound of the buckets of one series from number `first` on."""
    offsets = np.zeros(buckets, np.int64) if local is None else local
    mean, lower, upper = forecast(known.model, known.cycles, i, span, first, offsets, counts)
    return mean, lower, upper


def learnt(table: Floats, first: int = 0, **what: object) -> Known:
    """What is known after a table (bucket, series)."""
    known = nothing(table.shape[1])
    observed(known, watch(span=SPAN, **what), table, first)
    return known


def by_day(buckets: int) -> Floats:
    """A day as a wave of height 10, from midnight on."""
    return 10.0 * np.sin(2.0 * np.pi * np.arange(buckets) * SPAN / DAY)


def autoregressive(chance: np.random.Generator, buckets: int, series: int, phi: float = 0.8) -> Floats:
    """Values that keep a share `phi` of the one before; unit innovations."""
    table = chance.normal(size=(buckets, series))
    for b in range(1, buckets):
        table[b] += phi * table[b - 1]
    return table


def test_a_series_without_a_value_is_not_known() -> None:
    for part in ahead(nothing(1), 10, 3):
        assert np.isnan(part).all()


def test_no_buckets_have_no_forecast() -> None:
    known = learnt(every("gaussian"))
    assert [len(part) for part in ahead(known, 300, 0)] == [0, 0, 0]


def test_a_constant_goes_on_as_it_is() -> None:
    mean, lower, upper = ahead(learnt(np.full((500, 1), 7.25)), 500, 100)
    assert mean == pytest.approx(np.full(100, 7.25), rel=1e-12)
    assert ((upper - lower) < 0.05).all()


def test_noise_goes_on_flat_at_its_mean() -> None:
    mean, lower, upper = ahead(learnt(every("gaussian", buckets=2000)), 2000, 2 * PER_DAY)
    assert mean == pytest.approx(np.full(2 * PER_DAY, 100.0), abs=2.0)
    assert np.ptp(mean[10:]) < 2.0
    assert (upper - lower)[:10] == pytest.approx(np.full(10, 2.0 * 1.96 * 5.0), rel=0.25)


def test_a_daily_pattern_goes_on_by_the_clock() -> None:
    days = 14
    noise = 0.5 * np.random.default_rng(8).normal(size=days * PER_DAY)
    known = learnt((by_day(days * PER_DAY) + noise)[:, None])
    for gap in (0, 37):  # wherever it begins
        mean, _, _ = ahead(known, days * PER_DAY + gap, PER_DAY)
        expected = by_day((days + 1) * PER_DAY + gap)[days * PER_DAY + gap :]
        assert np.corrcoef(mean, expected)[0, 1] > 0.99
        assert np.abs(mean - expected).max() < 2.0


def test_a_daily_pattern_follows_local_clocks() -> None:
    days, hour = 14, 3600
    noise = 0.5 * np.random.default_rng(8).normal(size=days * PER_DAY)
    known = learnt((by_day(days * PER_DAY) + noise)[:, None])
    usual, _, _ = ahead(known, days * PER_DAY, PER_DAY + 6)
    early, _, _ = ahead(known, days * PER_DAY, PER_DAY, local=np.full(PER_DAY, hour))
    # Once the lags have said what they know, an hour ahead is the pattern of an hour later.
    assert early[20:] == pytest.approx(usual[26 : PER_DAY + 6], abs=0.05)


@pytest.mark.parametrize("above", [6.0, -6.0])
def test_what_autoregression_says_decays(above: float) -> None:
    table = autoregressive(np.random.default_rng(5), 6000, 1)
    table[-1] = above
    mean, lower, upper = ahead(learnt(table), 6000, 60)
    off = np.sign(above) * (mean - mean[-1])
    assert 0.5 * 6.0 < off[0] < 6.0  # 0.8 of it
    assert 0.15 * off[0] < off[4] < 0.75 * off[0]  # 0.41 of it
    assert abs(off[30]) < 0.12 * off[0]
    width = upper - lower
    # From the innovation's to the series' own, 1 / sqrt(1 - 0.64); the last value moves what is learnt.
    assert width[-1] / width[0] == pytest.approx(1.0 / 0.6, rel=0.4)
    assert width[0] < 0.9 * width[1:].min()


@pytest.mark.parametrize("seed", range(5))
def test_before_a_season_is_known_a_forecast_is_levels_and_autoregression(seed: int) -> None:
    buckets = PER_DAY - 4
    known = learnt(autoregressive(np.random.default_rng(seed), buckets, 1))
    known.model.noise[:] = 0  # at any hour as restless as at any other
    s = state.level(known.model.exact, known.model.brief, 0)
    spread = state.spread(known.model.brief, 0)
    mean, lower, upper = ahead(known, buckets, 50)
    unit = float(known.model.exact[0, state.UNIT])
    residuals, weights = list(s.past[::-1]), [0.0, 0.0, 0.0, 1.0]
    variances = []
    for h in range(50):
        residuals.append(sum(phi * each for phi, each in zip(s.phi, residuals[:-5:-1], strict=True)))
        variances.append(sum(each * each for each in weights[3:]) + (h + 1) / (7.0 * PER_DAY) ** 2)
        weights.append(sum(phi * each for phi, each in zip(s.phi, weights[:-5:-1], strict=True)))
    lags, quick = predict.shares(s, predict.predict(s, buckets, 0.0).floor)
    expected = lags * np.array(residuals[4:]) + (1.0 - lags) * quick * (s.quick - s.level)
    assert mean / unit - s.level == pytest.approx(expected, rel=1e-6, abs=1e-9)
    for side, bound in ((spread.up, upper - mean), (spread.down, mean - lower)):
        scales = bound / unit / np.sqrt(side * np.array(variances))
        assert scales == pytest.approx(np.full(50, scales[0]), rel=1e-6)  # the same share beyond however far ahead
        assert 1.5 < scales[0] < 4.0


@pytest.mark.parametrize("kind", ["gaussian", "autoregressive", "daily", "counts"])
def test_nineteen_in_twenty_of_what_comes_are_within_the_bounds(kind: str) -> None:
    # Measured: gaussian .93, autoregressive .94, daily .93, counts .94.
    days, series, future = 14, 40, PER_DAY
    chance, buckets = np.random.default_rng(11), 15 * PER_DAY
    table = {
        "gaussian": lambda: 100.0 + 5.0 * chance.normal(size=(buckets, series)),
        "autoregressive": lambda: autoregressive(chance, buckets, series),
        "daily": lambda: by_day(buckets)[:, None] + chance.normal(size=(buckets, series)),
        "counts": lambda: chance.poisson(30.0, (buckets, series)).astype(np.float64),
    }[kind]()
    counts = kind == "counts"
    known = learnt(table[: days * PER_DAY], counts=counts)
    within = []
    for i in range(series):
        mean, lower, upper = ahead(known, days * PER_DAY, future, i, counts=counts)
        assert (lower <= mean).all()
        assert (mean <= upper).all()
        came = table[days * PER_DAY :, i]
        within.append(np.mean((lower <= came) & (came <= upper)))
    assert 0.90 < np.mean(within) < 0.985


def test_no_count_is_expected_below_zero() -> None:
    sparse = np.random.default_rng(2).poisson(0.4, (1000, 1)).astype(np.float64)
    falling = np.maximum(0.0, np.round(60.0 - np.arange(1000.0) / 15.0))[:, None]
    for table in (sparse, falling):
        parts = ahead(learnt(table, counts=True, dense=True), 1000, 500, counts=True)
        assert min(part.min() for part in parts) >= 0.0
    _, lower, _ = ahead(learnt(sparse), 1000, 5)
    assert lower.max() < 0.0  # what is no count may be


@pytest.mark.parametrize("kind", ["gaussian", "season", "noisy noons", "walk", "heavy"])
def test_the_next_bucket_is_expected_as_it_will_be_judged(kind: str) -> None:
    buckets = 1500
    table = every(kind, buckets=buckets)
    known = learnt(table)
    mean, lower, upper = ahead(known, buckets, 1)
    # Surprise speaks loudest and everything is told, however little it is off.
    everything = watch(span=SPAN, least=1e-9, sensitivity=1e9, learning=False)
    found, _ = observed(known, everything, mean[None, :] + 1e4 * (upper - lower), buckets)
    assert found.typical.tolist() == pytest.approx(mean.tolist(), rel=1e-9)
    assert [found.lower[0], found.upper[0]] == pytest.approx([lower[0], upper[0]], abs=1e-3 * (upper - lower)[0])


@pytest.mark.parametrize("gap", [1, 3, 4, 5, 6, 40])
def test_after_buckets_without_a_value_too(gap: int) -> None:
    table = autoregressive(np.random.default_rng(5), 3000, 1)
    table[-1] = 6.0
    whole, _, _ = ahead(learnt(table), 3000, 100)
    later, _, _ = ahead(learnt(table), 3000 + gap, 20)
    if gap <= 4:  # what the last residuals say is carried on until it is stale
        assert later == pytest.approx(whole[gap : gap + 20], rel=1e-9)
        return
    assert np.ptp(later) < 1e-6 + 0.2 * np.ptp(whole)
    found, _ = observed(learnt(table), watch(span=SPAN, least=1e-9, sensitivity=1e9), later[:1, None] + 1e6, 3000 + gap)
    assert found.typical.tolist() == pytest.approx(later[:1].tolist(), rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_bounds_are_around_the_mean_and_finite_whatever_the_data(kind: str) -> None:
    known = learnt(every(kind, buckets=900))
    mean, lower, upper = ahead(known, 900, 4000)
    assert np.isfinite(mean).all()
    assert (lower <= mean).all()
    assert (mean <= upper).all()


@pytest.mark.parametrize("kind", ["gaussian", "season", "walk"])
def test_the_farther_ahead_the_less_is_sure(kind: str) -> None:
    _, lower, upper = ahead(learnt(every(kind, buckets=2000)), 2000, 3 * PER_DAY)
    width = upper - lower
    same_time = width.reshape(3, PER_DAY)
    assert (np.diff(same_time, axis=0) > 0.0).all()


@fixed
@given(st.sampled_from(("gaussian", "season", "walk", "counts")), starts, st.integers(1, 60))
def test_a_part_of_a_forecast_is_the_forecast_of_the_part(kind: str, first: int, buckets: int) -> None:
    table = stream(kind, 300, np.random.default_rng(4))[:, None]
    known = learnt(table, first)
    more = ahead(known, first + 300, 60)
    assert same(tuple(part[:buckets] for part in more), ahead(known, first + 300, buckets))


@fixed
@given(st.sampled_from(KINDS), st.integers(0, 50))
def test_looking_ahead_teaches_nothing(kind: str, gap: int) -> None:
    known = learnt(stream(kind, 200, np.random.default_rng(4))[:, None])
    before = known.copy()
    ahead(known, 200 + gap, 50)
    assert same(known.arrays, before.arrays)


@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_the_unit_does_not_matter(factor: float) -> None:
    table = every("season", buckets=1000)
    plain, other = (ahead(learnt(table * each), 1000, PER_DAY) for each in (1.0, 2.0 ** round(np.log2(factor))))
    for one, two in zip(plain, other, strict=True):
        assert two / 2.0 ** round(np.log2(factor)) == pytest.approx(one, rel=1e-9)
