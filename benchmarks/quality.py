"""A series through the engine's own models, as a detector for an evaluation kit: one series in, one score a row out.

`scores(timestamps, values)` is strictly causal: the score of a row uses that row and earlier ones only. It is the
evidence of the record that the row would bring, -log10 of its probability; `score=1` gives the record's score of 0 to
100 instead, which also knows how often the series has had such records before.
"""

import numpy as np
import numpy.typing as npt

from tailmass.analysis.model import FeatureModel
from tailmass.kernels.observe import Entries, Watch
from tailmass.scoring.rate import RateCalibration
from tailmass.scoring.rate import score as score_of

SILENT = 33  # rows that fix the bucket span, and are not scored
USUAL_SENSITIVITY = 5.0

Floats = npt.NDArray[np.float64]


def scores(
    timestamps: Floats, values: Floats, *, sensitivity: float = USUAL_SENSITIVITY, score: float = 0, shape: float = 0
) -> Floats:
    """Evidence of every row, in powers of ten; 0 where a row was not scored.

    Parameters
    ----------
    timestamps : (n,) epoch seconds, increasing
    values : (n,) unit of the data; what is not finite is passed over
    sensitivity : weight of a surprise against novelty, 3 to 8
    score : whether to give the record's score instead
    shape : whether to watch for odd forms, too
    """
    span = max(1, round(float(np.median(np.diff(timestamps[:SILENT]))) or 60.0))
    buckets = np.round(np.asarray(timestamps, float) / span).astype(np.int64)
    judged = np.isfinite(values)
    judged[1:] &= buckets[1:] > np.maximum.accumulate(buckets)[:-1]
    rows = np.flatnonzero(judged)
    first = int(buckets[rows[0]])
    offsets = np.zeros(int(buckets[rows[-1]]) - first + 2, np.int64)
    offsets[buckets[rows] - first + 1] = 1
    offsets = np.cumsum(offsets)
    watch = Watch(span, 0, False, False, least=1e-6, sensitivity=sensitivity / USUAL_SENSITIVITY, learning=True)
    entries = Entries(
        offsets=offsets,
        series=np.zeros(len(rows), np.int64),
        values=np.asarray(values, float)[rows],
        rows=np.empty(0),
        local=np.zeros(len(offsets) - 1, np.int64),
        first=first,
    )
    found, updates = FeatureModel(watch, shapes=bool(shape)).learn(entries, 1)
    told = found.evidence
    if score:
        rate = RateCalibration(span).learn(found.bucket, found.series, found.evidence, updates, first, 1)
        told = score_of(rate)
    out = np.zeros(len(values))
    out[rows[offsets[found.bucket]]] = told
    out[rows[:SILENT]] = 0.0
    return out
