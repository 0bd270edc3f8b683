import gzip
import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.errors import DataError, UncompressedData
from tailmass.intake.gunzip import PIECE_BYTES, Gunzip


def gunzip(chunks: Iterable[bytes]) -> bytes:
    member = Gunzip()
    content = b"".join(piece for chunk in chunks for piece in member.feed(chunk))
    member.finish()
    return content


@settings(deadline=None)
@given(st.lists(st.binary(max_size=200), min_size=1, max_size=3), st.integers(1, 50))
def test_members_are_joined_whatever_the_chunks(contents: list[bytes], size: int) -> None:
    data = b"".join(gzip.compress(content) for content in contents)
    assert gunzip(data[k : k + size] for k in range(0, len(data), size)) == b"".join(contents)


def test_a_bomb_comes_in_small_pieces() -> None:
    bomb = gzip.compress(bytes(50 << 20))
    sizes = [len(piece) for piece in Gunzip().feed(bomb)]
    assert sum(sizes) == 50 << 20
    assert max(sizes) <= PIECE_BYTES


@pytest.mark.parametrize("chunks", [[b"time,v\n"], [b"t", b"ime"], [b"\x1f", b"\x8c"], [b"\x1f"]])
def test_what_is_not_gzip_is_said_so_in_the_attested_words(chunks: list[bytes]) -> None:
    with pytest.raises(UncompressedData, match=r"^Content-Encoding = gzip but the data is not in gzip format$"):
        gunzip(chunks)


def test_an_empty_body_is_empty() -> None:
    assert gunzip([]) == b""
    assert gunzip([b"", b""]) == b""


@pytest.mark.parametrize("size", [2, 10, 15, -1, -8])
def test_data_that_is_cut_off_is_an_error(size: int) -> None:
    data = gzip.compress(b"time,v\n1,2\n" * 100)
    with pytest.raises(DataError, match="ends too early"):
        gunzip([data[:size]])


def test_corrupt_data_is_an_error() -> None:
    data = bytearray(gzip.compress(random.Random(1).randbytes(1000)))
    data[-6] ^= 0xFF  # the checksum
    with pytest.raises(DataError, match="corrupt"):
        gunzip([bytes(data)])


@settings(deadline=None, derandomize=True)
@given(st.integers(12, 3000), st.integers(1, 700))
def test_what_comes_before_a_mistake_is_the_same_whatever_the_chunks(place: int, size: int) -> None:
    data = bytearray(gzip.compress(random.Random(2).randbytes(4000).hex().encode()))
    data[place] ^= 0x55
    whole, cut = (
        _before_the_mistake([bytes(data)]),
        _before_the_mistake(bytes(data[k : k + size]) for k in range(0, len(data), size)),
    )
    assert whole == cut


def _before_the_mistake(chunks: Iterable[bytes]) -> tuple[bytes, bool]:
    content, member = bytearray(), Gunzip()
    try:
        for chunk in chunks:
            for piece in member.feed(chunk):
                content += piece
    except DataError:
        return bytes(content), True
    return bytes(content), False


def test_rubbish_after_a_member_is_an_error_but_padding_is_not() -> None:
    data = gzip.compress(b"x")
    assert gunzip([data, bytes(512), bytes(5)]) == b"x"
    with pytest.raises(DataError, match="something else"):
        gunzip([data + b"rubbish"])
