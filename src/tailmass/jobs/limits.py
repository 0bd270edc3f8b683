"""How much of the machine a job may use."""

from typing import Annotated

from pydantic import AfterValidator

from tailmass.jobs.wire import Long, Wire, not_negative

DEFAULT_MB = 4096
"""The megabytes that a `modelMemoryLimit` of 0 stands for."""


class AnalysisLimits(Wire):
    """Bounds on what the analysis of a job may remember."""

    always = frozenset({"model_memory_limit"})

    model_memory_limit: Annotated[Long, AfterValidator(lambda megabytes: max(megabytes, -1))] = 0
    """Megabytes; 0 leaves it to the engine, -1 is no limit."""
    categorization_examples_limit: Long | None = None
    """Messages kept of each category; None leaves it to the engine, 0 keeps none."""

    def verify(self) -> None:
        """Raise when fewer than no examples are to be kept."""
        not_negative(categorization_examples_limit=self.categorization_examples_limit)
