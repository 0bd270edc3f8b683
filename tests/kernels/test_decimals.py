import math
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailmass.kernels.decimals import decimals, nearest_double

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # kernels compile at first


def read(*texts: str) -> tuple[list[float], list[bool]]:
    """What the kernel makes of each text."""
    encoded = [text.encode() for text in texts]
    lengths = np.array([len(text) for text in encoded], np.int32)
    stops = np.cumsum(lengths, dtype=np.int32)
    starts = stops - lengths
    values, hard = decimals(np.frombuffer(b"".join(encoded), np.uint8), starts, stops)
    return values.tolist(), hard.tolist()


@unhurried
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_survives_its_text(value: float) -> None:
    [found], [hard] = read(repr(value))
    assert hard or found == value


@unhurried
@given(st.integers(0, 10**19 - 1), st.integers(-345, 310))
def test_digits_and_power_give_the_nearest_double(mantissa: int, power: int) -> None:
    text = f"{mantissa}e{power}"
    [found], [hard] = read(text)
    assert hard or found == float(text)


@unhurried
@given(st.integers(1, 2**64 - 1), st.integers(-342, 308))
def test_the_method_is_right_whenever_it_answers(mantissa: int, power: int) -> None:
    bits = int(nearest_double(np.uint64(mantissa), power))
    assert bits == 0 or struct.unpack("d", struct.pack("Q", bits)) == (float(f"{mantissa}e{power}"),)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1.0), ("-1.50", -1.5), ("+2", 2.0), (".5", 0.5), ("5.", 5.0), (" 7\t", 7.0), ("1E3", 1000.0), ("0000", 0.0),
     ("1e-2", 0.01), ("0.1", 0.1), ("9007199254740995", 9007199254740996.0), ("0e999999999999", 0.0)],
)  # fmt: skip
def test_numbers_are_read(text: str, value: float) -> None:
    assert read(text) == ([value], [False])


@pytest.mark.parametrize(
    "text", ["", " ", "-", ".", "e5", "1e", "1e+", "1x", "1 2", "--1", "0x10", "1,5", "inf", "nan", "1_0", "1.2.3", "١"]
)
def test_what_is_no_number_is_nan(text: str) -> None:
    [value], [hard] = read(text)
    assert math.isnan(value)
    assert not hard


@pytest.mark.parametrize("text", ["12345678901234567890", "1e309", "4.9e-324", "9007199254740993.0000000000000000001"])
def test_what_is_beyond_the_method_is_said_to_be_hard(text: str) -> None:
    assert read(text)[1] == [True]
