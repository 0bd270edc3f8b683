"""Which values are in nearly every bucket."""

import numpy as np

from tailmass.columns import Flags, Ints
from tailmass.kernels.jit import kernel

NEARLY_EVERY = 0.95
FEWEST = 20  # buckets before a value can be frequent


@kernel
def frequent(
    offsets: Ints, value: Ints, bucket: Ints, asked: Ints, present: Ints, buckets: Ints, learning: bool
) -> Flags:
    """Whether values were in nearly every bucket before the one that is asked about; empty buckets are none.

    Parameters
    ----------
    offsets : (buckets + 1,) where the values of each consecutive bucket begin
    value : (entries,) ids, each once a bucket
    bucket, asked : (asked,) positions of buckets, ascending, and ids
    present : (values,) buckets with each value; changed in place where `learning`
    buckets : (1,) all buckets; likewise
    """
    out = np.zeros(len(asked), np.bool_)
    k = 0
    for b in range(len(offsets) - 1):
        while k < len(asked) and bucket[k] == b:
            out[k] = buckets[0] >= FEWEST and present[asked[k]] >= NEARLY_EVERY * buckets[0]
            k += 1
        if learning and offsets[b + 1] > offsets[b]:
            buckets[0] += 1
            for place in range(offsets[b], offsets[b + 1]):
                present[value[place]] += 1
    return out
