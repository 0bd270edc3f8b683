"""What every transform is once its configuration has been read: columns in, columns out."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import polars as pl

from tailmass.columns import Flags


class Outcome(NamedTuple):
    """What a transform makes of some rows."""

    outputs: tuple[pl.Series, ...] = ()
    """(n,) each, dtype String, in the order of the outputs; "" where the transform failed."""
    failed: Flags | None = None
    """(n,) whether it failed; None where it cannot."""
    excluded: Flags | None = None
    """(n,) whether the row is to be left out; None where it leaves out none."""


Step = Callable[[Sequence[pl.Series]], Outcome]
"""Takes the inputs of the transform, (n,) each, dtype String, without nulls: a value that is not there is ""."""
