import math
import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.errors import DataStoreError
from tailmass.results import Batch, Counts
from tailmass.store import Store
from tests.store.samples import SPAN, batch, bucket, influencer, record, state

COUNTS = Counts(bucket_count=2)


def everything(store: Store) -> tuple[Any, ...]:
    return (
        store.buckets("job", include_interim=True, expand=True),
        store.records("job", include_interim=True),
        store.job("job").counts,
    )


def test_results_and_counts_are_written_together(store: Store) -> None:
    store.write("job", batch([bucket(0), bucket(300, anomaly_score=40.0)], [record(300)]), COUNTS)
    hits, found = store.buckets("job")
    assert (hits, [each.timestamp for each in found], store.records("job")[0]) == (2, [0, 300], 1)
    assert store.job("job").counts == COUNTS


@pytest.mark.parametrize("interim", [False, True])
def test_a_bucket_of_a_batch_is_the_one_that_is_found_in_the_store(store: Store, interim: bool) -> None:
    of_bucket = '[["bucketTime", 12.5, 0.25], ["user", 40.0, 0.01]]'
    records = [
        record(300, "web-2", normalized_probability=60.0),
        record(0),
        record(300),
        record(300, None, probability=0.5),
    ]
    given = batch(
        [bucket(0), bucket(300, anomaly_score=40.0, bucket_influencers=of_bucket, series_watched=3)],
        records,
        [influencer(300), influencer(300, "bob", anomaly_score=70.0)],
        interim=interim,
    )
    store.write("job", given, COUNTS)
    for position, timestamp in enumerate((0, 300)):
        assert given.bucket(position) == store.bucket("job", timestamp, include_interim=True, expand=True)


def test_writing_a_batch_again_changes_nothing(store: Store) -> None:
    again = batch([bucket(0), bucket(300)], [record(0), record(300, "web-2"), record(300, None)])
    store.write("job", again, COUNTS)
    before = everything(store)
    store.write("job", again, COUNTS)
    assert everything(store) == before


def test_a_record_that_a_bucket_written_again_no_longer_has_disappears(store: Store) -> None:
    store.write("job", batch([bucket(0)], [record(0, "web-1"), record(0, "web-2")]), COUNTS)
    store.write("job", batch([bucket(0, event_count=1)], [record(0, "web-2", actual=1.5)]), COUNTS)
    assert [(each.by_field_value, each.actual) for each in store.records("job")[1]] == [("web-2", 1.5)]
    assert store.buckets("job")[1][0].event_count == 1


def test_buckets_before_between_and_after_those_written_again_stay(store: Store) -> None:
    times = range(0, 10 * SPAN, SPAN)
    store.write("job", batch(map(bucket, times), map(record, times)), COUNTS)
    some = [2 * SPAN, 3 * SPAN, 6 * SPAN]
    store.write("job", batch([bucket(time, event_count=1) for time in some]), COUNTS)
    assert [each.timestamp for each in store.buckets("job")[1] if each.event_count == 1] == some
    left = {each.timestamp for each in store.records("job")[1]}
    assert left == set(times) - set(some)


def test_the_results_of_another_job_stay(store: Store) -> None:
    store.add_job(state("other"))
    store.write("other", batch([bucket(0)], [record(0)]), COUNTS)
    store.write("job", batch([bucket(0)]), COUNTS)
    assert store.records("other")[0] == 1


def test_newer_interim_results_replace_older_ones(store: Store) -> None:
    store.write("job", batch([bucket(0)], [record(0, "web-1")], interim=True), COUNTS)
    store.write("job", batch([bucket(0)], [record(0, "web-2")], interim=True), COUNTS)
    hits, found = store.records("job", include_interim=True)
    assert (hits, found[0].by_field_value, found[0].is_interim) == (1, "web-2", True)


def test_interim_results_of_buckets_that_will_not_be_finished_go(store: Store) -> None:
    store.write("job", batch([bucket(0)], [record(0)]), COUNTS)
    store.write("job", batch([bucket(300), bucket(600)], [record(300), record(600)], interim=True), COUNTS)
    store.write("job", replace(Batch.empty(), abandoned=600), COUNTS)
    left = store.records("job", include_interim=True)[1], store.buckets("job", include_interim=True)[1]
    assert [[(each.timestamp, each.is_interim) for each in found] for found in left] == [[(0, False), (600, True)]] * 2


def test_final_results_replace_interim_ones(store: Store) -> None:
    store.write("job", batch([bucket(0), bucket(300)], [record(0), record(300)], interim=True), COUNTS)
    store.write("job", batch([bucket(0)]), COUNTS)
    assert [each.is_interim for each in store.buckets("job", include_interim=True)[1]] == [False, True]
    assert [each.timestamp for each in store.records("job", include_interim=True)[1]] == [300]


def test_interim_results_of_a_bucket_that_is_final_are_not_kept(store: Store) -> None:
    store.write("job", batch([bucket(0)], [record(0, "final")]), COUNTS)
    store.write("job", batch([bucket(0), bucket(300)], [record(0), record(300)], interim=True), COUNTS)
    found = store.records("job", include_interim=True, sort="timestamp", desc=False)[1]
    assert [(each.by_field_value, each.is_interim) for each in found] == [("final", False), ("web-1", True)]


def test_an_empty_batch_sets_the_counts_only(store: Store) -> None:
    store.write("job", batch([bucket(0)]), COUNTS)
    store.write("job", Batch.empty(), Counts(bucket_count=7))
    assert (store.buckets("job")[0], store.job("job").counts.bucket_count) == (1, 7)


def test_of_two_records_about_the_same_the_last_is_kept(store: Store) -> None:
    twice = [record(0, function_description="min"), record(0, function_description="max")]
    store.write("job", batch([bucket(0)], twice), COUNTS)
    hits, found = store.records("job")
    assert (hits, found[0].function_description) == (1, "max")


def test_a_missing_value_and_an_empty_one_are_two_series(store: Store) -> None:
    store.write("job", batch([bucket(0)], [record(0, None), record(0, ""), record(0, "null")]), COUNTS)
    assert {each.by_field_value for each in store.records("job")[1]} == {None, "", "null"}


def test_values_that_look_alike_when_joined_are_kept_apart(store: Store) -> None:
    pairs = [("a,b", "c"), ("a", "b,c"), ('a","b', "c"), ("a", None), (None, "a")]
    rows = [record(0, by, over_field_name="user", over_field_value=over) for by, over in pairs]
    store.write("job", batch([bucket(0)], rows), COUNTS)
    assert {(each.by_field_value, each.over_field_value) for each in store.records("job")[1]} == set(pairs)


@pytest.mark.parametrize("name", ["", " ", "naïve ☂ 名", "'); DROP TABLE", "%s", "x" * 100_000, "\u202e", "\x1f"])
def test_any_value_of_the_data_is_kept_as_it_is(store: Store, name: str) -> None:
    store.write("job", batch([bucket(0)], [record(0, name)]), COUNTS)
    assert store.records("job")[1][0].by_field_value == name


def test_the_one_character_that_cannot_be_kept_is_replaced(store: Store) -> None:
    store.write("job", batch([bucket(0)], [record(0, "a\0b")]), COUNTS)
    assert store.records("job")[1][0].by_field_value == "a\N{REPLACEMENT CHARACTER}b"


def test_what_is_not_a_number_is_no_answer_and_claims_nothing(store: Store) -> None:
    row = record(0, actual=math.nan, typical=-math.inf)
    row |= {"probability": math.nan, "anomaly_score": math.inf, "normalized_probability": math.nan}
    store.write("job", batch([bucket(0)], [row]), COUNTS)
    found = store.records("job")[1][0]
    assert (found.probability, found.anomaly_score, found.normalized_probability) == (1.0, 0.0, 0.0)
    assert (found.actual, found.typical) == (None, None)


def test_the_smallest_numbers_are_kept_exactly(store: Store) -> None:
    rows = [record(0, probability=2.22507e-308, actual=5e-324, typical=0.1 + 0.2)]
    store.write("job", batch([bucket(0)], rows), COUNTS)
    found = store.records("job")[1][0]
    assert (found.probability, found.actual, found.typical) == (2.22507e-308, 5e-324, 0.1 + 0.2)


def test_a_batch_that_cannot_be_written_leaves_nothing_of_itself(store: Store) -> None:
    store.write("job", batch([bucket(0)], [record(0)]), COUNTS)
    before = everything(store)
    rows = [record(300, f"web-{number}") for number in range(100)]
    bad = batch([bucket(0, event_count=1), bucket(300)], [*rows, record(300, function=None)])
    with pytest.raises(DataStoreError) as raised:
        store.write("job", bad, Counts(bucket_count=99))
    assert raised.value.cause
    assert everything(store) == before


def test_a_record_whose_bucket_is_not_in_the_batch_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="600"):
        store.write("job", batch([bucket(0)], [record(0), record(600)]), COUNTS)
    assert everything(store) == ((0, []), (0, []), Counts())


@settings(max_examples=15, deadline=None)
@given(
    times=st.lists(st.integers(0, 12), min_size=1, max_size=12, unique=True),
    cuts=st.lists(st.integers(0, 12), max_size=4),
)
def test_buckets_written_in_any_pieces_and_order_end_up_the_same(times: list[int], cuts: list[int]) -> None:
    rows = [(bucket(time * SPAN), record(time * SPAN, f"web-{time % 3}")) for time in times]
    ends = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    pieces = [rows[first:last] for first, last in pairwise(ends)]
    with tempfile.TemporaryDirectory() as name:
        whole, parts = (Store.open(None, Path(name) / each) for each in ("whole", "parts"))
        for store in (whole, parts):
            store.add_job(state("job"))
        whole.write("job", batch(*zip(*sorted(rows, key=lambda row: row[0]["timestamp"]), strict=True)), COUNTS)
        for piece in [*pieces, *pieces]:
            store_rows = zip(*piece, strict=True) if piece else ((), ())
            parts.write("job", batch(*store_rows), COUNTS)
        assert everything(parts) == everything(whole)
        whole.close()
        parts.close()


def test_ten_thousand_records_are_written_at_once(store: Store) -> None:
    times = pl.DataFrame({"timestamp": range(0, 2000 * SPAN, SPAN)})
    one = batch([bucket(0)], [record(0, f"web-{host}") for host in range(5)])
    large = Batch(
        one.buckets.drop("timestamp").join(times, how="cross"), one.records.drop("timestamp").join(times, how="cross")
    )
    store.write("job", large, COUNTS)
    store.write("job", large, COUNTS)
    assert (store.buckets("job")[0], store.records("job")[0]) == (2000, 10_000)
