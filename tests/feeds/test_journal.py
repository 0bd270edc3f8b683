from pathlib import Path

import pytest

from tailmass.feeds.journal import Journal, Place


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Of a job that had seven rows before: ten of the pull are safe, ten more acknowledged, five on their way."""
    made = Journal.new(tmp_path / "pull.state", "web", {"url": "http://search"}, 100, 7)
    made.reach(Place(10, 200))
    made.keep()
    made.reach(Place(20, 300))
    made.begin(Place(25, 400))
    return made


def test_what_was_written_is_read_again(journal: Journal) -> None:
    assert Journal.read(journal.path) == journal
    assert [each.name for each in journal.path.parent.iterdir()] == ["pull.state"]


def test_there_may_be_none(tmp_path: Path) -> None:
    assert Journal.read(tmp_path / "pull.state") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kept": 3, "sent": 3, "sending": null}', '{"job_id": "web"}'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pull.state"
    path.write_text(text)
    with pytest.raises(ValueError, match="says nothing about a pull"):
        Journal.read(path)


@pytest.mark.parametrize(
    ("rows", "place", "there"),
    [
        (25, Place(25, 400), 0),  # all of what was on its way has arrived
        (23, Place(20, 300), 3),  # some of it
        (20, Place(20, 300), 0),  # nothing
        (13, Place(10, 200), 3),  # the server of the job was killed and has lost some
        (10, Place(10, 200), 0),
    ],
)
def test_whatever_the_job_has_counted_there_is_a_place_to_go_on(
    journal: Journal, rows: int, place: Place, there: int
) -> None:
    assert journal.locate(7 + rows) == (place, there)
    assert (journal.sent, journal.sending) == (place, None)


@pytest.mark.parametrize("rows", [-7, 9, 26])
def test_counts_that_no_crash_explains_are_refused(journal: Journal, rows: int) -> None:
    with pytest.raises(ValueError, match="the job was set back, or something else sends to it"):
        journal.locate(7 + rows)
