"""Reading a real Hadoop file system."""

import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tailmass.feeds.files.locations import Location, location
from tailmass.feeds.files.webhdfs import WebHdfs
from tailmass.feeds.httpserver import RefusedError
from tests.doorkeeper import doorkeeper
from tests.hadoop import put

LINES = b"".join(b"%d,a line\n" % n for n in range(20_000))
"""Some blocks of 64 KiB."""


@pytest.fixture(scope="module")
def address(hadoop_address: str) -> str:
    put(hadoop_address, "/logs/2026-03-01/b.csv", b"bb")
    put(hadoop_address, "/logs/2026-03-01/a.csv", LINES)
    put(hadoop_address, "/logs/2026-03-01/_SUCCESS", b"")
    put(hadoop_address, "/logs/2026-03-02/c d%.csv", b"ccc")
    put(hadoop_address, "/logs/2026-03-02/c.txt", b"c")
    return hadoop_address


@pytest.fixture
def hdfs(address: str) -> WebHdfs:
    return WebHdfs(f"webhdfs://root@{address}/", timeout=30)


@pytest.mark.parametrize("offset", [0, 1, 65_535, 65_536, 200_001, len(LINES)])
def test_a_file_is_read_from_any_place_on_across_blocks(hdfs: WebHdfs, offset: int) -> None:
    assert b"".join(hdfs.chunks("/logs/2026-03-01/a.csv", offset)) == LINES[offset:]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("/logs/*/*.csv", ["2026-03-01/a.csv", "2026-03-01/b.csv", "2026-03-02/c d%.csv"]),
        ("/logs/2026-03-01", ["2026-03-01/a.csv", "2026-03-01/b.csv"]),
        ("/logs/2026-03-01/_S*", ["2026-03-01/_SUCCESS"]),
        ("/logs/2026-03-0[2-9]/c.???", ["2026-03-02/c.txt"]),
        ("/logs/*/c.txt", ["2026-03-02/c.txt"]),
        ("/logs/*", []),
        ("/nothing/*", []),
    ],
)
def test_files_are_found_by_path_folder_and_pattern(hdfs: WebHdfs, pattern: str, found: list[str]) -> None:
    assert [file.path for file in hdfs.files(pattern)] == [f"/logs/{name}" for name in found]


def test_lengths_and_names_are_those_of_the_files(hdfs: WebHdfs) -> None:
    sizes = {file.path: file.length_bytes for file in hdfs.files("/logs/*/*.csv")}
    assert list(sizes.values()) == [len(LINES), 2, 3]
    assert list(hdfs.chunks("/logs/2026-03-02/c d%.csv")) == [b"ccc"]


def test_a_url_is_a_place_with_files_whose_names_are_urls_without_who_reads(address: str) -> None:
    place: Location = location(f"webhdfs://me@{address}/logs/*/?.csv")
    assert list(place.sizes()) == [
        (f"webhdfs://{address}/logs/2026-03-01/a.csv", len(LINES)),
        (f"webhdfs://{address}/logs/2026-03-01/b.csv", 2),
    ]
    assert list(place.chunks(f"webhdfs://{address}/logs/2026-03-01/b.csv", 1)) == [b"b"]
    with pytest.raises(ValueError, match=rf"there is no file 'webhdfs://{address}/logs/none/\*'"):
        list(location(f"webhdfs://me@{address}/logs/none/*").sizes())


def test_by_https_a_certificate_is_asked_for(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = certified(tmp_path / "certificate.pem")
    with doorkeeper(f"http://{address}", certificate=certificate) as way:
        url = way.url.replace("https:", "swebhdfs:") + "/logs/2026-03-01/a.csv"
        with pytest.raises(ConnectionError, match="certificate verify failed"):
            list(location(url).sizes())
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert list(location(url).sizes()) == [(url, len(LINES))]
        assert b"".join(location(url).chunks(url)) == LINES


def certified(path: Path) -> Path:
    """A file with a certificate for this machine, and its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + secret)
    return path


class BreakingOff(BaseHTTPRequestHandler):
    """What a server is like that is ended in the midst of a file."""

    def do_GET(self) -> None:
        opened = "op=OPEN" in self.path
        body = b"0123" if opened else b'{"FileStatus": {"length": 10}}'
        self.send_response(200)
        self.send_header("Content-Length", "10" if opened else str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_a_file_that_breaks_off_is_not_over() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BreakingOff) as listening:
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}).start()
        chunks = WebHdfs(f"webhdfs://127.0.0.1:{listening.server_port}/").chunks("/rows.csv")
        assert next(chunks) == b"0123"
        with pytest.raises(ConnectionError, match=r"broke off 6 bytes before the end of /rows\.csv"):
            next(chunks)
        listening.shutdown()


def test_what_goes_wrong_with_what_was_read_is_not_said_of_the_server(hdfs: WebHdfs) -> None:
    with pytest.raises(OSError, match=r"^the disk is full$"):  # noqa: PT012 - it is about the loop
        for _ in hdfs.chunks("/logs/2026-03-01/a.csv"):
            raise OSError("the disk is full")


def test_what_hadoop_refuses_is_told_in_its_words(hdfs: WebHdfs, address: str) -> None:
    with pytest.raises(RefusedError, match=r"404 to LISTSTATUS /none: FileNotFoundException File /none does not exist"):
        hdfs.files("/none")
    with pytest.raises(RefusedError, match="has 2 bytes, and not 3"):
        next(hdfs.chunks("/logs/2026-03-01/b.csv", 3))
    secret = f"http://{address}/webhdfs/v1/logs/2026-03-01/b.csv?op=SETPERMISSION&permission=600&user.name=root"
    httpx.put(secret, timeout=30).raise_for_status()
    for stranger in (WebHdfs(f"webhdfs://me@{address}", user="root"), WebHdfs(f"webhdfs://{address}", user="me")):
        with pytest.raises(RefusedError, match="Permission denied: user=me"):
            next(stranger.chunks("/logs/2026-03-01/b.csv"))


def test_a_namenode_that_is_not_there_may_come_back() -> None:
    with pytest.raises(ConnectionError, match=r"http://127\.0\.0\.1:9 does not answer"):
        WebHdfs("webhdfs://me@127.0.0.1:9/").files("/logs")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://namenode/path", "write it as in webhdfs://namenode:9870/path"),
        ("webhdfs:///path", "write it as in webhdfs://namenode:9870/path"),
        ("hdfs://me@namenode:8020/a/b", "write webhdfs://namenode:9870/a/b"),
    ],
)
def test_another_url_is_none_of_these(url: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        WebHdfs(url)
