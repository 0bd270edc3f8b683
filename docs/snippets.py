"""The snippets of a page: which are run, and what they print.

    ```python          is run in this process, all blocks of a page in one namespace
    ```sh run          is run by a shell; any other `sh` is only shown
    ```text output     is what the run block before it prints

All of a page happens in one empty folder. Where it says port 8080, or a command means it without saying so, a real
server listens on another one. Public data that a page reads is put into the folder if a comment
`<!-- data: set/file.csv.gz -->` names it; it lies next to the checkout where the project is developed, and where it
does not the page cannot be run.
"""

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2] / "shared" / "data"
"""Where the public data is, if it is here."""
_DATA = re.compile(r"^<!-- data: (\S+) -->$", re.MULTILINE)
_BLOCK = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block."""

    info: str
    body: str
    line: int
    """Of the page, where the body begins; from 1."""
    span: tuple[int, int]
    """Where the body is in the text of the page."""


class Page:
    """A page of the documentation."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text()

    @property
    def blocks(self) -> Iterator[Block]:
        """Its fenced blocks, from the top down."""
        for match in _BLOCK.finditer(self.text):
            begin, end = match.span("body")
            yield Block(match["info"].strip(), match["body"], self.text.count("\n", 0, begin) + 1, (begin, end))

    @property
    def runs(self) -> bool:
        """Whether there is anything to run."""
        return any(block.info in ("python", "sh run") for block in self.blocks)

    @property
    def data(self) -> list[Path]:
        """The files of public data that it reads."""
        return [DATA / name for name in _DATA.findall(self.text)]

    def refreshed(self, folder: Path, port: int, namespace: dict[str, Any] | None = None) -> str:
        """The text of the page with every output as it is now; what fails is raised, with its line.

        What its Python leaves behind is in the namespace.
        """
        text, printed = self.text, ""
        namespace = {} if namespace is None else namespace
        namespace["__name__"] = "__main__"
        for file in self.data:
            (folder / file.name).symlink_to(file)
        shift = 0
        for block in self.blocks:
            body = block.body.replace("8080", str(port))
            if block.info == "python":
                printed = self._python(body, block.line, namespace, folder)
            elif block.info == "sh run":
                printed = self._shell(body, block.line, folder, port)
            elif block.info == "text output":
                shown = _lines(printed.replace(f":{port}", ":8080"))
                begin, end = block.span
                text = text[: begin + shift] + shown + text[end + shift :]
                shift += len(shown) - (end - begin)
        return text

    def _python(self, body: str, line: int, namespace: dict[str, Any], folder: Path) -> str:
        out = io.StringIO()
        # The empty lines make the traceback of a failure name the line of the page.
        code = compile("\n" * (line - 1) + body, str(self.path), "exec")
        with contextlib.chdir(folder), contextlib.redirect_stdout(out):
            exec(code, namespace)
        return out.getvalue()

    def _shell(self, body: str, line: int, folder: Path, port: int) -> str:
        programs = str(Path(sys.executable).parent)
        run = subprocess.run(
            ["sh", "-e", "-c", body],
            cwd=folder,
            env=os.environ
            | {
                "PATH": programs + os.pathsep + os.environ["PATH"],
                "NO_COLOR": "1",
                "TAILMASS_URL": f"http://localhost:{port}",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if run.returncode:
            raise RuntimeError(f"{self.path.name}, line {line}: exit code {run.returncode}\n{run.stdout}")
        return run.stdout


def _lines(text: str) -> str:
    """The text with nothing at the ends of its lines, and one line end at its own."""
    lines = [line.rstrip() for line in text.rstrip().splitlines()]
    return "".join(f"{line}\n" for line in lines)


def settled(text: str) -> str:
    """The text with its long decimals cut to six digits: another processor may write the last ones differently."""
    return re.sub(r"\d+\.\d{6,}(e-?\d+)?", lambda number: f"{float(number[0]):.6g}", text)


def pages(root: Path) -> list[Path]:
    """Every page of the project, below its root."""
    top = [root / name for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md")]
    return [*top, *sorted((root / "docs").rglob("*.md"))]
