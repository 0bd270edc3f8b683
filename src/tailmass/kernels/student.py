"""Student's t with five degrees of freedom, the shape of surprises: a polynomial tail is never absurdly certain."""

import math

from tailmass.kernels.jit import inlined

LOG_DENSITY_AT_0 = math.log(8.0 / (3.0 * math.pi * math.sqrt(5.0)))


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


@inlined
def log_density(z: float) -> float:
    """Natural logarithm of the density at z."""
    return LOG_DENSITY_AT_0 - 3.0 * math.log1p(z * z / 5.0)
