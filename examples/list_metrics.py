"""Print the metrics that CloudWatch has of EC2 or EBS: name, namespace and dimensions.

    python examples/list_metrics.py [--service EC2] aws.conf

The file has the lines region = ..., aws_access_key_id = ... and aws_secret_access_key = ...; boto3 has to be there.
`tailmass pull cloudwatch --list` does it too, for all namespaces.
"""

import argparse
import sys
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from cloud_watch_metrics import connected


def show(cloudwatch: Any, namespace: str) -> None:
    """Print a line for each metric."""
    for page in cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace):
        for metric in page["Metrics"]:
            dimensions = ", ".join(f"{each['Name']}={each['Value']}" for each in metric["Dimensions"])
            print(metric["MetricName"], metric["Namespace"], dimensions)


def main() -> None:
    """Read the arguments and print."""
    parser = argparse.ArgumentParser(description="Print the metrics that CloudWatch has of EC2 or EBS.")
    parser.add_argument("--service", choices=("EC2", "EBS"), default="EC2")
    parser.add_argument("config", help="file with region, aws_access_key_id and aws_secret_access_key")
    given = parser.parse_args()
    try:
        show(connected(given.config), f"AWS/{given.service}")
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"AWS: {error}")


if __name__ == "__main__":
    main()
