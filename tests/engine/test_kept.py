from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tailmass.columns import Columns
from tailmass.engine import Engine
from tailmass.engine.kept import kept
from tailmass.errors import DataStoreError
from tailmass.store import Store
from tests.engine.sample import HEADER, job, rows


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(None, tmp_path)
    yield opened
    opened.close()


def send(engine: Engine, lines: list[bytes]) -> int:
    upload = engine.upload("sample", keep=True)
    upload.feed(HEADER + b"".join(lines))
    return upload.finish().processed_record_count


def test_rows_are_kept_with_what_they_have_but_not_under_reserved_names() -> None:
    columns = Columns(
        np.array([1_000, 2_500]),
        np.array([True, True]),
        {"host": pl.Series(["a", ""]), "both": pl.Series(["1.0", "x"]), "function": pl.Series(["f", "g"])},
        {"both": np.array([1.0, np.nan]), "value": np.array([np.nan, 2.5])},
    )
    assert kept(columns).to_dicts() == [
        {"timestamp": 1_000, "both": "1.0", "host": "a", "value": None},
        {"timestamp": 2_500, "both": "x", "host": None, "value": 2.5},
    ]


def test_rows_sent_again_after_a_crash_are_kept_once(store: Store) -> None:
    engine = Engine(store)
    engine.create(job())
    lines = rows(20)
    send(engine, lines[:40])
    engine.flush("sample")
    send(engine, lines[40:80])
    revived = Engine(store)  # as after a crash
    send(revived, lines[40:])
    hits, documents = store.input("sample", take=1_000)
    assert hits == len(lines)
    assert [each["timestamp"] for each in documents] == [int(line.split(b",")[0]) * 1000 for line in lines]


def test_rows_that_cannot_be_kept_are_analysed_all_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise DataStoreError("no space left")

    engine = Engine(store, audit=store)
    engine.create(job())
    monkeypatch.setattr(store, "keep_input", refuse)
    monkeypatch.setattr(store, "forget_kept_after", refuse)
    assert send(engine, rows(10)) == len(rows(10))
    told = [each.message for each in store.audit("sample")[1] if each.level == "WARNING"]
    assert told == ["Rows could not be kept: no space left", "Kept rows could not be looked through: no space left"]
