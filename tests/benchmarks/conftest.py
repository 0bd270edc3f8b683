"""`benchmarks` is a folder of the project and no part of what is installed: its place goes on the path."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:
    sys.path.append(ROOT)
