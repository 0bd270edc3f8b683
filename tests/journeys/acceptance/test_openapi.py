"""Every resource of versions 2 and 3 is asked at random what its description allows, and answers as that says.

What is asked comes from `/openapi.json`, mixed with what nobody should send. `TAILMASS_TEST_REQUESTS` is how many
requests each resource gets, 6 unless it is set.
"""

import json
import os
import string
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailmass import errors
from tailmass.server.errors import STATUS
from tests.server.clients import START, configuration, rows

from .wire import GENERATE

if TYPE_CHECKING:
    from tests.conftest import Serving

REQUESTS = int(os.environ.get("TAILMASS_TEST_REQUESTS", "6"))
DESCRIPTION: dict[str, Any] = GENERATE["description"]()
SCHEMAS: Mapping[str, Any] = DESCRIPTION["components"]["schemas"]
OPERATIONS = [
    (method, path)
    for path, operations in DESCRIPTION["paths"].items()
    if path.startswith(("/engine/v2/", "/engine/v3/"))
    for method in operations
]
JOBS = ("closed", "running", "paused")

ODD_TEXTS = (
    "",
    " ",
    "0",
    "-1",
    "1e309",
    "NaN",
    "9" * 30,
    "true",
    "null",
    "ä\u0000",
    "\U0001f989",
    "%",
    "a,b",
    "x" * 300,
)
odd_text = st.sampled_from(ODD_TEXTS) | st.text(max_size=20)
times = st.sampled_from(("2014-05-13T17:00:00Z", "2014-05-13T17:00:00.000 0000", str(START), str(START * 1000), "0"))
odd_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | odd_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_text, inner, max_size=3),
    max_leaves=5,
)


def valued(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """JSON as a schema has it; now and then something else in its place."""
    if "$ref" in schema:
        return named(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return st.one_of(*(valued(each) for each in schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "object" if "properties" in schema:
            known = {name: valued(each) for name, each in schema["properties"].items()}
            needed = {name: known.pop(name) for name in schema.get("required", ()) if name in known}
            plain: st.SearchStrategy[Any] = st.fixed_dictionaries(needed, optional=known)
        case "array":
            plain = st.lists(valued(schema.get("items", {})), max_size=3)
        case "string":
            plain = st.text(string.ascii_lowercase, min_size=1, max_size=8)
        case "integer":
            plain = st.integers(schema.get("minimum", -9), schema.get("maximum", 10_000))
        case "number":
            plain = st.floats(schema.get("minimum", -9), schema.get("maximum", 1000))
        case "boolean":
            plain = st.booleans()
        case _:
            plain = odd_json
    return plain | plain | plain | odd_json


@cache
def named(name: str) -> st.SearchStrategy[Any]:
    """The same for a schema that has a name."""
    return st.deferred(lambda: valued(SCHEMAS[name]))


@st.composite
def jobs(draw: st.DrawFn) -> Any:
    """A configuration that is fine but for what has been drawn."""
    drawn = draw(named("JobConfiguration"))
    fine = configuration(draw(st.sampled_from((*JOBS, "new"))))
    if not isinstance(drawn, dict):
        return drawn
    changed = draw(st.sets(st.sampled_from(sorted(drawn)), max_size=2)) if drawn else ()
    return drawn if draw(st.integers(0, 3)) == 0 else fine | {name: drawn[name] for name in changed}


def bodies(operation: Mapping[str, Any]) -> st.SearchStrategy[bytes | None]:
    """What may be sent to an operation."""
    content = operation.get("requestBody", {}).get("content", {})
    raw = st.none() | st.binary(max_size=60)
    if "application/json" in content:
        schema = content["application/json"]["schema"]
        values = jobs() if schema.get("$ref", "").endswith("/JobConfiguration") else valued(schema)
        written = values.map(lambda value: json.dumps(value, ensure_ascii=True).encode())
        return written | written | written | raw
    if content:
        lines = st.lists(st.binary(max_size=9) | st.integers(0, 400).map(lambda n: b"%d,1" % (START + 600 * n)))
        mixed = lines.map(lambda parts: b"\n".join([b"time,value", *parts]))
        return mixed | st.integers(0, 200).map(rows) | raw
    return st.none()


def texts(parameter: Mapping[str, Any]) -> st.SearchStrategy[str]:
    """What may be said for a parameter."""
    schema, name = parameter["schema"], parameter["name"]
    if name == "timeout":  # nobody here waits
        return st.sampled_from(("0", "0.01", "-1", "soon", "NaN", "1e999"))
    if parameter["in"] == "path":
        known = {
            **dict.fromkeys(("job_id", "job_ids"), st.sampled_from((*JOBS, *JOBS, "nobody", "closed,running"))),
            "timestamp": times,
            "category_id": st.integers(0, 3).map(str),
        }.get(name, st.just("none"))
        return (known | known | known | odd_text).filter(lambda text: text.strip(".") and "/" not in text)
    known = (
        times if schema.get("type") is None or "start" in name.lower() or name == "end" else valued(schema).map(_told)
    )
    return known | known | odd_text


def _told(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@st.composite
def requests(draw: st.DrawFn, method: str, path: str) -> tuple[str, str, bytes | None, dict[str, str]]:
    """A request of a resource."""
    operation = DESCRIPTION["paths"][path][method]
    query = []
    for each in operation.get("parameters", ()):
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", quote(draw(texts(each)), safe=""))
        elif each["name"] == "timeout" or draw(st.booleans()):
            query.append(f"{each['name']}={quote(draw(texts(each)))}")
    headers = {"Content-Encoding": "gzip"} if draw(st.integers(0, 9)) == 0 else {}
    return method.upper(), f"{path}?{'&'.join(query)}", draw(bodies(operation)), headers


@pytest.fixture(scope="module")
def client(serving: "Serving", tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    home = tmp_path_factory.mktemp("openapi") / "home"
    with serving(home) as running, httpx.Client(base_url=running.url, timeout=60) as client:
        yield client


@pytest.fixture
def prepared(client: httpx.Client) -> httpx.Client:
    """The server with the jobs that are asked about, whatever has become of them."""
    for name in JOBS:
        if client.get(f"/engine/v2/jobs/{name}").status_code == 404:
            client.post("/engine/v2/jobs", json=configuration(name)).raise_for_status()
            client.post(f"/engine/v2/data/{name}", content=rows(40)).raise_for_status()
    client.post("/engine/v2/data/closed/close")
    client.post("/engine/v2/jobs/paused/pause")
    return client


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_a_resource_answers_as_it_is_described(prepared: httpx.Client, method: str, path: str) -> None:
    answers = DESCRIPTION["paths"][path][method]["responses"]

    @settings(max_examples=REQUESTS, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(request=requests(method, path))
    def ask(request: tuple[str, str, bytes | None, dict[str, str]]) -> None:
        verb, target, body, headers = request
        answered = prepared.request(verb, target, content=body, headers=headers)
        described = answers.get(str(answered.status_code))
        assert described is not None, f"{answered.status_code} is not described: {answered.text}"
        assert answered.status_code != 500 or code_of(answered) in (40001, 40101), answered.text
        kinds = described.get("content", {})
        if answered.status_code >= 400:
            assert answered.headers["content-type"] == "application/json;charset=UTF-8"
            _verify_refusal(answered, kinds["application/json"]["schema"])
        elif "application/json" in answered.headers["content-type"]:
            answered.json()

    ask()


def code_of(answered: httpx.Response) -> int:
    told = answered.json()
    code: int = (told["responses"][0]["error"] if "responses" in told else told)["errorCode"]
    return code


def _verify_refusal(answered: httpx.Response, schema: Mapping[str, Any]) -> None:
    """An error that has a number, and the status of that number; or the document of what does not exist."""
    told = answered.json()
    names = {each["$ref"].rpartition("/")[2] for each in schema.get("anyOf", (schema,))}
    if "exists" in told:
        assert "Missing" in names
        return
    assert ("responses" in told) == (names == {"Uploads"})
    code = code_of(answered)
    assert code in errors.by_code
    assert STATUS[code] == answered.status_code, told


def test_the_resources_of_both_versions_are_asked() -> None:
    assert len(OPERATIONS) > 60
    assert {path.split("/")[2] for _, path in OPERATIONS} == {"v2", "v3"}
