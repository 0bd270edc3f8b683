"""What each function is there for: it finds what was planted for it, and is quiet about a twin without it."""

import pytest

from benchmarks import scenarios
from benchmarks.scenarios import SCENARIOS, SPLITS
from tailmass.jobs import FUNCTIONS, Function
from tests.engine.test_functions import ANALYSED

SEEDS = range(3)
FEWER = {"by and over": 1}  # seeds of what is made of most rows
GROUPS = list(scenarios.groups())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("measure", "split", "functions"), GROUPS, ids=[f"{group[0]}, {group[1]}" for group in GROUPS])
def test_what_is_planted_is_the_top_record_and_its_twin_keeps_to_its_budget(
    measure: str, split: str, functions: list[Function], seed: int
) -> None:
    if seed >= FEWER.get(split, len(SEEDS)):
        return
    most, most_critical = scenarios.budget(measure, split)
    for function, (found, some, critical) in zip(
        functions, scenarios.judge(measure, split, functions, seed), strict=True
    ):
        assert found, function.name
        assert some <= most, function.name
        assert critical <= most_critical, function.name


def test_every_function_has_a_scenario() -> None:
    covered = {function.name for _, _, functions in GROUPS for function in functions}
    assert covered == {function.name for function in ANALYSED} == {function.name for function in FUNCTIONS}


def test_a_function_is_judged_with_every_split_that_it_takes() -> None:
    for split, fields in SPLITS.items():
        judged = {function.name for _, each, functions in GROUPS if each == split for function in functions}
        by, over = "byFieldName" in fields, "overFieldName" in fields
        takes = {
            each.name
            for each in FUNCTIONS
            if (by or each.by == "optional")
            and (over if each.over == "required" else not over or each.over == "optional")
        }
        assert judged == takes, split


def test_a_twin_differs_from_the_planted_rows_in_one_cell() -> None:
    planted, twin = (SCENARIOS["varp"].case("by", 4, side).rows for side in (1, 0))
    both = planted.numbers["value"], twin.numbers["value"]
    assert abs(len(both[0]) - len(both[1])) < 20
    assert 0.99 * len(both[1]) < sum(1 for value in set(both[0]) & set(both[1])) < len(both[1])
