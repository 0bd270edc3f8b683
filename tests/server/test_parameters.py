from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.errors import InvalidSkip, InvalidThreshold, InvalidValue
from tailmass.results import parse_time, wire_time
from tailmass.server.parameters import LARGEST, Range, duration, flag, instant, threshold, whole

from .clients import configuration

if TYPE_CHECKING:
    from tests.conftest import Serving


@given(st.integers(0, LARGEST))
def test_a_count_is_read_as_it_is_written(number: int) -> None:
    assert whole(str(number), 100, InvalidSkip) == number


@pytest.mark.parametrize("text", ["-1", "1.0", "1_0", "٣", "2147483648", "9" * 5000, " 1", "0x1"])
def test_what_is_no_count_is_refused_with_the_number_of_the_parameter(text: str) -> None:
    with pytest.raises(InvalidSkip):
        whole(text, 0, InvalidSkip)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_threshold_is_read_as_it_is_written(number: float) -> None:
    assert threshold(repr(number)) == number


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "1_0", "high", "0,5", "--1", "."])
def test_what_no_score_can_be_compared_with_is_refused(text: str) -> None:
    with pytest.raises(InvalidThreshold):
        threshold(text)


def test_nothing_is_the_default() -> None:
    assert (whole("", 100, InvalidSkip), threshold(""), flag(""), instant("")) == (100, 0.0, False, None)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("15m", 900), ("2h", 7200), ("1w", 604_800)])
def test_a_duration_is_read(text: str, seconds: int) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["m", "-5m", "1.5h", "5 minutes", "1D", "1y", "٣", "9" * 13, "1d\n"])
def test_what_is_no_duration_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"'duration' is .*: write seconds, or"):
        duration(text)


@given(st.integers(0, 253_402_300_799_999))
def test_the_next_page_restates_a_time_so_that_it_is_read_again(ms: int) -> None:
    assert Range(ms, None).parameters() == {"start": wire_time(ms)}
    assert parse_time(Range(None, ms).parameters()["end"]) == ms


def test_a_bound_on_the_results_of_a_page_is_for_versions_two_and_three(serving: "Serving", tmp_path: Path) -> None:
    with serving(tmp_path, max_take=50) as running, httpx.Client(base_url=running.url, timeout=60) as client:
        client.post("/engine/v2/jobs", json=configuration("a")).raise_for_status()
        path = "results/a/buckets?skip=40&take=11"
        refused = client.get(f"/engine/v2/{path}")
        assert (refused.status_code, refused.json()["errorCode"]) == (400, 60111)
        assert client.get(f"/engine/v3/{path}").json()["errorCode"] == 60111
        assert client.get(f"/engine/v1/{path}").status_code == 200
        assert client.get("/engine/v2/results/a/buckets?skip=40&take=10").status_code == 200
