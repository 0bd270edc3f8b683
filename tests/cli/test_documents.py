import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tailmass.cli.documents import Columns, Pages, parquet, write
from tailmass.cli.output import Format

COLUMNS: Columns = {" score": lambda each: str(each["score"]), "who": lambda each: each.get("who", "")}
PAGES: Pages = [[{"score": 7, "who": "ann"}], [], [{"score": 11.5, "odd": [1, "two"], "late": True}]]


def written(form: Format, pages: Pages = PAGES, **options: Any) -> str:
    out = io.StringIO()
    write(pages, form, COLUMNS, out=out, **options)
    return out.getvalue()


def test_a_table_is_headed_once_and_its_numbers_end_below_each_other() -> None:
    assert written(Format.TABLE) == "score  who\n    7  ann\n 11.5\n"


def test_a_table_does_not_steer_the_terminal() -> None:
    assert written(Format.TABLE, [[{"score": 1, "who": "a\x1b[2J\nb"}]]).splitlines()[1] == "    1  a\ufffd[2J b"


def test_csv_has_every_field_that_any_document_has() -> None:
    assert list(csv.reader(io.StringIO(written(Format.CSV)))) == [
        ["late", "odd", "score", "who"],
        ["", "", "7", "ann"],
        ["true", '[1, "two"]', "11.5", ""],
    ]


@pytest.mark.parametrize(("form", "read"), [(Format.JSON, json.loads), (Format.NDJSON, None)])
def test_json_is_what_the_server_said(form: Format, read: Any) -> None:
    text = written(form)
    documents = read(text) if read else [json.loads(line) for line in text.splitlines()]
    assert documents == [document for page in PAGES for document in page]


@pytest.mark.parametrize(("form", "text"), [("table", ""), ("csv", ""), ("ndjson", ""), ("json", "[]\n")])
def test_nothing_is_written_as_nothing(form: str, text: str) -> None:
    assert written(Format(form), pages=[[]]) == text


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("table", "who  score\nann  7\n     11.5\n"),
        ("csv", "who,score\nann,7\n,11.5\n"),
        ("ndjson", '{"who": "ann", "score": 7}\n{"score": 11.5}\n'),
    ],
)
def test_fields_that_are_named_come_in_their_order(form: str, text: str) -> None:
    assert written(Format(form), fields=["who", "score"]) == text


@pytest.mark.parametrize("form", [Format.TABLE, Format.NDJSON, Format.JSON, Format.CSV])
def test_a_page_is_written_before_the_next_is_asked_for(form: Format) -> None:
    out = io.StringIO()

    def pages() -> Iterator[list[dict[str, Any]]]:
        yield [{"score": 1}]
        assert "1" in out.getvalue()
        yield [{"score": 2}]

    write(pages(), form, COLUMNS, fields=["score"], out=out)
    assert "2" in out.getvalue()


def test_parquet_has_times_and_the_type_that_suits_all_values(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"timestamp": "2026-03-04T16:00:00.000+0000", "n": 1, "odd": [1.5]},
        {"n": 2.5, "odd": 3},
    ]
    parquet([rows], tmp_path / "rows.parquet")
    frame = pl.read_parquet(tmp_path / "rows.parquet")
    assert frame.schema == {"n": pl.Float64, "odd": pl.String, "timestamp": pl.Datetime("ms", "UTC")}
    assert frame["odd"].to_list() == ["[1.5]", "3"]
    assert frame["timestamp"].dt.epoch("s").to_list() == [1772640000, None]
