from dataclasses import replace

import numpy as np
import pytest

from tailmass.analysis.detector import Causes, Findings
from tailmass.analysis.explanation import looking_like
from tailmass.analysis.held import Held


def findings(bucket: list[int], *, causes: Causes | None = None) -> Findings:
    count = len(bucket)
    return Findings(
        bucket=np.array(bucket, np.int64),
        series=np.arange(count),
        evidence=np.full(count, 3.0),
        probability=np.full(count, 1e-3),
        feature=np.zeros(count, np.int64),
        actual=np.arange(count) / 3.0,
        typical=np.full(count, np.nan),
        explanation=looking_like(np.array(["silence", "dip", "spike"][:count], "<U7")),
        updates=np.ones(9, np.int64),
        closed=None,
        causes=causes,
    )


def caused(by: list[str] | None) -> Causes:
    numbers = np.array([1e-4, 1e-3, 1e-5])
    return Causes(np.array([0, 2, 3]), by, numbers, np.zeros(3, np.int64), numbers, numbers, np.arange(3))


def same(one: Held, other: Held) -> bool:
    left, right = one.state("a"), other.state("a")
    return list(left) == list(right) and all(
        part.dtype == right[name].dtype and part.tobytes() == right[name].tobytes() for name, part in left.items()
    )


def test_findings_are_held_by_the_numbers_of_their_buckets_until_they_are_let_go() -> None:
    held = Held()
    held.add(findings([0, 2, 2]), 100)
    held.add(findings([0, 1]), 103)
    assert held.found is not None
    assert held.found.bucket.tolist() == [100, 102, 102, 103, 104]
    held.forget(102)
    assert held.found.bucket.tolist() == [102, 102, 103, 104]
    assert held.found.explanation.kind.tolist() == ["dip", "spike", "silence", "dip"]


@pytest.mark.parametrize("by", [None, ["é", "", "a\0"]])
def test_what_findings_are_made_of_is_held_with_them(by: list[str] | None) -> None:
    held = Held()
    held.add(findings([0, 1], causes=caused(by)), 7)
    held.add(findings([0, 1], causes=caused(by)), 9)
    held.forget(8)
    assert held.found is not None
    causes = held.found.causes
    assert causes is not None
    assert causes.offsets.tolist() == [0, 1, 3, 4]
    assert causes.probability.tolist() == [1e-5, 1e-4, 1e-3, 1e-5]
    assert causes.by == (None if by is None else [by[2], by[0], by[1], by[2]])
    again = Held()
    again.restore("a", held.state("a"))
    assert same(again, held)
    assert again.found is not None
    assert again.found.causes is not None
    assert again.found.causes.by == causes.by


def test_a_state_is_everything() -> None:
    held, again = Held(), Held()
    again.restore("a", held.state("a"))
    assert again.found is None
    held.add(replace(findings([0, 2]), stream=np.array([4, 5])), 3)
    again.restore("a", held.state("a"))
    assert same(again, held)
    held.forget(100)
    again.restore("a", held.state("a"))
    assert same(again, held)
