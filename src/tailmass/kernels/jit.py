"""How every kernel is compiled: cached on disk, without the GIL, IEEE division.

A kernel that walks over series loads one series' state into a `NamedTuple` of numbers, hands it to pure functions and
stores what they return. Structures of arrays are taken apart once, outside the loop. Parts of kernels borrow the arrays
they are handed: counting references to them, atomically, was a quarter of the time of `observe`.
"""

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from numba import njit

P = ParamSpec("P")
R = TypeVar("R")

_SOURCES = blake2b(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))).hexdigest()


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` with numba; mypy goes on seeing its Python signature.

    `error_model="numpy"`: a division by zero is an infinity, not an exception in the loop. No `fastmath`: results must
    not depend on how the compiler groups a sum.
    """
    return _compiled(function)


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a part of a kernel into whatever calls it. It borrows its arrays, and makes none."""
    return _compiled(function, forceinline=True, _nrt=False)


def part(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a part of a kernel that is called: where it is long, and seldom come by. It borrows its arrays, too."""
    return _compiled(function, _nrt=False)


def _compiled(function: Callable[P, R], **options: Any) -> Callable[P, R]:
    compiled: Callable[P, R]
    try:
        compiled = njit(cache=True, nogil=True, error_model="numpy", **options)(function)
        # numba looks at the file of a kernel only, and not at those of the parts that are compiled into it.
        kept: Any = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
        if hasattr(kept, "_source_stamp"):
            kept._source_stamp = (kept._source_stamp, _SOURCES)
    except RuntimeError:
        # Neither the package nor a home can be written, as for a service with its own user: compile at every start.
        compiled = njit(nogil=True, error_model="numpy", **options)(function)
    return compiled
