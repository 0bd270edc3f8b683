"""What every request may reach: the engine, the store, the settings, the metrics and the worker threads."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ParamSpec, TypeVar

from fastapi import Depends
from starlette.requests import Request

from tailmass.engine import Engine
from tailmass.server.debugfiles import DebugFiles
from tailmass.server.logfiles import LogFiles
from tailmass.server.metrics import Metrics
from tailmass.server.scheduling import Scheduling
from tailmass.server.settings import Settings
from tailmass.server.waiting import Waiting
from tailmass.store import Store

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Context:
    """The rooms of a running server, introduced to each other."""

    settings: Settings
    store: Store
    engine: Engine
    metrics: Metrics
    waiting: Waiting
    """Who waits for alerts."""
    logs: LogFiles
    debug: DebugFiles
    scheduling: Scheduling
    """What feeds jobs by itself."""
    uploads: set[asyncio.Task[Any]]
    """The requests that are uploads; each has a job to let go before the server can stop."""
    workers: ThreadPoolExecutor
    """Threads for what changes a job. Queries have threads of their own, so that no upload delays them."""

    @contextmanager
    def uploading(self) -> Iterator[None]:
        """Say of the current task that it is an upload."""
        task = asyncio.current_task()
        assert task is not None, "requests are tasks"
        self.uploads.add(task)
        try:
            yield
        finally:
            self.uploads.discard(task)

    def start(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        """A blocking call that changes a job, begun in a worker thread."""
        return asyncio.get_running_loop().run_in_executor(self.workers, partial(call, *args, **kwargs))

    async def work(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of a blocking call that changes a job, made in a worker thread."""
        return await self.start(call, *args, **kwargs)


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Reach = Annotated[Context, Depends(_context)]
"""What an endpoint asks for to reach the context."""
