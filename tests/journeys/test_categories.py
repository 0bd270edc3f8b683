"""A job that counts messages by category, on a server that is killed."""

from typing import TYPE_CHECKING, Any

from tailmass.client import Client

if TYPE_CHECKING:
    from tests.conftest import ServerProcess

HEADER = b"time,message\n"
NAMES = ("ann", "bob", "cyd", "dan", "eve", "fay", "gus", "hal")


def job(job_id: str) -> dict[str, Any]:
    return {
        "id": job_id,
        "analysisConfig": {
            "bucketSpan": 600,
            "categorizationFieldName": "message",
            "detectors": [{"function": "count", "byFieldName": "prelertcategory"}],
        },
        "dataDescription": {"fieldDelimiter": ","},
    }


def rows(begin: int, end: int) -> bytes:
    made = []
    for k in range(begin, end):
        messages = [f"User {NAMES[k // 10 % 8]} logged in from 10.0.0.{k % 200}", f"Request took {k} ms"]
        messages += ["Disk is full"] * (60 if k == 280 else k % 2)
        made += [f"{1_400_000_400 + 600 * k},{message}\n".encode() for message in messages]
    return b"".join(made)


def everything(client: Client, job_id: str) -> tuple[list[Any], list[Any]]:
    return list(client.results.categories(job_id)), list(client.results.records(job_id))


def test_after_a_kill_messages_keep_their_categories(server_process: "ServerProcess") -> None:
    client = Client(server_process.url)
    client.jobs.create(job("killed"))
    client.data.upload("killed", HEADER + rows(0, 150))
    client.data.flush("killed")
    before = list(client.results.categories("killed"))
    server_process.kill()
    server_process.start()
    assert list(client.results.categories("killed")) == before
    client.data.upload("killed", HEADER + rows(150, 300))
    client.data.close("killed")

    client.jobs.create(job("undisturbed"))
    client.data.upload("undisturbed", HEADER + rows(0, 300))
    client.data.close("undisturbed")
    categories, records = everything(client, "killed")
    assert (categories, records) == everything(client, "undisturbed")
    assert len(categories) == 6  # the first four names have one each
    assert any(record["byFieldValue"] == str(each["categoryId"]) for record in records for each in categories)
