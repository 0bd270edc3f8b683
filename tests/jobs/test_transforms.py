import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.errors import (
    ConditionInvalidArgument,
    DuplicateTransformOutput,
    EngineError,
    InvalidValue,
    TransformCircularDependency,
    TransformEmptyInput,
    TransformEmptyOutput,
    TransformInvalidArgument,
    TransformInvalidArgumentCount,
    TransformInvalidInputCount,
    TransformInvalidOutputCount,
    TransformOutputsUnused,
    TransformParseError,
    TransformRequiresCondition,
    TransformUnknownField,
    UnknownOperator,
    UnknownTransform,
)
from tailmass.jobs import Job, Transform
from tailmass.jobs.transforms import TRANSFORMS, ordered, parse, verify

LARGE = {"operator": "GT", "value": "5"}


def transform(name: str, inputs: str = "a", outputs: str = "", **more: Any) -> dict[str, Any]:
    written = {"transform": name, "inputs": inputs.split(), "outputs": outputs.split(), **more}
    return {key: value for key, value in written.items() if value != []}


@pytest.mark.parametrize(
    ("written", "outputs"),
    [
        (transform("domain_split"), "subDomain hrd"),
        (transform("domain_split", outputs="sub"), "sub"),
        (transform("domain_split", outputs="sub top"), "sub top"),
        (transform("concat", "a b"), "concat"),
        (transform("concat", "a b c", "d", arguments=["-"]), "d"),
        (transform("extract", arguments=["(a)"]), "extract"),
        (transform("extract", outputs="x y", arguments=["(a)(?:b)(?<c>c)"]), "x y"),
        (transform("split", outputs="x y z", arguments=[","]), "x y z"),
        (transform("split", arguments=[","]), "split"),
        (transform("exclude", "a b", condition=LARGE), ""),
        (transform("lowercase"), "lowercase"),
        (transform("uppercase", outputs="b"), "b"),
        (transform("trim"), "trim"),
        (transform("geo_unhash"), "latLong"),
    ],
)
def test_a_transform_is_echoed_and_has_the_outputs_of_its_kind(written: dict[str, Any], outputs: str) -> None:
    made = Transform.parse(written)
    assert made.document() == written
    assert made.output_names == tuple(outputs.split())


def test_there_are_nine_transforms() -> None:
    assert len(TRANSFORMS) == 9


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ({}, UnknownTransform),
        (transform("Concat", "a b"), UnknownTransform),
        (transform("domain_lookup"), UnknownTransform),
        (transform("concat", "a"), TransformInvalidInputCount),
        (transform("trim", "a b"), TransformInvalidInputCount),
        (transform("trim", ""), TransformInvalidInputCount),
        ({"transform": "exclude", "condition": LARGE}, TransformInvalidInputCount),
        ({"transform": "trim", "inputs": [""]}, TransformEmptyInput),
        ({"transform": "concat", "inputs": ["a", "  "]}, TransformEmptyInput),
        (transform("trim", arguments=["x"]), TransformInvalidArgumentCount),
        (transform("concat", "a b", arguments=["-", "+"]), TransformInvalidArgumentCount),
        (transform("extract"), TransformInvalidArgumentCount),
        (transform("split"), TransformInvalidArgumentCount),
        (transform("exclude", arguments=["x"], condition=LARGE), TransformInvalidArgumentCount),
        (transform("trim", outputs="b c"), TransformInvalidOutputCount),
        (transform("domain_split", outputs="b c d"), TransformInvalidOutputCount),
        (transform("exclude", outputs="b", condition=LARGE), TransformInvalidOutputCount),
        ({"transform": "trim", "inputs": ["a"], "outputs": [""]}, TransformEmptyOutput),
        ({"transform": "domain_split", "inputs": ["a"], "outputs": ["b", " "]}, TransformEmptyOutput),
        (transform("extract", arguments=["("]), TransformInvalidArgument),
        (transform("split", arguments=["["]), TransformInvalidArgument),
        (transform("extract", arguments=["a"]), TransformInvalidArgument),
        (transform("extract", outputs="x y", arguments=["(a)"]), TransformInvalidArgument),
        (transform("exclude"), TransformRequiresCondition),
        (transform("exclude", condition=None), TransformRequiresCondition),
        (transform("exclude", condition={"operator": "like", "value": "5"}), UnknownOperator),
        (transform("exclude", condition={"operator": "none", "value": "5"}), UnknownOperator),
        (transform("exclude", condition={"operator": "lt", "value": "x"}), ConditionInvalidArgument),
        (transform("exclude", condition={"operator": "lt", "value": None}), ConditionInvalidArgument),
        (transform("exclude", condition={"operator": "match", "value": "("}), ConditionInvalidArgument),
        (transform("trim", condition=LARGE), InvalidValue),
        ({"transform": 3}, TransformParseError),
        ({"transform": "trim", "inputs": "a"}, TransformParseError),
        ({"transform": "trim", "inputs": [None]}, TransformParseError),
        ({"transform": "trim", "input": ["a"]}, TransformUnknownField),
        (transform("exclude", condition={**LARGE, "unit": "m"}), TransformUnknownField),
    ],
)
def test_a_transform_that_cannot_work_is_refused_with_its_code(
    written: dict[str, Any], kind: type[EngineError]
) -> None:
    with pytest.raises(EngineError) as refused:
        Transform.parse(written)
    assert type(refused.value) is kind


def test_a_refusal_says_how_many_there_may_be() -> None:
    with pytest.raises(TransformInvalidInputCount, match=r"'concat' takes at least 2 inputs, not 1: \['a'\]"):
        Transform.parse(transform("concat"))
    with pytest.raises(TransformInvalidOutputCount, match="1 to 2 outputs, not 3"):
        Transform.parse(transform("domain_split", outputs="a b c"))


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ([transform("trim", "a", "a")], TransformCircularDependency),
        ([transform("trim", "a", "b"), transform("lowercase", "b", "a")], TransformCircularDependency),
        (
            [transform("concat", "c x", "a"), transform("trim", "a", "b"), transform("trim", "b", "c")],
            TransformCircularDependency,
        ),
        ([transform("trim"), transform("trim", "b")], DuplicateTransformOutput),
        ([transform("trim", "a", "x"), transform("lowercase", "b", "x")], DuplicateTransformOutput),
        ([transform("domain_split", outputs="x x")], DuplicateTransformOutput),
        ([transform("trim"), transform("bogus")], UnknownTransform),
        ({}, TransformParseError),
        ([3], TransformParseError),
        ([{**transform("trim"), "x": 1}], TransformUnknownField),
    ],
)
def test_transforms_that_cannot_work_together_are_refused(written: Any, kind: type[EngineError]) -> None:
    with pytest.raises(EngineError) as refused:
        parse(json.dumps(written))
    assert type(refused.value) is kind


def test_transforms_alone_need_not_be_used_by_anything() -> None:
    assert len(parse([transform("trim"), transform("lowercase")])) == 2
    assert parse("[]") == ()


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ([transform("trim")], {"trim"}),
        ([transform("domain_split")], {"hrd"}),
        ([transform("trim", "a", "b"), transform("lowercase", "b", "c")], {"c"}),
        ([transform("exclude", condition=LARGE)], set()),
        ([transform("trim", "a", "b"), transform("exclude", "b", condition=LARGE)], set()),
        ([transform("concat", "date clock", "time")], {"time"}),
    ],
)
def test_an_output_may_be_used_by_the_job_or_by_another_transform(
    written: list[dict[str, Any]], used: set[str]
) -> None:
    verify(parse(written), used)


@pytest.mark.parametrize(
    "written", [[transform("trim")], [transform("trim", "a", "b"), transform("lowercase", "b", "c")]]
)
def test_outputs_that_nothing_uses_are_refused(written: list[dict[str, Any]]) -> None:
    with pytest.raises(TransformOutputsUnused, match="Nothing uses"):
        verify(parse(written), {"a", "x"})


@given(st.permutations(range(6)))
def test_each_transform_comes_after_those_whose_outputs_it_needs(order: list[int]) -> None:
    chain = [Transform(transform="trim", inputs=(f"f{step}",), outputs=(f"f{step + 1}",)) for step in range(6)]
    assert ordered([chain[position] for position in order]) == tuple(chain)


def test_transforms_that_do_not_need_each_other_stay_in_their_order() -> None:
    given = parse([transform("trim", "a", "b"), transform("trim", "c", "d"), transform("trim", "e", "f")])
    assert ordered(given) == given


TRIM = transform("trim", "a", "b")


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ([transform("nothing")], 10201),
        ([{"inputs": ["a"]}], 10201),
        ([transform("concat", "a")], 10202),
        ([TRIM, transform("trim", "c")], 10203),
        ([transform("trim", "b", "b")], 10204),
        ([TRIM, transform("trim", "b", "c"), transform("concat", "c b", "a")], 10204),
        ([TRIM, transform("uppercase", "c", "b")], 10205),
        ([transform("split", outputs="b")], 10206),
        ([], 10207),
        (None, 10207),
        ([transform("exclude")], 10208),
        ([transform("exclude", condition={"operator": "around", "value": "1"})], 10209),
        ([transform("exclude", condition={"operator": "none", "value": "1"})], 10209),
        ([transform("exclude", condition={"operator": "gt"})], 10210),
        ([transform("exclude", condition={"operator": "gt", "value": "x"})], 10210),
        ([transform("exclude", condition={"operator": "match", "value": "("})], 10210),
        ([transform("trim", outputs="b c")], 10211),
        ([{**TRIM, "inputs": [" "]}], 10212),
        ([{**TRIM, "outputs": [" "]}], 10213),
        ([transform("split", outputs="b", arguments=["("])], 10214),
        ([transform("extract", outputs="b c", arguments=["(a)"])], 10214),
    ],
)
def test_a_job_is_refused_with_the_code_of_the_rule_it_breaks(written: list[dict[str, Any]] | None, code: int) -> None:
    with pytest.raises(EngineError) as refused:
        Job.parse(
            {
                "analysisConfig": {"detectors": [{"function": "count", "byFieldName": "b"}]},
                "dataDescription": {"format": "SINGLE_LINE"},
                "transforms": written,
            }
        )
    assert refused.value.code == code


@pytest.mark.parametrize("role", ["time", "summary", "category", "influencer", "field"])
def test_an_output_may_serve_whatever_the_job_needs_a_field_for(role: str) -> None:
    analysis: dict[str, dict[str, Any]] = {
        "summary": {"summaryCountFieldName": "b"},
        "category": {"categorizationFieldName": "b"},
        "influencer": {"influencers": ["b"]},
        "field": {"detectors": [{"function": "mean", "fieldName": "b"}]},
    }
    configuration = {
        "analysisConfig": {"detectors": [{"function": "count"}], **analysis.get(role, {})},
        "dataDescription": {"timeField": "b" if role == "time" else "time"},
        "transforms": [TRIM],
    }
    assert Job.parse(configuration).transforms is not None
