"""Text with a column of times in it, and the profile of a file that holds it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tailmass.intake.profile import Profile, profile_path

START = datetime(2026, 3, 2, tzinfo=UTC)


def minutes(written: str, count: int = 500) -> list[str]:
    """Times a minute apart, as `strftime` writes them."""
    return [(START + timedelta(minutes=i)).strftime(written) for i in range(count)]


def csv_of(times: list[str], *, name: str = "time", mark: str = ",") -> str:
    rows = [f"{time}{mark}h{i % 3}{mark}{i}.5" for i, time in enumerate(times)]
    return "\n".join([f"{name}{mark}host{mark}load", *rows, ""])


def profile_of(folder: Path, text: str | bytes, **said: Any) -> Profile:
    path = folder / "rows"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return profile_path(path, **said)
