"""New results, read once for everyone who waits for something in them."""

import numpy as np
import polars as pl

from tailmass.results import Batch, Bucket

Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]


class News:
    """A batch of results as those who wait look at it: a few numbers for each of its buckets, in order of time.

    Parameters
    ----------
    batch : what has just been written
    """

    def __init__(self, batch: Batch) -> None:
        of_bucket = batch.buckets["anomaly_score"].to_numpy()
        self.interim = batch.interim
        self.scores: dict[str, Numbers] = {
            "bucket": of_bucket,
            # A bucket scores what the highest of its bucket influencers does.
            "bucketinfluencer": of_bucket,
            "influencer": _highest_influencers(batch),
        }
        """The highest score of each type of result, (bucket,) each; -inf where there is no such result."""
        self.probabilities: Numbers = batch.buckets["max_normalized_probability"].to_numpy()
        """The highest `normalizedProbability` of the records, (bucket,)."""
        self._batch = batch
        self._made: dict[int, Bucket] = {}

    def bucket(self, position: int) -> Bucket:
        """The bucket at a position, with its records and influencers; the same one for all who ask."""
        if position not in self._made:
            self._made[position] = self._batch.bucket(position)
        return self._made[position]


def _highest_influencers(batch: Batch) -> Numbers:
    highest = batch.influencers.group_by("timestamp").agg(pl.col("anomaly_score").max())
    of_buckets = batch.buckets.select("timestamp").join(highest, on="timestamp", how="left", maintain_order="left")
    return of_buckets["anomaly_score"].fill_null(-np.inf).to_numpy()
