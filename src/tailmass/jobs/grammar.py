"""The short forms: of a detector, `high_mean(bytes) by host over user partition=site`, and of a rule, `actual < 50`."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tailmass.errors import EngineError
from tailmass.jobs.conditions import Condition
from tailmass.jobs.detector import KEYWORDS, Detector
from tailmass.jobs.rules import DetectorRule, RuleCondition

_TOKEN = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<mark>[()=,])|(?P<word>[^\s()=,"]+))')
_OPTIONS = {
    "partition": "partition_field_name",
    "partitionfield": "partition_field_name",
    "partition_field_name": "partition_field_name",
    "excludefrequent": "exclude_frequent",
    "exclude_frequent": "exclude_frequent",
    "usenull": "use_null",
    "use_null": "use_null",
    "shape": "shape",
    "sensitivity": "sensitivity",
}
_FLAGS = frozenset({"use_null", "shape"})
_FORM = (
    'function(field) by field over field partition=field exclude_frequent=all use_null=true, with "..." around names'
)
_RULE_TOKEN = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<mark>[<>]=?|=)|(?P<word>[^\s<>="]+))')
_NUMBERS = {"actual": "NUMERICAL_ACTUAL", "typical": "NUMERICAL_TYPICAL", "difference": "NUMERICAL_DIFF_ABS"}
_OPERATORS = {"<": "LT", "<=": "LTE", ">": "GT", ">=": "GTE"}
_RULE_FORM = (
    "actual < 50, with typical or difference and <=, > or >= as well, or field in list; several with 'and' or with "
    "'or' between them, and for field=value at the end"
)


def detector(text: str) -> Detector:
    """The detector that the short form stands for; ValueError when it is none.

    >>> detector('high_mean(bytes) by host partition="data centre"').partition_field_name
    'data centre'
    >>> detector("count").label()
    'count'
    """
    tokens = _Tokens(text)
    given: dict[str, Any] = {"function": tokens.name("a function")}
    if tokens.take("(") and not tokens.take(")"):
        given["field_name"] = tokens.name("a field")
        tokens.expect(")")
    while (word := tokens.word()) is not None:
        attribute = f"{word}_field_name" if word in KEYWORDS else _OPTIONS.get(word)
        if attribute is None:
            raise tokens.wrong(f"{word!r} is not expected there")
        if attribute in given:
            raise tokens.wrong(f"{word!r} is there twice")
        if word in KEYWORDS:
            value = tokens.name(f"a field for {word!r}")
        else:
            tokens.expect("=")
            value = tokens.text(f"a value for {word!r}")
        if attribute in _FLAGS:
            given[attribute] = tokens.flag(value)
        elif attribute == "sensitivity":
            given[attribute] = tokens.number(value)
        else:
            given[attribute] = value
    made = Detector(**given)
    try:
        made.verify()
    except EngineError as error:
        raise tokens.wrong(error.message) from error
    return made


def rule(text: str) -> DetectorRule:
    """The rule that the short form stands for; ValueError when it is none.

    A result is left out where the conditions hold: numbers of it, or that its value of a field is on a list of the job.

    >>> made = rule("actual < 50 and host in backups for site=north")
    >>> made.conditions_connective, [each.condition_type for each in made.rule_conditions], made.target_field_value
    ('AND', ['NUMERICAL_ACTUAL', 'CATEGORICAL'], 'north')
    """
    tokens = _Tokens(text, "rule", _RULE_TOKEN, _RULE_FORM)
    conditions, connectives = [_condition(tokens)], set()
    target: dict[str, str] = {}
    while (word := tokens.word()) is not None:
        if word in ("and", "or"):
            connectives.add(word.upper())
            conditions.append(_condition(tokens))
        elif word == "for" and not target:
            target["target_field_name"] = tokens.text("a field")
            tokens.expect("=")
            target["target_field_value"] = tokens.text("a value")
        else:
            raise tokens.wrong(f"{word!r} is not expected there")
    if len(connectives) > 1:
        raise tokens.wrong("it has both 'and' and 'or', so give two rules: a result is left out if any matches")
    return DetectorRule(
        rule_conditions=tuple(conditions), conditions_connective=min(connectives, default="OR"), **target
    )


def _condition(tokens: "_Tokens") -> RuleCondition:
    kind = _NUMBERS.get(tokens.peek())
    name = tokens.text("actual, typical, difference or a field")
    if kind is None:
        if tokens.peek() != "in":
            raise tokens.wrong(f"there is no 'in' after {name!r}, and it is none of {', '.join(_NUMBERS)}")
        tokens.word()
        return RuleCondition(condition_type="CATEGORICAL", field_name=name, value_list=tokens.text("a list"))
    operator = tokens.mark(_OPERATORS)
    value = tokens.text("a number")
    tokens.number(value)
    return RuleCondition(condition_type=kind, condition=Condition(operator=operator, value=value))


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


class _Tokens:
    """What is left to read of the short form."""

    def __init__(self, text: str, what: str = "detector", token: re.Pattern[str] = _TOKEN, form: str = _FORM) -> None:
        self._text, self._what, self._token, self._form = text, what, token, form
        self._left = list(self._split())

    def _split(self) -> Iterator[_Token]:
        position = 0
        stripped = self._text.rstrip()
        while position < len(stripped):
            match = self._token.match(stripped, position)
            if match is None:
                raise self.wrong("a quote is not closed")
            kind = str(match.lastgroup)
            yield _Token(kind, match[kind])
            position = match.end()

    def wrong(self, why: str) -> ValueError:
        """What to raise, with the whole text and what it should look like."""
        return ValueError(f"Cannot read the {self._what} {self._text!r}: {why}. Write it as {self._form}")

    def take(self, mark: str) -> bool:
        """Whether the mark comes next; it is read then."""
        if self._left and self._left[0] == _Token("mark", mark):
            del self._left[0]
            return True
        return False

    def expect(self, mark: str) -> None:
        """Read the mark, which has to come next."""
        if not self.take(mark):
            raise self.wrong(f"there is no {mark!r} where one is needed")

    def peek(self) -> str:
        """The word that comes next, unread and in lower case; nothing where none does."""
        return self._left[0].text.lower() if self._left and self._left[0].kind == "word" else ""

    def mark(self, meanings: Mapping[str, str]) -> str:
        """Read one of the marks, which has to come next, and give what it means."""
        for mark, meaning in meanings.items():
            if self.take(mark):
                return meaning
        raise self.wrong(f"there is none of {' '.join(meanings)} where one is needed")

    def text(self, what: str) -> str:
        """Read a text, quoted or not, which has to come next."""
        if not self._left or self._left[0].kind == "mark" or not self._left[0].text:
            raise self.wrong(f"there is nothing where {what} is needed")
        return self._left.pop(0).text

    def name(self, what: str) -> str:
        """Read a text that is no keyword, or quoted, which has to come next."""
        if self._left and self._left[0].kind == "word" and self._left[0].text.lower() in KEYWORDS:
            raise self.wrong(f"{self._left[0].text!r} stands where {what} is needed; put quotes around it if it is one")
        return self.text(what)

    def word(self) -> str | None:
        """Read a word that is not quoted, in lower case, or None at the end."""
        if not self._left:
            return None
        if self._left[0].kind != "word":
            raise self.wrong(f"{self._left[0].text!r} is not expected there")
        return self._left.pop(0).text.lower()

    def flag(self, text: str) -> bool:
        """What a text says of yes or no."""
        if text.lower() not in ("true", "false"):
            raise self.wrong(f"{text!r} is neither true nor false")
        return text.lower() == "true"

    def number(self, text: str) -> float:
        """The finite number that a text is."""
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self.wrong(f"{text!r} is not a number")
        return number
