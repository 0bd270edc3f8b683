"""How often each function finds what it is there for: rows with one planted anomaly, and a twin of them without it.

A scenario is made for what is measured, so that the functions of one measure and their sides share it. Whoever adds a
function adds a line to `SCENARIOS`: what happens in the cells of series and buckets, made into rows by `of_cells`, or
anything else that gives a `Case`. Whoever adds a way to split adds one to `SPLITS`.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from tailmass.columns import Columns, Floats, Ints
from tailmass.engine.pipeline import Pipeline
from tailmass.errors import EngineError
from tailmass.jobs import FUNCTIONS, Function, Job
from tailmass.results import Batch

SPAN, BUCKETS = 600, 400
START = 1_700_000_400
BEGIN = START // SPAN
EARLIEST, LATEST = 250, 390  # buckets in which something is planted
HOSTS, PEERS, SITES = 4, 12, ("s0", "s1")
"""How many hosts there are where each is compared with its past, and where they are compared with each other."""
SPLITS: dict[str, dict[str, str]] = {
    "alone": {},
    "by": {"byFieldName": "host"},
    "partition": {"partitionFieldName": "host"},
    "by and partition": {"byFieldName": "host", "partitionFieldName": "site"},
    "over": {"overFieldName": "host"},
    "by and over": {"byFieldName": "site", "overFieldName": "host"},
}
FIELDS = {
    "byFieldName": "by_field_value",
    "overFieldName": "over_field_value",
    "partitionFieldName": "partition_field_value",
}
"""Which column of a record names the value of a split."""
WEEK = 604_800
CRITICAL, CRITICAL_WEEKS = 75.0, 72.0  # a score that comes once in so many weeks of a series
ONCE_A_WEEK = 50.0
WORDS = ("www", "mail", "cdn", "api", "static", "img", "login", "shop", "news", "blog", "forum", "search")


@dataclass(frozen=True, slots=True)
class Cell:
    """What one series does in one bucket: the texts and values of its rows."""

    values: Floats
    texts: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """Rows, and where something is planted in them.

    bucket : number of the bucket
    where : columns of the record that has to come of it, with their values
    side : +1 where it is too high, -1 where it is too low, 0 where there is no direction
    """

    rows: Columns
    bucket: int
    where: Mapping[str, str]
    side: int


Making = Callable[[str, int, int], Case]
"""Rows for a split, a seed and a side; with side 0 nothing is planted, which leaves the rows elsewhere as they are."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """How rows are made, and the buckets that they are for."""

    case: Making
    span: int = SPAN
    buckets: int = BUCKETS

    @property
    def begin(self) -> int:
        """Number of the first bucket."""
        return START // self.span

    @property
    def weeks(self) -> float:
        """How long it takes."""
        return self.buckets * self.span / WEEK


# -- scenarios ---------------------------------------------------------------------------------------------------------


def _counted(chance: np.random.Generator, side: int) -> Cell:
    """Some 60 rows; twice as many, or a tenth."""
    rows = max(1, int(chance.poisson(60.0 * {0: 1.0, 1: 2.0, -1: 0.1}[side])))
    return Cell(np.zeros(rows))


def _rows(chance: np.random.Generator) -> int:
    return 6 + int(chance.poisson(8.0))


def _shifted(chance: np.random.Generator, side: int) -> Cell:
    """Values around 50, give or take 5; all of them 15 off."""
    rows = _rows(chance)
    return Cell(chance.normal(50.0 + 15.0 * side, 5.0, rows))


def _extreme(chance: np.random.Generator, side: int) -> Cell:
    """The same; one of them 50 off."""
    cell = _shifted(chance, 0)
    cell.values[0] += 50.0 * side
    return cell


def _summed(chance: np.random.Generator, side: int) -> Cell:
    """Sums of some 40 values; three times as much, or a fifth."""
    rows = 30 + int(chance.poisson(10.0))
    factor = {0: 1.0, 1: 3.0, -1: 0.2}[side]
    return Cell(factor * chance.gamma(4.0, 12.0, rows))


def _restless(chance: np.random.Generator, side: int) -> Cell:
    """Some 30 values around 50, give or take 5; five times as much, or a tenth."""
    rows = 20 + int(chance.poisson(10.0))
    return Cell(chance.normal(50.0, 5.0 * {0: 1.0, 1: 5.0, -1: 0.1}[side], rows))


def _various(chance: np.random.Generator, side: int) -> Cell:
    """Some 30 rows of 30 users; 90 of 500, or 30 of two."""
    rows = (60 if side > 0 else 0) + 20 + int(chance.poisson(10.0))
    users = {0: 30, 1: 500, -1: 2}[side]
    return Cell(np.zeros(rows), [f"user{n}" for n in chance.integers(0, users, rows)])


def _telling(chance: np.random.Generator, side: int) -> Cell:
    """Names of machines made of two words; with ten that are nothing but chance, or the same name all over."""
    rows = 20 + int(chance.poisson(10.0))
    texts = [f"{WORDS[a]}.{WORDS[b]}" for a, b in chance.integers(0, len(WORDS), (rows, 2))]
    if side > 0:
        texts[:10] = [bytes(chance.integers(97, 123, 40, np.uint8)).decode() for _ in range(10)]
    return Cell(np.zeros(rows), ["www.shop"] * rows if side < 0 else texts)


ONLY_SIDES = {"min": -1, "max": +1}
"""Where a function looks both ways, but is there for one."""


def of_cells(cell: Callable[[np.random.Generator, int], Cell]) -> Scenario:
    """Rows by cells: several hosts on one or two sites, or one host that is alone, in every bucket.

    Parameters
    ----------
    cell : the rows of a cell; +1 has something planted that is too high to the measure, -1 too low, and 0 nothing
    """

    def made(split: str, seed: int, side: int) -> Case:
        chance, own = _chances(split, seed)
        fields = SPLITS[split]
        hosts, sites = _sizes(split)
        bucket, host, site = (int(chance.integers(*ends)) for ends in ((EARLIEST, LATEST), (0, hosts), (0, sites)))
        cells = [cell(chance, 0) for _ in range(BUCKETS * sites * hosts)]
        if side:
            cells[(bucket * sites + site) * hosts + host] = cell(own, side)
        named = {"host": f"h{host}", "site": SITES[site]}
        where = {FIELDS[key]: named[field] for key, field in fields.items()}
        return Case(_columns(cells, sites, hosts), BEGIN + bucket, where, side)

    return Scenario(made)


# -- who, when and where; these have no side, so that either one plants something --------------------------------------


class Row(NamedTuple):
    """What one row says: when, and its values for each way to split."""

    second: int
    by: str = ""
    over: str = ""
    partition: str = ""
    text: str = ""


def _rare(split: str, seed: int, side: int) -> Case:
    """Programs, some usual and some less; one is new, or was there once, some two days ago.

    In a population two dozen hosts have them, and one shows three that it has for itself, or that one other host had.
    """
    chance, own = _chances(split, seed)
    peers, sites = "overFieldName" in SPLITS[split], _counts(split)[2]
    persons = 24 if peers else 1
    bucket, person, site = (int(chance.integers(*ends)) for ends in ((EARLIEST, LATEST), (0, persons), (0, sites)))
    earlier, other = int(chance.integers(20, 60)), (person + int(chance.integers(1, 24))) % persons
    odd = [f"odd{n}" for n in range(3 if peers else 1)]
    planted = {(bucket, person, site)} | ({(earlier, other, site)} if side < 0 else set()) if side else set()
    rows = []
    for cell in np.ndindex(BUCKETS, persons, sites):
        programs = [f"p{n}" for n in np.minimum(chance.geometric(0.25, 1 + chance.poisson(4.0)), 12)]
        if cell in planted:
            programs += [*odd, *own.choice(odd, 4)]
        now, who, where = cell
        seconds = (now * SPAN + np.arange(len(programs)) * SPAN // len(programs)).tolist()
        rows += [Row(*each, f"h{who}", f"s{where}") for each in zip(seconds, programs, strict=True)]
    asked = Row(0, odd[0], f"h{person}", f"s{site}")
    where = _where(split, asked) if not peers else {"over_field_value": asked.over}
    return Case(_of_rows(rows, split, SPAN), BEGIN + bucket, where, 0)


HOUR, DAY_HOURS, WEEK_HOURS = 3600, 24, 168


def of_hours(hours: int, *, weekends: bool) -> Scenario:
    """Shifts of eight hours, in most of which there are rows; once there are some in the middle of the time off.

    Each series has a shift of its own, but all of a population have the same.

    Parameters
    ----------
    hours : how many there are
    weekends : whether there are shifts on Saturdays and Sundays, too; otherwise it is there that some rows are planted
    """

    def made(split: str, seed: int, side: int) -> Case:
        chance, own = _chances(split, seed)
        kinds, persons, sites = _counts(split)
        peers = "overFieldName" in SPLITS[split]
        starts = chance.integers(0, DAY_HOURS, (kinds, 1 if peers else persons, sites)) + np.zeros(
            (kinds, persons, sites), np.int64
        )
        series = tuple(int(chance.integers(n)) for n in (kinds, persons, sites))
        begin = START // HOUR
        off = [
            hour
            for hour in range(hours - WEEK_HOURS, hours - 1)
            if 12 <= (begin + hour - starts[series]) % DAY_HOURS < 20
            and (weekends or _free(begin + hour) == (seed % 2 == 0))
        ]
        odd = int(chance.choice(off))
        rows = []
        for hour, *cell in np.ndindex(hours, kinds, persons, sites):
            local = begin + hour
            works = (local - starts[tuple(cell)]) % DAY_HOURS < 8 and (weekends or not _free(local))
            n = chance.integers(0, 4) if works else 0
            if side and hour == odd and tuple(cell) == series:
                n = int(own.integers(1, 4))
            seconds = (own if hour == odd and tuple(cell) == series else chance).integers(0, HOUR, n)
            rows += [Row(hour * HOUR + int(second), *_named(cell)) for second in seconds]
        return Case(_of_rows(rows, split, HOUR), begin + odd, _where(split, Row(0, *_named(series))), 0)

    return Scenario(made, HOUR, hours)


def _free(hour: int) -> bool:
    """Whether an hour from the epoch on, which began on a Thursday, is of a Saturday or Sunday."""
    return hour // DAY_HOURS % 7 in (2, 3)


CITIES = ((51.5, -0.1), (48.9, 2.4), (52.5, 13.4), (41.9, 12.5), (40.4, -3.7), (59.3, 18.1), (37.9, 23.7), (50.1, 14.4))
FAR_CITIES = ((-33.9, 151.2), (-23.5, -46.6), (19.4, -99.1), (35.7, 139.7))
STAY, AWAY = 60, 20  # buckets, of which so many are spent on the way


def _travelling(split: str, seed: int, side: int) -> Case:
    """Now in one city and now in another; once on another continent, or in both cities within a bucket.

    Each series has two cities of its own, but all of a population have the same.
    """
    chance, own = _chances(split, seed)
    kinds, persons, sites = _counts(split)
    peers = "overFieldName" in SPLITS[split]
    cities = chance.permuted(np.tile(np.arange(len(CITIES)), (kinds * persons * sites, 1)), axis=1)
    cities = cities.reshape(kinds, persons, sites, -1)[..., :2]
    if peers:
        cities[:] = cities[:, :1]
    series = tuple(int(chance.integers(n)) for n in (kinds, persons, sites))
    shifts = chance.integers(0, 2 * STAY, (kinds, persons, sites))
    bucket = int(
        chance.choice([b for b in range(EARLIEST, LATEST) if AWAY + 6 <= (b + shifts[series]) % STAY < STAY - 6])
    )
    rows = []
    for now, *cell in np.ndindex(BUCKETS, kinds, persons, sites):
        stay, since = divmod(now + int(shifts[tuple(cell)]), STAY)
        planted = side and now == bucket and tuple(cell) == series
        places = [CITIES[cities[(*cell, stay % 2)]]] * int(chance.integers(0, 3) if since >= AWAY else 0)
        if planted and side > 0:
            places = [FAR_CITIES[own.integers(len(FAR_CITIES))]]
        elif planted:
            places = [CITIES[city] for city in cities[tuple(cell)]]
        for k, (latitude, longitude) in enumerate(places):
            north, east = (own if planted else chance).normal(0.0, 0.05, 2)
            rows.append(Row(now * SPAN + 200 * k, *_named(cell), f"{latitude + north:.4f},{longitude + east:.4f}"))
    return Case(_of_rows(rows, split, SPAN), BEGIN + bucket, _where(split, Row(0, *_named(series))), 0)


SCENARIOS: dict[str, Scenario] = {
    "count": of_cells(_counted),
    "mean": of_cells(_shifted),
    "median": of_cells(_shifted),
    "min": of_cells(_extreme),
    "max": of_cells(_extreme),
    "sum": of_cells(_summed),
    "varp": of_cells(_restless),
    "distinct_count": of_cells(_various),
    "info_content": of_cells(_telling),
    "rare": Scenario(_rare),
    "time_of_day": of_hours(3 * WEEK_HOURS, weekends=True),
    "time_of_week": of_hours(8 * WEEK_HOURS, weekends=False),
    "lat_long": Scenario(_travelling),
}
"""By the first of what a function measures."""


# -- cases -------------------------------------------------------------------------------------------------------------


def groups() -> Iterator[tuple[str, str, list[Function]]]:
    """The functions of each scenario that are analysed with each way to split."""
    for measure in SCENARIOS:
        for split in SPLITS:
            functions = [each for each in FUNCTIONS if each.measures[0] == measure and analysed(each, split)]
            if functions:
                yield measure, split, functions


def analysed(function: Function, split: str) -> bool:
    """Whether this version analyses the function with rows split so."""
    try:
        Pipeline(_job([function], split, SPAN))
    except EngineError:
        return False
    return True


def side_of(function: Function, seed: int) -> int:
    """What to plant for a function: for one that looks both ways, one or the other by the seed."""
    return {"high": 1, "low": -1}.get(function.side or "", ONLY_SIDES.get(function.name, 1 - 2 * (seed % 2)))


def run(functions: Sequence[Function], split: str, rows: Columns) -> list[pl.DataFrame]:
    """The records that each function has of the rows, in one job with a detector for each; detectors do not meet."""
    scenario = SCENARIOS[functions[0].measures[0]]
    pipeline = Pipeline(_job(functions, split, scenario.span))
    batch, _ = pipeline.write(rows, *pipeline.admit(rows))
    end = (scenario.begin + scenario.buckets) * scenario.span
    records = Batch.concat([batch, pipeline.advance(end)]).records
    return [records.filter(detector_index=index) for index in range(len(functions))]


def found(case: Case, records: pl.DataFrame) -> bool:
    """Whether what was planted is the record with the highest score, in its series and bucket and on its side."""
    if not len(records):
        return False
    top = records.sort("normalized_probability", descending=True, maintain_order=True).row(0, named=True)
    worst = json.loads(top["causes"])[0] if top["causes"] else {}
    top["by_field_value"] = worst.get("byFieldValue", top["by_field_value"])
    actual, typical = worst.get("actual", top["actual"]), worst.get("typical", top["typical"])
    side = np.sign(actual - typical) if case.side else 0
    named = all(top[column] == value for column, value in case.where.items())
    return bool(top["timestamp"] == case.bucket * top["bucket_span"] and named and side == case.side)


def budget(measure: str, split: str) -> tuple[float, float]:
    """Records from ONCE_A_WEEK up, and from CRITICAL up, that a twin may have: four times what is promised, and four.

    These are days in which a job still lives on its prior; over all of them, some two of what is promised come. Peers
    are one stream together. There are no four of those that hardly ever come.
    """
    kinds, persons, sites = _counts(split)
    streams = sites if "overFieldName" in SPLITS[split] else kinds * persons * sites
    weeks = 4.0 * streams * SCENARIOS[measure].weeks
    return 4.0 + weeks, weeks / CRITICAL_WEEKS


def alarms(records: pl.DataFrame) -> tuple[int, int]:
    """Records from ONCE_A_WEEK up, and from CRITICAL up."""
    score = records["normalized_probability"].to_numpy()
    return int((score >= ONCE_A_WEEK).sum()), int((score >= CRITICAL).sum())


def judge(measure: str, split: str, functions: Sequence[Function], seed: int) -> list[tuple[bool, int, int]]:
    """For each function, whether it found what was planted, and the alarms of the twin."""
    made = SCENARIOS[measure].case
    quiet = [alarms(each) for each in run(functions, split, made(split, seed, 0).rows)]
    hits: dict[str, bool] = {}
    for side in {side_of(each, seed) for each in functions}:
        case, concerned = made(split, seed, side), [f for f in functions if side_of(f, seed) == side]
        for function, records in zip(concerned, run(concerned, split, case.rows), strict=True):
            hits[function.name] = found(case, records)
    return [(hits[function.name], *each) for function, each in zip(functions, quiet, strict=True)]


def shares(measure: str, split: str, functions: Sequence[Function], seeds: range) -> list[dict[str, Any]]:
    """For each function, of how many seeds the planted was found, and of how many the twin kept within its budget."""
    told = [judge(measure, split, functions, seed) for seed in seeds]
    some, critical = budget(measure, split)
    return [
        {
            "function": function.name,
            "split": split,
            "seeds": len(told),
            "found": float(np.mean([each[k][0] for each in told])),
            "quiet": float(np.mean([each[k][1] <= some and each[k][2] <= critical for each in told])),
            "alarms": float(np.mean([each[k][1] for each in told])),
        }
        for k, function in enumerate(functions)
    ]


def _sizes(split: str) -> tuple[int, int]:
    """How many hosts a site has, and how many sites there are."""
    fields = SPLITS[split]
    hosts = PEERS if "overFieldName" in fields else HOSTS if fields else 1
    return hosts, len(SITES) if "site" in fields.values() else 1


def _counts(split: str) -> tuple[int, int, int]:
    """How many values there are to split by, of the over field, and to part."""
    fields = SPLITS[split]
    kinds = (2 if "overFieldName" in fields else HOSTS) if "byFieldName" in fields else 1
    persons = PEERS if "overFieldName" in fields else 1
    parts = (2 if "byFieldName" in fields else HOSTS) if "partitionFieldName" in fields else 1
    return kinds, persons, parts


def _chances(split: str, seed: int) -> tuple[np.random.Generator, np.random.Generator]:
    """For all rows, and for those that are planted."""
    return np.random.default_rng([2014, list(SPLITS).index(split), seed]), np.random.default_rng([2015, seed])


def _named(series: Sequence[int]) -> tuple[str, str, str]:
    by, over, partition = series
    return f"b{by}", f"h{over}", f"s{partition}"


def _where(split: str, row: Row) -> dict[str, str]:
    """The columns of a record that name the series of a row."""
    return {FIELDS[key]: getattr(row, key.removesuffix("FieldName")) for key in SPLITS[split]}


def _of_rows(rows: Sequence[Row], split: str, span: int) -> Columns:
    """The rows in the order of their times, for buckets of `span` seconds."""
    ordered = sorted(rows, key=lambda row: row.second)
    texts = {
        name: pl.Series([getattr(row, key.removesuffix("FieldName")) for row in ordered])
        for key, name in SPLITS[split].items()
    }
    texts["text"] = pl.Series([row.text for row in ordered])
    times = 1000 * (START // span * span + np.array([row.second for row in ordered], np.int64))
    return Columns(times, np.ones(len(times), np.bool_), texts, {})


def _columns(cells: Sequence[Cell], sites: int, hosts: int) -> Columns:
    """The rows of cells, which come by bucket, site and host, spread over their buckets."""
    sizes = [len(cell.values) for cell in cells]
    bucket, site, host = (
        np.repeat(part.ravel(), sizes) for part in np.indices((len(cells) // sites // hosts, sites, hosts))
    )
    within: Ints = np.concatenate([np.arange(size) * SPAN // size for size in sizes])
    times = ((BEGIN + bucket) * SPAN + within) * 1000
    order = np.argsort(times, kind="stable")
    texts = {"host": pl.Series([f"h{i}" for i in range(hosts)])[host[order]], "site": pl.Series(SITES)[site[order]]}
    if cells[0].texts is not None:
        texts["text"] = pl.Series([text for cell in cells for text in cell.texts or ()], dtype=pl.String)[order]
    values = np.concatenate([cell.values for cell in cells])[order]
    return Columns(times[order], np.ones(len(times), np.bool_), texts, {"value": values})


def _job(functions: Sequence[Function], split: str, span: int) -> Job:
    detectors = [
        {"function": each.name, **SPLITS[split]}
        | ({"fieldName": "text" if each.texts else "value"} if each.field == "required" else {})
        for each in functions
    ]
    return Job.parse({"analysisConfig": {"bucketSpan": span, "detectors": detectors}})
