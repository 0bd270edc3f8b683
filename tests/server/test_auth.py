import base64
import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest

from prelert.engineApiClient import EngineApiClient
from tailmass.client import Client
from tailmass.errors import UnknownError
from tailmass.server.auth import presented, scope_for
from tailmass.store import Store, issue

from .clients import Connection, configuration, rows

if TYPE_CHECKING:
    from tests.conftest import Running, Serving


@dataclass(frozen=True)
class Guarded:
    """A server that asks for tokens, and one of each scope."""

    running: "Running"
    secrets: dict[str, str] = field(repr=False)

    def client(self, scope: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.secrets[scope]}"}
        return httpx.Client(base_url=f"{self.running.url}/engine/v2", headers=headers, timeout=60)


@pytest.fixture(scope="module")
def guarded(serving: "Serving", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    home = tmp_path_factory.mktemp("guarded") / "home"
    secrets = {}
    with closing(Store.open(None, home)) as store:
        for scope in ("read", "write", "admin"):
            secrets[scope], token = issue(f"for-{scope}", scope, 0)
            store.add_token(token)
    with serving(home, auth=True) as running:
        yield Guarded(running, secrets)


@pytest.mark.parametrize(
    "path", ["/", "/engine/v2/jobs", "/engine/v3/nothing", "/metrics", "/docs", "/healthz/../metrics"]
)
def test_without_a_token_nothing_is_told(guarded: Guarded, path: str) -> None:
    answered = httpx.get(guarded.running.url + path)
    assert answered.status_code == 401
    assert answered.json()["errorCode"] == 0
    assert "Authorization: Bearer" in answered.json()["message"]
    assert answered.headers["www-authenticate"].startswith("Basic realm=")


@pytest.mark.parametrize("path", ["/healthz", "//healthz/"])
def test_whether_it_is_well_is_told_to_everyone(guarded: Guarded, path: str) -> None:
    assert httpx.get(guarded.running.url + path).status_code == 200


@pytest.mark.parametrize(
    "authorization", ["Bearer tm_wrong", "Bearer", "Basic !!", "Digest a", "Bearer \xff", "Basic Og=="]
)
def test_a_token_that_is_none_opens_nothing(guarded: Guarded, authorization: str) -> None:
    headers = [(b"Authorization", authorization.encode("latin-1"))]
    answered = httpx.get(f"{guarded.running.url}/engine/v2/jobs", headers=headers)
    assert (answered.status_code, answered.json()["errorCode"]) == (401, 0)


def test_each_scope_includes_those_before_it(guarded: Guarded) -> None:
    def attempt(scope: str, method: str, path: str, **given: object) -> int:
        with guarded.client(scope) as client:
            return client.request(method, path, **given).status_code  # type: ignore[arg-type]

    assert attempt("read", "POST", "/jobs", json=configuration("scoped")) == 403
    assert attempt("write", "POST", "/jobs", json=configuration("scoped")) == 201
    assert attempt("write", "POST", "/jobs", params={"overwrite": "true"}, json=configuration("scoped")) == 403
    assert attempt("admin", "POST", "/jobs", params={"overwrite": "true"}, json=configuration("scoped")) == 201
    assert attempt("read", "POST", "/data/scoped", content=rows(10)) == 403
    assert attempt("write", "POST", "/data/scoped", content=rows(10)) == 202
    assert attempt("read", "GET", "/jobs/scoped") == 200
    assert attempt("write", "DELETE", "/jobs/scoped") == 403
    assert attempt("admin", "DELETE", "/jobs/scoped") == 200


def test_who_may_not_is_told_what_it_would_take(guarded: Guarded) -> None:
    with guarded.client("read") as client:
        answered = client.delete("/jobs/a")
    assert (answered.status_code, answered.json()["errorCode"]) == (403, 0)
    assert "'for-read' is for read, and this needs one for admin" in answered.json()["message"]


def test_an_upload_that_is_refused_is_read_to_its_end_so_that_the_sender_sees_why(guarded: Guarded) -> None:
    with pytest.raises(UnknownError, match="A token is needed"):
        Client(guarded.running.url).data.upload("a", (rows(1000) for _ in range(50)))


def test_a_token_can_come_as_the_password_of_clients_that_know_only_those(guarded: Guarded) -> None:
    answered = httpx.get(f"{guarded.running.url}/engine/v2/jobs", auth=("anyone", guarded.secrets["read"]))
    assert answered.status_code == 200


def test_the_clients_can_bring_a_token(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    host, port = guarded.running.host, guarded.running.port
    assert Client(guarded.running.url, token=guarded.secrets["read"]).jobs.all().page()["hitCount"] == 0
    assert EngineApiClient(host, "engine/v2", port, token=guarded.secrets["read"]).getJobs()[0] == 200
    assert EngineApiClient(host, "engine/v2", port).getJobs()[0] == 401
    monkeypatch.setenv("TAILMASS_TOKEN", guarded.secrets["read"])
    assert EngineApiClient(host, "engine/v2", port).getJobs()[0] == 200
    assert Client(guarded.running.url).jobs.all().page()["hitCount"] == 0


def test_a_token_that_is_revoked_opens_nothing_from_then_on(guarded: Guarded) -> None:
    with closing(Store.open(None, guarded.running.home)) as store:
        secret, token = issue("passing", "read", 0)
        store.add_token(token)
        headers = {"Authorization": f"Bearer {secret}"}
        with httpx.Client(base_url=guarded.running.url, headers=headers) as client:
            assert client.get("/metrics").status_code == 200
            store.remove_token("passing")
            assert client.get("/metrics").status_code == 401


def test_no_secret_reaches_the_log_or_the_disk(guarded: Guarded, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        httpx.get(f"{guarded.running.url}/engine/v2/jobs", headers={"Authorization": "Bearer tm_mistyped"})
        httpx.get(f"{guarded.running.url}/engine/v2/jobs", auth=("anyone", guarded.secrets["admin"]))
        with guarded.client("read") as client:
            client.delete("/jobs/a")
    assert "token not recognised" in caplog.text
    said = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    kept = b"".join(path.read_bytes() for path in guarded.running.home.rglob("*") if path.is_file())
    for secret in ("tm_mistyped", *guarded.secrets.values()):
        assert secret not in said
        assert secret.encode() not in kept


def test_a_server_that_is_not_told_to_asks_for_no_token(lasting_server: "Running") -> None:
    headers = {"Authorization": "Bearer tm_whatever"}
    assert httpx.get(f"{lasting_server.url}/engine/v2/jobs", headers=headers).status_code == 200


def test_a_request_without_a_host_is_refused_like_any_other(guarded: Guarded) -> None:
    with closing(Connection(guarded.running)) as connection:
        connection.send(b"GET /engine/v2/jobs HTTP/1.0\r\n\r\n")
        assert connection.answer()[0] == 401


@pytest.mark.parametrize(
    ("method", "path", "query", "needed"),
    [
        ("GET", "/", b"", "read"),
        ("HEAD", "/engine/v1/jobs", b"", "read"),
        ("POST", "/engine/v2/jobs", b"overwrite=false", "write"),
        ("POST", "/engine/v0.3/jobs", b"overwrite=true", "admin"),
        ("POST", "/engine/v2/jobs", b"overwrite=false&overwrite=True", "admin"),
        ("PUT", "/engine/v2/jobs/a/update", b"", "write"),
        ("POST", "/engine/v3/data/a/close", b"", "write"),
        ("POST", "/engine/v2/validate/detector", b"", "read"),
        ("POST", "/engine/v2/modelsnapshots/a/revert", b"", "admin"),
        ("PUT", "/engine/v2/modelsnapshots/a/1/description", b"", "write"),
        ("DELETE", "/engine/v2/jobs/a", b"", "admin"),
        ("GET", "/engine/v2/support", b"", "admin"),
        ("PATCH", "/anything", b"", "write"),
    ],
)
def test_what_a_request_needs_follows_from_what_it_does(method: str, path: str, query: bytes, needed: str) -> None:
    assert scope_for(method, path, query) == needed


def test_a_password_may_have_a_colon() -> None:
    assert presented(b"basic " + base64.b64encode(b"me:a:b")) == "a:b"
