"""A job that is short of memory: what it gives up, in which order, and that it does not matter how rows were cut."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.engine.memory import MEGABYTE, limit_bytes
from tailmass.engine.pipeline import Pipeline
from tailmass.jobs.limits import DEFAULT_MB
from tests.engine.sample import HEADER, Run, assert_same, cut, job

HOUR = 3600
START = 1_700_000_000 // HOUR * HOUR
COUNT = {"function": "count", "byFieldName": "host"}
MEAN = {"function": "mean", "fieldName": "value", "byFieldName": "host"}
DETECTORS: tuple[dict[str, Any], ...] = (
    {"function": "metric", "fieldName": "value", "byFieldName": "host", "partitionFieldName": "site"},
    COUNT,
    {"function": "varp", "fieldName": "value", "byFieldName": "host"},
    {"function": "sum", "fieldName": "value", "overFieldName": "host", "partitionFieldName": "site"},
    {"function": "rare", "byFieldName": "host", "partitionFieldName": "site"},
    {"function": "freq_rare", "byFieldName": "site", "overFieldName": "host"},
    {"function": "distinct_count", "fieldName": "site", "byFieldName": "host"},
    {"function": "time_of_day", "byFieldName": "host"},
)


def churn(hours: int, *, hosts: int = 20, life: int = 12, steady: int = 3, seed: int = 5) -> list[bytes]:
    """Rows of hosts that stay, and of ever others that live for some hours each."""
    chance = np.random.default_rng(seed)
    lines = []
    for hour in range(hours):
        names = [f"steady{n}" for n in range(steady)] + [f"pod{hour // life}-{n}" for n in range(hosts)]
        for name in names:
            for second in sorted(chance.integers(0, HOUR, 2)):
                row = f"{START + HOUR * hour + second},{name},s{len(name) % 2},{chance.normal(100.0, 5.0):.4f}\n"
                lines.append((second + HOUR * hour, row.encode()))
    return [line for _, line in sorted(lines, key=lambda each: each[0])]


class Limited(Run):
    """A run with a limit in bytes, finer than the megabytes that a job can ask for."""

    def __init__(
        self, limit: int | None, *detectors: dict[str, Any], kept: Any = None, latency: int = 0, **analysis: Any
    ) -> None:
        super().__init__(job(*detectors, span=HOUR, latency=latency, **analysis))
        self.pipeline.memory.limit = limit
        if kept is not None:
            self.pipeline.restore(*kept)


def unlimited(data: bytes, *detectors: dict[str, Any]) -> int:
    run = Limited(None, *detectors)
    run.upload([data])
    return run.pipeline.memory.size_bytes


DATA = HEADER + b"".join(churn(50, hosts=10))
LIMIT = 420_000


WAYS: tuple[dict[str, Any], ...] = (
    {},
    {"latency": 2 * HOUR},
    {"influencers": ["site", "host"]},
    {"overlappingBuckets": True, "usePerPartitionNormalization": True, "multivariateByFields": True},
)


@pytest.fixture(scope="module", params=WAYS, ids=["plain", "late", "blamed", "overlapping"])
def begun(request: pytest.FixtureRequest) -> Callable[..., Limited]:
    if "overlappingBuckets" in request.param:
        return partial(
            Limited, 2 * LIMIT, *(each for each in DETECTORS if "rare" not in each["function"]), **request.param
        )
    return partial(Limited, LIMIT, *DETECTORS, **request.param)


@pytest.fixture(scope="module")
def whole(begun: Callable[..., Limited]) -> Limited:
    run = begun()
    run.upload([DATA])
    assert run.pipeline.memory.failures > 3
    return run


@settings(max_examples=5, deadline=None, derandomize=True)
@given(places=st.lists(st.integers(0, len(DATA)), max_size=8))
def test_however_an_upload_is_cut_memory_runs_out_in_the_same_way(
    begun: Callable[..., Limited], whole: Limited, places: list[int]
) -> None:
    run = begun()
    run.upload(cut(DATA, places))
    assert_same(run.results, whole.results)
    assert run.pipeline.model_size == whole.pipeline.model_size


@settings(max_examples=5, deadline=None, derandomize=True)
@given(stops=st.lists(st.integers(1, 1200), min_size=1, max_size=4, unique=True))
def test_a_restart_anywhere_changes_nothing_of_it(
    begun: Callable[..., Limited], whole: Limited, stops: list[int]
) -> None:
    lines = DATA.splitlines(keepends=True)[1:]
    run, batches = begun(), []
    for begin, end in pairwise([0, *sorted(stops), len(lines)]):
        run.upload([HEADER + b"".join(lines[begin:end])])
        batches += run.batches
        run = begun(kept=run.pipeline.state())
    run.batches = batches
    assert_same(run.results, whole.results)
    assert run.pipeline.model_size == whole.pipeline.model_size


def test_with_enough_memory_it_is_as_if_there_were_no_limit() -> None:
    size = unlimited(DATA, *DETECTORS)
    free, ample, tight = (Limited(limit, *DETECTORS) for limit in (None, 20 * size, size * 100 // 94))
    for run in (free, ample, tight):
        run.upload([DATA])
        assert run.pipeline.memory.status == "OK"
        assert_same(run.results, free.results)


def test_models_of_hosts_that_are_gone_for_a_day_make_room_for_others() -> None:
    data = HEADER + b"".join(churn(200, hosts=5, life=6))
    size = unlimited(data, MEAN)
    run = Limited(size // 2, MEAN)
    run.upload([data])
    memory = run.pipeline.memory
    assert (memory.status, memory.failures) == ("SOFT_LIMIT", 0)
    assert memory.size_bytes <= 0.96 * size // 2


@pytest.mark.parametrize("detector", [MEAN, COUNT])
def test_what_is_still_there_is_told_as_if_nothing_had_been_forgotten(detector: dict[str, Any]) -> None:
    lines = churn(400, hosts=60)
    spike = [f"{START + HOUR * 399 + HOUR - 1},steady1,s0,900\n".encode()] * 200
    data = HEADER + b"".join([*lines, *spike, f"{START + HOUR * 401},steady1,s0,100\n".encode()])
    told = []
    for limit in (None, unlimited(data, detector) // 3):
        run = Limited(limit, detector)
        run.upload([data])
        told.append(run.results.records.filter(by_field_value="steady1").select("timestamp", "actual", "typical"))
    assert run.pipeline.memory.status == "SOFT_LIMIT"
    assert START + HOUR * 399 in told[0]["timestamp"]
    assert told[0].equals(told[1])


def test_where_nothing_is_idle_seasons_get_coarser_and_then_what_is_new_is_refused() -> None:
    hosts = 200
    data = HEADER + b"".join(churn(8, hosts=hosts, life=100))
    config = job(MEAN, span=600)
    size, statuses = 1, []
    for share in (None, 1.1, 1.0, 0.7):
        run = Run(config)
        limit = None if share is None else int(share * size)
        memory = run.pipeline.memory
        memory.limit = limit
        run.upload([data])
        if limit is None:
            size = memory.size_bytes
            continue
        statuses.append(memory.status)
        assert memory.size_bytes <= limit
    assert statuses == ["OK", "SOFT_LIMIT", "HARD_LIMIT"]
    assert run.pipeline.memory.failures > 0


def test_names_that_are_refused_take_no_memory_and_those_that_are_known_go_on() -> None:
    run = Limited(200_000, COUNT)
    early = [f"{START + HOUR * hour},steady,s0,1\n".encode() for hour in range(50)]
    flood = [f"{START + HOUR * (50 + n // 500)},client{n},s0,1\n".encode() for n in range(10_000)]
    late = [f"{START + HOUR * (70 + hour)},{name},s0,1\n".encode() for hour in range(2) for name in ("steady", "new")]
    run.upload([HEADER + b"".join([*early, *flood])])
    full = run.pipeline.model_size
    assert full.memory_status == "HARD_LIMIT"
    assert full.total_by_field_count < 3000
    assert full.bucket_allocation_failures_count >= 10
    run.upload([HEADER + b"".join(late)])
    after = run.pipeline.model_size
    assert (after.total_by_field_count, after.memory_status) == (full.total_by_field_count, "HARD_LIMIT")
    assert run.results.buckets["series_watched"][-1] >= 1


def test_there_is_room_again_once_models_have_become_idle() -> None:
    run = Limited(300_000, COUNT)
    crowd = [f"{START + HOUR * hour},client{n},s0,1\n".encode() for hour in range(5) for n in range(300)]
    run.upload([HEADER + b"".join(crowd)])
    assert run.pipeline.memory.status == "HARD_LIMIT"
    later = [f"{START + HOUR * hour},other{n},s0,1\n".encode() for hour in range(30, 40) for n in range(20)]
    run.upload([HEADER + b"".join(later)])
    assert run.pipeline.memory.status == "SOFT_LIMIT"
    assert "other19" in run.pipeline._dictionaries["host"].names


def test_what_is_usual_of_influencers_is_within_the_limit() -> None:
    lines = [
        f"{START + HOUR * hour + n},h{n % 3},{'eu' if n % 2 else f'user{40 * hour + n}'},1\n".encode()
        for hour in range(150)
        for n in range(40)
    ]
    run = Limited(400_000, MEAN, influencers=["site"])
    run.upload([HEADER + b"".join(lines)])
    size = run.pipeline.model_size
    assert size.memory_status == "HARD_LIMIT"
    assert 380_000 < size.model_bytes < 440_000  # the last thing to come was a table of twice the places
    assert "user38" in run.pipeline._dictionaries["site"].names
    assert "user5998" not in run.pipeline._dictionaries["site"].names


@pytest.mark.parametrize(
    ("asked", "limit"),
    [(None, DEFAULT_MB * MEGABYTE), (0, DEFAULT_MB * MEGABYTE), (-5, None), (7, 7 * MEGABYTE)],
)
def test_a_job_is_limited_as_it_asks_for(asked: int | None, limit: int | None) -> None:
    plain = job()
    if asked is not None:
        plain = type(plain).parse({**plain.document(), "analysisLimits": {"modelMemoryLimit": asked}})
    assert limit_bytes(plain) == limit


def test_entities_are_counted_for_each_detector_and_partition() -> None:
    run = Run(job(*DETECTORS[:4], span=HOUR))
    lines = [
        f"{START + 10 * n},{host},{site},1\n"
        for n, (host, site) in enumerate([("a", "A"), ("b", "A"), ("b", "B"), ("a", "A")])
    ]
    run.upload([HEADER, *(line.encode() for line in lines)])
    size = run.pipeline.model_size
    assert size.total_by_field_count == 3 + 2 + 2
    assert (size.total_over_field_count, size.total_partition_field_count) == (3, 2 + 2)
    assert size.bucket_time == START - HOUR


def test_the_size_is_that_of_the_arrays() -> None:
    run = Run(job(MEAN, span=HOUR))
    run.upload([HEADER + b"".join(churn(6, hosts=2000))])
    _, arrays = run.pipeline.state()
    models = sum(each.nbytes for name, each in arrays.items() if name.startswith("detector"))
    names = run.pipeline._dictionaries["host"].size_bytes
    assert run.pipeline.memory.size_bytes - names == pytest.approx(models, rel=0.01)


def test_a_pipeline_without_rows_has_a_size() -> None:
    assert Pipeline(job()).model_size.bucket_time is None
