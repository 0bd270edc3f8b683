"""Geohashes to latitudes and longitudes, a column at a time."""

import numpy as np

from tailmass.columns import Flags, Floats
from tailmass.kernels.delimited import Bytes, Positions
from tailmass.kernels.jit import kernel

DIGITS = "0123456789bcdefghjkmnpqrstuvwxyz"
DIGITS_READ = 12
"""A cell of so many digits is four centimetres wide, and its middle a double without rounding; more say nothing new."""

_NONE = 255


def _values() -> Bytes:
    """(256,) the value of each byte as a digit, in either case."""
    values = np.full(256, _NONE, np.uint8)
    for value, digit in enumerate(DIGITS):
        values[ord(digit)] = values[ord(digit.upper())] = value
    return values


VALUES = _values()


@kernel
def geohashes(buffer: Bytes, starts: Positions, stops: Positions) -> tuple[Floats, Floats, Flags]:
    """The middle of the cell that each geohash names.

    Every digit is five bits. They halve, in turn, the longitudes from -180 to 180 and the latitudes from -90 to 90,
    where 1 keeps the upper half: after b bits with the value k the middle is low + (k + 1/2) * width / 2^b.

    Parameters
    ----------
    buffer : (bytes,)
    starts, stops : (n,) spans in it

    Returns
    -------
    latitude, longitude : (n,) degrees, in (-90, 90) and (-180, 180); 0 where the span is no geohash
    known : (n,) whether the span is a geohash: digits alone, and at least one

    References
    ----------
    Morton (1966), A computer oriented geodetic data base and a new technique in file sequencing, IBM. The digits are
    those of Niemeyer's geohash (2008).
    """
    rows = len(starts)
    latitude, longitude, known = np.zeros(rows), np.zeros(rows), np.zeros(rows, np.bool_)
    for row in range(rows):
        south = west = 0
        bits = 0
        good = stops[row] > starts[row]
        for position in range(starts[row], stops[row]):
            value = VALUES[buffer[position]]
            if value == _NONE:
                good = False
                break
            if position - starts[row] >= DIGITS_READ:
                continue
            for shift in range(4, -1, -1):
                bit = (value >> shift) & 1
                if bits % 2 == 0:
                    west = 2 * west + bit
                else:
                    south = 2 * south + bit
                bits += 1
        if good:
            known[row] = True
            latitude[row] = (south + 0.5) * 180.0 / (1 << (bits // 2)) - 90.0
            longitude[row] = (west + 0.5) * 360.0 / (1 << (bits - bits // 2)) - 180.0
    return latitude, longitude, known
