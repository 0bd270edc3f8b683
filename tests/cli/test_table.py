from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from tailmass.cli.table import split_names, table


def record(**values: Any) -> dict[str, Any]:
    return {
        "timestamp": 1772640000,
        "function": "mean",
        "function_description": "mean",
        "field_name": "load",
        "by_field_name": "host",
        "by_field_value": "h1",
        "normalized_probability": 94.2,
        "actual": 1187.4,
        "typical": 99.83,
    } | values


def drawn(records: list[dict[str, Any]], width: int = 120) -> list[str]:
    out = Console(file=StringIO(), width=width)
    out.print(table(records, [[1.0, 1.0, 9.0]] * len(records)))
    text = out.file.getvalue()  # type: ignore[attr-defined]  # it is the StringIO from above
    return [line.rstrip() for line in text.splitlines()]


def test_a_row_says_how_unusual_when_what_and_how_much() -> None:
    heading, row = drawn([record()])
    assert " ".join(heading.split()) == "score when (UTC) host actual typical × trend function"
    assert " ".join(row.split()) == "94 ◆ Wed 2026-03-04 16:00 h1 1,187 99.8 11.9 ▁▁█ mean(load)"


def test_partition_over_and_by_each_have_a_column() -> None:
    split = {"partition_field_name": "site", "partition_field_value": "x", "over_field_name": "user"}
    assert split_names([record(), record(**split)]) == ["host", "site", "user"]


def test_records_without_a_split_are_of_all_rows() -> None:
    assert "all rows" in drawn([record(by_field_name=None, by_field_value=None)])[1]


def test_values_that_look_like_markup_are_shown_as_they_are() -> None:
    assert "[red]" in drawn([record(by_field_value="[red]")])[1]


@pytest.mark.parametrize("typical", [0.0, None, float("nan")])
def test_where_nothing_is_typical_there_is_no_ratio(typical: float | None) -> None:
    assert "inf" not in drawn([record(typical=typical)])[1]


@pytest.mark.parametrize("width", [80, 100, 200])
def test_only_names_are_shortened_on_a_narrow_terminal(width: int) -> None:
    row = drawn([record(by_field_value="a-host-with-a-name.example.org")], width)[1]
    assert len(row) <= width
    assert row.startswith(" 94 ◆  Wed 2026-03-04 16:00  a-h")
    assert all(whole in row for whole in ("1,187", "99.8", "11.9", "▁▁█"))


def test_who_is_to_blame_has_a_column_where_anyone_is() -> None:
    told = '[{"influencerFieldName": "user", "influencerFieldValues": ["ann"]}]'
    heading, first, second = drawn([record(influencers=told), record(influencers=None)], width=160)
    assert heading.endswith("influencers")
    assert first.endswith("user=ann")
    assert not second.endswith("user=ann")
    assert "influencers" not in drawn([record()])[0]


def test_times_and_places_are_written_as_such() -> None:
    of_day = record(function="time_of_day", field_name=None, actual=15_941.0, typical=8_100.0)
    place = {"actual": 40.7, "actual_longitude": -74.0, "typical": 51.5, "typical_longitude": -0.12}
    _, time, where = drawn([of_day, record(function="lat_long", field_name="position", **place)])
    assert time.split()[6:8] == ["04:25", "02:15"]
    assert where.split()[6:8] == ["40.70,-74.00", "51.50,-0.12"]
    assert time.split()[8] == where.split()[8] == "▁▁█"


def test_of_several_causes_the_worst_is_named() -> None:
    causes = '[{"byFieldValue": "ftp", "actual": 9.0}, {"byFieldValue": "ssh", "actual": 1.0}]'
    over = {"over_field_name": "client", "over_field_value": "c1", "by_field_name": "service", "by_field_value": None}
    assert "c1      ftp and 1 more" in drawn([record(**over, causes=causes)])[1]
    assert "ftp" not in drawn([record(**over, causes=None)])[1]
