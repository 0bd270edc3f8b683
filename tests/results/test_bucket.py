from dataclasses import replace
from typing import Any

import msgspec

from tailmass.results import Bucket, BucketInfluencer, Record

QUIET = Bucket(
    timestamp=1_403_481_600,
    bucket_span=3600,
    anomaly_score=0.0,
    max_normalized_probability=0.0,
    record_count=0,
    event_count=900,
    bucket_influencers=(BucketInfluencer("bucketTime", 0.0, 1.0),),
)
LOUD = Bucket(
    timestamp=1_403_712_000,
    bucket_span=3600,
    anomaly_score=70.19383,
    max_normalized_probability=98.44456,
    record_count=1,
    event_count=909,
    bucket_influencers=(BucketInfluencer("bucketTime", 70.19383, 5.5367e-25),),
    records=(
        Record(
            timestamp=1_403_712_000,
            bucket_span=3600,
            detector_index=0,
            function="metric",
            function_description="mean",
            probability=3.28197e-36,
            anomaly_score=70.19383,
            normalized_probability=98.44456,
        ),
    ),
)


def test_the_quiet_bucket_of_the_worked_example_is_written_field_by_field() -> None:
    assert QUIET.document() == {
        "timestamp": "2014-06-23T00:00:00.000+0000",
        "bucketSpan": 3600,
        "anomalyScore": 0.0,
        "initialAnomalyScore": 0.0,
        "maxNormalizedProbability": 0.0,
        "recordCount": 0,
        "eventCount": 900,
        "isInterim": False,
        "records": [],
        "influencers": [],
        "bucketInfluencers": [{"influencerFieldName": "bucketTime", "anomalyScore": 0.0, "probability": 1.0}],
    }


def test_the_loud_bucket_of_the_worked_example_is_written_with_its_record() -> None:
    body: dict[str, Any] = LOUD.document()
    assert body.pop("records") == [LOUD.records[0].document()]
    assert body == {
        "timestamp": "2014-06-25T16:00:00.000+0000",
        "bucketSpan": 3600,
        "anomalyScore": 70.19383,
        # The original revised its scores; what is first said here is what is still said.
        "initialAnomalyScore": 70.19383,
        "maxNormalizedProbability": 98.44456,
        "recordCount": 1,
        "eventCount": 909,
        "isInterim": False,
        "influencers": [],
        "bucketInfluencers": [
            {"influencerFieldName": "bucketTime", "anomalyScore": 70.19383, "probability": 5.5367e-25}
        ],
    }


def test_clients_of_the_engine_api_get_the_bytes_they_always_got() -> None:
    more = replace(LOUD, series_watched=7, records=(replace(LOUD.records[0], kind="spike", largest_of=9),))
    assert msgspec.json.encode(more.document()) == (
        b'{"timestamp":"2014-06-25T16:00:00.000+0000","bucketSpan":3600,"anomalyScore":70.19383,'
        b'"initialAnomalyScore":70.19383,"maxNormalizedProbability":98.44456,"recordCount":1,"eventCount":909,'
        b'"isInterim":false,"records":[{"timestamp":"2014-06-25T16:00:00.000+0000","bucketSpan":3600,'
        b'"detectorIndex":0,"probability":3.28197e-36,"function":"metric","functionDescription":"mean",'
        b'"anomalyScore":70.19383,"normalizedProbability":98.44456,"initialNormalizedProbability":98.44456,'
        b'"isInterim":false}],"influencers":[],"bucketInfluencers":[{"influencerFieldName":"bucketTime",'
        b'"anomalyScore":70.19383,"probability":5.5367e-25}]}'
    )


def test_a_native_bucket_says_how_many_series_it_is_about_and_explains_its_records() -> None:
    body = replace(LOUD, series_watched=7, records=(replace(LOUD.records[0], kind="spike"),)).document(native=True)
    assert body["seriesWatched"] == 7
    assert body["records"][0]["kind"] == "spike"
    assert LOUD.document(native=True) == LOUD.document()


def test_a_bucket_counts_its_records_also_when_they_are_not_here() -> None:
    body = replace(LOUD, records=(), is_interim=True).document()
    assert (body["recordCount"], body["records"], body["isInterim"]) == (1, [], True)
