"""Records of a bucket to the bucket: how much is unusual in all, and how often the job meets that."""

import numpy as np

from tailmass.columns import Floats, Ints

NOISE = 1.0
"""Evidence that any series has now and then: it does not add to that of others."""


def bucket_evidence(bucket: Ints, evidence: Floats, buckets: int) -> Floats:
    """What the records of each bucket say together, in powers of ten; (buckets,), 0 where there is no record.

        a = 1 + sqrt(sum of max(0, a_i - 1)^2)

    A single record says what it says; many moderate ones say more than any of them. No independence is assumed, as the
    sum is then held against what this very job has had of it.

    Parameters
    ----------
    bucket : (records,) position of each record's bucket
    evidence : (records,) powers of ten

    >>> bucket_evidence(np.array([0, 2, 2]), np.array([5.0, 4.0, 5.0]), 3).tolist()
    [5.0, 0.0, 6.0]
    """
    squares = np.zeros(buckets)
    np.add.at(squares, bucket, np.maximum(0.0, evidence - NOISE) ** 2)
    return np.where(squares > 0.0, NOISE + np.sqrt(squares), 0.0)


def bucket_probability(bucket: Ints, probability: Floats, watched: Ints) -> Floats:
    """Chance that the least probable of all independent values of a bucket is as improbable; 1 without a record.

    Parameters
    ----------
    bucket : (records,) position of each record's bucket
    probability : (records,) in (0, 1]
    watched : (buckets,) series that met a value, over all detectors
    """
    least = np.ones(len(watched))
    np.minimum.at(least, bucket, probability)
    together = -np.expm1(np.maximum(watched, 1) * np.log1p(-np.minimum(least, 1.0 - 1e-16)))
    return np.where(least < 1.0, np.clip(together, least, 1.0), 1.0)
