import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tailmass.columns import Floats, Ints
from tailmass.kernels import oddness, peaks
from tailmass.kernels.oddness import AGES, TOLD, Tails, news, weigh
from tests.kernels import naive_oddness
from tests.kernels.streams import fixed, same, starts

LEAST = 1.456


def nothing(series: int) -> Tails:
    """The tails of so many series, none of which has been seen."""
    return Tails(np.zeros((series, AGES)), np.zeros((series, peaks.FIELDS), np.float32), np.zeros((series, TOLD)))


def weighed(tails: Tails, table: Floats, *, dense: bool = False) -> Floats:
    """Evidence of a table (bucket, series) of oddness; if not dense, zeros are no entries."""
    if dense:
        none = np.zeros(0, np.int64)
        offsets = np.zeros(len(table) + 1, np.int64)
        return weigh(tails, offsets, none, table.ravel(), table.shape[1], True).reshape(table.shape)
    present = table > 0.0
    offsets = np.append(0, np.cumsum(present.sum(axis=1)))
    found = np.zeros(table.shape)
    found[present] = weigh(tails, offsets, np.nonzero(present)[1], table[present], table.shape[1], False)
    return found


def usual(values: int, seed: int = 3) -> Floats:
    """Oddness as it mostly is, a new one every four buckets."""
    made: Floats = np.repeat(0.2 * np.random.default_rng(seed).lognormal(0.0, 0.3, values // 4 + 1), 4)[:values]
    return made


@st.composite
def tables(draw: st.DrawFn) -> Floats:
    """(bucket, series) oddness that lasts beyond the second generation, with ties, gaps and stretches that are odd."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    columns = []
    for _ in range(draw(st.integers(1, 3))):
        values = usual(2300, int(chance.integers(0, 1000)))
        begin = int(chance.integers(0, 2300))
        values[begin : begin + 100] *= draw(st.sampled_from([1.0, 3.0, 1e4]))
        if draw(st.booleans()):
            values = np.round(values, 1)
        values[chance.random(2300) < draw(st.sampled_from([0.0, 0.0, 0.02]))] = 0.0
        columns.append(values)
    return np.column_stack(columns)


@fixed
@example(usual(21_000)[:, None] * (1.0 + np.arange(21_000.0)[:, None] % 997), False)
@given(tables(), st.booleans())
def test_oddness_is_as_new_as_to_its_twin(table: Floats, dense: bool) -> None:
    tails = nothing(table.shape[1])
    told = weighed(tails, table, dense=dense)
    for i in range(table.shape[1]):
        twin = naive_oddness.Series()
        expected = [twin.weigh(float(x)) for x in table[:, i]]
        np.testing.assert_allclose(told[:, i], expected, rtol=1e-5, atol=1e-9)  # peaks of 32 bits
        if twin.met:
            assert tails.ages[i].tolist() == pytest.approx(
                [twin.met, twin.ages.now, twin.ages.before, twin.ages.expected, twin.length], rel=1e-12
            )
            np.testing.assert_allclose(tails.peaks[i], np.array(twin.peaks.packed, np.float32), rtol=1e-6)


@fixed
@given(tables(), st.booleans(), st.integers(0, 2300))
def test_one_call_or_several_make_no_difference_to_a_bit(table: Floats, dense: bool, cut: int) -> None:
    whole, parts = nothing(table.shape[1]), nothing(table.shape[1])
    at_once = weighed(whole, table, dense=dense)
    told = [weighed(parts, table[:cut], dense=dense), weighed(parts, table[cut:], dense=dense)]
    assert at_once.tobytes() == np.concatenate(told).tobytes()
    assert same(whole, parts)


def test_the_unusual_is_evidence_and_the_usual_is_none() -> None:
    values = usual(4000)
    values[3500:3600] = 3.0
    told = weighed(nothing(1), values[:, None])[:, 0]
    assert told[3500] > 5.0
    assert np.median(told) == 0.0


def test_what_keeps_coming_is_new_no_more() -> None:
    values = usual(12_000)
    for begin in range(3000, 12_000, 500):
        values[begin : begin + 60] = 1.5
    told = weighed(nothing(1), values[:, None])[:, 0]
    assert told[3000] > 5.0
    assert told[11_500:11_560].max() < 3.0


def test_the_youth_of_a_series_is_forgotten() -> None:
    values = usual(9000)
    values[520:1000:160] = 2.0
    values[8000:8010] = 1.5
    assert weighed(nothing(1), values[:, None])[8000, 0] > 4.0


def test_oddness_is_as_new_as_it_says() -> None:
    # One of 128 buckets a stretch: what counts is the beginning of each.
    table = np.column_stack([usual(9000, seed) for seed in range(60)])
    told = weighed(nothing(60), table)[1500:].reshape(-1, 4, 60)[:, 0]  # each oddness once, of four values
    for level in (2.0, 3.0):
        share = (told >= level).mean() / 4.0
        assert 0.1 < share * 10.0**level < 2.0


def told_of(table: Floats, evidence: Floats, shapes: Floats, *, first: int = 0, dense: bool = False) -> Floats:
    """Fused evidence of every value of a table (bucket, series), NaN where there is none."""
    present = ~np.isnan(table)
    bucket, whose = np.nonzero(present)
    offsets: Ints = np.append(0, np.cumsum(present.sum(axis=1)))
    series = table.shape[1]
    return news(
        np.zeros((series, TOLD)), offsets, whose, shapes.ravel() if dense else shapes[present], first, series, dense,
        LEAST, bucket, whose, evidence[present],
    )  # fmt: skip


@fixed
@given(st.integers(0, 2**32 - 1), starts, st.booleans())
def test_news_are_what_they_are_to_their_twin(seed: int, first: int, dense: bool) -> None:
    chance = np.random.default_rng(seed)
    table = np.where(chance.random((900, 3)) < 0.7, 1.0, np.nan)
    evidence = np.where(chance.random((900, 3)) < 0.02, chance.uniform(0.0, 6.0, (900, 3)), 0.0)
    shapes = np.where(chance.random((900, 3)) < 0.02, chance.uniform(0.0, 6.0, (900, 3)), 0.0)
    twins = [naive_oddness.Series() for _ in range(3)]
    expected = [
        twin.news(first + b, float(evidence[b, i]), float(shapes[b, i]), LEAST)
        for b in range(900)
        for i, twin in enumerate(twins)
        if not np.isnan(table[b, i])
    ]
    assert told_of(table, evidence, shapes, first=first, dense=dense).tolist() == expected


def fused(evidence: dict[int, float], shapes: dict[int, float]) -> Floats:
    """Fused evidence of a thousand buckets of one series, with evidence of the two kinds in some of them."""
    table = np.ones((1000, 1))
    made = []
    for given_ in (evidence, shapes):
        values = np.zeros((1000, 1))
        for bucket, height in given_.items():
            values[bucket] = height
        made.append(values)
    return told_of(table, *made)


def test_the_echo_of_a_spike_is_no_news() -> None:
    told = fused({100: 6.0}, {110: 5.0, 150: 5.9, 356: 5.0, 357: 4.0})
    assert np.flatnonzero(told).tolist() == [100, 357]


def test_a_shape_is_told_again_only_if_it_gets_odder() -> None:
    told = fused({}, {100: 3.0, 101: 3.0001, 104: 3.0, 108: 4.0, 112: 3.5})
    assert np.flatnonzero(told).tolist() == [100, 108]


def test_a_shape_takes_nothing_from_the_evidence_of_a_value() -> None:
    assert fused({100: 4.0, 101: 2.0}, {100: 3.0, 101: 3.9}).tolist() == fused({100: 4.0, 101: 2.0}, {}).tolist()


def test_what_is_too_little_to_be_told_hides_nothing() -> None:
    assert fused({100: 1.0}, {101: 1.45, 102: 1.46})[101:103].tolist() == [1.45, 1.46]


@pytest.mark.parametrize("value", [1e-300, 1e300])
def test_whatever_the_oddness_all_that_is_kept_is_finite(value: float) -> None:
    values = usual(1500)
    values[1200:] = min(value, 3e38)
    tails = nothing(1)
    assert np.isfinite(weighed(tails, values[:, None])).all()
    assert all(np.isfinite(part).all() for part in tails)
    assert tails.ages[0, oddness.MET] == 1500
