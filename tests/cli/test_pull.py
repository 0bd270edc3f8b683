"""What all commands of `tailmass pull` have in common."""

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tailmass.cli.pull import pull

if TYPE_CHECKING:
    from tests.cli.conftest import Tailmass
    from tests.conftest import Serving

SHARED = [
    "config",
    "detectors",
    "bucket_span",
    "job_id",
    "url",
    "api_host",
    "api_port",
    "token",
    "start_date",
    "end_date",
    "realtime",
    "delay",
    "leave_open",
    "state",
]
COMMANDS = {str(each.callback.__name__): each.callback for each in pull.registered_commands if each.callback}


@pytest.mark.parametrize("name", COMMANDS)
def test_shared_options_come_in_the_same_order_after_all_others(name: str) -> None:
    names = [*inspect.signature(COMMANDS[name]).parameters]
    shared = [each for each in names if each in SHARED]
    assert shared == [each for each in SHARED if each in shared]
    assert {"job_id", "url", "token", "leave_open", "state"} <= set(shared)


def test_a_server_that_asks_for_a_token_is_given_one(tailmass: "Tailmass", serving: "Serving", tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("time,ms\n" + "".join(f"{1_767_225_600 + n},{n % 7}\n" for n in range(20)))
    with serving(tmp_path / "home", auth=True) as running:
        secret = tailmass("token", "create", "me", "--scope", "write", "--home", tmp_path / "home").stdout.strip()
        asked = ("pull", "files", rows, "--detector", "mean(ms)", "--url", running.url, "--state", tmp_path / "state")
        assert tailmass(*asked).returncode == 3
        assert tailmass(*asked, "--token", secret).stdout.startswith("20 rows of 1 file are in the job")
        assert tailmass(*asked, TAILMASS_TOKEN=secret).stdout.startswith("20 rows of 1 file are in the job")
