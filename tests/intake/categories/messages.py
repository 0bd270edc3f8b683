"""Messages for the categorizer."""

from collections.abc import Sequence

import polars as pl
from hypothesis import strategies as st

from tailmass.intake.categories import Categorizer
from tailmass.results.category import Category

WORDS = (
    "user host failed opened Error: café 用户 支付失败， a.b.C node-12 eth0 17 0xff /tmp/x.y {x} (id=5) x=y 'q' "
    '"two words" ^$ .* \\d+ [a-z] | ? ... true 5ms \n \r\n \u2028 \x85 \ufffd'
)
MESSAGES = st.lists(
    st.lists(st.sampled_from(WORDS.split(" ")), max_size=9).map(" ".join) | st.text(max_size=30), max_size=40
)
"""Messages that are alike, those of several lines, and any text."""


def ids(categorizer: Categorizer, messages: Sequence[str | None]) -> list[int]:
    """The categories of some messages."""
    found: list[int] = categorizer.ids(pl.Series(messages, dtype=pl.String)).tolist()
    return found


def categories(categorizer: Categorizer) -> list[Category]:
    """All categories found."""
    return [Category(**{**row, "examples": tuple(row["examples"])}) for row in categorizer.definitions().to_dicts()]
