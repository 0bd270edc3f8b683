"""Who is to blame, from rows to results: planted culprits, and bystanders beside them."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.engine.sample import Run, assert_same, cut, job, top

HEADER = "time,service,user,region,status,site,bytes,word,place\n"
START, SPAN, BUCKETS, HIT = 1_700_006_400, 600, 300, 250
FIELDS = ("user", "region", "status", "site")

Line = tuple[int, str, str, str, str, float, str, str]
Plant = Callable[[int, np.random.Generator], list[Line]]


def line(bucket: int, user: str, *, service: str = "web", bytes: float = 100.0, word: str = "a", place: str = "50,8",
         status: str = "200", second: int = 300) -> Line:  # fmt: skip
    """A row; the region is that of all rows, and the site that of the service."""
    return (START + SPAN * bucket + second, service, user, status, f"s-{service}", bytes, word, place)


def usual(chance: np.random.Generator) -> list[Line]:
    """Ten users of two services, of whom the first makes half of the rows; one row of twenty has another status."""
    made = []
    for bucket in range(BUCKETS):
        for _ in range(60 + int(chance.integers(-4, 5))):
            user = 0 if chance.random() < 0.5 else int(chance.integers(1, 10))
            made.append(
                line(
                    bucket,
                    f"u{user}",
                    service="web" if chance.random() < 0.7 else "db",
                    bytes=float(chance.normal(300.0 if user == 0 else 100.0, 5.0)),
                    word=f"w{chance.integers(3)}",
                    status="500" if chance.random() < 0.05 else "200",
                    second=int(chance.integers(SPAN)),
                )
            )
    return made


def data(plant: Plant, *, without: tuple[str, int] | None = None, seed: int = 5) -> bytes:
    """The usual rows, and what is planted in one bucket, or of whom there is nothing in it."""
    chance = np.random.default_rng(seed)
    rows = usual(chance)
    if without is not None:
        user, bucket = without
        rows = [row for row in rows if row[2] != user or (row[0] - START) // SPAN != bucket]
    rows = sorted([*rows, *plant(HIT, chance)])
    return (
        HEADER
        + "".join(
            f'{time},{service},{user},eu,{status},{site},{size:.4f},{word},"{place}"\n'
            for time, service, user, status, site, size, word, place in rows
        )
    ).encode()


def nothing(bucket: int, chance: np.random.Generator) -> list[Line]:
    return []


def many_rows(bucket: int, chance: np.random.Generator) -> list[Line]:
    return [line(bucket, "u7", bytes=100.0, word="w1") for _ in range(150)]


def large_rows(bucket: int, chance: np.random.Generator) -> list[Line]:
    return [line(bucket, "u7", bytes=float(9_000 + chance.normal()), word="w1") for _ in range(8)]


def many_large_rows(bucket: int, chance: np.random.Generator) -> list[Line]:
    return [line(bucket, "u7", bytes=float(9_000 + chance.normal())) for _ in range(100)]


def many_words(bucket: int, chance: np.random.Generator) -> list[Line]:
    return [line(bucket, "u7", word=f"x{n}-{chance.integers(10**9)}") for n in range(60)]


def found(plant: Plant, detector: dict[str, Any], influencers: tuple[str, ...] = FIELDS, **more: Any) -> Run:
    run = Run(job(detector, span=SPAN, influencers=list(influencers)))
    run.upload([data(plant, **more)])
    return run


def hit(run: Run) -> dict[str, Any]:
    """The most unusual record of the bucket in which something is planted."""
    records = run.results.records.filter(pl.col("timestamp") == START + SPAN * HIT)
    return records.sort("normalized_probability", descending=True).row(0, named=True)


def blamed(record: dict[str, Any]) -> dict[str, list[str]]:
    told = json.loads(record["influencers"] or "[]")
    return {each["influencerFieldName"]: each["influencerFieldValues"] for each in told}


@pytest.mark.parametrize(
    ("detector", "plant"),
    [
        ({"function": "count"}, many_rows),
        ({"function": "high_count", "partitionFieldName": "service"}, many_rows),
        ({"function": "sum", "fieldName": "bytes"}, large_rows),
        ({"function": "mean", "fieldName": "bytes"}, large_rows),
        ({"function": "metric", "fieldName": "bytes", "byFieldName": "service"}, large_rows),
        ({"function": "max", "fieldName": "bytes"}, large_rows),
        ({"function": "median", "fieldName": "bytes"}, many_large_rows),
        ({"function": "varp", "fieldName": "bytes"}, large_rows),
        ({"function": "distinct_count", "fieldName": "word"}, many_words),
        ({"function": "info_content", "fieldName": "word"}, many_words),
    ],
)
def test_the_culprit_is_named_and_no_bystander(detector: dict[str, Any], plant: Plant) -> None:
    """The user who makes half of all rows, the region and the status that nearly all have are beside it."""
    told = blamed(hit(found(plant, detector)))
    assert told.pop("user") == ["u7"]
    told.pop("site", None)  # where the service splits, it has one site, and all of the excess is of one service
    assert told == {}


def test_a_minimum_is_the_fault_of_who_has_it() -> None:
    plant: Plant = lambda bucket, chance: [line(bucket, "u7", bytes=1.0)]  # noqa: E731
    assert blamed(hit(found(plant, {"function": "min", "fieldName": "bytes"})))["user"] == ["u7"]


def test_who_is_missing_is_to_blame_for_what_is_missing() -> None:
    told = blamed(hit(found(nothing, {"function": "count"}, without=("u0", HIT))))
    assert told == {"user": ["u0"]}


def test_what_all_do_more_of_is_nobodys_fault() -> None:
    def doubled(bucket: int, chance: np.random.Generator) -> list[Line]:
        return [line(bucket, f"u{0 if n % 2 else 1 + n // 2 % 9}", service="db" if n % 10 < 3 else "web",
                     status="500" if n % 20 == 0 else "200") for n in range(120)]  # fmt: skip

    told = blamed(hit(found(doubled, {"function": "count"}, ("user", "status"))))
    assert "user" not in told


def test_two_who_share_the_blame_are_both_named() -> None:
    plant: Plant = lambda bucket, chance: [line(bucket, f"u{7 + n % 2}") for n in range(200)]  # noqa: E731
    assert sorted(blamed(hit(found(plant, {"function": "count"})))["user"]) == ["u7", "u8"]


def test_what_all_rows_have_is_named_where_nothing_else_explains() -> None:
    assert blamed(hit(found(many_rows, {"function": "count"}, ("region",)))) == {"region": ["eu"]}


def test_what_a_detector_splits_by_is_to_blame_for_its_records() -> None:
    detector = {"function": "count", "byFieldName": "user", "partitionFieldName": "service"}
    told = blamed(hit(found(many_rows, detector, ("service", "user", "site", "region"))))
    assert told == {"service": ["web"], "user": ["u7"], "site": ["s-web"]}


@pytest.mark.parametrize("over", ["count", "rare", "freq_rare"])
def test_causes_name_their_own(over: str) -> None:
    def plant(bucket: int, chance: np.random.Generator) -> list[Line]:
        return [line(bucket, "u7", service="web", status="500", word="strange") for _ in range(60)]

    detector = {"function": over, "byFieldName": "word", "overFieldName": "user"}
    if over == "count":
        detector = {"function": "count", "overFieldName": "user"}
    record = hit(found(plant, detector, ("user", "status", "word")))
    told = blamed(record)
    assert record["over_field_value"] == "u7"
    assert (told["user"], told["status"]) == (["u7"], ["500"])
    causes = json.loads(record["causes"])
    (cause,) = causes if over == "count" else [each for each in causes if each["byFieldValue"] == "strange"]
    assert {"influencerFieldName": "status", "influencerFieldValues": ["500"]} in cause["influencers"]
    if over != "count":
        assert told["word"] == ["strange"]


def test_who_brings_a_rare_value_is_to_blame() -> None:
    plant: Plant = lambda bucket, chance: [line(bucket, "u7", word="strange")]  # noqa: E731
    record = hit(found(plant, {"function": "rare", "byFieldName": "word"}))
    assert record["by_field_value"] == "strange"
    assert blamed(record) == {"user": ["u7"], "site": ["s-web"]}


@pytest.mark.parametrize(
    "detector", [{"function": "time_of_day", "byFieldName": "service"}, {"function": "lat_long", "fieldName": "place"}]
)
def test_who_comes_at_a_strange_time_or_place_is_to_blame(detector: dict[str, Any]) -> None:
    day = 86_400 // SPAN
    office = [line(b, "u3", word="b") for b in range(20 * day) if 54 <= b % day < 60]
    night = 15 * day + 10
    rows = sorted([*office, line(night, "u3", second=10), line(night, "u7", place="-33,151"), line(20 * day, "u3")])
    if detector["function"] == "time_of_day":
        rows = [row for row in rows if row[6] == "b" or row[2] == "u7" or row[0] > START + SPAN * night + SPAN]
    run = Run(job(detector, span=SPAN, influencers=["user", "region"]))
    lines = (f'{t},{s},{u},eu,{x},{w},{z},{d},"{p}"\n' for t, s, u, x, w, z, d, p in rows)
    run.upload(["".join([HEADER, *lines]).encode()])
    assert blamed(top(run.results)) == {"user": ["u7"]}


def test_a_missing_value_is_nobody() -> None:
    plant: Plant = lambda bucket, chance: [line(bucket, "") for _ in range(150)]  # noqa: E731
    assert "user" not in blamed(hit(found(plant, {"function": "count"})))


def test_without_influencers_nobody_is_asked_for() -> None:
    results = found(many_rows, {"function": "count"}, ()).results
    assert results.records["influencers"].null_count() == len(results.records)
    assert len(results.influencers) == results.buckets["bucket_influencers"].count() == 0


def test_results_are_the_same_but_for_the_blame() -> None:
    detector = {"function": "mean", "fieldName": "bytes", "byFieldName": "service"}
    one, other = (found(large_rows, detector, names).results for names in (FIELDS, ()))
    assert_frame_equal(
        one.records.drop("influencers", "anomaly_score"), other.records.drop("influencers", "anomaly_score")
    )


def test_a_bucket_is_as_anomalous_as_the_worst_of_its_influencers() -> None:
    results = found(many_rows, {"function": "count"}).results
    for row in results.buckets.iter_rows(named=True):
        if row["bucket_influencers"] is None:
            assert row["record_count"] == 0
            continue
        told = json.loads(row["bucket_influencers"])
        assert [name for name, _, _ in told] == ["bucketTime", *FIELDS]
        assert row["anomaly_score"] == max(points for _, points, _ in told)


def test_the_culprit_is_on_top_of_the_influencers_and_no_score_is_rewritten() -> None:
    results = found(many_rows, {"function": "count"}).results
    worst = results.influencers.sort("anomaly_score", descending=True).row(0, named=True)
    assert (worst["influencer_field_name"], worst["influencer_field_value"]) == ("user", "u7")
    assert worst["timestamp"] == START + SPAN * HIT
    assert 50.0 < worst["anomaly_score"] <= 100.0


def test_rows_that_stand_for_several_weigh_as_much() -> None:
    text = ["time,n,user\n"]
    chance = np.random.default_rng(2)
    for bucket in range(200):
        text += [f"{START + SPAN * bucket},{10 + chance.integers(3)},u{user}\n" for user in range(5)]
        text += [f"{START + SPAN * bucket},90,u3\n"] * (bucket == 180)
    run = Run(job({"function": "count"}, span=SPAN, influencers=["user"], summaryCountFieldName="n"))
    run.upload(["".join(text).encode()])
    assert blamed(top(run.results)) == {"user": ["u3"]}


def test_open_buckets_tell_who_is_to_blame_as_well() -> None:
    run = Run(job({"function": "count"}, span=SPAN, influencers=list(FIELDS)))
    text = data(many_rows).decode().splitlines(keepends=True)
    until = START + SPAN * (HIT + 1)
    run.upload(["".join([text[0], *(each for each in text[1:] if int(each[:10]) < until)]).encode()])
    interim = run.pipeline.interim()
    assert blamed(interim.records.row(0, named=True)) == {"user": ["u7"], "site": ["s-web"]}
    assert sorted(interim.influencers["influencer_field_value"].to_list()) == ["s-web", "u7"]
    assert_same(interim, run.pipeline.interim())


EVERYTHING = (
    {"function": "count"},
    {"function": "metric", "fieldName": "bytes", "byFieldName": "service"},
    {"function": "median", "fieldName": "bytes"},
    {"function": "varp", "fieldName": "bytes", "partitionFieldName": "service"},
    {"function": "distinct_count", "fieldName": "word"},
    {"function": "count", "overFieldName": "user"},
    {"function": "rare", "byFieldName": "word"},
    {"function": "freq_rare", "byFieldName": "word", "overFieldName": "user"},
    {"function": "time_of_day", "byFieldName": "user"},
)
SMALL = b"".join(data(many_rows).splitlines(keepends=True)[:1] + data(many_rows).splitlines(keepends=True)[-6_000:])


@pytest.fixture(scope="module")
def whole() -> Run:
    run = Run(job(*EVERYTHING, span=SPAN, influencers=list(FIELDS), latency=900))
    run.upload([SMALL])
    return run


@settings(max_examples=3, deadline=None)
@given(st.lists(st.integers(0, len(SMALL)), min_size=1, max_size=6))
def test_who_is_to_blame_depends_neither_on_cuts_nor_on_restarts(whole: Run, places: list[int]) -> None:
    pieces = cut(SMALL, places)
    cuts = Run(whole.job)
    cuts.upload(pieces)
    assert_same(whole.results, cuts.results)
    assert_frame_equal(whole.results.influencers, cuts.results.influencers, check_exact=True)

    rows = SMALL.splitlines(keepends=True)
    at = sorted(1 + place % (len(rows) - 1) for place in places)
    run, batches = Run(whole.job), []
    for begin, end in pairwise([1, *at, len(rows)]):
        run.upload([b"".join([rows[0], *rows[begin:end]])])
        batches += run.batches
        run = Run(whole.job, run.pipeline.state())
    run.batches = batches
    assert_same(whole.results, run.results)
    assert_frame_equal(whole.results.influencers, run.results.influencers, check_exact=True)


def test_overlapping_buckets_name_the_culprit_as_well() -> None:
    run = Run(job({"function": "count"}, span=SPAN, influencers=["user"], overlappingBuckets=True))
    run.upload([data(many_rows)])
    assert blamed(hit(run)) == {"user": ["u7"]}
    again = Run(run.job)
    again.upload(cut(data(many_rows), [100_000, 500_000]))
    assert_frame_equal(run.results.influencers, again.results.influencers, check_exact=True)


def test_a_state_from_before_there_were_influencers_can_be_restored(whole: Run) -> None:
    header, arrays = whole.pipeline.state()
    older = {name: each for name, each in arrays.items() if not name.startswith("influencers.")}
    run = Run(whole.job, (header, {**older}))
    run.upload([HEADER.encode(), f"{START + SPAN * (BUCKETS + 9)},web,u1,eu,200,s,1,a,\n".encode()])
    assert len(run.results.buckets) > 0
