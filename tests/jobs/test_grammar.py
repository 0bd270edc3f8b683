from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.jobs import Detector
from tailmass.jobs.functions import BY_NAME
from tailmass.jobs.grammar import detector

NAMES = st.text(min_size=1).filter(lambda name: not set(name) & {'"', "\\"}) | st.sampled_from(["by", "Over", "a=b"])


@st.composite
def detectors(draw: st.DrawFn) -> Detector:
    name = draw(st.sampled_from(sorted(BY_NAME)))
    needs = BY_NAME[name]
    splits = {"required": NAMES, "optional": st.none() | NAMES, "forbidden": st.none()}
    return Detector(
        function=name,
        field_name=draw(splits[needs.field]),
        by_field_name=draw(splits[needs.by]),
        over_field_name=draw(splits[needs.over]),
        partition_field_name=draw(splits["optional"]),
        exclude_frequent=draw(st.none() | st.sampled_from(["all", "none", "by", "over"])),
        use_null=draw(st.booleans()),
        shape=draw(st.booleans()),
        sensitivity=draw(st.none() | st.floats(3.0, 8.0)),
    )


@given(detectors())
def test_a_label_is_read_as_the_detector_it_came_from(made: Detector) -> None:
    assert detector(made.label()) == made


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("count", {"function": "count"}),
        ("  count ( ) ", {"function": "count"}),
        ("high_mean(bytes)", {"function": "high_mean", "field_name": "bytes"}),
        (
            "high_mean(bytes) by host over user partition=site",
            {
                "function": "high_mean",
                "field_name": "bytes",
                "by_field_name": "host",
                "over_field_name": "user",
                "partition_field_name": "site",
            },
        ),
        ("count over user by host", {"function": "count", "by_field_name": "host", "over_field_name": "user"}),
        ("count BY Host", {"function": "count", "by_field_name": "Host"}),
        ('count by "by"', {"function": "count", "by_field_name": "by"}),
        ('count partition_field_name="a b"', {"function": "count", "partition_field_name": "a b"}),
        ("count partitionfield = site", {"function": "count", "partition_field_name": "site"}),
        (
            "count exclude_frequent=ALL use_null=True",
            {"function": "count", "exclude_frequent": "all", "use_null": True},
        ),
        ("count excludefrequent=by usenull=false", {"function": "count", "exclude_frequent": "by"}),
        ("count shape=true sensitivity=6", {"function": "count", "shape": True, "sensitivity": 6.0}),
    ],
)
def test_the_short_form_is_read(text: str, fields: dict[str, Any]) -> None:
    assert detector(text) == Detector(**fields)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a function"),
        ("   ", "a function"),
        ("(x)", "a function"),
        ("by host", "'by' stands where a function"),
        ("mean(", "a field"),
        ("mean(x", "no '\\)'"),
        ("mean(a, b)", "no '\\)'"),
        ('mean("")', "a field"),
        ("count by", "a field for 'by' is needed"),
        ("count by over user", "quotes around it"),
        ("count host", "'host' is not expected"),
        ('count "by" host', "'by' is not expected"),
        ("count)", "'\\)' is not expected"),
        ("count by a by b", "'by' is there twice"),
        ("count partition site", "no '='"),
        ("count use_null=maybe", "neither true nor false"),
        ("count shape=maybe", "neither true nor false"),
        ("count sensitivity=high", "'high' is not a number"),
        ("count sensitivity=nan", "'nan' is not a number"),
        ("count sensitivity=9", "it goes from 3 to 8"),
        ('count by "host', "a quote is not closed"),
        ("frequent(x)", "Unknown function 'frequent'"),
        ("mean by host", "fieldName"),
        ("rare(x) by y", "cannot use"),
        ("count by a\\b", "backslash"),
        ("count exclude_frequent=some", "'some'"),
    ],
)
def test_what_is_no_detector_is_refused_with_the_reason_and_the_form(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        detector(text)
    assert "function(field) by field over field" in str(refused.value)
    assert repr(text) in str(refused.value)
