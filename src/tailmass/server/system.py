"""What is asked about the server itself: is it well, what does it count, who is it."""

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from tailmass.errors import DataStoreError
from tailmass.server import docs, page
from tailmass.server.context import Reach
from tailmass.server.limits import Refusal
from tailmass.server.wire import NATIVE, Json

router = APIRouter(tags=["system"])
greeting = APIRouter(tags=["system"])


def _identity() -> dict[str, Any]:
    return {"name": "tailmass", "version": version("tailmass")}


@router.get(
    "/",
    summary="Find your way",
    response_description="Where to go from here.",
    responses={200: {"content": {"text/html": {}}}},
)
async def root(request: Request) -> Response:
    """Name and version of the server, and its entrances; for browsers a page with its jobs."""
    if page.wanted(request):
        return page.page()
    entrances = {
        "api": "/engine/v2",
        "native": f"/engine/{NATIVE}",
        "docs": "/docs",
        "openapi": "/openapi.json",
        "metrics": "/metrics",
    }
    return Json(_identity() | {"entrances": entrances}, headers={"vary": "Accept"})


@greeting.get("", summary="Greet the API", response_description="Name and version of the server.")
async def base() -> Response:
    """Name and version of the server."""
    return Json(_identity())


@router.get(
    "/healthz",
    summary="Ask whether the server is well",
    response_description="The server answers and its store can be read.",
    responses=docs.errors(500),
)
def healthz(context: Reach) -> Response:
    """Whether requests can be served: the store is read once, and its failure is this request's."""
    context.engine.jobs(0, 0)
    return Json({"status": "ok"})


@router.get(
    "/readyz",
    summary="Ask whether the server is ready",
    response_description="The server takes requests, and its store can be written to.",
    responses=docs.errors(503),
)
def readyz(context: Reach) -> Response:
    """Whether requests should be sent here. Before the store is open and while the server stops nothing is answered."""
    try:
        context.store.probe()
    except DataStoreError as error:
        raise Refusal(503, error) from error
    return Json({"status": "ready"})


@router.get(
    "/metrics",
    summary="Read the metrics",
    response_description="All metrics in the text format of Prometheus.",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
def metrics(context: Reach) -> Response:
    """What the server counts, for Prometheus to collect."""
    return Response(context.metrics.text(), media_type=CONTENT_TYPE_LATEST)
