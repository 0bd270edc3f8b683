"""Differences on the same series: their size and how sure they are; with the evaluation kit itself."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import kit, pairs
from benchmarks.kit import Kit


@pytest.fixture(scope="module")
def tools(shared: Path) -> Kit:
    return kit.load()


def tallies(tools: Kit, found: list[float]) -> dict[str, Any]:
    """Series with two events each, the share `found` of them at 10, and a false alarm at 5."""
    made = {}
    for number, share in enumerate(found):
        events = np.where(np.arange(2) < 2 * share, 10.0, 0.0)
        made[f"series {number}"] = (tools.events.Tally(events, events, np.array([5.0]), 1.0), None, None)
    return made


def test_the_difference_is_that_of_the_figures(tools: Kit) -> None:
    one, other = tallies(tools, [1.0] * 6), tallies(tools, [0.5] * 6)
    found = pairs.difference(tools, "kpi", one, other, {})
    assert found is not None
    assert found[0] == pytest.approx(1.0 - 2 * 6 / (6 + 12))


def test_a_detector_does_not_differ_from_itself(tools: Kit) -> None:
    one = tallies(tools, [1.0, 0.5, 0.0, 0.5])
    assert pairs.difference(tools, "kpi", one, one, {}) == (0.0, 0.0)


def test_the_same_series_are_drawn_for_both(tools: Kit) -> None:
    shares = [1.0, 0.5, 0.5, 0.0, 1.0, 0.5]
    one, other = tallies(tools, shares), tallies(tools, [0.0] * 6)
    apart = pairs.difference(tools, "kpi", one, other, {})
    near = pairs.difference(tools, "kpi", one, tallies(tools, [1.0, 0.5, 0.5, 0.0, 1.0, 1.0]), {})
    assert apart is not None
    assert near is not None
    assert 0.0 < near[1] < apart[1]


def test_only_common_series_count(tools: Kit) -> None:
    one, other = tallies(tools, [1.0, 0.0]), tallies(tools, [1.0])
    found = pairs.difference(tools, "kpi", one, other, {})
    assert found is not None
    assert found[0] == 0.0
    assert np.isnan(found[1])
    assert pairs.difference(tools, "kpi", one, {}, {}) is None


def test_nab_is_compared_by_its_standard_score(tools: Kit) -> None:
    times = np.arange(1000.0)
    worth = {name: tools.nab.worth(times, [(500.0, 560.0)]) for name in ("a", "b", "c")}
    early, never = np.zeros(1000), np.zeros(1000)
    early[500] = 1.0
    one = {name: (name, early) for name in worth}
    other = {name: (name, never) for name in worth}
    assert pairs.difference(tools, "nab", one, other, worth) == pytest.approx((100.0, 0.0))


def test_nothing_is_said_of_files_without_anomalies(tools: Kit) -> None:
    worth = {"calm": tools.nab.worth(np.arange(1000.0), [])}
    one = {"calm": ("calm", np.zeros(1000))}
    assert pairs.difference(tools, "nab", one, one, worth) is None
