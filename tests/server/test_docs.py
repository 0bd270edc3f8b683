import json
import re
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import Running, Serving

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def description(lasting_server: "Running") -> dict[str, Any]:
    answered: dict[str, Any] = httpx.get(f"{lasting_server.url}/openapi.json").json()
    return answered


def operations(description: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in description["paths"].values() for operation in path.values()]


def test_every_operation_is_described(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    assert len(operations(description)) > 40
    for operation in operations(description):
        assert operation["tags"]
        assert operation["summary"]
        assert operation["description"]
        assert all(response["description"] != "Successful Response" for response in operation["responses"].values())


def test_every_operation_has_an_id_of_its_own(description: dict[str, Any]) -> None:
    ids = [operation["operationId"] for operation in operations(description)]
    assert len(ids) == len(set(ids))
    assert {"records", "records_v3"} <= set(ids)


def test_the_native_version_is_told_apart_and_has_all_that_the_other_has(description: dict[str, Any]) -> None:
    paths = {path: methods for path, methods in description["paths"].items() if path.startswith("/engine/")}
    for path, methods in paths.items():
        native = path.startswith("/engine/v3")
        assert all((operation["tags"] == ["native"]) is native for operation in methods.values())
        assert path.replace("/v2", "/v3") in paths
    own = {path.removeprefix("/engine/v3") for path in paths if path.replace("/v3", "/v2") not in paths}
    assert own == {
        "/forecast/{job_id}",
        "/audit",
        "/audit/{job_id}",
        "/activity",
        "/usage",
        "/usage/{job_id}",
        "/input/{job_id}",
        "/bounds/{job_id}",
    }


@pytest.mark.parametrize(("resource", "name"), [("records", "kind"), ("buckets", "alerts")])
def test_what_only_the_native_version_can_be_asked_is_said_of_it_alone(
    description: dict[str, Any], resource: str, name: str
) -> None:
    asked = {
        version: {
            each["name"]: each["schema"]
            for each in description["paths"][f"/engine/{version}/results/{{job_id}}/{resource}"]["get"]["parameters"]
        }
        for version in ("v2", "v3")
    }
    assert set(asked["v3"]) - set(asked["v2"]) == {name}
    assert not [key for schemas in asked.values() for schema in schemas.values() for key in schema if key[:2] == "x-"]


def test_every_query_parameter_is_described(description: dict[str, Any]) -> None:
    asked = [parameter for operation in operations(description) for parameter in operation.get("parameters", ())]
    assert all(parameter["description"] for parameter in asked if parameter["in"] == "query")
    take = next(parameter for parameter in asked if parameter["name"] == "take")
    assert (take["schema"]["type"], take["schema"]["default"]) == ("integer", 100)


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    names = set(re.findall(r"'#/components/schemas/(\w+)'", str(description)))
    assert {"Error", "Missing", "Uploads", "JobConfiguration", "Detector"} <= names
    assert names <= set(description["components"]["schemas"])


def test_the_pages_need_no_network(lasting_server: "Running") -> None:
    page = httpx.get(f"{lasting_server.url}/docs")
    assert page.headers["content-type"].startswith("text/html")
    links = re.findall(r"(?:src|href)=\"([^\"]+)\"|url: '([^']+)'", page.text)
    paths = [first or second for first, second in links]
    assert len(paths) == 4
    for path in paths:
        assert path.startswith("/docs/")
        assert httpx.get(lasting_server.url + path).status_code == 200


def test_the_pages_are_given_a_version_they_can_draw(lasting_server: "Running", description: dict[str, Any]) -> None:
    given = httpx.get(f"{lasting_server.url}/docs/openapi.json").json()
    assert given == {**description, "openapi": "3.0.3"}


def test_a_bucket_may_be_missing_and_so_may_its_job(description: dict[str, Any]) -> None:
    answers = description["paths"]["/engine/v2/results/{job_id}/buckets/{timestamp}"]["get"]["responses"]
    either = answers["404"]["content"]["application/json"]["schema"]["anyOf"]
    assert [each["$ref"].rpartition("/")[2] for each in either] == ["Missing", "Error"]
    assert answers["400"]["content"]["application/json"]["schema"]["$ref"].endswith("/Error")


def test_every_operation_that_answers_with_a_document_shows_one(description: dict[str, Any]) -> None:
    of_the_api = {path: methods for path, methods in description["paths"].items() if path.startswith("/engine/")}
    for path, methods in of_the_api.items():
        for method, operation in methods.items():
            (good,) = (told for status, told in operation["responses"].items() if status.startswith("2"))
            shown = good["content"].get("application/json")
            assert shown is None or "example" in shown, (method, path)
            sent = operation.get("requestBody", {}).get("content", {}).get("application/json")
            assert sent is None or "example" in sent, (method, path)


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_examples_have_the_form_of_what_a_server_answers(version: str, serving: "Serving", tmp_path: Path) -> None:
    recorded = runpy.run_path(str(ROOT / "docs" / "examples.py"))
    kept = {name: told for name, told in json.loads(recorded["FILE"].read_text()).items() if f"/{version}" in name}
    with serving(tmp_path / "home") as running, httpx.Client(base_url=running.url, timeout=60) as client:
        fresh = recorded["record"](client, version, tmp_path)
    assert {name: form(told) for name, told in kept.items()} == {name: form(told) for name, told in fresh.items()}, (
        "run: make docs"
    )


def form(told: Any) -> Any:
    """The names in a document and the types of what they have; of a list that of its first entry."""
    match told:
        case dict():
            return {name: form(value) for name, value in told.items()}
        case [first, *_]:
            return [form(first)]
        case bool() | None | str() | []:
            return type(told)
    return float
