import os
import signal
import threading

import pytest

from tailmass.store.turns import Turns


def waiting(turns: Turns, count: int) -> None:
    """Come back when so many threads are waiting for their turn."""
    while len(turns._waiting) < count:
        pass  # it is a matter of microseconds


def test_turns_come_in_the_order_they_were_asked_for() -> None:
    turns, order = Turns(), list[int]()

    def take(number: int) -> None:
        with turns:
            order.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(6)]
    with turns:
        for number, thread in enumerate(threads):
            thread.start()
            waiting(turns, number + 1)
    for thread in threads:
        thread.join()
    assert order == list(range(6))


def test_whoever_waits_comes_before_whoever_has_just_been() -> None:
    turns, order = Turns(), list[str]()

    def take() -> None:
        with turns:
            order.append("other")

    other = threading.Thread(target=take)
    with turns:
        other.start()
        waiting(turns, 1)
    with turns:
        order.append("again")
    other.join()
    assert order == ["other", "again"]


def test_only_one_has_the_turn() -> None:
    turns, inside, most = Turns(), list[int](), list[int]()

    def take() -> None:
        for _ in range(200):
            with turns:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (set(most), len(most)) == ({1}, 800)


@pytest.mark.skipif(os.name != "posix", reason="only POSIX interrupts a thread that waits for a lock")
def test_whoever_is_interrupted_while_waiting_is_not_waited_for() -> None:
    class Interrupted(Exception):  # noqa: N818 - it is what happens, as KeyboardInterrupt is
        pass

    def interrupt(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, interrupt)
    turns, held, enough = Turns(), threading.Event(), threading.Event()

    def hold() -> None:
        with turns:
            held.set()
            waiting(turns, 1)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
            enough.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    with pytest.raises(Interrupted), turns:
        pass
    enough.set()
    holder.join()
    signal.signal(signal.SIGUSR1, before)
    with turns:
        pass


def test_a_turn_that_ends_in_an_error_is_passed_on() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns:
        raise ZeroDivisionError
    with turns:
        pass
