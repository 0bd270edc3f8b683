"""Objects in S3, or in what speaks like it, as files."""

from collections.abc import Iterator
from contextlib import closing
from fnmatch import fnmatchcase

from tailmass.feeds.aws import AwsAccess, asking
from tailmass.feeds.files.locations import CHUNK_BYTES

SCHEME = "s3://"
_ANY_REGION = "us-east-1"  # which knows where each bucket is


class S3:
    """Objects by a URL, as in s3://bucket/logs/*.gz, in which `*` stands for anything.

    Parameters
    ----------
    url : of one object or several
    endpoint_url : of a server that is not Amazon's
    """

    def __init__(self, url: str, *, endpoint_url: str | None = None) -> None:
        self._url = url
        self._bucket, _, self._pattern = url.removeprefix(SCHEME).partition("/")
        if not self._bucket or not self._pattern:
            raise ValueError(f"{url!r} names no objects: write s3://bucket/key, in which * stands for anything")
        self._client = AwsAccess(endpoint_url=endpoint_url).client("s3", usual_region=_ANY_REGION)

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Those that are there, in the order of their keys."""
        prefix = self._pattern.partition("*")[0].partition("?")[0].partition("[")[0]
        found = False
        with asking(self._url):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
                for each in page.get("Contents", []):
                    key = each["Key"]
                    if key == self._pattern or (fnmatchcase(key, self._pattern) and not key.endswith("/")):
                        found = True
                        yield f"{SCHEME}{self._bucket}/{key}", each["Size"]
        if not found:
            raise ValueError(f"there is no object {self._url!r}")

    def chunks(self, name: str, offset: int = 0) -> Iterator[bytes]:
        """The bytes of an object from one on."""
        key = name.removeprefix(f"{SCHEME}{self._bucket}/")
        with asking(name):
            try:
                # An object without bytes has no range.
                said = {"Range": f"bytes={offset}-"} if offset else {}
                body = self._client.get_object(Bucket=self._bucket, Key=key, **said)["Body"]
            except self._client.exceptions.ClientError as error:
                if error.response["Error"]["Code"] == "InvalidRange":
                    return
                raise
            with closing(body):
                yield from body.iter_chunks(CHUNK_BYTES)
