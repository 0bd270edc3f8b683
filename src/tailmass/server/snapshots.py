"""The resource `/modelsnapshots`: what a job had learnt, and going back to it."""

import json
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from tailmass.errors import InvalidDescription
from tailmass.results import acknowledgement, page
from tailmass.server import docs
from tailmass.server.body import document
from tailmass.server.context import Reach
from tailmass.server.parameters import Between, Descending, Page, RevertAsked, SnapshotDescription, SnapshotSort, flag
from tailmass.server.views import single
from tailmass.server.wire import Json, own_url, version

router = APIRouter(prefix="/modelsnapshots", tags=["snapshots"])

SnapshotId = Annotated[str, Path(description="The `snapshotId` of the snapshot.")]


@router.get(
    "/{job_id}",
    summary="List snapshots",
    response_description="A page of snapshots, the active one first unless asked otherwise.",
    responses=docs.errors(400, 404),
)
def snapshots(
    job_id: str,
    request: Request,
    context: Reach,
    paging: Page,
    between: Between,
    sort: SnapshotSort = "",
    desc: Descending = "",
    description: SnapshotDescription = "",
) -> Response:
    """What a job had learnt at its closes, and every few hours between; the range is of the time of the snapshot."""
    sort, descending, asked = sort or "restorePriority", flag(desc or "true"), description or None
    hits, found = context.store.snapshots(
        job_id,
        skip=paging.skip,
        take=paging.take,
        start_ms=between.start_ms,
        end_ms=between.end_ms,
        description=asked,
        sort=sort,
        desc=descending,
    )
    parameters = {**between.parameters(), "sort": sort, "desc": descending, "description": asked}
    documents = [each.document() for each in found]
    return Json(page(documents, hits, paging.skip, paging.take, own_url(request), parameters))


@router.post(
    "/{job_id}/revert",
    summary="Revert to a snapshot",
    response_description="The snapshot reverted to.",
    responses=docs.errors(400, 404, 409, of_job="snapshot"),
)
async def revert(job_id: str, request: Request, context: Reach, asked: RevertAsked) -> Response:
    """Let a closed job go on from an earlier snapshot, which becomes the active one; no newer one is deleted.

    It is the newest one of all that match what is given.
    """
    found = await context.work(
        context.engine.revert,
        job_id,
        until_ms=asked.until_ms,
        snapshot_id=asked.snapshot_id,
        description=asked.description,
        delete_results=asked.delete_results,
    )
    return Json(single("modelSnapshot", found.snapshot_id, found.document(), version(request)))


@router.put(
    "/{job_id}/{snapshot_id}/description",
    summary="Describe a snapshot",
    response_description="The snapshot with its new description.",
    responses=docs.errors(400, 404, of_job="snapshot"),
    openapi_extra=docs.json_body("Description"),
)
async def describe_snapshot(job_id: str, snapshot_id: SnapshotId, request: Request, context: Reach) -> Response:
    """Give a snapshot a description that no other snapshot of the job has."""
    description = _description(await document(request))
    found = await context.work(context.store.describe_snapshot, job_id, snapshot_id, description)
    return Json(single("modelSnapshot", found.snapshot_id, found.document(), version(request)))


@router.delete(
    "/{job_id}/{snapshot_id}",
    summary="Delete a snapshot",
    response_description="The snapshot is gone.",
    responses=docs.errors(400, 404, of_job="snapshot"),
)
async def delete_snapshot(job_id: str, snapshot_id: SnapshotId, context: Reach) -> Response:
    """Remove a snapshot that is not the active one."""
    await context.work(context.engine.delete_snapshot, job_id, snapshot_id)
    return Json(acknowledgement())


def _description(body: bytes) -> str:
    told = 'send {"description": "..."}'
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidDescription(f"The body is not JSON: {told}", cause=str(error)) from error
    text = sent.get("description") if isinstance(sent, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise InvalidDescription(f"There is no text for a description in {str(sent)[:80]!r}: {told}")
    if "\0" in text or text.encode(errors="ignore").decode() != text:
        raise InvalidDescription(f"The description {text[:80]!r} has characters that cannot be kept: leave them out")
    return text
