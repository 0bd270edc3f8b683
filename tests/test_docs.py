"""The documentation says what is: snippets run, links lead somewhere, what comes from the code is current."""

import html
import re
import runpy
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from string import ascii_letters
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tailmass.errors import InvalidDateFormat
from tailmass.intake.timestamps import Timestamps
from tailmass.jobs import FUNCTIONS, AnalysisConfig, Function, Job
from tailmass.jobs.dates import Pattern
from tailmass.jobs.grammar import detector

if TYPE_CHECKING:
    from tests.conftest import Running, Serving

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SNIPPETS = runpy.run_path(str(DOCS / "snippets.py"))
GENERATE = runpy.run_path(str(DOCS / "generate.py"))
PICTURE = runpy.run_path(str(DOCS / "picture.py"))
PAGES: list[Path] = SNIPPETS["pages"](ROOT)
settled = SNIPPETS["settled"]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture(scope="module")
def server(serving: "Serving", tmp_path_factory: pytest.TempPathFactory) -> Iterator["Running"]:
    """A server for these pages only: what they say of it, others might change."""
    with serving(tmp_path_factory.mktemp("docs") / "home") as running:
        yield running


# Pages that read public data are run by tests/journeys/test_tutorials.py, which also looks at what they find, and those
# that need servers of others by tests/journeys/test_connectors.py.
RUN_HERE = [path for path in PAGES if (page := SNIPPETS["Page"](path)).runs and not page.data and not page.servers]


@pytest.mark.parametrize("path", RUN_HERE, ids=name)
def test_every_snippet_runs_and_prints_what_the_page_says(path: Path, server: "Running", tmp_path: Path) -> None:
    page = SNIPPETS["Page"](path)
    if "curl" in page.text and shutil.which("curl") is None:
        pytest.skip("needs curl")
    assert settled(page.text) == settled(page.refreshed(tmp_path, server.port)), "run: make docs"


@pytest.fixture(scope="module")
def made() -> dict[Path, str]:
    pages: dict[Path, str] = GENERATE["pages"]()
    return pages


def test_what_is_made_from_the_code_is_current(made: dict[Path, str]) -> None:
    assert len(made) == 9
    for path, text in made.items():
        assert path.read_text() == text, f"{name(path)} is out of date; run: make docs"


@pytest.mark.parametrize("function", FUNCTIONS, ids=[each.name for each in FUNCTIONS])
def test_the_example_of_a_function_is_a_detector_with_it(function: Function) -> None:
    assert detector(GENERATE["example"](function)).definition is function


def test_the_picture_shows_what_the_demo_prints() -> None:
    drawn = html.unescape(" ".join(re.findall(r"<text[^>]*>([^<]+)</text>", PICTURE["PICTURE"].read_text())))
    assert drawn.split()[0] == "tailmass"  # the title of the window
    assert drawn.split()[1:] == PICTURE["printed"]().plain.split(), "run: make docs"


def test_the_first_screen_is_a_sentence_two_commands_and_a_picture() -> None:
    first, picture, _ = (ROOT / "README.md").read_text().partition("](docs/demo.svg)")
    assert picture
    blocks = list(SNIPPETS["Page"](ROOT / "README.md").blocks)
    assert blocks[0].body.splitlines() == ["make demo", "make test"]
    assert first.count("```") == 2
    heading, sentence, *_ = first.split("\n\n")
    assert heading == "# tailmass"
    assert re.findall(r"[.!?](?=\s|$)", sentence) == ["."]


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")).replace(" ", "-")


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_link_leads_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        assert "://" not in target, target
        file, _, anchor = target.partition("#")
        aim = (path.parent / file).resolve() if file else path
        assert aim.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", aim.read_text(), re.MULTILINE)
            assert anchor in map(slug, headings), target


def test_every_page_can_be_reached_from_the_index() -> None:
    linked = {(DOCS / target).resolve() for target in re.findall(r"\]\(([^)#]+)\)", (DOCS / "README.md").read_text())}
    assert linked == {path.resolve() for path in DOCS.rglob("*.md")} - {DOCS / "README.md"}


def test_the_files_of_the_walk_exist() -> None:
    rooms = ROOT / "src" / "tailmass"
    for mentioned in re.findall(r"`([\w/]+(?:\.py|/))`", (ROOT / "ARCHITECTURE.md").read_text()):
        places = [rooms / mentioned, ROOT / mentioned, *rooms.rglob(mentioned.rstrip("/"))]
        assert any(place.exists() for place in places), mentioned


def test_settings_that_are_said_to_change_nothing_are_read_by_nobody() -> None:
    page = (DOCS / "reference" / "jobs.md").read_text()
    paragraph = page.partition("and change nothing:")[2].partition("\n\n")[0]
    names = [re.sub(r"[A-Z]", lambda c: f"_{c[0].lower()}", each) for each in re.findall(r"(\w+)`", paragraph)]
    assert len(names) == 3
    assert set(names) <= {*Job.model_fields, *AnalysisConfig.model_fields}
    code = "".join(path.read_text() for room in ("engine", "analysis", "scoring", "server", "store", "intake")
                   for path in (ROOT / "src" / "tailmass" / room).rglob("*.py"))  # fmt: skip
    for each in names:
        assert not re.search(rf"(?<!tailmass\.)(job|config|analysis|state)\.{each}\b", code), each


def rows(path: Path, columns: int) -> list[list[str]]:
    """The cells of the tables of a page that have so many columns, without backticks; heads included."""
    lines = [line for line in path.read_text().splitlines() if line.startswith("| ")]
    split = [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in lines]
    return [cells for cells in split if len(cells) == columns and cells[0] != "---"]


PATTERNS = rows(DOCS / "reference" / "date-patterns.md", 3)[1:]


@pytest.mark.parametrize(("pattern", "text", "meant"), PATTERNS)
def test_the_examples_of_date_patterns_are_right(pattern: str, text: str, meant: str) -> None:
    times, dated = Timestamps(pattern).parse(pl.Series([text]))
    assert dated[0]
    assert datetime.fromtimestamp(times[0] / 1000, UTC) == datetime.fromisoformat(meant)


def test_every_letter_of_date_patterns_is_explained() -> None:
    explained = {
        letter for cells in rows(DOCS / "reference" / "date-patterns.md", 2) for letter in cells[0] if letter.isalpha()
    }
    assert {letter for letter in ascii_letters if means_something(letter)} <= explained


def means_something(letter: str) -> bool:
    with suppress(InvalidDateFormat):
        return bool(Pattern.parse(f"yyyy-MM-dd HH:mm:ss {letter * (2 if letter == 'V' else 1)}"))
    return False


def test_every_dependency_has_its_reason() -> None:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["postgresql"], *extras["mysql"], *extras["aws"], *extras["dev"]]
    explained = [cells[0] for cells in rows(DOCS / "explanation" / "dependencies.md", 4) if cells[0] != "Package"]
    assert sorted(explained) == sorted(re.match(r"[\w-]+", each)[0] for each in asked)  # type: ignore[index]
