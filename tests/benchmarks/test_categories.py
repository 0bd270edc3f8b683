from typing import Any

from benchmarks import page
from benchmarks.categories import categories, fresh_lines

STAMP = {"measured": "2026-01-31", "version": "0.1.0", "source": "0123abcd", "cores": 2, "python": "3.11.7"}


def system(ga: float) -> dict[str, Any]:
    return {"lines": 2000, "templates": 7, "categories": 8, "ga": ga, "fga": 0.5, "pair_f1": 0.25, "us_a_line": 2.0}


def rendered(drain: dict[str, Any]) -> str:
    speed = {"repeated": 6e5, "fresh": 1e5, "as_they_came": 7e5, "bytes_a_line": 70.0, "bytes_a_fresh_line": 74.0}
    section = {**STAMP, "systems": {"A": system(0.9), "B": system(0.8)}, "drain": drain, "lines_per_second": speed}
    return page.render({"categories": section})


def test_systems_and_their_mean_stand_beside_those_of_drain() -> None:
    text = rendered({"package_version": "0.9", "systems": {"A": system(0.7), "B": system(0.5)}})
    assert "| A | 7 | 8 | .900 | .500 | .250 | 8 | .700 | .500 | .250 |" in text
    assert "| mean |  |  | .850 | .500 | .250 |  | .600 | .500 | .250 |" in text
    assert "600 of shapes met before" in text


def test_without_drain_ours_are_there_alone() -> None:
    assert "| A | 7 | 8 | .900 | .500 | .250 | – | – | – | – |" in rendered({"failed": "drain3 is not installed"})


def test_fresh_lines_have_a_shape_each() -> None:
    lines = fresh_lines(500)
    assert len(set(lines.str.replace_all(r"\d", "").to_list())) == 500


def test_the_adapter_gives_a_category_to_every_line() -> None:
    assert categories(["start 1", "stop", "start 2"]) == [1, 2, 1]
