import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.cli.severity import BANDS, severity


@pytest.mark.parametrize(
    ("score", "name"),
    [(100, "critical"), (75, "critical"), (74.99, "major"), (50, "major"), (25, "minor"), (3, "warning"), (2.99, "")],
)
def test_a_band_begins_at_its_lowest_score(score: float, name: str) -> None:
    assert severity(score).name == name


@given(st.floats(0, 100), st.floats(0, 100))
def test_a_higher_score_is_never_less_severe(one: float, other: float) -> None:
    assert severity(min(one, other)).least <= severity(max(one, other)).least


def test_bands_are_told_apart_without_colours() -> None:
    assert len({band.mark for band in BANDS}) == len(BANDS)
