"""Ctrl-C as something to wait for, so that what is under way is finished first; or SIGTERM as Ctrl-C."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130
"""The exit code when Ctrl-C ended what was not over."""


@contextmanager
def interrupt() -> Iterator[int]:
    """A file descriptor that has something to read once Ctrl-C was pressed; pressed again it ends the command."""
    waiting, pressed = os.pipe()

    def tell(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        os.write(pressed, b"!")

    before = signal.signal(signal.SIGINT, tell)
    try:
        yield waiting
    finally:
        signal.signal(signal.SIGINT, before)
        os.close(waiting)
        os.close(pressed)


def waited(interrupted: int, seconds: float) -> bool:
    """Wait; False if Ctrl-C was pressed meanwhile."""
    return not select.select([interrupted], [], [], seconds)[0]


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM, by which services are stopped, do what Ctrl-C does."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
