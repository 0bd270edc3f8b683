"""Anomaly detection for time-stamped rows.

>>> import tailmass
>>> rows = {"time": [60 * n for n in range(100)], "load": [5.0] * 90 + [80.0] + [5.0] * 9}
>>> import polars as pl
>>> tailmass.detect(pl.DataFrame(rows), "max(load)", bucket_span="1m").records["typical"].to_list()
[5.0]
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tailmass.client import Client
    from tailmass.engine.detect import Results, detect
    from tailmass.engine.estimate import estimate

__all__ = ["Client", "Results", "detect", "estimate"]

_HOMES = {
    "Client": "tailmass.client",
    "Results": "tailmass.engine.detect",
    "detect": "tailmass.engine.detect",
    "estimate": "tailmass.engine.estimate",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: the client must not load the engine, nor `--help` numba."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}: it offers {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
