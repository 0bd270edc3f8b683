from pathlib import Path

import pytest
from pydantic import ValidationError

from tailmass.server.settings import Settings


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TAILMASS_HOME", "TAILMASS_PORT", "TAILMASS_STORE__URL", "TAILMASS_CLOSE_STATUS", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_the_defaults_are_those_of_someone_trying_it_on_a_laptop() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.close_status) == ("127.0.0.1", 8080, 202)
    assert (settings.store.url, settings.max_take) == (None, None)
    assert settings.home == Path.home() / ".local" / "share" / "tailmass"


def test_the_home_follows_the_rules_for_data_directories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert Settings().home == Path("/data/tailmass")


def test_the_environment_overrides_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILMASS_HOME", "~/engine")
    monkeypatch.setenv("TAILMASS_CLOSE_STATUS", "200")
    monkeypatch.setenv("TAILMASS_STORE__URL", "postgresql://db/engine")
    settings = Settings()
    assert settings.home == Path.home() / "engine"
    assert (settings.close_status, settings.store.url) == (200, "postgresql://db/engine")


def test_a_list_is_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILMASS_SCHEDULER__FOLDERS", "/data, /more")
    monkeypatch.setenv("TAILMASS_SCHEDULER__HOSTS", "es-1:9200,.example.com")
    settings = Settings().scheduler
    assert settings.folders == (Path("/data"), Path("/more"))
    assert settings.hosts == ("es-1:9200", ".example.com")
    monkeypatch.delenv("TAILMASS_SCHEDULER__FOLDERS")
    assert Settings().scheduler.folders is None


def test_what_the_caller_gives_overrides_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILMASS_PORT", "9000")
    assert Settings().port == 9000
    assert Settings(port=9001).port == 9001


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILMASS_PORT", "")
    assert Settings().port == 8080


@pytest.mark.parametrize("given", [{"port": 70000}, {"close_status": 204}, {"max_take": -1}, {"colour": "red"}])
def test_a_setting_that_makes_no_sense_is_refused(given: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Settings(**given)  # type: ignore[arg-type]


def test_every_setting_says_what_it_is_for() -> None:
    assert all(field.description for field in Settings.model_fields.values())
