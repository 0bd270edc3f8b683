"""Streams of values for the kernels, and a call of `observe` on a plain table."""

from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tailmass.columns import Floats, Ints
from tailmass.kernels.observe import Model, Unusual, Watch, observe

fixed = settings(
    max_examples=30,
    deadline=None,  # kernels compile at first
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

REACH = 2.5
"""Scales, about a probability of 0.05 on both sides."""


def watch(**given: Any) -> Watch:
    """Buckets of ten minutes, of which both sides are watched, unless told otherwise."""
    plain = {"span": 600, "side": 0, "dense": False, "counts": False, "reach": REACH, "learning": True}
    return Watch(**plain | given)


def model(series: int, span: int = 600) -> Model:
    """The model of so many series, none of which has been seen."""
    day, week = max(1, min(96, 86_400 // span)), max(1, min(168, 604_800 // span))
    return Model(
        maps=np.zeros((5, series)),
        trial=np.zeros((9, series)),
        level=np.zeros((16, series)),
        spread=np.zeros((4, series)),
        gates=np.zeros((4, series)),
        day=np.zeros((day, series), np.float32),
        day_visits=np.zeros((day, series), np.uint16),
        week=np.zeros((week, series), np.float32),
        week_visits=np.zeros((week, series), np.uint16),
    )


def observed(
    known: Model, what: Watch, table: Floats, first: int = 0, *, room: int | None = None
) -> tuple[Unusual, Ints]:
    """The table (bucket, series), NaN where a series has no rows, through the models.

    `room` is how many findings a call may bring back.
    """
    buckets, series = table.shape
    present = ~np.isnan(table)
    offsets = np.append(0, np.cumsum(present.sum(axis=1)))
    ids, values = np.nonzero(present)[1], table[present]
    updates = np.zeros(buckets, np.int64)
    room = room or max(1, table.size)
    found = Unusual(np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room), np.empty(room), np.empty(room))
    parts, start = [], 0
    while start < buckets:
        start, filled = observe(known, what, offsets, ids, values, first, start, series, found, updates)
        parts.append(Unusual._make(part[:filled].copy() for part in found))
    return Unusual._make(np.concatenate([part[k] for part in parts]) for k in range(len(found))), updates


def same(one: tuple[npt.NDArray[Any], ...], other: tuple[npt.NDArray[Any], ...]) -> bool:
    """Whether all arrays are equal to the last bit."""
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


KINDS = (
    "gaussian",
    "walk",
    "season",
    "heavy",
    "counts",
    "ties",
    "constant",
    "alternating",
    "huge",
    "tiny",
    "arbitrary",
)
COUNTS = ("counts", "sparse counts", "bursts")


def stream(kind: str, buckets: int, chance: np.random.Generator) -> Floats:
    """Values of one series."""
    noise = chance.normal(size=buckets)
    time = np.arange(buckets)
    made: dict[str, Floats] = {
        "gaussian": 100.0 + 5.0 * noise,
        "walk": np.cumsum(noise) - 20.0,
        "season": 10.0 * np.sin(2.0 * np.pi * time / 144.0) + noise,
        "heavy": noise * np.exp(3.0 * chance.normal(size=buckets)),
        "counts": chance.poisson(30.0, buckets).astype(np.float64),
        "sparse counts": chance.poisson(0.7, buckets).astype(np.float64),
        "bursts": chance.poisson(np.exp(2.0 + 1.5 * noise)).astype(np.float64),
        "ties": chance.integers(-1, 2, buckets).astype(np.float64),
        "constant": np.full(buckets, float(chance.choice([0.0, -3.7, 1e300, 5e-324]))),
        "alternating": np.where(time % 2 == 0, 1.0, -1.0) * (1.0 + (time == buckets - 2)),
        "huge": 1e300 * noise / 8.0,
        "tiny": 5e-324 * np.round(50.0 * noise),
        "arbitrary": chance.choice([0.0, -0.0, 1.0, -1e300, 1e300, 5e-324, 1e-10, -7.25, 1e17], buckets),
    }
    return made[kind]


def every(*kinds: str, buckets: int = 300) -> Floats:
    """A table with a series of each kind, long enough for the choice of a map."""
    return np.column_stack([stream(kind, buckets, np.random.default_rng(3)) for kind in kinds])


@st.composite
def tables(draw: st.DrawFn, kinds: tuple[str, ...] = KINDS, most: int = 260) -> Floats:
    """(bucket, series) values with gaps; a series may appear late."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    buckets = draw(st.sampled_from([1, 25, 60, most]))
    columns = []
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3)):
        values = stream(kind, buckets, chance)
        values[chance.random(buckets) < draw(st.sampled_from([0.0, 0.05, 0.8]))] = np.nan
        values[: draw(st.sampled_from([0, 0, 7]))] = np.nan
        hole = int(chance.integers(0, buckets))
        values[hole : hole + draw(st.sampled_from([0, 3, 12]))] = np.nan
        columns.append(values)
    return np.column_stack(columns)


starts = st.integers(-(10**6), 10**7)
"""Numbers of the first bucket."""
