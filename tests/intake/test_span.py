from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tailmass.intake.profile import profile_frame
from tailmass.intake.span import SPANS
from tests.intake.texts import START, minutes, profile_of


def test_a_sampled_metric_gets_buckets_as_long_as_its_samples(tmp_path: Path) -> None:
    times = minutes("%Y-%m-%d %H:%M:%S", 2000)[::5]
    rows = [f"{time},{host},{i}" for i, time in enumerate(times) for host in ("a", "b")]
    assert profile_of(tmp_path, "\n".join(["time,host,load", *rows, ""])).bucket_span == 300


def test_buckets_are_long_enough_for_several_rows_of_each_series() -> None:
    # Rows come 10 s apart, from one of twenty hosts in no regular order: each has some 4.5 of them in a quarter hour.
    hosts = np.random.default_rng(1).integers(0, 20, 40_000)
    times = [START + timedelta(seconds=10 * i) for i in range(40_000)]
    frame = pl.DataFrame({"time": times, "host": [f"h{host}" for host in hosts]})
    assert profile_frame(frame).bucket_span == 1800
    assert profile_frame(frame, split=[["host"]]).bucket_span == 1800
    assert profile_frame(frame, split=[[]]).bucket_span == 10  # one series, sampled every ten seconds


def test_of_several_detectors_the_one_with_the_rarest_series_sizes_the_buckets_and_not_all_at_once() -> None:
    chance = np.random.default_rng(1)
    times = [START + timedelta(seconds=10 * i) for i in range(40_000)]
    frame = pl.DataFrame({name: [f"{name}{i}" for i in chance.integers(0, 12, 40_000)] for name in ("host", "user")})
    frame = frame.with_columns(time=pl.Series(times))
    alone = profile_frame(frame, split=[["host"]]).bucket_span
    together = profile_frame(frame, split=[[], ["host"], ["user"]])
    assert alone == together.bucket_span < profile_frame(frame, split=[["host", "user"]]).bucket_span
    assert "of one host then has" in together.reasons[-1]


@given(st.integers(1, 5000), st.integers(2, 300))
def test_the_bucket_span_is_round_whatever_the_gaps(gap: int, rows: int) -> None:
    times = [START + timedelta(seconds=gap * i + i * i % 7) for i in range(rows)]
    found = profile_frame(pl.DataFrame({"time": times, "load": [1.0] * rows}))
    assert found.bucket_span in SPANS
