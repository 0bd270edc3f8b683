import subprocess
import sys
from importlib.metadata import version
from time import perf_counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Tailmass

HEAVY = ("numpy", "numba", "polars", "pydantic", "fastapi", "sqlalchemy", "rich")


def test_help_names_every_command_and_the_first_thing_to_try(tailmass: "Tailmass") -> None:
    done = tailmass("--help")
    assert done.returncode == 0
    assert all(
        command in done.stdout for command in ("demo", "detect", "estimate", "server", "tailmass detect orders.csv")
    )


def test_no_arguments_at_all_show_help(tailmass: "Tailmass") -> None:
    assert tailmass().stdout == tailmass("--help").stdout


def test_help_loads_nothing_heavy() -> None:
    code = f"import sys, tailmass.cli; print([name for name in {HEAVY} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"


def test_help_is_there_at_once(tailmass: "Tailmass") -> None:
    def seconds() -> float:
        begun = perf_counter()
        tailmass("--help")
        return perf_counter() - begun

    # 0.11 s on an idle machine; the best of a few, with room for one that is busy with other tests.
    assert min(seconds() for _ in range(5)) < 0.5


def test_the_version_is_that_of_the_package(tailmass: "Tailmass") -> None:
    assert tailmass("--version").stdout == f"tailmass {version('tailmass')}\n"


@pytest.mark.parametrize("command", ["demo", "detect", "server"])
def test_the_help_of_every_command_shows_an_example(tailmass: "Tailmass", command: str) -> None:
    done = tailmass(command, "--help")
    assert f"  tailmass {command} " in done.stdout


def test_a_command_that_does_not_exist_is_wrong_usage(tailmass: "Tailmass") -> None:
    done = tailmass("detcet")
    assert (done.returncode, done.stdout) == (2, "")
    assert "detect" in done.stderr  # what was meant
    assert "Traceback" not in done.stderr
