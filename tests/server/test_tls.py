import shutil
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import ValidationError

from tailmass.server.run import Server
from tailmass.server.settings import Settings, TlsSettings
from tailmass.server.tls import certificate, dangers

if TYPE_CHECKING:
    from tests.conftest import Serving


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the program openssl, to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=here"
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*command.split(), *files], cwd=folder, check=True, capture_output=True)
    return {"cert": folder / "cert.pem", "key": folder / "key.pem"}


def test_a_server_with_a_certificate_speaks_https_only(
    serving: "Serving", tmp_path: Path, pair: dict[str, Path]
) -> None:
    trusted = ssl.create_default_context(cafile=pair["cert"])
    with serving(tmp_path / "home", tls=pair) as running:
        with httpx.Client(base_url=running.url.replace("http:", "https:"), verify=trusted) as client:
            assert client.get("/healthz").json() == {"status": "ok"}
            created = client.get("/engine/v2/jobs").json()
            assert created["documents"] == []
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{running.url}/healthz")


def test_a_server_with_a_certificate_says_so_in_its_url(tmp_path: Path, pair: dict[str, Path]) -> None:
    server = Server(Settings(home=tmp_path, port=0, tls=TlsSettings(**pair)))
    with server.socket:
        assert server.url == f"https://127.0.0.1:{server.port}"


@pytest.mark.parametrize("wrong", [{"cert": "missing.pem"}, {"cert": "key.pem"}, {"cert": "cert.pem", "key": "none"}])
def test_a_certificate_that_cannot_be_used_is_named(pair: dict[str, Path], wrong: dict[str, str]) -> None:
    paths = {name: pair["cert"].parent / file for name, file in wrong.items()}
    with pytest.raises(ValueError, match=f"{wrong['cert']}.* cannot be used"):
        certificate(TlsSettings(**paths))


def test_a_key_without_a_certificate_is_refused() -> None:
    with pytest.raises(ValidationError, match="no certificate"):
        TlsSettings(key=Path("key.pem"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, ""),
        ({"host": "::1"}, ""),
        ({"host": "localhost"}, ""),
        ({"host": "0.0.0.0"}, "ASKING FOR NO TOKEN"),
        ({"host": "::"}, "ASKING FOR NO TOKEN"),
        ({"host": "engine.example", "tls": {"cert": "c.pem"}}, "ASKING FOR NO TOKEN"),
        ({"host": "0.0.0.0", "auth": True}, "without TLS"),
        ({"host": "0.0.0.0", "auth": True, "tls": {"cert": "c.pem"}}, ""),
    ],
)
def test_who_opens_a_server_wide_is_warned(given: dict[str, Any], said: str) -> None:
    warnings = list(dangers(Settings(**given)))
    assert len(warnings) == bool(said)
    assert said in "".join(warnings)
