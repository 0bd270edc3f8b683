"""A machine with many metrics as one job: the score of its buckets, for the evaluation kit.

Beside the kit's own way to score a machine, which is the highest score of its metrics, row by row.
"""

import numpy as np

from benchmarks import job
from tailmass.columns import Floats


def entity_scores(times: Floats, values: Floats) -> Floats:
    """(n,) anomaly score, 0 to 100, of the bucket that ends with each row, in a job over all metrics; else 0.

    Parameters
    ----------
    times : (n,) epoch seconds, increasing
    values : (n, metrics) unit of the data
    """
    buckets = job.run(times, values).buckets
    rows = job.bucket_rows(times, buckets["timestamp"].to_numpy())
    out = np.zeros(len(times))
    out[rows[rows >= 0]] = buckets["anomaly_score"].to_numpy()[rows >= 0]
    return out
