"""The application: every resource under every version of the API, with the rooms behind them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from tailmass.engine import Engine
from tailmass.server import (
    alerts,
    audit,
    bounds,
    data,
    docs,
    earliest,
    errors,
    forecast,
    input,
    jobs,
    logs,
    preview,
    results,
    schedulers,
    snapshots,
    support,
    system,
    validate,
)
from tailmass.server.auth import Guard
from tailmass.server.context import Context
from tailmass.server.debugfiles import DebugFiles
from tailmass.server.housekeeping import housekeeping
from tailmass.server.limits import Limited
from tailmass.server.linger import Linger
from tailmass.server.logfiles import LogFiles
from tailmass.server.metrics import Measured, Metrics
from tailmass.server.origins import Origins
from tailmass.server.paths import TidyPaths
from tailmass.server.requests import Logged
from tailmass.server.scheduling import Scheduling
from tailmass.server.settings import Settings
from tailmass.server.waiting import Waiting
from tailmass.server.wire import NATIVE
from tailmass.store import Store

log = logging.getLogger(__name__)

VERSIONS = ("v2", "v1", "v0.3", NATIVE)

RESOURCES = (
    jobs.router,
    data.router,
    data.loading,
    preview.router,
    results.router,
    alerts.router,
    snapshots.router,
    schedulers.router,
    validate.router,
    logs.router,
    support.router,
)
"""What every version of the API has."""

WORKERS = 64
"""Threads for uploads, flushes and closes: more than the processors can use, because some wait for the disk."""


def create_app(settings: Settings) -> FastAPI:
    """The server as an ASGI application; its store and engine live from its start to its end."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        logs, debug = LogFiles(settings.home / "logs"), DebugFiles(settings.home / "debug")

        def forget(job_id: str) -> None:
            logs.forget(job_id)
            debug.forget(job_id)

        with logs.listening():
            store = await run_in_threadpool(Store.open, settings.store.url, settings.home)
            if settings.auth and not await run_in_threadpool(store.tokens):
                log.warning("every request needs a token, and there is none yet: make one with `tailmass token create`")
            limits = settings.limits
            waiting = Waiting()
            engine = Engine(
                store,
                max_running=limits.running_jobs,
                listener=waiting,
                limits=limits.of_records,
                audit=store,
                files=debug,
                on_deleted=forget,
            )
            workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="job")
            scheduling = Scheduling(engine, settings.scheduler, store.vault.unseal)
            context = app.state.context = Context(
                settings, store, engine, metrics, waiting, logs, debug, scheduling, set(), workers
            )
            metrics.watch(lambda: engine.jobs(0, 2**31 - 1)[1], lambda: len(context.uploads))
            metrics.watch_waiting(waiting.__len__)
            await run_in_threadpool(scheduling.resume)
            async with housekeeping(context):
                yield
            await run_in_threadpool(scheduling.shutdown)
            if context.uploads:
                # Those that outstayed the stop have been cancelled, and are letting their jobs go.
                await asyncio.wait(context.uploads)
            await run_in_threadpool(workers.shutdown)
            await run_in_threadpool(engine.shutdown)
            await run_in_threadpool(store.close)

    app = FastAPI(
        title="tailmass",
        version=version("tailmass"),
        summary="Anomaly detection for time-stamped rows.",
        description=docs.DESCRIPTION,
        openapi_tags=docs.TAGS,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        lifespan=lifespan,
    )
    app.include_router(system.router)
    for each in VERSIONS:
        for resource in (system.greeting, *RESOURCES):
            app.include_router(resource, prefix=f"/engine/{each}", include_in_schema=each in ("v2", NATIVE))
    app.include_router(earliest.router, prefix="/engine/v0.3")
    for resource in (forecast.router, audit.router, input.router, bounds.router):
        app.include_router(resource, prefix=f"/engine/{NATIVE}")
    docs.install(app)
    app.add_middleware(Limited, limits=settings.limits)
    if settings.auth:
        app.add_middleware(Guard)
    app.add_middleware(Origins, settings=settings)
    errors.install(app)
    app.add_middleware(Linger)
    app.add_middleware(Logged)
    app.add_middleware(Measured, metrics=metrics)
    app.add_middleware(TidyPaths)
    return app


def _operation_id(route: APIRoute) -> str:
    return f"{route.name}_{NATIVE}" if docs.is_native(route.path) else route.name
