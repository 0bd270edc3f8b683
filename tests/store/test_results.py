import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tailmass.errors import InvalidSortField
from tailmass.results import Bucket, BucketInfluencer, Counts, Record
from tailmass.results.evidence import COLUMNS
from tailmass.store import Store
from tailmass.store.results import SORTS
from tests.store.samples import SPAN, batch, bucket, record, state


def ties(store: Store) -> None:
    """Write records that differ in few ways, so that every sort has ties to decide and values that are missing."""
    draw = random.Random(7)
    rows = [
        record(
            draw.randrange(4) * SPAN,
            draw.choice([None, "", "a", "B", "é", "z", "\U0001f600", "\ufffd"]),
            detector_index=draw.randrange(2),
            function=draw.choice(["mean", "max"]),
            function_description=draw.choice(["mean", "max"]),
            field_name=draw.choice([None, "bytes"]),
            over_field_name=draw.choice([None, "user"]),
            over_field_value=draw.choice([None, "u1", "u2"]),
            partition_field_name=draw.choice([None, "site"]),
            partition_field_value=draw.choice([None, "s1"]),
            probability=draw.choice([1e-300, 0.01]),
            anomaly_score=draw.choice([0.0, 75.5]),
            normalized_probability=draw.choice([0.0, 3.25, 99.0]),
            actual=draw.choice([None, -1.0, 0.0, 10.0]),
            typical=draw.choice([None, 9.0]),
            kind=draw.choice([None, "dip", "spike"]),
            lower=draw.choice([None, -2.0, 1.0]),
            upper=draw.choice([None, 1.0, 2.0]),
            largest_of=draw.choice([None, 20, 3120]),
            events_per_week=draw.choice([0.5, 7.0]),
            multi_bucket_impact=draw.choice([None, -5.0, 0.0]),
            correlated_by_field_value=draw.choice([None, "web-2", "web-3"]),
        )
        for _ in range(120)
    ]
    final, interim = [each for each in rows if each["timestamp"]], [each for each in rows if not each["timestamp"]]
    store.write("job", batch([bucket(time * SPAN) for time in range(1, 4)], final), Counts())
    store.write("job", batch([bucket(0)], interim, interim=True), Counts())


def twin(found: list[Record], attribute: str, desc: bool) -> list[Record]:
    """The order of the specification, one key after the other from the last to the first."""
    found = sorted(
        found,
        key=lambda each: (
            -each.anomaly_score, -each.normalized_probability, each.probability, each.timestamp, each.detector_index
        ),
    )  # fmt: skip

    def value(each: Record) -> Any:
        return getattr(each, attribute)

    present = [each for each in found if value(each) is not None]
    missing = [each for each in found if value(each) is None]
    # Python keeps ties in their order also when it reverses.
    return [*sorted(present, key=value, reverse=desc), *missing]


def ranked(found: list[Record], attribute: str) -> list[tuple[Any, ...]]:
    """What the specification orders by; what it leaves open is not compared."""
    return [
        (
            getattr(each, attribute), each.anomaly_score, each.normalized_probability,
            each.probability, each.timestamp, each.detector_index,
        )
        for each in found
    ]  # fmt: skip


@pytest.mark.parametrize("desc", [True, False])
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"include_interim": True},
        {"include_interim": True, "start_ms": 1000 * SPAN, "end_ms": 3000 * SPAN},
        {"normalized_probability": 3.0},
    ],
)
def test_pages_by_time_begin_wherever_they_are_asked_to(store: Store, desc: bool, asked: dict[str, Any]) -> None:
    ties(store)
    hits, everything = store.records("job", take=1000, sort="timestamp", desc=desc, **asked)
    assert hits == len(everything) > 20
    for skip in (*range(0, hits + 2, 3), 10**30):
        page = store.records("job", skip=skip, take=7, sort="timestamp", desc=desc, **asked)
        assert page == (hits, everything[skip : skip + 7]), skip


def test_records_come_in_the_order_of_the_specification_by_every_name(store: Store) -> None:
    ties(store)
    everything = store.records("job", include_interim=True, take=1000)[1]
    for name, column in SORTS.items():
        for desc in (True, False):
            found = store.records("job", include_interim=True, take=1000, sort=name, desc=desc)[1]
            expected = twin(everything, column.name, desc)
            assert ranked(found, column.name) == ranked(expected, column.name), (name, desc)


@pytest.mark.parametrize("desc", [True, False])
def test_pages_put_together_are_the_whole_by_every_name(store: Store, desc: bool) -> None:
    ties(store)
    for name in SORTS:
        hits, whole = store.records("job", sort=name, desc=desc, take=1000)
        pages = [store.records("job", sort=name, desc=desc, skip=skip, take=17)[1] for skip in range(0, hits, 17)]
        assert [each for page in pages for each in page] == whole


def test_every_property_of_a_record_sorts() -> None:
    whole = Record(0, 1, 0, "mean", "mean", 0.5, 1.0, 1.0, "f", "b", "b", None, None, "p", "p", 1.0, 1.0)
    whole = replace(whole, kind="dip", lower=1.0, upper=1.0, largest_of=1, events_per_week=1.0, evidence_raw=1.0)
    whole = replace(whole, multi_bucket_impact=1.0)
    assert set(whole.document(native=True)) - {"contributions"} <= set(SORTS)


def test_a_name_that_does_not_sort_is_refused_with_those_that_do(store: Store) -> None:
    for name in ("", "normalized_probability", "entity", "causes", "1; DROP TABLE"):
        with pytest.raises(InvalidSortField, match="normalizedProbability"):
            store.records("job", sort=name)


def test_records_keep_all_they_were_written_with(store: Store) -> None:
    names = {
        f"{split}_field_{part}": f"{split} {part}"
        for split in ("by", "over", "partition")
        for part in ("name", "value")
    }
    explained: dict[str, Any] = {"kind": "level shift", "lower": 1.25, "upper": 1.75, "largest_of": 3120}
    explained |= {"events_per_week": 0.004, "multi_bucket_impact": -3.5}
    explained |= {"causes": '[{"probability": 0.5}]', "actual_longitude": -0.1, "typical_longitude": 179.5}
    explained |= {"correlated_by_field_value": "web-3"}
    explained |= {"influencers": '[{"influencerFieldName": "user", "influencerFieldValues": ["ann"]}]'}
    explained |= {name: float(place) for place, name in enumerate(COLUMNS)}
    row = record(600, detector_index=3, probability=1e-9, actual=2.5, typical=1.5) | names | explained
    assert None not in {value for name, value in row.items() if not name.startswith("over")}
    store.write("job", batch([bucket(600)], [row]), Counts())
    assert store.records("job") == (1, [Record(**row)])


def test_a_window_includes_its_start_and_excludes_its_end(store: Store) -> None:
    times = [0, 300, 600, 900]
    store.write("job", batch(map(bucket, times), map(record, times)), Counts())

    def within(start_ms: int | None, end_ms: int | None) -> list[int]:
        hits, found = store.buckets("job", start_ms=start_ms, end_ms=end_ms)
        records = store.records("job", start_ms=start_ms, end_ms=end_ms, sort="timestamp", desc=False)
        assert hits == len(found) == records[0]
        assert [each.timestamp for each in found] == [each.timestamp for each in records[1]]
        return [each.timestamp for each in found]

    assert within(300_000, 900_000) == [300, 600]
    assert within(300_001, 900_001) == [600, 900]
    assert within(299_999, 899_999) == [300, 600]
    assert within(None, 1) == [0]
    assert within(900_000, None) == [900]
    assert within(600_000, 600_000) == []
    assert within(-(10**30), 10**30) == times


def test_times_before_1970_are_times_like_others(store: Store) -> None:
    store.write("job", batch([bucket(-600), bucket(-300)]), Counts())
    assert [each.timestamp for each in store.buckets("job", start_ms=-300_500, end_ms=-299_500)[1]] == [-300]


def test_scores_filter_from_their_value_on(store: Store) -> None:
    scores = [(0, 10.0, 90.0), (300, 50.0, 50.0), (600, 90.0, 10.0)]
    buckets = [bucket(time, anomaly_score=a, max_normalized_probability=n) for time, a, n in scores]
    records = [record(time, anomaly_score=a, normalized_probability=n) for time, a, n in scores]
    store.write("job", batch(buckets, records), Counts())
    assert [each.timestamp for each in store.buckets("job", anomaly_score=50.0)[1]] == [300, 600]
    assert [each.timestamp for each in store.buckets("job", max_normalized_probability=50.0)[1]] == [0, 300]
    assert store.buckets("job", anomaly_score=50.0, max_normalized_probability=50.0)[0] == 1
    assert [each.timestamp for each in store.records("job", anomaly_score=50.0)[1]] == [300, 600]
    assert [each.timestamp for each in store.records("job", normalized_probability=50.0)[1]] == [0, 300]
    assert store.records("job", anomaly_score=90.1) == (0, [])


def test_records_of_one_kind_can_be_asked_for(store: Store) -> None:
    kinds = [(0, "spike"), (300, "dip"), (600, None), (900, "spike")]
    rows = [record(time, kind=kind, normalized_probability=time / 10) for time, kind in kinds]
    store.write("job", batch([bucket(time) for time, _ in kinds], rows), Counts())
    hits, found = store.records("job", kind="spike", take=1)
    assert (hits, [each.timestamp for each in found]) == (2, [900])
    assert store.records("job", kind="spike", normalized_probability=50.0, end_ms=900_000) == (0, [])
    assert store.records("job", kind="drift") == (0, [])
    assert store.records("job")[0] == 4


def test_a_bucket_says_how_many_series_it_is_about(store: Store) -> None:
    store.write("job", batch([bucket(0), bucket(300, series_watched=7)]), Counts())
    assert [each.series_watched for each in store.buckets("job")[1]] == [None, 7]


def test_interim_results_are_for_those_who_ask(store: Store) -> None:
    store.write("job", batch([bucket(0)], [record(0)]), Counts())
    store.write("job", batch([bucket(300, record_count=1)], [record(300)], interim=True), Counts())
    assert (store.buckets("job")[0], store.records("job")[0]) == (1, 1)
    assert (store.buckets("job", include_interim=True)[0], store.records("job", include_interim=True)[0]) == (2, 2)
    assert store.bucket("job", 300) is None
    found = store.bucket("job", 300, include_interim=True, expand=True)
    assert found is not None
    assert (found.is_interim, [each.is_interim for each in found.records]) == (True, [True])


def test_a_bucket_is_found_by_its_start_only(store: Store) -> None:
    store.write("job", batch([bucket(300)]), Counts())
    assert store.bucket("job", 300) is not None
    assert [store.bucket("job", time) for time in (0, 299, 301, 10**30)] == [None] * 4


def test_an_expanded_bucket_has_its_records_the_most_unusual_first(store: Store) -> None:
    rows = [record(0, f"web-{score}", normalized_probability=float(score)) for score in (20, 90, 50)]
    rows.append(record(300, "web-0"))
    store.write("job", batch([bucket(0, record_count=3), bucket(300, record_count=1), bucket(600)], rows), Counts())
    found = store.buckets("job", expand=True)[1]
    assert [[each.by_field_value for each in one.records] for one in found] == [
        ["web-90", "web-50", "web-20"],
        ["web-0"],
        [],
    ]
    one = store.bucket("job", 0, expand=True)
    assert one == found[0]


def test_a_bucket_that_is_not_expanded_has_no_records(store: Store) -> None:
    store.write("job", batch([bucket(0, record_count=1)], [record(0)]), Counts())
    one = store.bucket("job", 0)
    assert (store.buckets("job")[1], one and (one.records, one.record_count)) == ([one], ((), 1))


def test_every_page_is_expanded_whole_however_long(store: Store) -> None:
    times = range(0, 2500 * SPAN, SPAN)
    store.write("job", batch((bucket(time, record_count=1) for time in times), map(record, times)), Counts())
    found = store.buckets("job", expand=True, take=10**30)[1]
    assert [[each.timestamp for each in one.records] for one in found] == [[time] for time in times]


def test_a_bucket_says_what_its_time_as_such_has_to_say(store: Store) -> None:
    loud = bucket(300, anomaly_score=70.2, max_normalized_probability=98.4, probability=5.5e-25, record_count=1)
    store.write("job", batch([bucket(0), loud]), Counts())
    assert store.buckets("job")[1] == [
        Bucket(0, SPAN, 0.0, 0.0, 0, 9, bucket_influencers=(BucketInfluencer("bucketTime", 0.0, 1.0),)),
        Bucket(300, SPAN, 70.2, 98.4, 1, 9, bucket_influencers=(BucketInfluencer("bucketTime", 70.2, 5.5e-25),)),
    ]


def test_hits_do_not_depend_on_the_page(store: Store) -> None:
    times = [0, 300, 600]
    store.write("job", batch(map(bucket, times), map(record, times)), Counts())
    assert (store.buckets("job", take=0), store.records("job", take=0)) == ((3, []), (3, []))
    assert (store.buckets("job", skip=3), store.records("job", skip=10**30)) == ((3, []), (3, []))
    assert [each.timestamp for each in store.buckets("job", skip=1, take=1)[1]] == [300]


def plans(store: Store, ask: Callable[[], object]) -> list[str]:
    """How SQLite goes about the questions that are asked of the records."""
    asked: list[tuple[str, Any]] = []
    event.listen(store._database._engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
    ask()
    with store._database.read() as connection:
        explained = [
            connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            for statement, parameters in asked.copy()
            if "FROM tailmass_records" in statement
        ]
    return [" | ".join(step.detail for step in steps) for steps in explained]


def test_no_page_by_score_and_no_bucket_makes_sqlite_go_through_all_records(tmp_path: Path) -> None:
    store = Store.open(None, tmp_path)
    store.add_job(state("job"))
    store.write("job", batch([bucket(0)], [record(0)]), Counts())
    by_score = "USING COVERING INDEX tailmass_records_score (job=?"
    (page,) = plans(store, lambda: store.records("job"))
    assert by_score in page
    # The one sort is that of the page itself, after its records were fetched.
    assert page.count("TEMP B-TREE") == 1
    assert all(
        by_score in plan for plan in plans(store, lambda: store.records("job", normalized_probability=90.0))[-2:]
    )
    (page,) = plans(store, lambda: store.records("job", sort="anomalyScore"))
    assert "USING COVERING INDEX tailmass_records_of_score (job=?" in page
    assert page.count("TEMP B-TREE") == 1
    by_time = "USING PRIMARY KEY (job=? AND timestamp=?)"
    assert by_time in plans(store, lambda: store.bucket("job", 0, expand=True))[-1]
    assert by_time in plans(store, lambda: store.buckets("job", expand=True))[-1]
    store.close()
