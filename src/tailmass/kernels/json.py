"""A stream of JSON objects to spans: where each record ends, and where in it each wanted value stands.

Objects inside objects are walked with their keys joined by dots. What needs more than a span (text with escapes, arrays
of scalars that are wanted) only marks its record as hard: someone slower looks at it again.
"""

import numpy as np

from tailmass.columns import Flags, Ints
from tailmass.kernels.delimited import Bytes, Positions
from tailmass.kernels.jit import kernel

MOST_LEVELS = 256
MOST_BROKEN = 100
"""So many records in a row that cannot be read, and it is no stream of JSON."""
_PATH_BYTES = 4096

OPEN_ARRAYS, BROKEN_TOTAL, BROKEN_RUN, LOST = 0, 1, 2, 3
"""What is remembered from block to block: arrays around the records that are open (0 or 1), records that were broken,
how many of these since the last good one, and whether the reader is between records it cannot make out."""

GOOD, HARD, BROKEN, INCOMPLETE = 0, 1, 2, 3
_KEY_OR_END, _KEY, _COLON, _VALUE, _VALUE_OR_END, _COMMA_OR_END = range(6)
_QUOTE, _BACKSLASH, _COMMA, _LINE_FEED = 34, 92, 44, 10
_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY = 123, 125, 91, 93

_WORDS = ("true", "false", "NaN", "Infinity", "-Infinity", "null")
WORD_BYTES = np.frombuffer("".join(_WORDS).encode(), np.uint8).copy()
WORD_ENDS = np.cumsum([0, *map(len, _WORDS)])
_NULL = 5


@kernel
def is_space(byte: int) -> bool:
    """Whether JSON allows the byte between tokens."""
    return byte == 32 or 9 <= byte <= 10 or byte == 13


@kernel
def is_hex(byte: int) -> bool:
    """Whether the byte is a hexadecimal digit."""
    return 48 <= byte <= 57 or 65 <= byte <= 70 or 97 <= byte <= 102


@kernel
def string_end(buffer: Bytes, position: int) -> tuple[int, int]:
    """The position of the quote that ends the string whose text begins at `position`, and HARD if it has escapes.

    BROKEN where there is a line feed or an escape that does not exist, with its position.
    """
    size = len(buffer)
    status = GOOD
    while position < size:
        byte = buffer[position]
        if byte == _QUOTE:
            return position, status
        if byte == _LINE_FEED:
            return position, BROKEN
        if byte != _BACKSLASH:
            position += 1
            continue
        status = HARD
        if position + 1 >= size:
            break
        escaped = buffer[position + 1]
        if escaped == 117:  # u
            for k in range(position + 2, position + 6):
                if k >= size:
                    return size, INCOMPLETE
                if not is_hex(buffer[k]):
                    return position, BROKEN
            position += 6
            continue
        # " / \ b f n r t
        short = escaped == 98 or escaped == 102 or escaped == 110 or escaped == 114 or escaped == 116
        if not short and escaped != _QUOTE and escaped != _BACKSLASH and escaped != 47:
            return position, BROKEN
        position += 2
    return size, INCOMPLETE


@kernel
def digits_end(buffer: Bytes, position: int) -> int:
    """The position after a run of digits."""
    while position < len(buffer) and 48 <= buffer[position] <= 57:
        position += 1
    return position


@kernel
def number_end(buffer: Bytes, position: int) -> int:
    """The position after the number that begins at `position`, or -1 when it is none."""
    size = len(buffer)
    if position < size and buffer[position] == 45:
        position += 1
    end = digits_end(buffer, position)
    if end == position or (buffer[position] == 48 and end > position + 1):
        return -1
    if end < size and buffer[end] == 46:
        position = end + 1
        end = digits_end(buffer, position)
        if end == position:
            return -1
    if end < size and (buffer[end] == 101 or buffer[end] == 69):
        position = end + 1
        if position < size and (buffer[position] == 45 or buffer[position] == 43):
            position += 1
        end = digits_end(buffer, position)
        if end == position:
            return -1
    return end


@kernel
def word_at(buffer: Bytes, position: int) -> tuple[int, int]:
    """Which word begins at `position`, and the position after it; -1, 0 when none, -1, 1 when one may be cut off."""
    for word in range(len(WORD_ENDS) - 1):
        first, length = WORD_ENDS[word], WORD_ENDS[word + 1] - WORD_ENDS[word]
        same = 0
        while same < length and position + same < len(buffer):
            if buffer[position + same] != WORD_BYTES[first + same]:
                break
            same += 1
        if same == length:
            return word, position + length
        if position + same == len(buffer):
            return -1, 1
    return -1, 0


@kernel
def scalar_end(buffer: Bytes, position: int) -> tuple[int, int, bool]:
    """The position after the number or word at `position`, how it went, and whether it is null."""
    byte = buffer[position]
    if 48 <= byte <= 57 or (byte == 45 and position + 1 < len(buffer) and buffer[position + 1] != 73):
        end = number_end(buffer, position)
        if end >= 0 and end < len(buffer):
            return end, GOOD, False
        # At the end of the block one cannot tell a bad number from one that goes on.
        rest = position
        while rest < len(buffer) and (48 <= buffer[rest] <= 57 or buffer[rest] in (43, 45, 46, 69, 101)):
            rest += 1
        return position, INCOMPLETE if rest == len(buffer) else BROKEN, False
    word, end = word_at(buffer, position)
    if word < 0:
        return position, INCOMPLETE if end == 1 else BROKEN, False
    return end, GOOD, word == _NULL


@kernel
def wanted_slot(path: Bytes, prefix: int, buffer: Bytes, start: int, stop: int, names: Bytes, name_ends: Ints) -> int:
    """Which wanted name is the first `prefix` bytes of `path` with the key in the span behind; -1 for none of them."""
    length = prefix + stop - start
    for slot in range(len(name_ends) - 1):
        first = name_ends[slot]
        if name_ends[slot + 1] - first != length:
            continue
        same = 0
        while same < prefix and path[same] == names[first + same]:
            same += 1
        if same < prefix:
            continue
        while same < length and buffer[start + same - prefix] == names[first + same]:
            same += 1
        if same == length:
            return slot
    return -1


@kernel
def record(
    buffer: Bytes,
    position: int,
    names: Bytes,
    name_ends: Ints,
    starts: Positions,
    stops: Positions,
    row: int,
    path: Bytes,
    levels: Ints,
) -> tuple[int, int, int]:
    """Walk the object that begins at `position` and fill in the spans of its wanted values.

    Parameters
    ----------
    buffer, names, name_ends, starts, stops : as in `json_records`
    path, levels : (_PATH_BYTES,), (2, MOST_LEVELS) room to work in

    Returns
    -------
    position, status, leaves : after the object, or where it is broken; GOOD, HARD, BROKEN or INCOMPLETE; the values in
        it, an array of scalars being one and an array of anything else none
    """
    size = len(buffer)
    is_array, prefixes = levels[0], levels[1]  # of each open object or array; the length of the path to it
    is_array[0] = prefixes[0] = 0
    depth = leaves = key_start = key_stop = 0
    slot = array_depth = array_slot = -1
    plain_array = True
    hard = False
    expected = _KEY_OR_END
    position += 1
    for each in range(len(starts)):
        starts[each, row] = stops[each, row] = 0
    while True:
        while position < size and is_space(buffer[position]):
            position += 1
        if position >= size:
            return size, INCOMPLETE, leaves
        byte = buffer[position]
        if expected == _COLON:
            if byte != 58:
                return position, BROKEN, leaves
            position += 1
            expected = _VALUE
            continue
        if expected == _COMMA_OR_END and byte == _COMMA:
            position += 1
            expected = _VALUE if is_array[depth] else _KEY
            continue
        if (byte == _CLOSE_OBJECT and not is_array[depth] and expected in (_KEY_OR_END, _COMMA_OR_END)) or (
            byte == _CLOSE_ARRAY and is_array[depth] and expected in (_VALUE_OR_END, _COMMA_OR_END)
        ):
            position += 1
            if depth == array_depth:
                leaves += plain_array
                hard |= plain_array and array_slot >= 0
                array_depth = -1
            if depth == 0:
                return position, HARD if hard else GOOD, leaves
            depth -= 1
            expected = _COMMA_OR_END
            continue
        if expected == _COMMA_OR_END:
            return position, BROKEN, leaves
        start = position
        status, null = GOOD, False
        if byte == _QUOTE:
            start += 1
            stop = start
            while stop < size and buffer[stop] != _QUOTE and buffer[stop] != _BACKSLASH and buffer[stop] != _LINE_FEED:
                stop += 1
            if stop >= size or buffer[stop] != _QUOTE:
                stop, status = string_end(buffer, stop)
                if status >= BROKEN:
                    return stop, status, leaves
            position = stop + 1
            if expected in (_KEY, _KEY_OR_END):
                key_start, key_stop = start, stop
                hard |= status == HARD
                slot = wanted_slot(path, prefixes[depth], buffer, key_start, key_stop, names, name_ends)
                expected = _COLON
                continue
        elif expected in (_KEY, _KEY_OR_END):
            return position, BROKEN, leaves
        elif byte in (_OPEN_OBJECT, _OPEN_ARRAY):
            if depth + 1 == MOST_LEVELS:
                return position, BROKEN, leaves
            prefix = prefixes[depth]
            if array_depth >= 0:
                plain_array = False
            elif byte == _OPEN_ARRAY:
                array_depth, array_slot, plain_array = depth + 1, slot, True
            elif prefix + key_stop - key_start + 1 > _PATH_BYTES:
                hard = True
            else:
                for k in range(key_start, key_stop):
                    path[prefix] = buffer[k]
                    prefix += 1
                path[prefix] = 46
                prefix += 1
            depth += 1
            prefixes[depth] = prefix
            is_array[depth] = byte == _OPEN_ARRAY
            position += 1
            expected = _VALUE_OR_END if is_array[depth] else _KEY_OR_END
            continue
        else:
            # Most numbers are digits with or without a point: read here, without a call.
            stop = position
            while stop < size and 48 <= buffer[stop] <= 57:
                stop += 1
            if stop + 1 < size and buffer[stop] == 46 and stop > position and 48 <= buffer[stop + 1] <= 57:
                stop += 1
                while stop < size and 48 <= buffer[stop] <= 57:
                    stop += 1
            plain = stop < size and (buffer[stop] == _COMMA or buffer[stop] == _CLOSE_OBJECT)
            if stop == position or byte == 48 or not plain:
                stop, status, null = scalar_end(buffer, position)
                if status >= BROKEN:
                    return stop, status, leaves
            position = stop
        if array_depth < 0:
            leaves += 1
            if slot >= 0:
                hard |= status == HARD
                starts[slot, row] = 0 if null else start
                stops[slot, row] = 0 if null else stop
        expected = _COMMA_OR_END


@kernel
def recovery(buffer: Bytes, position: int, error: int) -> int:
    """Where to go on after the object that begins at `position` turned out broken at `error`; -1 if not in this block.

    Either where its braces close, or where a line begins with a brace, whichever comes first. A string ends with its
    line.
    """
    depth = 0
    quoted = False
    line_begins = False
    while position < len(buffer):
        byte = buffer[position]
        if byte == _LINE_FEED:
            quoted = False
            line_begins = True
        elif quoted:
            if byte == _BACKSLASH and position + 1 < len(buffer) and buffer[position + 1] != _LINE_FEED:
                position += 1
            elif byte == _QUOTE:
                quoted = False
        elif not is_space(byte):
            if byte == _OPEN_OBJECT and line_begins and position >= error:
                return position
            line_begins = False
            if byte == _QUOTE:
                quoted = True
            elif byte in (_OPEN_OBJECT, _OPEN_ARRAY):
                depth += 1
            elif byte in (_CLOSE_OBJECT, _CLOSE_ARRAY):
                depth -= 1
                if depth <= 0 and position >= error:
                    return position + 1
        position += 1
    return -1


@kernel
def json_records(
    buffer: Bytes,
    memory: Ints,
    names: Bytes,
    name_ends: Ints,
    starts: Positions,
    stops: Positions,
    facts: Positions,
    hard: Flags,
) -> tuple[int, int]:
    """Spans of the wanted values of every complete record.

    Parameters
    ----------
    buffer : (bytes,) text that begins between two records
    memory : (4,) see OPEN_ARRAYS and its neighbours; zeros at the beginning of an upload; updated
    names, name_ends : (bytes,), (wanted + 1,) the wanted names one after another, and where each begins
    starts, stops : (wanted, capacity) filled with the span of each value; empty where it is null or not there
    facts : (3, capacity) filled with where each record begins, the position after it, and the values in it
    hard : (capacity,) filled with whether a wanted value is more than the bytes of its span

    Returns
    -------
    records, consumed : how many records were found, and the bytes that are done with. The rest is the beginning of a
        record, unless memory[BROKEN_RUN] has reached MOST_BROKEN.
    """
    size, capacity = len(buffer), len(hard)
    row = position = 0
    path, levels = np.empty(_PATH_BYTES, np.uint8), np.empty((2, MOST_LEVELS), np.int64)
    while position < size and row < capacity and memory[BROKEN_RUN] < MOST_BROKEN:
        byte = buffer[position]
        if is_space(byte) or byte == _COMMA:
            position += 1
        elif byte == _OPEN_ARRAY and memory[OPEN_ARRAYS] == 0:
            memory[OPEN_ARRAYS] = 1
            position += 1
        elif byte == _CLOSE_ARRAY and memory[OPEN_ARRAYS] == 1:
            memory[OPEN_ARRAYS] = 0
            position += 1
        elif byte != _OPEN_OBJECT:
            if memory[LOST] == 0:
                memory[BROKEN_TOTAL] += 1
                memory[BROKEN_RUN] += 1
                memory[LOST] = 1
            position += 1
        else:
            after, status, count = record(buffer, position, names, name_ends, starts, stops, row, path, levels)
            if status == INCOMPLETE:
                break
            if status == BROKEN:
                after = recovery(buffer, position, after)
                if after < 0:
                    break
                memory[BROKEN_TOTAL] += 1
                memory[BROKEN_RUN] += 1
            else:
                facts[0, row], facts[1, row], facts[2, row], hard[row] = position, after, count, status == HARD
                row += 1
                memory[BROKEN_RUN] = 0
            memory[LOST] = 0
            position = after
    return row, position
