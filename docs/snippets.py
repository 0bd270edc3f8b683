"""The snippets of a page: which are run, and what they print.

    ```python          is run in this process, all blocks of a page in one namespace
    ```sh run          is run by a shell; any other `sh` is only shown
    ```sh live         the same for what goes on for ever: after a few seconds Ctrl-C is pressed
    ```text output     is what the run block before it prints
    ```json web.json   is a file that the commands find, of any kind and name

All of a page happens in one empty folder. Where it says port 8080, or a command means it without saying so, a real
server listens on another one. Public data that a page reads is put into the folder if a comment
`<!-- data: set/file.csv.gz -->` names it; it lies next to the checkout where the project is developed, and where it
does not the page cannot be run. A comment such as `<!-- server: elasticsearch8 -->` says which server of others it
needs, on another port than the usual one: `tests/journeys/test_connectors.py` starts it.
"""

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2] / "shared" / "data"
"""Where the public data is, if it is here."""
LIVE_SECONDS = 8.0
"""How long what goes on for ever does so here."""
_DATA = re.compile(r"^<!-- data: (\S+) -->$", re.MULTILINE)
_SERVER = re.compile(r"^<!-- server: (\w+) -->$", re.MULTILINE)
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
        return any(block.info in ("python", "sh run", "sh live") for block in self.blocks)

    @property
    def data(self) -> list[Path]:
        """The files of public data that it reads."""
        return [DATA / name for name in _DATA.findall(self.text)]

    @property
    def servers(self) -> list[str]:
        """The servers of others that it needs."""
        return _SERVER.findall(self.text)

    def refreshed(
        self,
        folder: Path,
        port: int,
        namespace: dict[str, Any] | None = None,
        *,
        others: Mapping[str, str] | None = None,
    ) -> str:
        """The text of the page with every output as it is now; what fails is raised, with its line.

        Parameters
        ----------
        folder : where it happens
        port : of the server, for 8080
        namespace : has afterwards what the Python of the page leaves behind
        others : what stands in the page, such as a port, and what is there instead
        """
        text, printed = self.text, ""
        namespace = {} if namespace is None else namespace
        namespace["__name__"] = "__main__"
        others = others or {}
        for file in self.data:
            (folder / file.name).symlink_to(file)
        shift = 0
        for block in self.blocks:
            body = _exchanged(block.body, {"8080": str(port), **others})
            if block.info == "python":
                printed = self._python(body, block.line, namespace, folder)
            elif block.info in ("sh run", "sh live"):
                printed = self._shell(body, block.line, folder, port, live=block.info == "sh live")
            elif "." in block.info:
                (folder / block.info.split()[-1]).write_text(block.body)
            elif block.info == "text output":
                back = {there: here for here, there in others.items()}
                shown = _lines(_exchanged(printed, {f":{port}": ":8080", **back}))
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

    def _shell(self, body: str, line: int, folder: Path, port: int, *, live: bool) -> str:
        programs = str(Path(sys.executable).parent)
        environment = {
            "PATH": programs + os.pathsep + os.environ["PATH"],
            "NO_COLOR": "1",
            "TAILMASS_URL": f"http://localhost:{port}",
        }
        with subprocess.Popen(
            ["sh", "-e", "-c", f"trap : INT\n{body}" if live else body],  # with a trap it waits for what it has started
            cwd=folder,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as run:
            try:
                printed, _ = run.communicate(timeout=LIVE_SECONDS if live else None)
            except subprocess.TimeoutExpired:
                os.killpg(run.pid, signal.SIGINT)
                printed, _ = run.communicate()
        if run.returncode:
            raise RuntimeError(f"{self.path.name}, line {line}: exit code {run.returncode}\n{printed}")
        return printed


def _exchanged(text: str, others: Mapping[str, str]) -> str:
    for here, there in others.items():
        text = text.replace(here, there)
    return text


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
