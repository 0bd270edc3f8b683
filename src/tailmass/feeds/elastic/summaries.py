"""What aggregations make of documents in Elasticsearch or OpenSearch, as the source of a scheduler."""

from collections.abc import Iterator

from tailmass.feeds.elastic.histogram import Histogram
from tailmass.feeds.elastic.hits import passing, verify_times
from tailmass.feeds.elastic.source import Elastic
from tailmass.feeds.httpserver import RefusedError
from tailmass.feeds.rows import Row, Span, batches

MOST_ROWS = 5000
"""About how many rows to ask for at once: servers refuse to make more buckets than some ten thousand."""


class SummarySource:
    """The leaves of a date histogram, each a row.

    Only whole buckets of the histogram are read, so what is asked for has to have passed their ends. A time without
    documents is leapt over.

    Parameters
    ----------
    elastic : what is read
    histogram : what is made of it
    every : seconds from one look for more to the next
    """

    finite = False
    head = b""

    def __init__(self, elastic: Elastic, histogram: Histogram, *, every: float) -> None:
        self.every = every
        self._elastic = elastic
        self._histogram = histogram
        self._intervals = max(1, MOST_ROWS // histogram.width)

    def verify(self) -> None:
        """Raise an OSError if the server does not answer, or not to these aggregations."""
        verify_times(self._elastic, self._histogram.time_field)
        with passing():
            self._elastic.aggregate(Span(0, 0), self._histogram.asked)

    def batches(self, since_ms: int | None, until_ms: int) -> Iterator[bytes]:
        """The rows of a time, as JSON."""
        with passing():
            if since_ms is None:
                there = self._elastic.span()
                since_ms = until_ms if there is None else self._histogram.floor(there.since_ms)
            until_ms = self._histogram.floor(until_ms)
            begin = self._earliest(Span(self._histogram.ceiling(since_ms), until_ms))
            while begin is not None:
                rows, end = self._rows(begin, until_ms)
                yield from batches(rows, self._histogram.time_field)
                begin = end if rows and end < until_ms else self._earliest(Span(end, until_ms))

    def close(self) -> None:
        """Hang up."""
        self._elastic.close()

    def _earliest(self, span: Span) -> int | None:
        """Where the first bucket with documents begins; None if there is none."""
        if span.since_ms >= span.until_ms:
            return None
        field = {"field": self._histogram.time_field}
        first = self._elastic.aggregate(span, {"first": {"min": field}}).get("first", {}).get("value")
        return None if first is None else self._histogram.floor(int(first // 1))

    def _rows(self, since_ms: int, until_ms: int) -> tuple[list[Row], int]:
        """The rows of as many buckets as the server will make at once, and where these end."""
        while True:
            end = min(since_ms + self._intervals * self._histogram.interval_ms, until_ms)
            try:
                return self._histogram.rows(self._elastic.aggregate(Span(since_ms, end), self._histogram.asked)), end
            except (OSError, RefusedError) as error:
                if self._intervals == 1 or "too many buckets" not in str(error):
                    raise
            self._intervals //= 2
