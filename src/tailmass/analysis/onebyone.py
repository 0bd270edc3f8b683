"""Findings about series, or about persons of populations, each of which is unusual by itself and not among so many."""

from typing import NamedTuple

import numpy as np

from tailmass.analysis import peers
from tailmass.analysis.detector import Causes, Findings
from tailmass.analysis.explanation import Texts, looking_like
from tailmass.analysis.membership import Membership
from tailmass.columns import Floats, Ints


class Told(NamedTuple):
    """What was unusual, each member of a population at most once a bucket; (found,) arrays."""

    bucket: Ints
    """Position of the bucket."""
    member: Ints
    probability: Floats
    evidence: Floats
    actual: Floats
    typical: Floats
    kind: Texts
    key: Ints
    """By which the rows of each are kept for its influencers."""


def one_by_one(told: Told, members: Membership, bucket: Ints, member: Ints, updates: Ints) -> Findings:
    """Findings about persons, the most unusual thing that each did in a bucket speaking for it.

        p = 1 - (1 - min p_j)^n        of a person that was looked at in n populations, which are those of by values

    Parameters
    ----------
    told : what was unusual
    members : who they are
    bucket, member : (m,) everybody that was looked at
    updates : (buckets,) members that are watched
    """
    person = members.persons_of(told.member)
    tests = np.ones(len(person), np.int64)
    if not members.alone:
        once = peers.first_of_each(bucket, member)
        tests = peers.occurrences(bucket[once], members.persons_of(member[once]), told.bucket, person)
    # Everybody is a population of its own, so that others make nothing more or less probable.
    worth = peers.worth_telling(told.bucket, person, told.probability, tests, person, np.ones(len(person), np.int64))
    worst = worth.causes[worth.offsets[:-1]]
    nothing = np.zeros(len(worth.causes), np.int64)
    causes = Causes(
        offsets=worth.offsets,
        by=members.by(told.member[worth.causes]),
        probability=told.probability[worth.causes],
        feature=nothing,
        actual=told.actual[worth.causes],
        typical=told.typical[worth.causes],
        key=told.key[worth.causes],
    )
    return Findings(
        bucket=worth.bucket,
        series=worth.person,
        evidence=told.evidence[worst],
        probability=worth.probability,
        feature=nothing[: len(worst)],
        actual=told.actual[worst],
        typical=told.typical[worst],
        explanation=looking_like(told.kind[worst]),
        updates=updates,
        closed=None,
        causes=causes if members.compared else None,
        keys=told.key[worst],
    )
