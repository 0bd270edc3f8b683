"""`exclude`: rows left out because of what is in them."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from tailmass.columns import Flags, Floats
from tailmass.intake.cells import numbers
from tailmass.intake.spans import spans
from tailmass.intake.transforms.expression import Expression
from tailmass.intake.transforms.step import Outcome, Step
from tailmass.jobs import Transform

_COMPARISONS: dict[str, Callable[[Floats, float], Any]] = {
    "EQ": operator.eq,
    "LT": operator.lt,
    "LTE": operator.le,
    "GT": operator.gt,
    "GTE": operator.ge,
}


def exclude(transform: Transform) -> Step:
    """Leaves out the rows in which the condition holds for any input."""
    condition = transform.condition
    assert condition is not None, "a transform that excludes rows has been verified to have a condition"
    assert condition.value is not None, "and the condition to have a value"
    if condition.operator == "MATCH":
        return _matching(Expression(condition.value))
    return _comparing(_COMPARISONS[condition.operator or ""], float(condition.value))


def _matching(expression: Expression) -> Step:
    def run(inputs: Sequence[pl.Series]) -> Outcome:
        return Outcome(excluded=_any([expression.whole(each) for each in inputs]))

    return run


def _comparing(compare: Callable[[Floats, float], Any], value: float) -> Step:
    """A value that is no number holds no comparison, and is a failure."""

    def run(inputs: Sequence[pl.Series]) -> Outcome:
        values = [numbers(*spans(each)) for each in inputs]
        return Outcome(
            failed=_any([np.isnan(each) for each in values]), excluded=_any([compare(each, value) for each in values])
        )

    return run


def _any(flags: Sequence[Flags]) -> Flags:
    """(n,) whether any of them is set."""
    return np.logical_or.reduce(flags)  # type: ignore[no-any-return]  # of flags it makes flags
