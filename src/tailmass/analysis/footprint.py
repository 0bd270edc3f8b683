"""How many series a detector has, or is going to have.

What they take is counted and not asked of the allocator, so that it is the same however the rows were cut. It is what
lasts, names, pairs and models: what functions keep of the rows of open buckets is not among it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod


@dataclass(frozen=True, slots=True)
class Entities:
    """How many values and series a detector has met, in the words of the API."""

    by: int = 0
    """By values, or those of each partition, added up."""
    over: int = 0
    """Over values, or those of each partition, added up."""
    partitions: int = 0

    def __add__(self, other: "Entities") -> "Entities":
        return Entities(self.by + other.by, self.over + other.over, self.partitions + other.partitions)


class Cardinalities:
    """How many values fields are expected to have, and how many combinations of them.

    Parameters
    ----------
    values : by the name of a field, or by several names with commas between them; of combinations that are not among
        them there are as many as there can be

    >>> expected = Cardinalities({"host": 10, "site": 3, "host,user": 40})
    >>> expected.of("host"), expected.of("site", "host"), expected.of("user", "host"), expected.of(None)
    (10, 30, 40, 1)
    """

    def __init__(self, values: Mapping[str, int]) -> None:
        self._values = {frozenset(name.split(",")): number for name, number in values.items()}

    def of(self, *fields: str | None) -> int:
        """Combinations of these fields; a field that is None has one value."""
        names = frozenset(name for name in fields if name)
        return self._values.get(names) or prod(self._values.get(frozenset([name]), 1) for name in names)
