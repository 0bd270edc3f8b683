"""Which analysis a detector gets, and what the engine asks of any of them."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from tailmass.analysis.arrays import Arrays
from tailmass.analysis.calendar import Calendar
from tailmass.analysis.clock import Advance
from tailmass.analysis.detector import DetectorAnalysis, Findings, Names
from tailmass.analysis.dictionary import Dictionary, Pairs
from tailmass.analysis.footprint import Cardinalities, Entities
from tailmass.analysis.places import PlaceAnalysis
from tailmass.analysis.population import PopulationAnalysis
from tailmass.analysis.rare import RareAnalysis
from tailmass.analysis.rareover import RareOverAnalysis
from tailmass.analysis.times import SLOTS, TimeAnalysis
from tailmass.columns import Columns, Ints
from tailmass.jobs import Detector


class Analysis(Protocol):
    """A detector at work: rows in, findings out."""

    @property
    def detector(self) -> Detector:
        """The configuration."""

    @property
    def measures(self) -> tuple[str, ...]:
        """What findings may be about."""

    @property
    def pairs(self) -> tuple[Pairs, ...]:
        """All pairs of values that have ids."""

    @property
    def entities(self) -> Entities:
        """How many values and series it has met."""

    @property
    def size_bytes(self) -> int:
        """Bytes of all that lasts, counted."""

    def most_bytes(self, more: int) -> int:
        """The same at most, once rows with so many different values have come."""

    def bytes_of(self, expected: Cardinalities) -> int:
        """The same once all values that are expected have been met often."""

    def advance(self, columns: Columns, ids: Mapping[str, Ints], advance: Advance) -> Findings:
        """Add admitted rows to the open buckets, and judge the buckets that they close."""

    def interim(self, first: int, until: int) -> Findings:
        """Judge the open buckets `first` to `until - 1` as they stand."""

    def clear(self, first: int, until: int) -> None:
        """Forget the rows of the open buckets `first` to `until - 1`."""

    def names(self, series: Ints) -> Names:
        """Partition, by and over values of series."""

    def state(self, prefix: str) -> Arrays:
        """All that was learnt, as arrays."""

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the analysis that `state` was taken of."""


def analysis(
    detector: Detector, dictionaries: Mapping[str, Dictionary], span: int, slots: int, calendar: Calendar,
    summary: str | None = None, *, correlated: bool = False,
) -> Analysis:  # fmt: skip
    """The analysis of a detector; the arguments are those of `DetectorAnalysis`.

    Only a detector of a number, with a by and without an over field, has what can be correlated.
    """
    if detector.definition.measures == ("rare",):
        if detector.over_field_name:
            return RareOverAnalysis(detector, dictionaries, span, summary)
        return RareAnalysis(detector, dictionaries, span)
    if detector.definition.measures[0] in SLOTS:
        return TimeAnalysis(detector, dictionaries, span, calendar)
    if detector.definition.measures == ("lat_long",):
        return PlaceAnalysis(detector, dictionaries, span)
    if detector.over_field_name:
        return PopulationAnalysis(detector, dictionaries, span, slots, summary)
    correlated = correlated and detector.by_field_name is not None
    return DetectorAnalysis(detector, dictionaries, span, slots, calendar, summary, correlated=correlated)
