"""A database that rows are read from: where it is, what it is told of us, and what it cannot do now or ever."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, create_engine, event, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)

_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_EXTRAS = {"psycopg": "tailmass[postgresql]", "pymysql": "tailmass[mysql]"}
_PATIENCE = "10"  # seconds until a server that is not there counts as that
_MYSQL = (
    # Rows wait in the socket for as long as the job takes for those before them.
    "SET SESSION time_zone = '+00:00', SESSION net_write_timeout = 3600",
    "SET SESSION TRANSACTION READ ONLY",
)
_BEGINNINGS = {
    "postgresql": ("SET TIME ZONE 'UTC'", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"),
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlite": ("PRAGMA query_only = ON",),
}
"""What each connection begins with: clocks are UTC, and nothing is written."""

_SQLITE_PASSING = (5, 6, 10)  # busy, locked, disk
_MYSQL_PASSING = (1040, 1053, 1203, 1205, 1213, 1317, 1927)  # full, stopped, locked, interrupted, killed; and 2xxx
_POSTGRESQL_PASSING = ("08", "25P03", "40", "53", "55", "57", "58")  # connection, idle, conflict, full, locked, stopped
_POSTGRESQL_REFUSED = ("authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied")


class Database:
    """A database that rows are read from, over any driver of SQLAlchemy.

    What keeps it from answering, if only for now, is an OSError; what it refuses for good is a ValueError. No message
    has the password in it.

    Parameters
    ----------
    url : where it is, as SQLAlchemy writes it; without a driver the usual one is meant
    password : if it is not in the URL
    """

    def __init__(self, url: str, *, password: str | None = None) -> None:
        parsed = _parsed(url)
        if password is not None and parsed.password is None:
            parsed = parsed.set(password=password)
        self.shown = _shown(parsed)
        """Where it is, without who asks."""
        self.is_mysql = parsed.get_backend_name() in ("mysql", "mariadb")
        """Whether it is MySQL or MariaDB."""
        self._backend = parsed.get_backend_name()
        self._secrets = [text for text in (parsed.password, parsed.query.get("password")) if isinstance(text, str)]
        self._engine = _engine(parsed)

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection that reads."""
        with self._told(), self._engine.connect() as connection:
            yield connection

    def pages(self, statement: Select[Any], rows: int) -> Iterator[Sequence[Row[Any]]]:
        """What a statement finds, so many rows at once, as the database has them; it need not be read to its end."""
        with self.connected() as connection:
            found = connection.execute(statement.execution_options(yield_per=rows))
            cursor = found.cursor
            try:
                yield from found.partitions()
            except GeneratorExit:
                if self.is_mysql:
                    _forsake(cursor)
                    connection.invalidate()
                raise
            finally:
                found.close()

    def tables(self, schema: str | None = None) -> list[str]:
        """The names of the tables and views there are."""
        with self._told():
            there = inspect(self._engine)
            return sorted([*there.get_table_names(schema), *there.get_view_names(schema)])

    def close(self) -> None:
        """Hang up."""
        self._engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            said = self._said(error)
            raise (ConnectionError if _passes(error, self._backend) else ValueError)(said) from None
        except SQLAlchemyError as error:
            raise ValueError(f"{self.shown}: {self._without_secrets(str(error))}") from None

    def _said(self, error: DBAPIError) -> str:
        """What the database says went wrong, in its own words."""
        orig = error.orig
        words = str(orig.args[-1] if orig is not None and orig.args else orig or error)
        first, *_ = words.strip().splitlines() or [type(orig).__name__]
        return f"{self.shown}: {self._without_secrets(first)}"

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***") if secret else text
        return text


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The text is not repeated: it may hold a password.
        raise ValueError(
            "the URL of the database cannot be read: it looks like postgresql://user@host/database, "
            "mysql://user@host/database or sqlite:///file"
        ) from None
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    match parsed.get_backend_name():
        case "sqlite":
            file = parsed.database or ""
            if not file.startswith("file:") and not Path(file).is_file():  # it would be made
                raise ValueError(f"there is no database {file!r}: write sqlite:///file, or sqlite:////path/of/the/file")
        case "postgresql":
            usual = {"connect_timeout": _PATIENCE, "keepalives_idle": "60"}
            parsed = parsed.update_query_dict({key: value for key, value in usual.items() if key not in parsed.query})
    return parsed


def _engine(url: URL) -> Engine:
    try:
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=True)
    except NoSuchModuleError:
        raise ValueError(
            f"SQLAlchemy knows no {url.drivername!r}: it knows postgresql, mysql, sqlite and others"
        ) from None
    except ModuleNotFoundError as error:
        package = _EXTRAS.get(error.name or "", error.name)
        raise ValueError(f'{url.drivername} needs its driver: pip install "{package}"') from None
    except (SQLAlchemyError, TypeError, ValueError):
        raise ValueError(f"{_shown(url)} has something in its URL that {url.drivername} does not know") from None

    def begin(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for statement in _BEGINNINGS.get(url.get_backend_name(), ()):
            cursor.execute(statement)
        cursor.close()
        connection.commit()

    event.listen(engine, "connect", begin)
    event.listen(engine, "handle_error", lambda failed: _forsake(getattr(failed.execution_context, "cursor", None)))
    return engine


def _forsake(cursor: Any) -> None:
    """Keep PyMySQL from reading what is left, as it does when a cursor is closed: it may be much, or not be there."""
    result: Any = getattr(cursor, "_result", None)
    if hasattr(result, "unbuffered_active"):
        result.unbuffered_active = False


def _passes(error: DBAPIError, backend: str) -> bool:
    """Whether it may work again later."""
    orig: Any = error.orig
    match backend:
        case "sqlite":
            return getattr(orig, "sqlite_errorcode", 0) & 0xFF in _SQLITE_PASSING
        case "mysql" | "mariadb":
            code = orig.args[0] if orig.args else None
            return error.connection_invalidated or code == 0 or code in _MYSQL_PASSING or 2000 <= (code or 0) < 2100
        case "postgresql":
            state = getattr(orig, "sqlstate", None)
            if state is not None:
                return bool(state.startswith(_POSTGRESQL_PASSING))
            refused = any(words in str(orig) for words in _POSTGRESQL_REFUSED)
            return isinstance(error, OperationalError | InterfaceError) and not refused
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def _shown(url: URL) -> str:
    """A URL without who asks, and without the driver.

    >>> _shown(make_url("postgresql+psycopg://me:secret@db.example/shop?password=x"))
    'postgresql://db.example/shop'
    """
    bare = URL.create(url.get_backend_name(), host=url.host, port=url.port, database=url.database)
    return bare.render_as_string()
