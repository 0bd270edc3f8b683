"""What a job watches for: a function of a field, split by other fields."""

from typing import Annotated

from pydantic import AfterValidator

from tailmass.errors import (
    DetectorParseError,
    DetectorUnknownField,
    InvalidExcludeFrequent,
    InvalidFieldSelection,
    InvalidFunction,
    InvalidValue,
    UnknownFunction,
)
from tailmass.jobs.functions import BY_NAME, Function, function
from tailmass.jobs.rules import DetectorRule
from tailmass.jobs.wire import Double, Flag, Name, Text, Wire, field_name

CATEGORY = "prelertcategory"
"""The field that categorization makes; no data has it."""
KEYWORDS = frozenset({"by", "over"})
"""Words with a meaning of their own in the short form of a detector."""

_EXCLUDE_FREQUENT = ("all", "none", "by", "over")
_LEAST_SENSITIVITY, _MOST_SENSITIVITY = 3.0, 8.0


def category(name: str) -> str:
    """A field name, the later product's name of the category being understood."""
    return CATEGORY if name == "mlcategory" else name


SplitName = Annotated[Name, AfterValidator(lambda name: name and category(name))]
"""The name of a field to split by, which may be the category."""


class Detector(Wire):
    """One thing to watch: a function of a field, per value of `by`, among the values of `over`, within `partition`.

    >>> Detector(function="mean", field_name="responsetime", by_field_name="airline").label()
    'mean(responsetime) by airline'
    """

    native = frozenset({"shape", "sensitivity"})
    malformed = DetectorParseError
    unknown = DetectorUnknownField

    detector_description: Text | None = None
    function: Name = None
    field_name: Name = None
    by_field_name: SplitName = None
    over_field_name: SplitName = None
    partition_field_name: SplitName = None
    use_null: Flag = False
    """Whether rows without a value of a split form a series of their own."""
    exclude_frequent: Annotated[Name, AfterValidator(lambda value: value and value.strip().lower())] = None
    """Whose frequent values to leave out of the results; functions of rarity have none and take no notice."""
    detector_rules: tuple[DetectorRule, ...] | None = None
    shape: Flag = False
    """Whether to watch for shapes that a series never had, too."""
    sensitivity: Double | None = None
    """What a surprise weighs against novelty, 3 to 8: the more, the more often the same thing is reported again."""

    @property
    def function_name(self) -> str:
        """The function as the user wrote it, or the one that is meant when there is none."""
        return self.function or "metric"

    @property
    def definition(self) -> Function:
        """What the function is."""
        return function(self.function_name)

    @property
    def split_fields(self) -> tuple[str, ...]:
        """The fields the detector splits by, outermost last."""
        names = (self.by_field_name, self.over_field_name, self.partition_field_name)
        return tuple(name for name in names if name)

    @property
    def value_lists(self) -> tuple[str, ...]:
        """The lists that the rules ask for, sorted."""
        conditions = [each for rule in self.detector_rules or () for each in rule.rule_conditions]
        return tuple(sorted({each.value_list for each in conditions if each.value_list}))

    def label(self) -> str:
        """The detector in its short form, which `tailmass.jobs.grammar.detector` reads."""
        words = [self.function_name + (f"({quoted(self.field_name)})" if self.field_name else "")]
        if self.by_field_name:
            words.append(f"by {quoted(self.by_field_name)}")
        if self.over_field_name:
            words.append(f"over {quoted(self.over_field_name)}")
        if self.partition_field_name:
            words.append(f"partition={quoted(self.partition_field_name)}")
        if self.exclude_frequent:
            words.append(f"exclude_frequent={self.exclude_frequent}")
        if self.use_null:
            words.append("use_null=true")
        if self.shape:
            words.append("shape=true")
        if self.sensitivity is not None:
            words.append(f"sensitivity={str(self.sensitivity).removesuffix('.0')}")
        return " ".join(words)

    def verify(self, *, summarised: bool = False, overlapping: bool = False) -> None:
        """Raise the error of the first rule that the detector breaks, in a job of this kind."""
        if self.function_name not in BY_NAME:
            raise UnknownFunction(f"Unknown function {self.function!r}: use one of {', '.join(sorted(BY_NAME))}")
        self._verify_something_to_watch()
        if summarised and self.function_name == "metric":
            raise InvalidFunction(
                f"{self._name} in a job with 'summaryCountFieldName' cannot use the function 'metric', which needs the "
                "single values: use 'mean', 'min' or 'max'"
            )
        self._verify_fields()
        if overlapping and self.function_name in ("rare", "freq_rare"):
            raise InvalidFunction(
                f"{self._name} cannot use the function {self.function_name!r} with 'overlappingBuckets': switch those "
                "off"
            )
        if self.exclude_frequent is not None and self.exclude_frequent not in _EXCLUDE_FREQUENT:
            raise InvalidExcludeFrequent(
                f"'excludeFrequent' is {self.exclude_frequent!r}: use one of {', '.join(_EXCLUDE_FREQUENT)}"
            )
        for rule in self.detector_rules or ():
            rule.check(self.function_name, self.split_fields)
        if self.sensitivity is not None and not _LEAST_SENSITIVITY <= self.sensitivity <= _MOST_SENSITIVITY:
            raise InvalidValue(
                f"'sensitivity' is {self.sensitivity:g}: it goes from {_LEAST_SENSITIVITY:g} to {_MOST_SENSITIVITY:g}; "
                "leave it out for the usual"
            )

    def _verify_something_to_watch(self) -> None:
        if not self.function and not self.field_name:
            for what, name in (("byFieldName", self.by_field_name), ("overFieldName", self.over_field_name)):
                if name:
                    raise InvalidFieldSelection(
                        f"'{what}' is {name!r} but there is nothing to watch: set 'function' or 'fieldName' as well"
                    )
        if not (self.field_name or self.by_field_name or self.over_field_name) and not self.definition.stands_alone:
            raise InvalidFieldSelection(
                f"The function {self.function_name!r} needs a field: set 'fieldName', 'byFieldName' or 'overFieldName'"
            )

    def _verify_fields(self) -> None:
        needs = self.definition
        for what, name, need in (
            ("fieldName", self.field_name, needs.field),
            ("byFieldName", self.by_field_name, needs.by),
            ("overFieldName", self.over_field_name, needs.over),
        ):
            if need == "required" and not name:
                raise InvalidFieldSelection(f"{self._name} lacks '{what}', which {self.function_name!r} requires")
            if need == "forbidden" and name:
                raise InvalidFieldSelection(
                    f"{self._name} has '{what}' {name!r}, which {self.function_name!r} cannot use: remove it"
                )
        for what, name in (
            ("fieldName", self.field_name),
            ("byFieldName", self.by_field_name),
            ("overFieldName", self.over_field_name),
            ("partitionFieldName", self.partition_field_name),
        ):
            field_name(f"{what!r} of a detector", name)

    @property
    def _name(self) -> str:
        return f"The detector '{self.label()}'"


def quoted(name: str) -> str:
    """A field name as it is written in the short form: quoted where it could be taken for something else."""
    plain = name and name.lower() not in KEYWORDS and not any(each.isspace() or each in '()=,"' for each in name)
    return name if plain else f'"{name}"'
