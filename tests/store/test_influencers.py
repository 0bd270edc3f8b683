from typing import Any

import pytest

from tailmass.errors import InvalidSortField
from tailmass.results import BucketInfluencer, Counts, Influencer
from tailmass.store import Store
from tests.store.samples import batch, bucket, influencer, record, state

ROWS = [
    influencer(300, "ann", anomaly_score=20.0),
    influencer(300, "bob", anomaly_score=80.0, probability=1e-9),
    influencer(600, "ann", anomaly_score=50.0),
    influencer(600, "ann", anomaly_score=50.0, influencer_field_name="admin"),
]
EVERY = [ROWS[1], ROWS[3], ROWS[2], ROWS[0]]


@pytest.fixture
def kept(store: Store) -> Store:
    store.add_job(state("blamed"))
    store.write("blamed", batch([bucket(300), bucket(600), bucket(900)], [record(600)], ROWS), Counts())
    return store


def found(store: Store, **asked: Any) -> list[Influencer]:
    hits, page = store.influencers("blamed", **asked)
    assert hits == len(page)
    return page


def made(*rows: dict[str, Any]) -> list[Influencer]:
    return [Influencer(**row) for row in rows]


def test_the_most_anomalous_comes_first_and_ties_are_always_decided_alike(kept: Store) -> None:
    assert found(kept) == made(*EVERY)


@pytest.mark.parametrize("sort", ["timestamp", "influencerFieldName", "influencerFieldValue", "probability"])
def test_they_are_sorted_by_their_other_fields_as_well(kept: Store, sort: str) -> None:
    rows = [each.document()[sort] for each in found(kept, sort=sort, desc=False)]
    assert rows == sorted(rows)
    assert [each.document()[sort] for each in found(kept, sort=sort)] == sorted(rows, reverse=True)


def test_what_they_cannot_be_sorted_by_is_refused(kept: Store) -> None:
    with pytest.raises(InvalidSortField, match="anomalyScore"):
        kept.influencers("blamed", sort="actual")


def test_they_are_filtered_by_score_and_time(kept: Store) -> None:
    assert found(kept, anomaly_score=50.0) == made(*EVERY[:3])
    assert found(kept, start_ms=300_001, end_ms=600_001) == made(*EVERY[1:3])
    assert found(kept, end_ms=300_000) == []


def test_pages_share_them_out(kept: Store) -> None:
    assert kept.influencers("blamed", skip=1, take=2) == (4, made(*EVERY[1:3]))


def test_buckets_have_them_where_they_are_expanded(kept: Store) -> None:
    _, plain = kept.buckets("blamed")
    assert [each.influencers for each in plain] == [(), (), ()]
    _, expanded = kept.buckets("blamed", expand=True)
    assert [list(each.influencers) for each in expanded] == [made(ROWS[1], ROWS[0]), made(ROWS[3], ROWS[2]), []]


def test_a_bucket_tells_what_each_field_makes_of_it(kept: Store) -> None:
    told = '[["bucketTime", 40.0, 0.5], ["user", 60.0, 0.25]]'
    kept.write("blamed", batch([bucket(300, bucket_influencers=told, anomaly_score=60.0)]), Counts())
    _, (first, second, _) = kept.buckets("blamed")
    assert first.bucket_influencers == (BucketInfluencer("bucketTime", 40.0, 0.5), BucketInfluencer("user", 60.0, 0.25))
    assert second.bucket_influencers == (BucketInfluencer("bucketTime", 0.0, 1.0),)


def test_what_is_said_anew_of_a_bucket_replaces_who_was_to_blame(kept: Store) -> None:
    kept.write("blamed", batch([bucket(600)], influencers=[influencer(600, "eve")]), Counts())
    assert [each.influencer_field_value for each in found(kept)] == ["bob", "eve", "ann"]


def test_interim_ones_are_kept_apart_until_the_bucket_is_final(kept: Store) -> None:
    kept.write(
        "blamed",
        batch([bucket(600), bucket(1200)], (), [influencer(600, "eve"), influencer(1200)], interim=True),
        Counts(),
    )
    assert found(kept) == made(*EVERY)
    assert [each.is_interim for each in found(kept, include_interim=True, sort="timestamp")] == [True, *[False] * 4]
    kept.write("blamed", batch([bucket(1200)]), Counts())
    assert found(kept, include_interim=True) == made(*EVERY)


def test_they_go_with_their_job(kept: Store) -> None:
    kept.delete_job("blamed")
    kept.add_job(state("blamed"))
    assert found(kept) == []
