import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import typer

from tailmass.cli.app import app

if TYPE_CHECKING:
    from tests.cli.conftest import Tailmass

HEAVY = ("numpy", "numba", "polars", "pydantic", "fastapi", "sqlalchemy", "rich")


def test_help_names_every_command_and_the_first_thing_to_try(tailmass: "Tailmass") -> None:
    done = tailmass("--help")
    assert done.returncode == 0
    assert all(
        command in done.stdout
        for command in ("demo", "detect", "estimate", "pull", "push", "server", "tailmass detect orders.csv")
    )


def test_no_arguments_at_all_show_help(tailmass: "Tailmass") -> None:
    assert tailmass().stdout == tailmass("--help").stdout


def test_help_loads_nothing_heavy() -> None:
    code = f"""
import atexit, sys
from tailmass.cli import main
atexit.register(lambda: print("loaded", [name for name in {HEAVY} if name in sys.modules]))
sys.argv = ["tailmass", "--help"]
main()
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "loaded []"


def test_the_version_is_that_of_the_package(tailmass: "Tailmass") -> None:
    assert tailmass("--version").stdout == f"tailmass {version('tailmass')}\n"


def test_the_help_of_every_command_shows_an_example() -> None:
    for words, command in commands(app):
        assert re.search(rf"^ +.*\btailmass {' '.join(words)}\b", command.__doc__ or "", re.MULTILINE), words


def commands(group: typer.Typer, *before: str) -> Iterator[tuple[tuple[str, ...], Callable[..., Any]]]:
    for command in group.registered_commands:
        if command.callback is not None:
            yield (*before, command.name or command.callback.__name__), command.callback
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            yield from commands(inner.typer_instance, *before, inner.name or "")


def test_a_command_that_does_not_exist_is_wrong_usage(tailmass: "Tailmass") -> None:
    done = tailmass("detcet")
    assert (done.returncode, done.stdout) == (2, "")
    assert "detect" in done.stderr  # what was meant
    assert "Traceback" not in done.stderr
