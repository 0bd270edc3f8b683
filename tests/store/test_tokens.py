import pytest

from tailmass.store import Store, digest, issue


def test_a_token_is_kept_without_its_secret(store: Store) -> None:
    secret, token = issue("shipper", "write", 5)
    store.add_token(token)
    assert store.tokens() == [token]
    assert (token.name, token.scope, token.create_time_ms) == ("shipper", "write", 5)
    assert token.digest == digest(secret)
    assert secret not in repr(token)


def test_no_two_secrets_are_alike_and_each_is_too_long_to_guess() -> None:
    secrets = {issue("a", "read", 0)[0] for _ in range(100)}
    assert len(secrets) == 100
    assert all(len(secret.removeprefix("tm_")) >= 43 for secret in secrets)  # 256 bits in base64


def test_a_name_is_given_once(store: Store) -> None:
    store.add_token(issue("shipper", "read", 1)[1])
    with pytest.raises(ValueError, match="'shipper' exists already: choose another name"):
        store.add_token(issue("shipper", "admin", 2)[1])
    assert [token.scope for token in store.tokens()] == ["read"]


def test_a_token_that_is_removed_is_gone_and_its_name_is_free(store: Store) -> None:
    for name in ("b", "a"):
        store.add_token(issue(name, "read", 1)[1])
    store.remove_token("a")
    assert [token.name for token in store.tokens()] == ["b"]
    with pytest.raises(ValueError, match="no token called 'a'"):
        store.remove_token("a")
    store.add_token(issue("a", "read", 2)[1])
    assert [token.name for token in store.tokens()] == ["b", "a"]


@pytest.mark.parametrize("name", ["", "two\nlines", "\x00"])
def test_a_name_can_be_read(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be called"):
        issue(name, "read", 0)
    with pytest.raises(ValueError, match="no token called"):
        store.remove_token(name)


def test_a_scope_is_one_that_there_is() -> None:
    with pytest.raises(ValueError, match="read, write, admin"):
        issue("a", "root", 0)
