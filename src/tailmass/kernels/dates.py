"""Dates and times in text to epoch milliseconds: a small machine that runs a compiled date pattern over each span.

A pattern is a table of operations, one a row: (code, a, b, c, d). `tailmass.intake.timestamps` writes the tables.
"""

import numpy as np

from tailmass.columns import Flags, Ints
from tailmass.kernels.delimited import Bytes, Positions
from tailmass.kernels.jit import kernel

NUMBER = 0
"""a: register, b: fewest digits, c: most digits, d: digits to leave to the fields that follow without a gap."""
LITERAL = 1
"""a, b: first and one past the last byte in the literals."""
NAME = 2
"""a: register, b: first name, c: one past the last, d: how many names make a round. The first of a round is 1."""
OFFSET = 3
"""a: whether `Z` stands for UTC, b: whether GMT, UTC or UT may stand alone or before the offset."""
ZONE = 4
"""The name of a time zone, or anything that OFFSET takes."""
OPEN = 5
"""An optional section begins. a: the operation after its end."""
CLOSE = 6
"""The optional section has been read."""

UNSET = -(1 << 62)
(
    YEAR, SHORT_YEAR, MONTH, DAY, DAY_OF_YEAR, HOUR, CLOCK_HOUR, HALF_HOUR, HALF_CLOCK_HOUR, HALF, MINUTE, SECOND,
    FRACTION, FRACTION_DIGITS, NANO_OF_SECOND, MILLI_OF_DAY, NANO_OF_DAY, OFFSET_SECONDS, ZONE_START, ZONE_STOP,
    IGNORED,
) = range(21)  # fmt: skip
REGISTERS = 21

_FULL_MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october"]
_FULL_MONTHS += ["november", "december"]
_FULL_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_SHORT = [name[:3] for name in [*_FULL_MONTHS, *_FULL_WEEKDAYS]]
_NAMES = [*_FULL_MONTHS, *_SHORT[:12], *_FULL_WEEKDAYS, *_SHORT[12:], "am", "pm"]
FULL_MONTHS, SHORT_MONTHS, WEEKDAYS, HALVES = 0, 12, 24, 38
NAME_BYTES = np.frombuffer("".join(_NAMES).encode(), np.uint8).copy()
NAME_ENDS = np.cumsum([0, *map(len, _NAMES)])

DAYS_BEFORE = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365])
EARLIEST_MS, LATEST_MS = -62_135_596_800_000, 253_402_300_799_999
"""The years 1 to 9999: what can be written again as a date."""


@kernel
def is_leap(year: int) -> bool:
    """Whether a year has 366 days."""
    return (year % 4 == 0 and year % 100 != 0) or year % 400 == 0


@kernel
def day_number(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date of the Gregorian calendar."""
    before = year - 1
    days = 365 * before + before // 4 - before // 100 + before // 400 - 719_162
    return days + int(DAYS_BEFORE[month - 1]) + (1 if month > 2 and is_leap(year) else 0) + day - 1


@kernel
def is_digit(buffer: Bytes, position: int, stop: int) -> bool:
    """Whether there is a decimal digit at a position before `stop`."""
    return position < stop and 48 <= buffer[position] <= 57


@kernel
def two_digits(buffer: Bytes, position: int, stop: int) -> int:
    """The number in exactly two digits at a position, or -1."""
    if position + 2 > stop:
        return -1
    tens, ones = np.int64(buffer[position]) - 48, np.int64(buffer[position + 1]) - 48
    return int(tens * 10 + ones) if 0 <= tens <= 9 and 0 <= ones <= 9 else -1


@kernel
def named(buffer: Bytes, position: int, stop: int, name: int) -> int:
    """The position after a name, whatever its case, or -1 when it is not there."""
    first, last = NAME_ENDS[name], NAME_ENDS[name + 1]
    if stop - position < last - first:
        return -1
    for k in range(last - first):
        byte = buffer[position + k]
        if 65 <= byte <= 90:
            byte += 32
        if byte != NAME_BYTES[first + k]:
            return -1
    return int(position + last - first)


@kernel
def offset(buffer: Bytes, position: int, stop: int, zulu: bool, prefixed: bool) -> tuple[int, int]:
    """An offset from UTC in any of its shapes: +1 (only after GMT), +01, +0100, +01:00, each with seconds too.

    Returns
    -------
    position, seconds : the position after the offset, -1 when there is none; east of Greenwich is positive
    """
    if position >= stop:
        return -1, 0
    if zulu and buffer[position] == 90:
        return position + 1, 0
    after_prefix = False
    if prefixed and stop - position >= 2:
        a, b = buffer[position], buffer[position + 1]
        c = buffer[position + 2] if stop - position >= 3 else np.uint8(0)
        if (a == 71 and b == 77 and c == 84) or (a == 85 and b == 84 and c == 67):  # GMT, UTC
            position += 3
            after_prefix = True
        elif a == 85 and b == 84:
            position += 2
            after_prefix = True
    if position >= stop or (buffer[position] != 43 and buffer[position] != 45):
        return (position, 0) if after_prefix else (-1, 0)
    sign = -1 if buffer[position] == 45 else 1
    hours = two_digits(buffer, position + 1, stop)
    if hours >= 0:
        position += 3
    elif after_prefix and is_digit(buffer, position + 1, stop):
        hours = int(np.int64(buffer[position + 1]) - 48)
        position += 2
    else:
        return -1, 0
    seconds = hours * 3600
    colon = 1 if position < stop and buffer[position] == 58 else 0
    for unit in (60, 1):
        if colon and (position >= stop or buffer[position] != 58):
            break
        number = two_digits(buffer, position + colon, stop)
        if number < 0:
            break
        if number > 59:
            return -1, 0
        seconds += number * unit
        position += 2 + colon
    if seconds > 18 * 3600:
        return -1, 0
    return position, sign * seconds


@kernel
def zone_name_end(buffer: Bytes, position: int, stop: int) -> int:
    """The position after the letters, digits and signs that can make up the name of a time zone."""
    while position < stop:
        byte = buffer[position]
        letter = 65 <= byte <= 90 or 97 <= byte <= 122 or byte == 95
        if not (letter or 48 <= byte <= 58 or byte == 47 or byte == 43 or byte == 45):  # 58 is the colon
            break
        position += 1
    return position


@kernel
def name_at(buffer: Bytes, position: int, stop: int, first: int, last: int) -> tuple[int, int]:
    """Which of the names from `first` to before `last` begins at a position, and the position after it, or -1."""
    for name in range(first, last):
        after = named(buffer, position, stop, name)
        if after >= 0:
            return name - first, after
    return 0, -1


@kernel
def zone(buffer: Bytes, position: int, stop: int, registers: Ints) -> int:
    """The position after an offset or the name of a time zone, or -1; which of them it is goes into the registers."""
    end = zone_name_end(buffer, position, stop)
    after, seconds = offset(buffer, position, stop, True, True)
    if after >= 0 and after == end:
        registers[OFFSET_SECONDS] = seconds
        return end
    if end == position:
        return -1
    registers[ZONE_START], registers[ZONE_STOP] = position, end
    return end


@kernel
def date_of(registers: Ints) -> int:
    """The day that the registers tell, in days from 1970; UNSET when they tell none, or one that does not exist."""
    year = int(registers[YEAR])
    if year == UNSET and registers[SHORT_YEAR] != UNSET:
        year = 2000 + int(registers[SHORT_YEAR])
    if year < 1 or year > 9999:
        return UNSET
    month, day = int(registers[MONTH]), int(registers[DAY])
    if month == UNSET:
        of_year = int(registers[DAY_OF_YEAR])
        if of_year < 1 or of_year > (366 if is_leap(year) else 365):
            return UNSET
        return day_number(year, 1, 1) + of_year - 1
    if month < 1 or month > 12 or day < 1:
        return UNSET
    length = int(DAYS_BEFORE[month] - DAYS_BEFORE[month - 1]) + (1 if month == 2 and is_leap(year) else 0)
    return day_number(year, month, day) if day <= length else UNSET


@kernel
def within(value: int, low: int, high: int) -> bool:
    """Whether a register is unset or in its range."""
    return value == UNSET or low <= value <= high


@kernel
def hour_of(registers: Ints) -> int:
    """The hour of the day that the registers tell, 0 when they are silent, -1 when there is no such hour."""
    if not within(registers[HOUR], 0, 23) or not within(registers[CLOCK_HOUR], 1, 24):
        return -1
    if not within(registers[HALF_HOUR], 0, 11) or not within(registers[HALF_CLOCK_HOUR], 1, 12):
        return -1
    if registers[HOUR] != UNSET:
        return int(registers[HOUR])
    if registers[CLOCK_HOUR] != UNSET:
        return int(registers[CLOCK_HOUR]) % 24
    hour = 0
    if registers[HALF_HOUR] != UNSET:
        hour = int(registers[HALF_HOUR])
    elif registers[HALF_CLOCK_HOUR] != UNSET:
        hour = int(registers[HALF_CLOCK_HOUR]) % 12
    return hour + 12 if registers[HALF] == 2 else hour


@kernel
def time_of(registers: Ints) -> int:
    """The milliseconds since midnight that the registers tell, fractions cut off; -1 when there is no such time."""
    if registers[NANO_OF_DAY] != UNSET:
        millis = int(registers[NANO_OF_DAY]) // 1_000_000
        return millis if millis < 86_400_000 else -1
    if registers[MILLI_OF_DAY] != UNSET:
        millis = int(registers[MILLI_OF_DAY])
        return millis if millis < 86_400_000 else -1
    hour = hour_of(registers)
    if hour < 0 or not within(registers[MINUTE], 0, 59) or not within(registers[SECOND], 0, 59):
        return -1
    if not within(registers[NANO_OF_SECOND], 0, 999_999_999):
        return -1
    seconds = hour * 3600
    if registers[MINUTE] != UNSET:
        seconds += int(registers[MINUTE]) * 60
    if registers[SECOND] != UNSET:
        seconds += int(registers[SECOND])
    millis = 0
    if registers[NANO_OF_SECOND] != UNSET:
        millis = int(registers[NANO_OF_SECOND]) // 1_000_000
    elif registers[FRACTION] != UNSET:
        millis = int(registers[FRACTION]) * 1000 // 10 ** int(registers[FRACTION_DIGITS])
    return seconds * 1000 + millis


@kernel
def instants(
    buffer: Bytes, starts: Positions, stops: Positions, operations: Ints, literals: Bytes
) -> tuple[Ints, Flags, Positions, Positions]:
    """The instants written in the spans, by one pattern, which must fit each text from its first to its last byte.

    Parameters
    ----------
    buffer : (bytes,)
    starts, stops : (rows,) spans in it
    operations : (operations, 5) the compiled pattern
    literals : (bytes,) what LITERAL operations refer to

    Returns
    -------
    times : (rows,) epoch milliseconds, of the wall clock where the row names a zone; 0 where not dated
    dated : (rows,) whether the text fits the pattern and tells a date that exists
    zone_starts, zone_stops : (rows,) span of the name of the zone, empty where there is none
    """
    rows, length = len(starts), len(operations)
    times, dated = np.zeros(rows, np.int64), np.zeros(rows, np.bool_)
    zone_starts, zone_stops = np.zeros(rows, np.int32), np.zeros(rows, np.int32)
    registers = np.empty(REGISTERS, np.int64)
    kept = np.empty((length + 1, REGISTERS), np.int64)
    kept_position, kept_operation = np.empty(length + 1, np.int64), np.empty(length + 1, np.int64)
    for row in range(rows):
        position, stop = int(starts[row]), int(stops[row])
        registers[:] = UNSET
        at = depth = 0
        while at < length:
            code, a, b = operations[at, 0], operations[at, 1], operations[at, 2]
            after = position
            # Numbers and literals are most of every pattern: they are read here, without a call.
            if code == NUMBER:
                most, reserved = operations[at, 3], operations[at, 4]
                limit = stop if reserved > 0 else min(stop, position + most)
                while after < limit and 48 <= buffer[after] <= 57:
                    after += 1
                after = min(after - reserved, position + most)
                if after - position < b:
                    after = -1
                value = 0
                for k in range(position, after):
                    if value < 100_000_000_000_000_000:  # beyond, it is out of any range as it is
                        value = value * 10 + int(np.int64(buffer[k]) - 48)
                registers[a] = value
                if a == FRACTION:
                    registers[FRACTION_DIGITS] = after - position
            elif code == LITERAL:
                after = position + b - a
                if after > stop:
                    after = -1
                for k in range(position, after):
                    if buffer[k] != literals[a + k - position]:
                        after = -1
                        break
            elif code == NAME:
                name, after = name_at(buffer, position, stop, b, operations[at, 3])
                registers[a] = name % operations[at, 4] + 1
            elif code == OFFSET:
                after, seconds = offset(buffer, position, stop, a == 1, b == 1)
                registers[OFFSET_SECONDS] = seconds
            elif code == ZONE:
                after = zone(buffer, position, stop, registers)
            elif code == OPEN:
                kept[depth] = registers
                kept_position[depth], kept_operation[depth] = position, a
                depth += 1
            else:
                depth -= 1
            if after >= 0:
                position = after
                at += 1
            elif depth > 0:
                # The optional section is not there: go on behind it, as if it had not been tried.
                depth -= 1
                registers[:] = kept[depth]
                position, at = int(kept_position[depth]), int(kept_operation[depth])
            else:
                break
        if at < length or position != stop:
            continue
        day, millis = date_of(registers), time_of(registers)
        if day == UNSET or millis < 0:
            continue
        time = day * 86_400_000 + millis
        if registers[OFFSET_SECONDS] != UNSET:
            time -= registers[OFFSET_SECONDS] * 1000
        elif registers[ZONE_START] != UNSET:
            zone_starts[row], zone_stops[row] = registers[ZONE_START], registers[ZONE_STOP]
        if EARLIEST_MS <= time <= LATEST_MS:
            times[row], dated[row] = time, True
    return times, dated, zone_starts, zone_stops


@kernel
def changed(buffer: Bytes, starts: Positions, stops: Positions) -> Flags:
    """Where a span holds other bytes than the span before it; the first always does.

    Parameters
    ----------
    buffer : (bytes,)
    starts, stops : (spans,) spans in it

    Returns
    -------
    changed : (spans,)
    """
    differs = np.ones(len(starts), np.bool_)
    for row in range(1, len(starts)):
        start, before = starts[row], starts[row - 1]
        length = stops[row] - start
        if length != stops[row - 1] - before:
            continue
        same = 0
        while same < length and buffer[start + same] == buffer[before + same]:
            same += 1
        differs[row] = same < length
    return differs


@kernel
def epochs(buffer: Bytes, starts: Positions, stops: Positions, shift: int) -> tuple[Ints, Flags]:
    """The instants written in the spans as decimal numbers since 1970, exact, fractions of a millisecond cut off.

    Parameters
    ----------
    buffer : (bytes,)
    starts, stops : (rows,) spans in it
    shift : 3 when the numbers are seconds, 0 when they are milliseconds

    Returns
    -------
    times : (rows,) epoch milliseconds; 0 where not dated
    dated : (rows,) whether there is a number and it falls in the years 1 to 9999
    """
    rows = len(starts)
    times, dated = np.zeros(rows, np.int64), np.zeros(rows, np.bool_)
    for row in range(rows):
        position, stop = int(starts[row]), int(stops[row])
        negative = position < stop and buffer[position] == 45
        if position < stop and (negative or buffer[position] == 43):
            position += 1
        value = 0
        power = shift
        digits = 0
        rest = False  # whether digits that no longer fit were not all zero
        pointed = False
        while position < stop:
            byte = buffer[position]
            if 48 <= byte <= 57:
                digits += 1
                if value < 100_000_000_000_000_000:
                    value = value * 10 + int(np.int64(buffer[position]) - 48)
                    power -= pointed
                else:
                    rest |= byte != 48
                    power += not pointed
            elif byte == 46 and not pointed:
                pointed = True
            else:
                break
            position += 1
        if digits == 0:
            continue
        if position < stop:
            if buffer[position] != 101 and buffer[position] != 69:
                continue
            position += 1
            sign = 1
            if position < stop and (buffer[position] == 45 or buffer[position] == 43):
                sign = -1 if buffer[position] == 45 else 1
                position += 1
            if position == stop:
                continue
            exponent = 0
            while is_digit(buffer, position, stop):
                if exponent < 10_000:
                    exponent = exponent * 10 + int(np.int64(buffer[position]) - 48)
                position += 1
            if position < stop:
                continue
            power += sign * exponent
        while power > 0 and value != 0 and value <= LATEST_MS:
            value *= 10
            power -= 1
        while power < 0 and value != 0:
            rest |= value % 10 != 0
            value //= 10
            power += 1
        if negative:
            value = -value - 1 if rest else -value
        if EARLIEST_MS <= value <= LATEST_MS:
            times[row], dated[row] = value, True
    return times, dated
