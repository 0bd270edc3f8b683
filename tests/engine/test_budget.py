import math

import pytest

from tailmass.engine.budget import alert_threshold
from tests.engine.sample import job


@pytest.mark.parametrize("budget", [0.01, 1.0, 2.5, 7.0, 100.0])
def test_the_threshold_is_the_score_of_what_comes_as_often_as_the_budget_allows(budget: float) -> None:
    assert alert_threshold(job(alertBudget=budget)) == pytest.approx(50 - 13.45 * math.log10(budget))


def test_a_threshold_is_a_score_however_great_or_small_the_budget() -> None:
    assert [alert_threshold(job(alertBudget=budget)) for budget in (1e-9, 1e9)] == [100.0, 0.0]


def test_without_a_budget_there_is_no_threshold() -> None:
    assert alert_threshold(job()) is None
