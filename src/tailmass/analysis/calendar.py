"""Local civil time: how far ahead of UTC the clocks of a zone are at each bucket."""

import zoneinfo
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from tailmass.columns import Ints
from tailmass.errors import InvalidValue

# An offset is looked up once a day and the moment of a change by bisection, so a change that is taken back within a day
# would be missed. There is none: the shortest offset on record is Freetown's of 1939, four days.
_STEP = 86_400
_BLOCK = 384 * _STEP  # what is looked up at once
_FIRST, _LAST = -62_135_596_800 // _BLOCK + 1, 253_402_300_800 // _BLOCK - 1
"""The blocks that are wholly in the years 1 to 9999, which is what Python can date."""

_OF_THIS_MACHINE = ("localtime", "posixrules")
_SPECIAL = ("posix/", "right/")  # copies of the database; those in right/ count leap seconds, which epochs do not


class Calendar:
    """The clocks of one zone, looked up as far as times have come, and kept.

    Parameters
    ----------
    zone : name in the time zone database, such as Europe/London; None for UTC
    later : seconds after the times it is asked for at which their buckets begin

    Raises
    ------
    InvalidValue : the database has no such zone, or there is no database

    >>> Calendar("Asia/Kathmandu").offsets(np.array([0, 1_400_000_000])).tolist()
    [19800, 20700]
    """

    def __init__(self, zone: str | None, later: int = 0) -> None:
        self.zone = zone
        self._later = later
        self._clock = None if zone is None or zone == "UTC" else _named(zone)
        self._known: set[int] = set()
        """Numbers of the blocks that have been looked up."""
        self._since = np.empty(0, np.int64)
        """Ascending: where a known block begins, and where the clocks change in it."""
        self._offset = np.empty(0, np.int64)
        """Offset from each of them on."""

    def offsets(self, times: Ints) -> Ints:
        """Local civil time less UTC; of buckets that begin later, their local beginning less the time asked for.

        Parameters
        ----------
        times : (n,) epoch seconds in any order; outside of the years 1 to 9999 the nearest offset inside is taken

        Returns
        -------
        offsets : (n,) seconds, positive east of Greenwich; whole minutes but for the oldest times
        """
        if self._clock is None or not len(times):
            return np.full(len(times), self._later, np.int64)
        begins = times + self._later
        self._look_up(self._clock, begins)
        return self._offset[np.maximum(np.searchsorted(self._since, begins, side="right") - 1, 0)] + self._later

    def _look_up(self, clock: ZoneInfo, times: Ints) -> None:
        """Know the offsets in the blocks of these times too."""
        first, last = (max(_FIRST, min(_LAST, int(time) // _BLOCK)) for time in (times.min(), times.max()))
        if self._known.issuperset(range(first, last + 1)):
            return
        # Not all that lie between: one time of the year 9999 must not cost eight thousand years.
        new = set(np.unique(np.clip(times // _BLOCK, _FIRST, _LAST)).tolist()) - self._known
        if not new:
            return
        found = [change for block in new for change in _changes(clock, block * _BLOCK)]
        table = sorted([*zip(self._since.tolist(), self._offset.tolist(), strict=True), *found])
        self._since, self._offset = (np.array(part, np.int64) for part in zip(*table, strict=True))
        self._known |= new


def _named(zone: str) -> ZoneInfo:
    if zone in _OF_THIS_MACHINE or zone.startswith(_SPECIAL):
        raise InvalidValue(
            f"The time zone {zone!r} is not the same everywhere: use the name of a place, such as Europe/London"
        )
    try:
        return ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # the last two: names that are no names of files
        if not zoneinfo.available_timezones():
            raise InvalidValue(
                f"The time zone {zone!r} cannot be looked up, as this machine has no time zone database: "
                "install the Python package tzdata"
            ) from None
        raise InvalidValue(
            f"The time zone {zone!r} is not in the time zone database: use a name such as Europe/London, or UTC"
        ) from None


def _changes(clock: ZoneInfo, begin: int) -> list[tuple[int, int]]:
    """The block from `begin` on: its first offset and every later one, each with the first second it is in force."""
    changes = [(begin, _offset_at(clock, begin))]
    for day in range(begin + _STEP, begin + _BLOCK + 1, _STEP):
        before, at = day - _STEP, min(day, begin + _BLOCK - 1)
        offset = _offset_at(clock, at)
        if offset == changes[-1][1]:
            continue
        while at - before > 1:  # the old offset is in force at `before`, the new one at `at`
            middle = (before + at) // 2
            if _offset_at(clock, middle) == offset:
                at = middle
            else:
                before = middle
        changes.append((at, offset))
    return changes


def _offset_at(clock: ZoneInfo, time: int) -> int:
    offset = datetime.fromtimestamp(time, clock).utcoffset()
    assert offset is not None
    return round(offset.total_seconds())
