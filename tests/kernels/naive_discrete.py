"""The slow twins of `kernels.discrete`: sums of all terms, in decimals long enough for nothing to be lost."""

import math
from collections.abc import Iterator, Sequence
from decimal import Context, Decimal, localcontext
from itertools import islice

LONG = Context(prec=60, Emin=-(10**12), Emax=10**12)


def masses(mean: float, size: float, occupied: float = 1.0) -> Iterator[Decimal]:
    """P(Y = 0), P(Y = 1), ... of a negative binomial with dead buckets; Poisson where the size is infinite.

    To be used in `localcontext(LONG)`.
    """
    m, share = Decimal(mean), Decimal(occupied)
    if math.isinf(size):
        mass, q, first = (-m).exp(), Decimal(0), m
    else:
        r = Decimal(size)
        q = m / (m + r)
        mass, first = (r * (r / (r + m)).ln()).exp(), r * q
    yield 1 - share + share * mass
    k = 0
    while True:
        mass *= (first + k * q) / (k + 1)
        k += 1
        yield share * mass


def first_masses(number: int, mean: float, size: float, occupied: float) -> list[float]:
    """The first so many of them."""
    with localcontext(LONG):
        return [float(mass) for mass in islice(masses(mean, size, occupied), number)]


def tails(y: int, mean: float, size: float, occupied: float = 1.0) -> tuple[float, float]:
    """log10 of P(Y < y) + P(Y = y)/2, and of the same above; a tail that is 1 to forty digits is 1."""
    with localcontext(LONG):
        low = high = last = Decimal(0)
        limit = Decimal(mean) / (Decimal(mean) + Decimal(min(size, 1e30)))
        for k, mass in enumerate(masses(mean, size, occupied)):
            if k < y:
                low += mass
            elif k == y:
                low += mass / 2
                high = mass / 2
            else:
                high += mass
                # From 1 on the quotient of a mass and the last goes to its limit from one side.
                bound = max(mass / last, limit) if k > 1 else Decimal(1)
                if bound < 1 and mass * bound / (1 - bound) < high * Decimal("1e-30"):
                    break
            last = mass
        return float(low.log10()), float(high.log10())


def between(y: float, mean: float, size: float, occupied: float) -> tuple[float, float]:
    """The same for any y: on the line between the logarithms at the whole numbers around it."""
    floor = math.floor(max(y, 0.0))
    share = max(y, 0.0) - floor
    one, other = tails(floor, mean, size, occupied), tails(floor + 1, mean, size, occupied)
    return one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])


def evidence(y: float, mean: float, size: float, occupied: float, side: int) -> float:
    """-log10 of the chance of something as far out on the watched side, up to 30."""
    low, high = between(y, mean, size, occupied)
    log = {0: min(0.0, math.log10(2.0) + min(low, high)), 1: high, -1: low}[side]
    return min(30.0, -log)


def silence(means: Sequence[float], size: float) -> float:
    """log10 of the chance of nothing in any of the buckets, each with its own negative binomial of this size."""
    with localcontext(LONG):
        return float(sum((next(masses(mean, size)).log10() for mean in means), Decimal(0)))


def shape(
    values: Sequence[float], means: Sequence[float], pool_size: float, pool_occupied: float
) -> list[tuple[float, float]]:
    """Size and occupancy of the series after each of the values, by weighted means over all values so far.

    The weights of value number i among n are (1 - 1e-4)^(n - i).
    """
    terms: list[tuple[float, float, float]] = []  # weight of the quotient, quotient, chance of having been alive
    learnt = []
    size, occupied = 1.0 / min(1e3, max(1e-12, 1.0 / pool_size)), min(1.0 - 1e-6, max(1e-3, pool_occupied))
    for y, mean in zip(values, means, strict=True):
        empty = (1.0 + mean / size) ** -size if size < 1e9 else math.exp(-mean)
        alive = 1.0 if y > 0.0 else occupied * empty / (occupied * empty + 1.0 - occupied)
        variance = mean + mean**2 / size
        seen = min(max(y, 0.0), mean + 12.0 * math.sqrt(variance) + 2.0)
        terms.append((alive * mean**4 / variance**2, ((seen - mean) ** 2 - seen) / mean**2, alive))
        age = [(1.0 - 1e-4) ** k for k in reversed(range(len(terms)))]
        over = 8.0 / pool_size + sum(a * w * x for a, (w, x, _) in zip(age, terms, strict=True))
        under = 8.0 + sum(a * w for a, (w, _, _) in zip(age, terms, strict=True))
        size = 1.0 / min(1e3, max(1e-12, over / under))
        lived = 20.0 * pool_occupied + sum(a * p for a, (_, _, p) in zip(age, terms, strict=True))
        occupied = min(1.0 - 1e-6, max(1e-3, lived / (20.0 + sum(age))))
        learnt.append((size, occupied))
    return learnt


def lull(values: Sequence[float], means: Sequence[float], pool_gap: float) -> float:
    """log10 of the chance of the gap at the end, from plain means over all gaps, of which there are under a thousand.

    No gap, and no buckets of it, may count for more than what is expected once in a million gaps.
    """
    gaps: list[tuple[float, float, int]] = []  # events expected, buckets that count, buckets
    expected, buckets = 0.0, 0
    for y, mean in zip(values, means, strict=True):
        if y <= 0.0:
            expected, buckets = expected + mean, buckets + 1
            continue
        unit, r = _gap_law(gaps, pool_gap)
        longest = unit * r * (1e6 ** (1.0 / (r + 1.0)) - 1.0)
        share = min(1.0, longest / expected) if expected > 0.0 else 0.0
        gaps.append((expected * share, buckets * share, buckets))
        expected, buckets = 0.0, 0
    unit, r = _gap_law(gaps, pool_gap)
    return -(r + 1.0) * math.log10(1.0 + expected / unit / r)


def _gap_law(gaps: Sequence[tuple[float, float, int]], pool_gap: float) -> tuple[float, float]:
    """Events expected for each that comes by itself, and the size."""
    n = len(gaps)
    if n == 0 or math.fsum(gap for gap, _, _ in gaps) == 0.0:
        return 1.0, (n + 50.0) / (50.0 / pool_gap)
    first = math.fsum(gap for gap, _, _ in gaps) / n
    length = math.fsum(counted for _, counted, _ in gaps) / n
    second = math.fsum(gap * gap * (buckets - 1) / buckets for gap, _, buckets in gaps if buckets) / n
    passed_by = length / (1.0 + length)  # the chance p of a bucket to go by: K buckets have the mean p/(1 - p)
    own = first / length / -math.log(passed_by)
    ratio = max(1.0, second / (2.0 * first**2))
    return (n * own + 50.0) / (n + 50.0), (n + 50.0) / (n * (ratio - 1.0) / ratio + 50.0 / pool_gap)
