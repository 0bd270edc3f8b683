"""Times as they are written in the data, to epoch milliseconds."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from tailmass.columns import Flags, Floats, Ints
from tailmass.intake.spans import spans
from tailmass.intake.zones import to_utc
from tailmass.jobs.dates import Literal, Optional_, Pattern, Token
from tailmass.kernels import dates
from tailmass.kernels.delimited import Bytes, Positions

_EPOCH_SHIFT = {"epoch": 3, "epoch_ms": 0}
"""By how many powers of ten the numbers of these two formats fall short of milliseconds."""

_NUMBERS = {
    "D": (dates.DAY_OF_YEAR, 3),
    "d": (dates.DAY, 2),
    "M": (dates.MONTH, 2),
    "L": (dates.MONTH, 2),
    "e": (dates.IGNORED, 1),
    "H": (dates.HOUR, 2),
    "k": (dates.CLOCK_HOUR, 2),
    "K": (dates.HALF_HOUR, 2),
    "h": (dates.HALF_CLOCK_HOUR, 2),
    "m": (dates.MINUTE, 2),
    "s": (dates.SECOND, 2),
    "A": (dates.MILLI_OF_DAY, 8),
    "n": (dates.NANO_OF_SECOND, 9),
    "N": (dates.NANO_OF_DAY, 14),
}
"""The register a letter fills, and the most digits it can have."""

Operation = tuple[int, int, int, int, int]


def no_times(rows: int) -> tuple[Ints, Flags]:
    """(rows,) what there is as long as nobody knows the times."""
    return np.zeros(rows, np.int64), np.zeros(rows, np.bool_)


class Timestamps:
    """Reads times of one format: `epoch`, `epoch_ms` or a Java date pattern; without a zone they are UTC."""

    def __init__(self, time_format: str) -> None:
        self.time_format = time_format or "epoch"
        self._shift = _EPOCH_SHIFT.get(self.time_format)
        if self._shift is None:
            self._operations, self._literals = _compile(Pattern.parse(self.time_format))

    def parse(self, texts: pl.Series) -> tuple[Ints, Flags]:
        """Times of a String column in epoch milliseconds, 0 where there is none, and where there is one."""
        return self.parse_spans(*spans(texts))

    def parse_spans(self, buffer: Bytes, starts: Positions, stops: Positions) -> tuple[Ints, Flags]:
        """The same for spans of bytes."""
        if self._shift is not None:
            return dates.epochs(buffer, starts, stops, self._shift)
        times, dated, zone_starts, zone_stops = dates.instants(buffer, starts, stops, self._operations, self._literals)
        for zone, rows in _zones(buffer, zone_starts, zone_stops):
            times[rows], known = to_utc(times[rows], zone)
            dated[rows] &= known & (times[rows] >= dates.EARLIEST_MS) & (times[rows] <= dates.LATEST_MS)
            times[rows] *= dated[rows]
        return times, dated

    def parse_numbers(self, numbers: Floats | Ints) -> tuple[Ints, Flags]:
        """Times that are numbers already: milliseconds for `epoch_ms`, seconds for every other format."""
        scale = 1 if self._shift == 0 else 1000
        if numbers.dtype.kind in "iu":
            dated = (numbers >= dates.EARLIEST_MS // scale) & (numbers <= dates.LATEST_MS // scale)
            return np.where(dated, numbers, 0).astype(np.int64) * scale, dated
        with np.errstate(invalid="ignore", over="ignore"):
            exact = numbers * float(scale)
            dated = (exact >= dates.EARLIEST_MS) & (exact < dates.LATEST_MS + 1)
        exact = np.where(dated, exact, 0.0)
        # A double cannot hold most fractions: a rounding error away from a whole millisecond, that one was meant.
        whole = np.rint(exact)
        meant = np.abs(exact - whole) <= np.spacing(np.abs(exact))
        return np.where(meant, whole, np.floor(exact)).astype(np.int64), dated


def _zones(buffer: Bytes, starts: Positions, stops: Positions) -> Iterator[tuple[str, Ints]]:
    """Each zone that is named, with the rows that name it."""
    rows = np.flatnonzero(stops > starts)
    if len(rows) == 0:
        return
    starts, stops = starts[rows], stops[rows]
    # Neighbours mostly name the same zone: only where the name changes is it looked at.
    changes = dates.changed(buffer, starts, stops)
    content = buffer.tobytes()
    names = [content[a:b] for a, b in zip(starts[changes], stops[changes], strict=True)]
    distinct, which = np.unique(np.array(names), return_inverse=True)
    zone_of_row = which[np.cumsum(changes) - 1]
    for k, name in enumerate(distinct):
        yield name.decode("ascii"), rows[zone_of_row == k]


def _compile(pattern: Pattern) -> tuple[Ints, Bytes]:
    """A parsed pattern as the table of operations and the literals that `kernels.dates` runs."""
    literals = bytearray()
    operations = list(_operations(pattern.tokens, literals))
    for k, operation in enumerate(operations):
        if operation[0] == dates.NUMBER:
            operations[k] = (*operation[:4], _reserved(operations, k))
    _aim(operations)
    return np.array(operations, np.int64).reshape(-1, 5), np.frombuffer(bytes(literals) or b"\0", np.uint8)


def _operations(tokens: tuple[Token, ...], literals: bytearray) -> Iterator[Operation]:
    for token in tokens:
        if isinstance(token, Literal):
            begin = len(literals)
            literals += token.text.encode()
            yield dates.LITERAL, begin, len(literals), 0, 0
        elif isinstance(token, Optional_):
            yield dates.OPEN, 0, 0, 0, 0
            yield from _operations(token.tokens, literals)
            yield dates.CLOSE, 0, 0, 0, 0
        else:
            yield _field(token.letter, token.count)


def _field(letter: str, count: int) -> Operation:
    if letter in "yu":
        register, most = (dates.SHORT_YEAR, 2) if count == 2 else (dates.YEAR, max(count, 4))
        return dates.NUMBER, register, count, most, 0
    if letter == "S":
        return dates.NUMBER, dates.FRACTION, count, count, 0
    if letter in "ML" and count in (3, 4):
        first = dates.SHORT_MONTHS if count == 3 else dates.FULL_MONTHS
        return dates.NAME, dates.MONTH, first, first + 12, 12
    if letter == "E" or (letter == "e" and count > 2):
        return dates.NAME, dates.IGNORED, dates.WEEKDAYS, dates.WEEKDAYS + 14, 7
    if letter == "a":
        return dates.NAME, dates.HALF, dates.HALVES, dates.HALVES + 2, 2
    if letter in "Xx":
        return dates.OFFSET, int(letter == "X"), 0, 0, 0
    if letter == "Z":
        return dates.OFFSET, 1, 1, 0, 0
    if letter in "zVvO":
        return dates.ZONE, 0, 0, 0, 0
    register, most = _NUMBERS[letter]
    return dates.NUMBER, register, count, max(count, most), 0


def _reserved(operations: list[Operation], k: int) -> int:
    """The digits that a number of any width has to leave to the numbers of fixed width that follow it at once."""
    _, _, fewest, most, _ = operations[k]
    total = 0
    for code, _, low, high, _ in operations[k + 1 :]:
        if code != dates.NUMBER or low != high:
            break
        total += low
    return total if fewest < most else 0


def _aim(operations: list[Operation]) -> None:
    """Tell the beginning of every optional section where it ends."""
    begun = []
    for k, (code, *_) in enumerate(operations):
        if code == dates.OPEN:
            begun.append(k)
        elif code == dates.CLOSE:
            operations[begun.pop()] = (dates.OPEN, k + 1, 0, 0, 0)
