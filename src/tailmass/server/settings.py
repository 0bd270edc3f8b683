"""What can be set about a server: every field with its default and its help, in this one place."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tailmass.intake.limits import USUAL, RecordLimits


def data_directory() -> Path:
    """Where a user's data belongs by the XDG base directory rules, in a folder of our own."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "tailmass"


class StoreSettings(BaseModel):
    """Where jobs and results are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = Field(
        None, description="SQLAlchemy URL of the database; without one it is an SQLite file in the home directory."
    )


def _listed(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class SchedulerSettings(BaseModel):
    """Where schedulers may get data from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folders: Annotated[tuple[Path, ...] | None, NoDecode, BeforeValidator(_listed)] = Field(
        None, description="Folders whose files schedulers may read, with commas; without any, all that the server may."
    )
    hosts: Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(_listed)] = Field(
        None,
        description="Hosts that schedulers may ask, with commas, such as es-1:9200 or .example.com; without any, all.",
    )


class LimitSettings(BaseModel):
    """What a client may ask of the server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    header_bytes: int = Field(65_536, ge=1024, description="Largest head of a request: its line and its headers.")
    header_timeout: float = Field(30.0, gt=0, description="Seconds that the head of a request may take to arrive.")
    body_bytes: int | None = Field(
        None, ge=1, description="Largest body of a request; without one there is no bound, as uploads are streams."
    )
    body_timeout: float = Field(
        3600.0, gt=0, description="Seconds that the sender of a body may be silent in the middle of it."
    )
    body_rate: int | None = Field(
        None,
        ge=1,
        description="Bytes a second that are read from all senders of one address; without one there is no bound.",
    )
    record_bytes: int = Field(
        USUAL.record_bytes, ge=1024, le=2**30, description="Longest record of an upload, and so its longest field."
    )
    fields: int = Field(USUAL.fields, ge=1, description="Most columns of delimited data.")
    jobs: int = Field(10_000, ge=1, description="Most jobs that are kept.")
    running_jobs: int | None = Field(
        None, ge=1, description="Most jobs that run at the same time; without one there is no bound."
    )

    @property
    def of_records(self) -> RecordLimits:
        """What of these is about the records of an upload."""
        return RecordLimits(self.record_bytes, self.fields)


class TlsSettings(BaseModel):
    """What makes connections secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cert: Path | None = Field(
        None, description="PEM file of the certificate and those above it; with one the server speaks HTTPS only."
    )
    key: Path | None = Field(None, description="PEM file of its key; without one it is in the file of the certificate.")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.key is not None and self.cert is None:
            raise ValueError("there is a key and no certificate: set both, or neither")
        return self


class Settings(BaseSettings):
    """Settings of a server: what the caller gives, else `TAILMASS_*` in the environment, else the default."""

    model_config = SettingsConfigDict(
        env_prefix="TAILMASS_", env_nested_delimiter="__", env_ignore_empty=True, frozen=True, extra="forbid"
    )

    home: Path = Field(
        default_factory=data_directory, description="Directory of everything the server keeps; made when missing."
    )
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 opens the server to the network.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes any free one.")
    hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = Field(
        (),
        description="Names besides its own that the server goes by in browsers, and hosts whose pages may ask it, with "
        "commas, such as tailmass.example.com or localhost:3000.",
    )
    store: StoreSettings = Field(default_factory=StoreSettings, description="Where jobs and results are kept.")
    auth: bool = Field(False, description="Whether every request needs a token, made by `tailmass token create`.")
    tls: TlsSettings = Field(default_factory=TlsSettings, description="What makes connections secret.")
    limits: LimitSettings = Field(default_factory=LimitSettings, description="What a client may ask of the server.")
    scheduler: SchedulerSettings = Field(
        default_factory=SchedulerSettings, description="Where schedulers may get data from."
    )
    log_format: Literal["console", "json"] = Field(
        "console", description="How the server logs: console for people, json for programs, a line an event."
    )
    close_status: Annotated[Literal[200, 202], BeforeValidator(int)] = Field(
        202, description="HTTP status of a close under /engine/v2; every client accepts 202, some only that."
    )
    max_take: int | None = Field(
        None, ge=0, description="Largest skip + take answered under /engine/v2 and v3; without one there is no bound."
    )
    stop_timeout: float = Field(
        10.0, ge=0, description="Seconds that requests in progress may take to finish when the server stops."
    )

    @field_validator("home")
    @classmethod
    def _expand(cls, home: Path) -> Path:
        return home.expanduser()
