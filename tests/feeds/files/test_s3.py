"""Objects of S3, as moto plays it, are files."""

from typing import Any

import pytest

from tailmass.feeds.files.s3 import S3
from tests.aws import client, environment, new_region
from tests.door import Door

KEYS = {
    "2026/01/a.csv": b"aa",
    "2026/01/b.csv": b"b",
    "2026/02/c.csv": b"",
    "2026/02/[d].csv": b"d",
    "2026/03/": b"",
    "2027/e.csv": b"e",
}


@pytest.fixture
def store(aws_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bucket with objects, which is found where nobody says in which region."""
    region = new_region()
    made = client("s3", aws_url, region)
    made.create_bucket(Bucket=f"rows-{region}", CreateBucketConfiguration={"LocationConstraint": region})
    for key, content in KEYS.items():
        made.put_object(Bucket=f"rows-{region}", Key=key, Body=content)
    for name, value in environment(aws_url, region).items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    return made


@pytest.fixture
def bucket(store: Any) -> str:
    return f"s3://rows-{store.meta.region_name}"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("2026/01/a.csv", {"2026/01/a.csv": 2}),
        ("2026/*", {"2026/01/a.csv": 2, "2026/01/b.csv": 1, "2026/02/[d].csv": 1, "2026/02/c.csv": 0}),
        ("*/[a-b].csv", {"2026/01/a.csv": 2, "2026/01/b.csv": 1}),
        ("2026/02/[d].csv", {"2026/02/[d].csv": 1}),
        ("2027/?.csv", {"2027/e.csv": 1}),
    ],
)
def test_objects_are_found_by_key_and_pattern(bucket: str, aws_url: str, pattern: str, found: dict[str, int]) -> None:
    there = list(S3(f"{bucket}/{pattern}", endpoint_url=aws_url).sizes())
    assert there == [(f"{bucket}/{key}", size) for key, size in found.items()]


@pytest.mark.parametrize(("offset", "read"), [(0, b"aa"), (1, b"a"), (2, b""), (9, b"")])
def test_an_object_is_read_from_any_byte_on(bucket: str, aws_url: str, offset: int, read: bytes) -> None:
    files = S3(f"{bucket}/2026/*", endpoint_url=aws_url)
    assert b"".join(files.chunks(f"{bucket}/2026/01/a.csv", offset)) == read
    assert list(files.chunks(f"{bucket}/2026/02/c.csv")) == []


def test_servers_of_others_have_regions_of_their_own(
    bucket: str, aws_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "basement-1")
    assert list(S3(f"{bucket}/2027/e.csv", endpoint_url=aws_url).sizes()) == [(f"{bucket}/2027/e.csv", 1)]


def test_what_is_not_there_is_named(bucket: str, aws_url: str) -> None:
    with pytest.raises(ValueError, match=rf"there is no object '{bucket}/2028/\*'"):
        list(S3(f"{bucket}/2028/*", endpoint_url=aws_url).sizes())
    with pytest.raises(ValueError, match=r"s3://absent-rows/x: .*NoSuchBucket"):
        list(S3("s3://absent-rows/x", endpoint_url=aws_url).sizes())
    with pytest.raises(ValueError, match=rf"{bucket}/gone\.csv: .*NoSuchKey"):
        list(S3(f"{bucket}/*", endpoint_url=aws_url).chunks(f"{bucket}/gone.csv"))


def test_a_server_that_is_away_may_come_back(bucket: str, aws_url: str) -> None:
    door = Door(aws_url)
    files = S3(f"{bucket}/2027/*", endpoint_url=door.url)
    [(name, _)] = files.sizes()
    door.shut()
    with pytest.raises(ConnectionError, match=r"2027/e\.csv: Could not connect"):
        list(files.chunks(name))
    door.open()
    assert list(files.chunks(name)) == [b"e"]
    door.shut()


def test_a_bucket_alone_is_no_object() -> None:
    with pytest.raises(ValueError, match="write s3://bucket/key"):
        S3("s3://bucket")
