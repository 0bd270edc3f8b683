"""Two callers never have the same job at once."""

import threading
from contextlib import ExitStack

import pytest

from tailmass.engine.turns import Turns
from tailmass.errors import ConcurrentUse, MissingJob


def verify(job_id: str) -> None:
    if job_id == "nobody":
        raise MissingJob(job_id)


@pytest.fixture
def turns() -> Turns:
    return Turns(verify)


def test_a_second_caller_is_refused_until_the_first_has_ended(turns: Turns) -> None:
    with turns.take("web"):
        with turns.take("shop"):  # each job has turns of its own
            pass
        with pytest.raises(ConcurrentUse, match="'web' is in use"), turns.take("web"):
            pytest.fail("two callers have it")
    with turns.take("web"):
        pass


def test_whoever_fails_lets_go(turns: Turns) -> None:
    with pytest.raises(ZeroDivisionError), turns.take("web"):
        _ = 1 / 0
    with turns.take("web"):
        pass


def test_a_job_that_does_not_exist_is_told_and_not_remembered(turns: Turns) -> None:
    for _ in range(2):
        with pytest.raises(MissingJob), turns.take("nobody"):
            pytest.fail("there is no such job")


def test_who_refuses_may_tell_more(turns: Turns) -> None:
    def refuse() -> None:
        raise ValueError("it has a scheduler")

    with turns.take("web"), pytest.raises(ValueError, match="it has a scheduler"), turns.take("web", refuse):
        pytest.fail("two callers have it")


def test_for_somebody_who_has_it_briefly_the_next_one_waits(turns: Turns) -> None:
    came, order = threading.Event(), []

    def next_one() -> None:
        came.set()
        with turns.take("web"):
            order.append("next")

    with ExitStack() as holding:
        holding.enter_context(turns.take("web", briefly=True))
        thread = threading.Thread(target=next_one)
        thread.start()
        assert came.wait(10)
        order.append("brief")
    thread.join(10)
    assert order == ["brief", "next"]
    with turns.take("web"), pytest.raises(ConcurrentUse), turns.take("web"):
        pytest.fail("it is no longer brief")
