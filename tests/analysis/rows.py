"""Rows for the analysis, and a detector with the clock and the dictionaries that it needs."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from tailmass.analysis.analyses import Analysis, analysis
from tailmass.analysis.calendar import Calendar
from tailmass.analysis.clock import Clock
from tailmass.analysis.detector import DetectorAnalysis, Findings
from tailmass.analysis.dictionary import Dictionary
from tailmass.columns import Columns, Floats, Ints
from tailmass.jobs.grammar import detector
from tailmass.kernels.buckets import ADMITTED

SPAN = 600


def columns(
    times_ms: Sequence[int] | Ints,
    texts: Mapping[str, Sequence[str | None]] | None = None,
    numbers: Mapping[str, Sequence[float] | Floats] | None = None,
) -> Columns:
    """Rows whose times can all be read."""
    return Columns(
        np.array(times_ms, np.int64),
        np.ones(len(times_ms), np.bool_),
        {name: pl.Series(name, list(values), dtype=pl.String) for name, values in (texts or {}).items()},
        {name: np.array(values, np.float64) for name, values in (numbers or {}).items()},
    )


class Watching:
    """One detector of any kind at work on rows.

    Parameters
    ----------
    what : the detector in its short form
    latency : seconds
    zone : whose clocks days and weeks are counted by
    """

    def __init__(self, what: str, *, latency: int = 0, zone: str | None = None) -> None:
        self.detector = detector(what)
        self.clock = Clock(SPAN, latency)
        self.dictionaries = {name: Dictionary() for name in self.detector.split_fields}
        self.analysis: Analysis = analysis(self.detector, self.dictionaries, SPAN, self.clock.slots, Calendar(zone))

    def add(self, rows: Columns) -> Findings:
        """Admit rows, and judge the buckets that close."""
        status, watermark = self.clock.admit(rows)
        admitted = status == ADMITTED
        rows, watermark = rows.take(admitted), watermark[admitted]
        ids = {name: dictionary.ids(rows.texts[name]) for name, dictionary in self.dictionaries.items()}
        return self.analysis.advance(rows, ids, self.clock.run(rows.times, watermark))

    def interim(self) -> Findings:
        """Judge the open buckets as they stand."""
        assert self.clock.first is not None
        assert self.clock.end is not None
        return self.analysis.interim(self.clock.first, self.clock.end)

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        """All that has been learnt."""
        kept = self.clock.state() | self.analysis.state("detector")
        for name, dictionary in self.dictionaries.items():
            kept |= dictionary.state(name)
        return kept

    def restore(self, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        self.clock.restore(kept)
        for name, dictionary in self.dictionaries.items():
            dictionary.restore(name, kept)
        self.analysis.restore("detector", kept)


class Watched(Watching):
    """The same for a detector of one number a series and bucket."""

    analysis: DetectorAnalysis


def told(findings: Findings) -> tuple[np.ndarray[Any, Any], ...]:
    """All that is said of findings but where they are."""
    plain = (getattr(findings, name) for name in ("series", "evidence", "probability", "feature", "actual", "typical"))
    return (*plain, *findings.explanation)


def in_pieces(watched: Watching, rows: Columns, cuts: Sequence[int]) -> list[bytes]:
    """What is found of rows that come in pieces: the bucket, counted from the first of all, and all that is told."""
    edges = [0, *sorted(cuts), len(rows)]
    pieces, closed = [], 0
    for begin, end in pairwise(edges):
        piece = watched.add(rows.take(slice(begin, end)))
        pieces.append((piece.bucket + closed, *told(piece), piece.updates))
        closed += len(piece.updates)
    return [np.concatenate(each).tobytes() for each in zip(*pieces, strict=True)]


def same(one: Findings, other: Findings) -> bool:
    """Whether two findings tell the same of the same buckets, to the last bit."""
    return [each.tobytes() for each in (one.bucket, *told(one), one.updates)] == [
        each.tobytes() for each in (other.bucket, *told(other), other.updates)
    ]


def noise(buckets: int, *, first: int = 0, hosts: int = 3, rows: int = 4, seed: int = 9) -> Columns:
    """So many rows of each host in each bucket, value 10 with deviation 1; hosts are on two sites."""
    shape = (buckets, rows, hosts)
    bucket, row, host = (each.ravel() for each in np.indices(shape))
    names = host.tolist()
    return columns(
        ((bucket + first) * SPAN + row * (SPAN // rows)) * 1000,
        {"host": [f"h{i}" for i in names], "site": [f"s{i % 2}" for i in names]},
        {"value": np.random.default_rng(seed).normal(10.0, 1.0, shape).ravel()},
    )


def joined(parts: Iterable[Columns]) -> Columns:
    """Rows after one another."""
    parts = list(parts)
    return Columns(
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.dated for part in parts]),
        {name: pl.concat([part.texts[name] for part in parts]) for name in parts[0].texts},
        {name: np.concatenate([part.numbers[name] for part in parts]) for name in parts[0].numbers},
    )


def equal(one: Mapping[str, np.ndarray[Any, Any]], other: Mapping[str, np.ndarray[Any, Any]]) -> bool:
    """Whether two states are the same to the last bit."""
    return one.keys() == other.keys() and all(one[name].tobytes() == other[name].tobytes() for name in one)
