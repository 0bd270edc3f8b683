"""Two detectors on the same series: how much better is the one, and how sure is that?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.kit import Kit

DRAWS = 200
RESULTS = Mapping[str, Any]
"""What `run.figures` of the kit takes of each series of a set, by the name of the series."""


def headline(tools: Kit, kind: str, results: Sequence[Any], worth: Mapping[str, Any]) -> float:
    """The figure to compare of a set: NAB's standard score, UCR's accuracy, the best F1 of the others.

    Series may come more than once, as in a bootstrap; `worth` is what `nab.load` of the kit gives.
    """
    if kind == "nab":
        scores = {f"{place} {name}": found for place, (name, found) in enumerate(results)}
        files = {f"{place} {name}": worth[name] for place, (name, _) in enumerate(results)}
        return float(tools.nab.score(scores, files, "standard")[0])
    if kind == "ucr":
        return float(np.mean([solved for _, solved in results]))
    return float(tools.events.best_f1([counted for counted, *_ in results])[0])


def difference(
    tools: Kit, kind: str, one: RESULTS, other: RESULTS, worth: Mapping[str, Any], *, draws: int = DRAWS, seed: int = 1
) -> tuple[float, float] | None:
    """`headline` of one less that of the other on the series both have, and its standard deviation.

    The deviation is that of a bootstrap over series, the same ones drawn for both; NaN of a single series. None where
    there is nothing to compare: no series in common, or none with an anomaly.
    """
    names = [name for name in one if name in other]
    if not names:
        return None
    chance = np.random.default_rng(seed)

    def at(drawn: Sequence[int]) -> float:
        ours, theirs = ([side[names[i]] for i in drawn] for side in (one, other))
        return headline(tools, kind, ours, worth) - headline(tools, kind, theirs, worth)

    whole = at(range(len(names)))
    if not np.isfinite(whole):
        return None
    if len(names) == 1:
        return whole, float("nan")
    again = np.array([at(chance.integers(0, len(names), len(names)).tolist()) for _ in range(draws)])
    # A draw of NAB files without a single window has no score.
    return whole, float(np.std(again[np.isfinite(again)], ddof=1))
