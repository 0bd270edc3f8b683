import pytest

from .rows import failed, made, run


@pytest.mark.parametrize(
    ("geohash", "place"),
    [
        ("ezs42", "42.60498046875,-5.60302734375"),
        ("EZS42", "42.60498046875,-5.60302734375"),
        ("s", "22.5,22.5"),
        ("0", "-67.5,-157.5"),
    ],
)
def test_a_geohash_is_the_middle_of_its_cell(geohash: str, place: str) -> None:
    outcome = run("geo_unhash", [geohash])
    assert made(outcome) == [place]
    assert failed(outcome) == [False]


@pytest.mark.parametrize("value", ["", "ezs4a", "ezs 42", "-", "é", "�", "0il"])
def test_what_is_no_geohash_is_a_failure(value: str) -> None:
    outcome = run("geo_unhash", [value, "s"])
    assert made(outcome) == ["", "22.5,22.5"]
    assert failed(outcome) == [True, False]
