"""Snapshots of a job: when they are made, as what they are listed, and how a job goes back to one."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from zlib import crc32

from tailmass.engine import lifecycle
from tailmass.engine.pipeline import Pipeline
from tailmass.engine.ports import Store
from tailmass.errors import DataStoreError, InvalidRevertParams, MissingJob, NoSuchModelSnapshot
from tailmass.jobs import Job
from tailmass.results import JobState, Snapshot, wire_time

log = logging.getLogger(__name__)

CLOSED = "State persisted due to job close"
PERIODIC = "Periodic background persist"

HOUR, DAY = 3600, 86_400
RETENTION_DAYS = 1
"""How old snapshots of a job get that says nothing else."""
BOUNDS_DAYS = 366
"""How old bounds of models get: a year in which one may look for what comes once in one."""


def snapshot_of(pipeline: Pipeline, why: str, time_ms: int) -> Snapshot:
    """As what the state of a pipeline is listed."""
    return Snapshot(
        time_ms=time_ms,
        description=f"{why} at {wire_time(time_ms)}",
        model_size=replace(pipeline.model_size, log_time_ms=time_ms),
        latest_record_time_ms=pipeline.counts.latest_record_time_ms,
        latest_result_time=pipeline.latest_result_time,
    )


def persist_interval(job: Job) -> int:
    """Seconds between the snapshots of a running job: three to four hours, by its id, so that not all are made at once.

    >>> 3 * HOUR <= persist_interval(Job.parse({"id": "a", "analysisConfig": {"detectors": [{"function": "count"}]}}))
    True
    """
    if job.background_persist_interval is not None:
        return job.background_persist_interval
    return 3 * HOUR + crc32((job.id or "").encode()) % HOUR


def revert(
    store: Store,
    state: JobState,
    tell: Callable[[str, str], None],
    *,
    time_ms: int,
    until_ms: int | None,
    snapshot_id: str | None,
    description: str | None,
    delete_results: bool,
) -> Snapshot:
    """Let a job that nobody uses go on from one of its snapshots.

    Parameters
    ----------
    store, state : where the job is, and the job
    tell : called with a level and a message when something has happened that people should know of
    time_ms : now, in epoch milliseconds
    until_ms, snapshot_id, description : the snapshot is the newest one that all of them are true of
    delete_results : whether to remove results that are newer, so that their time can be sent again; if not, rows
        older than the newest one that was seen stay out of order

    Raises
    ------
    InvalidRevertParams : nothing is said of the snapshot
    JobNotClosed, NoSuchModelSnapshot
    DataStoreError : the snapshot is damaged
    """
    if until_ms is None and snapshot_id is None and description is None:
        raise InvalidRevertParams("Nothing says which snapshot: give its 'time', 'snapshotId' or 'description'")
    lifecycle.verify("revert", state)
    job_id = state.config.id
    end_ms = None if until_ms is None else until_ms + 1
    _, found = store.snapshots(
        job_id, take=1, end_ms=end_ms, snapshot_id=snapshot_id, description=description, sort="timestamp"
    )
    kept = store.snapshot(job_id, found[0].snapshot_id) if found else None
    if kept is None:
        asked = {"snapshotId": snapshot_id, "description": description}
        asked["time"] = None if until_ms is None else wire_time(until_ms)
        told = ", ".join(f"{name} {value!r}" for name, value in asked.items() if value is not None)
        raise NoSuchModelSnapshot(f"Job {job_id!r} has no snapshot of {told}: list its snapshots to see which it has")
    pipeline = Pipeline(state.config)
    pipeline.restore(*kept)
    seen = pipeline.counts if delete_results else pipeline.counts + state.counts
    if not delete_results and seen.latest_record_time_ms is not None:
        # The time between is one without rows. What was found in it is there, and is not replaced by that.
        newest = seen.latest_record_time_ms // 1000
        pipeline.advance(newest - state.config.analysis_config.latency)
        stands = store.snapshot(job_id)
        if stands is not None:
            pipeline.follow(stands[1], newest)
    # What has been counted was counted: a revert undoes what was learnt, not what was sent.
    pipeline.counts = replace(state.counts, latest_record_time_ms=seen.latest_record_time_ms)
    header, arrays = pipeline.state()
    categorizer = pipeline.categorizer if delete_results else None
    active = store.revert(
        job_id,
        found[0].snapshot_id,
        header,
        arrays,
        time_ms=time_ms,
        counts=pipeline.counts,
        definitions=None if categorizer is None else categorizer.definitions(),
    )
    tell("INFO", f"Job reverted to snapshot {active.snapshot_id}")
    if delete_results:
        buckets = sum(store.remove_results(job_id, after=active.latest_result_time))
        tell("INFO", f"Results newer than snapshot {active.snapshot_id} deleted: {buckets} buckets")
    return active


def sweep(store: Store, state: JobState, tell: Callable[[str, str], None], now: float) -> Iterator[None]:
    """Remove what a job does not want to keep any more, a step for each transaction.

    Snapshots age by the clock. Results, the rows kept beside them and bounds age by the newest row, so that a job may
    be fed with what is long past.
    """
    job: Job = state.config
    job_id = str(job.id)
    try:
        days = job.model_snapshot_retention_days
        days = RETENTION_DAYS if days is None else days
        snapshots = store.prune_snapshots(job_id, int(1000 * now) - 1000 * DAY * days)
        if snapshots:
            tell("INFO", f"Old snapshots deleted: {snapshots}")
        yield
        latest_ms = state.counts.latest_record_time_ms
        if latest_ms is None:
            return
        yield from store.forget_bounds(job_id, latest_ms - 1000 * DAY * BOUNDS_DAYS)
        if job.results_retention_days is None:
            return
        yield from store.forget_input(job_id, latest_ms - 1000 * DAY * job.results_retention_days)
        before = latest_ms // 1000 - DAY * job.results_retention_days
        for _ in forget_results(store, job_id, before, tell):
            yield
    except MissingJob:
        log.debug("job was deleted meanwhile", extra={"job": job_id})
    except DataStoreError:
        log.exception("old snapshots and results could not be deleted", extra={"job": job_id})


def forget_results(store: Store, job_id: str, before: int, tell: Callable[[str, str], None]) -> Iterator[int]:
    """Remove the buckets that start before an epoch second, with all that is in them; how many there were in each step.

    Raises
    ------
    MissingJob, DataStoreError
    """
    buckets = 0
    for removed in store.remove_results(job_id, before=before):
        buckets += removed
        yield removed
    if buckets:
        tell("INFO", f"Results before {wire_time(1000 * before)} deleted: {buckets} buckets")
