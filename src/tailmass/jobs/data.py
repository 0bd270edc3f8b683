"""What the data of a job looks like."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator

from tailmass.errors import InvalidValue
from tailmass.jobs.dates import Pattern
from tailmass.jobs.wire import Text, Wire, word

EPOCHS = ("epoch", "epoch_ms")
"""Time formats that are numbers: seconds, with or without a fraction, and milliseconds."""


def _format(value: object) -> object:
    known = word(value)
    return "DELIMITED" if known == "DELINEATED" else known


def _first(value: str) -> str:
    if not value:
        raise ValueError("should be one character")
    return value[0]


Character = Annotated[Text, AfterValidator(_first)]
"""One character; of several the first one counts."""


class DataDescription(Wire):
    """The format of the data and where the time is in it."""

    always = frozenset({"format", "time_field", "time_format", "field_delimiter", "quote_character"})

    format: Annotated[Literal["DELIMITED", "JSON", "SINGLE_LINE", "ELASTICSEARCH"], BeforeValidator(_format)] = (
        "DELIMITED"
    )
    time_field: Annotated[Text, AfterValidator(lambda name: name or "time")] = "time"
    time_format: Annotated[Text, AfterValidator(lambda pattern: pattern or "epoch")] = "epoch"
    """`epoch`, `epoch_ms` or a date pattern of Java."""
    field_delimiter: Character = "\t"
    quote_character: Character = '"'

    @property
    def fetched(self) -> Self:
        """The same for data that a scheduler has fetched: what a search finds is handed on as JSON, its time in ms."""
        if self.format != "ELASTICSEARCH":
            return self
        return self.model_copy(update={"format": "JSON", "time_format": "epoch_ms"})

    def verify(self) -> None:
        """Raise when the time could not be read, or a field could not be told from a quote."""
        if self.time_format not in EPOCHS:
            Pattern.parse(self.time_format)
        if self.format == "DELIMITED" and self.field_delimiter == self.quote_character:
            raise InvalidValue(
                f"'fieldDelimiter' and 'quoteCharacter' are both {self.quote_character!r}: choose two characters"
            )
