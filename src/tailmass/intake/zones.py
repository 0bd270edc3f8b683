"""The clock on the wall in a named time zone, and what it is in UTC."""

import numpy as np
import polars as pl
from polars.exceptions import ComputeError

from tailmass.columns import Flags, Ints

_HOUR_MS = 3_600_000

_HOURS_EAST = {
    "GMT": 0, "UTC": 0, "UT": 0, "UCT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MET": 1, "CEST": 2,
    "MEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "PKT": 5, "IST": 5.5, "ICT": 7, "WIB": 7, "SGT": 8, "HKT": 8, "AWST": 8,
    "JST": 9, "KST": 9, "ACST": 9.5, "ACDT": 10.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "NST": -3.5,
    "NDT": -2.5, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8,
    "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10, "BRT": -3, "ART": -3, "SAST": 2, "EAT": 3, "WAT": 1, "CAT": 2,
}  # fmt: skip
"""What the abbreviations in logs mean. Several have more than one meaning: the North American one is taken, as Java
takes it, and otherwise the one with the most people. `EST` is winter time all the year round: it says so."""


def to_utc(local_ms: Ints, zone: str) -> tuple[Ints, Flags]:
    """Wall-clock milliseconds in a zone to epoch milliseconds, and which of them could be converted.

    When clocks are put back an hour comes twice: the first is meant. When they are put forward an hour does not exist:
    it is read as if the clocks had not been touched yet.
    """
    if zone in _HOURS_EAST:
        return local_ms - round(_HOURS_EAST[zone] * _HOUR_MS), np.ones(len(local_ms), np.bool_)
    try:
        utc = _in_zone(local_ms, zone)
    except ComputeError:  # no such zone
        return np.zeros(len(local_ms), np.int64), np.zeros(len(local_ms), np.bool_)
    # No zone changes its clocks twice within six hours.
    earlier = local_ms - 6 * _HOUR_MS
    times = utc.fill_null(pl.Series(local_ms - earlier) + _in_zone(earlier, zone))
    return times.fill_null(0).to_numpy().copy(), times.is_not_null().to_numpy()


def _in_zone(local_ms: Ints, zone: str) -> pl.Series:
    local = pl.Series(local_ms).cast(pl.Datetime("ms"))
    return local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.epoch("ms")
