"""SPOT with drift, streaming peaks over threshold, by `libspot`: one for what is high, one for what is low.

Parameters: the defaults of libspot, the tail being the outermost 2 %, and 1e-4 as the probability below which a value
is not learnt. Fitted to 500 rows, which leaves ten to a tail, or twice that and so on where those have no tail. The
drift is the paper's difference from a moving average; its length is left to the user, and is 50 rows here.

Siffer, Fouque, Termier & Largouet (2017), Anomaly detection in streams with extreme value theory.
"""

from contextlib import suppress

import numpy as np
from libspot import Spot

from benchmarks.peers.shingles import Floats

ANOMALY, FIT, DEPTH = 1e-4, 500, 50
MOST = 30.0  # powers of ten; of values beyond the end of a bounded tail as well


def scores(timestamps: Floats, values: Floats) -> Floats:
    """-log10 of the tail probability of each value on the side where it is less, in [0, MOST]; 0 during the fit."""
    drifted = _without_drift(np.asarray(values, float))
    return np.maximum(_one_side(drifted), _one_side(-drifted))


def _without_drift(values: Floats) -> Floats:
    """Each value less the mean of the `DEPTH` before it; 0 where there are not so many."""
    out = np.zeros(len(values))
    if len(values) > DEPTH:
        shifted = values - values[0]  # keeps the sums small
        before = np.lib.stride_tricks.sliding_window_view(shifted, DEPTH)[:-1]
        out[DEPTH:] = shifted[DEPTH:] - before.mean(axis=1)
    return out


def _one_side(values: Floats) -> Floats:
    out = np.zeros(len(values))
    begin = DEPTH + FIT
    spot = Spot(ANOMALY)
    while begin < len(values):
        with suppress(RuntimeError):  # there is no tail in values that hardly change
            spot.fit(values[DEPTH:begin].tolist())
            break
        begin *= 2
    for row, value in enumerate(values[begin:].tolist(), begin):
        if value > spot.excess_threshold:
            probability = spot.probability(value)
            out[row] = min(MOST, max(0.0, -np.log10(probability))) if probability > 0.0 else MOST
        spot.step(value)
    return out
