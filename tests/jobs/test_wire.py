from typing import Any

import pytest

from tailmass.errors import (
    EngineError,
    InvalidValue,
    JobConfigParseError,
    JobConfigUnknownField,
    ProhibitedCharacterInFieldName,
)
from tailmass.jobs.wire import Double, Flag, Long, Name, Text, Wire, decode, field_name, not_negative


class Part(Wire):
    """A noun inside of another."""

    native = frozenset({"also_ours"})

    some_text: Text | None = None
    also_ours: Long | None = None


class Whole(Wire):
    """A noun with one field of each kind."""

    always = frozenset({"some_long"})
    native = frozenset({"ours"})

    some_long: Long = 7
    some_double: Double | None = None
    some_flag: Flag | None = None
    some_name: Name = None
    some_part: Part | None = None
    many_parts: tuple[Part, ...] | None = None
    anything: dict[str, Any] | None = None
    ours: Long | None = None


def refusal(data: Any) -> EngineError:
    with pytest.raises(EngineError) as refused:
        Whole.parse(data)
    return refused.value


@pytest.mark.parametrize(
    "data",
    [
        "",
        "{",
        b"\xff{}",
        '{"someLong": NaN}',
        '{"anything": {"x": Infinity}}',
        '{"anything": {"x": "\\ud800"}}',
        "[" * 100_000,
        '{"someLong": ' + "9" * 5000 + "}",
        "[]",
        "3",
        "null",
        {"anything": {"x": object()}},
    ],
)
def test_what_is_not_a_json_object_cannot_be_read(data: Any) -> None:
    assert isinstance(refusal(data), JobConfigParseError)


def test_a_syntax_error_says_where() -> None:
    assert "line 1 column 14" in (refusal('{"someLong": }').cause or "")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("someLong", True),
        ("someLong", "3"),
        ("someLong", 3.5),
        ("someLong", 2**63),
        ("someLong", -1e300),
        ("someLong", []),
        ("someDouble", False),
        ("someDouble", "3"),
        ("someDouble", 10**400),
        ("someFlag", 1),
        ("someFlag", "true"),
        ("someName", 5),
        ("someName", ["a"]),
        ("somePart", "x"),
        ("somePart", []),
        ("manyParts", {}),
        ("manyParts", "x"),
        ("manyParts", [None]),
        ("anything", []),
        ("anything", "x"),
    ],
)
def test_a_value_of_the_wrong_json_type_cannot_be_read_and_is_named(field: str, value: Any) -> None:
    refused = refusal({field: value})
    assert isinstance(refused, JobConfigParseError)
    assert f"'{field}" in refused.message


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"x": 1}, "'x'"),
        ({"some_long": 1}, "'some_long': did you mean 'someLong'?"),
        ({"some_long": None}, "'some_long'"),
        ({"somePart": {"sometext": "a"}}, "'somePart.sometext': did you mean 'someText'?"),
        ({"manyParts": [{}, {"y": 1}]}, "'manyParts[1].y'"),
    ],
)
def test_a_field_that_does_not_exist_is_named_wherever_it_is(data: dict[str, Any], named: str) -> None:
    refused = refusal(data)
    assert isinstance(refused, JobConfigUnknownField)
    assert named in refused.message


def test_null_is_not_set() -> None:
    assert Whole.parse({"someLong": None, "somePart": None, "someFlag": None}) == Whole()
    assert Whole.parse({"somePart": None}).document() == {"someLong": 7}


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert Whole.parse('{"someLong": 3600.0, "someDouble": 1}').document() == {"someLong": 3600, "someDouble": 1.0}


def test_a_document_has_what_was_set_and_what_is_always_written() -> None:
    assert Whole().document() == {"someLong": 7}
    assert Whole(some_flag=False, some_name="").document() == {"someLong": 7, "someFlag": False}
    assert Whole(many_parts=(Part(some_text="a"), Part())).document()["manyParts"] == [{"someText": "a"}, {}]


def test_what_only_the_native_api_has_can_be_left_out_at_any_depth() -> None:
    ours = Part(also_ours=2)
    whole = Whole(ours=1, some_part=ours, many_parts=(ours, Part(some_text="a")))
    assert whole.document(native=False) == {"someLong": 7, "somePart": {}, "manyParts": [{}, {"someText": "a"}]}
    assert whole.document() == {
        "someLong": 7,
        "somePart": {"alsoOurs": 2},
        "manyParts": [{"alsoOurs": 2}, {"someText": "a"}],
        "ours": 1,
    }


def test_a_document_can_be_changed_without_changing_the_noun() -> None:
    whole = Whole(anything={"deep": {"null": None}})
    whole.document()["anything"]["deep"]["null"] = 1
    assert whole.document()["anything"] == {"deep": {"null": None}}


def test_a_noun_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Whole().some_long = 3  # type: ignore[misc]


def test_several_nouns_can_be_read_with_errors_of_their_own() -> None:
    read = decode(
        tuple[Part, ...], '[{"someText": "a"}]', malformed=InvalidValue, unknown=ProhibitedCharacterInFieldName
    )
    assert read == (Part(some_text="a"),)
    with pytest.raises(ProhibitedCharacterInFieldName):
        decode(tuple[Part, ...], [{"x": 1}], malformed=InvalidValue, unknown=ProhibitedCharacterInFieldName)


def test_only_a_number_below_zero_is_negative() -> None:
    not_negative(some_long=0, other=None)
    with pytest.raises(InvalidValue, match="'someLong' is -1"):
        not_negative(some_long=-1)


@pytest.mark.parametrize("name", ['a"b', "a\\b"])
def test_a_field_name_that_could_not_be_quoted_is_refused(name: str) -> None:
    field_name("It", "a.b c[1](x)=-")
    field_name("It", None)
    with pytest.raises(ProhibitedCharacterInFieldName, match="rename the field"):
        field_name("It", name)
