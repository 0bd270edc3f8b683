"""Rows that stand for several are analysed as those would be."""

import json
from collections import defaultdict
from itertools import product
from typing import Any

import numpy as np
import pytest
from polars.testing import assert_frame_equal

from tailmass.analysis.detector import Findings
from tailmass.engine.pipeline import Pipeline
from tailmass.engine.upload import Intake
from tests.engine.sample import Run, job

BEGIN = 1_700_000_040
MINUTES, HOSTS = 30, 3


def single() -> list[tuple[int, int, float]]:
    """Minute, host and value of single events, values with few digits so that sums are exact."""
    chance = np.random.default_rng(2)
    return [
        (minute, host, float(chance.integers(0, 64)) / 4.0)
        for minute in range(MINUTES)
        for host in range(HOSTS)
        for _ in range(int(chance.poisson(6.0)))
    ]


def measured(
    function: str, lines: list[bytes], *, split: str = "byFieldName", **analysis: Any
) -> dict[tuple[int, str], float]:
    """The function's value by bucket and host."""
    field = {} if function == "count" else {"fieldName": "value"}
    configuration = job({"function": function, split: "host", **field}, **analysis)
    values: dict[tuple[int, str], float] = {}

    def keep(index: int, first: int, found: Findings) -> None:
        assert found.closed is not None
        buckets = np.repeat(first + np.arange(len(found.closed.offsets) - 1), np.diff(found.closed.offsets))
        _, by, over = pipeline.detectors[0].names(found.closed.series)
        hosts = by or over or []
        keys = zip(buckets.tolist(), hosts, strict=True)
        values.update(zip(keys, found.values[0].tolist(), strict=True))

    pipeline = Pipeline(configuration, on_closed=keep)
    intake = Intake(pipeline, configuration.data_description, lambda batch: None)
    intake.feed(b"time,host,value,n\n" + b"".join(lines))
    intake.finish()
    return values


def plain() -> list[bytes]:
    return [f"{BEGIN + 60 * minute},host{host},{value},1\n".encode() for minute, host, value in single()]


def by_value() -> list[bytes]:
    """One row for equal values of a host and minute, with their number."""
    counts: dict[tuple[int, int, float], int] = defaultdict(int)
    for event in single():
        counts[event] += 1
    return [f"{BEGIN + 60 * minute},host{host},{value},{n}\n".encode() for (minute, host, value), n in counts.items()]


@pytest.mark.parametrize("split", ["byFieldName", "overFieldName"])
@pytest.mark.parametrize("function", ["count", "nzc", "mean", "median", "min", "max", "distinct_count"])
def test_equal_values_in_one_row_are_what_they_are_one_by_one(function: str, split: str) -> None:
    if function == "nzc":
        assert job({"function": function}, summaryCountFieldName="n")
        function = "count"
    together = measured(function, by_value(), split=split, summaryCountFieldName="n")
    apart = measured(function, plain(), split=split)
    assert together.keys() == apart.keys()
    assert list(together.values()) == pytest.approx([apart[key] for key in together], rel=1e-12)


def test_sums_are_sums_already() -> None:
    sums: dict[tuple[int, int], list[float]] = defaultdict(list)
    for minute, host, value in single():
        sums[minute, host].append(value)
    lines = [
        f"{BEGIN + 60 * minute},host{host},{sum(values)},{len(values)}\n".encode()
        for (minute, host), values in sums.items()
    ]
    assert measured("sum", lines, summaryCountFieldName="n") == measured("sum", plain())


def test_variances_are_weighed_by_their_counts() -> None:
    lines = [b"1700000040,host0,4.0,3\n", b"1700000041,host0,8.0,1\n", b"1700000100,host0,1.0,1\n"]
    assert list(measured("varp", lines, summaryCountFieldName="n").values()) == [5.0]


def test_the_mean_of_one_row_is_its_value_to_the_last_bit() -> None:
    lines = [b"1700000040,host0,0.1,3\n", b"1700000100,host0,1.0,1\n"]
    assert list(measured("mean", lines, summaryCountFieldName="n").values()) == [0.1]


@pytest.mark.parametrize("function", ["count", "mean", "sum", "median", "varp", "distinct_count", "info_content"])
@pytest.mark.parametrize("count", ["0", "", "many", "-2", "nan"])
def test_a_row_that_stands_for_nothing_contributes_nothing(function: str, count: str) -> None:
    nothing = [line.replace(b",1\n", f",{count}\n".encode()).replace(b"host0", b"host9") for line in plain()]
    both = [each for pair in zip(plain(), nothing, strict=True) for each in pair]
    assert measured(function, both, summaryCountFieldName="n") == measured(function, plain(), summaryCountFieldName="n")


def test_a_count_that_is_no_number_is_a_missing_field_and_a_count_of_0_is_not() -> None:
    run = Run(job({"function": "count"}, summaryCountFieldName="value"))
    counts = run.upload([b"time,value\n60,1\n61,0\n62,\n63,many\n"])
    assert (counts.processed_record_count, counts.missing_field_count) == (4, 2)
    assert counts.processed_field_count == 2


def test_rare_values_are_counted_as_often_as_their_rows_stand_for() -> None:
    chance = np.random.default_rng(3)
    visits: dict[tuple[int, int, str], int] = defaultdict(int)
    for minute, host in product(range(120), range(20)):
        visits[minute, host, "/odd" if (minute, host) == (100, 7) else f"/{chance.integers(3)}"] += 40
    runs = []
    for stands_for in (1, 40):
        rows = [
            f"{BEGIN + 60 * minute},{host},{page},{stands_for}\n" * (n // stands_for)
            for (minute, host, page), n in visits.items()
        ]
        detector = {"function": "freq_rare", "byFieldName": "page", "overFieldName": "host"}
        runs.append(Run(job(detector, summaryCountFieldName="n")))
        runs[-1].upload([b"time,host,page,n\n", "".join(rows).encode()])
    one_by_one, summarised = (run.results.records for run in runs)
    assert json.loads(summarised.sort("probability")["causes"][0])[0]["actual"] == 40.0
    assert_frame_equal(one_by_one, summarised)


def test_rows_that_stand_for_none_are_no_rare_values() -> None:
    rows = [f"{BEGIN + 60 * minute},usual,1\n" for minute in range(120)]
    rows[100] += rows[100].replace("usual,1", "odd,0")
    run = Run(job({"function": "rare", "byFieldName": "page"}, summaryCountFieldName="n"))
    run.upload([b"time,page,n\n", "".join(rows).encode()])
    assert len(run.results.records) == 0
    rows[100] = rows[100].replace("odd,0", "odd,1")
    run = Run(job({"function": "rare", "byFieldName": "page"}, summaryCountFieldName="n"))
    run.upload([b"time,page,n\n", "".join(rows).encode()])
    assert run.results.records["by_field_value"].to_list() == ["odd"]
