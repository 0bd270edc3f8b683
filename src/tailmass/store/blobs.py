"""The file a snapshot is in: a JSON header and arrays, compressed, checksummed, never half there.

    magic        8 bytes
    version      4 bytes, little-endian
    zstd frame   the length of the head (4 bytes, little-endian), the head, the bytes of each array in C order
    digest       32 bytes, BLAKE2b of everything before it

The head is JSON: `header` as it was given, and `arrays`, a list of [name, dtype, shape].
"""

import json
import os
import struct
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt
import zstandard

from tailmass.errors import DataStoreError

VERSION = 1
"""The layout above."""

Array = npt.NDArray[Any]

_MAGIC = b"\x93TMSNAP\n"
_PREFIX = struct.Struct("<8sI")
_LENGTH = struct.Struct("<I")
_DIGEST_BYTES = 32
_PIECE_BYTES = 1 << 20
# Flags, whole numbers, floats, complex numbers, bytes, text, times: whatever is its own bytes. Objects are not.
_KINDS = "biufcSUmM"
# Speed over size: at level 1 the arrays of a million series take seconds less, and little more room.
_LEVEL = 1


def write(path: Path, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Put a snapshot under a name, whole and on disk, or not at all."""
    for name, array in arrays.items():
        if array.dtype.kind not in _KINDS:
            raise ValueError(f"array {name!r} has dtype {array.dtype}, which cannot be kept as bytes")
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            _write(file, header, arrays)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise DataStoreError("The snapshot could not be written", cause=str(error)) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def read(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """The header and the arrays of a snapshot; the arrays are new and may be written to."""
    try:
        with path.open("rb") as file:
            _verify(file)
            return _read(file)
    except (OSError, ValueError, zstandard.ZstdError) as error:
        raise DataStoreError(f"The snapshot {path} cannot be read", cause=str(error)) from error


class _Digested:
    """A file, and the digest of what was written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = blake2b(digest_size=_DIGEST_BYTES)

    def write(self, data: bytes, /) -> int:
        """Write, and take into account."""
        self.digest.update(data)
        return self._file.write(data)


def _write(file: BinaryIO, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    shapes = [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()]
    head = json.dumps({"header": dict(header), "arrays": shapes}, separators=(",", ":")).encode()
    out = _Digested(file)
    out.write(_PREFIX.pack(_MAGIC, VERSION))
    with zstandard.ZstdCompressor(level=_LEVEL).stream_writer(cast(IO[bytes], out), closefd=False) as frame:
        frame.write(_LENGTH.pack(len(head)))
        frame.write(head)
        for array in arrays.values():
            if array.nbytes:
                frame.write(_flat(np.ascontiguousarray(array)).data)
    file.write(out.digest.digest())


def _verify(file: BinaryIO) -> None:
    left = os.fstat(file.fileno()).st_size - _DIGEST_BYTES
    if left < _PREFIX.size:
        raise ValueError("it is cut short")
    digest = blake2b(digest_size=_DIGEST_BYTES)
    while left:
        piece = file.read(min(left, _PIECE_BYTES))
        digest.update(piece)
        left -= len(piece)
    if file.read() != digest.digest():
        raise ValueError("its checksum is wrong")
    file.seek(0)


def _read(file: BinaryIO) -> tuple[dict[str, Any], dict[str, Array]]:
    magic, version = _PREFIX.unpack(file.read(_PREFIX.size))
    if magic != _MAGIC:
        raise ValueError("it is not a snapshot")
    if version > VERSION:
        raise ValueError(f"its format {version} is newer than the format {VERSION} this version of tailmass knows")
    with zstandard.ZstdDecompressor().stream_reader(file, closefd=False) as frame:
        (length,) = _LENGTH.unpack(_fill(frame, np.empty(_LENGTH.size, np.uint8)))
        head = json.loads(bytes(_fill(frame, np.empty(length, np.uint8))))
        arrays = {}
        for name, dtype, shape in head["arrays"]:
            arrays[name] = np.empty(shape, np.dtype(dtype))
            if arrays[name].nbytes:
                _fill(frame, _flat(arrays[name]))
    return head["header"], arrays


def _flat(array: Array) -> npt.NDArray[np.uint8]:
    return array.reshape(-1).view(np.uint8)


def _fill(frame: zstandard.ZstdDecompressionReader, buffer: npt.NDArray[np.uint8]) -> memoryview:
    rest = buffer.data
    while len(rest):
        count = frame.readinto(rest)
        if not count:
            raise ValueError("it ends too early")
        rest = rest[count:]
    return buffer.data


def _sync_folder(folder: Path) -> None:
    # A new name is on disk only when its folder is; Windows has no such call and needs none.
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
