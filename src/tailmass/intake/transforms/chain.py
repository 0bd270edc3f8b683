"""All transforms of a job, one after the other."""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from tailmass.columns import Columns, Floats
from tailmass.intake.cells import numbers
from tailmass.intake.fields import Fields
from tailmass.intake.spans import spans
from tailmass.intake.timestamps import Timestamps
from tailmass.intake.transforms.concat import concat
from tailmass.intake.transforms.domain_split import domain_split
from tailmass.intake.transforms.exclude import exclude
from tailmass.intake.transforms.extract import extract
from tailmass.intake.transforms.geo_unhash import geo_unhash
from tailmass.intake.transforms.lowercase import lowercase
from tailmass.intake.transforms.split import split
from tailmass.intake.transforms.step import Step
from tailmass.intake.transforms.trim import trim
from tailmass.intake.transforms.uppercase import uppercase
from tailmass.jobs import Transform

STEPS: Mapping[str, Callable[[Transform], Step]] = {
    "domain_split": domain_split,
    "concat": concat,
    "extract": extract,
    "split": split,
    "exclude": exclude,
    "lowercase": lowercase,
    "uppercase": uppercase,
    "trim": trim,
    "geo_unhash": geo_unhash,
}
"""What runs a transform, by its name."""


class Chain:
    """Turns columns with the source fields of a job into columns with the fields of its analysis.

    What becomes of a row depends on the row alone.
    """

    def __init__(self, fields: Fields, time_format: str) -> None:
        self._fields = fields
        self._timestamps = Timestamps(time_format)
        self._steps = [(each, STEPS[each.transform](each)) for each in fields.transforms]
        self._makes_time = fields.source.time is None

    def apply(self, columns: Columns) -> Columns:
        """The rows with what the transforms make of them; an excluded row has no time and no failures."""
        texts = {name: text.fill_null("") if text.null_count() else text for name, text in columns.texts.items()}
        failed = np.zeros(len(columns), np.int64)
        excluded = np.zeros(len(columns), np.bool_)
        for transform, step in self._steps:
            outcome = step([texts[name] for name in transform.inputs])
            texts |= zip(transform.output_names, outcome.outputs, strict=False)  # domain_split may want the first alone
            if outcome.failed is not None:
                failed += outcome.failed
            if outcome.excluded is not None:
                excluded |= outcome.excluded
        failed[excluded] = 0
        kept = ~excluded
        times, dated = columns.times, columns.dated
        if self._makes_time and self._fields.time is not None:
            times, dated = self._timestamps.parse(texts[self._fields.time])
        return Columns(
            np.where(kept, times, 0),
            dated & kept,
            {name: texts[name] for name in self._fields.texts},
            {name: self._number(name, columns, texts) for name in self._fields.numbers},
            excluded if excluded.any() else None,
            failed if failed.any() else None,
        )

    def _number(self, name: str, columns: Columns, texts: Mapping[str, pl.Series]) -> Floats:
        read = columns.numbers.get(name)
        return numbers(*spans(texts[name])) if read is None else read
