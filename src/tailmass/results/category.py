"""Categories of messages: what a number in the field `prelertcategory` stands for."""

from dataclasses import dataclass
from typing import Any

import polars as pl

CATEGORIES = pl.Schema(
    {
        "category_id": pl.Int64(),
        "terms": pl.String(),
        "regex": pl.String(),
        "max_matching_length": pl.Int64(),
        "examples": pl.List(pl.String()),
    }
)
"""One row for each category; what each column means is told by the fields of `Category`."""


@dataclass(frozen=True, slots=True)
class Category:
    """Messages that are the same but for the values in them."""

    category_id: int
    """From 1, in the order in which messages founded them."""
    terms: str
    """The words that all of its messages have, in their order, separated by spaces."""
    regex: str
    """A regular expression that is found in every one of its messages."""
    max_matching_length: int
    """Characters of its longest message, and a tenth more."""
    examples: tuple[str, ...] = ()
    """Some of its messages, sorted."""

    def document(self, *, native: bool = False) -> dict[str, Any]:
        """The category as clients read it; those of the Engine API know no length unless it is `native`."""
        document: dict[str, Any] = {"categoryId": self.category_id, "terms": self.terms, "regex": self.regex}
        if native:
            document["maxMatchingLength"] = self.max_matching_length
        return document | {"examples": list(self.examples)}
