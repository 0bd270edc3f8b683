from pathlib import Path

import pytest

from tailmass.errors import SchedulerInvalidOption
from tailmass.feeds.allowed import allowed_file, allowed_url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that may be read, beside a file that may not."""
    (tmp_path / "secret.csv").write_text("time\n")
    made = tmp_path / "data"
    (made / "deep").mkdir(parents=True)
    (made / "rows.csv").write_text("time\n")
    (tmp_path / "data-of-others").mkdir()
    return made


@pytest.mark.parametrize("path", ["rows.csv", "deep/../rows.csv", "./rows.csv", "not-there-yet.csv", "deep"])
def test_what_is_in_a_folder_may_be_read(folder: Path, path: str) -> None:
    assert allowed_file(f"{folder}/{path}", [Path("/nowhere"), folder]) == (folder / path).resolve()


@pytest.mark.parametrize(
    "path", ["../secret.csv", "deep/../../secret.csv", "/etc/passwd", "../data-of-others/x", "//etc/passwd", ".."]
)
def test_what_is_outside_may_not(folder: Path, path: str) -> None:
    with pytest.raises(SchedulerInvalidOption, match="TAILMASS_SCHEDULER__FOLDERS"):
        allowed_file(str(folder / path), [folder])


def test_a_link_is_what_it_leads_to(folder: Path) -> None:
    (folder / "out.csv").symlink_to(folder.parent / "secret.csv")
    (folder / "away").symlink_to("/etc")
    (folder / "in.csv").symlink_to(folder / "rows.csv")
    assert allowed_file(str(folder / "in.csv"), [folder]) == folder / "rows.csv"
    for path in ("out.csv", "away/passwd"):
        with pytest.raises(SchedulerInvalidOption):
            allowed_file(str(folder / path), [folder])


def test_a_folder_may_be_a_link_itself(folder: Path) -> None:
    (folder.parent / "linked").symlink_to(folder)
    assert allowed_file(str(folder / "rows.csv"), [folder.parent / "linked"]) == folder / "rows.csv"


def test_a_path_that_is_none_is_told_so(folder: Path) -> None:
    (folder / "loop").symlink_to(folder / "loop")
    for path in ("a\0b", str(folder / "loop" / "x")):
        with pytest.raises(SchedulerInvalidOption):
            allowed_file(path, [folder.parent / "data-of-others"])


def test_without_folders_every_file_may_be_read_and_with_none_of_them_no_file() -> None:
    assert allowed_file("/etc/passwd", None) == Path("/etc/passwd").resolve()
    with pytest.raises(SchedulerInvalidOption):
        allowed_file("/etc/passwd", [])


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://es:9200/", "es"),
        ("http://ES.:9200", "es"),
        ("https://es/", "es:443"),
        ("http://es:9200/", "es:9200"),
        ("http://a.b.example.com/", ".example.com"),
        ("http://[::1]:9200/", "::1"),
        ("http://[::1]:9200/", "[::1]:9200"),
    ],
)
def test_a_host_that_is_listed_may_be_asked(url: str, host: str) -> None:
    assert allowed_url(url, ["elsewhere", f" {host.upper()}"]) == url


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://es.evil/", "es"),
        ("http://xes/", "es"),
        ("http://es:9201/", "es:9200"),
        ("http://evilexample.com/", ".example.com"),
        ("http://example.com/", ".example.com"),
        ("http://example.com.evil/", ".example.com"),
        ("http://2130706433/", "127.0.0.1"),
        ("http://[::ffff:127.0.0.1]/", "127.0.0.1"),
    ],
)
def test_any_other_host_may_not(url: str, host: str) -> None:
    with pytest.raises(SchedulerInvalidOption, match="TAILMASS_SCHEDULER__HOSTS"):
        allowed_url(url, [host])


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "es:9200",
            "file:///etc/passwd",
            "gopher://es/",
            "http:///x",
            "http://es:99999/",
            "http://es:x/",
            "//es/",
        ),
        *(
            "http://evil\\@es/",
            "http://es\n.evil/",
            "http://es /",
            "http://\u212alasse/",
            "http://es:0/",
            "http://[es/",
        ),
        *("http://user:secret@es/", "http://es@evil/", "http://@es/"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(url: str) -> None:
    for hosts in (None, ["es", "lasse", "klasse"]):
        with pytest.raises(SchedulerInvalidOption) as raised:
            allowed_url(url, hosts)
        assert "secret" not in raised.value.message
