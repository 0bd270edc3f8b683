from http.client import HTTPSConnection

import pytest

from tailmass.client.address import Address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost", Address("localhost", 8080, "/engine/v2")),
        ("localhost:8081", Address("localhost", 8081, "/engine/v2")),
        ("http://engine:9000/", Address("engine", 9000, "/engine/v2")),
        ("http://engine:9000/engine/v1", Address("engine", 9000, "/engine/v1")),
        ("https://proxy/some/prefix/engine/v2/", Address("proxy", None, "/some/prefix/engine/v2", "https")),
        ("[::1]:8080", Address("::1", 8080, "/engine/v2")),
    ],
)
def test_a_server_is_found_by_url_or_host(text: str, address: Address) -> None:
    assert Address.parse(text) == address


@pytest.mark.parametrize("text", ["", "http://", "ftp://host", "host:port"])
def test_what_is_no_address_is_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match=r"host|http|[Pp]ort"):
        Address.parse(text)


@pytest.mark.parametrize("base_path", ["engine/v2", "/engine/v2", "/engine/v2/", "engine/v2//"])
def test_slashes_around_the_base_path_do_not_matter(base_path: str) -> None:
    assert Address("localhost", base_path=base_path).base_path == "/engine/v2"


def test_a_secure_url_is_reached_by_a_secure_connection() -> None:
    connection = Address.parse("https://engine.example").open(timeout=3)
    assert isinstance(connection, HTTPSConnection)
    assert (connection.port, connection.timeout) == (443, 3)
