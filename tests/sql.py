"""Tables for tests, in any database."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import create_engine, text

_DRIVERS = {"postgresql://": "postgresql+psycopg://", "mariadb://": "mariadb+pymysql://"}


def do(url: str, *statements: str) -> None:
    """Have statements done by a database."""
    _execute(url, [(statement, None) for statement in statements])


def fill(url: str, table: str, types: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """Make a table of columns with these types."""
    columns = ", ".join(f"{name} {of}" for name, of in types.items())
    do(url, f"CREATE TABLE {table} ({columns})")
    add(url, table, rows)


def add(url: str, table: str, rows: Sequence[Sequence[Any]]) -> None:
    """Add rows to a table."""
    if rows:
        names = [f"v{n}" for n in range(len(rows[0]))]
        statement = f"INSERT INTO {table} VALUES ({', '.join(f':{name}' for name in names)})"
        _execute(url, [(statement, [dict(zip(names, row, strict=True)) for row in rows])])


def _execute(url: str, work: Sequence[tuple[str, Any]]) -> None:
    for plain, driven in _DRIVERS.items():
        url = url.replace(plain, driven)
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            for statement, parameters in work:
                connection.execute(text(statement), parameters)
    finally:
        engine.dispose()
