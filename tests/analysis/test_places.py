import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.analysis.places import points, positions
from tailmass.columns import Columns
from tests.analysis.rows import SPAN, Watching, columns, equal, in_pieces, same

DETECTORS = [
    "lat_long(place) by user",
    "lat_long(place) by user partition=site",
    "lat_long(place)",
    "lat_long(place) over user",
    "lat_long(place) by site over user",
]


def log_ins(buckets: int, *, users: int = 3, seed: int = 1, extra: dict[int, str] | None = None) -> Columns:
    """Each user about once a bucket at home, or in an office thirty kilometres away; `extra` places of user u0."""
    chance = np.random.default_rng(seed)
    bucket, user = np.nonzero(chance.random((buckets, users)) < 0.9)
    n = len(bucket)
    home = chance.uniform(-50.0, 50.0, (users, 2))
    degrees = home[user] + chance.normal(0.0, 0.05, (n, 2)) + 0.3 * (chance.random((n, 1)) < 0.3)
    second = bucket * SPAN + chance.integers(0, SPAN, n)
    place = [f"{latitude:.4f},{longitude:.4f}" for latitude, longitude in degrees]
    second = np.concatenate([second, np.array([b * SPAN + SPAN - 1 for b in extra or {}], np.int64)])
    user = np.concatenate([user, np.zeros(len(extra or {}), np.int64)])
    place += list((extra or {}).values())
    order = np.argsort(second, kind="stable").tolist()
    names = [f"u{user[k]}" for k in order]
    sites = [f"s{int(name[1:]) % 2}" for name in names]
    return columns(second[order] * 1000, {"user": names, "site": sites, "place": [place[k] for k in order]})


@pytest.mark.parametrize("seed", range(3))
def test_a_log_in_from_the_other_end_of_the_world_is_found_with_both_positions(seed: int) -> None:
    watched = Watching("lat_long(place) by user")
    findings = watched.add(log_ins(400, seed=seed, extra={350: "60.5,-140.25"}))
    k = int(np.argmin(findings.probability))
    assert findings.bucket[k] == 350
    assert watched.analysis.names(findings.series[k : k + 1])[1] == ["u0"]
    assert findings.actual[k].tolist() == [60.5, -140.25]
    assert findings.typical.shape == findings.actual.shape
    assert findings.probability[k] < 0.01
    assert findings.explanation.kind[k] == "travel"


@pytest.mark.parametrize("seed", range(3))
def test_users_who_are_where_they_usually_are_are_calm(seed: int) -> None:
    assert len(Watching("lat_long(place) by user").add(log_ins(400, seed=seed)).series) <= 2


@pytest.mark.parametrize("seed", range(3))
def test_who_is_always_somewhere_else_is_calm_as_well(seed: int) -> None:
    chance = np.random.default_rng(seed)
    places = [f"{a:.3f},{b:.3f}" for a, b in chance.uniform(-80.0, 80.0, (400, 2))]
    rows = columns(np.arange(400) * SPAN * 1000, {"user": ["u"] * 400, "site": ["s"] * 400, "place": places})
    assert len(Watching("lat_long(place) by user").add(rows).series) == 0


def among_peers(buckets: int, extra: dict[int, tuple[str, str]], *, seed: int, users: int = 12) -> Columns:
    """Everybody now and then in one of three cities; `extra` users and places."""
    chance = np.random.default_rng(seed)
    bucket, user = np.nonzero(chance.random((buckets, users)) < 0.1)
    cities = np.array([[51.5, -0.1], [48.9, 2.4], [52.4, 4.9]])
    degrees = cities[chance.integers(0, 3, len(bucket))] + chance.normal(0.0, 0.05, (len(bucket), 2))
    usual = zip(bucket.tolist(), user.tolist(), degrees.tolist(), strict=True)
    rows = [(b * SPAN, f"u{u}", f"{x:.4f},{y:.4f}") for b, u, (x, y) in usual]
    rows = sorted([*rows, *((b * SPAN, *told) for b, told in extra.items())])
    times, names, places = zip(*rows, strict=True)
    kinds = ["s0" if name[1:].isdigit() and int(name[1:]) % 2 else "s1" for name in names]
    return columns(np.array(times) * 1000, {"user": [*names], "site": kinds, "place": [*places]})


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("who", ["u0", "new"])
def test_a_place_where_no_peer_is_is_found_even_of_a_user_that_is_new(who: str, seed: int) -> None:
    watched = Watching("lat_long(place) over user")
    findings = watched.add(among_peers(400, {350: (who, "60.5,-140.25")}, seed=seed))
    k = int(np.argmin(findings.probability))
    assert (findings.bucket[k], watched.analysis.names(findings.series[k : k + 1])) == (350, (None, None, [who]))
    assert findings.causes is not None
    assert findings.causes.actual[findings.causes.offsets[k]].tolist() == [60.5, -140.25]
    assert findings.probability[k] < 0.01


@pytest.mark.parametrize("seed", range(3))
def test_a_place_that_is_new_to_a_user_but_not_to_its_peers_is_no_news(seed: int) -> None:
    rows = among_peers(400, {350: ("new", "51.5,-0.1"), 360: ("new", "48.9,2.4")}, seed=seed)
    watched = Watching("lat_long(place) over user")
    over = watched.analysis.names(watched.add(rows).series)[2]
    assert over is not None
    assert "new" not in over


def test_a_population_of_one_is_never_told_of() -> None:
    rows = log_ins(400, users=1, extra={350: "60.5,-140.25"})
    assert len(Watching("lat_long(place) over user").add(rows).series) == 0


def test_a_text_that_is_no_position_is_passed_over() -> None:
    rows = log_ins(60)
    broken = rows.texts["place"].to_list()
    broken[30:33] = [None, "somewhere", "91.5,200"]
    texts = {**rows.texts, "place": pl.Series(broken)}
    kept = rows.take(np.delete(np.arange(len(rows)), [30, 31, 32]))
    one, other = Watching("lat_long(place) by user"), Watching("lat_long(place) by user")
    one.add(Columns(rows.times, rows.dated, texts, {}))
    other.add(kept)
    assert one.state()["detector.places.clusters"].tolist() == other.state()["detector.places.clusters"].tolist()


def test_positions_are_points_of_the_unit_sphere() -> None:
    corners = points(positions(pl.Series(["0,0", "0,90", "90,17", "-90,0"])))
    assert corners == pytest.approx(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, -1]]), abs=1e-12)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.sampled_from(DETECTORS[:2]), st.lists(st.integers(0, 200), max_size=3), st.sampled_from([0, 1000]))
def test_rows_can_be_cut_anywhere(detector: str, cuts: list[int], latency: int) -> None:
    rows = log_ins(90, extra={80: "60.5,-140.25"})
    whole, parts = Watching(detector, latency=latency), Watching(detector, latency=latency)
    at_once = in_pieces(whole, rows, [])
    assert len(at_once[0])
    assert in_pieces(parts, rows, cuts) == at_once
    assert equal(whole.state(), parts.state())


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.sampled_from(DETECTORS), st.integers(1, 240))
def test_a_restored_detector_goes_on_to_the_last_bit(detector: str, cut: int) -> None:
    rows = log_ins(90, extra={80: "60.5,-140.25"})
    watched, again = Watching(detector, latency=1000), Watching(detector, latency=1000)
    watched.add(rows.take(slice(cut)))
    again.restore(watched.state())
    one, other = (each.add(rows.take(slice(cut, None))) for each in (watched, again))
    assert same(one, other)
    assert equal(watched.state(), again.state())


def test_a_look_at_open_buckets_tells_what_is_final_and_changes_nothing() -> None:
    looked, left = (Watching("lat_long(place) by user") for _ in "ab")
    for watched in (looked, left):
        watched.add(log_ins(90, extra={89: "60.5,-140.25"}))
    interim = looked.interim()
    assert len(interim.series) == 1
    assert equal(looked.state(), left.state())
    assert same(interim, looked.add(columns([90 * SPAN * 1000], {"user": ["u1"], "site": ["s1"], "place": ["1,1"]})))
