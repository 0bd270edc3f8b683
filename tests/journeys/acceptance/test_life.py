"""The life of a job as a game of chance, against a naive account of what should have become of it.

The account knows no models: of each row it remembers whether it came too late and in which bucket it is. That is enough
to say at any time what status the job has, what it has counted, which buckets have results, and of how many rows.

`TAILMASS_TEST_LIVES` is how many lives are played, 10 unless it is set.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tailmass.engine import Engine
from tailmass.errors import (
    CannotPauseJob,
    CannotResumeJob,
    JobIdTaken,
    JobNotClosed,
    MissingJob,
)
from tailmass.jobs import Job
from tailmass.results import Counts
from tailmass.store import Store

LIVES = int(os.environ.get("TAILMASS_TEST_LIVES", "10"))
SPAN = 60
START = 1_700_000_040
JOB = "life"
CONFIGURATION = Job.parse(
    {
        "id": JOB,
        "analysisConfig": {"bucketSpan": SPAN, "detectors": [{"function": "count"}]},
        "dataDescription": {"fieldDelimiter": ","},
    }
)


@dataclass
class Sent:
    """An upload: how far it is from what was before, how far its rows are from each other, and how it is cut."""

    gap: int
    offset: int
    steps: list[int]
    late: bool
    cuts: int

    def seconds(self, after: int) -> list[int]:
        """When its rows are."""
        seconds = [after + self.gap * SPAN + self.offset]
        for step in self.steps:
            seconds.append(seconds[-1] + step)
        if self.late and len(seconds) > 9:  # more than a quarter would be refused
            seconds.insert(5, after - 1)
        return seconds


UPLOADS = st.builds(
    Sent,
    gap=st.integers(0, 3),
    offset=st.integers(0, SPAN - 1),
    steps=st.lists(st.integers(0, 90), max_size=40),
    late=st.booleans(),
    cuts=st.integers(1, 3),
)


@dataclass
class Learnt:
    """What the rows so far have led to; a snapshot is a copy of this."""

    newest: int | None = None
    """The second of the newest row."""
    promised: int = 0
    """The second before which nothing is accepted any more."""
    first: int | None = None
    """The number of the bucket that is open, None before there was a row."""
    rows: Counter[int] = field(default_factory=Counter)
    """How many rows are in each bucket that is open."""
    broken: bool = False
    """Whether there is a break before the next row, however short it is."""
    counts: Counts = field(default_factory=Counts)

    def take(self, second: int) -> Iterator[tuple[int, int]]:
        """Take in a row; the buckets that are final by it, with the number of their rows."""
        if second < max(self.promised, self.newest or 0):
            self.counts = self.counts + Counts(out_of_order_time_stamp_count=1)
            return
        if self.broken and self.first is not None and self.newest is not None:
            # The first bucket that this row and all that follow it are the whole of.
            self.first = max(self.first, self.newest // SPAN + 1, -(-second // SPAN))
            self.rows.clear()
            self.broken = False
        self.newest = second
        if self.first is None:
            self.first = second // SPAN
        self.counts = self.counts + Counts(processed_record_count=1, latest_record_time_ms=1000 * second)
        yield from self.close()
        if second // SPAN >= self.first:
            self.rows[second // SPAN] += 1

    def close(self) -> Iterator[tuple[int, int]]:
        """The buckets that nothing can come to any more."""
        if self.first is None or self.newest is None:
            return
        while self.first < max(self.newest, self.promised) // SPAN:
            self.counts = self.counts + Counts(bucket_count=1)
            yield self.first, self.rows.pop(self.first, 0)
            self.first += 1


class Life(RuleBasedStateMachine):
    """One job, what is done to it, and the account of that."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.now = START + 1e8
        self.engine = Engine(store, clock=lambda: self.now)
        self._create()

    def _create(self) -> None:
        self.engine.create(CONFIGURATION)
        self.status = "CLOSED"
        self.learnt = Learnt()
        self.saved: Learnt | None = None
        self.results: dict[int, int] = {}
        self.snapshots: dict[str, Learnt] = {}
        self.to_list = False

    @initialize(sent=UPLOADS)
    def begin(self, sent: Sent) -> None:
        self._upload(sent)

    @rule(sent=UPLOADS)
    def upload(self, sent: Sent) -> None:
        self._upload(sent)

    @rule(uploads=st.lists(UPLOADS, min_size=2, max_size=3))
    def uploads(self, uploads: list[Sent]) -> None:
        for sent in uploads:
            self._upload(sent)

    @rule(sent=UPLOADS)
    def upload_and_close(self, sent: Sent) -> None:
        self._upload(sent)
        self.close()

    def _upload(self, sent: Sent) -> None:
        seconds = sent.seconds(max(self.learnt.newest or START, self.learnt.promised))
        told = self._send(seconds, sent.cuts)
        before = self.learnt.counts
        if self.status == "PAUSED":
            assert told == Counts()
            return
        self._keep(final for each in seconds for final in self.learnt.take(each))
        for name in ("processed_record_count", "out_of_order_time_stamp_count"):
            assert getattr(told, name) == getattr(self.learnt.counts, name) - getattr(before, name)
        self.status, self.to_list = "RUNNING", True

    def _send(self, seconds: list[int], cuts: int) -> Counts:
        body = b"time,value\n" + b"".join(b"%d,1\n" % each for each in seconds)
        upload = self.engine.upload(JOB)
        size = len(body) // cuts + 1
        for begin in range(0, len(body), size):
            upload.feed(body[begin : begin + size])
        return upload.finish()

    @rule(ahead=st.integers(0, 200))
    def promise(self, ahead: int) -> None:
        second = max(self.learnt.newest or START, self.learnt.promised) + ahead
        self.engine.flush(JOB, advance_ms=1000 * second)
        if self.status == "RUNNING":
            self.learnt.promised = second
            self._keep(self.learnt.close())
            self.saved, self.to_list = deepcopy(self.learnt), True

    @rule(interim=st.booleans())
    def flush(self, interim: bool) -> None:
        self.engine.flush(JOB, interim=interim)
        if self.status != "RUNNING":
            return
        self.saved = deepcopy(self.learnt)
        first, newest = self.learnt.first, self.learnt.newest
        assert first is not None
        assert newest is not None
        if interim and newest // SPAN >= first and first not in self.results:
            found = self.store.bucket(JOB, SPAN * first, include_interim=True, expand=False)
            assert found is not None
            assert (found.is_interim, found.event_count) == (True, self.learnt.rows[first])

    @rule()
    def close(self) -> None:
        self.engine.close(JOB)
        if self.status == "RUNNING":
            self.status = "CLOSED"
            self._list()

    @rule()
    def pause(self) -> None:
        if self.status == "PAUSED":
            with pytest.raises(CannotPauseJob):
                self.engine.pause(JOB)
            return
        self.engine.pause(JOB)
        if self.status == "RUNNING" or self.saved is not None:
            self.learnt.broken, self.to_list = True, True
            self.learnt.rows.clear()
            self._list()
        self.status = "PAUSED"

    @rule()
    def resume(self) -> None:
        if self.status != "PAUSED":
            with pytest.raises(CannotResumeJob):
                self.engine.resume(JOB)
            return
        self.engine.resume(JOB)
        self.status = "CLOSED"

    @precondition(lambda self: self.snapshots)
    @rule(choice=st.integers(0, 99), delete=st.booleans())
    def revert(self, choice: int, delete: bool) -> None:
        snapshot_id = sorted(self.snapshots)[choice % len(self.snapshots)]

        def act() -> None:
            found = self.engine.revert(JOB, snapshot_id=snapshot_id, delete_results=delete)
            assert found.snapshot_id == snapshot_id

        if self.status != "CLOSED":
            with pytest.raises(JobNotClosed):
                act()
            if self.status == "PAUSED":
                return
            self.close()
        act()
        # What was counted stays counted; only what was learnt is as it was.
        counts, learnt = self.learnt.counts, deepcopy(self.snapshots[snapshot_id])
        latest = learnt.counts.latest_record_time_ms
        if delete:
            last = -1 if learnt.first is None or not learnt.counts.bucket_count else learnt.first - 1
            self.results = {bucket: rows for bucket, rows in self.results.items() if bucket <= last}
        else:
            latest = max(latest or 0, counts.latest_record_time_ms or 0)
            learnt.promised = max(learnt.promised, latest // 1000)
            list(learnt.close())  # these have their results from the first time
        learnt.counts = replace(counts, latest_record_time_ms=latest)
        self.learnt, self.saved = learnt, deepcopy(learnt)

    @precondition(lambda self: len(self.snapshots) > 2)  # else little would ever be learnt
    @rule()
    def delete(self) -> None:
        with pytest.raises(JobIdTaken):
            self.engine.create(CONFIGURATION)
        self.engine.delete(JOB)
        for act in (self.engine.upload, self.engine.flush, self.engine.close, self.engine.pause, self.engine.delete):
            with pytest.raises(MissingJob):
                act(JOB)
        self._create()

    @rule()
    def restart(self) -> None:
        self.engine.shutdown()
        if self.status == "RUNNING":
            self.status = "CLOSED"
            self._list()
        self.engine = Engine(self.store, clock=lambda: self.now)

    @rule()
    def crash(self) -> None:
        self.engine = Engine(self.store, clock=lambda: self.now)
        if self.status == "RUNNING":
            self.status, self.to_list = "CLOSED", False
            self.learnt = deepcopy(self.saved) if self.saved is not None else Learnt()

    @invariant()
    def the_job_is_as_it_should_be(self) -> None:
        self.now += 1
        state = self.engine.job(JOB)
        counts = self.learnt.counts
        assert state.status == self.status
        assert (state.counts.processed_record_count, state.counts.out_of_order_time_stamp_count) == (
            counts.processed_record_count,
            counts.out_of_order_time_stamp_count,
        )
        assert state.counts.latest_record_time_ms == counts.latest_record_time_ms
        assert state.counts.bucket_count == counts.bucket_count
        found = self.store.buckets(JOB, take=100_000)[1]
        assert {bucket.timestamp // SPAN: bucket.event_count for bucket in found} == self.results
        assert self.store.snapshots(JOB, take=1000)[0] == len(self.snapshots)

    def _keep(self, final: Iterable[tuple[int, int]]) -> None:
        self.results |= dict(final)

    def _list(self) -> None:
        """What was learnt is safe, and if there is anything new it is a snapshot."""
        if self.to_list:
            self.saved, self.to_list = deepcopy(self.learnt), False
            listed = {each.snapshot_id for each in self.store.snapshots(JOB, take=1000)[1]}
            (new,) = listed - set(self.snapshots)
            self.snapshots[new] = deepcopy(self.learnt)

    def teardown(self) -> None:
        self.engine.delete(JOB)


def test_whatever_happens_to_a_job_it_is_what_it_should_be(tmp_path: Path) -> None:
    store = Store.open(None, tmp_path)
    try:
        run_state_machine_as_test(
            lambda: Life(store),  # type: ignore[arg-type]  # whatever makes one will do, says its documentation
            settings=settings(
                max_examples=LIVES,
                stateful_step_count=30,
                deadline=None,
                derandomize=True,
                phases=(Phase.generate, Phase.shrink),
            ),
        )
    finally:
        store.close()
