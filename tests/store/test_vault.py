import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailmass.errors import EncryptionFailure
from tailmass.store.vault import KEY, Vault


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_secret_comes_back_and_is_not_to_be_seen(tmp_path: Path, secret: str) -> None:
    sealed = Vault(tmp_path).seal(secret)
    assert len(secret) < 4 or secret not in sealed
    assert Vault(tmp_path).unseal(sealed) == secret
    assert Vault(tmp_path).seal(secret) != sealed  # nobody sees that two are the same


def test_only_the_owner_can_read_the_key(tmp_path: Path) -> None:
    Vault(tmp_path).seal("open-sesame")
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY]


def test_what_another_key_has_sealed_is_refused_and_says_what_to_do(tmp_path: Path) -> None:
    sealed = Fernet(Fernet.generate_key()).encrypt(b"open-sesame").decode()
    Vault(tmp_path).seal("mine")
    with pytest.raises(EncryptionFailure, match="give it in clear again"):
        Vault(tmp_path).unseal(sealed)
    with pytest.raises(EncryptionFailure, match="give it in clear again"):
        Vault(tmp_path).unseal("not sealed at all")


@pytest.mark.parametrize("broken", [b"", b"too short", b"!" * 44])
def test_a_key_that_is_none_is_refused_and_left_alone(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / KEY).write_bytes(broken)
    with pytest.raises(EncryptionFailure, match="cannot be used"):
        Vault(tmp_path).seal("open-sesame")
    assert (tmp_path / KEY).read_bytes() == broken


def test_where_there_is_no_room_for_a_key_nothing_is_sealed(tmp_path: Path) -> None:
    with pytest.raises(EncryptionFailure, match="cannot be used"):
        Vault(tmp_path / "gone").seal("open-sesame")
