"""What the categories of a job are: written with the batch that changed them, read by page."""

import json
from typing import Any

import polars as pl
from sqlalchemy import Connection, Select, delete, func, select

from tailmass.results import Category
from tailmass.store.database import clamped, insert_rows
from tailmass.store.schema import categories

# PostgreSQL cannot hold the character NUL.
_NOT_NUL = "\N{REPLACEMENT CHARACTER}"

_AT_ONCE = 1000  # databases limit how many parameters one statement has


def write(connection: Connection, job: int, changed: pl.DataFrame) -> None:
    """Replace what was said of the categories that changed."""
    ids = changed["category_id"].to_list()
    for begin in range(0, len(ids), _AT_ONCE):
        some = categories.c.category_id.in_(ids[begin : begin + _AT_ONCE])
        connection.execute(delete(categories).where(categories.c.job == job, some))
    rows = [
        (
            job,
            row["category_id"],
            _held(row["terms"]),
            _held(row["regex"]),
            row["max_matching_length"],
            json.dumps([_held(each) for each in row["examples"]], ensure_ascii=False),
        )
        for row in changed.iter_rows(named=True)
    ]
    insert_rows(connection, categories, categories.c.keys(), rows)


def replace(connection: Connection, job: int, all_there_are: pl.DataFrame) -> None:
    """Let these be the categories of the job, and no others."""
    connection.execute(delete(categories).where(categories.c.job == job))
    write(connection, job, all_there_are)


def page(connection: Connection, job: int, skip: int, take: int) -> tuple[int, list[Category]]:
    """How many categories there are, and some of them in the order of their ids."""
    hits = connection.scalar(select(func.count()).where(categories.c.job == job)) or 0
    wanted = _selected(job).order_by(categories.c.category_id).offset(clamped(skip)).limit(clamped(take))
    return hits, [_category(*row) for row in connection.execute(wanted)]


def one(connection: Connection, job: int, category_id: int) -> Category | None:
    """A category, if there is one of that id."""
    row = connection.execute(_selected(job).where(categories.c.category_id == clamped(category_id))).first()
    return _category(*row) if row is not None else None


def _selected(job: int) -> Select[Any]:
    return select(*(column for column in categories.c if column is not categories.c.job)).where(categories.c.job == job)


def _category(category_id: int, terms: str, regex: str, max_matching_length: int, examples: str) -> Category:
    return Category(category_id, terms, regex, max_matching_length, tuple(json.loads(examples)))


def _held(text: str) -> str:
    return text.replace("\0", _NOT_NUL)
