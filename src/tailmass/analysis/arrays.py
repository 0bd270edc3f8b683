"""Structures of arrays as one thing: make, grow, take apart and put together again.

A structure is a `NamedTuple` of arrays and of further structures; one axis of every array is the series: the first of
the models, whose kernels go from series to series, and the last of open buckets.
"""

import math
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

Structure = TypeVar("Structure", bound=tuple[Any, ...])
Arrays = dict[str, np.ndarray[Any, Any]]

FEWEST = 64  # series to make room for at least


def room(series: int, capacity: int) -> int:
    """A capacity for so many series: at least twice the old one, so that growing costs a constant a series."""
    return capacity if series <= capacity else max(FEWEST, series, 2 * capacity)


def grown(structure: Structure, capacity: int, axis: int = -1) -> Structure:
    """The structure with its axes of series filled up with zeros to `capacity`."""
    made: Structure = type(structure)._make(  # type: ignore[attr-defined]
        grown(part, capacity, axis) if isinstance(part, tuple) else longer(part, capacity, axis) for part in structure
    )
    return made


def taken_apart(structure: tuple[Any, ...], prefix: str, series: int, axis: int = -1) -> Arrays:
    """A copy of every array by its dotted name below `prefix`, cut to the first `series`."""
    arrays: Arrays = {}
    for name, part in zip(structure._fields, structure, strict=True):  # type: ignore[attr-defined]
        if isinstance(part, tuple):
            arrays |= taken_apart(part, f"{prefix}.{name}", series, axis)
        else:
            arrays[f"{prefix}.{name}"] = (part[:series] if axis == 0 else part[..., :series]).copy()
    return arrays


def put_together(structure: Structure, prefix: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Structure:
    """The structure of the same shape with the arrays that `taken_apart` gave."""
    made: Structure = type(structure)._make(  # type: ignore[attr-defined]
        put_together(part, f"{prefix}.{name}", arrays)
        if isinstance(part, tuple)
        else np.array(arrays[f"{prefix}.{name}"], dtype=part.dtype)
        for name, part in zip(structure._fields, structure, strict=True)  # type: ignore[attr-defined]
    )
    return made


def size_bytes(structure: tuple[Any, ...]) -> int:
    """Bytes of all arrays."""
    return sum(size_bytes(part) if isinstance(part, tuple) else int(part.nbytes) for part in structure)


def series_bytes(structure: tuple[Any, ...], axis: int = -1) -> int:
    """Bytes that one series takes."""
    others = slice(1, None) if axis == 0 else slice(None, -1)
    return sum(
        series_bytes(part, axis) if isinstance(part, tuple) else int(part.itemsize) * math.prod(part.shape[others])
        for part in structure
    )


def only(structure: Structure, series: np.ndarray[Any, Any]) -> Structure:
    """The structure of these series alone, which are its first axis."""
    made: Structure = type(structure)._make(  # type: ignore[attr-defined]
        only(part, series) if isinstance(part, tuple) else part[series] for part in structure
    )
    return made


def table_bytes(entries: int) -> int:
    """Bytes of a table of 8 a place that is at most half full, in powers of two; what `places` makes."""
    return 8 * places(entries)


def places(entries: int) -> int:
    """Places of a table that is at most half full with so many entries, a power of two."""
    return 1 << max(6, (2 * entries - 1).bit_length() if entries else 0)


def longer(array: np.ndarray[Any, Any], capacity: int, axis: int) -> np.ndarray[Any, Any]:
    """The array with one axis filled up with zeros to `capacity`."""
    shape = list(array.shape)
    shape[axis] = capacity
    longer = np.zeros(shape, array.dtype)
    if axis == 0:
        longer[: len(array)] = array
    else:
        longer[..., : array.shape[-1]] = array
    return longer
