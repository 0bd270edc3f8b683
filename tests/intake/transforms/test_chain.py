from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.columns import Columns
from tailmass.intake.fields import Fields
from tailmass.intake.timestamps import no_times
from tailmass.intake.transforms.chain import STEPS, Chain
from tailmass.jobs import Transform
from tailmass.jobs.transforms import TRANSFORMS, ordered, parse

MADE: list[dict[str, Any]] = [
    {
        "transform": "extract",
        "inputs": ["raw"],
        "outputs": ["date", "clock", "rest"],
        "arguments": ["(.*?)/(.*?)/(.*)"],
    },
    {"transform": "concat", "inputs": ["date", "clock"], "outputs": ["when"], "arguments": [" "]},
    {"transform": "split", "inputs": ["rest"], "outputs": ["host", "load"], "arguments": [";"]},
    {"transform": "lowercase", "inputs": ["host"], "outputs": ["small"]},
    {"transform": "domain_split", "inputs": ["small"]},
    {"transform": "exclude", "inputs": ["small"], "condition": {"operator": "match", "value": r".*\.test"}},
    {"transform": "exclude", "inputs": ["load"], "condition": {"operator": "gt", "value": "90"}},
]
RAW: list[str | None] = [
    "2014-06-11/08:00/WWW.Example.COM;1.5",
    "2014-06-11/08:01/a.test;2",
    "2014-06-11/08:02/b.example.com;x",
    "2014-06-11/08:03/c.example.com;95",
    "2014-06-11//http://a;4",
    "none of these",
    "",
    None,
    "2014-06-11/08:04/�.É.example.com",
]
WANTED = Fields("when", ("hrd", "subDomain"), ("load",))


def chain(written: list[dict[str, Any]], fields: Fields = WANTED, time_format: str = "yyyy-MM-dd HH:mm") -> Chain:
    transforms = ordered(parse(written))
    return Chain(Fields(fields.time, fields.texts, fields.numbers, transforms), time_format)


def source(**texts: list[Any]) -> Columns:
    rows = len(next(iter(texts.values())))
    return Columns(*no_times(rows), {name: pl.Series(text, dtype=pl.String) for name, text in texts.items()})


def told(columns: Columns) -> dict[str, list[Any]]:
    """Everything there is to know of some columns."""
    rows = len(columns)
    return {
        "times": columns.times.tolist(),
        "dated": columns.dated.tolist(),
        "excluded": [False] * rows if columns.excluded is None else columns.excluded.tolist(),
        "failed": [0] * rows if columns.failed is None else columns.failed.tolist(),
        **{name: text.to_list() for name, text in columns.texts.items()},
        **{name: np.nan_to_num(number, nan=-1.0).tolist() for name, number in columns.numbers.items()},
    }


def test_every_transform_has_what_runs_it() -> None:
    assert list(STEPS) == list(TRANSFORMS)


def test_fields_are_made_of_fields_that_were_made() -> None:
    assert told(chain(MADE).apply(source(raw=RAW))) == {
        "times": [1402473600000, 0, 1402473720000, 0, 0, 0, 0, 0, 1402473840000],
        "dated": [True, False, True, False, False, False, False, False, True],
        "excluded": [False, True, False, True, False, False, False, False, False],
        # A load that is no number; a host that is none; no match, hence no host and no load; no load.
        "failed": [0, 0, 1, 0, 1, 3, 3, 3, 1],
        "hrd": ["example.com", "a.test", "example.com", "example.com", "", "", "", "", "example.com"],
        "subDomain": ["www", "", "b", "c", "", "", "", "", "�.é"],
        "load": [1.5, 2.0, -1.0, 95.0, 4.0, -1.0, -1.0, -1.0, -1.0],
    }


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.permutations(MADE))
def test_the_order_of_declaration_changes_nothing(written: list[dict[str, Any]]) -> None:
    assert told(chain(written).apply(source(raw=RAW))) == told(chain(MADE).apply(source(raw=RAW)))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.sampled_from(RAW), max_size=30), st.integers(0, 30))
def test_what_becomes_of_a_row_depends_on_the_row_alone(raw: list[str | None], place: int) -> None:
    both = chain(MADE)
    parts = [told(both.apply(source(raw=part))) for part in (raw[:place], raw[place:])]
    assert told(both.apply(source(raw=raw))) == {name: parts[0][name] + parts[1][name] for name in parts[0]}


def test_an_excluded_row_has_no_time_and_no_failures() -> None:
    written: list[dict[str, Any]] = [
        {"transform": "exclude", "inputs": ["raw"], "condition": {"operator": "match", "value": "#.*"}},
        {"transform": "extract", "inputs": ["raw"], "outputs": ["when", "hrd"], "arguments": ["(.*) (.*)"]},
    ]
    rows = chain(written, Fields("when", ("hrd",)), "epoch").apply(source(raw=["#comment", "5 x", "nothing"]))
    assert told(rows)["failed"] == [0, 0, 1]
    assert told(rows)["times"] == [0, 5000, 0]


def test_a_time_that_the_data_has_is_kept_unless_the_row_is_excluded() -> None:
    written = [{"transform": "exclude", "inputs": ["a"], "condition": {"operator": "eq", "value": "1"}}]
    columns = Columns(
        np.array([5000, 6000]), np.array([True, True]), {"a": pl.Series(["1", "2"])}, {"n": np.array([1.0, 2.0])}
    )
    assert told(chain(written, Fields("time", (), ("n",))).apply(columns)) == {
        "times": [0, 6000],
        "dated": [False, True],
        "excluded": [True, False],
        "failed": [0, 0],
        "n": [1.0, 2.0],
    }


def test_an_output_stands_in_for_a_field_of_its_name() -> None:
    written = [
        {"transform": "lowercase", "inputs": ["host"], "outputs": ["a"]},
        {"transform": "concat", "inputs": ["a", "a"], "outputs": ["hrd"]},
    ]
    fields = Fields("time", ("hrd", "a"), (), ordered(parse(written)))
    assert fields.source == Fields("time", ("host",))
    rows = chain(written, fields).apply(source(host=["X", None]))
    assert rows.texts["hrd"].to_list() == ["xx", ""]
    assert rows.texts["a"].to_list() == ["x", ""]


def test_one_of_two_outputs_may_be_left_out() -> None:
    written: list[dict[str, Any]] = [{"transform": "domain_split", "inputs": ["host"], "outputs": ["below"]}]
    rows = chain(written, Fields("time", ("below",))).apply(source(host=["a.b.com"]))
    assert rows.texts["below"].to_list() == ["a"]


def test_what_nobody_has_to_know_is_not_told() -> None:
    rows = chain([{"transform": "trim", "inputs": ["a"]}], Fields("time", ("trim",))).apply(source(a=[" x "]))
    assert (rows.excluded, rows.failed) == (None, None)


@pytest.mark.parametrize(
    "written", [{"transform": name, "inputs": ["a"]} for name in ("lowercase", "uppercase", "trim")]
)
def test_no_rows_are_no_rows(written: dict[str, Any]) -> None:
    output = Transform.parse(written).output_names[0]
    assert len(chain([written], Fields("time", (output,))).apply(source(a=[]))) == 0


def test_no_rows_go_through_all_of_them() -> None:
    assert len(chain(MADE).apply(source(raw=[]))) == 0
