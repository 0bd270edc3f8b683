from dataclasses import fields
from functools import reduce
from operator import add

from hypothesis import given
from hypothesis import strategies as st

from tailmass.results import Counts

COUNTS = st.builds(
    Counts,
    **{each.name: st.integers(0, 10**12) for each in fields(Counts) if each.name != "latest_record_time_ms"},
    latest_record_time_ms=st.none() | st.integers(0, 10**13),
)


@given(COUNTS, COUNTS, COUNTS)
def test_counts_add_up_in_any_order_and_grouping(one: Counts, two: Counts, three: Counts) -> None:
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one + Counts() == one


@given(st.lists(COUNTS, min_size=1, max_size=5))
def test_the_rows_of_a_job_are_the_rows_of_its_uploads(uploads: list[Counts]) -> None:
    assert reduce(add, uploads).input_record_count == sum(each.input_record_count for each in uploads)


def test_the_newest_row_of_two_uploads_is_the_newer_one() -> None:
    newer, older, none = Counts(latest_record_time_ms=2), Counts(latest_record_time_ms=1), Counts()
    assert (older + newer).latest_record_time_ms == 2
    assert (none + older).latest_record_time_ms == 1
    assert (none + none).latest_record_time_ms is None


def test_an_upload_is_summed_up_as_documented() -> None:
    counts = Counts(
        processed_record_count=6275,
        processed_field_count=25100,
        input_bytes=88538,
        input_field_count=25172,
        invalid_date_count=18,
        latest_record_time_ms=1_435_276_796_000,
    )
    assert counts.document(summary=True) == {
        "processedRecordCount": 6275,
        "processedFieldCount": 25100,
        "inputRecordCount": 6293,
        "inputBytes": 88538,
        "inputFieldCount": 25172,
        "invalidDateCount": 18,
        "missingFieldCount": 0,
        "outOfOrderTimeStampCount": 0,
        "failedTransformCount": 0,
        "excludedRecordCount": 0,
        "latestRecordTimeStamp": "2015-06-25T23:59:56.000+0000",
    }


def test_the_counts_of_a_job_have_its_buckets_and_no_time_before_there_is_one() -> None:
    body = Counts(bucket_count=3).document(summary=False)
    assert body["bucketCount"] == 3
    assert "latestRecordTimeStamp" not in body
