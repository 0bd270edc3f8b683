"""The files that bounds of models go to, one for each job that asks for it: a JSON document a line.

debug/<job>.ndjson       the newest
debug/<job>.1.ndjson     those before, once the file had grown large
"""

import threading
from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from tailmass.results import wire_time
from tailmass.server.logfiles import file_name

FILE_BYTES = 64 << 20
"""How large a file grows."""


class DebugFiles:
    """The folder of these files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._turn = threading.Lock()

    def write(self, job_id: str, bounds: pl.DataFrame) -> None:
        """Append bounds to the file of a job."""
        lines = b"".join(msgspec.json.encode(document(row)) + b"\n" for row in bounds.iter_rows(named=True))
        path = self.file(job_id)
        with self._turn:
            self.folder.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.stat().st_size + len(lines) > FILE_BYTES:
                path.replace(path.with_name(f"{path.stem}.1.ndjson"))
            with path.open("ab") as file:
                file.write(lines)

    def file(self, job_id: str) -> Path:
        """The newest file of a job."""
        return self.folder / f"{file_name(job_id)}.ndjson"

    def forget(self, job_id: str) -> None:
        """Remove the files of a job that is gone."""
        path = self.file(job_id)
        with self._turn:
            for each in (path, path.with_name(f"{path.stem}.1.ndjson")):
                with suppress(OSError):  # the job is gone whatever happens to its files
                    each.unlink(missing_ok=True)

    def forget_others(self, names: Container[str], before: float) -> None:
        """Remove the files of jobs that are not among the names, unless they were written to since an epoch second."""
        with self._turn:
            for path in self.folder.glob("*.ndjson"):
                if path.stem not in names and path.stem.removesuffix(".1") not in names:
                    with suppress(OSError):
                        if path.stat().st_mtime < before:
                            path.unlink()


def document(row: dict[str, Any]) -> dict[str, Any]:
    """One of the bounds as it is read; what is not there is left out."""
    told = {**row, "timestamp": wire_time(row["timestamp"])}
    return {name: value for name, value in told.items() if value is not None}
