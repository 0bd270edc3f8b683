"""Who asks AWS, and where; and what it says when it does not do what it is asked."""

from collections.abc import Iterator
from configparser import ConfigParser, Error
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

# An error with one of these codes may be gone the next time, as may any with a status of 500 or above.
_PASSING = frozenset(
    {
        "InternalFailure",
        "InternalServiceFault",
        "InvalidNextToken",
        "LimitExceeded",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """Where to ask, and as whom; what is None here is found as boto3 does: environment, files, role of the machine."""

    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    session_token: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None

    @classmethod
    def read(cls, path: Path) -> "AwsAccess":
        """Read a file of 2016: lines `name = value`, without a section."""
        parser = ConfigParser(interpolation=None)
        try:
            parser.read_string(f"[aws]\n{path.read_text()}")
        except (Error, UnicodeDecodeError):
            # What the parser says would show the line, and there may be a secret in it.
            raise ValueError(f"{path} has a line that is not 'name = value'") from None
        found = parser["aws"]
        missing = [name for name in ("region", "aws_access_key_id", "aws_secret_access_key") if not found.get(name)]
        if missing:
            raise ValueError(f"{path} has no {missing[0]!r}: write it as in {missing[0]} = ...")
        return cls(
            found["region"],
            found["aws_access_key_id"],
            found["aws_secret_access_key"],
            found.get("aws_session_token"),
        )

    def at(self, region: str | None, endpoint_url: str | None) -> "AwsAccess":
        """The same in another place, where one is given."""
        return replace(self, region=region or self.region, endpoint_url=endpoint_url or self.endpoint_url)

    def client(self, service: str, *, usual_region: str | None = None) -> Any:
        """A client of boto3, which tries again by itself a few times.

        The usual region is one to ask where nobody says another, if the service finds the right one by itself.
        """
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError
        except ModuleNotFoundError:
            raise ValueError('AWS is asked by boto3, which is not here: pip install "tailmass[aws]"') from None
        try:
            session = boto3.Session(
                aws_access_key_id=self.access_key_id,
                aws_secret_access_key=self.secret_access_key,
                aws_session_token=self.session_token,
                profile_name=self.profile,
                region_name=self.region,
            )
            region = session.region_name or usual_region
            if region is None:
                raise ValueError("in which region? Say --region, or set AWS_REGION")
            if self.endpoint_url is None and not any(
                region in session.get_available_regions(service, partition)
                for partition in session.get_available_partitions()
            ):
                raise ValueError(f"there is no region {region!r}, as far as this boto3 knows: write it as in eu-west-1")
            standard = Config(retries={"mode": "standard"})  # three attempts, or AWS_MAX_ATTEMPTS
            return session.client(service, region_name=region, endpoint_url=self.endpoint_url, config=standard)
        except BotoCoreError as error:
            raise ValueError(str(error)) from None


@contextmanager
def asking(what: str = "AWS", *, patient: bool = False) -> Iterator[None]:
    """What keeps AWS from answering, if only for now, is an OSError; what it refuses for good is a ValueError.

    Parameters
    ----------
    what : what it is asked for, to be named in the error
    patient : whether everything is an OSError: keys may be renewed, and permissions be given
    """
    from botocore import exceptions

    try:
        yield
    except exceptions.ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        passing = status >= 500 or error.response.get("Error", {}).get("Code") in _PASSING
        raise (ConnectionError if passing or patient else ValueError)(f"{what}: {error}") from error
    except exceptions.BotoCoreError as error:
        broken = exceptions.ConnectionError | exceptions.HTTPClientError | exceptions.IncompleteReadError
        passing = isinstance(error, broken)
        raise (ConnectionError if passing or patient else ValueError)(f"{what}: {error}") from error
