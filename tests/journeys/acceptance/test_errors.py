"""Every resource of the Engine API with every error documented for it, and that old versions have it too.

The requests are written for version 2. Older versions have the same resources with the same statuses; to clients of
version 1 an error has the nearest of the numbers they know, and version 0.3 tells it bare.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.server.clients import START, Sender, configuration, create, rows

from .wire import refusal

if TYPE_CHECKING:
    from tests.conftest import Running, Serving

HOUR = 3600
VERSIONS = ("v2", "v1", "v0.3")
MISSING = -1
"""Stands for the code of a single document that does not exist, which is no error document."""

KNOWN = {0, *range(10101, 10115), *range(10201, 10212), 20001, 20101, 30001, *range(30101, 30108), 40001} | {
    *(*range(40101, 40105), 50101, 50102, *range(60101, 60110)),
}
"""The numbers that clients of version 1.5 know; chapter 6."""


Body = bytes | dict[str, Any] | list[Any] | None


@dataclass(frozen=True)
class Resource:
    """One line of the index in 2.0."""

    number: int
    method: str
    path: str


INDEX = {
    resource.number: resource
    for resource in (
        Resource(1, "POST", "/jobs"),
        Resource(2, "GET", "/jobs"),
        Resource(3, "GET", "/jobs/{job}"),
        Resource(4, "PUT", "/jobs/{job}/update"),
        Resource(5, "PUT", "/jobs/{job}/description"),
        Resource(6, "DELETE", "/jobs/{job}"),
        Resource(7, "POST", "/jobs/{job}/pause"),
        Resource(8, "POST", "/jobs/{job}/resume"),
        Resource(9, "POST", "/data/{job}"),
        Resource(10, "POST", "/data/{job}/flush"),
        Resource(11, "POST", "/data/{job}/close"),
        Resource(12, "POST", "/dataload/{job}"),
        Resource(13, "POST", "/preview/{job}"),
        Resource(14, "GET", "/results/{job}/buckets"),
        Resource(15, "GET", "/results/{job}/buckets/{time}"),
        Resource(16, "GET", "/results/{job}/{time}"),
        Resource(17, "GET", "/results/{job}/records"),
        Resource(18, "GET", "/results/{job}/influencers"),
        Resource(19, "GET", "/results/{job}/categorydefinitions"),
        Resource(20, "GET", "/results/{job}/categorydefinitions/{category}"),
        Resource(21, "GET", "/alerts_longpoll/{job}"),
        Resource(22, "GET", "/modelsnapshots/{job}"),
        Resource(23, "POST", "/modelsnapshots/{job}/revert"),
        Resource(24, "PUT", "/modelsnapshots/{job}/{snapshot}/description"),
        Resource(25, "DELETE", "/modelsnapshots/{job}/{snapshot}"),
        Resource(26, "POST", "/schedulers/{job}/start"),
        Resource(27, "POST", "/schedulers/{job}/stop"),
        Resource(28, "POST", "/validate/detector"),
        Resource(29, "POST", "/validate/transform"),
        Resource(30, "POST", "/validate/transforms"),
        Resource(31, "GET", "/logs/{job}"),
        Resource(32, "GET", "/logs/{job}/tail"),
        Resource(33, "GET", "/logs/{job}/{file}"),
        Resource(34, "GET", "/logs/{job}/{file}/tail"),
        Resource(35, "GET", "/logs/elasticsearch"),
        Resource(36, "GET", "/support"),
    )
}


@dataclass(frozen=True)
class Case:
    """A request that is refused. The job is one of `jobs`, by the name of what it is there for."""

    number: int
    job: str
    status: int
    code: int
    query: str = ""
    body: Body = None
    headers: Mapping[str, str] = field(default_factory=dict)
    time: str = str(START)
    category: str = "1"
    snapshot: str = "none"
    file: str = "none"

    def __str__(self) -> str:
        resource = INDEX[self.number]
        body = self.body.decode() if isinstance(self.body, bytes) else json.dumps(self.body) if self.body else ""
        return f"{self.code} {resource.method} {resource.path} {self.job} {self.query or body[:60]!r}"


def _analysis(*detectors: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"analysisConfig": {"detectors": list(detectors), **more}}


def _job(**changes: Any) -> dict[str, Any]:
    return configuration("refused", **changes)


COUNT = {"function": "count"}
ELASTIC = {
    "dataSource": "ELASTICSEARCH",
    "dataSourceCompatibility": "2.x.x",
    "baseUrl": "http://localhost:9/",
    "indexes": ["a"],
    "types": ["t"],
}
SOURCES: tuple[dict[str, Any], ...] = (
    *({"queryDelay": -1}, {"frequency": 0}, {"baseUrl": "localhost"}, {"baseUrl": None}, {"indexes": []}),
    *({"scrollSize": -1}, {"aggs": {"a": {}}, "aggregations": {"a": {}}}),
)
"""What an Elasticsearch cannot be asked with."""
OF_ELASTIC = {"dataDescription": {"format": "ELASTICSEARCH"}}
CONCAT = {"transform": "concat", "inputs": ["a", "b"], "outputs": ["c"]}
PACKED = {"Content-Encoding": "gzip"}


def _created() -> Iterator[Case]:
    refused: tuple[tuple[Body, int], ...] = (
        (b"{", 10101),
        (b"[]", 10101),
        (b"", 10101),
        ({"analysisConfig": "all"}, 10101),
        (_job(timeout="long"), 10101),
        (_job(colour="red"), 10102),
        (_analysis({**COUNT, "colour": "red"}), 10102),
        (_job(timeout=-1), 10104),
        (_job(renormalizationWindowDays=-1), 10104),
        (_job(backgroundPersistInterval=3599), 10104),
        (_job(modelSnapshotRetentionDays=-1), 10104),
        (_job(resultsRetentionDays=-1), 10104),
        (_job(ignoreDowntime="sometimes"), 10104),
        (_job(analysisLimits={"categorizationExamplesLimit": -1}), 10104),
        (_job(modelDebugConfig={"boundsPercentile": 101.0}), 10104),
        *((_analysis(COUNT, **{name: -1}), 10104) for name in ("bucketSpan", "batchSpan", "period", "latency")),
        (_analysis(COUNT, bucketSpan=0), 10104),
        (_analysis(COUNT, resultFinalizationWindow=-1), 10104),
        (_analysis(COUNT, categorizationFilters=["a"]), 10104),
        (_analysis(COUNT, categorizationFieldName="m", categorizationFilters=[""]), 10104),
        (_analysis(COUNT, categorizationFieldName="m", categorizationFilters=["a", "a"]), 10104),
        (_analysis(COUNT, categorizationFieldName="m", categorizationFilters=["("]), 10104),
        ({}, 10107),
        (_analysis(), 10107),
        ({"analysisConfig": {"bucketSpan": 3600}}, 10107),
        (_job(dataDescription={"timeFormat": "HH:mm"}), 10108),
        (_job(dataDescription={"timeFormat": "yyyy-MM-dd'T"}), 10108),
        *((_job() | {"id": f"a{bad}b"}, 10111) for bad in list('A\\/*?"<>| ,')),
        *((_job() | {"id": bad}, 10111) for bad in ("_a", "-a", "+a", ".", "..")),
        (_job() | {"id": "x" * 65}, 10112),
        (_job(schedulerConfig={"dataSource": "TELEX"}), 10301),
        (_job(schedulerConfig={"filePath": "/a", "query": {}}), 10302),
        (_job(schedulerConfig={**ELASTIC, "filePath": "/a"}, **OF_ELASTIC), 10302),
        (_job(schedulerConfig={"dataSource": "FILE"}), 10303),
        *((_job(schedulerConfig={**ELASTIC, **bad}, **OF_ELASTIC), 10303) for bad in SOURCES),
        (_job(schedulerConfig=ELASTIC, **OF_ELASTIC, **_analysis(COUNT)), 10304),
        (_job(schedulerConfig=ELASTIC, **OF_ELASTIC, **_analysis(COUNT, bucketSpan=60, latency=60)), 10305),
        (_job(schedulerConfig={**ELASTIC, "aggs": {"a": {}}}, **OF_ELASTIC), 10306),
        (_job(schedulerConfig=ELASTIC), 10307),
        (_job(schedulerConfig={**ELASTIC, "username": "ann"}, **OF_ELASTIC), 10308),
        (_job(schedulerConfig={**ELASTIC, "password": "x"}, **OF_ELASTIC), 10308),
        (
            _job(
                schedulerConfig={**ELASTIC, "username": "ann", "password": "x", "encryptedPassword": "y"}, **OF_ELASTIC
            ),
            10309,
        ),
    )
    for body, code in refused:
        yield Case(1, "", 400, code, body=body)
    yield Case(1, "", 409, 10110, body=configuration("closed"))
    yield Case(1, "", 409, 40103, "overwrite=true", configuration("busy"))


def _managed() -> Iterator[Case]:
    for query, code in (("skip=-1", 60110), ("skip=some", 60110), ("take=-1", 60111), ("take=some", 60111)):
        for number, job in ((2, ""), (14, "closed"), (17, "closed"), (18, "closed"), (19, "closed"), (22, "closed")):
            yield Case(number, job, 400, code, query)
    yield Case(3, "nobody", 404, MISSING)
    changes: tuple[tuple[Body, int], ...] = (
        *((b"", 10101), (b"{", 10101), (b"[]", 10101), (b"{}", 10101), ({"colour": "red"}, 10115)),
        *(({"description": 3}, 10104), ({"backgroundPersistInterval": 3599}, 10104)),
    )
    for change, code in changes:
        yield Case(4, "closed", 400, code, body=change)
    yield Case(4, "running", 409, 60120, body={"analysisLimits": {"modelMemoryLimit": 9000}})
    for number in (4, 5, 6, 7, 8):
        body: Body = {"description": "x"} if number == 4 else b"x" if number == 5 else None
        yield Case(number, "nobody", 404, 20101, body=body)
        yield Case(number, "busy", 409, 40103, body=body)
    yield Case(7, "paused", 409, 60123)
    yield Case(7, "failed", 409, 60123)
    for job in ("closed", "running", "failed"):
        yield Case(8, job, 409, 60124)


def _sent() -> Iterator[Case]:
    late = b"".join([rows(400), *[f"{START},1\n".encode()] * 200])
    undated = b"time,value\n" + b"".join(f"{'soon' if n % 3 else START},1\n".encode() for n in range(300))
    for number in (9, 12):
        yield Case(number, "nobody", 404, 20101, body=rows(1))
        yield Case(number, "busy", 409, 40103, body=rows(1))
        yield Case(number, "failed", 500, 40101, body=rows(1))
        yield Case(number, "closed", 400, 60109, f"resetStart={START}", rows(1))
        for query in (
            *(f"resetEnd={START}", "resetStart=yesterday", f"resetStart={START}&resetEnd={START - HOUR}"),
            f"resetStart={START}",  # long ago
        ):
            yield Case(number, "late", 400, 60108, query, rows(1, START + 200 * HOUR))
    for number in (9, 12, 13):
        yield Case(number, "refusing", 400, 30101, body=b"time,other\n1,2\n")
        yield Case(number, "refusing", 400, 30102, body=rows(9), headers=PACKED)
        yield Case(number, "json", 400, 30107, body=b'{"time": 1, "value": 2} and so on')
    for number in (9, 12):
        yield Case(number, "refusing", 400, 30103, body=undated)
        yield Case(number, "refusing", 400, 30105, body=late)
    yield Case(13, "nobody", 404, 20101, body=rows(1))
    for query, code in (
        *((f"start={START}", 60106), (f"calcInterim=true&end={START}", 60106), ("advanceTime=soon", 60101)),
        *((f"calcInterim=true&start={START}&end={START - 1}", 60107), ("calcInterim=true&start=soon", 60101)),
    ):
        yield Case(10, "running", 400, code, query)
    yield Case(10, "failed", 500, 40001)
    for number in (10, 11):
        yield Case(number, "nobody", 404, 20101)
        yield Case(number, "busy", 409, 40103)


def _read() -> Iterator[Case]:
    for number in (14, 15, 16, 17, 18, 19, 20, 21, 22):
        yield Case(number, "nobody", 404, 20101, "score=1" if number == 21 else "")
    for number in (14, 17, 18, 22):
        for query, code in ((f"start={START}&end={START - 1}", 60107), ("start=soon", 60101), ("end=soon", 60101)):
            yield Case(number, "closed", 400, code, query)
    for number in (15, 16):
        yield Case(number, "closed", 404, MISSING)
        yield Case(number, "closed", 400, 60101, time="soon")
    for number in (17, 18, 22):
        yield Case(number, "closed", 400, 60102, "sort=colour")
    yield Case(20, "closed", 404, MISSING)
    for query, code in (
        *(("", 60104), ("score=101", 60104), ("probability=-1", 60104), ("score=much", 60104)),
        *(("score=1&timeout=-1", 60105), ("score=1&timeout=soon", 60105), ("score=1&alertOn=record", 60112)),
        ("probability=1&alertOn=influencer", 60113),
    ):
        yield Case(21, "running", 400, code, query)
    for job in ("closed", "paused", "failed"):
        yield Case(21, job, 400, 60103, "score=1")


def _kept() -> Iterator[Case]:
    yield Case(23, "nobody", 404, 20101, "snapshotId=1")
    yield Case(23, "closed", 400, 60118)
    yield Case(23, "closed", 400, 60101, "time=soon")
    for query in ("snapshotId=none", "description=none", "time=1"):
        yield Case(23, "closed", 404, 60119, query)
    for job in ("running", "paused"):
        yield Case(23, job, 409, 60120, "time=2030-01-01T00:00:00Z")
    for body in (b"", b"{", b"[]", {}, {"description": ""}, {"description": 3}):
        yield Case(24, "snapped", 400, 60121, body=body, snapshot="{newest}")
    yield Case(24, "snapped", 400, 60122, body={"description": "the first"}, snapshot="{newest}")
    yield Case(24, "snapped", 404, 60119, body={"description": "none"})
    yield Case(24, "nobody", 404, 20101, body={"description": "none"})
    yield Case(25, "snapped", 400, 60125, snapshot="{newest}")
    yield Case(25, "snapped", 404, 60119)
    yield Case(25, "nobody", 404, 20101)


def _scheduled() -> Iterator[Case]:
    for number in (26, 27):
        yield Case(number, "nobody", 404, 20101)
        yield Case(number, "closed", 404, 60116)
    yield Case(26, "scheduled", 400, 60101, "start=soon")
    yield Case(26, "scheduled", 400, 60107, f"start={START}&end={START - 1}")
    yield Case(27, "scheduled", 409, 60115)
    for job in ("started", "resting"):
        yield Case(26, job, 409, 60114)
    for number in (7, 8, 9, 10, 11, 12):
        yield Case(number, "started", 400, 60117, body=rows(1) if number in (9, 12) else None)
    source = {"dataSource": "FILE", "filePath": "/elsewhere.csv"}
    yield Case(4, "started", 409, 60126, body={"schedulerConfig": source})
    yield Case(23, "started", 409, 60120, "snapshotId=1")


def _validated() -> Iterator[Case]:
    detectors: tuple[tuple[Body, int], ...] = (
        *((b"{", 10116), (b"[]", 10116), ({"function": 3}, 10116), ({**COUNT, "colour": "red"}, 10117)),
        *(({"function": "average", "fieldName": "a"}, 10105), ({"function": "mean"}, 10106)),
        *(({"function": "mean", "fieldName": 'a"b'}, 10113), ({**COUNT, "excludeFrequent": "often"}, 10119)),
    )
    transforms: tuple[tuple[Body, int], ...] = (
        *((b"{", 10215), (b"[]", 10215), ({**CONCAT, "inputs": "a"}, 10215), ({**CONCAT, "colour": "red"}, 10216)),
        *(({**CONCAT, "transform": "join"}, 10201), ({**CONCAT, "inputs": ["a"]}, 10202)),
        *(({**CONCAT, "arguments": ["a", "b"]}, 10206), ({"transform": "exclude", "inputs": ["a"]}, 10208)),
        *(({**CONCAT, "outputs": ["a", "b"]}, 10211), ({**CONCAT, "inputs": ["a", ""]}, 10212)),
        *(({**CONCAT, "outputs": [" "]}, 10213), ({**CONCAT, "transform": "extract", "inputs": ["a"]}, 10206)),
    )
    lists: tuple[tuple[Body, int], ...] = (
        *((b"{}", 10215), (b"[", 10215), ([CONCAT, CONCAT], 10205), ([{**CONCAT, "outputs": ["a"]}], 10204)),
        ([{**CONCAT, "inputs": ["a", "d"]}, {**CONCAT, "inputs": ["a", "c"], "outputs": ["d"]}], 10204),
    )
    for number, refused in ((28, detectors), (29, transforms), (30, lists)):
        for body, code in refused:
            yield Case(number, "", 400, code, body=body)


def _logged() -> Iterator[Case]:
    for number in (31, 32, 33, 34):
        yield Case(number, "nobody", 404, 50102)
    for number in (33, 34):
        yield Case(number, "closed", 404, 50102)
        for bad in ("..%2Fa", "..%5Ca", "a%5Cb"):
            yield Case(number, "closed", 400, 50103, file=bad)


CASES = [*_created(), *_managed(), *_sent(), *_read(), *_kept(), *_scheduled(), *_validated(), *_logged()]


@pytest.fixture(scope="module")
def server(serving: "Serving", tmp_path_factory: pytest.TempPathFactory) -> Iterator["Running"]:
    with serving(tmp_path_factory.mktemp("errors") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def client(server: "Running") -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def jobs(server: "Running") -> Iterator[dict[str, str]]:
    """A job for each state that something is refused in; the requests of the cases change none of them."""
    api = httpx.Client(base_url=f"{server.url}/engine/v2", timeout=60)

    def add(name: str, *uploads: bytes, **changes: Any) -> None:
        api.post("/jobs", json=configuration(name, **changes)).raise_for_status()
        for body in uploads:
            api.post(f"/data/{name}", content=body).raise_for_status()

    add("closed", rows(5))
    api.post("/data/closed/close").raise_for_status()
    add("running", rows(5))
    add("paused", rows(5))
    api.post("/jobs/paused/pause").raise_for_status()
    add("refusing")
    add("json", dataDescription={"format": "JSON"})
    add("late", rows(6 * 200), analysisConfig={"bucketSpan": HOUR, "latency": 3 * HOUR, "detectors": [COUNT]})
    file = server.home / "rows.csv"
    file.write_bytes(rows(60))
    for name in ("scheduled", "started", "resting"):
        add(name, schedulerConfig={"dataSource": "FILE", "filePath": str(file), "tailFile": True})
    api.post("/schedulers/started/start").raise_for_status()
    api.post("/jobs/resting/pause").raise_for_status()
    add("snapped")
    told = {"nobody": "nobody"}
    for part in range(2):
        api.post("/data/snapped", content=rows(60, START + 36_000 * part)).raise_for_status()
        api.post("/data/snapped/close").raise_for_status()
        told["newest"] = api.get("/modelsnapshots/snapped").json()["documents"][0]["snapshotId"]
        if part == 0:
            described = {"description": "the first"}
            api.put(f"/modelsnapshots/snapped/{told['newest']}/description", json=described).raise_for_status()
    add("failed")
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr("tailmass.engine.pipeline.Pipeline.write", lambda *_: 1 / 0)
        assert refusal(api.post("/data/failed", content=rows(5))) == (500, 40001)
    add("busy")
    sender = Sender(server)
    sender.begin("busy")
    yield told
    api.post("/schedulers/started/stop").raise_for_status()
    sender.end()
    sender.close()
    api.close()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_cannot_be_done_has_its_number(
    client: httpx.Client, jobs: dict[str, str], case: Case, version: str
) -> None:
    resource = INDEX[case.number]
    path = resource.path.format(
        job=case.job, time=case.time, category=case.category, snapshot=case.snapshot.format(**jobs), file=case.file
    )
    body = case.body if isinstance(case.body, bytes | None) else json.dumps(case.body).encode()
    url = f"/engine/{version}{path}?{case.query}"
    answered = client.request(resource.method, url, content=body, headers=dict(case.headers))
    if case.code == MISSING:
        assert (answered.status_code, answered.json()["exists"]) == (case.status, False)
        assert "document" not in answered.json()
    else:
        assert refusal(answered) == (case.status, told(case.code) if version == "v1" else case.code), answered.text
        wrapped = case.number in (9, 12) and version != "v0.3"
        assert ("responses" in answered.json()) is wrapped


def told(code: int) -> int:
    """By which number clients of version 1 know an error."""
    if code in KNOWN:
        return code
    nearest = {60110: 60101, 60111: 60101, 50103: 50102}
    return nearest.get(code, 10104 if code < 20000 else 40103)


def test_no_resource_is_left_out(shared: Path) -> None:
    assert {case.number for case in CASES} == set(INDEX) - {35, 36}  # what these may fail at cannot be brought about
    section = (shared / "spec" / "engine-api.md").read_text().partition("### 2.0 Index")[2].partition("\n### ")[0]
    found = re.findall(r"^\| (\d+) \| `([A-Z]+) ([^`?]+)`", section, re.MULTILINE)
    listed = {int(number): (method, re.sub(r"<\w+>\[.*|<\w+>", "_", path)) for number, method, path in found}
    assert listed == {each.number: (each.method, re.sub(r"\{\w+\}", "_", each.path)) for each in INDEX.values()}


@pytest.mark.parametrize("number", [35, 36])
@pytest.mark.parametrize("version", VERSIONS)
def test_logs_of_the_server_are_there_for_everyone(server: "Running", number: int, version: str) -> None:
    resource = INDEX[number]
    for path in {resource.path, resource.path.replace("elasticsearch", "engine_api")}:
        answered = httpx.get(f"{server.url}/engine/{version}{path}")
        assert (answered.status_code, answered.headers["content-type"]) == (200, "application/octet-stream")


def test_a_job_too_many_is_refused(serving: "Serving", tmp_path: Path) -> None:
    with (
        serving(tmp_path / "home", limits={"running_jobs": 1}) as running,
        httpx.Client(base_url=f"{running.url}/engine/v2", timeout=60) as api,
    ):
        first, second = create(api), create(api)
        api.post(f"/data/{first}", content=rows(5)).raise_for_status()
        assert refusal(api.post(f"/data/{second}", content=rows(5))) == (503, 30106)


def test_a_job_like_one_that_is_not_there_is_for_old_clients_to_ask(server: "Running") -> None:
    body = {"referenceJobId": "nobody"}
    for version, code in (("v2", 10102), ("v1", 10103), ("v0.3", 10103)):
        assert refusal(httpx.post(f"{server.url}/engine/{version}/jobs", json=body)) == (400, code)
