from collections.abc import Iterator

import numpy as np
import pytest

from tailmass.columns import Columns
from tailmass.errors import DataError
from tailmass.intake.blocks import BlockReader
from tailmass.intake.piece import Piece


class Pairs:
    """Records of two bytes, and a record of what was asked."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []

    def read(self, block: bytes, final: bool) -> Iterator[Piece]:
        self.blocks.append(block)
        size = len(block) - len(block) % 2
        none = np.zeros(0, np.int32)
        yield Piece(Columns(np.zeros(0, np.int64), np.zeros(0, np.bool_)), size, 0, none, none)

    def endless(self, offset: int, final: bool) -> DataError:
        return DataError(f"half a pair at {offset}")


def test_chunks_are_gathered_and_cut_to_blocks() -> None:
    form = Pairs()
    source = BlockReader(form, block_bytes=4)
    for chunk in (b"a", b"b", b"", b"cdefghijk"):
        list(source.feed(chunk))
    list(source.feed(b"l"))
    list(source.finish())
    assert form.blocks == [b"abcd", b"efgh", b"ijkl", b""]


def test_what_is_not_read_comes_again_with_more() -> None:
    form = Pairs()
    source = BlockReader(form, block_bytes=3)
    list(source.feed(b"abcdef"))
    assert form.blocks == [b"abc", b"cdef"]


def test_a_rest_at_the_end_is_an_error_at_its_place() -> None:
    source = BlockReader(Pairs())
    list(source.feed(b"abcde"))
    with pytest.raises(DataError, match="half a pair at 4"):
        list(source.finish())


def test_a_buffer_may_be_reused_by_the_caller() -> None:
    form, buffer = Pairs(), bytearray(b"ab")
    source = BlockReader(form, block_bytes=4)
    list(source.feed(buffer))
    buffer[:] = b"cd"
    list(source.feed(buffer))
    assert form.blocks == [b"abcd"]
