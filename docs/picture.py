"""Draw `demo.svg`: what `tailmass demo --no-serve` really prints on a terminal.

python docs/picture.py
"""

import html
import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).with_name("demo.svg")
COMMAND = ("demo", "--no-serve")
COLUMNS = 116


def printed() -> Text:
    """The prompt, and below it everything the command prints, in colour."""
    # Only stdout is given a terminal: the progress bar on stderr would leave nothing behind but control sequences.
    ours, its = pty.openpty()
    environment = os.environ | {"COLUMNS": str(COLUMNS), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(
        [sys.executable, "-m", "tailmass.cli", *COMMAND], stdout=its, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        os.close(its)
        table = _everything(ours)
        assert process.stderr is not None
        said = process.stderr.read()
    if process.returncode:
        sys.exit(said)
    return Text.assemble(
        ("$ ", "dim"), f"tailmass {' '.join(COMMAND)}\n", (said, "dim"), Text.from_ansi(table.replace("\r\n", "\n"))
    )


def _everything(terminal: int) -> str:
    pieces = []
    while True:
        try:
            pieces.append(os.read(terminal, 4096))
        except OSError:  # Linux says so when the other side has hung up
            break
        if not pieces[-1]:
            break
    os.close(terminal)
    return b"".join(pieces).decode()


def picture(text: Text) -> str:
    """The text in the window of a terminal, as SVG that loads nothing from elsewhere."""
    lines = [line.rstrip() for line in text.plain.splitlines()]
    console = Console(record=True, width=max(map(len, lines)) + 1, file=io.StringIO(), force_terminal=True)
    console.print(text, soft_wrap=True)
    svg = console.export_svg(title="tailmass", unique_id="demo")
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return _CELLS.sub(_placed, svg)


_CELLS = re.compile(
    r'<text class="(?P<style>[\w-]+)" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)" textLength="(?P<length>[\d.]+)"[^>]*>'
    r"(?P<text>[^<]*)</text>"
)


def _placed(cells: re.Match[str]) -> str:
    """Each word at its own place, so that columns stand one below the other in every font."""
    text = html.unescape(cells["text"])
    if not text.strip():
        return ""
    width = float(cells["length"]) / len(text)
    words = re.finditer(r"\S+(?:\xa0\S+)*", text)
    return "".join(
        f'<text class="{cells["style"]}" x="{float(cells["x"]) + width * word.start():.1f}" y="{cells["y"]}" '
        f'textLength="{width * len(word[0]):.1f}">{html.escape(word[0])}</text>\n'
        for word in words
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(printed()))
