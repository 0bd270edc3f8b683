"""Consecutive buckets of a job, and what was found in them."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from tailmass.analysis.detector import Findings
from tailmass.analysis.selection import taken
from tailmass.columns import Ints


class Stretch(NamedTuple):
    """Consecutive buckets, and what was found in them."""

    first: int
    """Number of the first bucket."""
    events: Ints
    """(buckets,) rows in each."""
    findings: list[Findings]
    """Of each detector."""

    def part(self, first: int, until: int) -> "Stretch":
        """The buckets `first` to `until - 1` of it."""
        begin, end = first - self.first, until - self.first
        findings = []
        for found in self.findings:
            inside = taken(found, np.flatnonzero((found.bucket >= begin) & (found.bucket < end)))
            findings.append(replace(inside, bucket=inside.bucket - begin, updates=found.updates[begin:end]))
        return Stretch(first, self.events[begin:end], findings)
