"""Decimal text to the nearest double, a column at a time."""

import numpy as np
import numpy.typing as npt

from tailmass.columns import Flags, Floats
from tailmass.kernels.delimited import Bytes, Positions
from tailmass.kernels.jit import kernel

Words = npt.NDArray[np.uint64]

SMALLEST_POWER, LARGEST_POWER = -342, 308
"""Nineteen digits times a power of ten outside of these is zero or infinite."""


def _powers() -> tuple[Words, Words]:
    """The leading 128 bits of 10**q for every q, cut off below, as high and low words."""
    high, low = [], []
    for q in range(SMALLEST_POWER, LARGEST_POWER + 1):
        five = 5 ** abs(q)
        if q < 0:
            five = (1 << (2 * five.bit_length() + 128)) // five
        bits = five.bit_length()
        five = five << (128 - bits) if bits < 128 else five >> (bits - 128)
        high.append(five >> 64)
        low.append(five & 0xFFFF_FFFF_FFFF_FFFF)
    return np.array(high, np.uint64), np.array(low, np.uint64)


HIGH, LOW = _powers()
EXACT = np.array([10.0**q for q in range(23)])

ONE, NINE, THIRTY_TWO = np.uint64(1), np.uint64(9), np.uint64(32)
MASK_32, MASK_9 = np.uint64(0xFFFF_FFFF), np.uint64(0x1FF)
TEN = np.uint64(10)


@kernel
def product(a: np.uint64, b: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The 128 bits of a * b, as high and low word."""
    a1, a0, b1, b0 = a >> THIRTY_TWO, a & MASK_32, b >> THIRTY_TWO, b & MASK_32
    low, mid, cross, high = a0 * b0, a1 * b0, a0 * b1, a1 * b1
    carry = (low >> THIRTY_TWO) + (mid & MASK_32) + (cross & MASK_32)
    return high + (mid >> THIRTY_TWO) + (cross >> THIRTY_TWO) + (carry >> THIRTY_TWO), a * b


@kernel
def nearest_double(mantissa: np.uint64, power: int) -> np.uint64:
    """The bits of the double nearest to mantissa * 10**power, or 0 where this method cannot tell.

    References
    ----------
    Lemire (2021), Number parsing at a gigabyte per second, Software: Practice and Experience 51(8).
    """
    if mantissa == 0 or power < SMALLEST_POWER or power > LARGEST_POWER:
        return np.uint64(0)
    shift = 0
    while mantissa >> np.uint64(63) == 0:
        mantissa <<= ONE
        shift += 1
    high, low = product(mantissa, HIGH[power - SMALLEST_POWER])
    if high & MASK_9 == MASK_9 and low + mantissa < low:
        # The bits that were cut off the power could carry into the result: take its next 64 bits too.
        more_high, more_low = product(mantissa, LOW[power - SMALLEST_POWER])
        merged = low + more_high
        if merged < low:
            high += ONE
        if high & MASK_9 == MASK_9 and merged + ONE == 0 and more_low + mantissa < more_low:
            return np.uint64(0)
        low = merged
    top = high >> np.uint64(63)
    fraction = high >> (top + NINE)
    # floor(power * log2(10)) by a multiplication; 1023 is the bias of a double's exponent.
    exponent = ((217706 * power) >> 16) + 64 + 1023 - shift - (1 - np.int64(top))
    if low == 0 and high & MASK_9 == 0 and fraction & np.uint64(3) == ONE:
        return np.uint64(0)  # half way between two doubles, as far as one can see
    fraction = (fraction + (fraction & ONE)) >> ONE
    if fraction >> np.uint64(53) > 0:
        fraction >>= ONE
        exponent += 1
    if exponent < 1 or exponent > 2046:
        return np.uint64(0)
    return (np.uint64(exponent) << np.uint64(52)) | (fraction & np.uint64((1 << 52) - 1))


@kernel
def decimals(buffer: Bytes, starts: Positions, stops: Positions) -> tuple[Floats, Flags]:
    """The numbers written in the spans.

    Spaces and tabs around a number are allowed. Anything that is not a decimal number with an optional exponent is NaN,
    and so are the words for infinity and for no number.

    Parameters
    ----------
    buffer : (bytes,)
    starts, stops : (rows,) spans in it

    Returns
    -------
    values : (rows,) nearest double, NaN where there is no number
    hard : (rows,) where a number is well formed but too long, too near a tie, too large or too small for this method;
        its value is then still to be found
    """
    rows = len(starts)
    values = np.empty(rows, np.float64)
    bits = values.view(np.uint64)
    hard = np.zeros(rows, np.bool_)
    for row in range(rows):
        values[row] = np.nan
        position, stop = int(starts[row]), int(stops[row])
        while position < stop and (buffer[position] == 32 or buffer[position] == 9):
            position += 1
        while stop > position and (buffer[stop - 1] == 32 or buffer[stop - 1] == 9):
            stop -= 1
        negative = False
        if position < stop and (buffer[position] == 45 or buffer[position] == 43):
            negative = buffer[position] == 45
            position += 1
        mantissa = np.uint64(0)
        digits = significant = power = 0
        pointed = False
        while position < stop:
            byte = buffer[position]
            if 48 <= byte <= 57:
                digits += 1
                mantissa = mantissa * TEN + np.uint64(byte - 48)
                if mantissa != 0:
                    significant += 1
                if pointed:
                    power -= 1
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
            while position < stop and 48 <= buffer[position] <= 57:
                if exponent < 100_000:
                    exponent = exponent * 10 + int(np.int64(buffer[position]) - 48)
                position += 1
            if position < stop:
                continue
            power += sign * exponent
        if significant > 19:
            hard[row] = True
        elif mantissa == 0:
            values[row] = -0.0 if negative else 0.0
        elif mantissa <= np.uint64(1 << 53) and -22 <= power <= 22:
            value = np.float64(mantissa)
            value = value * EXACT[power] if power >= 0 else value / EXACT[-power]
            values[row] = -value if negative else value
        else:
            found = nearest_double(mantissa, power)
            if found == 0:
                hard[row] = True
            else:
                bits[row] = found
                if negative:
                    values[row] = -values[row]
    return values, hard
