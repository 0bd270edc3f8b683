"""Reading on while what was read is still being dealt with."""

import threading
from collections import deque
from collections.abc import Generator, Iterator

from tailmass.feeds.rows import Part

MOST_ROWS = 50_000
"""So many may be waiting; when there are no fewer, reading pauses."""


def ahead(parts: Iterator[Part], most_rows: int = MOST_ROWS) -> Generator[Part, None, None]:
    """The same rows, of which the next ones are always being read in a thread of its own.

    Parts that have come while one was dealt with are one part, so a fast source is asked for many rows at a time, and
    a slow one is not waited for. What goes wrong in the thread is raised after the rows before it. When this is
    closed, the thread has ended, and so has reading.
    """
    changed = threading.Condition()
    waiting: deque[Part] = deque()
    failure: list[BaseException] = []
    over = stopped = False

    def rows() -> int:
        return sum(len(part.rows) for part in waiting)

    def read() -> None:
        nonlocal over
        try:
            for part in parts:
                with changed:
                    waiting.append(part)
                    changed.notify_all()
                    changed.wait_for(lambda: stopped or rows() < most_rows)
                    if stopped:
                        return
        except BaseException as error:
            failure.append(error)
        finally:
            if isinstance(parts, Generator):
                parts.close()
            with changed:
                over = True
                changed.notify_all()

    reader = threading.Thread(target=read, name="ahead")
    reader.start()
    try:
        while True:
            with changed:
                changed.wait_for(lambda: waiting or over)
                come = [*waiting]
                waiting.clear()
                changed.notify_all()
            if come:
                yield (
                    come[0] if len(come) == 1 else Part([row for each in come for row in each.rows], come[-1].until_ms)
                )
            elif failure:
                raise failure[0]
            else:
                return
    finally:
        with changed:
            stopped = True
            changed.notify_all()
        reader.join()
