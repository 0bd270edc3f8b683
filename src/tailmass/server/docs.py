"""The description of the API: what `/openapi.json` says, and the pages of `/docs`, which need no network."""

import json
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

from tailmass.jobs import Job, JobUpdate
from tailmass.server.wire import NATIVE

Described = dict[int | str, dict[str, Any]]

DESCRIPTION = f"""
Find what is unusual in time-stamped rows. Create a *job*, which says what to watch; upload rows to it, in order of
time; query its *buckets* and *records*.

The same resources are served below `/engine/v1` and `/engine/v0.3` for clients of that age. Below `/engine/{NATIVE}`
they say more: why a record is there, which buckets are alerts, what to expect next. Clients of the other versions
refuse fields that they do not know, so they are told nothing of this.

Query parameters that are empty count as not given, and unknown ones are ignored. A time is ISO 8601, or seconds or
milliseconds since the epoch.
"""

TAGS = [
    {"name": "jobs", "description": "What to watch: create, list, look at, change, pause, delete."},
    {"name": "data", "description": "Rows in: upload, flush, close."},
    {"name": "schedulers", "description": "Jobs that feed themselves: start, stop."},
    {"name": "results", "description": "What was found: buckets of time with a score, records of what was unusual."},
    {"name": "alerts", "description": "Waiting for something unusual."},
    {"name": "snapshots", "description": "What a job had learnt: list, describe, delete, go back to."},
    {"name": "logs", "description": "What the server and its jobs wrote about their work."},
    {"name": "validate", "description": "Parts of a configuration, checked before there is a job."},
    {"name": "system", "description": "The server itself."},
    {"name": "native", "description": "The same resources with all that there is to say, and what to expect next."},
]

_REASONS = {
    400: "Something in the request cannot be used; the message says what.",
    404: "There is no such job.",
    409: "The job is busy, or in a state in which this cannot be done, or its id is taken.",
    500: "The server failed; its log has the details.",
    503: "There are too many jobs, or too many running; or the store cannot be written to.",
}

_SCHEMAS: dict[str, Any] = {
    "Error": {
        "type": "object",
        "required": ["errorCode", "message"],
        "properties": {
            "errorCode": {"type": "integer", "examples": [20101]},
            "message": {"type": "string", "examples": ["No known job with id 'job-2'"]},
            "cause": {"type": "string", "description": "The message of the error behind this one."},
        },
    },
    "Missing": {
        "type": "object",
        "required": ["exists", "type"],
        "properties": {"exists": {"const": False}, "type": {"enum": ["job", "bucket", "categoryDefinition"]}},
    },
    "Description": {
        "type": "object",
        "required": ["description"],
        "properties": {"description": {"type": "string", "minLength": 1}},
    },
    "Uploads": {
        "type": "object",
        "required": ["responses"],
        "properties": {
            "responses": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["jobId"],
                    "properties": {
                        "jobId": {"type": "string"},
                        "uploadSummary": {"type": "object", "description": "What became of the rows."},
                        "error": {"$ref": "#/components/schemas/Error"},
                    },
                },
            }
        },
    },
}


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def errors(*statuses: int, of_job: str = "") -> Described:
    """Answers with an error document; `of_job` is what may be missing beside the job."""
    reasons = _REASONS | ({404: f"There is no such job, or no such {of_job} of it."} if of_job else {})
    return {status: {"description": reasons[status], "content": _json("Error")} for status in statuses}


def missing(kind: str, *, of_job: bool = False) -> Described:
    """The answer that there is no such document; if it is one of a job, the job may be missing, which is an error."""
    if not of_job:
        return {404: {"description": f"There is no such {kind}.", "content": _json("Missing")}}
    either = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Missing", "Error")]}
    content = {"application/json": {"schema": either}}
    return {404: {"description": f"There is no such {kind}, or no such job.", "content": content}}


def log_errors() -> Described:
    """Answers of what reads the logs of a job."""
    reasons = {
        400: "A name leads out of the logs.",
        404: "There is no such log, or no such job.",
        500: "The logs cannot be opened.",
    }
    return {status: {"description": reason, "content": _json("Error")} for status, reason in reasons.items()}


def uploads(*statuses: int) -> Described:
    """Answers to an upload that no job accepted, which look like the others."""
    refused = "No job accepted the data; the status is that of the first error. "
    return {status: {"description": refused + _REASONS[status], "content": _json("Uploads")} for status in statuses}


def refused() -> Described:
    """The answer to something sent that breaks a rule."""
    return {400: {"description": "What was sent breaks a rule; the code says which.", "content": _json("Error")}}


def json_body(name: str, *, several: bool = False) -> dict[str, Any]:
    """A request body that is one JSON document, or an array of them."""
    one = {"$ref": f"#/components/schemas/{name}"}
    content = {"application/json": {"schema": {"type": "array", "items": one} if several else one}}
    return {"requestBody": {"required": True, "content": content}}


def text_body(said: str) -> dict[str, Any]:
    """A request body that is plain text."""
    content = {"text/plain": {"schema": {"type": "string"}}}
    return {"requestBody": {"required": True, "description": said, "content": content}}


def data_body() -> dict[str, Any]:
    """A request body that is data in the format of the job."""
    content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    said = "Rows in the format of the job, gzipped if the Content-Encoding says so; any Content-Type will do."
    return {"requestBody": {"description": said, "content": content}}


def install(app: FastAPI) -> None:
    """Complete the description of the app, and serve the pages that show it."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(generate())
        assert app.openapi_schema is not None, "generating keeps what it made"
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents to extend it
    app.include_router(router)
    app.mount("/docs/static", StaticFiles(directory=str(swagger_ui_path)), name="docs")


def _complete(schema: dict[str, Any]) -> None:
    job = Job.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    update = JobUpdate.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    nouns = {**job.pop("$defs", {}), **update.pop("$defs", {}), "JobConfiguration": job, "JobUpdate": update}
    schema["components"] = {"schemas": {**_SCHEMAS, **nouns}}
    examples = json.loads(files(__package__).joinpath("examples.json").read_text())
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            _tell_version(path, operation)
            _show(operation, examples.get(f"{method.upper()} {path}", {}))
            # FastAPI's own answer to parameters of the wrong type, which here are all texts to it.
            operation["responses"].pop("422", None)
            for parameter in operation.get("parameters", ()):
                _tell_meaning(parameter["schema"])


def is_native(path: str) -> bool:
    """Whether a path belongs to the version of the API that is our own."""
    return path.startswith(f"/engine/{NATIVE}")


def _tell_version(path: str, operation: dict[str, Any]) -> None:
    """Leave out what only the native API has, or say that it is the native one."""
    if is_native(path):
        operation["tags"] = ["native"]
    if "parameters" in operation:
        operation["parameters"] = [
            each for each in operation["parameters"] if not each["schema"].pop("x-native", False) or is_native(path)
        ]


def _show(operation: dict[str, Any], example: dict[str, Any]) -> None:
    """Give an operation the example of what is sent and of the good answer, if there is one; a real server gave it."""
    answers = [told for status, told in operation["responses"].items() if status.startswith("2")]
    for name, shown in (("request", operation.get("requestBody", {})), ("response", answers[0] if answers else {})):
        for content in shown.get("content", {}).values():
            if name in example:
                content["example"] = example[name]


def _tell_meaning(schema: dict[str, Any]) -> None:
    if "x-meaning" in schema:
        del schema["default"]
        schema.update(schema.pop("x-meaning"))


router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def page() -> HTMLResponse:
    """The pages of the API."""
    return get_swagger_ui_html(
        openapi_url="/docs/openapi.json",
        title="tailmass API",
        swagger_js_url="/docs/static/swagger-ui-bundle.js",
        swagger_css_url="/docs/static/swagger-ui.css",
        swagger_favicon_url="/docs/static/favicon-32x32.png",
    )


@router.get("/docs/openapi.json")
async def older(request: Request) -> JSONResponse:
    """The description for the bundled pages, which refuse to draw one that calls itself 3.1."""
    return JSONResponse({**request.app.openapi(), "openapi": "3.0.3"})
