"""Records of populations and of positions over HTTP, from an upload on."""

import httpx
import numpy as np

from .clients import configuration

HIT = 120


def analysed(api: httpx.Client, job_id: str, detector: dict[str, str], data: str) -> list[dict[str, object]]:
    """The records of a job of this detector, the highest score first."""
    analysis = {"bucketSpan": 300, "detectors": [detector]}
    description = {"fieldDelimiter": ",", "timeField": "time"}
    config = configuration(job_id) | {"analysisConfig": analysis, "dataDescription": description}
    assert api.post("/jobs", json=config).status_code == 201
    assert api.post(f"/data/{job_id}", content=data.encode()).status_code == 202
    assert api.post(f"/data/{job_id}/close").status_code == 202
    documents: list[dict[str, object]] = api.get(f"/results/{job_id}/records").json()["documents"]
    return documents


def test_a_record_of_a_population_has_its_numbers_in_the_causes(api: httpx.Client) -> None:
    chance = np.random.default_rng(5)
    lines = ["time,client,page"]
    for b in range(150):
        for client, n in enumerate(chance.poisson(3.0, 20)):
            n += 50 if (b, client) == (HIT, 7) else 0
            lines += [f"{300 * b},c{client},/{k % 2}" for k in range(n)]
    detector = {"function": "high_count", "byFieldName": "page", "overFieldName": "client"}
    top = analysed(api, "population", detector, "\n".join(lines) + "\n")[0]
    assert (top["overFieldName"], top["overFieldValue"]) == ("client", "c7")
    assert not {"actual", "typical", "byFieldValue"} & top.keys()
    causes = top["causes"]
    assert isinstance(causes, list)
    assert {cause["byFieldValue"] for cause in causes} == {"/0", "/1"}
    assert all(cause["actual"] >= 25.0 and cause["overFieldValue"] == "c7" for cause in causes)
    assert all(cause["byFieldName"] == "page" and cause["function"] == "high_count" for cause in causes)
    assert causes[0]["probability"] <= causes[1]["probability"] <= 1.0


def test_a_position_is_an_array(api: httpx.Client) -> None:
    places = ['"60.5,-140.25"' if b == HIT else '"51.5,-0.1"' for b in range(150)]
    lines = ["time,user,place", *(f"{300 * b},u,{place}" for b, place in enumerate(places))]
    detector = {"function": "lat_long", "fieldName": "place", "byFieldName": "user"}
    found = analysed(api, "places", detector, "\n".join(lines) + "\n")
    assert [60.5, -140.25] in [record["actual"] for record in found]
