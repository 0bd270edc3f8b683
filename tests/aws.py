"""AWS on the loopback address, as moto plays it, for as long as the tests run.

Each region is an AWS of its own: tests that take one each do not see what others have put there.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

ACCESS = {"aws_access_key_id": "tester", "aws_secret_access_key": "secret"}
"""What to show it; it takes anything."""
PATIENCE = 60.0
# In a process of its own, where neither its log nor its warnings are in the way of the tests.
_PROGRAM = """
import sys
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""


@contextmanager
def aws() -> Iterator[str]:
    """The URL of a fresh AWS, which answers for every service and region."""
    command = [sys.executable, "-c", _PROGRAM]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url, "moto did not start"
            yield url
        finally:
            process.kill()
            process.wait(PATIENCE)


def client(service: str, url: str, region: str) -> Any:
    """A client of boto3."""
    import boto3  # every test has this module, few need that one

    return boto3.client(service, endpoint_url=url, region_name=region, **ACCESS)


def new_region() -> str:
    """A region that no other test of this process uses."""
    return next(_regions())


@cache
def _regions() -> Iterator[str]:
    import boto3

    return iter(boto3.Session().get_available_regions("cloudwatch"))


def environment(url: str, region: str) -> dict[str, str]:
    """The environment for a program that finds this AWS as it would find the real one, and nothing else of AWS here."""
    return os.environ | {
        "AWS_ACCESS_KEY_ID": ACCESS["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": ACCESS["aws_secret_access_key"],
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": url,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
