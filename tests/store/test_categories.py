from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from tailmass.errors import DataStoreError, MissingJob
from tailmass.results import CATEGORIES, Category, Counts
from tailmass.store import Store
from tests.store.samples import batch, bucket, record, state


def category(number: int, **changes: Any) -> dict[str, Any]:
    known = {"terms": f"message {number}", "regex": ".*", "max_matching_length": 9, "examples": ["b", 'a, "ü"\n']}
    return {"category_id": number, **known, **changes}


def write(store: Store, *rows: dict[str, Any], job: str = "job") -> None:
    changed = pl.DataFrame(list(rows), schema=CATEGORIES)
    store.write(job, replace(batch(), categories=changed), Counts())


def test_categories_are_kept_as_they_are(store: Store) -> None:
    write(store, category(1))
    assert store.category("job", 1) == Category(1, "message 1", ".*", 9, ("b", 'a, "ü"\n'))


def test_what_is_said_of_a_category_replaces_what_was_said(store: Store) -> None:
    write(store, category(1), category(2))
    write(store, category(2, terms="message", examples=[]), category(3))
    hits, found = store.categories("job")
    assert (hits, [each.terms for each in found]) == (3, ["message 1", "message", "message 3"])
    assert found[1].examples == ()


def test_pages_are_in_the_order_of_ids(store: Store) -> None:
    write(store, *(category(number) for number in range(2_500, 0, -1)))
    hits, found = store.categories("job", skip=998, take=3)
    assert (hits, [each.category_id for each in found]) == (2_500, [999, 1_000, 1_001])
    assert store.categories("job", skip=3_000) == (2_500, [])


def test_many_categories_are_replaced_at_once(store: Store) -> None:
    for terms in ("old", "new"):
        write(store, *(category(number, terms=terms) for number in range(1, 2_500)))
    assert {each.terms for each in store.categories("job", take=5_000)[1]} == {"new"}


def test_what_is_not_there_is_none(store: Store) -> None:
    assert store.category("job", 1) is None
    assert store.category("job", 10**17) is None
    assert store.categories("job") == (0, [])
    with pytest.raises(MissingJob):
        store.categories("stranger")


def test_jobs_have_categories_of_their_own(store: Store) -> None:
    store.add_job(state("other"))
    write(store, category(1))
    write(store, category(1, terms="of the other"), job="other")
    assert [store.category(job, 1).terms for job in ("job", "other")] == ["message 1", "of the other"]  # type: ignore[union-attr]


def test_a_batch_that_cannot_be_written_leaves_no_category(store: Store) -> None:
    bad = batch([bucket(0)], [record(0, function=None)])
    with pytest.raises(DataStoreError):
        store.write("job", replace(bad, categories=pl.DataFrame([category(1)], schema=CATEGORIES)), Counts())
    assert store.categories("job") == (0, [])


def test_categories_go_with_their_job(store: Store) -> None:
    write(store, category(1))
    store.delete_job("job")
    store.add_job(state("job"))
    assert store.categories("job") == (0, [])


def test_the_one_character_that_cannot_be_kept_is_replaced(store: Store) -> None:
    write(store, category(1, terms="a\0b", examples=["\0"]))
    found = store.category("job", 1)
    assert found is not None
    assert (found.terms, found.examples) == ("a\ufffdb", ("\ufffd",))
