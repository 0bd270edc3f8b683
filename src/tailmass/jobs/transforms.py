"""What is done to rows before they are analysed: fields made from other fields, rows left out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import Any

from tailmass.errors import (
    DuplicateTransformOutput,
    InvalidValue,
    TransformCircularDependency,
    TransformEmptyInput,
    TransformEmptyOutput,
    TransformInvalidArgument,
    TransformInvalidArgumentCount,
    TransformInvalidInputCount,
    TransformInvalidOutputCount,
    TransformOutputsUnused,
    TransformParseError,
    TransformRequiresCondition,
    TransformUnknownField,
    UnknownTransform,
)
from tailmass.jobs.conditions import Condition
from tailmass.jobs.regex import regex
from tailmass.jobs.wire import Text, Wire, decode


@dataclass(frozen=True, slots=True)
class Range:
    """How many of something there may be; `most` is None where there is no end."""

    least: int
    most: int | None

    def __contains__(self, count: int) -> bool:
        return self.least <= count and (self.most is None or count <= self.most)

    def __str__(self) -> str:
        if self.most is None:
            return f"at least {self.least}"
        return f"exactly {self.least}" if self.least == self.most else f"{self.least} to {self.most}"


@dataclass(frozen=True, slots=True)
class TransformType:
    """One kind of transform and what it takes."""

    name: str
    inputs: Range
    arguments: Range
    outputs: Range
    default_outputs: tuple[str, ...]
    regex: bool = False
    """Whether its argument is a regular expression."""
    condition: bool = False
    """Whether it has a condition, and then has to have one."""


_NONE, _ONE, _ANY = Range(0, 0), Range(1, 1), Range(1, None)

TRANSFORMS: Mapping[str, TransformType] = MappingProxyType(
    {
        each.name: each
        for each in (
            TransformType("domain_split", _ONE, _NONE, Range(1, 2), ("subDomain", "hrd")),
            TransformType("concat", Range(2, None), Range(0, 1), _ONE, ("concat",)),
            TransformType("extract", _ONE, _ONE, _ANY, ("extract",), regex=True),
            TransformType("split", _ONE, _ONE, _ANY, ("split",), regex=True),
            TransformType("exclude", _ANY, _NONE, _NONE, (), condition=True),
            TransformType("lowercase", _ONE, _NONE, _ONE, ("lowercase",)),
            TransformType("uppercase", _ONE, _NONE, _ONE, ("uppercase",)),
            TransformType("trim", _ONE, _NONE, _ONE, ("trim",)),
            TransformType("geo_unhash", _ONE, _NONE, _ONE, ("latLong",)),
        )
    }
)
"""Every kind of transform by its name."""


class Transform(Wire):
    """Fields made from other fields of the same row, or rows left out because of them."""

    malformed = TransformParseError
    unknown = TransformUnknownField

    transform: Text = ""
    inputs: tuple[Text, ...] = ()
    arguments: tuple[Text, ...] = ()
    outputs: tuple[Text, ...] = ()
    condition: Condition | None = None

    @property
    def definition(self) -> TransformType:
        """What kind of transform it is."""
        return TRANSFORMS[self.transform]

    @property
    def output_names(self) -> tuple[str, ...]:
        """The fields it makes, those that go without saying included."""
        return self.outputs or self.definition.default_outputs

    def verify(self) -> None:
        """Raise the error of the first rule that the transform breaks by itself."""
        if self.transform not in TRANSFORMS:
            raise UnknownTransform(f"Unknown transform {self.transform!r}: use one of {', '.join(TRANSFORMS)}")
        kind = self.definition
        if len(self.inputs) not in kind.inputs:
            raise TransformInvalidInputCount(self._count("inputs", self.inputs, kind.inputs))
        if any(not name.strip() for name in self.inputs):
            raise TransformEmptyInput(f"The transform {kind.name!r} has an input without a name: name it or remove it")
        if len(self.arguments) not in kind.arguments:
            raise TransformInvalidArgumentCount(self._count("arguments", self.arguments, kind.arguments))
        if len(self.output_names) not in kind.outputs:
            raise TransformInvalidOutputCount(self._count("outputs", self.outputs, kind.outputs))
        if any(not name.strip() for name in self.outputs):
            raise TransformEmptyOutput(f"The transform {kind.name!r} has an output without a name: name it")
        if kind.regex:
            self._verify_regex(self.arguments[0])
        self._verify_condition()

    def _count(self, what: str, given: Sequence[str], wanted: Range) -> str:
        return f"The transform {self.transform!r} takes {wanted} {what}, not {len(given)}: {list(given)}"

    def _verify_regex(self, text: str) -> None:
        try:
            groups = regex(text).groups
        except re.error as error:
            raise TransformInvalidArgument(
                f"The transform {self.transform!r} needs a regular expression, not {text!r}", cause=str(error)
            ) from error
        if self.transform == "extract" and groups != len(self.output_names):
            raise TransformInvalidArgument(
                f"The transform 'extract' has {groups} groups in {text!r} and {len(self.output_names)} outputs "
                f"({', '.join(self.output_names)}): it needs one output for each group"
            )

    def _verify_condition(self) -> None:
        if self.condition is None:
            if self.definition.condition:
                raise TransformRequiresCondition(
                    f"The transform {self.transform!r} needs a condition that says which rows it is about"
                )
        elif not self.definition.condition:
            raise InvalidValue(f"The transform {self.transform!r} takes no 'condition': remove it")
        else:
            self.condition.verify()


def parse(data: bytes | str | Sequence[Mapping[str, Any]]) -> tuple[Transform, ...]:
    """Transforms in JSON, an array of them, each verified and all verified together but for who uses them."""
    transforms = decode(
        tuple[Transform, ...],
        data if isinstance(data, bytes | str) else list(data),
        malformed=TransformParseError,
        unknown=TransformUnknownField,
    )
    verify(transforms)
    return transforms


def verify(transforms: Sequence[Transform], used: Iterable[str] | None = None) -> None:
    """Raise when a transform cannot work, alone or together with the others.

    `used` are the fields that the job needs; without them outputs that nobody uses are not looked for.
    """
    for each in transforms:
        each.verify()
    _verify_outputs_differ(transforms)
    ordered(transforms)
    if used is not None:
        _verify_outputs_used(transforms, set(used))


def ordered(transforms: Sequence[Transform]) -> tuple[Transform, ...]:
    """The transforms so that each comes after those whose outputs it needs, otherwise as they were."""
    made = {name: position for position, each in enumerate(transforms) for name in each.output_names}
    needs = {position: {made[name] for name in each.inputs if name in made} for position, each in enumerate(transforms)}
    sorter = TopologicalSorter(needs)
    try:
        sorter.prepare()
    except CycleError as error:
        names = " -> ".join(transforms[position].transform for position in error.args[1])
        raise TransformCircularDependency(f"Transforms need their own outputs ({names}): break the circle") from error
    order: list[int] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return tuple(transforms[position] for position in order)


def _verify_outputs_differ(transforms: Sequence[Transform]) -> None:
    seen: set[str] = set()
    for each in transforms:
        for name in each.output_names:
            if name in seen:
                raise DuplicateTransformOutput(
                    f"Two outputs of transforms are called {name!r}: name the outputs of {each.transform!r} otherwise"
                )
            seen.add(name)


def _verify_outputs_used(transforms: Sequence[Transform], used: set[str]) -> None:
    consumed = used.union(*(each.inputs for each in transforms)) if transforms else used
    for each in transforms:
        if each.output_names and consumed.isdisjoint(each.output_names):
            raise TransformOutputsUnused(
                f"Nothing uses {', '.join(each.output_names)} of the transform {each.transform!r}: use one of them in "
                "a detector, as an influencer or as the time, or remove the transform"
            )
