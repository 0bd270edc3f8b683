import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.kernels.geohash import DIGITS_READ, geohashes
from tests.kernels.naive_geohash import DIGITS, middle

unhurried = settings(deadline=None)  # kernels compile at first


def places(*texts: bytes) -> list[tuple[float, float] | None]:
    """What the kernel makes of each text."""
    lengths = np.array([len(text) for text in texts], np.int32)
    stops = np.cumsum(lengths, dtype=np.int32)
    latitude, longitude, known = geohashes(np.frombuffer(b"".join(texts), np.uint8), stops - lengths, stops)
    assert not latitude[~known].any()
    assert not longitude[~known].any()
    found = zip(latitude.tolist(), longitude.tolist(), known, strict=True)
    return [(north, east) if good else None for north, east, good in found]


@unhurried
@given(st.lists(st.text(DIGITS + DIGITS.upper() + "ailo-é", max_size=16)))
def test_the_middle_is_that_of_the_slow_twin(texts: list[str]) -> None:
    assert places(*(text.encode() for text in texts)) == [middle(text) for text in texts]


def test_a_known_place_is_found() -> None:
    # The example of Wikipedia.
    assert places(b"ezs42") == [(42.60498046875, -5.60302734375)]


def test_digits_that_say_nothing_new_still_have_to_be_digits() -> None:
    digits = b"u4pruydqqvj8"
    assert len(digits) == DIGITS_READ
    assert places(digits, digits + b"pr", digits + b"a") == [*places(digits, digits), None]


def test_no_rows_are_no_places() -> None:
    assert places() == []
