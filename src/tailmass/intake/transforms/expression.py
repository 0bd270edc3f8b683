"""Regular expressions over columns of text."""

import re
from collections.abc import Sequence

import polars as pl
from polars.exceptions import ComputeError

from tailmass.columns import Flags
from tailmass.intake.transforms.distinct import Answers, answers
from tailmass.jobs.regex import regex

_MARK = r"\\[ -/:;=?@\[-`{-~]"
_CLASS = rf"\[\^?(?:\\[dDwWsSt]|{_MARK}|(?!&&|--|~~|\|\|)[ -Z^-~])+\]"
_ITEM = rf"\\[dDwWsSt]|{_MARK}|{_CLASS}|[ -#%-',-/0-9:->@-Z_`a-z~]"
_TIMES = r"(?:[*+?]|\{\d+(?:,\d*)?\})\??(?![*+?{])"
_SHARED = re.compile(
    rf"(?:\(\?i\))?(?:(?:{_ITEM})(?:{_TIMES})?|\\[bB]|[\^$|]|\((?:\?:|\?P<\w+>)?|\)\??\??(?![*+?{{]))*"
)
"""Expressions that Rust reads as Python does, and searches with the same result in plain text.

Left out is where the two languages part: what only Python has (lookaround, back references, possessive quantifiers),
what they spell differently, and groups that repeat, which may capture an empty turn in one and not in the other.
"""
_NOT_EMPTY = re.compile(rf"(?:(?:{_ITEM})\+?(?![*?{{]))+")
"""Of those, expressions that never match nothing."""
_PLACE = re.compile(rf"({_ITEM})|\\[bB]|[\^$]")
"""An item of a shared expression, as its group; or what it asks of a place between two characters, without one."""
_GAP = "\x00"  # is in no plain text


class Expression:
    """A regular expression of Java, asked of every text of a column.

    Most expressions are run by Polars, the others by Python, on each distinct value once. Which of the two it is does
    not show in the answer.
    """

    def __init__(self, java: str) -> None:
        self._python = regex(java)
        self._rust = _rust(self._python.pattern)
        self._gaps = self._rust is not None and _NOT_EMPTY.fullmatch(self._python.pattern) is not None
        self._takes = self._rust is not None and not _may_be_empty(self._rust)

    def whole(self, texts: pl.Series) -> Flags:
        """(n,) whether the expression matches all of the text."""
        rust = self._rust
        fast = None if rust is None else lambda plain: [plain.str.contains(f"^(?:{rust})$")]
        [matches] = answers(texts, [pl.Boolean], lambda text: (self._python.fullmatch(text) is not None,), fast)
        return matches.to_numpy()

    def groups(self, texts: pl.Series) -> tuple[tuple[pl.Series, ...], Flags]:
        """(n,) each, the groups of the first match, "" where a group has no part in it; and whether there is one."""
        kinds = [pl.Boolean, *[pl.String] * self._python.groups]
        found, *groups = answers(texts, kinds, self._search, None if self._rust is None else self._search_plain)
        return tuple(groups), found.to_numpy()

    def parts(self, texts: pl.Series, count: int) -> tuple[pl.Series, ...]:
        """(n,) each, the first parts of the text between matches, "" where there are fewer."""
        fast = (lambda plain: self._split_plain(plain, count)) if self._gaps else None
        return tuple(answers(texts, [pl.String] * count, lambda text: self._split(text, count), fast))

    def blanked(self, texts: pl.Series) -> pl.Series:
        """(n,) the texts with a space in the place of each match that is not empty."""
        rust = self._rust
        fast = (lambda plain: [plain.str.replace_all(rust, " ")]) if rust is not None and self._takes else None
        [left] = answers(texts, [pl.String], lambda text: (self._python.sub(_space, text),), fast)
        return left.rename(texts.name)

    def _search(self, text: str) -> Sequence[str | bool]:
        match = self._python.search(text)
        return (match is not None, *(match.groups("") if match else [""] * self._python.groups))

    def _search_plain(self, texts: pl.Series) -> Answers:
        # One more group around everything tells a match without groups from none.
        found = texts.str.extract_groups(f"({self._rust})").struct.unnest().get_columns()
        return [found[0].is_not_null(), *(group.fill_null("") for group in found[1:])]

    def _split(self, text: str, count: int) -> Sequence[str]:
        parts: list[str] = []
        begin = 0
        for match in self._python.finditer(text):
            if len(parts) == count:
                return parts
            if match.end() > 0:  # Java has no empty part before a match of nothing at the beginning
                parts.append(text[begin : match.start()])
                begin = match.end()
        return ([*parts, text[begin:]] + [""] * count)[:count]

    def _split_plain(self, texts: pl.Series, count: int) -> Answers:
        assert self._rust is not None
        gaps = texts.str.replace_all(self._rust, _GAP)
        return [part.fill_null("") for part in gaps.str.split_exact(_GAP, count - 1).struct.unnest().get_columns()]


def _rust(pattern: str) -> str | None:
    if not _SHARED.fullmatch(pattern):
        return None
    try:
        pl.Series([""]).str.contains(pattern)
    except ComputeError:  # too large for it, say
        return None
    return pattern


def _may_be_empty(shared: str) -> bool:
    """Whether some match of a shared expression may be empty, going by what it is without what it asks of places."""
    return re.match(_PLACE.sub(lambda place: place[1] or "", shared), "") is not None


def _space(match: re.Match[str]) -> str:
    return " " if match[0] else ""
