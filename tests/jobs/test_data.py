from typing import Any

import pytest

from tailmass.errors import EngineError, InvalidDateFormat, InvalidValue, JobConfigParseError, JobConfigUnknownField
from tailmass.jobs import DataDescription

DEFAULTS = {
    "format": "DELIMITED",
    "timeField": "time",
    "timeFormat": "epoch",
    "fieldDelimiter": "\t",
    "quoteCharacter": '"',
}


@pytest.mark.parametrize("data", [{}, {"timeField": None, "format": None}, {"timeFormat": "", "timeField": ""}])
def test_a_description_is_always_written_whole(data: dict[str, Any]) -> None:
    assert DataDescription.parse(data).document() == DEFAULTS


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("delimited", "DELIMITED"),
        ("DELINEATED", "DELIMITED"),
        ("Delineated", "DELIMITED"),
        (" json ", "JSON"),
        ("single_line", "SINGLE_LINE"),
        ("ElasticSearch", "ELASTICSEARCH"),
    ],
)
def test_a_format_is_understood_in_any_case_and_its_old_name(written: str, meant: str) -> None:
    assert DataDescription.parse({"format": written}).document()["format"] == meant


@pytest.mark.parametrize("pattern", ["epoch", "epoch_ms", "yyyy-MM-dd HH:mm:ssX"])
def test_a_time_is_a_number_or_has_a_pattern(pattern: str) -> None:
    assert DataDescription.parse({"timeFormat": pattern}).document() == {**DEFAULTS, "timeFormat": pattern}


def test_of_several_characters_the_first_counts() -> None:
    made = DataDescription.parse({"fieldDelimiter": "||", "quoteCharacter": "''"})
    assert (made.field_delimiter, made.quote_character) == ("|", "'")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"format": "XML"}, InvalidValue),
        ({"format": 3}, JobConfigParseError),
        ({"timeField": 3}, JobConfigParseError),
        ({"timeFormat": "EPOCH"}, InvalidDateFormat),
        ({"timeFormat": "yyyy-MM-dd"}, InvalidDateFormat),
        ({"fieldDelimiter": ""}, JobConfigParseError),
        ({"fieldDelimiter": 9}, JobConfigParseError),
        ({"fieldDelimiter": '"'}, InvalidValue),
        ({"transformTime": True}, JobConfigUnknownField),
    ],
)
def test_a_description_that_cannot_be_followed_is_refused(data: dict[str, Any], kind: type[EngineError]) -> None:
    with pytest.raises(kind):
        DataDescription.parse(data)


def test_what_is_fetched_is_json_with_times_in_milliseconds() -> None:
    searched = DataDescription.model_validate({"format": "elasticsearch", "timeField": "at", "timeFormat": "yyyy"})
    assert searched.fetched == DataDescription(format="JSON", time_field="at", time_format="epoch_ms")
    assert DataDescription().fetched == DataDescription()
