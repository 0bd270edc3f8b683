import struct
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tailmass.errors import DataStoreError
from tailmass.store import blobs

SHARED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
DTYPES = [np.dtype(name) for name in ("?", "i1", "<i8", ">i4", "<f8", "<f4", "<u8", "<c16", "S3", "<U4", "<M8[s]")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "one.snapshot"


@pytest.fixture
def whole(path: Path) -> bytes:
    blobs.write(path, {"time": 7}, {"mean": np.arange(50.0), "flags": np.array([True, False])})
    return path.read_bytes()


@SHARED
@given(data=st.data(), dtype=st.sampled_from(DTYPES))
def test_an_array_of_any_kind_and_shape_comes_back_bit_by_bit(
    data: st.DataObject, dtype: np.dtype[Any], path: Path
) -> None:
    array = data.draw(arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
    blobs.write(path, {}, {"array": array, "after": np.arange(3)})
    found = blobs.read(path)[1]
    assert (found["array"].dtype, found["array"].shape) == (array.dtype, array.shape)
    assert (found["array"].tobytes(), found["after"].tolist()) == (array.tobytes(), [0, 1, 2])


def test_the_order_of_an_array_in_memory_does_not_matter(path: Path) -> None:
    array = np.arange(24.0).reshape(4, 6)
    blobs.write(path, {}, {"turned": array.T, "some": array[::2, 1::3]})
    found = blobs.read(path)[1]
    np.testing.assert_array_equal(found["turned"], array.T)
    np.testing.assert_array_equal(found["some"], array[::2, 1::3])


def test_arrays_that_were_read_can_be_written_to(path: Path, whole: bytes) -> None:
    blobs.read(path)[1]["mean"][0] = 42.0


def test_a_header_keeps_numbers_that_are_not(path: Path) -> None:
    blobs.write(path, {"limit": float("inf")}, {})
    assert blobs.read(path) == ({"limit": float("inf")}, {})


@SHARED
@given(data=st.data())
def test_a_single_changed_bit_is_noticed_wherever_it_is(data: st.DataObject, path: Path, whole: bytes) -> None:
    damaged = bytearray(whole)
    damaged[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(damaged)
    with pytest.raises(DataStoreError, match=r"one\.snapshot"):
        blobs.read(path)


@SHARED
@given(data=st.data())
def test_a_file_that_was_cut_is_noticed_wherever_it_ends(data: st.DataObject, path: Path, whole: bytes) -> None:
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(DataStoreError):
        blobs.read(path)


def test_a_file_that_goes_on_is_noticed(path: Path, whole: bytes) -> None:
    path.write_bytes(whole + b"\0")
    with pytest.raises(DataStoreError, match=r"one\.snapshot"):
        blobs.read(path)


def test_a_newer_format_is_named_not_guessed_at(path: Path, whole: bytes) -> None:
    content = whole[:8] + struct.pack("<I", blobs.VERSION + 1) + whole[12:-32]
    path.write_bytes(content + blake2b(content, digest_size=32).digest())
    with pytest.raises(DataStoreError) as raised:
        blobs.read(path)
    assert "newer" in (raised.value.cause or "")


def test_objects_are_refused_before_anything_is_written(path: Path) -> None:
    with pytest.raises(ValueError, match="'things' has dtype object"):
        blobs.write(path, {}, {"things": np.array([None])})
    assert not path.exists()


def test_a_write_that_fails_leaves_what_was_there(path: Path, whole: bytes) -> None:
    with pytest.raises(TypeError):
        blobs.write(path, {"unspeakable": object()}, {})
    assert (path.read_bytes(), list(path.parent.iterdir())) == (whole, [path])


def test_a_folder_that_is_not_there_is_the_fault_of_the_store(tmp_path: Path) -> None:
    with pytest.raises(DataStoreError) as raised:
        blobs.write(tmp_path / "nowhere" / "one.snapshot", {}, {})
    assert raised.value.cause
