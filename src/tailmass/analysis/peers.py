"""Many persons of populations at once: which of them are worth a record, and what each record is made of.

A person is an over value, for short.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tailmass.analysis.detector import LEAST_PROBABILITY, THRESHOLD, Causes, Findings
from tailmass.analysis.explanation import Texts, looking_like
from tailmass.analysis.gathering import Measured
from tailmass.columns import Flags, Floats, Ints
from tailmass.kernels.rate import evidence_as_rare

MOST_CAUSES = 10


class Worth(NamedTuple):
    """Persons that are worth a record, by bucket, then by id; (found,) arrays."""

    bucket: Ints
    person: Ints
    probability: Floats
    """That any of the population would be so unusual in a bucket."""
    offsets: Ints
    """(found + 1,) where the causes of each begin."""
    causes: Ints
    """Positions in what was compared, the worst of each person first."""


def worth_telling(bucket: Ints, person: Ints, chance: Floats, tests: Ints, population: Ints, peers: Ints) -> Worth:
    """The persons that are unusual even though so many were looked at.

        p_i = 1 - (1 - min chance)^tests        of person i
        q_i = min over j >= i of n p_j / j      the j-th least of n persons of the population in the bucket

    q is the least rate of false discoveries at which a person is among them, and the least q of a bucket is as
    improbable as it says: one person that is far off counts as it would alone, less what n is worth, and many that are
    somewhat off support each other.

    Parameters
    ----------
    bucket, person, chance : (m,) position of the bucket, id, and probability of what the person did
    tests : (m,) values of this person in the bucket that were looked at
    population : (m,) id
    peers : (m,) persons of the population in the bucket

    References
    ----------
    Simes (1986), An improved Bonferroni procedure for multiple tests of significance.
    Benjamini & Hochberg (1995), Controlling the false discovery rate.
    """
    order = np.lexsort((chance, person, bucket))
    bucket, person, chance = bucket[order], person[order], chance[order]
    starts = np.flatnonzero(changes(bucket, person))
    single = -np.expm1(tests[order][starts] * np.log1p(-np.minimum(chance[starts], 1.0 - 1e-16)))
    single = np.maximum(single, chance[starts])
    probability = _false_discovery_rates(bucket[starts], population[order][starts], single, peers[order][starts])
    told = probability <= THRESHOLD
    sizes = np.minimum(np.diff(np.append(starts, len(order))), MOST_CAUSES)[told]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    places = np.repeat(starts[told] - offsets[:-1], sizes) + np.arange(offsets[-1])
    return Worth(bucket[starts][told], person[starts][told], probability[told], offsets, order[places])


def _false_discovery_rates(bucket: Ints, population: Ints, probability: Floats, peers: Ints) -> Floats:
    order = np.lexsort((probability, population, bucket))
    first = changes(bucket[order], population[order])
    group = np.cumsum(first) - 1
    rank = np.arange(len(order)) - np.flatnonzero(first)[group] + 1
    rates = np.minimum(1.0, probability[order] * peers[order] / rank)
    ends = np.append(np.flatnonzero(first)[1:], len(order))
    out = np.empty(len(order))
    for begin, end in zip(np.flatnonzero(first).tolist(), ends.tolist(), strict=False):  # buckets with suspects
        out[order[begin:end]] = np.minimum.accumulate(rates[begin:end][::-1])[::-1]
    return out


def findings(
    worth: Worth, causes: Causes, partition: Ints, kind: Texts, updates: Ints, measured: Measured | None
) -> Findings:
    """Persons that are worth a record, their numbers those of the worst cause.

    Parameters
    ----------
    partition : (found,) id of each person's partition, which is the stream
    kind : (found,) what each looks like
    updates : (buckets,) streams in each bucket
    measured : what each person did, where that is one number of each measure
    """
    worst = causes.offsets[:-1]
    probability = np.clip(worth.probability, LEAST_PROBABILITY, 1.0)
    return Findings(
        bucket=worth.bucket,
        series=worth.person,
        evidence=evidence_as_rare(-np.log10(probability)),
        probability=probability,
        feature=causes.feature[worst],
        actual=causes.actual[worst],
        typical=causes.typical[worst],
        explanation=looking_like(kind),
        updates=updates,
        closed=measured.closed if measured else None,
        values=measured.values if measured else (),
        stream=partition,
        causes=causes,
    )


def occurrences(left: Ints, right: Ints, asked_left: Ints, asked_right: Ints) -> Ints:
    """How often each asked pair of numbers, which are >= 0, is among others; (asked,)."""
    every = np.sort(_packed(left, right, right))
    asked = _packed(asked_left, asked_right, right)
    return (np.searchsorted(every, asked, "right") - np.searchsorted(every, asked, "left")).astype(np.int64)


def first_of_each(left: Ints, right: Ints) -> Ints:
    """Positions of one of each pair of numbers, which are >= 0."""
    return np.unique(_packed(left, right, right), return_index=True)[1].astype(np.int64)


def streams_in(bucket: Ints, partition: Ints, buckets: int) -> Ints:
    """(buckets,) how many partitions each bucket has; `bucket` ascends."""
    once = first_of_each(bucket, partition)
    return np.bincount(bucket[once], minlength=buckets).astype(np.int64)


def _packed(left: Ints, right: Ints, every: Ints) -> npt.NDArray[np.int64]:
    return left * (int(every.max(initial=0)) + 1) + right


def changes(*keys: Ints) -> Flags:
    """Where any of the sorted keys changes; the first is a change."""
    if len(keys[0]) == 0:
        return np.zeros(0, np.bool_)
    return np.append(True, np.any([np.diff(key) != 0 for key in keys], axis=0))
