import numpy as np
import pytest

from tailmass.analysis.shape import Shapes
from tailmass.columns import Floats
from tailmass.kernels.observe import Entries
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
    table = waves(800, 64)  # as many series as there is room for: what was kept must be a copy
    shapes.learn(entries(table[:500]), 64)
    kept = shapes.state("s", 64)
    one = shapes.learn(entries(table[500:], 500), 64)
    again.restore("s", kept)
    assert again.learn(entries(table[500:], 500), 64).tobytes() == one.tobytes()
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
    table = waves(400, 3)
    table[390:] = 0.0
    gone = entries(table[:390])
    gone = gone._replace(offsets=np.append(gone.offsets, np.full(10, 3 * 390)), local=np.zeros(400, np.int64))
    one, other = absent.learn(gone, 3), told.learn(entries(table), 3)
    assert len(one) == 3 * 400
    assert one.tobytes() == other.tobytes()
    assert one[-3:].min() > 0.0


def test_nothing_to_learn_from_is_nothing_told() -> None:
    assert len(Shapes(dense=False).learn(entries(np.empty((0, 0))), 0)) == 0


def test_too_few_places_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 8 windows, not 7"):
        Shapes(dense=False, places=7)


def test_the_size_is_so_much_a_series() -> None:
    shapes = Shapes(dense=False)
    shapes.learn(entries(waves(1, 64)), 64)
    assert shapes.size_bytes == 64 * 21_920
    shapes.learn(entries(waves(1, 65), 1), 65)
    assert shapes.size_bytes == 128 * 21_920
