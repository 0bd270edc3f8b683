"""A scheduler, with a clock that the tests move, and a source and a job that keep what they were asked."""

from collections.abc import Callable, Iterator

import pytest

from tailmass.errors import (
    AnalysisStartError,
    ConcurrentUse,
    DataStoreError,
    EngineError,
    MissingJob,
    TooManyBadDates,
)
from tailmass.feeds.scheduler import QUIET, Scheduler

FREQUENCY = 60
DELAY = 10
BEGIN = 1_400_000_040  # a whole minute


class Rows:
    """A source that can be asked by time. Its rows are their times."""

    head = b""
    every = float(FREQUENCY)
    finite = False

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.asked: list[tuple[int | None, int]] = []
        self.error: OSError | None = None

    def verify(self) -> None: ...

    def batches(self, since_ms: int | None, until_ms: int) -> Iterator[bytes]:
        self.asked.append((since_ms, until_ms))
        if self.error is not None:
            raise self.error
        for row in self.rows:
            if (since_ms or 0) <= row * 1000 < until_ms:
                yield str(row).encode()

    def close(self) -> None: ...


class Job:
    """A job that takes such rows, and its own upload."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.said: list[str] = []
        self.flushes = self.uploads = self.busy = 0
        self.closed = False
        self.refusals: list[EngineError] = []

    def latest_ms(self) -> int | None:
        return self.rows[-1] * 1000 if self.rows else None

    def upload(self, since_ms: int | None, until_ms: int | None) -> "Job":
        if self.busy:
            self.busy -= 1
            raise ConcurrentUse("busy")
        self.uploads += 1
        return self

    def feed(self, data: bytes) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.rows.append(int(data))

    def finish(self) -> None: ...

    def abort(self) -> None: ...

    def flush(self) -> None:
        self.flushes += 1

    def close(self) -> None:
        self.closed = True

    def tell(self, level: str, message: str) -> None:
        self.said.append(message)


class World:
    """A source, a job, and the time, which passes while a scheduler waits."""

    def __init__(self) -> None:
        self.now = BEGIN + 5.0
        self.source, self.job = Rows(), Job()
        self.rounds = 1
        self.each: Callable[[], None] = lambda: None

    def wait(self, seconds: float) -> bool:
        """Let time pass, and say whether there were enough rounds."""
        self.now += seconds
        if seconds < 1:  # somebody else uses the job
            return False
        self.rounds -= 1
        self.each()
        return self.rounds <= 0

    def run(self, rounds: int, *, start: int | None = None, end: int | None = None) -> list[str]:
        """Let a scheduler work for some rounds; what it says between its start and its stop."""
        self.rounds = rounds
        times = {name: None if at is None else at * 1000 for name, at in (("start_ms", start), ("end_ms", end))}
        scheduler = Scheduler(
            self.source, self.job, frequency=FREQUENCY, delay=DELAY, clock=lambda: self.now, wait=self.wait, **times
        )
        try:
            scheduler.run()
        finally:
            said, self.job.said = self.job.said, []
        assert said[0].startswith("Scheduler started")
        assert said[-1] == "Scheduler stopped"
        return said[1:-1]


@pytest.fixture
def world() -> World:
    return World()


LOOKED_BACK = "Scheduler has looked back, and continues in real time"
READ = "Data cannot be read, and is tried again: no route"
RECOVERED = "Scheduler has recovered"


def test_it_looks_back_from_the_earliest_row_and_goes_on_in_real_time(world: World) -> None:
    world.source.rows = [BEGIN - 1000, BEGIN - 900, BEGIN + 30, BEGIN + 65]
    assert world.run(3) == [LOOKED_BACK]
    assert world.job.rows == world.source.rows[:3]
    minutes = [(BEGIN + minute * FREQUENCY) * 1000 for minute in (-1, 0, 1)]
    assert world.source.asked == [
        (None, minutes[0]),
        ((BEGIN - 900) * 1000 + 1, minutes[1]),
        ((BEGIN - 900) * 1000 + 1, minutes[2]),
    ]


def test_questions_are_behind_real_time_and_a_frequency_apart(world: World) -> None:
    times: list[float] = []
    world.each = lambda: times.append(world.now)
    world.run(3)
    assert times == [BEGIN + DELAY, BEGIN + FREQUENCY + DELAY, BEGIN + 2 * FREQUENCY + DELAY]


@pytest.mark.parametrize(("start", "first"), [(None, 501), (BEGIN - 300, 300_000), (BEGIN - 600, 501)])
def test_what_the_job_has_seen_is_not_asked_for_again(world: World, start: int | None, first: int) -> None:
    world.job.rows = [BEGIN - 500]
    world.run(1, start=start)
    wanted = (BEGIN - 300) * 1000 if first == 300_000 else (BEGIN - 500) * 1000 + 1
    assert world.source.asked[0][0] == wanted


def test_a_flush_follows_whatever_came_and_nothing_else(world: World) -> None:
    world.source.rows = [BEGIN - 1000, BEGIN + 30]
    world.run(6)
    assert world.job.flushes == 2


def test_it_stops_and_closes_the_job_when_the_end_is_reached(world: World) -> None:
    world.source.rows = [BEGIN + 10, BEGIN + 95, BEGIN + 96]
    said = world.run(100, end=BEGIN + 95)
    assert said == [LOOKED_BACK, "Scheduler has read all that it was to, and the job is closed"]
    assert world.job.rows == [BEGIN + 10]
    assert world.job.closed
    assert world.source.asked[-1][1] == (BEGIN + 95) * 1000


def test_a_source_that_ends_is_read_once(world: World) -> None:
    world.source.finite = True
    world.source.rows = [BEGIN - 1000]
    assert world.run(100) == ["Scheduler has read all that it was to, and the job is closed"]
    assert len(world.source.asked) == 1


def test_silence_and_its_end_are_said_once(world: World) -> None:
    world.source.rows = [BEGIN - 1000, BEGIN + 14 * FREQUENCY]
    assert world.run(18) == [
        LOOKED_BACK,
        f"There has been no data for {QUIET * FREQUENCY} seconds",
        "There is data again",
    ]


def test_a_source_that_fails_is_tried_again_and_said_to_have_recovered(world: World) -> None:
    world.source.rows = [BEGIN - 1000, BEGIN + 10]
    world.source.error = OSError("no route")

    def mend() -> None:
        if world.rounds == 2:
            world.source.error = None

    world.each = mend
    assert world.run(5) == [READ, RECOVERED, LOOKED_BACK]
    assert world.job.rows == world.source.rows


def test_what_the_store_cannot_keep_is_read_again(world: World) -> None:
    world.source.rows = [BEGIN - 1000, BEGIN - 900]
    world.job.refusals = [DataStoreError("disk full")]
    assert world.run(3) == ["Data cannot be analysed, and is tried again: disk full", RECOVERED, LOOKED_BACK]
    assert world.job.rows == world.source.rows


def test_rows_that_the_job_will_not_have_are_left_out(world: World) -> None:
    world.source.rows = [BEGIN - 1000, BEGIN - 900, BEGIN - 800]
    world.job.refusals = [TooManyBadDates("no dates"), TooManyBadDates("no dates")]
    assert world.run(2) == ["Rows are left out: no dates", LOOKED_BACK]
    assert world.job.rows == [BEGIN - 800]
    assert world.job.uploads == 3


def test_it_waits_for_somebody_else_who_uses_the_job(world: World) -> None:
    world.source.rows = [BEGIN - 1000]
    world.job.busy = 5
    assert world.run(1) == [LOOKED_BACK]
    assert world.job.rows == world.source.rows


@pytest.mark.parametrize("error", [MissingJob("world"), AnalysisStartError("it has failed")])
def test_it_ends_with_its_job(world: World, error: EngineError) -> None:
    world.source.rows = [BEGIN - 1000]
    world.job.refusals = [error]
    with pytest.raises(type(error)):
        world.run(5)
    assert not world.job.closed


def test_a_stop_takes_effect_after_the_batch_it_is_at(world: World) -> None:
    world.source.rows = [BEGIN - 1000, BEGIN - 900]
    scheduler = Scheduler(world.source, world.job, frequency=FREQUENCY, clock=lambda: world.now)
    feed = world.job.feed

    def last(data: bytes) -> None:
        feed(data)
        scheduler.stop()

    world.job.feed = last  # type: ignore[method-assign]  # a row that is there when somebody stops
    scheduler.run()
    assert world.job.rows == [BEGIN - 1000]
    assert world.job.said[-1] == "Scheduler stopped"
