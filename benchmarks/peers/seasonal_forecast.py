"""Forecast with intervals, by `statsforecast`: MSTL, anew every day, and how far a value is from what it expected.

Parameters: the defaults of statsforecast's `MSTL` (STL of the day, its trend by `AutoETS`), intervals of 99 % as in
its tutorial on anomaly detection. The documentation does not say how to use it on a stream; here each day of rows is
forecast from the seven days before it.

Bandara, Hyndman & Bergmeir (2021), MSTL: a seasonal-trend decomposition algorithm for time series with multiple
seasonal patterns.
"""

import warnings

import numpy as np
from statsforecast.models import MSTL

from benchmarks.peers.shingles import Floats

DAY, DAYS, LEVEL = 86_400.0, 7, 99
GAPS = 32  # rows whose spacing tells how many rows a day has


def scores(timestamps: Floats, values: Floats) -> Floats:
    """Distance from the forecast in half-widths of its interval; 0 in the first two days."""
    out = np.zeros(len(values))
    season = max(2, round(DAY / float(np.median(np.diff(timestamps[: GAPS + 1])))))
    for begin in range(2 * season + 1, len(values), season):
        past = np.asarray(values[max(0, begin - DAYS * season) : begin], float)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a search for parameters that stopped early
            forecast = MSTL(season_length=season).forecast(y=past, h=season, level=[LEVEL])
        actual = values[begin : begin + season]
        half = 0.5 * (forecast[f"hi-{LEVEL}"] - forecast[f"lo-{LEVEL}"])[: len(actual)]
        floor = 1e-6 * np.abs(past).max() + 1e-12
        out[begin : begin + season] = np.abs(actual - forecast["mean"][: len(actual)]) / np.maximum(half, floor)
    return np.minimum(np.nan_to_num(out), 1e6)
