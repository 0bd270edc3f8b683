"""Detectors that are not one number a series and bucket, from rows to results."""

import json
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tailmass
from tailmass.results import Record
from tests.engine.sample import Run, assert_same, cut, job

HEADER = b"time,client,page,site,bytes\n"
START, MINUTES, HIT = 1_700_000_040, 150, 120
DETECTORS = (
    {"function": "rare", "byFieldName": "page", "partitionFieldName": "site"},
    {"function": "count", "overFieldName": "client"},
    {"function": "metric", "fieldName": "bytes", "byFieldName": "page", "overFieldName": "client"},
    {"function": "freq_rare", "byFieldName": "page", "overFieldName": "client", "partitionFieldName": "site"},
    {"function": "time_of_day", "byFieldName": "client"},
    {"function": "count", "byFieldName": "client", "overFieldName": "page", "excludeFrequent": "all"},
)


def lines(seed: int = 3) -> list[bytes]:
    """Thirty clients; in one minute one of them asks for far more than usual, of a page that never was there."""
    chance = np.random.default_rng(seed)
    made = []
    for minute in range(MINUTES):
        for client, n in enumerate(chance.poisson(2.0, 30)):
            for _ in range(n + (50 if (minute, client) == (HIT, 7) else 0)):
                page = "/etc/passwd" if n < _ else f"/{chance.integers(3)}"
                size = chance.normal(1000.0, 50.0)
                made.append(f"{START + 60 * minute},c{client},{page},s{client % 2},{size:.3f}\n".encode())
    return made


DATA = HEADER + b"".join(lines())


@pytest.fixture(scope="module")
def whole() -> Run:
    run = Run(job(*DETECTORS))
    run.upload([DATA])
    return run


def of(run: Run, detector: int) -> list[dict[str, Any]]:
    """The records of a detector in the minute that is unusual."""
    records = run.results.records.filter(
        (pl.col("detector_index") == detector) & (pl.col("timestamp") == START + 60 * HIT)
    )
    return records.to_dicts()


def test_a_page_that_was_never_there_is_a_rare_record(whole: Run) -> None:
    record = of(whole, 0)[0]
    assert (record["by_field_value"], record["partition_field_value"], record["kind"]) == ("/etc/passwd", "s1", "new")
    assert (record["actual"], record["typical"], record["causes"]) == (1.0, 0.0, None)


def test_a_client_unlike_its_peers_is_a_record_about_the_over_value(whole: Run) -> None:
    record = of(whole, 1)[0]
    assert (record["over_field_name"], record["over_field_value"]) == ("client", "c7")
    assert record["by_field_name"] is None
    assert record["actual"] >= 50.0
    document = Record(**record | {"is_interim": False}).document()
    assert "actual" not in document
    (cause,) = document["causes"]
    assert (cause["overFieldValue"], cause["actual"], cause["function"]) == ("c7", record["actual"], "count")
    assert 0.0 < cause["probability"] <= document["probability"]


def test_the_most_unusual_is_on_top_of_the_bucket(whole: Run) -> None:
    top = whole.results.buckets.sort("anomaly_score").row(-1, named=True)
    assert top["timestamp"] == START + 60 * HIT


@settings(max_examples=8, deadline=None, derandomize=True)
@given(places=st.lists(st.integers(0, len(DATA)), max_size=6))
def test_however_an_upload_is_cut_the_results_are_the_same_to_the_last_bit(whole: Run, places: list[int]) -> None:
    run = Run(job(*DETECTORS))
    run.upload(cut(DATA, places))
    assert_same(run.results, whole.results)


@settings(max_examples=6, deadline=None, derandomize=True)
@given(stops=st.lists(st.integers(1, 8000), max_size=3, unique=True))
def test_a_restore_and_looks_in_between_change_nothing(whole: Run, stops: list[int]) -> None:
    every = lines()
    run, batches = Run(job(*DETECTORS)), []
    for begin, end in pairwise([0, *sorted(stops), len(every)]):
        run.upload([HEADER + b"".join(every[begin:end])])
        batches += run.batches
        run.pipeline.interim()
        run = Run(job(*DETECTORS), kept=run.pipeline.state())
    run.batches = batches
    assert_same(run.results, whole.results)


def test_a_position_is_an_array_in_answers_and_has_two_columns_in_frames() -> None:
    hours = np.arange(200)
    place = np.where(hours == 150, "60.5,-140.25", "51.5,-0.1")
    frame = pl.DataFrame({"time": START + 3600 * hours, "user": ["u"] * 200, "place": place})
    records = tailmass.detect(frame, "lat_long(place) by user", bucket_span="1h").records
    top = records.sort("timestamp").row(0, named=True)
    assert (top["actual"], top["actual_longitude"]) == (60.5, -140.25)
    document = Record(**top | {"timestamp": 0}).document()
    assert document["actual"] == [60.5, -140.25]
    assert document["typical"] == pytest.approx([51.5, -0.1])


def test_a_position_may_be_a_field_that_others_read_as_a_number() -> None:
    both = ({"function": "lat_long", "fieldName": "place"}, {"function": "mean", "fieldName": "place"})
    fields = Run(job(*both)).pipeline.fields
    assert (fields.texts, fields.numbers) == (("place",), ("place",))


@pytest.mark.parametrize(("exclude", "told"), [("none", {"c7", "c9"}), ("over", {"c9"}), ("by", {"c7", "c9"})])
def test_who_is_there_nearly_always_can_be_left_out(exclude: str, told: set[str]) -> None:
    chance = np.random.default_rng(1)
    made = [HEADER]
    for minute in range(MINUTES):
        for client in range(30):
            present = client < 8 or chance.random() < 0.5
            n = chance.poisson(4.0) + 1 if present else 0
            n += 60 if (minute, client) in ((HIT, 7), (HIT + 5, 9)) else 0
            made += [f"{START + 60 * minute},c{client},/,s,1\n".encode()] * n
    run = Run(job({"function": "count", "overFieldName": "client", "excludeFrequent": exclude}))
    run.upload([b"".join(made)])
    records = run.results.records.filter(pl.col("probability") < 1e-3)
    assert set(records["over_field_value"]) == told


def test_frequent_values_are_left_out_of_series_and_causes_alike() -> None:
    every = lines()
    by = {"function": "count", "byFieldName": "page", "excludeFrequent": "all"}
    run = Run(job(by, by | {"overFieldName": "client", "excludeFrequent": "by"}))
    run.upload([HEADER + b"".join(every)])
    late = run.results.records.filter(pl.col("timestamp") > START + 60 * 25)
    assert not set(late.filter(pl.col("detector_index") == 0)["by_field_value"]) & {"/0", "/1", "/2"}
    causes = [cause for text in late.filter(pl.col("detector_index") == 1)["causes"] for cause in json.loads(text)]
    assert not {cause["byFieldValue"] for cause in causes} & {"/0", "/1", "/2"}


def test_what_is_frequent_is_restored() -> None:
    every = lines()
    detector = {"function": "count", "overFieldName": "client", "excludeFrequent": "over"}
    whole, first = Run(job(detector)), Run(job(detector))
    whole.upload([HEADER + b"".join(every)])
    first.upload([HEADER + b"".join(every[:3000])])
    second = Run(job(detector), kept=first.pipeline.state())
    second.upload([HEADER + b"".join(every[3000:])])
    second.batches = [*first.batches, *second.batches]
    assert_same(second.results, whole.results)


def test_data_frames_have_the_causes_as_json() -> None:
    frame = pl.read_csv(DATA).with_columns(pl.col("page").replace("/etc/passwd", "/1"))
    records = tailmass.detect(frame, "count by page over client", bucket_span="1m").records
    top = records.row(0, named=True)
    assert top["over_field_value"] == "c7"
    cause = json.loads(top["causes"])[0]
    assert (cause["byFieldValue"], cause["actual"]) == ("/1", top["actual"])


def test_who_comes_after_months_of_silence_is_held_against_what_was_usual_before() -> None:
    chance, silence = np.random.default_rng(3), 400 * 86_400
    minute, client = np.indices((MINUTES, 30)).reshape(2, -1)
    rows = np.repeat(np.arange(len(minute)), chance.poisson(3.0, len(minute)))
    late = START + silence + np.repeat([0, 60, 120], [2, 500, 1])
    visits = pl.DataFrame(
        {
            "time": np.concatenate([START + 60 * minute[rows], late]),
            "client": [*(f"c{c}" for c in client[rows]), *["stranger"] * len(late)],
        }
    )
    first = tailmass.detect(visits, "high_count over client", bucket_span="1m").records.row(0, named=True)
    assert (first["over_field_value"], first["actual"]) == ("stranger", 500.0)
    assert first["normalized_probability"] > 50.0
