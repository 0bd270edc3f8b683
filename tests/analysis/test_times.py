from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.columns import Columns
from tests.analysis.rows import SPAN, Watching, columns, equal, in_pieces, same

DAY, WEEK = 86_400, 604_800
DETECTORS = [
    "time_of_day by user",
    "time_of_week",
    "time_of_day over user partition=site",
    "time_of_day by site over user",
]


def office(days: int, *, seed: int = 3, extra: list[int] | None = None, users: int = 4) -> Columns:
    """Sixty log-ins a working day from 9 to 17; the first day is a Thursday. `extra` ones are those of user u0."""
    chance = np.random.default_rng(seed)
    working = [day for day in range(days) if day % 7 not in (2, 3)]
    usual = np.concatenate([day * DAY + chance.integers(9 * 3600, 17 * 3600, 60) for day in working])
    who = [*chance.integers(0, users, len(usual)).tolist(), *[0] * len(extra or [])]
    times = np.concatenate([usual, np.array(extra or [], np.int64)])
    order = np.argsort(times, kind="stable")
    names = [f"u{who[k]}" for k in order.tolist()]
    return columns(times[order] * 1000, {"user": names, "site": [f"s{int(name[1:]) % 2}" for name in names]})


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("detector", ["time_of_day", "time_of_day by user", "time_of_day over user"])
def test_a_log_in_at_night_is_found_with_its_second_of_the_day(detector: str, seed: int) -> None:
    night = 35 * DAY + 3 * 3600 + 17
    findings = Watching(detector).add(office(40, seed=seed, extra=[night]))
    assert findings.bucket.tolist() == [night // SPAN - 9 * 3600 // SPAN - findings_begin(seed)]
    assert findings.actual.tolist() == [3 * 3600 + 17]
    assert 9 * 3600 <= findings.typical[0] <= 17 * 3600
    assert findings.probability[0] < 0.005
    assert findings.explanation.kind.tolist() == ["time"]


def findings_begin(seed: int) -> int:
    """Buckets from 9:00 to the first log-in."""
    return int(office(40, seed=seed).times[0] // 1000 - 9 * 3600) // SPAN


@pytest.mark.parametrize("seed", range(3))
def test_a_log_in_on_a_sunday_is_unusual_in_the_week_and_not_in_the_day(seed: int) -> None:
    sunday = 38 * DAY + 12 * 3600
    rows = office(45, seed=seed, extra=[sunday])
    findings = Watching("time_of_week").add(rows)
    assert findings.actual.tolist() == [sunday % WEEK]
    assert len(Watching("time_of_day").add(rows).series) == 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rows", [200, 4000])
@pytest.mark.parametrize("detector", ["time_of_day", "time_of_week", "time_of_day by user"])
def test_events_at_any_time_and_those_of_office_hours_are_calm(detector: str, rows: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    times = np.sort(chance.integers(0, 40 * DAY, rows))
    names = [f"u{u}" for u in chance.integers(0, 3, rows)]
    anyhow = columns(times * 1000, {"user": names, "site": names})
    assert len(Watching(detector).add(anyhow).series) <= 3
    assert len(Watching(detector).add(office(40, seed=seed)).series) <= 2


def test_the_clock_is_that_of_the_zone() -> None:
    night = 35 * DAY + 3 * 3600
    rows = office(40, extra=[night])
    zone = Watching("time_of_day", zone="Asia/Tokyo").add(rows)
    assert zone.actual.tolist() == [12 * 3600]
    assert zone.typical[0] >= 18 * 3600 or zone.typical[0] <= 2 * 3600


def test_what_users_never_did_before_is_known_from_the_others() -> None:
    rows = office(60, users=30)
    new = [50 * DAY + hour * 3600 for hour in (10, 11, 12)] + [54 * DAY + 10 * 3600, 55 * DAY + 10 * 3600]
    more = columns([*(np.array(new) * 1000)], {"user": ["new"] * 5, "site": ["s0"] * 5})
    both = Columns(
        np.concatenate([rows.times, more.times]),
        np.concatenate([rows.dated, more.dated]),
        {name: rows.texts[name].append(more.texts[name]) for name in rows.texts},
        {},
    )
    both = both.take(np.argsort(both.times, kind="stable"))
    watched = Watching("time_of_day over user")
    over = watched.analysis.names(watched.add(both).series)[2]
    assert over is not None
    assert "new" not in over


@pytest.mark.parametrize("seed", range(3))
def test_what_is_usual_of_one_by_value_is_not_of_another(seed: int) -> None:
    chance = np.random.default_rng(seed)
    day, kind = np.repeat(np.arange(40), 80), np.tile(np.arange(80) % 2, 40)
    hour = np.where(kind == 0, chance.uniform(9, 17, len(day)), chance.uniform(0, 4, len(day)))  # log-ins, and backups
    users = chance.integers(0, 6, len(day))
    seconds = np.append(day * DAY + (hour * 3600).astype(np.int64), 35 * DAY + 12 * 3600)  # u0 backs up at noon
    order = np.argsort(seconds, kind="stable")
    names = [f"u{u}" for u in np.append(users, 0)[order]]
    sites = [("log-in", "backup")[k] for k in np.append(kind, 1)[order]]
    watched = Watching("time_of_day by site over user")
    findings = watched.add(columns(seconds[order] * 1000, {"user": names, "site": sites}))
    k = int(np.argmin(findings.probability))
    assert watched.analysis.names(findings.series[k : k + 1]) == (None, None, ["u0"])
    assert findings.actual[k] == 12 * 3600
    assert findings.causes is not None
    assert findings.causes.by is not None
    assert findings.causes.by[findings.causes.offsets[k]] == "backup"
    assert len(findings.series) <= 2
    assert len(Watching("time_of_day over user").add(columns(seconds[order] * 1000, {"user": names})).series) <= 1


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.sampled_from(DETECTORS), st.lists(st.integers(0, 1500), max_size=3), st.sampled_from([0, 5000]))
def test_rows_can_be_cut_anywhere(detector: str, cuts: list[int], latency: int) -> None:
    rows = office(36, extra=[35 * DAY + 3 * 3600])
    whole, parts = Watching(detector, latency=latency), Watching(detector, latency=latency)
    at_once = in_pieces(whole, rows, [])
    assert len(at_once[0])
    assert in_pieces(parts, rows, cuts) == at_once
    assert equal(whole.state(), parts.state())


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.sampled_from(DETECTORS), st.integers(1, 1500))
def test_a_restored_detector_goes_on_to_the_last_bit(detector: str, cut: int) -> None:
    rows = office(36, extra=[35 * DAY + 3 * 3600])
    watched, again = Watching(detector, latency=5000), Watching(detector, latency=5000)
    watched.add(rows.take(slice(cut)))
    again.restore(watched.state())
    one, other = (each.add(rows.take(slice(cut, None))) for each in (watched, again))
    assert same(one, other)
    assert equal(watched.state(), again.state())


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_look_at_open_buckets_tells_what_is_final_and_changes_nothing(detector: str) -> None:
    looked, left = Watching(detector), Watching(detector)
    rows = office(25, extra=[25 * DAY + 3 * 3600])
    for watched in (looked, left):
        watched.add(rows)
    interim = looked.interim()
    assert len(interim.series)
    assert equal(looked.state(), left.state())
    final = looked.add(columns([26 * DAY * 1000], {"user": ["u1"], "site": ["s1"]}))
    assert same(replace(interim, updates=final.updates), final)  # what is not learnt is not watched yet
