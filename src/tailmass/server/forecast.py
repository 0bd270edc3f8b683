"""The resource `/forecast`: what a job expects of one of its series."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tailmass.server import docs
from tailmass.server.context import Context, Reach
from tailmass.server.parameters import Duration, OfSeries, SeriesAsked
from tailmass.server.wire import Json

router = APIRouter(prefix="/forecast", tags=["forecast"])


@router.get(
    "/{job_id}",
    summary="Look ahead",
    response_description="The next buckets of the series: expected values, and bounds within which 95 % should be.",
    responses=docs.errors(400, 404, 409),
)
async def forecast(job_id: str, context: Reach, series: OfSeries, duration: Duration) -> Response:
    """What a job expects of one of its series, by the model that judges it; nothing is changed by asking."""
    return Json(await context.work(_document, context, job_id, series, duration))


def _document(context: Context, job_id: str, series: SeriesAsked, duration: int) -> dict[str, Any]:
    found = context.engine.forecast(
        job_id, detector_index=series.detector_index, partition=series.partition, by=series.by, duration=duration
    )
    analysis = context.engine.job(job_id).config.analysis_config
    detector = analysis.detectors[series.detector_index]
    told = {
        "jobId": job_id,
        "bucketSpan": analysis.bucket_span,
        "detectorIndex": series.detector_index,
        "function": detector.function_name,
        "fieldName": detector.field_name,
        "byFieldName": detector.by_field_name,
        "byFieldValue": series.by,
        "partitionFieldName": detector.partition_field_name,
        "partitionFieldValue": series.partition,
    }
    return {name: value for name, value in told.items() if value is not None} | {"forecast": found.documents()}
