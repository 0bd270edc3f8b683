"""Five days of airline response times, made up, with one burst that somebody ought to notice.

The shape is that of the fare quote data that time series tools have been shown with since 2014: many calm airlines,
each at its own level, busier by day than by night, and one that is slow and loud for ten minutes. Every number here is
drawn from a seed.

Only the raw bits of PCG64 are used, and only whole numbers and exact floating point operations are made of them: the
`Generator` methods of NumPy may change their stream from one release to the next, and `exp` and `log` their last digit
from one machine to the next.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isqrt

import numpy as np
import polars as pl

from tailmass.columns import Ints

START = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
"""The first second, a Monday at midnight UTC."""
DAYS = 5
TIME_FORMAT = "yyyy-MM-dd'T'HH:mm:ssX"
"""The Java pattern that reads the `time` column of the CSV."""

BURST_AIRLINE = "AAL"
BURST_START = START + 2 * 86400 + 16 * 3600 + 10 * 60
BURST_END = BURST_START + 600
_BURST_ROWS = 158  # on top of the usual dozen

_DAY = 86400
_TEN_THOUSANDTHS = 10_000


@dataclass(frozen=True, slots=True)
class Airline:
    """How often one airline is asked for a fare, and how long it takes to answer."""

    name: str
    rows_per_day: int
    level: int
    """The mean response time."""
    noise: float
    """Its standard deviation."""


AIRLINES = (
    Airline("AAL", 1720, 100, 24.0),
    Airline("AWE", 1740, 20, 1.0),
    Airline("UAL", 1150, 10, 1.0),
    Airline("ASA", 1140, 75, 7.5),
    Airline("ACA", 1130, 21, 2.5),
    Airline("AMX", 1130, 15, 2.5),
    Airline("FFT", 1120, 195, 25.0),
    Airline("JBU", 870, 980, 100.0),
    Airline("JAL", 865, 510, 10.0),
    Airline("VRD", 860, 300, 20.0),
    Airline("EGF", 860, 205, 10.0),
    Airline("SWR", 855, 2020, 480.0),
    Airline("BAW", 850, 190, 10.0),
    Airline("JZA", 850, 990, 10.0),
    Airline("SWA", 680, 255, 48.0),
    Airline("NKS", 350, 9950, 100.0),
    Airline("TRS", 345, 405, 10.0),
    Airline("DAL", 345, 395, 10.0),
    Airline("KLM", 345, 1480, 100.0),
)


def rows(seed: int = 1) -> pl.DataFrame:
    """About 86,000 rows over five days, in the order of time; the same for a seed on every machine.

    >>> made = rows()
    >>> made.columns
    ['time', 'airline', 'responsetime', 'sourcetype']
    >>> made["airline"].n_unique()
    19
    """
    bits = np.random.PCG64(seed)
    pieces = list(_pieces(bits))
    times = np.concatenate([times for _, times, _ in pieces])
    names = np.repeat([name for name, _, _ in pieces], [len(times) for _, times, _ in pieces])
    values = np.concatenate([values for _, _, values in pieces])
    # Rows of the same second come in no particular order of airlines, as they would from many servers.
    order = np.lexsort((bits.random_raw(len(times)), times))
    return pl.DataFrame(
        {
            "time": pl.Series(times[order] * 1000).cast(pl.Datetime("ms", "UTC")),
            "airline": pl.Series(names[order].tolist(), dtype=pl.String),
            "responsetime": values[order] / _TEN_THOUSANDTHS,
            "sourcetype": pl.Series(["farequote"] * len(times), dtype=pl.String),
        }
    )


def csv(seed: int = 1) -> bytes:
    """The same rows as text, with a header; `TIME_FORMAT` says how the times are written.

    >>> csv()[:37]
    b'time,airline,responsetime,sourcetype\\n'
    """
    made = rows(seed).with_columns(pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return made.write_csv(float_scientific=False).encode()


def _pieces(bits: np.random.PCG64) -> Iterator[tuple[str, Ints, Ints]]:
    """Airline, times and response times in ten-thousandths, one piece per airline and day, and the burst."""
    for airline in AIRLINES:
        for day in range(DAYS):
            # As many as a Poisson draw would give, near enough: the mean, give or take its square root.
            spread = int(_bell(bits, 1)[0] * isqrt(airline.rows_per_day))
            count = airline.rows_per_day + spread
            yield airline.name, START + day * _DAY + _busy_seconds(bits, count), _values(bits, airline, count)
    slow = Airline(BURST_AIRLINE, _BURST_ROWS, 304, 36.0)
    seconds = (bits.random_raw(_BURST_ROWS) % np.uint64(BURST_END - BURST_START)).astype(np.int64)
    yield slow.name, BURST_START + seconds, _values(bits, slow, _BURST_ROWS)


def _bell(bits: np.random.PCG64, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(count,) draws of mean 0 and standard deviation 1, within 6: the sum of twelve uniform numbers, less six."""
    uniform = (bits.random_raw(count * 12) >> np.uint64(32)).astype(np.int64).reshape(count, 12)
    unit = np.int64(2**32)
    return np.asarray((uniform.sum(axis=1) - 6 * unit) / float(unit), dtype=np.float64)


def _values(bits: np.random.PCG64, airline: Airline, count: int) -> Ints:
    """(count,) response times in ten-thousandths, none below zero."""
    drawn = airline.level + airline.noise * _bell(bits, count)
    return np.maximum(np.rint(drawn * _TEN_THOUSANDTHS), 0).astype(np.int64)


def _busy_seconds(bits: np.random.PCG64, count: int) -> Ints:
    """(count,) seconds of a day, drawn so that noon is a third busier than midnight."""
    minutes = np.cumsum(_minute_weights())
    drawn = (bits.random_raw(count) % np.uint64(minutes[-1])).astype(np.int64)
    seconds = (bits.random_raw(count) % np.uint64(60)).astype(np.int64)
    return np.searchsorted(minutes, drawn, side="right") * 60 + seconds


def _minute_weights() -> Ints:
    """(1440,) whole numbers: 1000 at midnight, 1340 at noon, smooth on the way."""
    minute = np.arange(1440, dtype=np.int64)
    arch = minute * (1440 - minute)  # 0 at midnight, 720 squared at noon; squared below to be flat at both ends
    return 1000 + 340 * arch * arch // 720**4
