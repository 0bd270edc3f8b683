"""Compressed files are unpacked, wherever they are cut, and what comes before a mistake in them comes first."""

import bz2
import gzip
import lzma
import random
from collections.abc import Callable, Iterator

import pytest
import zstandard

from tailmass.feeds.files.unpack import packed, unpacked

TEXT = random.Random(1).randbytes(50_000).hex().encode()
ZSTANDARD = zstandard.ZstdCompressor(write_checksum=True).compress
PACK: list[Callable[[bytes], bytes]] = [gzip.compress, bz2.compress, lzma.compress, ZSTANDARD]


def chunks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[begin : begin + size] for begin in range(0, len(data), size))


@pytest.mark.parametrize("pack", PACK)
@pytest.mark.parametrize("size", [1009, 1 << 20])
def test_parts_that_are_packed_one_after_the_other_are_one(pack: Callable[[bytes], bytes], size: int) -> None:
    data = pack(TEXT[:10_000]) + pack(TEXT[10_000:])
    assert packed(data)
    assert b"".join(unpacked(chunks(data, size), "x")) == TEXT


@pytest.mark.parametrize("pack", PACK)
def test_what_is_cut_off_is_said_after_what_there_is(pack: Callable[[bytes], bytes]) -> None:
    data = pack(TEXT)
    pieces: list[bytes] = []
    with pytest.raises(ValueError, match=r"rows\.x is compressed and ends too early"):
        pieces.extend(unpacked(chunks(data[: len(data) * 4 // 5], 1000), "rows.x"))
    got = b"".join(pieces)
    assert TEXT.startswith(got)
    assert len(got) > len(TEXT) // 5 or pack not in (gzip.compress, lzma.compress)  # blocks of others are large


@pytest.mark.parametrize("pack", PACK)
def test_what_is_corrupt_is_said(pack: Callable[[bytes], bytes]) -> None:
    data = bytearray(pack(TEXT))
    data[len(data) // 2 : len(data) // 2 + 50] = bytes(50)
    with pytest.raises(ValueError, match=r"rows\.x is compressed and corrupt"):
        list(unpacked(chunks(bytes(data), 4096), "rows.x"))


def test_what_is_not_packed_stays_as_it_is() -> None:
    for data in (b"", b"a", b"time,value\n1,2\n"):
        assert not packed(data)
        assert b"".join(unpacked(chunks(data, 1), "x")) == data
