"""The categories of one field: messages in, numbers out, and what the numbers mean."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from tailmass.columns import Ints
from tailmass.intake.categories.definition import regular_expression
from tailmass.intake.categories.examples import Examples
from tailmass.intake.categories.filters import Filters
from tailmass.kernels.delimited import Bytes
from tailmass.kernels.mask import LONGEST, MOST_WORDS, WILD, Hashes
from tailmass.kernels.templates import (
    LETTERS,
    MOST_SHAPES,
    PLACES,
    SHAPES,
    TEMPLATES,
    TERMS,
    WORDS,
    Templates,
    categorize,
    rehashed,
)
from tailmass.results.category import CATEGORIES

Arrays = dict[str, np.ndarray[Any, Any]]

# What is counted, how many more of it one message may bring, and the arrays with a row for each.
_LISTS = (
    (TEMPLATES, 1, ("begins", "lengths", "keys", "older", "longest", "broken", "changed")),
    (WORDS, MOST_WORDS, ("words", "starts", "stops")),
    (LETTERS, MOST_WORDS * LONGEST, ("letters",)),
)
# The same of hash tables: the keys, and the arrays that go with them.
_TABLES = (
    (SHAPES, 1, "memo", ("met",)),
    (TERMS, MOST_WORDS, "terms", ("frequency",)),
    (PLACES, 2, "places", ("newest", "crowds")),
)


class Categorizer:
    """Categories by number, from 1, in the order in which messages found them.

    The numbers depend on the messages and their order alone, not on the pieces they come in, and a message gets the
    same number whenever it comes again.

    Parameters
    ----------
    filters : regular expressions of Java; what they match is not looked at
    examples : how many messages to keep of a category; None leaves it to us
    """

    def __init__(self, filters: Sequence[str] = (), examples: int | None = None) -> None:
        self._filters = Filters(filters)
        self._examples = Examples(examples)
        self._known = _nothing()

    def __len__(self) -> int:
        return int(self._known.used[TEMPLATES])

    def ids(self, messages: pl.Series) -> Ints:
        """(n,) the category of each message, 0 where it is missing or empty."""
        present = (messages.str.len_bytes().fill_null(0) > 0).to_numpy()
        given = messages if present.all() else messages.filter(pl.Series(present))
        ids = np.zeros(len(messages), np.int64)
        if len(given):
            ids[present] = self._learn(given)
        return ids

    def column(self, messages: pl.Series) -> pl.Series:
        """(n,) the same as text, null where there is no category."""
        ids = pl.Series(self.ids(messages))
        return ids.replace(0, None).cast(pl.String)

    def changed(self) -> pl.DataFrame:
        """The categories that are new, or not as they were, since this was last asked, as rows of `CATEGORIES`."""
        known = self._known
        categories = np.flatnonzero(known.changed[: len(self)]) + 1
        known.changed[:] = False
        return self._definitions(categories.tolist())

    def definitions(self) -> pl.DataFrame:
        """All categories, as rows of `CATEGORIES`."""
        return self._definitions(range(1, len(self) + 1))

    @property
    def size_bytes(self) -> int:
        """Bytes that the categories take, examples apart."""
        known = self._known
        listed = {name: int(known.used[counted]) for counted, _, names in _LISTS for name in names}
        return sum(each[: listed.get(name, len(each))].nbytes for name, each in known._asdict().items())

    def state(self, prefix: str) -> Arrays:
        """The categories as arrays."""
        arrays = {f"{prefix}.{name}": each.copy() for name, each in self._known._asdict().items()}
        for counted, _, names in _LISTS:
            arrays |= {f"{prefix}.{name}": arrays[f"{prefix}.{name}"][: self._known.used[counted]] for name in names}
        return arrays | self._examples.state(f"{prefix}.example")

    def restore(self, prefix: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the categories that `state` was taken of."""
        self._known = Templates(**{name: arrays[f"{prefix}.{name}"].copy() for name in Templates._fields})
        self._examples.restore(f"{prefix}.example", arrays)

    def _learn(self, messages: pl.Series) -> Ints:
        whole, whole_ends = _flat(messages)
        filtered = self._filters.apply(messages)
        text, ends = (whole, whole_ends) if filtered is messages else _flat(filtered)
        ids = np.zeros(len(messages), np.int64)
        done = 0
        while (done := categorize(text, ends, whole, whole_ends, done, self._known, ids)) < len(ids):
            self._known = _roomier(self._known)
        self._known.changed[self._examples.add(messages, ids, len(self)) - 1] = True
        return ids

    def _definitions(self, categories: Iterable[int]) -> pl.DataFrame:
        known = self._known
        rows = []
        for category in categories:
            begin = known.begins[category - 1]
            words = [
                known.letters[known.starts[k] : known.stops[k]].tobytes().decode("utf-8", "replace")
                for k in range(begin, begin + known.lengths[category - 1])
                if known.words[k] != WILD
            ]
            rows.append(
                {
                    "category_id": category,
                    "terms": " ".join(words),
                    "regex": regular_expression(words, lines=bool(known.broken[category - 1])),
                    "max_matching_length": int(known.longest[category - 1]) * 11 // 10,
                    "examples": self._examples.of(category),
                }
            )
        return pl.DataFrame(rows, schema=CATEGORIES)


def _flat(texts: pl.Series) -> tuple[Bytes, Ints]:
    """The texts one behind the other, UTF-8, and where each ends."""
    text = np.frombuffer(texts.str.join("")[0].encode(), np.uint8)
    return text, np.cumsum(texts.str.len_bytes().to_numpy().astype(np.int64))


def _nothing() -> Templates:
    """No categories, with room for the first."""
    templates, words, letters, places = 64, 4 * MOST_WORDS, 2 * MOST_WORDS * LONGEST, 1024

    def ints(*shape: int) -> Ints:
        return np.zeros(shape, np.int64)

    def hashes(*shape: int) -> Hashes:
        return np.zeros(shape, np.uint64)

    return Templates(
        used=ints(6),
        shapes=ints(1),
        begins=ints(templates),
        lengths=ints(templates),
        words=hashes(words),
        starts=ints(words),
        stops=ints(words),
        letters=np.zeros(letters, np.uint8),
        keys=hashes(templates, 2),
        older=ints(templates, 2),
        longest=ints(templates),
        broken=np.zeros(templates, np.bool_),
        changed=np.zeros(templates, np.bool_),
        memo=hashes(places),
        met=ints(places),
        terms=hashes(places),
        frequency=ints(places),
        places=hashes(places),
        newest=ints(places),
        crowds=ints(places),
    )


def _roomier(known: Templates) -> Templates:
    """The same categories with twice the room where it is short.

    Each table grows by its own need alone, so that where its keys are does not depend on when anything else grew.
    """
    larger: dict[str, np.ndarray[Any, Any]] = {}
    for counted, more, names in _LISTS:
        needed = int(known.used[counted]) + more
        for name in names:
            array = getattr(known, name)
            if needed > len(array):
                larger[name] = np.zeros((2 * needed, *array.shape[1:]), array.dtype)
                larger[name][: len(array)] = array
    remembering = known.used[SHAPES] < MOST_SHAPES
    for counted, more, name, values in _TABLES:
        table = getattr(known, name)
        if 2 * (int(known.used[counted]) + more) > len(table) and (remembering or counted == PLACES):
            larger[name] = np.zeros(2 * len(table), np.uint64)
            places = rehashed(table, larger[name])
            there = places >= 0
            for value in values:
                array = getattr(known, value)
                larger[value] = np.zeros(2 * len(table), array.dtype)
                larger[value][places[there]] = array[there]
    return known._replace(**larger)
