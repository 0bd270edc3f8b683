import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tailmass.client import Client

from .clients import START, create

if TYPE_CHECKING:
    from tests.conftest import Running

MESSAGES = ("user {} logged in", "request took {} ms", "cache is warm")


@pytest.fixture
def categorizing(api: httpx.Client) -> str:
    """The id of a job that counts messages by category, with a burst of one of them in its data."""
    detectors = [{"function": "count", "byFieldName": "prelertcategory"}]
    analysis = {"bucketSpan": 600, "detectors": detectors, "categorizationFieldName": "message"}
    job = create(api, analysisConfig=analysis)
    api.post(f"/data/{job}", content=rows(0, 100)).raise_for_status()
    return job


def rows(begin: int, end: int) -> bytes:
    lines = []
    for k in range(begin, end):
        messages = [each.format(k) for each in MESSAGES] + [f"disk {k} failed"] * (50 if k == 90 else 1)
        lines += [f"{START + 600 * k},{message}" for message in messages]
    return ("time,message\n" + "\n".join(lines) + "\n").encode()


def definitions(api: httpx.Client, job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/results/{job}/categorydefinitions").raise_for_status().json()["documents"]
    return found


def test_a_job_that_counts_by_category_works_from_end_to_end(api: httpx.Client, categorizing: str) -> None:
    record = api.get(f"/results/{categorizing}/records?take=1").json()["documents"][0]
    assert (record["byFieldName"], record["byFieldValue"], record["actual"]) == ("prelertcategory", "4", 50.0)
    category = api.get(f"/results/{categorizing}/categorydefinitions/{record['byFieldValue']}").json()
    assert (category["exists"], category["type"]) == (True, "categoryDefinition")
    assert category["document"] == {
        "categoryId": 4,
        "terms": "disk failed",
        "regex": ".*?disk.+?failed.*",
        "examples": ["disk 0 failed", "disk 1 failed", "disk 2 failed", "disk 3 failed"],
    }


def test_the_page_of_categories_is_ordered_by_their_ids(api: httpx.Client, categorizing: str) -> None:
    page = api.get(f"/results/{categorizing}/categorydefinitions?skip=1&take=2").json()
    assert (page["hitCount"], [each["categoryId"] for each in page["documents"]]) == (4, [2, 3])
    assert api.get(page["nextPage"]).json()["documents"][0]["categoryId"] == 4


def test_examples_match_the_expression(api: httpx.Client, categorizing: str) -> None:
    for category in definitions(api, categorizing):
        assert category["examples"] == sorted(category["examples"])
        assert all(re.search(category["regex"], each) for each in category["examples"])


def test_ids_outlive_the_closing_of_the_job(api: httpx.Client, categorizing: str) -> None:
    before = definitions(api, categorizing)
    api.post(f"/data/{categorizing}/close").raise_for_status()
    api.post(f"/data/{categorizing}", content=rows(100, 120)).raise_for_status()
    after = definitions(api, categorizing)
    assert [(each["categoryId"], each["terms"]) for each in after] == [
        (each["categoryId"], each["terms"]) for each in before
    ]


def test_the_native_version_tells_how_long_messages_are(native: httpx.Client, categorizing: str) -> None:
    document = native.get(f"/results/{categorizing}/categorydefinitions/3").json()["document"]
    assert document["maxMatchingLength"] == 14


@pytest.mark.parametrize("number", ["5", "0", "-1", "one", "9" * 40])
def test_a_category_that_is_not_there_does_not_exist(api: httpx.Client, categorizing: str, number: str) -> None:
    answered = api.get(f"/results/{categorizing}/categorydefinitions/{number}")
    assert (answered.status_code, answered.json()) == (404, {"exists": False, "type": "categoryDefinition"})


def test_a_job_without_categories_has_an_empty_page(api: httpx.Client, job: str) -> None:
    page = api.get(f"/results/{job}/categorydefinitions").json()
    assert (page["hitCount"], page["documents"]) == (0, [])


@pytest.mark.parametrize("path", ["categorydefinitions", "categorydefinitions/1"])
def test_a_job_that_is_not_there_has_no_categories(api: httpx.Client, path: str) -> None:
    answered = api.get(f"/results/stranger/{path}")
    assert (answered.status_code, answered.json()["errorCode"]) == (404, 20101)


def test_our_client_reads_categories(lasting_server: "Running", categorizing: str) -> None:
    client = Client(lasting_server.url)
    assert [each["categoryId"] for each in client.results.categories(categorizing)] == [1, 2, 3, 4]
    assert client.results.category(categorizing, 9) is None
