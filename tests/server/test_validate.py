import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from prelert.engineApiClient import EngineApiClient
from tailmass.client import Client
from tailmass.errors import DuplicateTransformOutput, EngineError, TransformCircularDependency, UnknownFunction

if TYPE_CHECKING:
    from tests.conftest import Running

ACKNOWLEDGED = {"acknowledgement": True}
CONCAT = {"transform": "concat", "inputs": ["a", "b"], "outputs": ["c"]}
CIRCLE = [{**CONCAT, "inputs": ["a", "d"]}, {**CONCAT, "inputs": ["a", "c"], "outputs": ["d"]}]


@pytest.mark.parametrize(
    ("detector", "code"),
    [
        ({"function": "mean", "fieldName": "value", "byFieldName": "host"}, None),
        ({"function": "rare", "byFieldName": "host"}, None),
        ({"fieldName": "value"}, None),
        ({"function": "average", "fieldName": "value"}, 10105),
        ({"function": "mean"}, 10106),
        ({"function": "mean", "fieldName": 'a"b'}, 10113),
        ({"function": "count", "excludeFrequent": "often"}, 10119),
        ({"function": "count", "colour": "red"}, 10117),
        ({"function": 3}, 10116),
        (["count"], 10116),
        (None, 10116),
    ],
)
def test_a_detector_is_sound_or_breaks_a_rule(api: httpx.Client, detector: Any, code: int | None) -> None:
    answered = api.post("/validate/detector", json=detector)
    if code is None:
        assert (answered.status_code, answered.json()) == (200, ACKNOWLEDGED)
    else:
        assert (answered.status_code, answered.json()["errorCode"]) == (400, code)


@pytest.mark.parametrize(
    ("transform", "code"),
    [
        (CONCAT, None),
        ({"transform": "concat", "inputs": ["a", "b"]}, None),  # nothing uses its output, which is for a job to say
        ({"transform": "exclude", "inputs": ["a"], "condition": {"operator": "gt", "value": "5"}}, None),
        ({"transform": "join", "inputs": ["a", "b"]}, 10201),
        ({**CONCAT, "inputs": ["a"]}, 10202),
        ({**CONCAT, "outputs": ["a"]}, 10204),
        ({"transform": "split", "inputs": ["a"], "arguments": [","], "outputs": ["b", "b"]}, 10205),
        ({**CONCAT, "arguments": ["-", "+"]}, 10206),
        ({"transform": "exclude", "inputs": ["a"]}, 10208),
        ({"transform": "exclude", "inputs": ["a"], "condition": {"operator": "none", "value": "5"}}, 10209),
        ({"transform": "exclude", "inputs": ["a"], "condition": {"operator": "gt", "value": "x"}}, 10210),
        ({**CONCAT, "outputs": ["c", "d"]}, 10211),
        ({**CONCAT, "inputs": ["a", " "]}, 10212),
        ({**CONCAT, "outputs": [""]}, 10213),
        ({"transform": "extract", "inputs": ["a"], "arguments": ["("]}, 10214),
        ({**CONCAT, "inputs": "a b"}, 10215),
        ([CONCAT], 10215),
        ({**CONCAT, "colour": "red"}, 10216),
    ],
)
def test_a_transform_is_sound_or_breaks_a_rule(api: httpx.Client, transform: Any, code: int | None) -> None:
    answered = api.post("/validate/transform", json=transform)
    if code is None:
        assert (answered.status_code, answered.json()) == (200, ACKNOWLEDGED)
    else:
        assert (answered.status_code, answered.json()["errorCode"]) == (400, code)


@pytest.mark.parametrize(
    ("transforms", "code"),
    [
        ([], None),
        ([CONCAT, {**CONCAT, "inputs": ["a", "c"], "outputs": ["d"]}], None),
        ([CONCAT, CONCAT], 10205),
        (CIRCLE, 10204),
        ([CONCAT, {"transform": "join"}], 10201),
        (CONCAT, 10215),
        ([CONCAT, 3], 10215),
        ([{**CONCAT, "colour": "red"}], 10216),
    ],
)
def test_transforms_are_held_against_each_other(api: httpx.Client, transforms: Any, code: int | None) -> None:
    answered = api.post("/validate/transforms", json=transforms)
    if code is None:
        assert (answered.status_code, answered.json()) == (200, ACKNOWLEDGED)
    else:
        assert (answered.status_code, answered.json()["errorCode"]) == (400, code)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[" * 100_000])
@pytest.mark.parametrize("version", ["v2", "v1"])
@pytest.mark.parametrize(("what", "code"), [("detector", 10116), ("transform", 10215), ("transforms", 10215)])
def test_what_is_not_json_is_told_by_the_number_of_what_was_asked(
    lasting_server: "Running", version: str, what: str, code: int, text: bytes
) -> None:
    answered = httpx.post(f"{lasting_server.url}/engine/{version}/validate/{what}", content=text)
    known = code if version == "v2" else 10104  # clients before version 2 know no other number for it
    assert (answered.status_code, answered.json()["errorCode"]) == (400, known)


@pytest.mark.parametrize("what", ["transform", "transforms"])
def test_only_old_clients_may_use_old_names(lasting_server: "Running", what: str) -> None:
    told: Any = {"transform": "domain_lookup", "inputs": ["host"]}
    told = [told] if what == "transforms" else told
    statuses = [
        httpx.post(f"{lasting_server.url}/engine/{version}/validate/{what}", json=told).status_code
        for version in ("v1", "v0.3", "v2")
    ]
    assert statuses == [200, 200, 400]


def test_the_client_raises_what_is_wrong(lasting_server: "Running") -> None:
    client = Client(lasting_server.url)
    client.validate.detector({"function": "count"})
    client.validate.transform(CONCAT)
    client.validate.transforms([CONCAT])
    for check, wrong, error in (
        (client.validate.detector, {"function": "average"}, UnknownFunction),
        (client.validate.transforms, [CONCAT, CONCAT], DuplicateTransformOutput),
        (client.validate.transforms, CIRCLE, TransformCircularDependency),
    ):
        with pytest.raises(EngineError) as raised:
            check(wrong)
        assert isinstance(raised.value, error)


def test_the_client_of_2016_returns_what_is_wrong(lasting_server: "Running") -> None:
    client = EngineApiClient(lasting_server.host, "engine/v2", lasting_server.port)
    assert client.validateDetector(json.dumps({"function": "count"})) == (200, ACKNOWLEDGED)
    assert client.validateTransform(json.dumps(CONCAT)) == (200, ACKNOWLEDGED)
    assert client.validateTransforms(json.dumps([CONCAT])) == (200, ACKNOWLEDGED)
    status, error = client.validateTransforms(json.dumps(CIRCLE))
    assert (status, error["errorCode"]) == (400, 10204)
