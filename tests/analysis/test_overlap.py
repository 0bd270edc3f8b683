"""Two views of findings, held to the definition for one bucket and series."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.analysis.detector import Findings
from tailmass.analysis.explanation import looking_like
from tailmass.analysis.overlap import more_anomalous, worth_a_second_view
from tailmass.jobs.grammar import detector

View = dict[tuple[int, int], float]
"""Evidence by bucket and series."""

views = st.dictionaries(st.tuples(st.integers(5, 9), st.integers(0, 2)), st.sampled_from([2.0, 3.0, 4.0, 5.0]))


def findings(view: View) -> Findings:
    keys = sorted(view)
    bucket, series = np.array(keys, np.int64).reshape(-1, 2).T
    evidence = np.array([view[key] for key in keys], np.float64)
    return Findings(
        bucket=bucket,
        series=series,
        evidence=evidence,
        probability=10.0**-evidence,
        feature=np.zeros(len(keys), np.int64),
        actual=evidence,
        typical=evidence,
        explanation=looking_like(np.full(len(keys), "spike")),
        updates=np.zeros(0, np.int64),
        closed=None,
    )


def naive(found: View, later: View, *, back: bool) -> View:
    """Each finding of the later view that says more than both it overlaps replaces the greater one."""
    told = dict(found)
    for (bucket, series), evidence in sorted(later.items()):
        first, second = (found.get((each, series), 0.0) for each in (bucket, bucket + 1))
        if evidence > max(first, second):
            place = (bucket if back and first >= second else bucket + 1, series)
            told[place] = max(evidence, told.get(place, 0.0))
    return told


@settings(max_examples=300, deadline=None, derandomize=True)
@given(found=views, later=views, back=st.booleans())
def test_each_bucket_is_told_by_the_view_that_finds_more(found: View, later: View, back: bool) -> None:
    told = more_anomalous(findings(found), findings(later), back=back)
    keys = list(zip(told.bucket.tolist(), told.series.tolist(), strict=True))
    assert keys == sorted(keys)
    assert dict(zip(keys, told.evidence.tolist(), strict=True)) == naive(found, later, back=back)
    assert told.actual.tolist() == told.evidence.tolist()


def test_one_view_alone_is_all_there_is() -> None:
    found = findings({(5, 0): 3.0})
    assert more_anomalous(found, None, back=True) is found


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("count", True),
        ("metric(x)", True),
        ("max(x)", False),
        ("time_of_week by y", False),
        ("lat_long(x)", False),
    ],
)
def test_what_is_a_matter_of_single_rows_needs_no_second_view(text: str, worth: bool) -> None:
    assert worth_a_second_view(detector(text)) is worth
