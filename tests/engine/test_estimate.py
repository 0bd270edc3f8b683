"""What was estimated is held against what jobs then take."""

from typing import Any

import numpy as np
import pytest

from tailmass.engine.estimate import estimate
from tailmass.errors import InvalidValue
from tests.engine.sample import HEADER, Run, job

HOSTS, SITES, BUCKETS, SPAN = 1500, 4, 8, 300
NAME = 12

KINDS: tuple[tuple[dict[str, Any], ...], ...] = (
    ({"function": "mean", "fieldName": "value", "byFieldName": "host"},),
    ({"function": "metric", "fieldName": "value", "byFieldName": "host"},),
    ({"function": "count", "partitionFieldName": "host"},),
    ({"function": "sum", "fieldName": "value", "byFieldName": "host", "partitionFieldName": "site"},),
    ({"function": "varp", "fieldName": "value", "byFieldName": "host"},),
    ({"function": "median", "fieldName": "value", "byFieldName": "host"},),
    ({"function": "distinct_count", "fieldName": "site", "byFieldName": "host"},),
    ({"function": "info_content", "fieldName": "site", "byFieldName": "host"},),
    ({"function": "count", "byFieldName": "host", "shape": True},),
    ({"function": "high_sum", "fieldName": "value", "overFieldName": "host"},),
    ({"function": "count", "byFieldName": "site", "overFieldName": "host"},),
    ({"function": "rare", "byFieldName": "host", "partitionFieldName": "site"},),
    ({"function": "freq_rare", "byFieldName": "site", "overFieldName": "host"},),
    ({"function": "time_of_day", "byFieldName": "host"},),
    ({"function": "lat_long", "fieldName": "value", "byFieldName": "host"},),
    ({"function": "count"}, {"function": "max", "fieldName": "value", "byFieldName": "site"}),
    ({"function": "mean", "fieldName": "value", "byFieldName": "host"}, {"function": "count", "overFieldName": "host"}),
)


@pytest.mark.parametrize("influencers", [(), ("site", "host")], ids=["nobody", "to blame"])
@pytest.mark.parametrize("detectors", KINDS, ids=[" and ".join(each["function"] for each in kind) for kind in KINDS])
def test_the_estimate_is_within_a_tenth_of_what_the_job_then_takes(
    detectors: tuple[dict[str, Any], ...], influencers: tuple[str, ...]
) -> None:
    configuration = job(*detectors, span=SPAN, influencers=list(influencers))
    run = Run(configuration)
    chance = np.random.default_rng(1)
    lines = [
        f"{SPAN * (100 + bucket) + host * SPAN // HOSTS},host-{host:07d},s{host % SITES},{chance.normal(50.0):.3f}\n"
        for bucket in range(BUCKETS)
        for host in range(HOSTS)
        for _ in range(2)  # of one row there is no variance
    ]
    run.upload([HEADER + "".join(lines).encode()])
    split = {*influencers, *(name for each in configuration.analysis_config.detectors for name in each.split_fields)}
    values = {
        name: number
        for name, number in (("host", HOSTS), ("site", SITES), ("host,site", HOSTS))
        if set(name.split(",")) <= split
    }
    assert estimate(configuration, values, name_length=NAME) == pytest.approx(
        run.pipeline.model_size.model_bytes, rel=0.1
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "how many values has 'host'"),
        ({"host": 0}, "cannot have 0 values"),
        ({"host": 5}, "how many values has 'site', which is an influencer"),
        ({"host": 5, "user": 3}, "'user' splits no detector and is no influencer: .* are host, site"),
    ],
)
def test_what_is_missing_or_strange_is_told(values: dict[str, int], said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        estimate(job(influencers=["site"]), values)
