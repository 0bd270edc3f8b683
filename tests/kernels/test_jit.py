import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import tailmass.kernels
from tailmass.kernels.surprise import Spread, scale

COMPILED = {
    f"{module.name}.{name}": value
    for module in pkgutil.iter_modules(tailmass.kernels.__path__, "tailmass.kernels.")
    for name, value in vars(importlib.import_module(module.name)).items()
    if isinstance(value, Dispatcher)
}


@pytest.mark.parametrize("name", COMPILED)
def test_every_kernel_runs_without_the_gil_and_adds_up_in_the_order_it_is_written(name: str) -> None:
    options: dict[str, Any] = COMPILED[name].targetoptions
    assert options["nogil"]
    assert not options.get("fastmath", False)
    assert not options.get("parallel", False)


@pytest.mark.parametrize("name", COMPILED)
def test_every_kernel_says_what_it_does(name: str) -> None:
    private = name.rpartition(".")[2].startswith("_")
    assert private or (COMPILED[name].__doc__ or "").strip()


def test_a_division_by_zero_is_an_infinity() -> None:
    with np.errstate(all="raise"):
        assert scale(Spread(np.inf, 0.0, 0.0, 0.0), 1.0, 0.0) == np.inf


def test_without_a_place_to_keep_what_is_compiled_kernels_run_all_the_same() -> None:
    program = "from tailmass.kernels.student import tail; print(tail(0.0), tail._cache.cache_path)"
    environment = {**os.environ, "NUMBA_CACHE_LOCATOR_CLASSES": "ZipCacheLocator"}  # none that has a place for us
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "0.5 None\n"


def test_a_kernel_is_compiled_anew_when_a_part_of_it_has_changed(tmp_path: Path) -> None:
    copy = tmp_path / "tailmass"
    shutil.copytree(Path(tailmass.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    program = "from tailmass.kernels.whole import several; print(several(3.0))"
    (copy / "kernels" / "part.py").write_text(PART.format(factor=2))
    (copy / "kernels" / "whole.py").write_text(WHOLE)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}

    def told() -> str:
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert told() == "6.0"
    (copy / "kernels" / "part.py").write_text(PART.format(factor=7))
    assert told() == "21.0"


PART = """from tailmass.kernels.jit import inlined

@inlined
def times(x: float) -> float:
    return {factor} * x
"""
WHOLE = """from tailmass.kernels import part
from tailmass.kernels.jit import kernel

@kernel
def several(x: float) -> float:
    return part.times(x)
"""
