import numpy as np

from tailmass.intake.zones import to_utc

HOUR_MS = 3_600_000
SPRING_MS, AUTUMN_MS = 1396141200000, 1414285200000  # 01:00 UTC of 2014-03-30 and 2014-10-26: London changes its clocks


def test_an_hour_that_comes_twice_is_the_first() -> None:
    times, known = to_utc(np.array([AUTUMN_MS + HOUR_MS // 2]), "Europe/London")
    assert times.tolist() == [AUTUMN_MS - HOUR_MS // 2]
    assert known.all()


def test_an_hour_that_does_not_exist_is_read_by_the_old_clock() -> None:
    times, known = to_utc(np.array([SPRING_MS + HOUR_MS // 2]), "Europe/London")
    assert times.tolist() == [SPRING_MS + HOUR_MS // 2]
    assert known.all()


def test_an_abbreviation_is_the_same_all_year() -> None:
    assert to_utc(np.array([SPRING_MS, AUTUMN_MS]), "EST")[0].tolist() == [
        SPRING_MS + 5 * HOUR_MS,
        AUTUMN_MS + 5 * HOUR_MS,
    ]


def test_half_hours_count() -> None:
    assert to_utc(np.array([0]), "IST")[0].tolist() == [-11 * HOUR_MS // 2]


def test_a_zone_nobody_knows_converts_nothing() -> None:
    times, known = to_utc(np.array([1, 2]), "Mars/Olympus")
    assert times.tolist() == [0, 0]
    assert not known.any()
