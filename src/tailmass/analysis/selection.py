"""Some of the findings of a detector, and of what they are made of."""

from dataclasses import fields, replace
from typing import Any

import numpy as np

from tailmass.analysis.detector import LEAST_PROBABILITY, THRESHOLD, Causes, Findings
from tailmass.analysis.explanation import Explanation
from tailmass.columns import Flags, Floats
from tailmass.kernels.rate import evidence_as_rare

_OF_BUCKETS = frozenset({"explanation", "causes", "updates", "closed", "values"})
"""The fields of findings that are no arrays of one entry a finding."""


def chosen(found: Findings, keep: Flags, causes: Flags | None = None) -> Findings:
    """The findings under a mask, without those that have no cause left.

    Parameters
    ----------
    keep : (found,)
    causes : of all findings, those to keep; None for all of them, and where findings have none
    """
    if found.causes is None or causes is None:
        return found if keep.all() else _at(found, keep, None)
    return found if keep.all() and causes.all() else _with(found, found.causes, keep, causes)


def _with(found: Findings, causes: Causes, keep: Flags, kept: Flags) -> Findings:
    """Findings with some of their causes.

    Where the worst cause goes, the finding is as improbable as its worst one left makes it. The probability of a person
    grows with that of its cause, and by no greater factor (`peers.worth_telling`).
    """
    kept = kept & np.repeat(keep, np.diff(causes.offsets))
    before = np.concatenate([[0], np.cumsum(kept)])
    sizes = np.diff(before[causes.offsets])
    was, now = causes.probability[causes.offsets[:-1]], np.ones(len(found.series))
    now[sizes > 0] = causes.probability[kept][before[causes.offsets[:-1]][sizes > 0]]
    probability, evidence = _less_improbable(found, now / was)
    keep = (sizes > 0) & (probability <= THRESHOLD)
    kept = kept & np.repeat(keep, np.diff(causes.offsets))
    left = Causes(
        offsets=np.concatenate([[0], np.cumsum(sizes[keep])]).astype(np.int64),
        by=None if causes.by is None else [causes.by[k] for k in np.flatnonzero(kept)],
        probability=causes.probability[kept],
        feature=causes.feature[kept],
        actual=causes.actual[kept],
        typical=causes.typical[kept],
    )
    worst = left.offsets[:-1]
    found = _at(replace(found, probability=probability, evidence=evidence), keep, left)
    return replace(found, feature=left.feature[worst], actual=left.actual[worst], typical=left.typical[worst])


def _less_improbable(found: Findings, factor: Floats) -> tuple[Floats, Floats]:
    """Probability and evidence of findings whose probability grows by a factor; as they are where it is one."""
    less = factor > 1.0
    probability, evidence = found.probability.copy(), found.evidence.copy()
    probability[less] = np.clip(found.probability[less] * factor[less], LEAST_PROBABILITY, 1.0)
    evidence[less] = evidence_as_rare(-np.log10(probability[less]))
    return probability, evidence


def _at(found: Findings, keep: Flags, causes: Causes | None) -> Findings:
    """The findings under a mask, with these causes."""
    parts: dict[str, Any] = {
        each.name: getattr(found, each.name)[keep]
        for each in fields(found)
        if each.name not in _OF_BUCKETS and getattr(found, each.name) is not None
    }
    explanation = Explanation._make(part[keep] for part in found.explanation)
    return replace(found, **parts, explanation=explanation, causes=causes)
