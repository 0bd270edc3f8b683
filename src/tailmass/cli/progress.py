"""How far an analysis has come, on stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[int, int, int], None]
"""Called with what is done, what there is in all, in bytes or anything, and rows done; 0 where they are not known."""


@contextmanager
def progress(what: str, noun: str = "rows") -> Iterator[Report]:
    """A bar while the block runs, on a terminal; without one nothing is drawn, only reported to nobody."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]}"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None, rows="")
        yield lambda done, total, rows: bar.update(
            task, completed=done, total=total or None, rows=f"{rows:,} {noun}" if rows else ""
        )
