from collections.abc import Iterator
from pathlib import Path

import pytest

from tailmass.store import Store
from tests.postgresql import database, postgresql
from tests.store.samples import state


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database; whatever takes it is promised for every kind of database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'results.sqlite'}"
    else:
        with database(request.getfixturevalue("server"), tmp_path.name) as made:
            yield made


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    """An open store with one job called "job"."""
    opened = Store.open(url, tmp_path)
    opened.add_job(state("job"))
    yield opened
    opened.close()
