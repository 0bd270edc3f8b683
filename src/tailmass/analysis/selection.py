"""Some of the findings of a detector, of what they are made of, and findings of several calls as one."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from tailmass.analysis.detector import LEAST_PROBABILITY, THRESHOLD, Causes, Findings
from tailmass.analysis.explanation import Explanation
from tailmass.columns import Flags, Floats, Ints
from tailmass.kernels.rate import evidence_as_rare

_OF_BUCKETS = frozenset({"explanation", "causes", "updates", "closed", "values", "rows"})
"""The fields of findings that are no arrays of one entry a finding."""


def arrays(found: Findings) -> dict[str, Any]:
    """The arrays of one entry a finding, by the names of their fields."""
    parts = {each.name: getattr(found, each.name) for each in fields(found) if each.name not in _OF_BUCKETS}
    return {name: part for name, part in parts.items() if part is not None}


def arrays_of_causes(causes: Causes) -> dict[str, Any]:
    """The arrays of one entry a cause, by the names of their fields."""
    return {name: part for name, part in causes._asdict().items() if name not in ("offsets", "by")}


def chosen(found: Findings, keep: Flags, causes: Flags | None = None) -> Findings:
    """The findings under a mask, without those that have no cause left.

    Parameters
    ----------
    keep : (found,)
    causes : of all findings, those to keep; None for all of them, and where findings have none
    """
    if found.causes is None or causes is None:
        return found if keep.all() else taken(found, np.flatnonzero(keep))
    return found if keep.all() and causes.all() else _with(found, found.causes, keep, causes)


def taken(found: Findings, places: Ints) -> Findings:
    """The findings at these places, in their order."""
    parts = {name: part[places] for name, part in arrays(found).items()}
    explanation = Explanation._make(part[places] for part in found.explanation)
    causes = None if found.causes is None else _taken_causes(found.causes, places)
    return replace(found, **parts, explanation=explanation, causes=causes)


def joined(findings: Sequence[Findings]) -> Findings:
    """Findings of one detector as one; what is known of buckets is that of the first."""
    first, *others = findings
    if not others:
        return first
    each = [arrays(found) for found in findings]
    parts: dict[str, Any] = {name: np.concatenate([part[name] for part in each]) for name in each[0]}
    explanation = Explanation._make(map(np.concatenate, zip(*(found.explanation for found in findings), strict=True)))
    causes = [found.causes for found in findings if found.causes is not None]
    return replace(first, **parts, explanation=explanation, causes=_joined_causes(causes) if causes else None)


def _with(found: Findings, causes: Causes, keep: Flags, kept: Flags) -> Findings:
    """Findings with some of their causes.

    Where the worst cause goes, the finding is as improbable as its worst one left makes it. The probability of a person
    grows with that of its cause, and by no greater factor (`peers.worth_telling`).
    """
    kept = kept & np.repeat(keep, np.diff(causes.offsets))
    before = np.concatenate([[0], np.cumsum(kept)])[causes.offsets]
    some = np.flatnonzero(np.diff(before))
    left = causes._replace(
        offsets=before,
        by=None if causes.by is None else [causes.by[k] for k in np.flatnonzero(kept)],
        **{name: part[kept] for name, part in arrays_of_causes(causes).items()},
    )
    was, now = causes.probability[causes.offsets[some]], left.probability[before[some]]
    found = taken(replace(found, causes=left), some)
    probability, evidence = _less_improbable(found, now / was)
    found = replace(found, probability=probability, evidence=evidence)
    found = taken(found, np.flatnonzero(probability <= THRESHOLD))
    assert found.causes
    worst = found.causes.offsets[:-1]
    return replace(
        found,
        feature=found.causes.feature[worst],
        actual=found.causes.actual[worst],
        typical=found.causes.typical[worst],
    )


def _less_improbable(found: Findings, factor: Floats) -> tuple[Floats, Floats]:
    """Probability and evidence of findings whose probability grows by a factor; as they are where it is one."""
    less = factor > 1.0
    probability, evidence = found.probability.copy(), found.evidence.copy()
    probability[less] = np.clip(found.probability[less] * factor[less], LEAST_PROBABILITY, 1.0)
    evidence[less] = evidence_as_rare(-np.log10(probability[less]))
    return probability, evidence


def _taken_causes(causes: Causes, places: Ints) -> Causes:
    sizes = np.diff(causes.offsets)[places]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    inside = np.repeat(causes.offsets[places] - offsets[:-1], sizes) + np.arange(offsets[-1])
    return causes._replace(
        offsets=offsets,
        by=None if causes.by is None else [causes.by[k] for k in inside.tolist()],
        **{name: part[inside] for name, part in arrays_of_causes(causes).items()},
    )


def _joined_causes(causes: Sequence[Causes]) -> Causes:
    each = [arrays_of_causes(some) for some in causes]
    sizes = np.concatenate([np.diff(some.offsets) for some in causes])
    by = [name for some in causes if some.by is not None for name in some.by]
    return causes[0]._replace(
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        by=None if causes[0].by is None else by,
        **{name: np.concatenate([part[name] for part in each]) for name in each[0]},
    )
