import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tailmass.kernels.distinct import FREE, Keys, enter, keys_of
from tests.kernels import naive_features as naive
from tests.kernels.streams import fixed

ROWS = st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 2), st.text("aé\0", max_size=3)), max_size=80)


def keys(rows: list[tuple[int, int, str]]) -> Keys:
    encoded = [text.encode() for _, _, text in rows]
    text = np.frombuffer(b"".join(encoded), np.uint8).copy()
    ends = np.cumsum([0, *map(len, encoded)])[1:]
    buckets, series = (np.array([row[k] for row in rows], np.int64) for k in range(2))
    return keys_of(text, ends, buckets, series)


@fixed
@given(ROWS, st.integers(0, 80))
def test_a_text_is_new_to_a_bucket_and_series_once_wherever_rows_are_cut(
    rows: list[tuple[int, int, str]], place: int
) -> None:
    table = np.full(256, FREE, np.uint64)
    made = keys(rows)
    fresh = [*enter(made[:place], table), *(enter(made[place:], table) + len(made[:place]))]
    expected = {(*cell, text) for cell, texts in naive.first_seen(rows).items() for text in texts}
    assert [rows[row] for row in fresh] == list(dict.fromkeys(rows))
    assert {rows[row] for row in fresh} == expected


def test_a_million_texts_are_a_million() -> None:
    made = keys([(0, 0, f"user{n}") for n in range(1_000_000)])
    assert len(enter(made, np.full(1 << 21, FREE, np.uint64))) == 1_000_000


def test_texts_are_told_apart_by_where_they_end() -> None:
    assert len({*keys([(0, 0, "ab"), (0, 0, "a"), (0, 0, "b"), (0, 0, ""), (0, 1, ""), (1, 0, "")]).tolist()}) == 6
