"""The pages that need a server of somebody else: their commands run, and print what the pages say."""

import json
import re
import runpy
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import mariadb, postgresql
from tests.aws import aws, environment
from tests.cloudwatch import fill_with_machines
from tests.logstash import fill_as_logstash
from tests.prometheus import prometheus, requests, threads
from tests.sql import fill

if TYPE_CHECKING:
    from tests.conftest import Running

ROOT = Path(__file__).parents[2]
SNIPPETS = runpy.run_path(str(ROOT / "docs" / "snippets.py"))
_SPEED = re.compile(r"[\d,]+ rows/s  (\d+:\d+:\d+|\?) left")

Others = dict[str, str]
"""What a page says, and what is there instead."""


def held_to_its_outputs(name: str, folder: Path, server: "Running", others: Others) -> None:
    """Run the commands of a page; how fast it was may differ."""
    page = SNIPPETS["Page"](ROOT / "docs" / "howto" / f"{name}.md")
    again = page.refreshed(folder, server.port, others=others)
    assert _SPEED.sub("-", again) == _SPEED.sub("-", page.text)


@pytest.mark.parametrize("elastic_url", ["elasticsearch8"], indirect=True, scope="session")
def test_elasticsearch(elastic_url: str, server: "Running", tmp_path: Path, shared: Path) -> None:
    fill_as_logstash(elastic_url, shared)
    sample = json.loads((ROOT / "examples" / "apache-access.json").read_text())
    for name in ("web", "live"):
        job = {**sample["job_config"], "id": name}
        (tmp_path / f"{name}.json").write_text(json.dumps({**sample, "job_config": job}))
    others = {"http://localhost:9200": elastic_url, "https://search.example:9200": elastic_url}
    held_to_its_outputs("elasticsearch", tmp_path, server, others)


@pytest.mark.parametrize("elastic_url", ["elasticsearch8"], indirect=True, scope="session")
def test_results_in_elasticsearch(elastic_url: str, server: "Running", tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    held_to_its_outputs("push-results", tmp_path, server, {"http://localhost:9200": elastic_url})


def test_cloudwatch(server: "Running", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with aws() as url:  # of its own, as the page says in which region it is
        fill_with_machines(url, "eu-west-1")
        for name, value in environment(url, "eu-west-1").items():
            monkeypatch.setenv(name, value)
        held_to_its_outputs("cloudwatch", tmp_path, server, {})


def test_sql(
    postgresql_server: postgresql.Cluster, mariadb_server: mariadb.Maria, server: "Running", tmp_path: Path
) -> None:
    with (
        postgresql.database(postgresql_server.url, "shop") as first,
        mariadb.database(mariadb_server.url, "shop") as second,
    ):
        rows = [(f"2026-03-02 {hour:02}:30:00", "NO", 20 + hour % 3) for hour in range(24)]
        for url, of in ((first, "TIMESTAMP"), (second, "DATETIME")):
            fill(url, "orders", {"placed": of, "country": "VARCHAR(2)", "price": "INTEGER"}, rows)
        others = {"postgresql://me@pg.example/shop": first, "mysql://me@maria.example/shop": second}
        held_to_its_outputs("sql", tmp_path, server, others)


def test_files(hadoop_address: str, server: "Running", tmp_path: Path) -> None:
    held_to_its_outputs("files", tmp_path, server, {"namenode:9870": hadoop_address})


def test_prometheus(server: "Running", tmp_path: Path) -> None:
    with prometheus([*requests(), *threads()], targets=[f"{server.host}:{server.port}"]) as url:
        held_to_its_outputs("prometheus", tmp_path, server, {"http://localhost:9090": url})


@pytest.mark.parametrize("elastic_url", ["elasticsearch8"], indirect=True, scope="session")
def test_scheduled_searches(elastic_url: str, server: "Running", tmp_path: Path) -> None:
    held_to_its_outputs("fetch", tmp_path, server, {"http://localhost:9200": elastic_url})
