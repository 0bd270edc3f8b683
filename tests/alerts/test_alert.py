from tailmass.alerts import Alert
from tailmass.results import Bucket, Record

RECORD = Record(1_403_712_000, 3600, 0, "metric", "mean", 1e-9, 70.5, 98.5)
BUCKET = Bucket(1_403_712_000, 3600, 70.5, 98.5, 1, 909, records=(RECORD,))
NOW = 1_500_000_000_123


def test_an_alert_has_the_scores_the_place_and_the_time_it_was_raised() -> None:
    document = Alert("bucket", 70.5, BUCKET, True, None).document("web logs", "http://here:80/engine/v2", NOW)
    assert document == {
        "jobId": "web logs",
        "timestamp": "2017-07-14T02:40:00.123+0000",
        "uri": "http://here:80/engine/v2/results/web%20logs/buckets/1403712000?expand=true",
        "anomalyScore": 70.5,
        "maxNormalizedProbability": 98.5,
        "timeout": False,
        "alertType": "bucket",
        "isInterim": False,
        "bucket": BUCKET.document(),
    }


def test_an_alert_for_a_probability_has_the_records_and_not_the_bucket() -> None:
    document = Alert("bucket", 70.5, BUCKET, False, (RECORD,)).document("j", "http://here/engine/v2", NOW)
    assert document["records"] == [RECORD.document()]
    assert "bucket" not in document


def test_the_place_of_an_interim_bucket_can_be_looked_at() -> None:
    bucket = Bucket(300, 300, 70.5, 98.5, 1, 9, is_interim=True)
    document = Alert("influencer", 50.0, bucket, True, None).document("j", "http://here/engine/v2", NOW)
    assert document["uri"].endswith("/results/j/buckets/300?expand=true&includeInterim=true")
    assert (document["isInterim"], document["anomalyScore"], document["alertType"]) == (True, 50.0, "influencer")
