from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.analysis.explanation import SOURCES, kinds
from tailmass.results import RECORDS


def kind(
    actual: float = 9.0, typical: float = 1.0, *, shifted: bool = False, silent: bool = False, **evidence: float
) -> str:
    """The kind of one finding, with evidence by source."""
    contributions = np.array([[evidence.get(source, 0.0) for source in SOURCES]])
    (told,) = kinds(np.array([actual]), np.array([typical]), contributions, np.array([shifted]), np.array([silent]))
    return str(told)


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        ("spike", {"surprise": 5.0, "raw": 9.0, "envelope": 9.0}),
        ("dip", {"actual": 0.0, "surprise": 5.0}),
        ("spike", {"actual": -1.0, "typical": -3.0, "surprise": 5.0}),
        ("silence", {"actual": 0.0, "silent": True, "surprise": 5.0}),
        # An empty bucket where no rows are expected on average is no silence.
        ("spike", {"actual": 0.0, "typical": 0.0, "silent": True}),
        ("level shift", {"shifted": True, "surprise": 5.0}),
        ("shape", {"shape": 4.0, "surprise": 3.9, "window": 3.9}),
        ("spike", {"shape": 4.0, "surprise": 4.0}),
        ("spike", {"shape": 4.0, "raw": 4.1}),
        ("variance", {"variance": 4.0}),
        ("variance", {"variance": 4.0, "shape": 3.0}),
        ("shape", {"variance": 3.0, "shape": 4.0}),
        ("drift", {"window": 4.0, "surprise": 3.0}),
        ("drift", {"actual": 0.0, "window": 4.0}),
        ("spike", {"window": 3.0, "surprise": 4.0}),
        ("spike", {"window": 4.0, "surprise": 4.0}),
        # How rare the sum is does not say what it is made of.
        ("shape", {"shape": 4.0, "recalibration": 9.0}),
        ("variance", {"variance": 1.0, "recalibration": -9.0}),
        ("spike", {}),
    ],
)
def test_a_kind_is_what_the_evidence_says_most(expected: str, given: dict[str, Any]) -> None:
    assert kind(**given) == expected


def test_of_several_kinds_the_first_in_the_list_is_told() -> None:
    assert kind(0.0, silent=True, shifted=True, shape=9.0, variance=9.0, window=9.0) == "silence"
    assert kind(0.0, shifted=True, shape=9.0, variance=9.0, window=9.0) == "level shift"
    assert kind(0.0, shape=9.0, variance=9.0, window=9.0, surprise=1.0) == "drift"
    assert kind(0.0, shape=9.0, variance=9.0, window=8.0) == "shape"


def test_evidence_that_is_not_known_decides_nothing() -> None:
    assert kind(surprise=np.nan, shape=np.nan, window=np.nan) == "spike"
    assert kind(shape=np.nan, variance=2.0) == "variance"


def test_values_that_are_no_numbers_have_no_kind() -> None:
    assert [kind(np.nan), kind(1.0, np.nan), kind(np.nan, shifted=True)] == ["", "", "level shift"]


def test_no_findings_have_no_kinds() -> None:
    none, never = np.empty(0), np.empty(0, np.bool_)
    assert kinds(none, none, np.empty((0, len(SOURCES))), never, never).tolist() == []


FINDING = st.tuples(
    st.floats(-2, 2), st.floats(-2, 2), st.booleans(), st.booleans(),
    st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0]), min_size=len(SOURCES), max_size=len(SOURCES)),
)  # fmt: skip


@given(st.lists(FINDING, max_size=20))
def test_many_at_once_are_told_as_one_by_one(findings: list[tuple[float, float, bool, bool, list[float]]]) -> None:
    actual, typical, shifted, silent, evidence = zip(*findings, strict=True) if findings else ((), (), (), (), ())
    told = kinds(
        np.array(actual),
        np.array(typical),
        np.array(evidence).reshape(-1, len(SOURCES)),
        np.array(shifted, np.bool_),
        np.array(silent, np.bool_),
    )
    single = [
        kind(a, t, shifted=moved, silent=empty, **dict(zip(SOURCES, row, strict=True)))
        for a, t, moved, empty, row in findings
    ]
    assert told.tolist() == single


def test_every_source_has_its_column() -> None:
    assert [name for name in RECORDS if name.startswith("evidence_")] == [f"evidence_{source}" for source in SOURCES]
