"""The rates of `kernels.rate`, counted for each partition by itself.

A partition's history fades only when it is looked at, by the buckets that have passed since: one bucket costs what
happens in it, however many partitions there are.
"""

from typing import NamedTuple

from tailmass.columns import Flags, Floats, Ints
from tailmass.kernels.jit import inlined, kernel
from tailmass.kernels.rate import BIN_WIDTH, BINS, REFRACTORY, prior

PRESENT, KNOWN, ONCE = 0, 1, 2
"""What is watched in a bucket: the series with rows, all series that ever had one, or the partition as one thing."""


class Histories(NamedTuple):
    """What is remembered of the events of each partition."""

    events: Floats
    """(partition, BINS) decayed number of events by their evidence."""
    events_at: Ints
    """(partition,) number of the bucket before which they have so decayed."""
    watched: Floats
    """(partition,) decayed series-buckets."""
    watched_at: Ints
    """(partition,) likewise."""
    known: Ints
    """(partition,) series that ever had a row."""
    last: Ints
    """(series,) bucket number of the last event's highest value."""
    height: Floats
    """(series,) its evidence; 0 before the first event."""


class Present(NamedTuple):
    """The series that have rows in consecutive buckets."""

    offsets: Ints
    """(buckets + 1,) where each bucket's entries begin."""
    partition: Ints
    """(entries,)"""
    fresh: Flags
    """(entries,) whether the series never had a row before."""


@kernel
def rates_of_partitions(
    bucket: Ints, partition: Ints, series: Ints, evidence: Floats, present: Present, first: int, keep: float,
    worth: float, counting: int, histories: Histories,
) -> Floats:  # fmt: skip
    """Rate of each unusual value by what was known of its partition when its bucket closed; then that is learnt.

    Parameters
    ----------
    bucket, partition, series, evidence : (found,) position of the bucket, ids, -log10 probability; by bucket
    present : who has rows in the buckets
    first : number of the first bucket
    keep : share of a history kept from one bucket to the next, in (0, 1]
    worth : series-buckets the prior counts for
    counting : PRESENT, KNOWN or ONCE; the prior speaks for one series, or with ONCE for all that are known
    histories : changed in place

    Returns
    -------
    rates : (found,) events a series-bucket, or with ONCE a bucket, with at least this evidence
    """
    out = evidence.copy()
    offsets = present.offsets
    k = 0
    for b in range(len(offsets) - 1):
        number, begin = first + b, k
        for entry in range(offsets[b], offsets[b + 1]):
            if present.fresh[entry]:
                _watch_until(histories, present.partition[entry], number, keep, counting)
                histories.known[present.partition[entry]] += 1
        while k < len(bucket) and bucket[k] == b:
            out[k] = _rate(histories, partition[k], number, evidence[k], keep, worth, counting)
            k += 1
        for j in range(begin, k):
            _remember(histories, partition[j], series[j], number, evidence[j], keep)
        if counting == PRESENT:
            for entry in range(offsets[b], offsets[b + 1]):
                _watch_until(histories, present.partition[entry], number, keep, counting)
                histories.watched[present.partition[entry]] += 1.0
    return out


@kernel
def current_rates_of_partitions(
    number: Ints, partition: Ints, evidence: Floats, keep: float, worth: float, counting: int, histories: Histories
) -> Floats:
    """Rates of values in the buckets of these numbers by what is known now; nothing is learnt."""
    out = evidence.copy()
    for k in range(len(number)):
        out[k] = _rate(histories, partition[k], number[k], evidence[k], keep, worth, counting)
    return out


@inlined
def _watched(histories: Histories, p: int, number: int, keep: float, counting: int) -> float:
    """Series-buckets of a partition before a bucket: those of the past, and of the buckets since it was looked at."""
    since = number - histories.watched_at[p]
    known = histories.known[p]
    if known == 0:
        return 0.0
    if counting == PRESENT:  # its own bucket has been counted already, and fades with the past
        return float(histories.watched[p] * keep**since)
    each = 1.0 if counting == ONCE else float(known)
    lasting = float(since) if keep == 1.0 else keep * (1.0 - keep**since) / (1.0 - keep)
    return float(histories.watched[p] * keep**since + each * lasting)


@inlined
def _watch_until(histories: Histories, p: int, number: int, keep: float, counting: int) -> None:
    """Bring what was watched of a partition up to a bucket."""
    histories.watched[p] = _watched(histories, p, number, keep, counting)
    histories.watched_at[p] = number


@inlined
def _rate(histories: Histories, p: int, number: int, a: float, keep: float, worth: float, counting: int) -> float:
    """(C + K q) / (T + K) as in `kernels.rate`, of one partition."""
    place = min(a / BIN_WIDTH, BINS - 1e-9)
    left = int(place)
    right = 0.0
    for k in range(BINS - 1, left, -1):
        right += histories.events[p, k]
    beyond = right + (1.0 - (place - left)) * histories.events[p, left]
    faded = beyond * keep ** (number - histories.events_at[p]) if beyond > 0.0 else 0.0
    family = max(1.0, float(histories.known[p])) if counting == ONCE else 1.0
    expected = min(1.0, family * prior(a))
    return float((faded + worth * expected) / (_watched(histories, p, number, keep, counting) + worth))


@inlined
def _remember(histories: Histories, p: int, i: int, number: int, u: float, keep: float) -> None:
    """An unusual value of series `i`: an event of its own, or the new height of the running one, or nothing new."""
    height = histories.height[i]
    running = height > 0.0 and number - histories.last[i] <= REFRACTORY
    if running and u <= height:
        return
    fade = keep ** (number - histories.events_at[p])
    for k in range(BINS):
        if histories.events[p, k] > 0.0:
            histories.events[p, k] *= fade
    histories.events_at[p] = number
    if running:
        place = min(BINS - 1, int(height / BIN_WIDTH))
        faded = keep ** (number - histories.last[i])
        histories.events[p, place] = max(0.0, histories.events[p, place] - faded)
    histories.events[p, min(BINS - 1, int(u / BIN_WIDTH))] += 1.0
    histories.last[i] = number
    histories.height[i] = u
