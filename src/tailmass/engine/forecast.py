"""What a job expects of one of its series, by the very model that judges it."""

import numpy as np

from tailmass.analysis.detector import DetectorAnalysis
from tailmass.engine.pipeline import Pipeline
from tailmass.errors import InvalidValue
from tailmass.results import Forecast

DAY = 86_400
MOST_BUCKETS = 100_000  # about ten megabytes as JSON


def forecast(
    pipeline: Pipeline, span: int, *, detector_index: int, partition: str | None, by: str | None, duration: int
) -> Forecast:
    """The buckets that follow the last one that closed.

    Parameters
    ----------
    pipeline : what has been learnt
    span : seconds of a bucket
    detector_index, partition, by : which series; None where the detector does not split
    duration : seconds, rounded up to whole buckets

    Raises
    ------
    InvalidValue : there is no such detector or series, or the duration is none
    """
    buckets = -(-duration // span)
    if not 0 < buckets <= MOST_BUCKETS:
        raise InvalidValue(
            f"A forecast of {duration} seconds is {buckets} buckets of {span} seconds: ask for 1 to {MOST_BUCKETS} "
            f"buckets, which is up to {MOST_BUCKETS * span} seconds"
        )
    if not 0 <= detector_index < len(pipeline.detectors):
        raise InvalidValue(
            f"'detectorIndex' is {detector_index}: the detectors of this job are 0 to {len(pipeline.detectors) - 1}"
        )
    analysis = pipeline.detectors[detector_index]
    detector = analysis.detector
    if not isinstance(analysis, DetectorAnalysis):
        raise InvalidValue(
            f"The detector '{detector.label()}' has no series to look ahead in: choose one without 'overFieldName' "
            "whose function is a number a bucket, by 'detectorIndex'"
        )
    partition = _value(analysis, "partition", detector.partition_field_name, partition)
    by = _value(analysis, "by", detector.by_field_name, by)
    if not _is_named(analysis, partition, by):
        raise _unknown(analysis, partition, by)
    found = pipeline.forecast(detector_index, partition, by, buckets)
    if np.isnan(found.mean).all():  # rows name the series, and none of them has a value
        raise _unknown(analysis, partition, by)
    return found


def _value(analysis: DetectorAnalysis, split: str, name: str | None, value: str | None) -> str | None:
    """The value of a split that is meant, if the detector splits like that."""
    label = analysis.detector.label()
    if not name:
        if value is not None:
            raise InvalidValue(
                f"'{split}FieldValue' is {value!r}, but the detector '{label}' has no '{split}FieldName': leave it out"
            )
        return None
    if not value and not analysis.detector.use_null:
        raise InvalidValue(f"The detector '{label}' has a series for every {name!r}: choose one by '{split}FieldValue'")
    return value or ""


def _is_named(analysis: DetectorAnalysis, partition: str | None, by: str | None) -> bool:
    known = len(analysis.series)
    nothing = [None] * known
    partitions, bys = analysis.series.names(np.arange(known))
    return (partition, by) in zip(partitions or nothing, bys or nothing, strict=True)


def _unknown(analysis: DetectorAnalysis, partition: str | None, by: str | None) -> InvalidValue:
    detector = analysis.detector
    values = {detector.partition_field_name: partition, detector.by_field_name: by}
    told = " and ".join(f"{name} {value!r}" for name, value in values.items() if name)
    where = f" with {told}" if told else ""
    return InvalidValue(f"The detector '{detector.label()}' has met no value{where} yet: check the name, or send data")
