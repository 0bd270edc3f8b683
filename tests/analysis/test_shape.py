import numpy as np
import pytest

from tailmass.analysis.shape import Shapes
from tailmass.columns import Floats
from tailmass.kernels.observe import SIGNS, Entries, Unusual
from tailmass.results.evidence import SOURCES
from tests.analysis.rows import equal


def entries(table: Floats, first: int = 0) -> Entries:
    """Every series of a table (bucket, series) in every bucket."""
    buckets, series = table.shape
    return Entries(
        offsets=np.arange(buckets + 1) * series,
        series=np.tile(np.arange(series), buckets),
        values=table.ravel(),
        rows=np.empty(0),
        local=np.zeros(buckets, np.int64),
        first=first,
    )


def waves(buckets: int, series: int) -> Floats:
    time = np.arange(buckets)[:, None] / (20.0 + np.arange(series))
    return np.sin(2.0 * np.pi * time) + 0.1 * np.random.default_rng(1).normal(size=(buckets, series))


@pytest.mark.parametrize("dense", [False, True])
def test_a_restored_memory_goes_on_to_the_last_bit(dense: bool) -> None:
    shapes, again = Shapes(dense=dense), Shapes(dense=dense)
    table = waves(2600, 64)  # as many series as there is room for: what was kept must be a copy
    table[2500:2540, ::2] *= -1.0
    shapes.learn(entries(table[:2300]), 64)
    kept = shapes.state("s", 64)
    one = shapes.learn(entries(table[2300:], 2300), 64)
    again.restore("s", kept)
    assert again.learn(entries(table[2300:], 2300), 64).tobytes() == one.tobytes()
    assert equal(shapes.state("s", 64), again.state("s", 64))
    assert one.max() > 0.0


def test_series_that_come_later_find_what_they_would_have_found() -> None:
    early, late, table = Shapes(dense=False), Shapes(dense=False), waves(400, 100)
    early.learn(entries(table[:50, :2]), 100)
    late.learn(entries(table[:50, :2]), 2)
    one, other = (shapes.learn(entries(table[50:], 50), 100) for shapes in (early, late))
    assert one.tobytes() == other.tobytes()
    assert equal(early.state("s", 100), late.state("s", 100))


def test_where_absence_is_zero_it_is_as_good_as_a_zero() -> None:
    absent, told = Shapes(dense=True), Shapes(dense=True)
    table = waves(2600, 3)
    table[2540:] = 0.0
    gone = entries(table[:2540])
    gone = gone._replace(offsets=np.append(gone.offsets, np.full(60, 3 * 2540)), local=np.zeros(2600, np.int64))
    one, other = absent.learn(gone, 3), told.learn(entries(table), 3)
    assert len(one) == 3 * 2600
    assert one.tobytes() == other.tobytes()
    assert one[-3 * 60 :].max() > 0.0


def test_nothing_to_learn_from_is_nothing_told() -> None:
    assert len(Shapes(dense=False).learn(entries(np.empty((0, 0))), 0)) == 0


def test_too_few_places_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 8 windows, not 7"):
        Shapes(dense=False, places=7)


def test_the_size_is_so_much_a_series() -> None:
    assert Shapes(dense=False).series_bytes == 22_056


def found(bucket: int, evidence: float) -> Unusual:
    """One value of series 0, all of whose evidence is its surprise."""
    one, place = np.array([evidence]), np.array([bucket])
    signs = np.zeros((1, SIGNS))
    signs[0, 0] = evidence
    return Unusual(place, place * 0, one, one, one, one, one, signs, place * 0, place * 0)


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize(("evidence", "shape", "told"), [(0.0, 3.0, 3.0), (2.0, 3.0, 1.0), (4.0, 3.0, 0.0)])
def test_a_shape_adds_what_the_value_lacks(dense: bool, evidence: float, shape: float, told: float) -> None:
    shapes, table = Shapes(dense=dense), waves(2, 3)
    shapes.learn(entries(table), 3)
    heights = np.zeros(6)
    heights[3] = shape
    fused = shapes.fused(heights, found(1, evidence), entries(table), 3, 1.5)
    assert fused.evidence.tolist() == [max(evidence, shape)]
    assert fused.signs[0, SOURCES.index("shape")] == told
    assert fused.signs.sum() == fused.evidence[0]


def test_what_has_too_little_evidence_of_either_kind_is_left_out() -> None:
    shapes, table = Shapes(dense=False), waves(2, 3)
    shapes.learn(entries(table), 3)
    assert [len(part) for part in shapes.fused(np.full(6, 1.4), found(1, 1.0), entries(table), 3, 1.5)] == [0] * 10
