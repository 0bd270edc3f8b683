import math

from hypothesis import given
from hypothesis import strategies as st

from tailmass.results.numbers import SMALLEST_PROBABILITY, feature, probability, score


@given(st.floats())
def test_no_number_in_a_document_is_other_than_json_has_it(value: float) -> None:
    assert math.isfinite(score(value))
    assert SMALLEST_PROBABILITY <= probability(value) <= 1.0


def test_the_smallest_probability_is_the_one_that_clients_know() -> None:
    assert repr(probability(0.0)) == "2.22507e-308"
    assert probability(3.28197e-36) == 3.28197e-36


def test_one_number_is_bare_and_several_are_an_array() -> None:
    assert feature(242.75) == 242.75
    assert feature((242.75,)) == 242.75
    assert feature((51.5, -0.1)) == [51.5, -0.1]


def test_what_is_no_number_is_nothing() -> None:
    assert feature(None) is None
    assert feature(math.nan) is None
    assert feature((1.0, math.inf)) is None
    assert feature(()) is None
