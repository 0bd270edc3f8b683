"""Who waits for alerts, and how they are told."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterator

from tailmass.alerts import Alert, Condition, News
from tailmass.results import Batch

Coming = asyncio.Future[Alert | None]
"""An alert that may come, or None when the job stops first."""


class Waiting:
    """Who waits for what of which job, told by the engine when there is something: a `Listener` of it.

    Nobody looks around while nothing happens. All is done by the event loop it is made in, except that the engine's
    threads say there what they have written.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._jobs: defaultdict[str, dict[Coming, Condition]] = defaultdict(dict)

    def __len__(self) -> int:
        return sum(len(each) for each in list(self._jobs.values()))

    @contextlib.contextmanager
    def for_alert(self, job_id: str, condition: Condition) -> Iterator[Coming]:
        """The alert of a job that meets a condition with results that come from now on."""
        coming: Coming = self._loop.create_future()
        self._jobs[job_id][coming] = condition
        try:
            yield coming
        finally:
            del self._jobs[job_id][coming]
            if not self._jobs[job_id]:
                del self._jobs[job_id]

    def written(self, job_id: str, batch: Batch) -> None:
        """Results of a job; any thread may call."""
        if job_id in self._jobs and len(batch.buckets):
            self._loop.call_soon_threadsafe(self._tell, job_id, News(batch))

    def stopped(self, job_id: str) -> None:
        """A job stopped; any thread may call."""
        if job_id in self._jobs:
            self._loop.call_soon_threadsafe(self._send_off, job_id)

    def end(self) -> None:
        """Send everyone off, because the server stops."""
        for job_id in list(self._jobs):
            self._send_off(job_id)

    def _tell(self, job_id: str, news: News) -> None:
        for coming, condition in self._of(job_id):
            alert = condition.met_by(news)
            if alert is not None:
                coming.set_result(alert)

    def _send_off(self, job_id: str) -> None:
        for coming, _ in self._of(job_id):
            coming.set_result(None)

    def _of(self, job_id: str) -> list[tuple[Coming, Condition]]:
        # Whoever has been told is still there until it had its turn.
        return [each for each in self._jobs.get(job_id, {}).items() if not each[0].done()]
