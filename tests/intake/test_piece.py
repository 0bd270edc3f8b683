import numpy as np
import pytest

from tailmass.columns import Columns
from tailmass.intake.piece import Piece

PIECE = Piece(
    Columns(np.array([1, 2, 3]), np.ones(3, np.bool_)),
    40,
    9,
    np.array([10, 25, 36], np.int32),
    np.array([3, 2, 4], np.int32),
)


@pytest.mark.parametrize(
    ("n", "share"), [(0, (0, 0, 0)), (1, (1, 10, 3)), (2, (2, 25, 5)), (3, (3, 36, 9)), (9, (3, 36, 9))]
)
def test_a_head_has_the_bytes_and_fields_of_its_records(n: int, share: tuple[int, int, int]) -> None:
    head = PIECE.head(n)
    assert (len(head), head.input_bytes, head.input_field_count) == share


def test_a_head_of_a_head_is_a_head() -> None:
    assert PIECE.head(2).head(1).input_bytes == PIECE.head(1).input_bytes
