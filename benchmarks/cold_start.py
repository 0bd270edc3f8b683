"""How well anomalies are found in series that are half a day old, beside the same anomalies when they are weeks old.

Every series is made, or read, for weeks, and anomalies are planted into its last day. Once it is shown to a detector
from its first value on, once from half a day before those anomalies on, so that both times the very same values are
judged. The young ones are shown twice, among a hundred series that have been there for weeks, and alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.kit import Kit
from tailmass.analysis.model import FeatureModel
from tailmass.columns import Floats, Ints
from tailmass.kernels.observe import Entries, Watch

STEP = 300
PER_DAY = 86_400 // STEP
YOUNG = PER_DAY // 2  # buckets before the judged day
JUDGED = PER_DAY
WEEK = 604_800
SPREAD = 2 * PER_DAY  # within which the judged days end, so that they begin at any time of a day
PEERS, NEWCOMERS = 100, 100
WEEKS = 4
SEEDS = (1973, 1974, 1975)
REAL = ("asd", "smd")
KINDS = ("spike", "dip", "shift")
SIZES = (6.0, 9.0, 14.0, 20.0)  # scales
LENGTHS = {"spike": 2, "dip": 2, "shift": 36}  # buckets
FIRST_BUCKET = 1_704_067_200 // STEP
LEAST_DIFFERENT = 50  # values of a real series that are worth asking for


@dataclass(frozen=True, slots=True)
class Village:
    """Series that have been there for long, and others into which anomalies are planted.

    peers : (buckets, peers)
    values : (buckets, newcomers)
    labels : (buckets, newcomers) 1 where an anomaly is
    born : (newcomers,) bucket of the first value of a young series
    """

    name: str
    peers: Floats
    values: Floats
    labels: Ints
    born: Ints


def generated(seed: int, peers: int = PEERS, newcomers: int = NEWCOMERS) -> Village:
    """Loads with a day and a week: four kinds of day, levels from 10 to 100,000, noise of 1 to 8 % of the level."""
    chance = np.random.default_rng(seed)
    table, scales = _loads(chance, WEEKS * 7 * PER_DAY, peers + newcomers)
    return planted("generated", table[:, :peers], table[:, peers:], scales[peers:], chance)


def real(tools: Kit, kind: str, seed: int) -> Village:
    """The metrics of the machines of a set, in buckets of five minutes; every fourth is a newcomer."""
    tables = []
    for path in tools.corpora.files(kind, tools.data):
        machine = tools.corpora.read(kind, path)
        per_bucket = max(1, round(STEP / float(np.median(np.diff(machine.times)))))
        rows = len(machine.values) // per_bucket * per_bucket
        tables.append(machine.values[:rows].reshape(-1, per_bucket, machine.values.shape[1]).mean(axis=1))
    rows = min(len(table) for table in tables)
    table = np.column_stack([each[:rows] for each in tables])
    late = table[-SPREAD - JUDGED - YOUNG :]
    table = table[:, [len(np.unique(column)) >= LEAST_DIFFERENT for column in late.T]]
    new = np.arange(table.shape[1]) % 4 == 1
    steps = np.diff(table[:, new], axis=0)
    scales = 1.4826 * np.median(np.abs(steps), axis=0) / np.sqrt(2.0)
    scales = np.maximum(scales, 0.1 * np.std(steps, axis=0))
    return planted(kind, table[:, ~new], table[:, new], scales, np.random.default_rng(seed))


def planted(name: str, peers: Floats, values: Floats, scales: Floats, chance: np.random.Generator) -> Village:
    """Three anomalies into one of the last days of each series, of which each is at least six hours after another."""
    values, labels = values.copy(), np.zeros(values.shape, np.int64)
    ends: Ints = np.asarray(len(values) - chance.integers(0, SPREAD, values.shape[1]), np.int64)
    born: Ints = ends - JUDGED - YOUNG
    for series in range(values.shape[1]):
        for turn, kind in enumerate(chance.permutation(KINDS).tolist()):
            at = int(born[series] + YOUNG + turn * (JUDGED // 3) + chance.integers(0, JUDGED // 12))
            until = at + LENGTHS[kind]
            sign = -1.0 if kind == "dip" or (kind == "shift" and chance.random() < 0.5) else 1.0
            values[at:until, series] += sign * chance.choice(SIZES) * scales[series]
            labels[at:until, series] = 1
    return Village(name, peers, values, labels, born)


def _loads(chance: np.random.Generator, rows: int, series: int) -> tuple[Floats, Floats]:
    time = np.arange(rows)[:, None] * STEP % 86_400 / 3600.0
    weekend = (np.arange(rows)[:, None] * STEP // 86_400 + FIRST_BUCKET * STEP // 86_400 + 3) % 7 >= 5

    def hill(hour: float, width: float) -> Floats:
        off = np.minimum(np.abs(time - hour), 24.0 - np.abs(time - hour))
        return np.asarray(np.exp(-0.5 * (off / width) ** 2))

    days = (hill(13.0, 3.0), hill(20.5, 2.5), hill(9.0, 1.5) + 0.8 * hill(17.0, 1.5), hill(2.5, 1.0))
    table, scales = np.empty((rows, series)), np.empty(series)
    for i in range(series):
        day = days[i % len(days)]
        level, height = 10.0 ** chance.uniform(1.0, 5.0), chance.uniform(0.3, 1.2)
        noise, lag = 10.0 ** chance.uniform(-2.0, -1.1), chance.uniform(0.0, 0.6)
        load = 1.0 + height * day * np.where(weekend, chance.uniform(0.4, 1.0), 1.0)
        shock = chance.standard_t(6, rows) / np.sqrt(1.5)
        for row in range(1, rows):
            shock[row] = lag * shock[row - 1] + np.sqrt(1.0 - lag * lag) * shock[row]
        table[:, i] = level * (load[:, 0] + noise * shock * np.sqrt(load[:, 0]))
        scales[i] = level * noise
    return table, scales


def evidence(table: Floats, judged: int) -> Floats:
    """(buckets, judged) evidence of the first `judged` series of a table; NaN is no value."""
    buckets, series = table.shape
    known = ~np.isnan(table)
    entries = Entries(
        offsets=np.concatenate([[0], np.cumsum(known.sum(axis=1))]),
        series=np.nonzero(known)[1],
        values=table[known],
        rows=np.empty(0),
        local=np.zeros(buckets, np.int64),
        first=FIRST_BUCKET,
    )
    model = FeatureModel(Watch(STEP, 0, False, False, least=1e-6, sensitivity=1.0, learning=True))
    found, _ = model.learn(entries, series)
    scores = np.zeros((buckets, series))
    scores[found.bucket, found.series] = found.evidence
    return scores[:, :judged]


def judge(tools: Kit, villages: Sequence[Village]) -> dict[str, Any]:
    """Young series among peers, alone, and the same series when they are old.

    The F1 of each is at its own best threshold. What is found, and false alarms in a series-week, are counted at that
    of the mature ones: in the judged day and, of the young ones, in the half-day before it.
    """
    ways: dict[str, list[Any]] = {"mature": [], "pooled": [], "alone": []}
    early: dict[str, list[Floats]] = {way: [] for way in ways}
    for village in villages:
        values, born = village.values, village.born
        young = np.where(np.arange(len(values))[:, None] < born, np.nan, values)
        tables = (np.hstack([values, village.peers]), np.hstack([young, village.peers]), young)
        for way, table in zip(ways, tables, strict=True):
            scores = evidence(table, len(born))
            for i, begin in enumerate(born.tolist()):
                rows = slice(begin, begin + YOUNG + JUDGED)
                onsets = tools.events.onsets(scores[rows, i])
                ways[way].append(tools.events.tally(onsets, village.labels[rows, i], YOUNG, JUDGED * STEP / WEEK))
                early[way].append(onsets[:YOUNG])
    threshold = tools.events.best_f1(ways["mature"])[3]
    found: dict[str, Any] = {
        "name": villages[0].name,
        "peers": villages[0].peers.shape[1],
        "series": len(ways["mature"]),
        "events": sum(len(each.events) for each in ways["mature"]),
    }
    for way, tallies in ways.items():
        f1, precision, recall, _ = tools.events.best_f1(tallies)
        weeks = sum(each.weeks for each in tallies)
        alarms = sum(int((each.alarms >= threshold).sum()) for each in tallies)
        before = sum(int((each >= threshold).sum()) for each in early[way])
        found[way] = {
            "f1": f1,
            "precision": precision,
            "recall": recall,
            "found": sum(int((each.events >= threshold).sum()) for each in tallies) / found["events"],
            "alarms": alarms / weeks,
            "alarms_early": before / (weeks * YOUNG / JUDGED),
        }
    return found


def judged(tools: Kit) -> Iterator[dict[str, Any]]:
    """All that is measured, one kind of series after the other."""
    yield judge(tools, [generated(seed) for seed in SEEDS])
    for kind in REAL:
        yield judge(tools, [real(tools, kind, seed) for seed in SEEDS])
