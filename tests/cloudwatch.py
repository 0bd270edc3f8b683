"""Machines and databases of two days in CloudWatch, for the page that pulls them."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.aws import client

START = datetime(2026, 3, 2, tzinfo=UTC)
STEP = timedelta(minutes=5)
PERIODS = 2 * 288


def fill_with_machines(url: str, region: str) -> None:
    """Two machines, one of which is busy for a while, and a database that once reads slowly."""
    chance = random.Random(1)
    _put(url, region, "AWS/EC2", "CPUUtilization", "InstanceId=i-0a1b2c3d", lambda n: 20 + chance.gauss(0, 2))
    _put(url, region, "AWS/EC2", "NetworkIn", "InstanceId=i-0a1b2c3d", lambda n: 10_000 + chance.gauss(0, 500))
    _put(
        url,
        region,
        "AWS/EC2",
        "CPUUtilization",
        "InstanceId=i-0e5f6a7b",
        lambda n: 97.5 if 460 <= n < 464 else 35 + chance.gauss(0, 3),
    )
    _put(
        url,
        region,
        "AWS/RDS",
        "ReadLatency",
        "DBInstanceIdentifier=orders",
        lambda n: 0.09 if n == 500 else 0.004 + chance.gauss(0, 0.0003),
    )
    _put(url, region, "AWS/RDS", "ReadLatency", "EngineName=postgres", lambda n: 0.004)


def _put(url: str, region: str, namespace: str, metric: str, dimension: str, value: Callable[[int], float]) -> None:
    name, _, of = dimension.partition("=")
    data = [
        {
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": of}],
            "Timestamp": START + n * STEP,
            "Value": value(n),
        }
        for n in range(PERIODS)
    ]
    client("cloudwatch", url, region).put_metric_data(Namespace=namespace, MetricData=data)
