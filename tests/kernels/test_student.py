import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.kernels.student import quantile, tail
from tests.kernels import naive
from tests.kernels.streams import fixed


@pytest.mark.parametrize("z", [*np.linspace(0.0, 20.0, 81), *np.logspace(1.5, 60.0, 20)])
def test_the_tail_is_the_integral_of_the_density(z: float) -> None:
    # The series for small angles stops after five terms, which leaves 1e-9 at the seam.
    assert tail(z) == pytest.approx(naive.student_tail(z), rel=2e-9)


def test_tables_agree() -> None:
    assert [round(tail(z), 6) for z in (0.726687, 2.015048, 3.364930, 6.868827)] == [0.25, 0.05, 0.01, 0.0005]


@fixed
@given(st.floats(0.0, 1e60), st.floats(0.0, 1e60))
def test_farther_out_is_never_more_probable(one: float, other: float) -> None:
    near, far = sorted([one, other])
    assert 0.5 >= tail(near) >= tail(far) > 0.0


def test_the_two_forms_of_the_tail_meet_at_their_seam() -> None:
    seam = math.sqrt(5.0) / math.tan(0.3)
    below, above = tail(seam * (1.0 - 1e-12)), tail(seam * (1.0 + 1e-12))
    assert below == pytest.approx(above, rel=1e-9)


@fixed
@given(st.floats(math.log(1.1e-9), math.log(0.5)).map(math.exp))
def test_the_quantile_is_where_the_tail_is_that(p: float) -> None:
    # Bisection stops at one part in a million of z, of whose power the tail is at most the fifth.
    assert tail(quantile(p)) == pytest.approx(p, rel=1e-5)


@pytest.mark.parametrize("p", [0.49, 0.25, 0.025, 1e-3, 1e-6])
def test_the_quantile_is_that_of_its_twin(p: float) -> None:
    assert quantile(p) == pytest.approx(naive.student_quantile(p), rel=1e-6)
