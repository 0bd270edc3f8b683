"""What the models of a job expected of the buckets that have closed, where its `modelDebugConfig` asks for it."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import polars as pl

from tailmass.analysis.analyses import Analysis
from tailmass.analysis.detector import DetectorAnalysis
from tailmass.columns import Flags, Floats, Ints
from tailmass.jobs import ModelDebugConfig
from tailmass.kernels.buckets import Closed

BOUNDS = pl.Schema(
    {
        "timestamp": pl.Int64(),
        "partitionFieldName": pl.String(),
        "partitionFieldValue": pl.String(),
        "byFieldName": pl.String(),
        "byFieldValue": pl.String(),
        "debugFeature": pl.String(),
        "debugLower": pl.Float64(),
        "debugUpper": pl.Float64(),
        "debugMean": pl.Float64(),
        "actual": pl.Float64(),
    }
)
"""One row for each bucket, series and feature; the timestamp in epoch milliseconds, the rest as in documents."""


class Bounds:
    """Watches the detectors of a pipeline, and asks their models just before they learn what they expect.

    Only detectors of a number a bucket without an over field have models that expect one, and only series that have met
    a few values have a model. A bucket without a row is there where that means 0.

    Parameters
    ----------
    config : how wide the bounds are, and of which values to tell
    detectors : of the pipeline
    """

    def __init__(self, config: ModelDebugConfig, detectors: Sequence[Analysis]) -> None:
        assert config.bounds_percentile is not None, "without a width there are no bounds"
        self._percentile = config.bounds_percentile
        self._terms = {term.strip() for term in (config.terms or "").split(",")} - {""}
        self._seen: list[pl.DataFrame] = []
        for analysis in detectors:
            if isinstance(analysis, DetectorAnalysis):
                analysis.before_learning = partial(self._look, analysis)

    def drain(self) -> pl.DataFrame:
        """What was seen since this was last asked, in `BOUNDS`: by bucket, as far as one detector goes."""
        seen, self._seen = self._seen, []
        return pl.concat(seen) if seen else pl.DataFrame(schema=BOUNDS)

    def _look(self, analysis: DetectorAnalysis, closed: Closed, values: Sequence[Floats], first: int) -> None:
        detector = analysis.detector
        for index, (measure, measured) in enumerate(zip(analysis.measures, values, strict=True)):
            feature = f"{measure}({detector.field_name})" if detector.field_name else measure
            for bucket, series, actual in _by_bucket(analysis, closed, measured, index):
                partitions, bys, _ = analysis.names(series)
                named = self._named(partitions, bys, len(series))
                mean, lower, upper = analysis.expected(index, series[named], first + bucket, self._percentile)
                time = (first + bucket) * analysis.models[index].watch.span * 1000
                table = pl.DataFrame(
                    {
                        "timestamp": np.full(len(mean), time),
                        "partitionFieldName": [detector.partition_field_name] * len(mean),
                        "partitionFieldValue": _chosen(partitions, named),
                        "byFieldName": [detector.by_field_name] * len(mean),
                        "byFieldValue": _chosen(bys, named),
                        "debugFeature": [feature] * len(mean),
                        "debugLower": lower,
                        "debugUpper": upper,
                        "debugMean": mean,
                        "actual": actual[named],
                    },
                    schema=BOUNDS,
                )
                self._seen.append(table.filter(pl.col("debugMean").is_not_nan()))

    def _named(self, partitions: list[str] | None, bys: list[str] | None, count: int) -> Flags:
        """(count,) which series are asked for."""
        if not self._terms:
            return np.ones(count, np.bool_)
        named = np.zeros(count, np.bool_)
        for names in (partitions, bys):
            if names is not None:
                named |= np.array([name in self._terms for name in names], np.bool_)
        return named


def _by_bucket(
    analysis: DetectorAnalysis, closed: Closed, values: Floats, index: int
) -> Iterator[tuple[int, Ints, Floats]]:
    """For each bucket its position, and of the series in it, ascending, their ids and values."""
    model = analysis.models[index]
    for bucket in range(len(closed.offsets) - 1):
        part = slice(int(closed.offsets[bucket]), int(closed.offsets[bucket + 1]))
        there = ~np.isnan(values[part])
        series, actual = closed.series[part][there], values[part][there]
        if model.watch.dense:
            absent = np.setdiff1d(model.modelled, series)
            series, actual = np.append(series, absent), np.append(actual, np.zeros(len(absent)))
        order = np.argsort(series, kind="stable")
        yield bucket, series[order].astype(np.int64), actual[order]


def _chosen(names: list[str] | None, named: Flags) -> list[str | None]:
    if names is None:
        return [None] * int(named.sum())
    return [name for name, wanted in zip(names, named, strict=True) if wanted]
