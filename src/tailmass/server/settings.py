"""What can be set about a server: every field with its default and its help, in this one place."""

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def data_directory() -> Path:
    """Where a user's data belongs by the XDG base directory rules, in a folder of our own."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "tailmass"


class StoreSettings(BaseModel):
    """Where jobs and results are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = Field(
        None, description="SQLAlchemy URL of the database; without one it is an SQLite file in the home directory."
    )


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
    store: StoreSettings = Field(default_factory=StoreSettings, description="Where jobs and results are kept.")
    auth: bool = Field(False, description="Whether every request needs a token, made by `tailmass token create`.")
    tls: TlsSettings = Field(default_factory=TlsSettings, description="What makes connections secret.")
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
