import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tailmass.client.request import Moment, ask, moment


def test_ids_are_encoded_and_commas_between_them_stay() -> None:
    assert ask("POST", "data", "a b,c/d", "close").target == "/data/a%20b,c%2Fd/close"


def test_parameters_keep_their_order_and_none_is_left_out() -> None:
    request = ask("GET", "results", "j", desc=True, start="2014-06-25T16:00:00+01:00", end=None, score=0)
    assert request.target == "/results/j?desc=true&start=2014-06-25T16%3A00%3A00%2B01%3A00&score=0"


def test_an_empty_parameter_is_sent_empty() -> None:
    assert ask("POST", "schedulers", "j", "start", start="").target == "/schedulers/j/start?start="


def test_an_empty_id_is_refused_before_it_means_another_resource() -> None:
    with pytest.raises(ValueError, match="empty name"):
        ask("DELETE", "jobs", "")


@pytest.mark.parametrize(
    ("when", "written"),
    [
        (None, None),
        ("", ""),
        ("2014-06-25T16:00:00Z", "2014-06-25T16:00:00Z"),
        (1403712000, "1403712000"),
        (1403712000.0, "1403712000"),
        (1403712000.25, "2014-06-25T16:00:00.250Z"),
        (1403712000250, "1403712000250"),
        (1403712000250.75, "1403712000250"),
        (datetime(2014, 6, 25, 16), "2014-06-25T16:00:00.000Z"),
        (datetime(2014, 6, 25, 16, tzinfo=UTC), "2014-06-25T16:00:00.000Z"),
        (datetime(2014, 6, 25, 18, tzinfo=timezone(timedelta(hours=2))), "2014-06-25T16:00:00.000Z"),
    ],
)
def test_a_moment_is_written_as_the_server_reads_it(when: Moment | None, written: str | None) -> None:
    assert moment(when) == written


def test_a_payload_is_json_text_or_made_so() -> None:
    assert ask("POST", "jobs").carrying('{"id": "x"}').body == b'{"id": "x"}'
    assert json.loads(bytes(ask("POST", "jobs").carrying({"id": "ü"}).body or b"")) == {"id": "ü"}  # type: ignore[arg-type]


def test_a_page_repeats_every_parameter() -> None:
    assert ask("GET", "jobs", desc=True).page(100, 50).target == "/jobs?skip=100&take=50&desc=true"
