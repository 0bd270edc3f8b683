"""The first few distinct messages of each category."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from tailmass.columns import Ints

USUAL_LIMIT = 4
LONGEST = 4096  # characters of an example; a category is shown by them, not kept in them


class Examples:
    """What stands for a category in front of a reader; which they are depends on the order of the messages alone."""

    def __init__(self, limit: int | None) -> None:
        self._limit = USUAL_LIMIT if limit is None else limit
        self._found: list[list[str]] = []

    def add(self, messages: pl.Series, ids: Ints, categories: int) -> Ints:
        """Look at messages, and tell which of the categories have more examples now.

        Parameters
        ----------
        messages : (n,) as they were sent
        ids : (n,) their categories, from 1
        categories : how many there are by now
        """
        self._found += [[] for _ in range(categories - len(self._found))]
        full = np.fromiter((len(each) >= self._limit for each in self._found), np.bool_, categories)
        looked_at = np.flatnonzero(~full[ids - 1])
        if not len(looked_at):
            return looked_at
        candidates = (
            pl.DataFrame({"id": ids[looked_at], "message": messages.gather(looked_at).str.slice(0, LONGEST)})
            .unique(maintain_order=True)
            .filter(pl.int_range(pl.len()).over("id") < self._limit)
        )
        more = set()
        for category, message in candidates.iter_rows():
            found = self._found[category - 1]
            if len(found) < self._limit and message not in found:
                found.append(message)
                more.add(category)
        return np.array(sorted(more), np.int64)

    def of(self, category: int) -> list[str]:
        """The examples of a category, sorted."""
        return sorted(self._found[category - 1])

    def state(self, prefix: str) -> dict[str, np.ndarray[Any, Any]]:
        """The examples as arrays: UTF-8 bytes, where each ends, and how many each category has."""
        encoded = [each.encode() for found in self._found for each in found]
        return {
            f"{prefix}.text": np.frombuffer(b"".join(encoded), np.uint8),
            f"{prefix}.ends": np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded))),
            f"{prefix}.counts": np.fromiter(map(len, self._found), np.int64, len(self._found)),
        }

    def restore(self, prefix: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the examples that `state` was taken of."""
        text, ends = arrays[f"{prefix}.text"].tobytes(), arrays[f"{prefix}.ends"].tolist()
        begins = [0, *ends][: len(ends)]
        every = iter([text[begin:end].decode() for begin, end in zip(begins, ends, strict=True)])
        self._found = [[next(every) for _ in range(count)] for count in arrays[f"{prefix}.counts"].tolist()]
