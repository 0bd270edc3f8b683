"""What is taken out of a message before it is understood."""

from collections.abc import Sequence

import polars as pl

from tailmass.intake.transforms.expression import Expression


class Filters:
    """Regular expressions of Java; a space takes the place of each match, so that no word is made of two."""

    def __init__(self, expressions: Sequence[str]) -> None:
        self._expressions = [Expression(each) for each in expressions]

    def apply(self, messages: pl.Series) -> pl.Series:
        """(n,) the messages without the matches, those of the first expression taken out first."""
        for expression in self._expressions:
            messages = expression.blanked(messages)
        return messages
