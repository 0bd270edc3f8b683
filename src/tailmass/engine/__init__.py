"""A job that runs: pipeline, lifecycle, clock, snapshots, and the protocols it needs."""

from tailmass.engine.detect import Results, detect
from tailmass.engine.engine import Engine
from tailmass.engine.upload import Upload
from tailmass.engine.warm import warm

__all__ = ["Engine", "Results", "Upload", "detect", "warm"]
