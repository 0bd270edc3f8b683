"""Student's t with five degrees of freedom, the shape of surprises: a polynomial tail is never absurdly certain."""

import math

from tailmass.kernels.jit import inlined, part


@inlined
def tail(z: float) -> float:
    """P(T > z), z >= 0: (8 / 3 pi) times the integral of sin^4 over [0, atan(sqrt 5 / z)].

    The closed form cancels for small angles, hence the series there, which is within 1e-9 of it at the seam.
    """
    if z <= 0.0:
        return 0.5
    a = math.atan(math.sqrt(5.0) / z)
    if a > 0.3:
        sine = math.sin(a)
        return (a - sine * math.cos(a) * (1.0 + 2.0 / 3.0 * sine * sine)) / math.pi
    a2 = a * a
    series = 0.2 - a2 * (2.0 / 21.0 - a2 * (1.0 / 45.0 - a2 * (34.0 / 10_395.0 - a2 * 62.0 / 184_275.0)))
    return 8.0 / (3.0 * math.pi) * a2 * a2 * a * series


@part
def quantile(p: float) -> float:
    """The z with P(T > z) = p, for p in (1e-9, 0.5], by bisection to one part in a million."""
    low, high = 0.0, 200.0
    while high - low > 1e-6 * high:
        middle = 0.5 * (low + high)
        if tail(middle) > p:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
