"""Where a scheduled job gets its data: a file, or Elasticsearch."""

import re
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from tailmass.errors import (
    SchedulerFieldNotSupported,
    SchedulerIncompleteCredentials,
    SchedulerInvalidOption,
    SchedulerMultiplePasswords,
    SchedulerUnknownDataSource,
)
from tailmass.jobs.wire import Flag, Long, Name, Text, Wire, Word

_FILE_ONLY = ("file_path", "tail_file")
_DEFAULTS: dict[str, dict[str, Any]] = {
    "FILE": {"tail_file": False},
    "ELASTICSEARCH": {
        "query_delay": 60,
        "query": {"match_all": {}},
        "retrieve_whole_source": False,
        "scroll_size": 1000,
    },
}


class SchedulerConfig(Wire):
    """Where a scheduled job gets its data and how often it asks for more.

    What is not set and has a default for this kind of source is filled in, so that a reader of the job sees it.
    """

    always = frozenset({"data_source"})

    data_source: Word = "FILE"
    data_source_compatibility: Name = None
    query_delay: Long | None = None
    """How far behind real time to ask, so that data has arrived."""
    frequency: Long | None = None
    base_url: Name = None
    indexes: tuple[Text, ...] | None = None
    types: tuple[Text, ...] | None = None
    query: dict[str, Any] | None = None
    script_fields: dict[str, Any] | None = Field(default=None, alias="script_fields")
    retrieve_whole_source: Flag | None = None
    scroll_size: Long | None = None
    aggregations: dict[str, Any] | None = None
    aggs: dict[str, Any] | None = None
    username: Name = None
    password: SecretStr | None = Field(default=None, exclude=True)
    """As it was given; it is in no document, and kept as `encrypted_password`."""
    encrypted_password: Name = None
    file_path: Name = None
    tail_file: Flag | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        source = data.get("dataSource", data.get("data_source")) or "FILE"
        defaults = _DEFAULTS.get(source.strip().upper() if isinstance(source, str) else "", {})
        alias = {name: cls.model_fields[name].alias or name for name in defaults}
        missing = {
            name if name in data else alias[name]: value
            for name, value in defaults.items()
            if data.get(alias[name]) is None and data.get(name) is None
        }
        return {**data, **missing}

    def sealed(self, seal: Callable[[str], str]) -> Self:
        """The same with its password encrypted, if it has one in clear."""
        password = self.password.get_secret_value() if self.password is not None else ""
        if not password:
            return self
        return self.model_copy(update={"password": None, "encrypted_password": seal(password)})

    @property
    def aggregated(self) -> dict[str, Any] | None:
        """The aggregations to ask for, under whichever of their two names they were given."""
        return self.aggregations if self.aggregations is not None else self.aggs

    def interval(self, bucket_span: int) -> int:
        """Seconds from one question for data to the next, in a job with this bucket span."""
        if self.frequency is not None:
            return self.frequency
        if bucket_span <= 120:
            return 60
        if bucket_span <= 1200:
            return bucket_span // 2
        return 600 if bucket_span <= 43_200 else 3600

    def verify(self) -> None:
        """Raise the error of the first rule that the scheduler breaks by itself."""
        if self.data_source not in _DEFAULTS:
            raise SchedulerUnknownDataSource(
                f"Unknown 'dataSource' {self.data_source!r}: use one of {', '.join(_DEFAULTS)}"
            )
        self._verify_no_field_of_another_source()
        if self.data_source == "FILE":
            _require("filePath", self.file_path)
        else:
            self._verify_credentials()
            self._verify_elasticsearch()

    def _verify_no_field_of_another_source(self) -> None:
        for name, field in type(self).model_fields.items():
            foreign = name != "data_source" and (name in _FILE_ONLY) == (self.data_source == "ELASTICSEARCH")
            if foreign and getattr(self, name) is not None:
                raise SchedulerFieldNotSupported(f"A {self.data_source} scheduler has no '{field.alias}': remove it")

    def _verify_credentials(self) -> None:
        password = self.password is not None and bool(self.password.get_secret_value())
        if password and self.encrypted_password:
            raise SchedulerMultiplePasswords("Both 'password' and 'encryptedPassword' are set: remove one of them")
        secret = password or self.encrypted_password is not None
        if secret != (self.username is not None):
            there, missing = ("a password", "username") if secret else ("'username'", "password")
            raise SchedulerIncompleteCredentials(f"There is {there} without '{missing}': set both of them, or neither")

    def _verify_elasticsearch(self) -> None:
        _compatible(_require("dataSourceCompatibility", self.data_source_compatibility))
        _not_less("queryDelay", self.query_delay, 0)
        _not_less("frequency", self.frequency, 1)
        _not_less("scrollSize", self.scroll_size, 0)
        _reachable(_require("baseUrl", self.base_url))
        _require("indexes", self.indexes)
        for what, names in (("indexes", self.indexes), ("types", self.types)):
            if any(not name.strip() for name in names or ()):
                raise SchedulerInvalidOption(f"'{what}' has an empty name: remove it")
        if self.aggregations is not None and self.aggs is not None:
            raise SchedulerInvalidOption("'aggregations' and 'aggs' are the same and both are set: remove one of them")
        if self.retrieve_whole_source and self.script_fields is not None:
            raise SchedulerInvalidOption("'script_fields' are not part of the source: unset 'retrieveWholeSource'")


def _require(name: str, value: Any) -> Any:
    if not value:
        raise SchedulerInvalidOption(f"'{name}' is missing: set it")
    return value


def _not_less(name: str, value: int | None, least: int) -> None:
    if value is not None and value < least:
        raise SchedulerInvalidOption(f"'{name}' is {value}: it cannot be less than {least}")


def _compatible(version: str) -> None:
    number = re.fullmatch(r"(\d{1,4})\.(\d{1,4}|x)(\.(\d{1,4}|x))?", version)
    if number is None or not (int(number[1]) >= 2 or (number[1], number[2]) == ("1", "7")):
        raise SchedulerInvalidOption(f"'dataSourceCompatibility' is {version!r}: use 1.7.x, 2.x.x or something newer")


def _reachable(url: str) -> None:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or any(each.isspace() for each in url):
        raise SchedulerInvalidOption(f"'baseUrl' is {url!r}: write it as in http://host:9200/")
