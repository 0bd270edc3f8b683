"""Whether and where the bounds of the models are written."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from tailmass.errors import InvalidValue
from tailmass.jobs.wire import Double, Text, Wire, word


class ModelDebugConfig(Wire):
    """Where the bounds of which models are written, and how wide they are."""

    write_to: Annotated[Literal["FILE", "DATA_STORE"], BeforeValidator(word)] = "FILE"
    bounds_percentile: Double | None = None
    """Width of the bounds, 0 to 100; None writes nothing."""
    terms: Text | None = None
    """Values of partition or by fields to write about, with commas between; None means all."""

    def verify(self) -> None:
        """Raise when the width of the bounds is no percentage."""
        if self.bounds_percentile is not None and not 0 <= self.bounds_percentile <= 100:
            raise InvalidValue(f"'boundsPercentile' is {self.bounds_percentile}: it has to be from 0 to 100")
