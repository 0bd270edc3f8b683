import numpy as np
import pytest

from tailmass.analysis.model import FEWEST_RESULTS, FeatureModel
from tailmass.columns import Floats, Ints
from tailmass.kernels.observe import Unusual, Watch
from tests.analysis.rows import equal

WATCH = Watch(span=600, side=0, dense=False, counts=False, reach=2.5, learning=True)


def learnt(model: FeatureModel, table: Floats, first: int = 0, known: int | None = None) -> tuple[Unusual, Ints]:
    """The rows of a table (bucket, series) through a model."""
    return model.learn(*entries(table), first, table.shape[1] if known is None else known)


def entries(table: Floats) -> tuple[Ints, Ints, Floats]:
    buckets, series = table.shape
    return np.arange(buckets + 1) * series, np.tile(np.arange(series), buckets), table.ravel()


def noise(buckets: int, series: int, seed: int = 3) -> Floats:
    return np.random.default_rng(seed).normal(size=(buckets, series))


def test_a_spike_is_found_with_its_place_actual_and_typical() -> None:
    table = noise(200, 3)
    table[150, 1] = 30.0
    found, updates = learnt(FeatureModel(WATCH), table)
    worst = int(found.probability.argmin())
    assert (found.bucket[worst], found.series[worst], found.actual[worst]) == (150, 1, 30.0)
    assert abs(found.typical[worst]) < 2.0
    assert updates.tolist() == [3] * 200


def test_nothing_to_learn_from_is_nothing_found() -> None:
    found, updates = learnt(FeatureModel(WATCH), np.empty((0, 0)))
    assert [len(part) for part in found] == [0] * 5
    assert len(updates) == 0


def test_more_findings_than_there_is_room_for_come_all_the_same() -> None:
    model = FeatureModel(WATCH._replace(reach=0.0))
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


@pytest.mark.parametrize("dense", [False, True])
def test_a_restored_model_goes_on_to_the_last_bit(dense: bool) -> None:
    model, again = FeatureModel(WATCH._replace(dense=dense)), FeatureModel(WATCH._replace(dense=dense))
    table = noise(300, 64)  # as many series as there is room for: what was kept must be a copy
    learnt(model, table[:210])
    kept = model.state("m", 64)
    one, _ = learnt(model, table[210:], 210)
    again.restore("m", kept)
    other, _ = learnt(again, table[210:], 210)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))
    assert equal(model.state("m", 64), again.state("m", 64))


def test_a_look_at_open_buckets_teaches_nothing() -> None:
    model = FeatureModel(WATCH)
    learnt(model, noise(200, 3))
    before = model.state("m", 3)
    assert model.probability(*entries(np.array([[0.0, 50.0, 0.0]])), 200, 3).series.tolist() == [1]
    assert equal(before, model.state("m", 3))


@pytest.mark.parametrize(("side", "found"), [(0, [50.0]), (1, [50.0]), (-1, [])])
def test_where_absence_is_zero_an_open_bucket_can_only_be_too_high(side: int, found: list[float]) -> None:
    model = FeatureModel(WATCH._replace(dense=True, side=side))
    learnt(model, 10.0 + noise(200, 3))
    assert model.probability(*entries(np.array([[10.0, 50.0, 1.0]])), 200, 3).actual.tolist() == found


def test_where_absence_is_nothing_an_open_bucket_can_be_too_low() -> None:
    model = FeatureModel(WATCH)
    learnt(model, 10.0 + noise(200, 3))
    assert model.probability(*entries(np.array([[10.0, 50.0, 1.0]])), 200, 3).series.tolist() == [1, 2]


@pytest.mark.parametrize(("span", "slots"), [(1, (96, 168)), (600, (96, 168)), (3600, (24, 168)), (604_800, (1, 1))])
def test_a_season_has_no_more_slots_than_buckets(span: int, slots: tuple[int, int]) -> None:
    state = FeatureModel(WATCH._replace(span=span)).state("m", 1)
    assert (len(state["m.day"]), len(state["m.week"])) == slots


def test_the_size_grows_with_the_series() -> None:
    model = FeatureModel(WATCH)
    learnt(model, noise(1, 64))
    small = model.size_bytes
    learnt(model, noise(1, 65), 1)
    assert model.size_bytes == 2 * small
