"""Delimited text to spans: where each record ends, and where in it each wanted cell begins and stops.

A record ends at a line feed outside quotes; a carriage return before it belongs to the line end. A quote opens a quoted
cell only where the cell begins; inside, a doubled quote is one quote; what follows the closing quote is taken as it
stands, quotes included. (These are the rules of Python's `csv` module.) Empty lines are no records.
"""

import numpy as np
import numpy.typing as npt

from tailmass.columns import Ints
from tailmass.kernels.jit import kernel

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int32]

LINE_FEED = 10
CARRIAGE_RETURN = 13


@kernel
def begins_with(buffer: Bytes, position: int, mark: Bytes) -> bool:
    """Whether the bytes of `mark` (one character, one to four bytes) stand at `position`."""
    if position + len(mark) > len(buffer):
        return False
    for k in range(len(mark)):  # noqa: SIM110  numba compiles no generators
        if buffer[position + k] != mark[k]:
            return False
    return True


@kernel
def unquoted_records(
    buffer: Bytes,
    final: bool,
    delimiter: Bytes,
    slots: Ints,
    starts: Positions,
    stops: Positions,
    ends: Positions,
    cells: Positions,
) -> tuple[int, int]:
    """Spans of the wanted cells of every complete record in text that has no quote in it.

    Parameters
    ----------
    buffer : (bytes,) text that begins where a record begins
    final : whether the text ends here, so that its last record needs no line end
    delimiter : the delimiter's UTF-8 bytes
    slots : (columns,) for each column of the file, the row of `starts` and `stops` it goes to, or -1
    starts, stops : (wanted, capacity) filled with the span of each cell; empty (0, 0) where the record is too short
    ends : (capacity,) filled with the position after each record's line end
    cells : (capacity,) filled with the number of cells in each record

    Returns
    -------
    records, consumed : how many records were found (at most capacity), and the bytes they and empty lines take
    """
    size, capacity, width, wanted = len(buffer), len(ends), len(slots), len(starts)
    first, single = delimiter[0], len(delimiter) == 1
    row = position = consumed = 0
    while position < size and row < capacity:
        begin = position
        cell = 0
        for slot in range(wanted):
            starts[slot, row] = stops[slot, row] = 0
        while position < size:
            byte = buffer[position]
            if byte == LINE_FEED:
                break
            if byte == first and (single or begins_with(buffer, position, delimiter)):
                if cell < width and slots[cell] >= 0:
                    starts[slots[cell], row] = begin
                    stops[slots[cell], row] = position
                cell += 1
                position += len(delimiter)
                begin = position
            else:
                position += 1
        if position >= size and not final:
            break
        stop = position
        if stop > begin and buffer[stop - 1] == CARRIAGE_RETURN:
            stop -= 1
        position = min(position + 1, size)
        consumed = position
        if cell == 0 and stop == begin:
            continue
        if cell < width and slots[cell] >= 0:
            starts[slots[cell], row] = begin
            stops[slots[cell], row] = stop
        ends[row] = position
        cells[row] = cell + 1
        row += 1
    return row, consumed


@kernel
def quoted_records(
    buffer: Bytes,
    final: bool,
    delimiter: Bytes,
    quote: Bytes,
    slots: Ints,
    starts: Positions,
    stops: Positions,
    ends: Positions,
    cells: Positions,
) -> tuple[int, int]:
    """The same as `unquoted_records` for text with quotes in it; `buffer` is overwritten.

    A quoted cell is unquoted in place: its text never gets longer, so what is written stays behind what is read. A
    quote that is still open at the end of the text makes the record incomplete, even when the text is final.
    """
    size, capacity, width, wanted = len(buffer), len(ends), len(slots), len(starts)
    row = position = consumed = 0
    while position < size and row < capacity:
        begin = position
        cell = 0
        complete = blank = False
        for slot in range(wanted):
            starts[slot, row] = stops[slot, row] = 0
        while True:
            start = write = position
            closed = False  # whether a quoted part has come to its end in this cell
            if position < size and buffer[position] == quote[0] and begins_with(buffer, position, quote):
                position += len(quote)
                while position < size:
                    if buffer[position] == quote[0] and begins_with(buffer, position, quote):
                        position += len(quote)
                        if not begins_with(buffer, position, quote):
                            closed = True
                            break
                        for k in range(len(quote)):
                            buffer[write + k] = quote[k]
                        write += len(quote)
                        position += len(quote)
                    else:
                        buffer[write] = buffer[position]
                        write += 1
                        position += 1
                if not closed:
                    break
            plain = position
            at_delimiter = False
            while position < size and buffer[position] != LINE_FEED:
                if buffer[position] == delimiter[0] and begins_with(buffer, position, delimiter):
                    at_delimiter = True
                    break
                buffer[write] = buffer[position]
                write += 1
                position += 1
            if at_delimiter:
                if cell < width and slots[cell] >= 0:
                    starts[slots[cell], row] = start
                    stops[slots[cell], row] = write
                cell += 1
                position += len(delimiter)
                continue
            if position < size or final:
                complete = True
                if position > plain and buffer[write - 1] == CARRIAGE_RETURN:
                    write -= 1
                blank = cell == 0 and not closed and write == begin
            break
        if not complete:
            break
        position = min(position + 1, size)
        consumed = position
        if blank:
            continue
        if cell < width and slots[cell] >= 0:
            starts[slots[cell], row] = start
            stops[slots[cell], row] = write
        ends[row] = position
        cells[row] = cell + 1
        row += 1
    return row, consumed


@kernel
def lines(buffer: Bytes, final: bool, starts: Positions, stops: Positions, ends: Positions) -> tuple[int, int]:
    """Spans of the lines that are not empty, without their line ends.

    Parameters
    ----------
    buffer, final, ends : as in `unquoted_records`
    starts, stops : (1, capacity)

    Returns
    -------
    records, consumed : as in `unquoted_records`
    """
    size = len(buffer)
    row = position = consumed = 0
    while position < size and row < len(ends):
        begin = position
        while position < size and buffer[position] != LINE_FEED:
            position += 1
        if position >= size and not final:
            break
        stop = position
        if stop > begin and buffer[stop - 1] == CARRIAGE_RETURN:
            stop -= 1
        position = min(position + 1, size)
        consumed = position
        if stop > begin:
            starts[0, row], stops[0, row], ends[row] = begin, stop, position
            row += 1
    return row, consumed


@kernel
def joined(buffer: Bytes, starts: Positions, stops: Positions, separator: int) -> Bytes:
    """The texts of the spans, one after another with `separator` between them.

    Parameters
    ----------
    buffer : (bytes,)
    starts, stops : (rows,) spans in it

    Returns
    -------
    text : (total length + rows - 1,), empty when there are no rows
    """
    rows = len(starts)
    size = max(rows - 1, 0)
    for row in range(rows):
        size += stops[row] - starts[row]
    text = np.empty(size, np.uint8)
    write = 0
    for row in range(rows):
        if row > 0:
            text[write] = separator
            write += 1
        for position in range(starts[row], stops[row]):
            text[write] = buffer[position]
            write += 1
    return text
