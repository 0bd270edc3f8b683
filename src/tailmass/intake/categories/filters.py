"""What is taken out of a message before it is understood."""

import re
from collections.abc import Sequence
from functools import partial

import polars as pl
from polars.exceptions import ComputeError

from tailmass.jobs.regex import regex

_BOUNDARY = re.compile(r"\\[bB]")
_OTHERWISE = re.compile(r"\$|\\Z|\{,")
"""What Python and Polars read in two ways."""


class Filters:
    """Regular expressions of Java; a space takes the place of each match, so that no word is made of two.

    Polars applies an expression to a whole column where it understands the same as Python does, which is nearly always;
    else every message takes a call.
    """

    def __init__(self, expressions: Sequence[str]) -> None:
        self._patterns = [regex(each) for each in expressions]

    def apply(self, messages: pl.Series) -> pl.Series:
        """(n,) the messages without the matches, those of the first expression taken out first."""
        for pattern in self._patterns:
            if _is_common(pattern):
                messages = messages.str.replace_all(pattern.pattern, " ")
            else:
                without = partial(pattern.sub, _space)
                messages = pl.Series(list(map(without, messages.to_list())), dtype=pl.String)
        return messages


def _space(match: re.Match[str]) -> str:
    return " " if match[0] else ""


def _is_common(pattern: re.Pattern[str]) -> bool:
    """Whether Polars finds what Python finds, and no match is empty."""
    if _OTHERWISE.search(pattern.pattern):
        return False
    try:
        if re.compile(_BOUNDARY.sub("", pattern.pattern)).fullmatch(""):
            return False
        pl.Series([""]).str.replace_all(pattern.pattern, " ")
    except (re.error, ComputeError):
        return False
    return True
