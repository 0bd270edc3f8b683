import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Ints
from tailmass.kernels.rare import BINS, Presence, Streams, Values, bin_of, meet
from tests.kernels import naive_rare
from tests.kernels.streams import fixed

KNOWN, STREAMS = 60, 3
Buckets = list[list[int]]


def nothing() -> tuple[Values, Streams]:
    values = Values(np.zeros(KNOWN, np.float32), np.zeros(KNOWN, np.int32))
    table = np.zeros((STREAMS, BINS), np.float32)
    whole, real = np.zeros(STREAMS, np.int64), np.zeros(STREAMS)
    return values, Streams(whole, real, real.copy(), whole.copy(), real.copy(), table, table.copy())


def met(
    known: tuple[Values, Streams], buckets: Buckets, *, first: int = 0, keep: float = 1.0, most: float = 9.0,
    learning: bool = True,
) -> tuple[Presence, Ints]:  # fmt: skip
    """The values of each bucket, ascending; value v belongs to the stream v mod STREAMS."""
    entries = np.array([value for bucket in buckets for value in bucket], np.int64)
    offsets = np.cumsum([0, *map(len, buckets)])
    return meet(offsets, entries, entries % STREAMS, *known, first, keep, most, learning)


def bits(known: tuple[Values, Streams]) -> list[bytes]:
    return [np.asarray(part).tobytes() for structure in known for part in structure]


def made(seed: int, length: int) -> Buckets:
    """Some values are always there, some often, some next to never."""
    chance = np.random.default_rng(seed)
    rates = chance.beta(0.2, 1.5, KNOWN)
    return [np.flatnonzero(chance.random(KNOWN) < rates).tolist() for _ in range(length)]


BUCKETS = st.builds(made, st.integers(0, 99), st.integers(1, 220))


@fixed
@given(BUCKETS, st.sampled_from([1.0, 0.999, 0.97]))
def test_values_are_as_unusual_as_their_definition_says(buckets: Buckets, keep: float) -> None:
    unusual, present = met(nothing(), buckets, keep=keep)
    entries = [(b, value) for b, bucket in enumerate(buckets) for value in bucket]
    found = {entries[k]: each for k, *each in zip(*(part.tolist() for part in unusual), strict=True)}
    expected: dict[tuple[int, int], list[float]] = {}
    for s in range(STREAMS):
        own = [[value for value in bucket if value % STREAMS == s] for bucket in buckets]
        expected |= {(b, value): each for b, value, *each in naive_rare.unusual(own, keep, 9.0)}
    assert found.keys() == expected.keys()
    # Counts are kept in single precision, and are added to and taken from sums over and over.
    np.testing.assert_allclose([found[k] for k in expected], list(expected.values()), rtol=2e-3, atol=2e-4)
    assert present.tolist() == [len({value % STREAMS for value in bucket}) for bucket in buckets]


@fixed
@given(BUCKETS, st.integers(0, 220))
def test_buckets_can_be_met_in_two_calls(buckets: Buckets, cut: int) -> None:
    whole, parts = nothing(), nothing()
    at_once = met(whole, buckets)[0]
    pieces = [met(parts, buckets[:cut])[0], met(parts, buckets[cut:], first=cut)[0]]
    assert at_once.expected.tolist() == [e for piece in pieces for e in piece.expected.tolist()]
    assert bits(whole) == bits(parts)


def test_a_look_that_does_not_learn_tells_the_same_and_changes_nothing() -> None:
    buckets = made(1, 120)
    known, again = nothing(), nothing()
    for each in (known, again):
        met(each, buckets[:-1])
    looked, present = met(known, buckets[-1:], first=119, learning=False)
    assert bits(known) == bits(again)
    learnt, watched = met(again, buckets[-1:], first=119)
    assert (looked.expected.tolist(), present.tolist()) == (learnt.expected.tolist(), watched.tolist())


def test_nothing_is_unusual_in_the_first_twenty_buckets() -> None:
    buckets = [[0]] * 19 + [[0, 3], [0, 6]]
    assert met(nothing(), buckets)[0].entry.tolist() == [21, 22]


def test_bins_ascend_and_the_last_one_takes_all_the_rest() -> None:
    bins = [bin_of(n) for n in np.geomspace(0.1, 1e9, 500)]
    assert bins == sorted(bins)
    assert (bins[0], bins[-1], bin_of(1.49), bin_of(1.51)) == (0, BINS - 1, 0, 1)
