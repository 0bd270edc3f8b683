import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.intake.spans import spans


@settings(deadline=None)
@given(st.lists(st.text(max_size=5) | st.none()))
def test_every_text_is_where_its_span_says(texts: list[str | None]) -> None:
    content, starts, stops = spans(pl.Series(texts, dtype=pl.String))
    whole = content.tobytes()
    assert [whole[a:b].decode() for a, b in zip(starts, stops, strict=True)] == [text or "" for text in texts]
