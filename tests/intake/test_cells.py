import math

import numpy as np

from tailmass.intake.cells import numbers, texts


def spans(*cells: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lengths = np.array([len(cell) for cell in cells], np.int32)
    stops = np.cumsum(lengths, dtype=np.int32)
    return np.frombuffer(b"".join(cells), np.uint8), stops - lengths, stops


def test_texts_are_what_the_spans_hold() -> None:
    assert texts(*spans(b"a", b"", "é".encode(), b"\xe9")).to_list() == ["a", "", "é", "�"]
    assert texts(*spans(b"")).to_list() == [""]
    assert texts(*spans()).to_list() == []


def test_halves_of_a_character_in_two_cells_stay_apart() -> None:
    assert texts(*spans(b"\xc3", b"\xa9")).to_list() == ["�", "�"]


def test_numbers_that_need_more_care_get_it() -> None:
    found = numbers(*spans(b"123456789012345678901234", b"4.9e-324", b"-1e999", b" 0.30000000000000004000000 ", b"-"))
    assert found[:2].tolist() == [1.2345678901234568e23, 5e-324]
    assert math.isnan(found[2])
    assert found[3] == 0.30000000000000004
    assert math.isnan(found[4])
