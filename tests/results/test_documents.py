import pytest

from tailmass.results import acknowledgement, page, single
from tailmass.results.documents import Parameter

URL = "http://localhost:8080/engine/v2/results/farequote/buckets"
BUCKETS: dict[str, Parameter] = {
    "start": None,
    "end": None,
    "expand": False,
    "includeInterim": False,
    "anomalyScore": 0.0,
    "maxNormalizedProbability": 0.0,
}


def test_an_acknowledgement_says_so() -> None:
    assert acknowledgement() == {"acknowledgement": True}


def test_a_document_that_exists_comes_with_its_kind_and_one_that_does_not_without_a_body() -> None:
    assert single("job", {"id": "x"}) == {"exists": True, "type": "job", "document": {"id": "x"}}
    assert single("job", None) == {"exists": False, "type": "job"}


def test_the_first_page_of_the_worked_example_is_written_field_by_field() -> None:
    assert list(page([{"a": 1}], 118, 0, 100, URL, BUCKETS).items()) == [
        ("hitCount", 118),
        ("skip", 0),
        ("take", 100),
        (
            "nextPage",
            f"{URL}?skip=100&take=100&expand=false&includeInterim=false&anomalyScore=0.0&maxNormalizedProbability=0.0",
        ),
        ("previousPage", None),
        ("documents", [{"a": 1}]),
    ]


@pytest.mark.parametrize(
    ("hits", "skip", "take", "following", "preceding"),
    [
        (0, 0, 100, None, None),
        (100, 0, 100, None, None),
        (101, 0, 100, "skip=100&take=100", None),
        (101, 100, 100, None, "skip=0&take=100"),
        (300, 50, 100, "skip=150&take=100", "skip=0&take=100"),
        (300, 250, 100, None, "skip=150&take=100"),
        (5, 0, 0, "skip=0&take=0", None),
    ],
)
def test_pages_follow_each_other(hits: int, skip: int, take: int, following: str | None, preceding: str | None) -> None:
    body = page([], hits, skip, take, URL, {})
    assert body["nextPage"] == (following and f"{URL}?{following}")
    assert body["previousPage"] == (preceding and f"{URL}?{preceding}")


def test_a_parameter_is_restated_so_that_it_survives_the_url() -> None:
    parameters: dict[str, Parameter] = {"start": "2014-06-25T00:00:00+01:00", "sort": "a&b", "desc": True}
    following = page([], 9, 0, 1, URL, parameters)["nextPage"]
    assert following == f"{URL}?skip=1&take=1&start=2014-06-25T00%3A00%3A00%2B01%3A00&sort=a%26b&desc=true"
