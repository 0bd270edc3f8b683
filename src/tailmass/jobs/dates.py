"""Date patterns of Java, as a tree of what they are made of.

The letters are those of `java.time.format.DateTimeFormatter`, which took over those of `SimpleDateFormat` with the same
meaning, but for `u`: it is a year here, and was the number of a weekday there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tailmass.errors import InvalidDateFormat

# The longest run of each letter that means something; a single letter may always stand for itself, but for V.
_LONGEST = {
    **dict.fromkeys("yu", 9),
    **dict.fromkeys("ML", 4),
    **dict.fromkeys("dHkKhms", 2),
    **dict.fromkeys("D", 3),
    **dict.fromkeys("Ee", 4),
    **dict.fromkeys("a", 1),
    **dict.fromkeys("S", 9),
    **dict.fromkeys("AnN", 19),
    **dict.fromkeys("XxZ", 5),
    **dict.fromkeys("zO", 4),
    **dict.fromkeys("V", 2),
}
_PIECE = re.compile(r"'(?P<quoted>(?:[^']|'')*+)'|(?P<letters>([A-Za-z])\3*)|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that has to be there as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """A part of a date or a time, such as `MM`."""

    letter: str
    count: int


@dataclass(frozen=True, slots=True)
class Optional_:  # noqa: N801 - Optional is taken
    """A section that may be missing as a whole."""

    tokens: tuple["Token", ...]


Token = Literal | Field | Optional_


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that is enough to read a complete date and time."""

    text: str
    tokens: tuple[Token, ...]

    @staticmethod
    def parse(text: str) -> "Pattern":
        """The pattern, taken apart; raises InvalidDateFormat when it is none, or leaves date or time open.

        >>> Pattern.parse("yyyy-MM-dd'T'HH:mm").tokens[-4:]
        (Literal(text='T'), Field(letter='H', count=2), Literal(text=':'), Field(letter='m', count=2))
        """
        pattern = Pattern(text, _tokens(text))
        missing = _missing({field.letter for field in pattern.fields()})
        if missing:
            raise InvalidDateFormat(f"The time format {text!r} has {missing}: add it, e.g. yyyy-MM-dd HH:mm:ss")
        return pattern

    def fields(self) -> Iterator[Field]:
        """All fields, those of optional sections included, from left to right."""
        yield from _fields(self.tokens)


def _fields(tokens: tuple[Token, ...]) -> Iterator[Field]:
    for token in tokens:
        if isinstance(token, Field):
            yield token
        elif isinstance(token, Optional_):
            yield from _fields(token.tokens)


def _missing(letters: set[str]) -> str | None:
    """What a complete date and time needs and the letters do not give, or None."""
    if not letters & set("yu"):
        return "no year (yyyy)"
    if "D" not in letters:
        if not letters & set("ML"):
            return "no month (MM)"
        if "d" not in letters:
            return "no day (dd)"
    return _missing_time(letters)


def _missing_time(letters: set[str]) -> str | None:
    if letters & set("AnN"):
        return None
    if not letters & set("HkKh"):
        return "no hour (HH)"
    if not letters & set("Hk") and "a" not in letters:
        return "an hour of half a day without AM or PM (a)"
    if letters & set("sS") and "m" not in letters:
        return "seconds without minutes (mm)"
    if "S" in letters and "s" not in letters:
        return "a fraction without seconds (ss)"
    return None


def _tokens(text: str) -> tuple[Token, ...]:
    # One list for each section that is open, the outermost first.
    sections: list[list[Token]] = [[]]
    for kind, piece in _pieces(text):
        if kind == "[":
            sections.append([])
        elif kind == "]":
            if len(sections) == 1:
                raise InvalidDateFormat(f"The time format {text!r} closes an optional section that it never opened")
            section = tuple(sections.pop())
            sections[-1].append(Optional_(section))
        elif kind == "letters":
            sections[-1].append(_field(text, piece))
        else:
            _append_literal(sections[-1], piece)
    if len(sections) > 1:
        raise InvalidDateFormat(f"The time format {text!r} does not close an optional section: add ']'")
    return tuple(sections[0])


def _append_literal(tokens: list[Token], text: str) -> None:
    """Add text, joined to text that is there already: `'T'':'` is one literal."""
    last = tokens[-1] if tokens else None
    if isinstance(last, Literal):
        tokens[-1] = Literal(last.text + text)
    else:
        tokens.append(Literal(text))


def _field(text: str, run: str) -> Field:
    letter, count = run[0], len(run)
    if letter not in _LONGEST:
        raise InvalidDateFormat(f"The time format {text!r} has the letter {letter!r}, which means nothing: quote it")
    if count > _LONGEST[letter] or (letter == "V" and count != 2):
        raise InvalidDateFormat(f"The time format {text!r} has {run!r}: no such length of {letter!r} is known")
    return Field(letter, count)


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """What the pattern consists of, quotes resolved: brackets, runs of one letter and literal text."""
    for match in _PIECE.finditer(text):
        piece = match[0]
        if match["quoted"] is not None:
            # Nothing between two quotes is a quote; so is each pair of them within quoted text.
            yield "literal", match["quoted"].replace("''", "'") or "'"
        elif match["letters"] is not None:
            yield "letters", piece
        elif piece in "[]":
            yield piece, piece
        elif piece == "'":
            raise InvalidDateFormat(f"The time format {text!r} does not close a quote: add one")
        elif piece in "{}#":
            raise InvalidDateFormat(f"The time format {text!r} has {piece!r}, which is reserved: quote it")
        else:
            yield "literal", piece
