"""Reading CloudWatch, as moto plays it, and where moto does not, as the documentation of AWS has it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from botocore.stub import Stubber

from tailmass.feeds.cloudwatch import CloudWatch, Metrics
from tailmass.feeds.rows import Row, Span
from tests.aws import client, new_region

START = datetime(2026, 3, 2, tzinfo=UTC)
START_MS = int(START.timestamp()) * 1000
HOUR = Span(START_MS, START_MS + 3_600_000)
MACHINES = Metrics(dimensions=(("InstanceId", None),), period=300)


@pytest.fixture
def cloud(aws_url: str) -> Any:
    """A client of a region that nobody else uses."""
    return client("cloudwatch", aws_url, new_region())


def put(cloud: Any, metric: str, values: Sequence[float], *, namespace: str = "AWS/EC2", **dimensions: str) -> None:
    """Values every five minutes."""
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    cloud.put_metric_data(
        Namespace=namespace,
        MetricData=[
            {
                "MetricName": metric,
                "Dimensions": named,
                "Timestamp": START + timedelta(minutes=5 * n),
                "Value": value,
            }
            for n, value in enumerate(values)
        ],
    )


def rows(source: CloudWatch, span: Span = HOUR) -> list[Row]:
    return [row for part in source.parts(span) for row in part.rows]


def test_instances_are_kept_apart_and_the_last_time_is_there(cloud: Any) -> None:
    put(cloud, "CPUUtilization", [1, 2], InstanceId="i-b")
    put(cloud, "CPUUtilization", [3, 4], InstanceId="i-a")
    put(cloud, "NetworkIn", [5], InstanceId="i-a")
    assert rows(CloudWatch(cloud, MACHINES)) == [
        {"timestamp": "2026-03-02T00:00:00Z", "instance": "i-a", "CPUUtilization": 3.0, "NetworkIn": 5.0},
        {"timestamp": "2026-03-02T00:00:00Z", "instance": "i-b", "CPUUtilization": 1.0},
        {"timestamp": "2026-03-02T00:05:00Z", "instance": "i-a", "CPUUtilization": 4.0},
        {"timestamp": "2026-03-02T00:05:00Z", "instance": "i-b", "CPUUtilization": 2.0},
    ]


@pytest.mark.parametrize("window", [300, 700, 1500, 3600, 7200])
def test_no_two_parts_share_a_time_however_much_is_asked_for_at_once(cloud: Any, window: int) -> None:
    for name in ("i-a", "i-b"):
        put(cloud, "CPUUtilization", range(20), InstanceId=name)
    source = CloudWatch(cloud, MACHINES, window=window)
    parts = list(source.parts(HOUR))
    assert [row["CPUUtilization"] for part in parts for row in part.rows] == [n for n in range(12) for _ in range(2)]
    assert [part.until_ms for part in parts] == sorted({part.until_ms for part in parts})
    assert parts[-1].until_ms == HOUR.until_ms
    for part in parts:
        newest = datetime.fromisoformat(part.rows[-1]["timestamp"])
        assert newest.timestamp() * 1000 < part.until_ms


def test_spans_that_end_within_a_period_neither_lose_nor_repeat_it(cloud: Any) -> None:
    put(cloud, "CPUUtilization", range(12), InstanceId="i-a")
    cuts = [0, 0, 1, 299, 300, 301, 420, 900, 1700, 1800, 3599, 3600]
    spans = [Span(START_MS + since * 1000, START_MS + until * 1000) for since, until in pairwise(cuts)]
    source = CloudWatch(cloud, MACHINES)
    read = [[row["CPUUtilization"] for row in rows(source, span)] for span in spans]
    assert read == [[], [0], [], [], [1], [], [2], [3, 4, 5], [], [6, 7, 8, 9, 10, 11], []]


def test_all_values_of_a_period_make_one(cloud: Any) -> None:
    put(cloud, "CPUUtilization", range(12), InstanceId="i-a")
    for statistic, expected in (("Average", 5.5), ("Sum", 66.0), ("Maximum", 11.0)):
        metrics = Metrics(dimensions=(("InstanceId", None),), period=3600, statistic=statistic)
        assert [row["CPUUtilization"] for row in rows(CloudWatch(cloud, metrics))] == [expected]


def test_metrics_are_chosen_by_their_names_and_exactly_their_dimensions(cloud: Any) -> None:
    disk = {"namespace": "CWAgent", "InstanceId": "i-a"}
    put(cloud, "used", [1], **disk, path="/")
    put(cloud, "used", [2], **disk, path="/home")
    put(cloud, "free", [3], **disk, path="/")
    put(cloud, "used", [4], **disk)
    put(cloud, "used", [5], namespace="CWAgent")

    def listed(*names: str, **dimensions: str | None) -> list[tuple[str, Mapping[str, str]]]:
        source = CloudWatch(cloud, Metrics("CWAgent", names, tuple(dimensions.items())))
        return [(each.metric, dict(each.dimensions)) for each in source.series()]

    root, home = {"InstanceId": "i-a", "path": "/"}, {"InstanceId": "i-a", "path": "/home"}
    assert len(listed()) == 5
    assert listed(InstanceId=None) == [("used", {"InstanceId": "i-a"})]
    assert listed(InstanceId=None, path=None) == [("free", root), ("used", root), ("used", home)]
    assert listed("used", InstanceId=None, path="/") == [("used", root)]
    assert listed("free", "other") == [("free", root)]
    source = CloudWatch(cloud, Metrics("CWAgent", ("used",), (("InstanceId", None), ("path", None)), period=300))
    assert rows(source) == [
        {"timestamp": "2026-03-02T00:00:00Z", "instance": "i-a", "path": "/", "used": 1.0},
        {"timestamp": "2026-03-02T00:00:00Z", "instance": "i-a", "path": "/home", "used": 2.0},
    ]


def test_more_metrics_than_a_request_may_have_are_read(cloud: Any) -> None:
    for first in range(0, 1100, 100):
        cloud.put_metric_data(
            Namespace="AWS/EC2",
            MetricData=[
                {
                    "MetricName": "CPUUtilization",
                    "Dimensions": [{"Name": "InstanceId", "Value": f"i-{n:04}"}],
                    "Timestamp": START,
                    "Value": n,
                }
                for n in range(first, first + 100)
            ],
        )
    read = rows(CloudWatch(cloud, MACHINES), Span(START_MS, START_MS + 300_000))
    assert [row["CPUUtilization"] for row in read] == list(range(1100))


def test_where_there_is_nothing_there_is_an_empty_part(cloud: Any) -> None:
    [part] = CloudWatch(cloud, MACHINES).parts(HOUR)
    assert (list(part.rows), part.until_ms) == ([], HOUR.until_ms)


def test_two_fields_of_one_name_are_refused(cloud: Any) -> None:
    put(cloud, "instance", [1], InstanceId="i-a")
    with pytest.raises(ValueError, match="two fields 'instance'"):
        rows(CloudWatch(cloud, MACHINES))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"period": 420}, "period of 420 s"),
        ({"period": 45}, "period of 45 s"),
        ({"statistic": "the mean"}, "'the mean' is no statistic"),
        ({"dimensions": (("a", "1"), ("a", "2"))}, "named twice"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(given: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Metrics(**given)


# moto gives all values of a request at once, never refuses for being asked too often, and forgets nothing. It looks at
# the time of a value as AWS does: from the start on, and before the end.


@pytest.fixture
def told() -> Iterator[Stubber]:
    """What AWS answers, written down beforehand."""
    with Stubber(client("cloudwatch", "https://monitoring.eu-west-1.amazonaws.com", "eu-west-1")) as stubber:
        listed = [{"Namespace": "AWS/EC2", "MetricName": name, "Dimensions": MACHINE} for name in ("b", "a")]
        stubber.add_response("list_metrics", {"Metrics": listed[:1], "NextToken": "more"})
        stubber.add_response("list_metrics", {"Metrics": listed[1:]})
        yield stubber


MACHINE = [{"Name": "InstanceId", "Value": "i-a"}]


def recent() -> Span:
    hour = int(datetime.now(UTC).timestamp()) // 3600 * 3_600_000
    return Span(hour - 3_600_000, hour)


def page(told: Stubber, values: Mapping[str, Sequence[float]], status: str, token: str | None = None) -> None:
    """The next page; a value is also the number of five minutes after the start."""
    began = datetime.fromtimestamp(recent().since_ms / 1000, UTC)
    results = [
        {
            "Id": name,
            "StatusCode": status,
            "Timestamps": [began + timedelta(minutes=5 * n) for n in numbers],
            "Values": numbers,
        }
        for name, numbers in values.items()
    ]
    told.add_response("get_metric_data", {"MetricDataResults": results} | ({"NextToken": token} if token else {}))


def test_values_that_come_on_several_pages_are_put_together(told: Stubber) -> None:
    page(told, {"s0": [0, 1], "s1": [0]}, "PartialData", "more")
    page(told, {"s0": [2], "s1": [1, 2]}, "Complete")
    read = rows(CloudWatch(told.client, MACHINES), recent())
    assert [(row["a"], row["b"]) for row in read] == [(0, 0), (1, 1), (2, 2)]
    told.assert_no_pending_responses()


@pytest.mark.parametrize("status", ["PartialData", "InternalError"])
def test_values_that_are_missing_in_the_end_may_come_later(told: Stubber, status: str) -> None:
    page(told, {"s0": [0], "s1": [0]}, status)
    with pytest.raises(ConnectionError, match=f"not give all values of 2 metrics .{status}"):
        rows(CloudWatch(told.client, MACHINES), recent())


def test_values_that_nobody_may_read_do_not(told: Stubber) -> None:
    page(told, {"s0": [], "s1": []}, "Forbidden")
    with pytest.raises(ValueError, match="Forbidden"):
        rows(CloudWatch(told.client, MACHINES), recent())


def test_being_asked_too_often_passes(told: Stubber) -> None:
    told.add_client_error("get_metric_data", "Throttling", "Rate exceeded", 400)
    with pytest.raises(ConnectionError, match="Rate exceeded"):
        rows(CloudWatch(told.client, MACHINES), recent())


def test_what_aws_has_thrown_away_is_not_taken_for_silence(told: Stubber) -> None:
    now = int(datetime.now(UTC).timestamp() * 1000)
    days = {1: 0, 60: 14, 300: 62, 3600: 454}
    for period, kept in days.items():
        source = CloudWatch(told.client, Metrics(period=period))
        source.check(now - kept * 86_400_000)
        with pytest.raises(ValueError, match=f"values of every {period} s since"):
            next(source.parts(Span(now - (kept + 2) * 86_400_000, now)))
