"""What series did around a record: kept while a source is analysed, to be drawn afterwards."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from tailmass.analysis.analyses import Analysis
from tailmass.analysis.detector import Findings
from tailmass.columns import Floats, Ints
from tailmass.jobs import Job

AROUND_SECONDS = 86_400
MOST_BUCKETS = 48  # on either side

Kept = list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.float32]]]


class Trends:
    """The values of all series in all closed buckets, eight bytes each.

    Parameters
    ----------
    job : the configuration whose pipeline reports to `keep`
    """

    def __init__(self, job: Job) -> None:
        self._span = job.analysis_config.bucket_span
        self._measures = [each.definition.measures for each in job.analysis_config.detectors]
        self._first = 0
        self._kept: dict[tuple[int, str], Kept] = {}
        self._detectors: Sequence[Analysis] = ()
        self._ids: dict[int, dict[Any, int]] = {}

    def follow(self, detectors: Sequence[Analysis]) -> None:
        """Know whose ids the series have."""
        self._detectors = detectors

    def keep(self, index: int, first: int, found: Findings) -> None:
        """Take over what detector `index` saw in the bucket `first` and those after it."""
        if found.closed is None:
            return
        if not self._kept:
            self._first = first
        series = found.closed.series.astype(np.int32)
        for measure, values in zip(self._measures[index], found.values, strict=True):
            kept = self._kept.setdefault((index, measure), [])
            kept.append((np.diff(found.closed.offsets), series, values.astype(np.float32)))

    def around(self, record: Mapping[str, Any]) -> tuple[Ints, Floats]:
        """Starts of buckets (n,) in epoch seconds and values (n,) of a record's series around the record's bucket."""
        index = int(record["detector_index"])
        if (index, self._measure(index, record)) not in self._kept:  # it is about no number
            return np.zeros(0, np.int64), np.zeros(0)
        sizes, series, values = self._table(index, self._measure(index, record))
        reach = min(MOST_BUCKETS, max(1, AROUND_SECONDS // self._span))
        bucket = _seconds(record["timestamp"]) // self._span - self._first
        begin, end = max(0, bucket - reach), min(len(sizes), bucket + reach + 1)
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        part = slice(int(offsets[begin]), int(offsets[end]))
        wanted = series[part] == self._id(index, record)
        buckets = np.repeat(np.arange(begin, end), sizes[begin:end])[wanted]
        return (buckets + self._first) * self._span, values[part][wanted].astype(np.float64)

    def _measure(self, index: int, record: Mapping[str, Any]) -> str:
        measures = self._measures[index]
        return str(record["function_description"]) if len(measures) > 1 else measures[0]

    def _table(self, index: int, measure: str) -> tuple[Any, Any, Any]:
        kept = self._kept[index, measure]
        if len(kept) > 1:
            sizes, series, values = (np.concatenate(parts) for parts in zip(*kept, strict=True))
            self._kept[index, measure] = kept = [(sizes, series, values)]
        return kept[0]

    def _id(self, index: int, record: Mapping[str, Any]) -> int:
        if index not in self._ids:
            kept = self._table(index, self._measure(index, record))[1]
            known = np.arange(kept.max(initial=-1) + 1, dtype=np.int64)
            nothing: list[str | None] = [None] * len(known)
            names = [each or nothing for each in self._detectors[index].names(known)]
            self._ids[index] = {key: i for i, key in enumerate(zip(*names, strict=True))}
        partition, by, over = (record[f"{split}_field_value"] for split in ("partition", "by", "over"))
        return self._ids[index].get((partition, by, over), -1)  # what began in a bucket that is still open has none


def _seconds(time: Any) -> int:
    return int(time.timestamp()) if isinstance(time, datetime) else int(time)
