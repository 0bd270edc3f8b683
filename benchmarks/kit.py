"""The evaluation kit and its data, which lie beside the project where it is developed: `../shared`."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


class Kit(NamedTuple):
    """The modules of the kit by their names, and the directory of the data."""

    corpora: ModuleType
    events: ModuleType
    nab: ModuleType
    null: ModuleType
    run: ModuleType
    ucr: ModuleType
    data: Path


def missing() -> str | None:
    """What of the kit is not there, if anything."""
    needed = (SHARED / "eval" / "run.py", SHARED / "data", SHARED / "design" / "reference" / "detector.py")
    return next((str(path) for path in needed if not path.exists()), None)


def load() -> Kit:
    """The kit; its modules import one another by name, so that its folder goes on the path."""
    folder = str(SHARED / "eval")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # nothing is written where the kit lies
    try:
        modules = [import_module(name) for name in Kit._fields if name != "data"]
    finally:
        sys.dont_write_bytecode = written
    return Kit._make([*modules, SHARED / "data"])
