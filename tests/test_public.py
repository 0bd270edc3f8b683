import re
import subprocess
import sys
from pathlib import Path

import pytest

import tailmass

REFERENCE = Path(__file__).parents[1] / "docs" / "reference" / "python.md"


def test_what_is_public_is_sorted_and_is_what_the_reference_lists() -> None:
    listed = re.findall(r"^## `(\w+)`$", REFERENCE.read_text(), re.MULTILINE)
    assert tailmass.__all__ == sorted(tailmass.__all__) == listed


@pytest.mark.parametrize("name", tailmass.__all__)
def test_every_public_name_can_be_had_and_says_what_it_is(name: str) -> None:
    assert getattr(tailmass, name).__doc__
    assert name in dir(tailmass)


def test_a_name_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(AttributeError, match=r"'Detect'.* estimate$"):
        tailmass.Detect  # noqa: B018 - the access is what is tested


def loaded(statement: str) -> set[str]:
    """Top-level modules that a statement loads in a fresh interpreter."""
    script = f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in run.stdout.split()}


def test_importing_the_package_loads_nothing_but_the_standard_library() -> None:
    assert loaded("import tailmass") - sys.stdlib_module_names == {"tailmass"}


def test_the_client_is_had_without_the_engine() -> None:
    assert loaded("from tailmass import Client") - sys.stdlib_module_names == {"tailmass"}
