"""Reading real databases: SQLite, PostgreSQL and MariaDB."""

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.feeds.rows import DAY_MS, Span
from tailmass.feeds.sql.database import Database
from tailmass.feeds.sql.source import Sql
from tests.sql import add, do, fill

START = datetime(2026, 3, 2)
START_MS = int(START.replace(tzinfo=UTC).timestamp()) * 1000
DAYS = Span(START_MS, START_MS + 3 * DAY_MS)

Reading = Callable[..., Sql]


@pytest.fixture
def reading() -> Iterator[Reading]:
    """What opens sources, which are closed in the end."""
    opened: list[Sql] = []

    def read(url: str, asked: str, time_column: str = "ts", **options: Any) -> Sql:
        opened.append(Sql(Database(url), asked, time_column, **options))
        return opened[-1]

    yield read
    for each in opened:
        each.close()


def stamp(url: str) -> str:
    """The type of a time to the microsecond."""
    return "TEXT" if url.startswith("sqlite") else "DATETIME(6)" if url.startswith("mariadb") else "TIMESTAMP(6)"


def at(url: str, us: int) -> Any:
    """A time so many microseconds after the start."""
    time = START + timedelta(microseconds=us)
    return time.isoformat(" ") if url.startswith("sqlite") else time


def read(source: Sql, span: Span = DAYS) -> list[dict[str, Any]]:
    return [row for part in source.parts(span) for row in map(json.loads, part.lines().splitlines())]


def numbers(source: Sql, span: Span = DAYS) -> list[int]:
    return [row["n"] for row in read(source, span)]


@pytest.fixture
def crowded(sql_url: str) -> str:
    """A database in which 40 rows share each of 5 seconds, as they are added in no order."""
    rows = [(at(sql_url, n % 5 * 1_000_000), n) for n in range(200)]
    fill(sql_url, "crowded", {"ts": stamp(sql_url), "n": "INTEGER"}, sorted(rows, key=lambda row: row[1] * 37 % 200))
    return sql_url


def test_the_order_depends_neither_on_pages_nor_on_how_rows_lie(reading: Reading, crowded: str) -> None:
    expected = numbers(reading(crowded, "crowded"))
    assert expected == sorted(range(200), key=lambda n: (n % 5, f'"n":{n}}}'))  # those of a time by what they say
    for page_rows in (1, 7, 40, 41):
        assert numbers(reading(crowded, "crowded", page_rows=page_rows)) == expected
    do(crowded, "CREATE TABLE turned AS SELECT * FROM crowded ORDER BY n DESC")
    assert numbers(reading(crowded, "turned")) == expected


def test_no_two_parts_share_a_time(reading: Reading, crowded: str) -> None:
    source = reading(crowded, "crowded", page_rows=7)
    since = DAYS.since_ms
    for part in source.parts(DAYS):
        assert len(part.rows) == source.count(Span(since, part.until_ms))
        since = part.until_ms
    assert since == DAYS.until_ms


def test_the_span_and_the_count_are_those_of_the_rows(reading: Reading, crowded: str) -> None:
    for asked in ("crowded", "SELECT * FROM crowded"):
        assert reading(crowded, asked).span() == Span(START_MS, START_MS + 4001)
        assert reading(crowded, asked).count(DAYS) == 200


def test_nothing_is_empty_until_there_is_something(reading: Reading, sql_url: str) -> None:
    fill(sql_url, "later", {"ts": stamp(sql_url), "n": "INTEGER"}, [])
    source = reading(sql_url, "later")
    assert source.span() is None
    assert numbers(source) == []
    assert source.count(DAYS) == 0
    add(sql_url, "later", [(None, 1), (at(sql_url, 0), 2)])
    assert numbers(source) == [2]


def test_a_query_is_read_as_it_is_written(reading: Reading, crowded: str) -> None:
    query = """
        WITH few AS (SELECT ts, n, ':n' AS colon, '5%' AS percent FROM crowded WHERE n < 10)
        SELECT few.*, n * 2 AS double_n FROM few WHERE percent LIKE '_%' -- and n > :n
    """
    first, *others = read(reading(crowded, query))
    assert first == {"ts": START_MS, "n": 0, "colon": ":n", "percent": "5%", "double_n": 0}
    assert len(others) == 9


def test_a_semicolon_at_the_end_is_borne(reading: Reading, crowded: str) -> None:
    assert len(numbers(reading(crowded, "SELECT * FROM crowded;\n"))) == 200


def test_a_page_is_all_that_is_read_ahead(reading: Reading, crowded: str) -> None:
    source = reading(crowded, "crowded", page_rows=10)
    parts = source.parts(DAYS)
    assert len(next(parts).rows) == 40
    parts.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(numbers(source)) == 200


def test_values_are_what_json_has_for_them(reading: Reading, sql_url: str) -> None:
    types = {"ts": stamp(sql_url), "name": "VARCHAR(20)", "price": "DECIMAL(20, 4)", "ms": "DOUBLE PRECISION"}
    rows: list[tuple[Any, ...]] = [(at(sql_url, 1500), "Zoë", 12.5, 0.1), (at(sql_url, 2500), None, None, None)]
    fill(sql_url, "kinds", types, rows)
    first, second = read(reading(sql_url, "kinds"))
    assert first == {"ts": START_MS + 1, "name": "Zoë", "price": 12.5, "ms": 0.1}
    assert second == {"ts": START_MS + 2}


def test_what_only_postgresql_has_is_written_too(reading: Reading, sql_url: str) -> None:
    if not sql_url.startswith("postgresql"):
        pytest.skip("is about PostgreSQL")
    query = """
        SELECT TIMESTAMPTZ '2026-03-02 01:00+01' AS ts, 'NaN'::float8 AS nan, 'NaN'::numeric AS no_number,
            1.10::numeric AS price, '\\x6162'::bytea AS bytes, '10.0.0.1'::inet AS address, INTERVAL '90 s' AS lasted,
            '00000000-0000-0000-0000-000000000007'::uuid AS id, '{"a": [1, 2]}'::json AS document,
            TIMESTAMP '2026-03-02 00:00:01.5' AS stamp, DATE '2026-03-02' AS day, TRUE AS yes, 9007199254740993 AS large
    """
    assert read(reading(sql_url, query)) == [
        {
            "ts": START_MS,
            "price": 1.1,
            "bytes": "ab",
            "address": "10.0.0.1",
            "lasted": 90.0,
            "id": "00000000-0000-0000-0000-000000000007",
            "document": {"a": [1, 2]},
            "stamp": "2026-03-02T00:00:01.500000",
            "day": "2026-03-02",
            "yes": True,
            "large": 9007199254740993,
        }
    ]


def test_a_timestamp_of_mysql_is_a_moment_and_a_datetime_what_clocks_show(reading: Reading, sql_url: str) -> None:
    if not sql_url.startswith("mariadb"):
        pytest.skip("is about MySQL and MariaDB")
    do(sql_url, "SET time_zone = '+00:00'", "CREATE TABLE both_kinds (moment TIMESTAMP, shown DATETIME)")
    do(sql_url, "SET time_zone = '+00:00'", "INSERT INTO both_kinds VALUES ('2026-03-02', '2026-03-02 01:00')")
    berlin = ZoneInfo("Europe/Berlin")
    assert read(reading(sql_url, "both_kinds", "moment", zone=berlin))[0]["moment"] == START_MS
    assert read(reading(sql_url, "both_kinds", "shown", zone=berlin))[0]["shown"] == START_MS


def test_names_are_quoted_where_they_need_it(reading: Reading, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "odd.db") as connection:
        connection.execute('CREATE TABLE "order" ("group by" REAL, "a:b%c" TEXT)')
        connection.execute("""INSERT INTO "order" VALUES (1772409600.25, 'x')""")
    connection.close()
    assert read(reading(f"sqlite:///{tmp_path / 'odd.db'}", "main.order", "group by")) == [
        {"group by": START_MS + 250, "a:b%c": "x"}
    ]


def test_an_index_is_all_that_rows_are_sorted_by(
    reading: Reading, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"sqlite:///{tmp_path / 'indexed.db'}"
    fill(url, "indexed", {"ts": "TEXT", "n": "INTEGER"}, [(at(url, 0), 1)])
    do(url, "CREATE INDEX by_time ON indexed (ts)")
    caplog.set_level(logging.INFO, "sqlalchemy.engine")
    assert numbers(reading(url, "SELECT ts, n FROM indexed WHERE n > 0")) == [1]
    asked = next(each.getMessage() for each in caplog.records if "ORDER BY" in each.getMessage())
    connection = sqlite3.connect(tmp_path / "indexed.db")
    plan = str(connection.execute(f"EXPLAIN QUERY PLAN {asked}", ("2026", "2027")).fetchall())
    connection.close()
    assert "USING INDEX by_time" in plan
    assert "TEMP B-TREE" not in plan


ms = st.integers(0, 3000)
us = st.integers(0, 3_000_000)
COLUMNS: dict[str, Callable[[int], Any]] = {
    "TEXT": lambda each: (START + timedelta(microseconds=each)).isoformat(" "),
    "REAL": lambda each: START_MS / 1000 + each / 1e6,
    "INTEGER": lambda each: START_MS * 1000 + each,
    "NUMERIC": lambda each: START_MS // 1000 + each // 1_000_000,
}


@pytest.mark.parametrize("kind", COLUMNS)
@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(us | ms.map((1000).__mul__), max_size=60),
    cuts=st.sets(ms, max_size=6),
    page_rows=st.sampled_from([1, 3, 1000]),
)
def test_windows_have_every_row_once_wherever_they_are_cut(
    kind: str, rows: list[int], cuts: set[int], page_rows: int
) -> None:
    with TemporaryDirectory() as folder:
        connection = sqlite3.connect(f"{folder}/rows.db")
        connection.execute(f"CREATE TABLE t (ts {kind}, n INTEGER)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(COLUMNS[kind](each), n) for n, each in enumerate(rows)])
        connection.commit()
        connection.close()
        source = Sql(Database(f"sqlite:///{folder}/rows.db"), "t", "ts", page_rows=page_rows)
        whole = read(source)
        ends = [START_MS, *(START_MS + cut for cut in sorted(cuts)), DAYS.until_ms]
        spans = [Span(since, until) for since, until in pairwise(ends)]
        windows = [(span, read(source, span)) for span in spans]
        assert [source.count(span) for span in spans] == [len(found) for _, found in windows]
        source.close()
    assert sorted(row["n"] for row in whole) == list(range(len(rows)))
    assert [row["ts"] for row in whole] == sorted(row["ts"] for row in whole)
    assert [row for _, found in windows for row in found] == whole
    assert all(span.since_ms <= row["ts"] < span.until_ms for span, found in windows for row in found)


def test_what_there_is_not_is_said_with_what_there_is(reading: Reading, crowded: str) -> None:
    do(crowded, "CREATE VIEW seen AS SELECT ts, n, n AS m FROM crowded")
    with pytest.raises(ValueError, match=r"there is no table 'nothing': there are crowded, seen "):
        reading(crowded, "nothing").span()
    with pytest.raises(ValueError, match=r"there is no column 'at': there are ts, n, m; say with --time-column"):
        reading(crowded, "seen", "at").span()
    with pytest.raises(ValueError, match=r"nothing"):
        reading(crowded, "SELECT * FROM nothing").span()
    if not crowded.startswith("sqlite"):  # which gives the second one another name
        with pytest.raises(ValueError, match=r"(?i)two columns are called 'n'|duplicate column name 'n'"):
            reading(crowded, "SELECT ts, n, n FROM crowded").span()
    with pytest.raises(ValueError, match=r"'x' is no time"):
        reading(crowded, "SELECT 'x' AS ts").span()


def test_nothing_is_written(reading: Reading, crowded: str) -> None:
    database = Database(crowded)
    with pytest.raises(ValueError, match=r"(?i)read.?only"), database.connected() as connection:
        connection.exec_driver_sql("DELETE FROM crowded")
    database.close()
    assert len(numbers(reading(crowded, "crowded"))) == 200
