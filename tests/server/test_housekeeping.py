from datetime import datetime, time

import pytest

from tailmass.server.housekeeping import AT, seconds_until


@pytest.mark.parametrize(
    ("now", "seconds"),
    [((0, 0, 0), 1800), ((0, 29, 59), 1), ((0, 30, 0), 86_400), ((0, 31, 0), 86_340), ((23, 30, 0), 3600)],
)
def test_house_is_kept_at_half_past_midnight(now: tuple[int, int, int], seconds: int) -> None:
    assert time(0, 30) == AT
    assert seconds_until(AT, datetime(2016, 2, 29, *now)) == seconds
