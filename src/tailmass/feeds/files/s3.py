"""Objects in S3, or in what speaks like it, as files."""

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

from tailmass.feeds.files.locations import CHUNK_BYTES

SCHEME = "s3://"
_PASSING = {"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "Throttling", "500", "503"}


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
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            raise ValueError('to read from S3 install boto3: pip install "tailmass[aws]"') from None
        with _telling(url):
            self._client: Any = boto3.client(
                "s3",
                endpoint_url=endpoint_url,
                config=Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=10),
            )

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Those that are there, in the order of their keys."""
        prefix = self._pattern.partition("*")[0].partition("?")[0].partition("[")[0]
        found = False
        with _telling(self._url):
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
        with _telling(name):
            try:
                # An object without bytes has no range.
                said = {"Range": f"bytes={offset}-"} if offset else {}
                body = self._client.get_object(Bucket=self._bucket, Key=key, **said)["Body"]
            except self._client.exceptions.ClientError as error:
                if error.response["Error"]["Code"] == "InvalidRange":
                    return
                raise
            try:
                yield from body.iter_chunks(CHUNK_BYTES)
            finally:
                body.close()


@contextmanager
def _telling(name: str) -> Iterator[None]:
    """What may pass is an OSError, and anything else a ValueError."""
    from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError, IncompleteReadError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _PASSING:
            raise OSError(f"{name}: {error}") from error
        raise ValueError(f"{name}: {error}") from error
    except (ConnectionError, HTTPClientError, IncompleteReadError) as error:
        raise OSError(f"{name}: {error}") from error
    except BotoCoreError as error:
        raise ValueError(f"{name}: {error}; say where S3 is and who you are with AWS_REGION, AWS_ACCESS_KEY_ID and "
                         "AWS_SECRET_ACCESS_KEY, or a profile") from error  # fmt: skip
