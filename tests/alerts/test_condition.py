from typing import Any

import pytest

from tailmass.alerts import Alert, Condition, News
from tailmass.errors import CannotAlertOnProbability, EngineError, InvalidThreshold, UnknownAlertType
from tests.store.samples import batch, bucket, influencer, record

SPAN = 300


def news(*, interim: bool = False) -> News:
    """Three buckets: a quiet one, one with a score of 40 and a record of 90, one with a score of 80 and none."""
    buckets = [
        bucket(0),
        bucket(SPAN, anomaly_score=40.0, max_normalized_probability=90.0),
        bucket(2 * SPAN, anomaly_score=80.0),
    ]
    records = [
        record(SPAN, "a", normalized_probability=10.0),
        record(SPAN, "b", normalized_probability=90.0),
        record(SPAN, "c", normalized_probability=60.0),
    ]
    return News(batch(buckets, records, [influencer(SPAN, anomaly_score=30.0)], interim=interim))


def met(**asked: Any) -> Alert:
    alert = Condition(**asked).met_by(news())
    assert alert is not None
    return alert


def test_the_earliest_bucket_that_reaches_the_score_is_told() -> None:
    assert met(score=40.0).bucket.timestamp == SPAN
    assert met(score=40.1).bucket.timestamp == 2 * SPAN
    assert met(score=0.0).bucket.timestamp == 0


def test_nothing_is_told_where_nothing_reaches_the_threshold() -> None:
    assert Condition(score=80.1).met_by(news()) is None
    assert Condition(probability=90.1).met_by(news()) is None


def test_a_score_shows_the_bucket_and_a_probability_the_records_that_reach_it() -> None:
    by_score, by_probability, both = met(score=40.0), met(probability=60.0), met(score=40.0, probability=90.0)
    assert (by_score.by_score, by_score.records) == (True, None)
    assert [each.by_field_value for each in by_score.bucket.records] == ["b", "c", "a"]
    assert by_probability.records is not None
    assert both.records is not None
    assert (by_probability.by_score, both.by_score) == (False, True)
    assert [each.by_field_value for each in by_probability.records] == ["b", "c"]
    assert [each.by_field_value for each in both.records] == ["b"]


def test_either_threshold_will_do() -> None:
    assert met(score=80.0, probability=90.0).bucket.timestamp == SPAN
    last = met(score=80.0, probability=95.0)
    assert (last.bucket.timestamp, last.records) == (2 * SPAN, None)


@pytest.mark.parametrize(
    ("alert_on", "score", "kind", "found"),
    [
        (("bucket",), 40.0, "bucket", 40.0),
        (("bucketinfluencer",), 40.0, "bucketinfluencer", 40.0),
        (("influencer",), 30.0, "influencer", 30.0),
        (("influencer", "bucket"), 30.0, "influencer", 30.0),
        (("influencer", "bucket"), 35.0, "bucket", 40.0),
        (("bucketinfluencer", "bucket"), 35.0, "bucketinfluencer", 40.0),
    ],
)
def test_the_score_is_that_of_the_first_type_that_reaches_it(
    alert_on: tuple[str, ...], score: float, kind: str, found: float
) -> None:
    alert = met(score=score, alert_on=alert_on)
    assert (alert.kind, alert.anomaly_score, alert.bucket.timestamp) == (kind, found, SPAN)


def test_a_bucket_without_influencers_is_no_alert_on_them() -> None:
    assert met(score=0.0, alert_on=("influencer",)).bucket.timestamp == SPAN
    assert Condition(score=0.0, alert_on=("influencer",)).met_by(News(batch([bucket(0)]))) is None


def test_interim_results_count_for_those_who_asked() -> None:
    assert Condition(score=1.0).met_by(news(interim=True)) is None
    alert = Condition(score=1.0, include_interim=True).met_by(news(interim=True))
    assert alert is not None
    assert alert.bucket.is_interim
    assert all(each.is_interim for each in alert.bucket.records)
    assert all(each.is_interim for each in alert.bucket.influencers)


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({}, InvalidThreshold),
        ({"score": -0.1}, InvalidThreshold),
        ({"probability": 100.1}, InvalidThreshold),
        ({"score": float("nan")}, InvalidThreshold),
        ({"score": 1.0, "alert_on": ("bucket", "record")}, UnknownAlertType),
        ({"probability": 1.0, "alert_on": ("influencer",)}, CannotAlertOnProbability),
        ({"score": 1.0, "probability": 1.0, "alert_on": ("bucketinfluencer",)}, CannotAlertOnProbability),
    ],
)
def test_what_cannot_be_waited_for_has_its_error(asked: dict[str, Any], error: type[EngineError]) -> None:
    with pytest.raises(error):
        Condition(**asked)


@pytest.mark.parametrize("score", [0.0, 100.0])
def test_both_ends_of_the_scale_can_be_waited_for(score: float) -> None:
    assert Condition(score=score).score == score
