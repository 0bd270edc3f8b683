import pytest

from tailmass.results import Counts
from tailmass.store import Store, removal
from tests.store.samples import SPAN, batch, bucket, influencer, record

TIMES = [SPAN * n for n in range(1, 7)]


@pytest.fixture
def filled(store: Store) -> Store:
    """A store whose job has six buckets of two records and an influencer each."""
    records = [record(time, host) for time in TIMES for host in ("web-1", "web-2")]
    store.write("job", batch([bucket(time) for time in TIMES], records, map(influencer, TIMES)), Counts(bucket_count=6))
    return store


def left(store: Store) -> list[int]:
    """Times of the buckets that are there, after a look whether all that is in them is there as well."""
    times = [each.timestamp for each in store.buckets("job")[1]]
    hits, records = store.records("job", sort="timestamp", desc=False)
    assert [each.timestamp for each in records] == [time for time in times for _ in "ab"]
    assert hits == 2 * len(times)
    assert [each.timestamp for each in store.influencers("job", sort="timestamp", desc=False)[1]] == times
    return times


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        (900, None, TIMES[2:]),
        (None, 900, TIMES[:3]),
        (1500, 600, [300, 600, 1500, 1800]),
        (None, None, []),
        (-(10**30), None, TIMES),
    ],
)
def test_buckets_go_with_all_that_is_in_them(
    filled: Store, before: int | None, after: int | None, kept: list[int]
) -> None:
    assert sum(filled.remove_results("job", before=before, after=after)) == 6 - len(kept)
    assert left(filled) == kept


def test_a_part_is_removed_at_a_time_and_nothing_is_halved(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "_SLICE", 3)
    assert [(removed, left(filled)) for removed in filled.remove_results("job", before=1500)] == [
        (2, TIMES[2:]),
        (2, TIMES[4:]),
        (0, TIMES[4:]),
    ]


def test_counts_stay_what_they_are(filled: Store) -> None:
    list(filled.remove_results("job"))
    assert filled.job("job").counts.bucket_count == 6
