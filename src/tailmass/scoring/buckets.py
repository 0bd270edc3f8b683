"""Records of a bucket to the bucket: the family-wise rate of its most unusual record."""

import numpy as np

from tailmass.columns import Floats, Ints
from tailmass.scoring.rate import score


def bucket_scores(bucket: Ints, rate: Floats, probability: Floats, watched: Ints) -> tuple[Floats, Floats]:
    """Anomaly score and probability of each bucket.

    Whatever the rate of a record for its own series, a job that watches N series meets such a one N times as often: the
    bucket is scored by N times the smallest rate of its records.

    Parameters
    ----------
    bucket : (records,) position of each record's bucket
    rate : (records,) events a week and series with at least its evidence
    probability : (records,) in (0, 1]
    watched : (buckets,) series that met a value, over all detectors

    Returns
    -------
    anomaly_score : (buckets,) 0 to 100; 0 where there is no record
    probability : (buckets,) that the least probable of N independent values is so improbable; 1 without a record
    """
    lowest = np.full(len(watched), np.inf)
    np.minimum.at(lowest, bucket, rate)
    least = np.ones(len(watched))
    np.minimum.at(least, bucket, probability)
    family = np.maximum(watched, 1)
    scores = np.where(np.isfinite(lowest), score(np.where(np.isfinite(lowest), lowest, 1.0) * family), 0.0)
    probabilities = -np.expm1(family * np.log1p(-np.minimum(least, 1.0 - 1e-16)))
    return scores, np.where(np.isfinite(lowest), np.clip(probabilities, least, 1.0), 1.0)
