"""Streams of values for the kernels, and a call of `observe` on a plain table."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tailmass.columns import Flags, Floats, Ints
from tailmass.kernels import cycle, peaks, pool, state
from tailmass.kernels.cycle import Cycles
from tailmass.kernels.discrete import Pool
from tailmass.kernels.observe import COUNTS as SHAPE
from tailmass.kernels.observe import SIGNS, Entries, Unusual, Watch, observe
from tailmass.kernels.pool import Peers
from tailmass.kernels.season import DAY, WEEK
from tailmass.kernels.state import Model

fixed = settings(
    max_examples=30,
    deadline=None,  # kernels compile at first
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

POOL = Pool(size=2.0, occupied=0.99, gap=3.0)
LEAST = 0.5
"""Evidence: about one value in three, where only the surprise speaks."""


class Known(NamedTuple):
    """All that is known of the series of a feature."""

    model: Model
    counts: Floats
    cycles: Cycles
    peers: Peers

    @property
    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        return (*self.model, self.counts, *self.cycles, *self.peers)

    def copy(self) -> "Known":
        model, counts, cycles, peers = self
        return Known(
            Model._make(part.copy() for part in model),
            counts.copy(),
            Cycles._make(part.copy() for part in cycles),
            Peers._make(part.copy() for part in peers),
        )


def watch(**given: Any) -> Watch:
    """Buckets of ten minutes, of which both sides are watched, unless told otherwise."""
    plain = {"span": 600, "side": 0, "dense": False, "counts": False, "least": LEAST, "sensitivity": 1.0}
    return Watch(**plain | {"learning": True} | given)


def nothing(series: int, span: int = 600) -> Known:
    """What is known of so many series, none of which has been seen."""
    day, week, noise, hours = (max(1, min(m, p // span)) for m, p in ((96, DAY), (56, WEEK), (24, DAY), (24, DAY)))
    model = Model(
        exact=np.zeros((series, state.EXACT)),
        brief=np.zeros((series, state.BRIEF), np.float32),
        day=np.zeros((series, day), np.int16),
        week=np.zeros((series, week), np.int16),
        noise=np.zeros((series, noise), np.int16),
        envelope=np.zeros((series, 2 * hours), np.float32),
        peaks=np.zeros((series, 2 * state.CHANNELS * peaks.FIELDS), np.float32),
        sums=np.zeros((series, peaks.K), np.float32),
    )
    cycles = Cycles(np.full(series, -1, np.int32), np.zeros((0, cycle.EXACT)), np.zeros((0, cycle.BRIEF), np.float32))
    kinds = pool.CLUSTERS + 1
    peers = Peers(
        numbers=np.zeros(pool.NUMBERS),
        kinds=np.zeros((kinds, pool.KIND)),
        days=np.zeros((kinds, day)),
        weeks=np.zeros((kinds, week)),
        noises=np.zeros((kinds, noise)),
        onsets=np.zeros(peaks.K),
    )
    return Known(model, np.zeros((series, SHAPE)), cycles, peers)


def with_cycle(known: Known, period: float, origin: float) -> Known:
    """The same, every series with a season of so many buckets."""
    series = len(known.counts)
    exact, brief = np.tile([period, origin], (series, 1)), np.zeros((series, cycle.BRIEF), np.float32)
    return known._replace(cycles=Cycles(np.arange(series, dtype=np.int32), exact, brief))


def room(findings: int) -> Unusual:
    """Room for so many findings."""
    whole, real = np.int64, np.float64
    kinds = (whole, whole, real, real, real, real, real, real, whole, whole)
    shapes = {"signs": (findings, SIGNS)}
    return Unusual._make(
        np.empty(shapes.get(name, findings), kind) for name, kind in zip(Unusual._fields, kinds, strict=True)
    )


def observed(
    known: Known, what: Watch, table: Floats, first: int = 0, *,
    rows: Floats | None = None, local: Ints | None = None, asked: Flags | None = None, most: int | None = None,
) -> tuple[Unusual, Ints]:  # fmt: skip
    """The table (bucket, series), NaN where a series has no rows, through the models.

    `rows` and `asked` have the shape of the table, `local` is by bucket, `most` is how many findings a call may bring
    back.
    """
    buckets, series = table.shape
    present = ~np.isnan(table)
    entries = Entries(
        offsets=np.append(0, np.cumsum(present.sum(axis=1))),
        series=np.nonzero(present)[1],
        values=table[present],
        rows=np.empty(0) if rows is None else rows[present],
        local=np.zeros(buckets, np.int64) if local is None else local,
        first=first,
    )
    if asked is not None:
        entries = entries._replace(asked=asked.ravel() if what.dense else asked[present])
    updates, found = np.zeros(buckets, np.int64), room(most or max(1, table.size))
    parts, start = [], 0
    while start < buckets:
        start, filled = observe(
            known.model, known.cycles, known.counts, what, POOL, known.peers, entries, start, series, found, updates
        )
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
    "shift",
    "noisy noons",
    "counts",
    "ties",
    "constant",
    "alternating",
    "huge",
    "tiny",
    "arbitrary",
)
COUNTS = ("counts", "sparse counts", "bursts")


def stream(kind: str, buckets: int, chance: np.random.Generator, span: int = 600) -> Floats:
    """Values of one series."""
    noise = chance.normal(size=buckets)
    time = np.arange(buckets)
    by_day = np.sin(2.0 * np.pi * time * span / DAY)
    made: dict[str, Floats] = {
        "gaussian": 100.0 + 5.0 * noise,
        "walk": np.cumsum(noise) - 20.0,
        "season": 10.0 * by_day + noise,
        "heavy": noise * np.exp(3.0 * chance.normal(size=buckets)),
        "shift": noise + 8.0 * (time > 0.6 * buckets),
        "noisy noons": noise * np.exp(1.5 * by_day),
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


def every(*kinds: str, buckets: int = 300, span: int = 600) -> Floats:
    """A table with a series of each kind."""
    return np.column_stack([stream(kind, buckets, np.random.default_rng(3), span) for kind in kinds])


@st.composite
def tables(draw: st.DrawFn, kinds: tuple[str, ...] = KINDS, most: int = 260) -> Floats:
    """(bucket, series) values with gaps; a series may appear late."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    buckets = draw(st.sampled_from([1, 25, 60, most]))
    columns = []
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3)):
        values = stream(kind, buckets, chance, draw(st.sampled_from([600, 3600])))
        values[chance.random(buckets) < draw(st.sampled_from([0.0, 0.05, 0.8]))] = np.nan
        values[: draw(st.sampled_from([0, 0, 7]))] = np.nan
        hole = int(chance.integers(0, buckets))
        values[hole : hole + draw(st.sampled_from([0, 3, 12]))] = np.nan
        columns.append(values)
    return np.column_stack(columns)


starts = st.integers(-(10**6), 10**7)
"""Numbers of the first bucket."""
