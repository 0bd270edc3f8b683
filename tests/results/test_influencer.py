from tailmass.results import Influencer


def test_it_is_written_without_what_clients_do_not_know() -> None:
    document = Influencer(1_403_712_000, 3600, "airline", "AAL", 0.0, 81.5).document()
    assert document == {
        "timestamp": "2014-06-25T16:00:00.000+0000",
        "influencerFieldName": "airline",
        "influencerFieldValue": "AAL",
        "probability": 2.22507e-308,
        "anomalyScore": 81.5,
        "isInterim": False,
    }


def test_the_native_document_has_the_span_as_well() -> None:
    assert Influencer(0, 300, "user", "ann", 0.5, 1.0).document(native=True)["bucketSpan"] == 300
