from typing import TYPE_CHECKING

import pytest

from tests.client.recorder import recording

if TYPE_CHECKING:
    from tests.cli.conftest import Tailmass


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["start", "web"], "/engine/v2/schedulers/web/start"),
        (["start", "web", "--since", "1", "--until", "2"], "/engine/v2/schedulers/web/start?start=1&end=2"),
        (["stop", "web"], "/engine/v2/schedulers/web/stop"),
    ],
)
def test_a_scheduler_is_asked_to_start_and_stop(tailmass: "Tailmass", arguments: list[str], asked: str) -> None:
    with recording() as server:
        done = tailmass("scheduler", *arguments, "--url", server.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert [each.line for each in server.calls] == [f"POST {asked}"]


@pytest.mark.parametrize("verb", ["start", "stop"])
def test_a_job_that_has_no_scheduler_says_so(remote: "Tailmass", analysed: str, verb: str) -> None:
    done = remote("scheduler", verb, analysed)
    assert done.returncode != 0
    assert done.stderr.startswith("Error: ")
