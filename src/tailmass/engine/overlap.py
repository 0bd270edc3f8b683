"""A second analysis of a job, half a bucket after the first, and the results that it may still change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tailmass.analysis.analyses import Analysis
from tailmass.analysis.analyses import analysis as analysis_of
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.calendar import Calendar
from tailmass.analysis.clock import Advance, Clock
from tailmass.analysis.detector import Findings
from tailmass.analysis.dictionary import Dictionary
from tailmass.analysis.frequent import Exclusion
from tailmass.analysis.held import Held
from tailmass.analysis.overlap import more_anomalous, worth_a_second_view
from tailmass.analysis.rules import Rules
from tailmass.analysis.selection import taken
from tailmass.columns import Columns, Ints
from tailmass.engine.stretch import Stretch
from tailmass.jobs import AnalysisConfig
from tailmass.kernels.buckets import NEVER


class Overlap:
    """The later view of every detector that gains by one, and the findings of buckets that are not final.

    A bucket is final once the next `resultFinalizationWindow` buckets have closed, too. The results depend on the
    numbers of the buckets, and not on which of them happened to close by the same rows.

    Parameters
    ----------
    analysis : the configuration
    dictionaries : the values of each split field, shared with the first view
    rules : what each detector's rules leave out
    """

    def __init__(
        self, analysis: AnalysisConfig, dictionaries: Mapping[str, Dictionary], rules: Sequence[Rules]
    ) -> None:
        self._window, self._later = analysis.finalization_window, analysis.bucket_span // 2
        self._clock = Clock(analysis.bucket_span, analysis.latency)
        calendar, summary = Calendar(analysis.time_zone, self._later), analysis.summary_count_field_name
        self._views: tuple[Analysis | None, ...] = tuple(
            analysis_of(
                each, dictionaries, analysis.bucket_span, self._clock.slots, calendar, summary,
                correlated=bool(analysis.multivariate_by_fields),
            )
            if worth_a_second_view(each)
            else None
            for each in analysis.detectors
        )  # fmt: skip
        self._exclusions = tuple(Exclusion(each, dictionaries) for each in analysis.detectors)
        self._rules = tuple(rules)
        self._found = tuple(Held() for _ in analysis.detectors)
        self._found_later = tuple(Held() for _ in analysis.detectors)
        self.first: int | None = None
        """The first bucket that is not final; None before the first one closes."""
        self._events = np.zeros(0, np.int64)
        self._updates = np.zeros((len(analysis.detectors), 0), np.int64)

    def run(self, times: Ints, watermarks: Ints) -> Advance:
        """Move on by admitted rows, as `Clock.run` does."""
        return self._clock.run(times - 1000 * self._later, watermarks - self._later)

    def advance(self, to: int) -> Advance:
        """Take the promise that nothing before epoch second `to` will come."""
        return self._clock.advance(to - self._later)

    def settle(
        self, columns: Columns, ids: Mapping[str, Ints], advance: Advance, later: Advance, findings: Sequence[Findings],
        prepare: Callable[[Analysis], None],
    ) -> Stretch:  # fmt: skip
        """Take in rows, and what the first view found by them; the buckets that are final by that.

        Parameters
        ----------
        columns, ids : the rows, as for `Analysis.advance`
        advance, later : what they do to the buckets of either view
        findings : of each detector, in the buckets that close in the first view
        prepare : called with every later view before the rows
        """
        whole = later.without(self._clock.resumed)
        if whole is not None:
            columns, later = columns.take(whole), later.take(whole)
            ids = {name: each[whole] for name, each in ids.items()}
        for index, (view, exclusion) in enumerate(zip(self._views, self._exclusions, strict=True)):
            if view is not None:
                exclusion.add(ids, later)
                prepare(view)
                found = self._told(index, view, view.advance(columns, ids, later), closed=True)
                self._found_later[index].add(found, later.first)
        if advance.until <= advance.first:
            return self._final(NEVER)
        self.first = advance.first if self.first is None else self.first
        for held, found in zip(self._found, findings, strict=True):
            held.add(found, advance.first)
        self._events = np.concatenate([self._events, advance.events])
        self._updates = np.concatenate([self._updates, [found.updates for found in findings]], axis=1)
        return self._final(advance.until - self._window)

    def complete(self) -> Advance:
        """Close all buckets of the later view but that of the newest row."""
        return self._clock.complete()

    def release(self) -> Stretch:
        """All buckets that are not final, which they are from now on; nothing of what comes next belongs to them."""
        stretch = self._final((self.first or 0) + len(self._events))
        self.first = None
        return stretch

    def resume(self, second: int) -> None:
        """Go on with the first bucket of the later view that begins at epoch second `second` or after it."""
        if self._clock.first is not None:
            self._clock.resume(second - self._later)

    def reach(self, second: int) -> None:
        """Take epoch second `second` for that of the newest row."""
        self._clock.reach(second - self._later)

    def pass_over(self, second: int) -> None:
        """The same, with nothing left to tell of before."""
        self.release()
        self.clear()
        self._clock.pass_over(second - self._later)

    def clear(self) -> None:
        """Forget the rows of all open buckets of the later view."""
        if self._clock.first is None or self._clock.end is None:
            return
        for view, exclusion in zip(self._views, self._exclusions, strict=True):
            if view is not None:
                view.clear(self._clock.first, self._clock.end)
                exclusion.clear(self._clock.first, self._clock.end)

    def interim(self, first: int, events: Ints, findings: Sequence[Findings]) -> Stretch:
        """All buckets that are not final, as they stand.

        Parameters
        ----------
        first : number of the first bucket that is open in the first view
        events : (open,) rows in each open bucket
        findings : of each detector, in the open buckets
        """
        begin, found_by_both = first if self.first is None else self.first, []
        for index, (view, found) in enumerate(zip(self._views, findings, strict=True)):
            later = self._found_later[index].found
            if view is not None and self._clock.first is not None and (self._clock.end or NEVER) > self._clock.first:
                seen = self._told(index, view, view.interim(self._clock.first, self._clock.end or NEVER), closed=False)
                later = self._found_later[index].with_(seen, self._clock.first)
            both = more_anomalous(self._found[index].with_(found, first), later, back=self._window > 0)
            updates = np.append(self._updates[index], found.updates)
            found_by_both.append(replace(both, bucket=both.bucket - begin, updates=updates))
        events = np.append(self._events, events)
        return Stretch(begin, events, found_by_both).part(begin, begin + len(events))

    def state(self, prefix: str) -> Arrays:
        """The later view, and what is not final, as arrays."""
        kept = {f"{prefix}.{name}": part for name, part in self._clock.state().items()}
        kept[f"{prefix}.first"] = np.array([NEVER if self.first is None else self.first])
        kept |= {f"{prefix}.events": self._events, f"{prefix}.updates": self._updates}
        for index, view in enumerate(self._views):
            kept |= self._found[index].state(f"{prefix}.found.{index}")
            kept |= self._found_later[index].state(f"{prefix}.later.{index}")
            if view is not None:
                kept |= view.state(f"{prefix}.detector.{index}")
                kept |= self._exclusions[index].state(f"{prefix}.frequent.{index}")
        return kept

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        self._clock.restore({name: kept[f"{prefix}.{name}"] for name in self._clock.state()})
        first = int(kept[f"{prefix}.first"][0])
        self.first = None if first == NEVER else first
        self._events = np.array(kept[f"{prefix}.events"], np.int64)
        self._updates = np.array(kept[f"{prefix}.updates"], np.int64)
        for index, view in enumerate(self._views):
            self._found[index].restore(f"{prefix}.found.{index}", kept)
            self._found_later[index].restore(f"{prefix}.later.{index}", kept)
            if view is not None:
                view.restore(f"{prefix}.detector.{index}", kept)
                self._exclusions[index].restore(f"{prefix}.frequent.{index}", kept)

    @property
    def views(self) -> tuple[Analysis, ...]:
        """The later views that there are."""
        return tuple(view for view in self._views if view is not None)

    def _told(self, index: int, view: Analysis, found: Findings, *, closed: bool) -> Findings:
        found = self._exclusions[index].without(found, view.names(found.series), closed=closed)
        return self._rules[index].without(found, view.names)

    def _final(self, until: int) -> Stretch:
        """The buckets below `until` that are not final yet, which they are from now on."""
        first = self.first or 0
        count = max(0, until - first)
        findings = []
        for index, (held, later) in enumerate(zip(self._found, self._found_later, strict=True)):
            if count and held.found is not None:
                both = more_anomalous(held.found, later.found, back=self._window > 0)
                both = taken(both, np.flatnonzero((both.bucket >= first) & (both.bucket < until)))
                findings.append(replace(both, bucket=both.bucket - first, updates=self._updates[index, :count]))
                held.forget(until - 1)  # the last one is compared with what comes next
                later.forget(until - 1)
        events = self._events[:count]
        if count:
            self._events, self._updates = self._events[count:], self._updates[:, count:]
            self.first = until
        return Stretch(first, events, findings)
