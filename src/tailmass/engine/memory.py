"""What a job remembers, held against what it may: the ladder from forgetting what is idle to refusing what is new.

Above SOFT of the limit, models of series that have been idle for a day are forgotten, the longest idle first, until
LOW is reached; if that is not enough, the seasons of all models are kept in fewer slots; and if even that is not
enough, new names and series are refused until there is room again. Models that are still wanted may take the rest.

Everything is decided when a bucket closes, and from numbers of things, not from what the allocator says. So it does
not matter for the results how the rows were cut.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tailmass.analysis.analyses import Analysis
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.detector import DetectorAnalysis
from tailmass.analysis.dictionary import Dictionary, Pairs, dictionary_bytes
from tailmass.analysis.footprint import Cardinalities
from tailmass.engine.influencers import Influencers
from tailmass.jobs import Job
from tailmass.jobs.limits import DEFAULT_MB

MEGABYTE = 1 << 20
SOFT, LOW = 0.95, 0.85  # of the limit
IDLE_SECONDS, IDLE_BUCKETS = 86_400, 12  # whichever is longer: who works by day is not idle at night


def limit_bytes(job: Job) -> int | None:
    """What a job may remember; None for no limit."""
    megabytes = job.analysis_limits.model_memory_limit if job.analysis_limits is not None else 0
    return None if megabytes < 0 else MEGABYTE * (megabytes or DEFAULT_MB)


class Memory:
    """The ladder of one job.

    Parameters
    ----------
    limit : bytes; None for no limit
    span : seconds of a bucket
    dictionaries : the names
    analyses : the detectors at work, in the order in which they meet their rows
    influencers : who may be to blame
    """

    def __init__(
        self,
        limit: int | None,
        span: int,
        dictionaries: Iterable[Dictionary],
        analyses: Sequence[Analysis],
        influencers: Influencers,
    ) -> None:
        self.limit = limit
        self._idle = max(IDLE_SECONDS // span, IDLE_BUCKETS)
        self._dictionaries = tuple(dictionaries)
        self._rest: tuple[Analysis | Influencers, ...] = (*analyses, influencers)
        self._modelled = tuple(each for each in analyses if isinstance(each, DetectorAnalysis))
        self.failures = 0
        """Closed buckets in which something new was refused."""
        self._pruned = self._full = self._refusing = self._refused = False

    @property
    def size_bytes(self) -> int:
        """Bytes of names, series, models and what is usual of influencers."""
        names = sum(each.size_bytes for each in self._dictionaries)
        return names + sum(each.size_bytes for each in self._rest)

    def bytes_of(self, expected: Cardinalities) -> int:
        """The same without the names, once all values that are expected have been met often."""
        return sum(each.bytes_of(expected) for each in self._rest)

    @property
    def status(self) -> str:
        """OK, SOFT_LIMIT once models were forgotten or made coarser, or HARD_LIMIT while new things are refused."""
        if self._full or self._refusing:
            return "HARD_LIMIT"
        return "SOFT_LIMIT" if self._pruned else "OK"

    def roomy(self, more: int, text_bytes: int) -> bool:
        """Whether rows with so many new values, and names of so many bytes, leave nothing to decide."""
        if self.limit is None:
            return True
        if self._full or self._refusing or self._refused:
            return False
        names = sum(dictionary_bytes(len(each) + more, each.text_bytes) for each in self._dictionaries)
        rest = sum(each.most_bytes(more) for each in self._rest)
        return names + 2 * text_bytes + rest <= SOFT * self.limit

    def give_room(self, analysis: Analysis, *, roomy: bool) -> None:
        """Tell an analysis what its new models may take, before it meets its next buckets."""
        if isinstance(analysis, DetectorAnalysis):
            analysis.give_room(None if roomy or self.limit is None else max(0, self.limit - self.size_bytes))

    def note(self) -> None:
        """See whether anything was refused."""
        for each in self._named:
            self._refused, each.refused = self._refused or each.refused, False
        for model in self._modelled:
            self._refused = model.refused or self._refused

    def settle(self, until: int) -> None:
        """Decide what is to happen from here on, all buckets below `until` having closed."""
        if self.limit is None:
            return
        self._refusing, self._refused = self._refused, False
        self.failures += int(self._refusing)
        size = self.size_bytes
        if size > SOFT * self.limit:
            self._forget(size - LOW * self.limit, until - self._idle)
            size = self.size_bytes
        while size > SOFT * self.limit and any([each.coarsen() for each in self._modelled]):  # noqa: C419  # all do
            self._pruned, size = True, self.size_bytes
        self._refuse(size > SOFT * self.limit)

    def state(self) -> Arrays:
        """What was decided, as an array."""
        self.note()
        flags = (self._pruned, self._full, self._refusing, self._refused)
        return {"memory": np.array([self.failures, *flags], np.int64)}

    def restore(self, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        self.failures, pruned, full, refusing, refused = kept["memory"].tolist()
        self._pruned, self._refusing, self._refused = bool(pruned), bool(refusing), bool(refused)
        self._refuse(bool(full))

    @property
    def _named(self) -> Iterator[Dictionary | Pairs]:
        """Everything that may refuse names and pairs of them."""
        yield from self._dictionaries
        for each in self._rest:
            yield from each.pairs

    def _forget(self, wanted: float, before: int) -> None:
        """Forget the models that have been idle for longest, and since bucket `before` at least."""
        idle = [each.idle(before) for each in self._modelled]
        if not idle:
            return
        last, size = (np.concatenate(parts) for parts in zip(*idle, strict=True))
        if not len(last):
            return
        order = np.argsort(last, kind="stable")
        enough = min(int(np.searchsorted(np.cumsum(size[order]), wanted)), len(last) - 1)
        for each in self._modelled:
            each.forget(int(last[order[enough]]) + 1)
        self._pruned = True

    def _refuse(self, full: bool) -> None:
        self._full = full
        for each in self._named:
            each.full = full
