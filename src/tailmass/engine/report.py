"""Findings to results: the rows that are written for closed or open buckets."""

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from tailmass.analysis.analyses import Analysis
from tailmass.analysis.detector import Findings
from tailmass.analysis.explanation import Explanation
from tailmass.analysis.influence import Influences
from tailmass.columns import Floats, Ints
from tailmass.engine.influencers import Blamed
from tailmass.results import evidence
from tailmass.results.batch import BUCKETS, INFLUENCERS, RECORDS, Batch
from tailmass.results.numbers import feature, probability
from tailmass.scoring.buckets import bucket_probability
from tailmass.scoring.rate import score

MOST_RECORDS = 500  # of a bucket: its least probable ones

_SPLITS = ("partition", "by", "over")
_EXPLAINING = pl.Schema(
    {name: RECORDS[name] for name in ("kind", "lower", "upper", "largest_of", "multi_bucket_impact", *evidence.COLUMNS)}
)


class _Told(NamedTuple):
    """Who is to blame, as clients read it; None where nobody is."""

    records: list[list[dict[str, Any]] | None]
    causes: list[list[dict[str, Any]] | None]


def report(
    detectors: Sequence[Analysis],
    findings: Sequence[Findings],
    rates: Sequence[Floats],
    bucket_rate: Floats,
    blamed: Blamed,
    *,
    first: int,
    span: int,
    events: Ints,
    interim: bool = False,
) -> Batch:
    """The results of consecutive buckets.

    Parameters
    ----------
    detectors, findings, rates : what each detector found, and how often a week and series it would be found
    bucket_rate : (buckets,) how often a week the job meets such a bucket; infinite where nothing was found
    blamed : who is to blame for what was found
    first : number of the first bucket
    span : seconds of a bucket
    events : (buckets,) rows in each
    interim : whether the buckets are still open
    """
    bucket = np.concatenate([found.bucket for found in findings])
    probability = np.concatenate([found.probability for found in findings])
    watched = np.sum([found.updates for found in findings], axis=0)
    anomaly_score = np.max(np.vstack([score(bucket_rate), score(blamed.field_rate)]), axis=0)
    timestamp = (first + np.arange(len(events))) * span
    records = pl.concat(
        [
            _records(index, *each, _told(each[1], who, blamed))
            for (index, each), who in zip(
                enumerate(zip(detectors, findings, rates, strict=True)), blamed.of, strict=True
            )
        ]
    )
    records = records.select(
        pl.Series("timestamp", timestamp[bucket]),
        pl.lit(span, pl.Int64).alias("bucket_span"),
        pl.exclude("timestamp", "bucket_span", "anomaly_score"),
        pl.Series("anomaly_score", anomaly_score[bucket]),
    ).select(RECORDS.names())
    records = _least_probable(records)
    highest, count = np.zeros(len(events)), np.zeros(len(events), np.int64)
    place = records["timestamp"].to_numpy() // span - first
    np.maximum.at(highest, place, records["normalized_probability"].to_numpy())
    np.add.at(count, place, 1)
    together = bucket_probability(bucket, probability, watched)
    buckets = pl.DataFrame(
        {
            "timestamp": timestamp,
            "bucket_span": np.full(len(events), span),
            "anomaly_score": anomaly_score,
            "max_normalized_probability": highest,
            "record_count": count,
            "event_count": events,
            "probability": together,
            "series_watched": watched,
            "bucket_influencers": _bucket_influencers(blamed, bucket_rate, together),
        },
        schema=BUCKETS,
    )
    return Batch(buckets, records, interim, influencers=_influencers(blamed, timestamp, span))


def _influencers(blamed: Blamed, timestamp: Ints, span: int) -> pl.DataFrame:
    """The values that are to blame, by bucket, then by field, the most anomalous first."""
    columns = {
        "timestamp": timestamp[blamed.bucket],
        "bucket_span": np.full(len(blamed.bucket), span),
        "influencer_field_name": [blamed.names[field] for field in blamed.field.tolist()],
        "influencer_field_value": [
            blamed.values[field][value]
            for field, value in zip(blamed.field.tolist(), blamed.value.tolist(), strict=True)
        ],
        "probability": np.maximum(blamed.probability, np.finfo(np.float64).tiny),
        "anomaly_score": score(blamed.rate),
    }
    made = pl.DataFrame(columns, schema=INFLUENCERS)
    order = ["timestamp", "anomaly_score", "influencer_field_name", "influencer_field_value"]
    return made.sort(order, descending=[False, True, False, False], maintain_order=True)


def _bucket_influencers(blamed: Blamed, rate: Floats, probabilities: Floats) -> list[str | None]:
    """What the time, and each field, make of each bucket, as JSON; None where there is nothing to say of the fields."""
    told: list[str | None] = [None] * len(rate)
    found = np.flatnonzero(np.isfinite(rate)) if blamed.names else np.zeros(0, np.int64)
    of_time, of_fields = score(rate), score(blamed.field_rate)
    for bucket in found.tolist():
        each = [("bucketTime", of_time[bucket], probabilities[bucket])]
        each += zip(blamed.names, of_fields[:, bucket], blamed.field_probability[:, bucket], strict=True)
        told[bucket] = json.dumps([[name, float(points), float(chance)] for name, points, chance in each])
    return told


def _told(found: Findings, influences: Influences, blamed: Blamed) -> _Told:
    """Who is to blame for each record, and for each cause, as the lists that clients read."""
    causes: dict[int, dict[str, list[str]]] = {}
    records: dict[int, dict[str, list[str]]] = {}
    order = np.argsort(-influences.influence, kind="stable")
    for finding, claim, field, value in zip(
        *(part[order].tolist() for part in influences[:4]), strict=True
    ):  # the values that were named, which are few
        name, text = blamed.names[field], blamed.values[field][value]
        for told, number in ((causes, claim), (records, finding)):
            values = told.setdefault(number, {}).setdefault(name, [])
            if text not in values:
                values.append(text)
    count = 0 if found.causes is None else int(found.causes.offsets[-1])
    return _Told(_listed(records, len(found.series), blamed.names), _listed(causes, count, blamed.names))


def _listed(
    told: dict[int, dict[str, list[str]]], count: int, names: tuple[str, ...]
) -> list[list[dict[str, Any]] | None]:
    return [
        [
            {"influencerFieldName": name, "influencerFieldValues": told[number][name]}
            for name in names
            if name in told[number]
        ]
        if number in told
        else None
        for number in range(count)
    ]


def _records(index: int, analysis: Analysis, found: Findings, rate: Floats, told: _Told) -> pl.DataFrame:
    """The records of one detector, without what their bucket knows."""
    detector = analysis.detector
    partition, by, over = analysis.names(found.series)
    nothing: list[str | None] = [None] * len(found.series)
    measures = np.array(analysis.measures, dtype=object)
    # A count is told by what it describes, a feature of several by its own name.
    description = [detector.definition.description] * len(found.series)
    if len(analysis.measures) > 1:
        description = measures[found.feature].tolist()
    columns = {
        "detector_index": np.full(len(found.series), index),
        "function": [detector.function_name] * len(found.series),
        "function_description": description,
        "field_name": [detector.field_name] * len(found.series),
        "by_field_name": [detector.by_field_name] * len(found.series),
        "by_field_value": by or _single_causes(found) or nothing,
        "correlated_by_field_value": _peers(analysis, found) or nothing,
        "over_field_name": [detector.over_field_name] * len(found.series),
        "over_field_value": over or nothing,
        "partition_field_name": [detector.partition_field_name] * len(found.series),
        "partition_field_value": partition or nothing,
        "probability": np.maximum(found.probability, np.finfo(np.float64).tiny),
        "normalized_probability": score(rate),
        "actual": found.actual if found.actual.ndim == 1 else found.actual[:, 0],
        "typical": found.typical if found.typical.ndim == 1 else found.typical[:, 0],
        "events_per_week": rate,
        "causes": _caused(analysis, found, told) or nothing,
        "actual_longitude": nothing if found.actual.ndim == 1 else found.actual[:, 1],
        "typical_longitude": nothing if found.typical.ndim == 1 else found.typical[:, 1],
        "influencers": [None if each is None else json.dumps(each) for each in told.records],
    }
    known = pl.DataFrame(columns, schema={name: RECORDS[name] for name in columns})
    return pl.concat([known, _explained(found.explanation)], how="horizontal")


def _peers(analysis: Analysis, found: Findings) -> list[str | None] | None:
    """The by value beside which each finding is odd."""
    if found.peer is None:
        return None
    by = analysis.names(np.maximum(found.peer, 0))[1] if len(found.peer) else None
    return [name if peer >= 0 else None for name, peer in zip(by or (), found.peer.tolist(), strict=True)]


def _single_causes(found: Findings) -> list[str | None] | None:
    """The by value of each finding that has one cause alone."""
    if found.causes is None or found.causes.by is None:
        return None
    offsets, by = found.causes.offsets.tolist(), found.causes.by
    return [by[begin] if end - begin == 1 else None for begin, end in pairwise(offsets)]


def _caused(analysis: Analysis, found: Findings, blamed: _Told) -> list[str] | None:
    """What each finding is made of, as JSON with the names that clients read."""
    causes = found.causes
    if causes is None:
        return None
    told: list[dict[str, Any]] = [{"probability": probability(p)} for p in causes.probability.tolist()]
    for k, cause in enumerate(told):
        if len(analysis.measures) > 1:
            cause["functionDescription"] = analysis.measures[causes.feature[k]]
        if causes.by is not None:
            cause["byFieldValue"] = causes.by[k]
        for name, value in (("typical", causes.typical[k]), ("actual", causes.actual[k])):
            numbers = tuple(np.atleast_1d(value).tolist())
            if all(map(math.isfinite, numbers)):
                cause[name] = feature(numbers)
        if influencers := blamed.causes[k]:
            cause["influencers"] = influencers
    return [json.dumps(told[begin:end]) for begin, end in pairwise(causes.offsets.tolist())]


def _explained(explanation: Explanation) -> pl.DataFrame:
    """What explains the records, null where it is not known."""
    columns = {
        "kind": explanation.kind.tolist(),
        "lower": explanation.lower,
        "upper": explanation.upper,
        "largest_of": explanation.largest_of,
        "multi_bucket_impact": explanation.multi_bucket_impact,
        **dict(zip(evidence.COLUMNS, explanation.contributions.T, strict=True)),
    }
    return pl.DataFrame(columns, schema=_EXPLAINING).with_columns(
        pl.col("kind").replace("", None), pl.col("largest_of").replace(0, None), pl.col(pl.Float64).fill_nan(None)
    )


def _least_probable(records: pl.DataFrame) -> pl.DataFrame:
    """The records in the order of buckets, the least probable first in each, and no more than a bucket may have."""
    names = ["timestamp", "probability", "detector_index", *(f"{split}_field_value" for split in _SPLITS)]
    ordered = records.sort(names, nulls_last=True, maintain_order=True)
    return ordered.filter(pl.int_range(pl.len()).over("timestamp") < MOST_RECORDS)
