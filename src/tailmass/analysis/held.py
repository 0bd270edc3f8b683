"""Findings of closed buckets that may still change."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from tailmass.analysis.arrays import Arrays
from tailmass.analysis.detector import Causes, Findings
from tailmass.analysis.explanation import Explanation
from tailmass.analysis.selection import arrays, arrays_of_causes, joined, taken

_NONE = np.zeros(0, np.int64)


class Held:
    """The findings of one detector, by the numbers of their buckets."""

    def __init__(self) -> None:
        self.found: Findings | None = None
        """By bucket number, then by series; None before the first ones."""

    def add(self, found: Findings, first: int) -> None:
        """Take in findings of later buckets, whose positions count from bucket `first`."""
        self.found = self.with_(found, first)

    def with_(self, found: Findings, first: int) -> Findings:
        """What is held, and these findings besides."""
        numbered = replace(found, bucket=found.bucket + first, updates=_NONE, closed=None, values=(), rows=None)
        return numbered if self.found is None else joined([self.found, numbered])

    def forget(self, until: int) -> None:
        """Let go of the findings of buckets below `until`."""
        if self.found is not None:
            self.found = taken(self.found, np.flatnonzero(self.found.bucket >= until))

    def state(self, prefix: str) -> Arrays:
        """What is held, as arrays."""
        if self.found is None:
            return {}
        kept: Arrays = {f"{prefix}.{name}": part.copy() for name, part in arrays(self.found).items()}
        kept |= {f"{prefix}.explanation.{name}": part for name, part in self.found.explanation._asdict().items()}
        causes = self.found.causes
        if causes is not None:
            kept[f"{prefix}.causes.offsets"] = causes.offsets
            kept |= {f"{prefix}.causes.{name}": part for name, part in arrays_of_causes(causes).items()}
            if causes.by is not None:
                encoded = [name.encode() for name in causes.by]
                kept[f"{prefix}.causes.by"] = np.frombuffer(b"".join(encoded), np.uint8)
                kept[f"{prefix}.causes.ends"] = np.cumsum([len(name) for name in encoded], dtype=np.int64)
        return kept

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        self.found = None
        if f"{prefix}.bucket" not in kept:
            return
        parts = {each.name: _part(kept, f"{prefix}.{each.name}") for each in fields(Findings)}
        explanation = Explanation._make(np.array(kept[f"{prefix}.explanation.{name}"]) for name in Explanation._fields)
        causes = None
        if f"{prefix}.causes.offsets" in kept:
            of_causes = {name: _part(kept, f"{prefix}.causes.{name}") for name in Causes._fields}
            causes = Causes(**of_causes | {"by": _texts(kept, f"{prefix}.causes")})
        known: dict[str, Any] = {name: part for name, part in parts.items() if part is not None}
        self.found = Findings(**known, explanation=explanation, causes=causes, updates=_NONE, closed=None)


def _part(kept: Mapping[str, np.ndarray[Any, Any]], name: str) -> Any:
    return np.array(kept[name]) if name in kept else None


def _texts(kept: Mapping[str, np.ndarray[Any, Any]], prefix: str) -> list[str] | None:
    if f"{prefix}.by" not in kept:
        return None
    text, ends = kept[f"{prefix}.by"].tobytes(), kept[f"{prefix}.ends"].tolist()
    return [text[begin:end].decode() for begin, end in zip([0, *ends], ends, strict=False)]
