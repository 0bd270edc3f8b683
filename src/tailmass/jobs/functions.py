"""What a detector can watch: every function, in one table."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, slots=True)
class Function:
    """One thing a detector can watch, and which fields it needs to do so."""

    name: str
    description: str
    """The short name of what is measured, as records tell it (`functionDescription`)."""
    measures: tuple[str, ...]
    """The features taken from each bucket; only `metric` has several."""
    field: Literal["required", "forbidden"] = "required"
    by: Literal["required", "optional"] = "optional"
    over: Literal["required", "optional", "forbidden"] = "optional"
    side: Literal["both", "high", "low"] | None = "both"
    """Where the unusual lies, seen from the usual; None where there is no direction."""
    empty: Literal["zero", "ignored"] = "ignored"
    """What a bucket means in which a known series has no rows: the feature is 0, or there is none."""
    aliases: tuple[str, ...] = ()
    texts: bool = False
    """Whether the field is read as it is written; otherwise as a number."""

    @property
    def stands_alone(self) -> bool:
        """Whether a detector needs no field at all: what it counts is the rows themselves."""
        return self.field == "forbidden" and self.by == "optional"


def _both_sides(
    name: str,
    *,
    feature: str | None = None,
    alias: str | None = None,
    field: Literal["required", "forbidden"] = "required",
    over: Literal["optional", "forbidden"] = "optional",
    empty: Literal["zero", "ignored"] = "ignored",
    texts: bool = False,
) -> tuple[Function, Function, Function]:
    """A function and its variants that look only up or only down."""
    description = feature or name

    def one(prefix: str, side: Literal["both", "high", "low"]) -> Function:
        return Function(
            name=f"{prefix}{name}",
            description=description,
            measures=(description,),
            field=field,
            over=over,
            side=side,
            empty=empty,
            aliases=() if alias is None else (f"{prefix}{alias}",),
            texts=texts,
        )

    return one("", "both"), one("high_", "high"), one("low_", "low")


FUNCTIONS: tuple[Function, ...] = (
    *_both_sides("count", field="forbidden", empty="zero"),
    *_both_sides("non_zero_count", feature="count", alias="nzc", field="forbidden", over="forbidden"),
    *_both_sides("distinct_count", alias="dc", empty="zero", texts=True),
    Function("rare", "rare", ("rare",), field="forbidden", by="required", side=None),
    Function("freq_rare", "rare", ("rare",), field="forbidden", by="required", over="required", side=None),
    *_both_sides("info_content", texts=True),
    # The one function that watches three features at once; a record says which of them was unusual.
    Function("metric", "mean", ("mean", "min", "max")),
    *_both_sides("mean", alias="avg"),
    *_both_sides("median"),
    # A minimum is unusual mainly when low and a maximum mainly when high, but a model of either has two tails.
    Function("min", "min", ("min",)),
    Function("max", "max", ("max",)),
    *_both_sides("sum", empty="zero"),
    *_both_sides("non_null_sum", feature="sum"),
    *_both_sides("varp"),
    Function("time_of_day", "time", ("time_of_day",), field="forbidden", side=None),
    Function("time_of_week", "time", ("time_of_week",), field="forbidden", side=None),
    Function("lat_long", "lat_long", ("lat_long",), side=None, texts=True),
)
"""Every function there is."""

MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "count": "number of rows",
        "distinct_count": "number of different values of the field",
        "rare": "whether a value of the by field occurs",
        "info_content": "how much information the different values of the field carry, in bytes",
        "mean": "mean",
        "median": "median",
        "min": "smallest value",
        "max": "largest value",
        "sum": "sum",
        "varp": "variance of the values as a population",
        "time_of_day": "time of each row within the day",
        "time_of_week": "time of each row within the week",
        "lat_long": "place on the globe",
    }
)
"""What each feature is, for people."""

BY_NAME: Mapping[str, Function] = MappingProxyType(
    {name: each for each in FUNCTIONS for name in (each.name, *each.aliases)}
)
"""Every function under its name and its aliases."""


def function(name: str) -> Function:
    """The function of this name or alias; KeyError when there is none.

    >>> function("high_avg").name
    'high_mean'
    """
    return BY_NAME[name]
