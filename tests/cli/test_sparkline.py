from hypothesis import given
from hypothesis import strategies as st

from tailmass.cli.sparkline import BARS, sparkline

finite = st.floats(-1e9, 1e9)


def test_a_spike_survives_being_squeezed() -> None:
    assert "█" in sparkline([1.0] * 50 + [9.0] + [1.0] * 45, 12)


def test_a_dip_survives_being_squeezed() -> None:
    assert sparkline([9.0] * 50 + [1.0] + [9.0] * 45, 12).count("▁") == 1


def test_a_series_that_never_changes_is_flat() -> None:
    assert sparkline([5.0] * 4) == "▁▁▁▁"


def test_no_values_draw_nothing() -> None:
    assert sparkline([]) == ""
    assert sparkline([float("nan")] * 3) == "   "


@given(st.lists(finite | st.just(float("nan"))), st.integers(1, 40))
def test_it_is_never_wider_than_asked_nor_than_there_are_values(values: list[float], width: int) -> None:
    drawn = sparkline(values, width)
    assert len(drawn) == min(width, len(values))
    assert set(drawn) <= {*BARS, " "}


@given(st.lists(finite, min_size=1, max_size=24))
def test_a_higher_value_never_has_a_lower_bar(values: list[float]) -> None:
    heights = [BARS.index(bar) for bar in sparkline(values)]
    ranked = [height for _, height in sorted(zip(values, heights, strict=True))]
    assert ranked == sorted(ranked)
