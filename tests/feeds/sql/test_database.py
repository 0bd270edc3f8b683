"""Where a database is, and what it cannot do now or ever."""

import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tailmass.feeds.sql.database import Database
from tests.mariadb import database as mariadb_database
from tests.postgresql import database as postgresql_database
from tests.sql import do, fill

if TYPE_CHECKING:
    from tests.mariadb import Maria
    from tests.postgresql import Cluster


def test_a_url_is_shown_without_who_asks() -> None:
    database = Database("mysql://me:secret@db.example:3307/shop?charset=utf8mb4")
    assert database.shown == "mysql://db.example:3307/shop"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("shop.db:secret", "the URL of the database cannot be read: it looks like postgresql://"),
        ("postgresql://me:secret@db.example:port/shop", "the URL of the database cannot be read"),
        ("sqlite:///nowhere/secret.db", "there is no database 'nowhere/secret.db'"),
        ("sqlite://", "there is no database ''"),
        ("foodb://me:secret@db.example/shop", "SQLAlchemy knows no 'foodb'"),
        ("mssql+pymssql://me:secret@db.example/shop", 'needs its driver: pip install "pymssql"'),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        Database(url)
    assert "secret@" not in str(refused.value)
    assert ":secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "module", "extra"),
    [
        ("postgresql://db.example/shop", "psycopg", "tailmass[postgresql]"),
        ("postgres://db.example/shop", "psycopg", "tailmass[postgresql]"),
        ("mysql://db.example/shop", "pymysql", "tailmass[mysql]"),
        ("mariadb://db.example/shop", "pymysql", "tailmass[mysql]"),
    ],
)
def test_a_missing_driver_is_said_with_what_to_install(
    url: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError, match="needs its driver") as refused:
        Database(url)
    assert f'pip install "{extra}"' in str(refused.value)


@pytest.mark.parametrize("kind", ["postgresql", "mysql", "mariadb"])
def test_a_server_that_is_not_there_may_come_back(kind: str) -> None:
    database = Database(f"{kind}://me:secret@127.0.0.1:9/shop")
    with pytest.raises(ConnectionError, match=f"{kind}://127.0.0.1:9/shop") as refused, database.connected():
        pass
    assert "secret" not in str(refused.value)


def test_who_is_not_let_in_is_told_for_good(postgresql_server: "Cluster", mariadb_server: "Maria") -> None:
    for url in (postgresql_server.url.replace("tester", "nobody"), mariadb_server.url.replace("tester", "nobody")):
        database = Database(f"{url}/nothing", password="secret")
        with pytest.raises(ValueError, match=r"does not exist|Access denied") as refused, database.connected():
            pass
        assert "secret" not in str(refused.value)
        database.close()


def test_a_database_that_does_not_exist_is_told_for_good(postgresql_server: "Cluster", mariadb_server: "Maria") -> None:
    for url in (postgresql_server.url, mariadb_server.url):
        database = Database(f"{url}/nothing")
        with pytest.raises(ValueError, match="nothing"), database.connected():
            pass
        database.close()


def test_a_locked_file_is_tried_again_and_another_file_is_not(tmp_path: Path) -> None:
    fill(f"sqlite:///{tmp_path / 'rows.db'}", "t", {"n": "INTEGER"}, [(1,)])
    database = Database(f"sqlite:///{tmp_path / 'rows.db'}?timeout=0")
    writer = sqlite3.connect(tmp_path / "rows.db")
    writer.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ConnectionError, match="locked"), database.connected() as connection:
        connection.exec_driver_sql("SELECT * FROM t")
    writer.rollback()
    writer.close()
    with database.connected() as connection:
        assert connection.exec_driver_sql("SELECT n FROM t").scalar() == 1
    database.close()
    (tmp_path / "text.db").write_text("nothing of the kind, however long it is" * 99)
    other = Database(f"sqlite:///{tmp_path / 'text.db'}")
    with pytest.raises(ValueError, match="not a database"):
        other.tables()
    other.close()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_session_that_is_ended_may_begin_again(
    kind: str, postgresql_server: "Cluster", mariadb_server: "Maria"
) -> None:
    server, made, ended = {
        "postgresql": (postgresql_server.url, postgresql_database, "SELECT pg_terminate_backend({})"),
        "mariadb": (mariadb_server.url, mariadb_database, "KILL {}"),
    }[kind]
    myself = "SELECT pg_backend_pid()" if kind == "postgresql" else "SELECT CONNECTION_ID()"
    with made(server, "ended") as url:
        database = Database(url)
        with pytest.raises(ConnectionError):
            _end(database, url, myself, ended)
        with database.connected() as connection:
            assert connection.exec_driver_sql(myself).scalar()
        database.close()


def _end(database: Database, url: str, myself: str, ended: str) -> None:
    with database.connected() as connection:
        do(url, ended.format(connection.exec_driver_sql(myself).scalar()))
        connection.exec_driver_sql(myself)
