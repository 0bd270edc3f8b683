from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tailmass.analysis.model import FEWEST_RESULTS, FeatureModel
from tailmass.analysis.newcomers import KEPT, Newcomers
from tailmass.analysis.period import Periods
from tailmass.analysis.shape import Shapes
from tailmass.columns import Floats, Ints
from tailmass.kernels.forecast import forecast
from tailmass.kernels.observe import SIGNS, Entries, Unusual, Watch
from tailmass.results.evidence import SOURCES
from tests.analysis.rows import equal
from tests.kernels import streams

WATCH = Watch(span=600, side=0, dense=False, counts=False, least=0.5, sensitivity=1.0, learning=True)


def learnt(model: FeatureModel, table: Floats, first: int = 0, known: int | None = None) -> tuple[Unusual, Ints]:
    """The rows of a table (bucket, series) through a model."""
    return model.learn(entries(table, first), table.shape[1] if known is None else known)


def entries(table: Floats, first: int = 0) -> Entries:
    buckets, present = len(table), ~np.isnan(table)
    return Entries(
        offsets=np.append(0, np.cumsum(present.sum(axis=1))),
        series=np.nonzero(present)[1],
        values=table[present],
        rows=np.empty(0),
        local=np.zeros(buckets, np.int64),
        first=first,
    )


def noise(buckets: int, series: int, seed: int = 3) -> Floats:
    return np.random.default_rng(seed).normal(size=(buckets, series))


def newcomers(series: int, *, dense: bool) -> Floats:
    """Loads by the hour for three weeks, of which the last ten series begin in the third one."""
    chance, hour = np.random.default_rng(5), np.arange(500)[:, None] % 24
    level = 10.0 ** chance.uniform(0.5, 2.0, series)
    table = np.asarray(level * (1.0 + 0.5 * np.sin(hour / 24.0 * 2.0 * np.pi + np.arange(series) % 3)))
    table *= 1.0 + 0.1 * chance.normal(size=table.shape)
    table[:, series - 10 :][np.arange(500)[:, None] < chance.integers(370, 470, 10)] = np.nan
    return np.floor(table) if dense else table


def shared(model: FeatureModel) -> int:
    """Bytes that are there once, whatever the number of series."""
    return sum(array.nbytes for name, array in model.state("m", 0).items() if ".peers." in name)


def test_a_spike_is_found_with_its_place_actual_and_typical() -> None:
    table = noise(200, 3)
    table[150, 1] = 30.0
    found, updates = learnt(FeatureModel(WATCH), table)
    [spike] = np.flatnonzero((found.bucket == 150) & (found.series == 1))
    assert found.evidence[spike] > 4.0
    assert found.actual[spike] == 30.0
    assert abs(found.typical[spike]) < 2.0
    assert found.lower[spike] < found.typical[spike] < found.upper[spike] < 30.0
    assert updates.tolist() == [3] * 200


def test_nothing_to_learn_from_is_nothing_found() -> None:
    found, updates = learnt(FeatureModel(WATCH), np.empty((0, 0)))
    assert [len(part) for part in found] == [0] * len(Unusual._fields)
    assert len(updates) == 0


def test_more_findings_than_there_is_room_for_come_all_the_same() -> None:
    model = FeatureModel(WATCH._replace(least=0.0))
    table = noise(30, 1000)
    found, _ = learnt(model, table)
    assert len(found.series) == 10 * 1000 > 2 * FEWEST_RESULTS
    order = np.lexsort((found.series, found.bucket))
    assert (order == np.arange(len(order))).all()


def test_series_that_come_later_find_the_same_model_as_if_they_had_been_expected() -> None:
    early, late, table = FeatureModel(WATCH), FeatureModel(WATCH), noise(120, 300)
    learnt(early, table[:60, :2], known=300)
    learnt(late, table[:60, :2])
    assert equal(early.state("m", 2), late.state("m", 2))
    one, _ = learnt(early, table[60:], 60)
    other, _ = learnt(late, table[60:], 60)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))
    assert equal(early.state("m", 300), late.state("m", 300))


@pytest.mark.parametrize("counts", [False, True])
@pytest.mark.parametrize("dense", [False, True])
def test_a_restored_model_goes_on_to_the_last_bit(dense: bool, counts: bool) -> None:
    watch = WATCH._replace(dense=dense, counts=counts)
    model, again = FeatureModel(watch), FeatureModel(watch)
    table = np.floor(np.exp(noise(300, 64))).astype(
        np.float64
    )  # as many series as there is room for: what was kept must be a copy
    learnt(model, table[:210])
    kept = model.state("m", 64)
    one, _ = learnt(model, table[210:], 210)
    again.restore("m", kept)
    other, _ = learnt(again, table[210:], 210)
    assert len(one.series) > 0
    assert all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))
    assert equal(model.state("m", 64), again.state("m", 64))


def test_what_is_kept_of_a_model_has_a_row_for_every_series() -> None:
    model = FeatureModel(WATCH._replace(counts=True))
    learnt(model, 100.0 + noise(30, 3))
    kept = model.state("m", 3)
    rows = {name: array for name, array in kept.items() if name.count(".") == 1}
    assert {len(array) for array in rows.values()} == {len(kept["m.new.owner"])} == {3}
    assert all(array.any() for name, array in rows.items() if name != "m.counts")


def test_a_restored_model_has_room_for_more_series() -> None:
    model, again = FeatureModel(WATCH), FeatureModel(WATCH)
    learnt(model, noise(30, 3))
    again.restore("m", model.state("m", 3))
    wide = noise(30, 70)
    one, _ = learnt(model, wide, 30)
    other, _ = learnt(again, wide, 30)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))
    assert equal(model.state("m", 70), again.state("m", 70))


def test_a_look_at_open_buckets_teaches_nothing() -> None:
    model = FeatureModel(WATCH)
    learnt(model, noise(200, 3))
    before = model.state("m", 3)
    assert model.probe(entries(np.array([[0.0, 50.0, 0.0]]), 200), 3).series.tolist() == [1]
    assert equal(before, model.state("m", 3))


def test_a_series_that_is_new_in_an_open_bucket_has_nothing_to_be_told_of() -> None:
    model = FeatureModel(WATCH)
    learnt(model, noise(200, 3))
    assert 3 not in model.probe(entries(np.array([[0.0, 0.0, 0.0, 1e9]]), 200), 4).series
    state = model.state("m", 4)
    assert len(state["m.exact"]) == 3
    assert not state["m.new.met"].any()


@pytest.mark.parametrize(("side", "found"), [(0, [50.0]), (1, [50.0]), (-1, [])])
def test_where_absence_is_zero_an_open_bucket_can_only_be_too_high(side: int, found: list[float]) -> None:
    model = FeatureModel(WATCH._replace(dense=True, side=side))
    learnt(model, 10.0 + noise(200, 3))
    assert model.probe(entries(np.array([[10.0, 50.0, 1.0]]), 200), 3).actual.tolist() == found


def test_where_absence_is_nothing_an_open_bucket_can_be_too_low() -> None:
    model = FeatureModel(WATCH)
    learnt(model, 10.0 + noise(200, 3))
    assert model.probe(entries(np.array([[10.0, 50.0, 1.0]]), 200), 3).series.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("span", "slots"),
    [(1, (96, 56, 24, 48)), (600, (96, 56, 24, 48)), (3600, (24, 56, 24, 48)), (604_800, (1, 1, 1, 2))],
)
def test_a_season_has_no_more_slots_than_buckets(span: int, slots: tuple[int, ...]) -> None:
    state = FeatureModel(WATCH._replace(span=span)).state("m", 1)
    assert tuple(state[f"m.{name}"].shape[1] for name in ("day", "week", "noise", "envelope")) == slots


def test_only_counts_take_the_room_that_counts_need() -> None:
    model, counts = FeatureModel(WATCH), FeatureModel(WATCH._replace(counts=True))
    for each in (model, counts):
        learnt(each, noise(4, 64))
    assert counts.size_bytes(64) - model.size_bytes(64) == 64 * 4 * 8


def test_the_size_grows_with_the_series() -> None:
    model = FeatureModel(WATCH)
    learnt(model, noise(4, 64))
    small = model.size_bytes(64)
    learnt(model, noise(4, 128), 4)
    assert model.size_bytes(128) - small == small - shared(model)


def forms(buckets: int, odd: int | None = None, series: int = 2) -> Floats:
    """Two humps every fifty buckets and some noise; from bucket `odd` on, those of the first series run backwards."""
    time = 2.0 * np.pi * np.arange(buckets) / 50.0
    table = np.tile((np.sin(time) + 0.6 * np.sin(2.0 * time + 1.0))[:, None], series) + 0.3 * noise(buckets, series)
    if odd is not None:
        table[odd : odd + 50, 0] = table[odd : odd + 50, 0][::-1]
    return table


def shapes_of(found: Unusual) -> Floats:
    told: Floats = found.signs[:, SOURCES.index("shape")]
    return told


def test_an_odd_form_is_found_with_typical_and_bounds_though_its_values_are_as_expected() -> None:
    watch = WATCH._replace(least=4.5)
    plain, _ = learnt(FeatureModel(watch), forms(3000, odd=2500))
    found, _ = learnt(FeatureModel(watch, shapes=True), forms(3000, odd=2500))
    odd = shapes_of(found) > 0.0
    assert odd.any()
    assert set(found.series[odd].tolist()) == {0}
    assert ((found.bucket[odd] >= 2500) & (found.bucket[odd] < 2550 + 128)).all()
    assert not ((plain.series == 0) & (plain.bucket >= 2500) & (plain.bucket < 2550 + 128)).any()
    assert ((found.lower < found.typical) & (found.typical < found.upper))[odd].all()
    assert found.signs.sum(axis=1) == pytest.approx(found.evidence, rel=1e-9)


def test_what_speaks_for_itself_is_found_as_without_shapes() -> None:
    table = noise(600, 3)  # too few for a form to be told
    table[500, 1] = 30.0
    plain, updates = learnt(FeatureModel(WATCH), table)
    found, again = learnt(FeatureModel(WATCH, shapes=True), table)
    assert updates.tolist() == again.tolist()
    assert (found.signs[:, SIGNS:] == 0.0).all()
    found = found._replace(signs=found.signs[:, :SIGNS])
    assert [part.tolist() for part in found] == [part.tolist() for part in plain]


@pytest.mark.parametrize("cut", [1, 850, 2503, 2519])
def test_a_restored_model_of_shapes_goes_on_to_the_last_bit(cut: int) -> None:
    table = forms(2700, odd=2500, series=64)
    model, again = FeatureModel(WATCH, shapes=True), FeatureModel(WATCH, shapes=True)
    learnt(model, table[:cut])
    again.restore("m", model.state("m", 64))
    one, other = (learnt(each, table[cut:], first=cut)[0] for each in (model, again))
    assert [part.tolist() for part in one] == [part.tolist() for part in other]
    assert equal(model.state("m", 64), again.state("m", 64))
    assert shapes_of(one).max() > 0.0


def test_a_look_neither_learns_nor_tells_shapes() -> None:
    model, table = FeatureModel(WATCH, shapes=True), forms(2600, odd=2500)
    learnt(model, table[:2520])
    before = model.state("m", 2)
    assert model.probe(entries(table[2520:], 2520), 2).signs.shape[1] == SIGNS
    assert equal(model.state("m", 2), before)


def test_shapes_are_part_of_the_size() -> None:
    plain, model = FeatureModel(WATCH), FeatureModel(WATCH, shapes=True)
    learnt(plain, noise(4, 64))
    learnt(model, noise(4, 64))
    assert model.size_bytes(64) == plain.size_bytes(64) + 64 * 22_056


HOURLY = WATCH._replace(span=3600)


@pytest.mark.parametrize("dense", [False, True])
@settings(max_examples=15, deadline=None, derandomize=True)
@given(cuts=st.lists(st.integers(1, 499), max_size=12, unique=True).map(sorted))
@example(cuts=[96, 192, 288, 384, 480])
@example(cuts=[95, 97, 383, 385])
def test_where_calls_end_and_models_are_restored_is_all_the_same_to_what_they_have_in_common(
    dense: bool, cuts: list[int]
) -> None:
    watch, table = HOURLY._replace(dense=dense, counts=dense), newcomers(44, dense=dense)
    whole, parts = FeatureModel(watch), FeatureModel(watch)
    found, updates = learnt(whole, table)
    pieces, met = [], []
    for begin, end in pairwise([0, *cuts, 500]):
        again = FeatureModel(watch)
        again.restore("m", parts.state("m", 44))
        parts = again
        piece, some = learnt(parts, table[begin:end], begin)
        pieces.append(piece._replace(bucket=piece.bucket + begin))
        met.append(some)
    assert equal(whole.state("m", 44), parts.state("m", 44))
    assert whole.state("m", 44)["m.peers.numbers"][0] >= 30
    for part, others in zip(found, zip(*pieces, strict=True), strict=True):
        assert part.tobytes() == np.concatenate(others).tobytes()
    assert updates.tolist() == np.concatenate(met).tolist()


def test_a_young_series_among_many_is_not_what_it_is_alone() -> None:
    table = newcomers(44, dense=False)
    among, alone = FeatureModel(HOURLY), FeatureModel(HOURLY)
    learnt(among, table)
    learnt(alone, table[:, 34:])
    one, other = among.state("m", 44)["m.day"][34:], alone.state("m", 10)["m.day"]
    assert (one != other).any(axis=1).all()


def test_buckets_that_nobody_tells_of_do_not_keep_series_from_being_looked_at() -> None:
    table = newcomers(44, dense=False)
    whole, parts = FeatureModel(HOURLY), FeatureModel(HOURLY)
    table[376:390] = np.nan
    learnt(whole, table)
    learnt(parts, table[:376])
    learnt(parts, table[390:], 390)
    assert equal(whole.state("m", 44), parts.state("m", 44))


# Series of few values


sparse = st.integers(0, 2**32 - 1).map(lambda seed: sparse_table(np.random.default_rng(seed)))


def sparse_table(chance: np.random.Generator, buckets: int = 160, series: int = 14) -> Floats:
    """Series that are there now and then, the first ones always and the last ones hardly ever."""
    table = 10.0 + chance.normal(size=(buckets, series)) * np.exp(2.0 * chance.normal(size=(buckets, series)))
    table[chance.random(table.shape) > np.geomspace(1.0, 0.005, series)] = np.nan
    return np.asarray(table)


def with_rows(table: Floats, first: int = 0, *, means: bool = True) -> Entries:
    """The entries of a table, each a mean of so many rows; the clocks change once."""
    plain = entries(table, first)
    buckets = first + np.arange(len(table))
    rows = (1 + plain.series * 3 % 7 + np.repeat(buckets, np.diff(plain.offsets)) % 5).astype(np.float64)
    return plain._replace(rows=rows if means else np.empty(0), local=np.where(buckets < 40, 3600, 7200))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(table=sparse, means=st.booleans(), counts=st.booleans())
def test_models_that_get_their_first_values_late_are_to_the_last_bit_what_they_were_at_once(
    table: Floats, means: bool, counts: bool
) -> None:
    table = np.floor(np.abs(table)) if counts else table
    watch, series = WATCH._replace(counts=counts, least=0.0), table.shape[1]
    model, plain = FeatureModel(watch), streams.nothing(series)
    given_entries = with_rows(table, means=means)
    found, updates = model.learn(given_entries, series)
    rows = np.full(table.shape, np.nan)
    rows[~np.isnan(table)] = with_rows(table).rows
    expected, met = streams.observed(plain, watch, table, rows=rows if means else None, local=given_entries.local)
    assert streams.same(found, expected)
    assert updates.tolist() == met.tolist() == (~np.isnan(table)).sum(axis=1).tolist()
    state = model.state("m", series)
    owner = state["m.new.owner"]
    assert sorted(owner) == np.flatnonzero((~np.isnan(table)).sum(axis=0) > KEPT).tolist()
    for name, part in plain.model._asdict().items():
        assert state[f"m.{name}"].tobytes() == part[owner].tobytes()


@settings(max_examples=15, deadline=None, derandomize=True)
@given(table=sparse)
def test_forms_and_periods_that_get_their_first_values_late_are_what_they_were_at_once(table: Floats) -> None:
    model, shapes, periods = FeatureModel(WATCH, shapes=True), Shapes(dense=False), Periods(dense=False)
    model.learn(entries(table), 14)
    shapes.learn(entries(table), 14)
    periods.learn(entries(table), 14)
    state = model.state("m", 14)
    known = shapes.state("m.shapes", 14) | periods.state("m.cycle.period", 14)
    del known["m.shapes.tails.told"]  # which is what was found
    for name, part in known.items():
        assert state[name].tobytes() == part[state["m.new.owner"]].tobytes()


@settings(max_examples=25, deadline=None, derandomize=True)
@given(table=sparse, cuts=st.lists(st.integers(1, 159), max_size=40, unique=True).map(sorted), restored=st.booleans())
@example(table=sparse_table(np.random.default_rng(1)), cuts=list(range(1, 160)), restored=False)
def test_where_calls_end_and_models_are_restored_is_all_the_same_to_series_of_few_values(
    table: Floats, cuts: list[int], restored: bool
) -> None:
    whole, parts = FeatureModel(WATCH, shapes=True), FeatureModel(WATCH, shapes=True)
    found, updates = whole.learn(with_rows(table), 14)
    pieces, met = [], []
    for begin, end in pairwise([0, *cuts, 160]):
        if restored:
            again = FeatureModel(WATCH, shapes=True)
            again.restore("m", parts.state("m", 14))
            parts = again
        piece, some = parts.learn(with_rows(table[begin:end], begin), 14)
        pieces.append(piece._replace(bucket=piece.bucket + begin))
        met.append(some)
    assert equal(whole.state("m", 14), parts.state("m", 14))
    for part, others in zip(found, zip(*pieces, strict=True), strict=True):
        assert part.tobytes() == np.concatenate(others).tobytes()
    assert updates.tolist() == np.concatenate(met).tolist()


def test_a_million_series_of_three_values_take_less_than_a_hundred_megabytes() -> None:
    model, series = FeatureModel(WATCH), 1_000_000
    for bucket in range(KEPT):
        model.learn(entries(np.ones((1, series)), bucket), series)
    assert model.size_bytes(series) < 100e6
    assert len(model.state("m", series)["m.new.owner"]) == 0


def test_a_series_with_a_model_takes_sixteen_bytes_among_newcomers() -> None:
    newcomers = Newcomers()
    newcomers.admit(entries(noise(KEPT + 1, 1000)), 1000)
    assert newcomers.size_bytes(1000) == 16 * 1000


def test_what_a_series_leaves_when_it_gets_a_model_the_next_one_takes() -> None:
    newcomers, table = Newcomers(), np.full((2 * KEPT + 1, 200), np.nan)
    table[: KEPT + 1, :100] = 1.0
    table[KEPT + 1 :, 100:] = 1.0
    sizes = []
    for bucket, values in enumerate(table):
        newcomers.admit(entries(values[None], bucket), 200)
        sizes.append(newcomers.size_bytes(200))
    assert sizes[-1] - sizes[0] == 100 * 12
    assert newcomers.state("n")["n.series"].tolist() == list(range(100, 200))


def test_series_are_told_by_their_ids_in_order_of_them_whatever_the_order_of_their_models() -> None:
    model, table = FeatureModel(WATCH._replace(least=0.0)), noise(60, 40)
    table[:2, ::3] = np.nan
    table[:1, ::5] = np.nan
    found, _ = learnt(model, table)
    assert np.diff(model.state("m", 40)["m.new.owner"]).min() < 0
    order = np.lexsort((found.series, found.bucket))
    assert (order == np.arange(len(order))).all()
    assert found.actual.tolist() == table[found.bucket, found.series].tolist()
    assert model.probe(entries(table[:1], 60), 40).series.tolist() == np.flatnonzero(~np.isnan(table[0])).tolist()


@pytest.mark.parametrize("values", [0, 1, KEPT, KEPT + 1])
@pytest.mark.parametrize("dense", [False, True])
def test_a_forecast_is_the_same_before_a_series_has_a_model(values: int, dense: bool) -> None:
    watch, table = WATCH._replace(dense=dense), noise(values, 1)
    model, plain = FeatureModel(watch), streams.nothing(1)
    learnt(model, table, known=1)
    if values:
        streams.observed(plain, watch, table)
    local = np.zeros(5, np.int64)
    expected = forecast(plain.model, plain.cycles, 0, watch.span, values, local, False)
    for told, part in zip(model.forecast(0, values, local), expected, strict=True):
        assert told.tobytes() == part.tobytes()


def test_where_absence_is_zero_a_series_has_a_model_at_once() -> None:
    model = FeatureModel(WATCH._replace(dense=True))
    learnt(model, noise(1, 2))
    assert model.state("m", 2)["m.brief"][:, 0].tolist() == [1.0, 1.0]
