"""The slow twin of `kernels.geohash`: halve the world, bit by bit.

Written from the docstring of the kernel; it shares no code with it.
"""

DIGITS = "0123456789bcdefghjkmnpqrstuvwxyz"


def middle(geohash: str) -> tuple[float, float] | None:
    """Latitude and longitude of the middle of the cell, None where the text is no geohash."""
    if not geohash or any(digit.lower() not in DIGITS for digit in geohash):
        return None
    bits = "".join(f"{DIGITS.index(digit.lower()):05b}" for digit in geohash[:12])
    south, north, west, east = -90.0, 90.0, -180.0, 180.0
    for position, bit in enumerate(bits):
        if position % 2 == 0:
            half = (west + east) / 2
            west, east = (half, east) if bit == "1" else (west, half)
        else:
            half = (south + north) / 2
            south, north = (half, north) if bit == "1" else (south, half)
    return (south + north) / 2, (west + east) / 2
