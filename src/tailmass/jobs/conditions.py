"""Conditions on one value, as transforms and rules have them."""

import math
import re
from typing import Annotated

from pydantic import BeforeValidator

from tailmass.errors import ConditionInvalidArgument, UnknownOperator
from tailmass.jobs.regex import regex
from tailmass.jobs.wire import Text, Wire, Word

COMPARISONS = ("LT", "LTE", "GT", "GTE")
"""Operators that say on which side of a number a value has to be."""
OPERATORS = ("EQ", *COMPARISONS, "MATCH")
"""All operators; MATCH wants a regular expression, the others a number."""


def _text(value: object) -> object:
    # A number is read as the text it would have been: the value is text because it may be a regular expression.
    return repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


class Condition(Wire):
    """What a value has to be: on one side of a number, equal to it, or a match of a regular expression."""

    operator: Word | None = None
    value: Annotated[Text, BeforeValidator(_text)] | None = None

    def verify(self, *, allowed: tuple[str, ...] = OPERATORS) -> None:
        """Raise when the operator is not among those allowed, or cannot work with the value."""
        if self.operator not in allowed:
            raise UnknownOperator(f"There is no operator {self.operator!r} here: use one of {', '.join(allowed)}")
        if self.value is None:
            raise ConditionInvalidArgument(f"The operator {self.operator} has no value to compare with: set 'value'")
        if self.operator == "MATCH":
            self._verify_regex(self.value)
        else:
            self._verify_number(self.value)

    def _verify_regex(self, value: str) -> None:
        try:
            regex(value)
        except re.error as error:
            raise ConditionInvalidArgument(
                f"The operator MATCH needs a regular expression, not {value!r}", cause=str(error)
            ) from error

    def _verify_number(self, value: str) -> None:
        try:
            finite = math.isfinite(float(value)) and "_" not in value
        except ValueError:
            finite = False
        if not finite:
            raise ConditionInvalidArgument(f"The operator {self.operator} needs a number, not {value!r}")
