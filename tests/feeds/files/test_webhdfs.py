"""Reading a real Hadoop file system."""

from collections.abc import Iterator

import httpx
import pytest

from tailmass.feeds.files.webhdfs import WebHdfs
from tailmass.feeds.httpserver import RefusedError
from tests.hadoop import hadoop, put

LINES = b"".join(b"%d,a line\n" % n for n in range(20_000))
"""Some blocks of 64 KiB."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with hadoop() as where:
        put(where, "/logs/2026-03-01/b.csv", b"bb")
        put(where, "/logs/2026-03-01/a.csv", LINES)
        put(where, "/logs/2026-03-01/_SUCCESS", b"")
        put(where, "/logs/2026-03-02/c d%.csv", b"ccc")
        put(where, "/logs/2026-03-02/c.txt", b"c")
        yield where


@pytest.fixture
def hdfs(address: str) -> WebHdfs:
    return WebHdfs(f"webhdfs://root@{address}/", timeout=30)


@pytest.mark.parametrize("offset", [0, 1, 65_535, 65_536, 200_001, len(LINES)])
def test_a_file_is_read_from_any_place_on_across_blocks(hdfs: WebHdfs, offset: int) -> None:
    with hdfs.open("/logs/2026-03-01/a.csv", offset) as stream:
        assert b"".join(iter(lambda: stream.read(10_000), b"")) == LINES[offset:]


def test_a_stream_may_be_left_before_its_end(hdfs: WebHdfs) -> None:
    with hdfs.open("/logs/2026-03-01/a.csv") as stream:
        assert stream.read(5) == LINES[:5]


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
    with hdfs.open("/logs/2026-03-02/c d%.csv") as stream:
        assert stream.read() == b"ccc"


def test_what_hadoop_refuses_is_told_in_its_words(hdfs: WebHdfs, address: str) -> None:
    with pytest.raises(RefusedError, match=r"404 to LISTSTATUS /none: FileNotFoundException File /none does not exist"):
        hdfs.files("/none")
    with pytest.raises(RefusedError, match="has 2 bytes, and not 3"), hdfs.open("/logs/2026-03-01/b.csv", 3):
        pass
    secret = f"http://{address}/webhdfs/v1/logs/2026-03-01/b.csv?op=SETPERMISSION&permission=600&user.name=root"
    httpx.put(secret, timeout=30).raise_for_status()
    stranger = WebHdfs(f"hdfs://me@{address}", timeout=30)
    with pytest.raises(RefusedError, match="Permission denied: user=me"), stranger.open("/logs/2026-03-01/b.csv"):
        pass


def test_a_namenode_that_is_not_there_may_come_back() -> None:
    with pytest.raises(ConnectionError, match=r"http://127\.0\.0\.1:9 does not answer"):
        WebHdfs("webhdfs://me@127.0.0.1:9/").files("/logs")


def test_another_url_is_none_of_these() -> None:
    with pytest.raises(ValueError, match="write it as in webhdfs://namenode:9870/path"):
        WebHdfs("http://namenode/path")
