"""The database: its connections, its transactions, and what it says when it fails."""

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any, cast

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from tailmass.errors import DataStoreError
from tailmass.store import schema
from tailmass.store.migrations import migrate
from tailmass.store.turns import Turns

log = logging.getLogger(__name__)

_FILE = "tailmass.sqlite"

# Another process may hold the one write lock of SQLite while it stores a large batch.
_BUSY_TIMEOUT = 30.0

_LARGEST = 2**63 - 1

# Any number will do, so long as every version of this program takes the same.
_SCHEMA_LOCK = 7_461_726_173


class Database:
    """One SQLite file or one PostgreSQL database; any thread may read or write at any time."""

    def __init__(self, url: URL) -> None:
        self._engine = _engine(url)
        self._sqlite = url.get_backend_name() == "sqlite"
        # SQLite has one writer at a time. Waiting here is fair and wakes at once; its own waiting is polling.
        self._turn: AbstractContextManager[None] = Turns() if self._sqlite else nullcontext()
        # One query sees one moment: the hits counted and the page shown never disagree.
        self._reading = (
            self._engine if self._sqlite else self._engine.execution_options(isolation_level="REPEATABLE READ")
        )
        self._writing = self._engine.execution_options(writes=True)

    @classmethod
    def open(cls, url: str | None, home: Path) -> "Database":
        """Connect to the database of the URL, or of the folder where there is none, and make its tables if new."""
        database = cls(_url(url, home))
        try:
            database._prepare()
        except BaseException:
            database.close()
            raise
        return database

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment and waits for no writer."""
        with self._failures("The data store could not be read"), self._reading.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is on disk when it ends, or leaves nothing."""
        with (
            self._failures("The data store could not be written"),
            self._turn,
            self._writing.begin() as connection,
        ):
            yield connection

    def probe(self) -> None:
        """A write that changes nothing, and needs all that one needs which does."""
        with self.write() as connection:
            connection.execute(update(schema.versions).values(version=schema.versions.c.version))

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    @contextmanager
    def _failures(self, message: str) -> Iterator[None]:
        # Rows are also given to the driver itself, and then it is the driver's own errors that come.
        of_driver = self._engine.dialect.loaded_dbapi.Error
        try:
            yield
        except DBAPIError as error:
            raise DataStoreError(message, cause=str(error.orig).strip()) from error
        except (SQLAlchemyError, of_driver) as error:
            raise DataStoreError(message, cause=str(error).strip()) from error

    def _prepare(self) -> None:
        with self.read() as connection:
            version = _version(connection)
        if version is None or version < schema.VERSION:
            with self.write() as connection:
                if not self._sqlite:
                    # Two servers may meet a new or an old database at once.
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
                version = _version(connection)
                version = _create(connection) if version is None else _upgrade(connection, version)
        if version > schema.VERSION:
            raise DataStoreError(
                f"The database has schema {version}, newer than the schema {schema.VERSION} this version of tailmass "
                "knows: upgrade tailmass, or give it another database"
            )


def insert_rows(connection: Connection, table: Table, names: Iterable[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert tuples the way the driver likes best: several times as fast as a statement with named parameters."""
    columns = ", ".join(names)
    if connection.dialect.name == "postgresql":
        with (
            closing(connection.connection.cursor()) as cursor,
            cast(Any, cursor).copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)
    elif rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", list(rows))


def clamped(value: int) -> int:
    """The nearest number a column can hold: a date a million years off is a question, not an error."""
    return max(-_LARGEST, min(value, _LARGEST))


def _version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(schema.versions.name):
        return None
    return connection.scalar(select(schema.versions.c.version))


def _create(connection: Connection) -> int:
    schema.metadata.create_all(connection)
    connection.execute(insert(schema.versions).values(version=schema.VERSION))
    return schema.VERSION


def _upgrade(connection: Connection, version: int) -> int:
    """Bring the tables up to this version, if they are older."""
    if version < schema.VERSION:
        migrate(connection, version, schema.VERSION)
        connection.execute(update(schema.versions).values(version=schema.VERSION))
        log.info("the tables were brought from schema %d to %d", version, schema.VERSION)
    return max(version, schema.VERSION)


def _url(url: str | None, home: Path) -> URL:
    if url is None:
        return URL.create("sqlite", database=str(home / _FILE))
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        # The text is not repeated: it may hold a password.
        raise DataStoreError(
            "The URL of the data store cannot be read: it looks like sqlite:////var/lib/tailmass/results.sqlite or "
            "postgresql://user:password@host/database"
        ) from error
    match parsed.get_backend_name():
        case "sqlite" if parsed.database in (None, "", ":memory:"):
            raise DataStoreError("A data store in memory would be lost with its connection: name a file in the URL")
        case "sqlite":
            return parsed.set(drivername="sqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case name:
            raise DataStoreError(f"The data store cannot be {name}: it is sqlite or postgresql")


def _engine(url: URL) -> Engine:
    # Parameters hold what users sent; errors end in logs and answers.
    if url.get_backend_name() != "sqlite":
        try:
            return create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=8, max_overflow=24)
        except ModuleNotFoundError as error:
            raise DataStoreError(
                "PostgreSQL needs its driver: pip install 'tailmass[postgresql]'", cause=str(error)
            ) from error
    # A reader more is a file handle more: none has to wait for another.
    engine = create_engine(url, hide_parameters=True, max_overflow=-1, connect_args={"timeout": _BUSY_TIMEOUT})
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _configure(connection: sqlite3.Connection, _: object) -> None:
    # Python's driver would begin transactions only before a write; reads need one as well, to see one moment.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # An acknowledged write outlives a loss of power, not only of the process.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA cache_size = -16384")
    # The log of one huge transaction shall not stay that huge for ever.
    cursor.execute("PRAGMA journal_size_limit = 67108864")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A writer takes the lock at once: one that has read first cannot wait for another, it fails.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
