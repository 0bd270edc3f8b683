"""How often evidence comes on public data, to which `kernels.rate.prior` is fitted: `python -m benchmarks.prior`.

Events are counted as the calibration of a job counts them: a run of unusual values is one, its highest stands for it.
"""

from collections.abc import Iterator

import numpy as np

from benchmarks import kit, quality
from tailmass.columns import Floats
from tailmass.kernels.rate import PRIOR_AT_BREAK, PRIOR_BODY, PRIOR_BREAK, PRIOR_TAIL, REFRACTORY

SETS = ("nab", "kpi", "wsd", "asd", "smd")
LEVELS = (1.5, 3.0, 5.0, 8.0)
GRID = np.arange(1.5, 10.01, 0.25)
METRICS = 8  # of a machine at most
QUIET = 20  # series of each generator in which nothing happens


def heights(evidence: Floats) -> Floats:
    """The highest evidence of each event."""
    found: list[float] = []
    last = -REFRACTORY - 1
    for row in np.flatnonzero(evidence > 0.0).tolist():
        if row - last > REFRACTORY:
            found.append(float(evidence[row]))
        elif evidence[row] > found[-1]:
            found[-1] = float(evidence[row])
        else:
            continue
        last = row
    return np.array(found)


def rates(tools: kit.Kit, kind: str, at: Floats) -> Floats:
    """Events a series-bucket with evidence of at least each of `at`, over a set; "null" is where nothing happens."""
    tall, buckets = [], 0
    for times, values in _series(tools, kind):
        # As records would have it: a value is told from a probability of 0.035 down.
        evidence = quality.scores(times, values)
        tall.append(heights(np.where(evidence >= 1.456, evidence, 0.0)))
        buckets += len(values)
    every = np.concatenate(tall)
    return np.array([(every >= least).sum() for least in at]) / buckets


def _series(tools: kit.Kit, kind: str) -> Iterator[tuple[Floats, Floats]]:
    if kind == "null":
        for generator in tools.null.KINDS:
            for index in range(QUIET):
                yield tools.null.series(generator, index)
        return
    folder = tools.data
    for what in (
        tools.corpora.nab_files(folder / "nab").values() if kind == "nab" else tools.corpora.files(kind, folder)
    ):
        series = tools.corpora.read(kind, what)
        for column in series.values.T[:METRICS]:
            yield series.times, np.ascontiguousarray(column)


def main() -> None:
    """Print the rates, the line fitted to their mean over the public sets, and the one that ships."""
    tools = kit.load()
    every = {kind: np.log10(rates(tools, kind, GRID)) for kind in (*SETS, "null")}
    for kind, found in every.items():
        print(f"{kind:5}", "  ".join(f"a = {a:g}: {np.interp(a, GRID, found):.1f}" for a in LEVELS))
    mean = np.mean([every[kind] for kind in SETS], axis=0)
    best = min((_fit(mean, seam) for seam in GRID[4:-8]), key=lambda each: each[0])
    print("fitted: break {1:.2f}, there {2:.2f}, slopes {3:.2f} and {4:.2f}, off by {0:.3f}".format(*best))
    print(f"ships:  break {PRIOR_BREAK:.2f}, there {PRIOR_AT_BREAK:.2f}, slopes {PRIOR_BODY:.2f} and {PRIOR_TAIL:.2f}")


def _fit(mean: Floats, seam: float) -> tuple[float, float, float, float, float]:
    off = GRID - seam
    parts = np.column_stack([np.ones(len(GRID)), -np.minimum(off, 0.0), -np.maximum(off, 0.0)])
    (there, body, tail), *_ = np.linalg.lstsq(parts, mean, rcond=None)
    error = float(np.sqrt(np.mean((parts @ [there, body, tail] - mean) ** 2)))
    return error, float(seam), float(there), float(body), float(tail)


if __name__ == "__main__":
    main()
