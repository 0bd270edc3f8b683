"""What a job is going to take of memory, before it has seen a row."""

from collections.abc import Mapping
from typing import Any

from tailmass.analysis.dictionary import dictionary_bytes
from tailmass.analysis.footprint import Cardinalities
from tailmass.engine.pipeline import Pipeline
from tailmass.errors import InvalidValue
from tailmass.jobs import Job

NAME_LENGTH = 12


def estimate(
    job: Job | Mapping[str, Any] | str | bytes, values: Mapping[str, int], *, name_length: int = NAME_LENGTH
) -> int:
    """Bytes that a job has as its `modelBytes` once it has met all its series often enough for each to have a model.

    Parameters
    ----------
    job : the configuration, also as JSON or as what JSON is read as
    values : how many values each influencer has, and each field that splits a detector; with several names and commas
        between them, how many combinations of their values there are, which is otherwise taken to be all of them
    name_length : bytes of a value, on average

    Raises
    ------
    InvalidValue : an influencer or a field that splits a detector is missing, another field is given, or a number is
        not positive
    AnalysisStartError : the job asks for something this version does not analyse

    >>> job = {"analysisConfig": {"detectors": [{"function": "count", "byFieldName": "host"}]}}
    >>> round(estimate(job, {"host": 1000}) / 1000)
    2349
    """
    configuration = job if isinstance(job, Job) else Job.parse(job)
    pipeline = Pipeline(configuration)
    analysis = configuration.analysis_config
    split = {name for each in analysis.detectors for name in each.split_fields}
    fields = sorted(split.union(filter(None, analysis.influencers)))
    for name, number in values.items():
        strange = [each for each in name.split(",") if each not in fields]
        if strange:
            raise InvalidValue(
                f"{strange[0]!r} splits no detector and is no influencer: those that are one or the other are "
                f"{', '.join(fields) or 'none'}"
            )
        if number < 1:
            raise InvalidValue(f"{name!r} cannot have {number} values: give 1 or more")
    missing = [name for name in fields if name not in values]
    if missing:
        what = "splits a detector" if missing[0] in split else "is an influencer"
        raise InvalidValue(f"how many values has {missing[0]!r}, which {what}? Give their number, too")
    names = sum(dictionary_bytes(values[name], name_length * values[name]) for name in fields)
    expected = Cardinalities(values)
    partitions = pipeline.partitions.bytes_of(expected) if pipeline.partitions is not None else 0
    return names + pipeline.memory.bytes_of(expected) + partitions
