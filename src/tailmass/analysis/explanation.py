"""Why a value was found: what it looks like, what was expected, and which evidence speaks for it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tailmass.columns import Flags, Floats, Ints
from tailmass.results.evidence import SOURCES as SOURCES

Texts = npt.NDArray[np.str_]

_SURPRISE, _WINDOW, _VARIANCE, _SHAPE, _RECALIBRATION = map(
    SOURCES.index, ("surprise", "window", "variance", "shape", "recalibration")
)


class Explanation(NamedTuple):
    """What there is to say of each finding; (found,) arrays in the order of the findings."""

    kind: Texts
    """As `kinds` tells; "" where it is not known."""
    lower: Floats
    """With `upper`, the bounds within which 95 % of values were expected, unit of the data; NaN where not known."""
    upper: Floats
    largest_of: Ints
    """The value is the most extreme on its side of the last so many buckets of its series; 0 where it is not."""
    multi_bucket_impact: Floats
    """In [-5, 5]: 5 if only several buckets together are odd, -5 if only this one is; NaN where not known."""
    contributions: Floats
    """(found, SOURCES) what each source adds to the fused evidence, powers of ten; NaN where not known."""


def looking_like(kind: Texts) -> Explanation:
    """Findings of which no more is known than what they look like; (found,)."""
    unknown = np.full(len(kind), np.nan)
    nothing = np.full((len(kind), len(SOURCES)), np.nan)
    return Explanation(kind, unknown, unknown, np.zeros(len(kind), np.int64), unknown, nothing)


def kinds(actual: Floats, typical: Floats, contributions: Floats, shifted: Flags, silent: Flags) -> Texts:
    """What each finding looks like; the first of these that is true.

    silence      an empty bucket where rows were expected
    level shift  the level of the series has moved
    shape        the shape of the last buckets says most
    variance     their restlessness, or quiet, says most
    drift        several buckets together say more than this one
    spike, dip   the value is high, or low

    The recalibration of the sum says how rare it is and not what it is made of, so it is no candidate for the most.

    Parameters
    ----------
    actual, typical : (found,) what was seen and what was expected, unit of the data
    contributions : (found, SOURCES) powers of ten
    shifted : (found,) whether the level was found to have moved
    silent : (found,) whether the value is an empty bucket of a count

    Returns
    -------
    kinds : (found,) one of the words above; "" where none of them is true, because a value is not a number
    """
    evidence = np.nan_to_num(contributions)
    most = np.max(np.delete(evidence, (_SHAPE, _VARIANCE, _RECALIBRATION), axis=1), axis=1, initial=0.0)
    shape, variance, window = evidence[:, _SHAPE], evidence[:, _VARIANCE], evidence[:, _WINDOW]
    low, high = actual < typical, actual >= typical
    return np.select(
        [
            silent & low,
            shifted,
            (shape > most) & (shape >= variance),
            (variance > most) & (variance > shape),
            window > evidence[:, _SURPRISE],
            high,
            low,
        ],
        ["silence", "level shift", "shape", "variance", "drift", "spike", "dip"],
        default="",
    )
