"""Columns of text put through one transform."""

from typing import Any

import polars as pl

from tailmass.intake.transforms.chain import STEPS
from tailmass.intake.transforms.step import Outcome
from tailmass.jobs import Transform


def run(name: str, *inputs: list[str], **more: Any) -> Outcome:
    """What the transform makes of its inputs, which need no names."""
    transform = Transform.parse({"transform": name, "inputs": [f"i{k}" for k in range(len(inputs))], **more})
    return STEPS[name](transform)([column(texts) for texts in inputs])


def column(texts: list[str]) -> pl.Series:
    return pl.Series(texts, dtype=pl.String)


def made(outcome: Outcome) -> list[str]:
    """The only output."""
    [output] = outcome.outputs
    assert output.dtype == pl.String
    return output.to_list()


def rows(outcome: Outcome) -> list[tuple[str, ...]]:
    """The outputs, row by row."""
    return list(zip(*(output.to_list() for output in outcome.outputs), strict=True))


def failed(outcome: Outcome) -> list[bool]:
    assert outcome.failed is not None
    return outcome.failed.tolist()  # type: ignore[no-any-return]


def excluded(outcome: Outcome) -> list[bool]:
    assert outcome.excluded is not None
    return outcome.excluded.tolist()  # type: ignore[no-any-return]
