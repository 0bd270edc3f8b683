import re
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

import httpx
import pytest

from .clients import create

if TYPE_CHECKING:
    from tests.conftest import Running

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def page(lasting_server: "Running") -> httpx.Response:
    return httpx.get(lasting_server.url, headers={"Accept": BROWSER})


def test_a_browser_is_shown_a_page_and_everyone_else_json(lasting_server: "Running", page: httpx.Response) -> None:
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for accepted in ("*/*", "application/json", ""):
        answered = httpx.get(lasting_server.url, headers={"Accept": accepted})
        assert answered.json()["name"] == "tailmass"
        assert answered.headers["vary"] == page.headers["vary"] == "Accept"


def test_every_link_of_the_page_leads_somewhere(lasting_server: "Running", page: httpx.Response) -> None:
    links = re.findall(r'<a href="([^"]+)"', page.text)
    assert len(links) == 6
    for link in links:
        assert httpx.get(f"{lasting_server.url}/{link}", follow_redirects=True).status_code == 200


def test_what_the_script_asks_for_is_there(lasting_server: "Running", api: httpx.Client, page: httpx.Response) -> None:
    job = create(api, description="<b>bold</b>")
    paths = re.findall(r'[("`](engine/v3[^"`]*)[")`]', page.text.partition("<script>")[2])
    assert [path.partition("?")[0] for path in paths] == ["engine/v3/${path}", "engine/v3/jobs", "engine/v3"]
    for path in re.findall(r"`(\w+/\$\{id\}[^`]*)`", page.text):
        asked = f"{lasting_server.url}/engine/v3/{path.replace('${id}', job)}"
        assert httpx.get(asked).status_code == 200


def test_the_page_runs_its_own_script_only_and_needs_no_other_server(page: httpx.Response) -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    policy = page.headers["content-security-policy"]
    assert f"script-src 'sha256-{b64encode(sha256(script.encode()).digest()).decode()}';" in policy
    assert "innerHTML" not in script  # ids and descriptions are what users write
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page.text) == []
