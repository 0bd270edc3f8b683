import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Tailmass


def test_a_token_is_made_listed_and_revoked(tailmass: "Tailmass", tmp_path: Path) -> None:
    made = tailmass("token", "create", "shipper", "--scope", "write", "--home", tmp_path)
    assert made.returncode == 0
    assert re.fullmatch(r"tm_[\w-]{43}\n", made.stdout)
    listed = tailmass("token", "list", "--home", tmp_path)
    assert re.fullmatch(r"shipper  write  \d{4}-\S+\n", listed.stdout)
    assert tailmass("token", "revoke", "shipper", TAILMASS_HOME=str(tmp_path)).returncode == 0
    assert tailmass("token", "list", "--home", tmp_path).stdout == ""


def test_what_cannot_be_is_told_in_a_sentence(tailmass: "Tailmass", tmp_path: Path) -> None:
    done = tailmass("token", "revoke", "nobody", "--home", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "`tailmass token list` shows" in done.stderr
    assert tailmass("token", "create", "a", "--scope", "root", "--home", tmp_path).returncode == 2
