"""How often something at least this unusual appears: a decaying histogram of events, over a stored prior.

    rate(u) = (C(u) + K q(u)) / (T + K)        events a series-bucket with evidence of at least u

C counts the events of the detector's own past with at least u, T the series-buckets it has watched, q the prior and K
its worth in series-buckets. An event is a run of unusual values of one series; its highest one stands for it.
"""

from typing import NamedTuple

import numpy as np

from tailmass.columns import Floats, Ints
from tailmass.kernels.jit import inlined, kernel

BINS = 600
BIN_WIDTH = 0.05  # powers of ten
REFRACTORY = 48  # buckets after which an unusual value is an event of its own
PRIOR_BREAK, PRIOR_AT_BREAK = 3.75, -3.26
PRIOR_BODY, PRIOR_TAIL = 0.49, 0.21


class History(NamedTuple):
    """What a detector remembers of its events."""

    events: Floats
    """(BINS,) decayed number of events by their evidence."""
    watched: Floats
    """(1,) decayed series-buckets."""
    last: Ints
    """(series,) bucket number of the last event's highest value."""
    height: Floats
    """(series,) its evidence; 0 before the first event."""


@inlined
def prior(u: float) -> float:
    """Events a series-bucket with evidence of at least `u`, before anything is known of a series; in (0, 1].

    Two power laws with their seam at u = 3.75, fitted to the public corpora the project measures itself on
    (docs/explanation/scores.md): real data bring far more extremes than 10^-u.
    """
    slope = PRIOR_BODY if u < PRIOR_BREAK else PRIOR_TAIL
    return float(min(1.0, 10.0 ** (PRIOR_AT_BREAK - slope * (u - PRIOR_BREAK))))


def evidence_as_rare(u: Floats) -> Floats:
    """The evidence that comes as often as 10^-u by the prior: where a probability is no model's claim but a count.

    Parameters
    ----------
    u : powers of ten, any shape, at least 1

    Returns
    -------
    evidence : powers of ten, > 0

    >>> float(np.round(prior(evidence_as_rare(np.array([4.0]))[0]), 6))
    0.0001
    """
    above = u + PRIOR_AT_BREAK
    return np.asarray(PRIOR_BREAK + above / np.where(above < 0.0, PRIOR_BODY, PRIOR_TAIL))


@inlined
def beyond(tails: Floats, u: float) -> float:
    """Events with evidence of at least `u`, from the (BINS + 1,) tail sums; linear within a bin."""
    place = min(u / BIN_WIDTH, BINS - 1e-9)
    left = int(place)
    share = place - left
    return float((1.0 - share) * tails[left] + share * tails[left + 1])


@inlined
def add_up(events: Floats, tails: Floats) -> None:
    """Set `tails` (BINS + 1,) to the sums of `events` from each bin on."""
    tails[BINS] = 0.0
    for k in range(BINS - 1, -1, -1):
        tails[k] = tails[k + 1] + events[k]


@kernel
def rates(
    bucket: Ints, series: Ints, evidence: Floats, family: Floats, updates: Ints, first: int, keep: float, worth: float,
    history: History, tails: Floats,
) -> Floats:  # fmt: skip
    """Rate of each unusual value by what was known when its bucket closed; the history then learns the bucket.

    Parameters
    ----------
    bucket, series, evidence : (found,) position of the bucket, series id, -log10 probability; by bucket
    family : (found,) how many series the prior has to speak for
    updates : (buckets,) series watched in each bucket
    first : number of the first bucket
    keep : share of the history kept from one bucket to the next, in (0, 1]
    worth : series-buckets the prior counts for
    history : changed in place
    tails : (BINS + 1,) scratch

    Returns
    -------
    rates : (found,) events a series-bucket with at least this evidence, in (0, 1]
    """
    out = evidence.copy()
    k = 0
    for b in range(len(updates)):
        begin = k
        if k < len(bucket) and bucket[k] == b:
            add_up(history.events, tails)  # afresh: sums carried along would depend on where the call began
        while k < len(bucket) and bucket[k] == b:
            out[k] = _rate(history, tails, evidence[k], family[k], worth)
            k += 1
        for j in range(begin, k):
            _remember(history, series[j], first + b, evidence[j], keep)
        history.watched[0] = keep * (history.watched[0] + updates[b])
        for place in range(BINS):
            history.events[place] *= keep
    return out


@kernel
def current_rates(evidence: Floats, family: Floats, worth: float, history: History, tails: Floats) -> Floats:
    """Rates by what is known now; nothing is learnt. Arguments as for `rates`."""
    out = evidence.copy()
    add_up(history.events, tails)
    for k in range(len(evidence)):
        out[k] = _rate(history, tails, evidence[k], family[k], worth)
    return out


@inlined
def _rate(history: History, tails: Floats, a: float, family: float, worth: float) -> float:
    """(C + K q) / (T + K), q being the prior of one series times the family, and no more than one."""
    expected = min(1.0, family * prior(a))
    return float((beyond(tails, a) + worth * expected) / (history.watched[0] + worth))


@inlined
def _remember(history: History, i: int, bucket: int, u: float, keep: float) -> None:
    """An unusual value of series `i`: an event of its own, or the new height of the running one, or nothing new."""
    height = history.height[i]
    running = height > 0.0 and bucket - history.last[i] <= REFRACTORY
    if running and u <= height:
        return
    if running:
        place = min(BINS - 1, int(height / BIN_WIDTH))
        faded = keep ** (bucket - history.last[i])
        history.events[place] = max(0.0, history.events[place] - faded)
    history.events[min(BINS - 1, int(u / BIN_WIDTH))] += 1.0
    history.last[i] = bucket
    history.height[i] = u
