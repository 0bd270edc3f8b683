"""What the server does by itself.

Once a day, and when it starts, it removes what jobs do not want to keep any more, and what a crash has left of deleted
ones; every hour it notes how many there are; all the time it closes those that have been without data for too long.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, time, timedelta

from tailmass.server.context import Context
from tailmass.server.logfiles import file_name

log = logging.getLogger(__name__)

AT = time(0, 30)
"""By the clock of the server; the Engine API did it then."""

TOLD_DAYS = 366
"""How long audit, activity and usage are kept."""

LEFT_DAYS = 7
"""How long nobody has written to files of jobs that are not there before they go: somebody may look for the reason."""

LOOK_SECONDS = 0.5
"""How often to look for jobs that have been without data for as long as they may."""


def seconds_until(at: time, now: datetime) -> float:
    """How long it is until the clock shows a time next.

    >>> seconds_until(time(0, 30), datetime(2016, 5, 13, 23, 30)) == seconds_until(time(0, 30), datetime(2016, 5, 13))*2
    True
    """
    due = datetime.combine(now.date(), at)
    return ((due if due > now else due + timedelta(days=1)) - now).total_seconds()


@contextlib.asynccontextmanager
async def housekeeping(context: Context, now: Callable[[], datetime] = datetime.now) -> AsyncIterator[None]:
    """Keep house until the end of the block; what is being removed then is left for the next time."""
    stopping = threading.Event()
    tasks = [
        asyncio.create_task(each) for each in (_keep(context, stopping, now), _note(context, now), _close_idle(context))
    ]
    try:
        yield
    finally:
        stopping.set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def sweep(context: Context, now: datetime) -> Iterator[None]:
    """Remove what nobody wants any more, and what a crash has left of jobs, in steps between which one may stop."""
    seconds = now.timestamp()
    yield from context.engine.sweep()
    yield from context.store.finish_deleting()
    context.store.forget_told(int(1000 * (seconds - 86_400 * TOLD_DAYS)))
    yield
    names = {file_name(str(each.config.id)) for each in context.engine.jobs(0, 2**31 - 1)[1]}
    for files in (context.logs, context.debug):
        files.forget_others(names, seconds - 86_400 * LEFT_DAYS)
        yield


async def _keep(context: Context, stopping: threading.Event, now: Callable[[], datetime]) -> None:
    while True:
        try:
            await context.work(_sweep, context, stopping, now())
        except Exception:
            log.exception("housekeeping failed; the next time is tomorrow")
        await asyncio.sleep(seconds_until(AT, now()))


async def _note(context: Context, now: Callable[[], datetime]) -> None:
    while True:
        try:
            await context.work(_note_activity, context)
        except Exception:
            log.exception("activity could not be noted; the next time is in an hour")
        await asyncio.sleep(3600 - now().timestamp() % 3600)


async def _close_idle(context: Context) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        await context.work(context.engine.close_idle)


def _note_activity(context: Context) -> None:
    context.store.note_activity(context.engine.activity())


def _sweep(context: Context, stopping: threading.Event, now: datetime) -> None:
    for _ in sweep(context, now):
        if stopping.is_set():
            return
