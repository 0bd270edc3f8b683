from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Tailmass


def test_the_end_of_a_log_is_printed(remote: "Tailmass", analysed: str) -> None:
    assert analysed in remote("logs", analysed).stdout
    assert len(remote("logs", analysed, "--name", analysed, "--lines", "1").stdout.splitlines()) == 1


@pytest.mark.parametrize("asked", [["analysed"], [], ["--support"]])
def test_all_logs_are_fetched_as_a_zip(remote: "Tailmass", analysed: str, asked: list[str], tmp_path: Path) -> None:
    done = remote("logs", *asked, "--output", tmp_path / "logs.zip")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with ZipFile(tmp_path / "logs.zip") as fetched:
        assert fetched.testzip() is None
        assert fetched.namelist()


@pytest.mark.parametrize(
    ("asked", "way_out"),
    [
        (["--support"], "--output"),
        (["analysed", "--support", "--output", "a.zip"], "leave out the JOB"),
        (["analysed", "--name", "x", "--output", "a.zip"], "leave out --name"),
        (["nobody"], "(50102)"),
        (["analysed", "--name", "nothing"], "nothing"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    remote: "Tailmass", analysed: str, asked: list[str], way_out: str
) -> None:
    done = remote("logs", *asked)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert way_out in done.stderr
