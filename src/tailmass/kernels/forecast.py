"""What a series is expected to do: the predictor, let go on without values.

The residual of every bucket ahead is what the autoregression makes of those before it, and the variance of an error h
buckets ahead is

    s^2 (1 + psi_1^2 + ... + psi_(h-1)^2) + h q,    psi_j = phi_1 psi_(j-1) + ... + phi_4 psi_(j-4),  psi_0 = 1

with q = (s g)^2 the variance of a step of the level, g its gain. No second model, so that a forecast and a detection
cannot disagree.

References
----------
Box & Jenkins (1970), Time series analysis: forecasting and control (the psi weights).
"""

import math

import numpy as np

from tailmass.columns import Floats, Ints
from tailmass.kernels import cycle, exceedances, noise, predict, season, state, student
from tailmass.kernels.cycle import Cycles
from tailmass.kernels.jit import kernel
from tailmass.kernels.observe import BOUND
from tailmass.kernels.season import DAY, WEEK
from tailmass.kernels.state import Model

MOST_LAGGED = 1e3  # of s^2: coefficients on the brink of instability must not make the bounds infinite


@kernel
def forecast(
    model: Model, cycles: Cycles, i: int, span: int, first: int, local: Ints, counts: bool
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Buckets of series `i` from number `first` on.

    Parameters
    ----------
    span : seconds of a bucket
    local : (buckets,) seconds by which local time is ahead of UTC
    counts : whether nothing can be below 0

    Returns
    -------
    mean, lower, upper : (buckets,) unit of the data; 95 % of the values are expected within the bounds. NaN if the
        series has met no value
    """
    exact, brief, day, week, noises, _, _, _ = model
    mean, lower, upper = np.full(len(local), np.nan), np.full(len(local), np.nan), np.full(len(local), np.nan)
    if brief[i, state.UPDATES] == 0.0:
        return mean, lower, upper
    s, sp = state.level(exact, brief, i), state.spread(brief, i)
    unit = exact[i, state.UNIT] if exact[i, state.UNIT] > 0.0 else 1.0
    step = np.float64(brief[i, state.STEP])
    day_open = season.openness(state.gate(brief, i, state.DAY_GATE))
    week_open = season.openness(state.gate(brief, i, state.WEEK_GATE))
    row_of, cycle_exact, cycle_brief = cycles
    j = row_of[i]
    cycle_open = season.openness(cycle.gate(cycle_brief, j)) if j >= 0 else 0.0
    floor = predict.predict(s, first, 0.0).floor
    lags, quick = predict.shares(s, floor)
    line = exceedances.tilt(state.exceedances(brief, i))
    reach = student.quantile(0.5 * 10.0 ** -exceedances.reach(line, -math.log10(2.0 * BOUND)))
    per_day = DAY / span
    drift = 1.0 / max(7.0 * per_day, 200.0)
    p0, p1, p2, p3 = s.phi
    r0, r1, r2, r3 = s.past
    if first - s.last > predict.STALE + 1.0:
        r0, r1, r2, r3 = 0.0, 0.0, 0.0, 0.0
    w0, w1, w2, w3 = 0.0, 0.0, 0.0, 0.0
    lagged = 0.0
    for h in range(-int(min(first - s.last - 1.0, predict.STALE + 1.0)), len(local)):
        r = p0 * r0 + p1 * r1 + p2 * r2 + p3 * r3
        r0, r1, r2, r3 = r, r0, r1, r2
        weight = p0 * w0 + p1 * w1 + p2 * w2 + p3 * w3 if lagged > 0.0 else 1.0
        w0, w1, w2, w3 = weight, w0, w1, w2
        lagged = min(MOST_LAGGED, lagged + weight * weight)
        if h < 0:
            continue  # buckets that have gone by without a value
        time = (first + h) * span + local[h]
        d, share = season.place(time, DAY, day.shape[1])
        daily = season.read(day[i, d], day[i, (d + 1) % day.shape[1]], share, step)
        w, share = season.place(time, WEEK, week.shape[1])
        weekly = season.read(week[i, w], week[i, (w + 1) % week.shape[1]], share, step)
        v, _ = season.place(time, DAY, noises.shape[1])
        busy = noise.ratio(noises[i, v], noises[i, (v + 1) % noises.shape[1]], per_day / noises.shape[1])
        spread = busy * lagged + (h + 1.0) * drift * drift
        seasonal = day_open * daily + week_open * weekly
        if j >= 0:
            seasonal += cycle_open * cycle.read(cycle_brief, j, cycle.place(cycle_exact, j, first + h))
        # The lags fade to the seasons, and the quick level stays where it is.
        center = s.level + seasonal + lags * r + (1.0 - lags) * quick * (s.quick - s.level)
        mean[h] = center * unit
        upper[h] = (center + reach * math.sqrt(spread * max(sp.up, floor * floor))) * unit
        lower[h] = (center - reach * math.sqrt(spread * max(sp.down, floor * floor))) * unit
        if counts:
            mean[h], lower[h] = max(0.0, mean[h]), max(0.0, lower[h])
    return mean, lower, upper
