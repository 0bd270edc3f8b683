import numpy as np
import pytest

from tailmass.analysis.model import FEWEST_RESULTS, FeatureModel
from tailmass.columns import Floats, Ints
from tailmass.kernels.observe import Entries, Unusual, Watch
from tests.analysis.rows import equal

WATCH = Watch(span=600, side=0, dense=False, counts=False, least=0.5, sensitivity=1.0, learning=True)


def learnt(model: FeatureModel, table: Floats, first: int = 0, known: int | None = None) -> tuple[Unusual, Ints]:
    """The rows of a table (bucket, series) through a model."""
    return model.learn(entries(table, first), table.shape[1] if known is None else known)


def entries(table: Floats, first: int = 0) -> Entries:
    buckets, series = table.shape
    return Entries(
        offsets=np.arange(buckets + 1) * series,
        series=np.tile(np.arange(series), buckets),
        values=table.ravel(),
        rows=np.empty(0),
        local=np.zeros(buckets, np.int64),
        first=first,
    )


def noise(buckets: int, series: int, seed: int = 3) -> Floats:
    return np.random.default_rng(seed).normal(size=(buckets, series))


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
    kept = model.state("m", 2)
    assert {len(array) for array in kept.values()} == {2}
    assert all(array.any() for name, array in kept.items() if name != "m.counts")


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
    assert not model.state("m", 4)["m.exact"][3].any()


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
    [(1, (96, 84, 24, 48)), (600, (96, 84, 24, 48)), (3600, (24, 84, 24, 48)), (604_800, (1, 1, 1, 2))],
)
def test_a_season_has_no_more_slots_than_buckets(span: int, slots: tuple[int, ...]) -> None:
    state = FeatureModel(WATCH._replace(span=span)).state("m", 1)
    assert tuple(state[f"m.{name}"].shape[1] for name in ("day", "week", "noise", "envelope")) == slots


def test_only_counts_take_the_room_that_counts_need() -> None:
    model, counts = FeatureModel(WATCH), FeatureModel(WATCH._replace(counts=True))
    for each in (model, counts):
        learnt(each, noise(1, 64))
    assert counts.size_bytes - model.size_bytes == 64 * 4 * 8


def test_the_size_grows_with_the_series() -> None:
    model = FeatureModel(WATCH)
    learnt(model, noise(1, 64))
    small = model.size_bytes
    learnt(model, noise(1, 65), 1)
    assert model.size_bytes == 2 * small
