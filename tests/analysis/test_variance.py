import numpy as np
import pytest

from tailmass.columns import Columns
from tests.analysis.rows import SPAN, Watched, columns, equal, joined, noise


def wilder(rows: Columns, bucket: int, host: int, factor: float) -> Columns:
    """The rows with the deviations of one host in one bucket multiplied."""
    hit = (rows.times // 1000 // SPAN == bucket) & (rows.texts["host"] == f"h{host}").to_numpy()
    values = rows.numbers["value"]
    return Columns(
        rows.times, rows.dated, rows.texts, {"value": np.where(hit, 10.0 + factor * (values - 10.0), values)}
    )


@pytest.mark.parametrize(("factor", "kind"), [(8.0, "spike"), (0.02, "dip")])
def test_variances_are_told_in_their_own_unit(factor: float, kind: str) -> None:
    rows = wilder(noise(300, rows=12), 250, 1, factor)
    found = Watched("varp(value) by host").add(rows)
    k = int(np.flatnonzero((found.bucket == 250) & (found.series == 1))[0])
    own = (rows.times // 1000 // SPAN == 250) & (rows.texts["host"] == "h1").to_numpy()
    assert found.actual[k] == pytest.approx(rows.numbers["value"][own].var(), rel=1e-9)
    assert found.typical[k] == pytest.approx(0.9, abs=0.2)  # 11/12, as a logarithm sees it
    explained = found.explanation
    assert 0.0 < explained.lower[k] < found.typical[k] < explained.upper[k] < 4.0
    assert explained.kind[k] == kind


@pytest.mark.parametrize(("function", "factor"), [("high_varp", 8.0), ("low_varp", 0.02)])
def test_a_side_is_that_of_the_variance(function: str, factor: float) -> None:
    for change in (8.0, 0.02):
        found = Watched(f"{function}(value) by host").add(wilder(noise(300, rows=12), 250, 1, change))
        assert ((found.bucket == 250) & (found.series == 1)).any() == (change == factor)


def test_values_that_stand_still_are_a_variance_too_low_and_not_beyond_numbers() -> None:
    rows = wilder(noise(300, rows=12), 250, 1, 0.0)
    found = Watched("low_varp(value) by host").add(rows)
    k = int(np.argmax(found.evidence))
    assert (found.bucket[k], found.series[k], found.actual[k]) == (250, 1, 0.0)
    assert np.isfinite(found.typical).all()


def test_one_row_is_no_variance_and_no_update() -> None:
    watched = Watched("varp(value)")
    found = watched.add(columns([0, 1000, SPAN * 1000, 2 * SPAN * 1000], None, {"value": [1.0, 2.0, 3.0, 4.0]}))
    assert found.updates.tolist() == [1, 0]
    assert found.closed is not None
    assert found.closed.count.tolist() == [2.0, 1.0]
    assert found.values[0].tolist() == pytest.approx([0.25, np.nan], nan_ok=True)


def test_what_is_expected_is_a_variance_within_its_bounds() -> None:
    watched = Watched("varp(value) by host")
    watched.add(noise(300, rows=12))
    mean, lower, upper = (float(part[0]) for part in watched.analysis.forecast(0, 300, 1))
    assert 0.2 < lower < mean < upper < 3.0
    assert mean == pytest.approx(0.9, abs=0.2)


def test_the_model_goes_on_from_its_state() -> None:
    one, other = Watched("varp(value) by host"), Watched("varp(value) by host")
    one.add(noise(60))
    other.restore(one.state())
    more = joined([wilder(noise(3, first=60), 60, 1, 9.0), noise(1, first=63)])
    assert one.add(more).evidence.tobytes() == other.add(more).evidence.tobytes()
    assert equal(one.state(), other.state())


def test_bounds_do_not_depend_on_the_unit_of_the_data() -> None:
    rows = wilder(noise(300, rows=12), 250, 1, 8.0)
    scaled = Columns(rows.times, rows.dated, rows.texts, {"value": rows.numbers["value"] * 2.0**30})
    one, other = (Watched("varp(value) by host").add(each) for each in (rows, scaled))
    assert other.actual == pytest.approx(one.actual * 2.0**60, rel=1e-9)
    assert other.series.tolist() == one.series.tolist()
