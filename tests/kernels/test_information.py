import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Floats
from tailmass.kernels.information import ENOUGH, NODES, SLOTS, Model, measure
from tests.kernels import naive_features as naive
from tests.kernels.streams import fixed, same

TEXTS = st.text(st.sampled_from("abcé.\0"), max_size=40)
LOTS = st.lists(st.lists(TEXTS, max_size=40), max_size=6)


def model() -> Model:
    zeroth, first, second = (np.zeros((size, 2), np.float32) for size in (NODES, 256 * NODES, SLOTS))
    return Model(zeroth, first, second, np.zeros(1))


def measured(lots: list[list[str]], known: Model) -> Floats:
    encoded = [text.encode() for lot in lots for text in lot]
    ends = np.cumsum([0, *map(len, encoded)])[1:].astype(np.int64)
    offsets = np.cumsum([0, *map(len, lots)])
    content = np.frombuffer(b"".join(encoded), np.uint8).copy()
    return measure(content, ends, np.arange(len(encoded)), offsets, known)


@fixed
@given(LOTS, st.integers(1, 40))
def test_lengths_are_those_of_the_definition(lots: list[list[str]], often: int) -> None:
    lots = [[text * often for text in lot] for lot in lots]
    assert measured(lots, model()) == pytest.approx(naive.Bytes().measure(lots), rel=1e-9)


@fixed
@given(LOTS, st.integers(0, 6))
def test_lots_can_be_measured_one_by_one(lots: list[list[str]], place: int) -> None:
    whole, parts = model(), model()
    at_once = measured(lots, whole)
    assert [*measured(lots[:place], parts), *measured(lots[place:], parts)] == at_once.tolist()
    assert same(whole, parts)


def test_counts_are_halved_before_they_are_beyond_telling() -> None:
    known = model()
    lots = [["a" * 500]] * 30
    assert measured(lots, known) == pytest.approx(naive.Bytes().measure(lots), rel=1e-6)
    assert known.second.sum(axis=1).max() < 1024.0


def test_chances_of_all_texts_of_a_length_add_up_to_no_more_than_one() -> None:
    known = model()
    measured([["the quick brown fox jumps over the lazy dog"] * 100], known)  # ENOUGH, so that nothing is learnt first
    assert known.told[0] >= ENOUGH
    every = [[bytes([byte]).decode("latin1") for byte in range(1, 128)]]
    lengths = measured(every, known)
    assert (2.0 ** (-8.0 * lengths)).sum() < 1.0


def test_what_was_told_before_tells_little_and_chance_tells_all_it_has() -> None:
    known, chance = model(), np.random.default_rng(1)
    names = [f"{a}.{b}" for a in ("www", "mail", "cdn") for b in ("shop", "news", "login")]
    for _ in range(60):
        measured([names], known)
    random = bytes(chance.integers(97, 123, 64, np.uint8)).decode()
    lengths = measured([["www.shop", random]], known)
    assert lengths[0] < 1.0
    assert lengths[1] > 64 * np.log2(26) / 8
