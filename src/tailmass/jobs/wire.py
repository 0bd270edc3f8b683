"""What all nouns a user writes have in common: how they are read from JSON, written back, and refused.

Reading has two steps. The first looks at the shape alone, and its failures are the same for every noun: not JSON, a
wrong JSON type, a field that does not exist. The second, `verify`, knows what the noun means and raises the error with
the number of the rule that is broken. Only the outermost noun runs it, because a rule may need to know the whole job.
"""

import json
import math
from collections.abc import Mapping
from copy import deepcopy
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StrictBool,
    StrictStr,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from tailmass.errors import (
    EngineError,
    InvalidValue,
    JobConfigParseError,
    JobConfigUnknownField,
    ProhibitedCharacterInFieldName,
)

_LONG = 2**63


def word(value: object) -> object:
    """A constant as it is meant, whatever the case it was written in."""
    if not isinstance(value, str):
        raise ValueError("should be a string")
    return value.strip().upper()


def _whole(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("should be a whole number")
    if isinstance(value, float) and not value.is_integer():
        raise ValueError("should be a whole number, without a fraction")
    if not -_LONG <= value < _LONG:
        raise ValueError("should be a whole number of at most 64 bits")
    return int(value)


def _real(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("should be a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("should be a finite number")
    return number


Text = StrictStr
"""A JSON string; a number is none."""
Name = Annotated[StrictStr | None, AfterValidator(lambda value: value or None)]
"""A string of which the empty one means that there is none."""
Flag = StrictBool
"""A JSON boolean; a number or a string is none."""
Long = Annotated[int, BeforeValidator(_whole)]
"""A JSON number of 64 bits without a fraction; a boolean is none."""
Double = Annotated[float, BeforeValidator(_real)]
"""A finite JSON number; a boolean is none."""
Word = Annotated[StrictStr, BeforeValidator(word)]
"""A constant written in any case, not yet known to be a valid one."""


class Wire(BaseModel):
    """A noun a user writes: frozen, camelCase in JSON, snake_case in Python."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )

    always: ClassVar[frozenset[str]] = frozenset()
    """Attributes that are written even when the user did not."""
    native: ClassVar[frozenset[str]] = frozenset()
    """Attributes that the Engine API does not have: its clients refuse a document with one of them."""
    malformed: ClassVar[type[EngineError]] = JobConfigParseError
    """What is raised when this noun is asked for and cannot be read."""
    unknown: ClassVar[type[EngineError]] = JobConfigUnknownField
    """What is raised when this noun is asked for and has a field that does not exist."""

    @model_validator(mode="before")
    @classmethod
    def _null_is_not_set(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = {field.alias for field in cls.model_fields.values()}
        return {name: value for name, value in data.items() if value is not None or name not in known}

    @classmethod
    def parse(cls, data: bytes | str | Mapping[str, Any]) -> Self:
        """The noun in JSON, as text or already parsed; raises the error of the first rule it breaks."""
        noun = decode(cls, data, malformed=cls.malformed, unknown=cls.unknown)
        noun.verify()
        return noun

    def verify(self) -> None:
        """Raise the error of the first rule that the noun breaks by itself."""

    def document(self, *, native: bool = True) -> dict[str, Any]:
        """The noun in JSON: what was set, what is always written, and nothing that is secret.

        Unless it is to be `native` it has only what the Engine API has.
        """
        return {
            field.alias or name: _written(getattr(self, name), native)
            for name, field in type(self).model_fields.items()
            if (name in self.model_fields_set or name in self.always)
            and getattr(self, name) is not None
            and not field.exclude
            and (native or name not in self.native)
        }


def _written(value: Any, native: bool) -> Any:
    if isinstance(value, Wire):
        return value.document(native=native)
    if isinstance(value, tuple):
        return [_written(each, native) for each in value]
    if isinstance(value, dict):
        return {name: _written(each, native) for name, each in value.items()}
    return deepcopy(value)


Noun = TypeVar("Noun")


def decode(
    kind: type[Noun],
    data: Any,
    *,
    malformed: type[EngineError],
    unknown: type[EngineError],
    context: Mapping[str, Any] | None = None,
) -> Noun:
    """A noun, or several, from JSON text or parsed JSON: of the right shape, its meaning not yet looked at."""
    value = _json(data, malformed)
    try:
        return TypeAdapter(kind).validate_python(value, by_alias=True, by_name=False, context=context)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False)[0], malformed, unknown) from None


def _json(data: Any, malformed: type[EngineError]) -> Any:
    try:
        value = json.loads(data) if isinstance(data, bytes | str) else data
        # Python reads more than JSON has: NaN, half of a surrogate pair, and objects that are no JSON at all. What is
        # taken in here has to come out again.
        if isinstance(value, Mapping):
            value = dict(value)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise malformed(
            "This is not valid JSON: send one JSON document in UTF-8", cause=str(error) or type(error).__name__
        ) from error
    return value


def _refusal(error: ErrorDetails, malformed: type[EngineError], unknown: type[EngineError]) -> EngineError:
    where = _path(error["loc"])
    if error["type"] == "extra_forbidden":
        return unknown(f"Unknown field '{where}': {_suggestion(str(error['loc'][-1]))}")
    if error["type"] == "missing":
        return malformed(f"'{where}' is missing: set it")
    shown = "" if "assword" in where else f", not {repr(error['input'])[:80]}"
    problem = error["msg"].removeprefix("Value error, ").replace("Input should", "should")
    refused = InvalidValue if error["type"] == "literal_error" else malformed
    return refused(f"{f'{chr(39)}{where}{chr(39)}' if where else 'The document'} {_plainly(problem)}{shown}")


def _plainly(problem: str) -> str:
    """The problem in the words of JSON, where pydantic has those of Python."""
    if "tuple" in problem:
        return "should be an array"
    return "should be an object" if "dict" in problem or "instance of" in problem else problem


def _suggestion(name: str) -> str:
    known = {field.alias or "" for kind in _nouns(Wire) for field in kind.model_fields.values()}
    close = get_close_matches(name, known, n=1)
    return f"did you mean '{close[0]}'?" if close and close[0] != name else "it does not belong here, remove it"


def _nouns(kind: type[Wire]) -> list[type[Wire]]:
    return [each for child in kind.__subclasses__() for each in (child, *_nouns(child))]


def _path(steps: tuple[int | str, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def not_negative(**values: float | None) -> None:
    """Refuse numbers below 0, each under its attribute's name; those that are not set pass."""
    for name, value in values.items():
        if value is not None and value < 0:
            raise InvalidValue(f"'{to_camel(name)}' is {value}: it cannot be less than 0")


def field_name(what: str, name: str | None) -> None:
    """Refuse a field name that could not be quoted."""
    if name is not None and ('"' in name or "\\" in name):
        raise ProhibitedCharacterInFieldName(
            f"{what} is {name!r}: a field name cannot have a double quote or a backslash; rename the field"
        )
