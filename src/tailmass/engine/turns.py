"""One caller a job at a time: the others are refused, or wait if it cannot take long."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tailmass.errors import ConcurrentUse

PATIENCE = 60.0
"""Seconds to wait for a job that somebody has only briefly."""


class Turns:
    """Whose turn it is, for each job. Any thread may call.

    Parameters
    ----------
    verify : raises where there is no job of an id; only jobs that exist are remembered
    """

    def __init__(self, verify: Callable[[str], object]) -> None:
        self._verify = verify
        self._locks: dict[str, threading.Lock] = {}
        self._brief: set[str] = set()
        self._guard = threading.Lock()

    @contextmanager
    def take(self, job_id: str, refuse: Callable[[], None] = lambda: None, *, briefly: bool = False) -> Iterator[None]:
        """Have a job to oneself. Others are refused meanwhile, or wait if it is said to be `briefly`.

        Raises
        ------
        ConcurrentUse : somebody else has it; `refuse` is called before, and may raise something that tells more
        """
        lock = self._lock(job_id)
        with self._guard:
            mine, soon = lock.acquire(blocking=False), job_id in self._brief
            if mine and briefly:
                self._brief.add(job_id)
        if not mine and not (soon and lock.acquire(timeout=PATIENCE)):
            refuse()
            raise ConcurrentUse(
                f"Job {job_id!r} is in use by another request, such as an upload or a flush: wait until that has ended"
            )
        try:
            yield
        finally:
            with self._guard:
                lock.release()
                if briefly:
                    self._brief.discard(job_id)

    def _lock(self, job_id: str) -> threading.Lock:
        with self._guard:
            lock = self._locks.get(job_id)
        if lock is None:
            self._verify(job_id)
            with self._guard:
                lock = self._locks.setdefault(job_id, threading.Lock())
        return lock
