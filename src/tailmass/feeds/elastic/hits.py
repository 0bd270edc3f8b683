"""What a search finds in Elasticsearch or OpenSearch, as the source of a scheduler."""

from collections.abc import Iterator
from contextlib import contextmanager

from tailmass.feeds.elastic.source import Elastic
from tailmass.feeds.httpserver import RefusedError
from tailmass.feeds.rows import Span, batches


class HitSource:
    """The documents that a search finds, each a row.

    Parameters
    ----------
    elastic : what is read, each row with its time
    time_field : where that is
    every : seconds from one look for more to the next
    """

    finite = False
    head = b""

    def __init__(self, elastic: Elastic, *, time_field: str, every: float) -> None:
        self.every = every
        self._elastic = elastic
        self._time_field = time_field

    def verify(self) -> None:
        """Raise an OSError if the server does not answer, or not to this search."""
        verify_times(self._elastic, self._time_field)

    def batches(self, since_ms: int | None, until_ms: int) -> Iterator[bytes]:
        """The rows of a time, as JSON, a page or so at once."""
        with passing():
            if since_ms is None:
                there = self._elastic.span()
                since_ms = until_ms if there is None else there.since_ms
            if since_ms >= until_ms:
                return
            for part in self._elastic.parts(Span(since_ms, until_ms)):
                yield from batches(part.rows, self._time_field)

    def close(self) -> None:
        """Hang up."""
        self._elastic.close()


def verify_times(elastic: Elastic, time_field: str) -> None:
    """Raise an OSError if a server does not answer a search, or finds only what has no time in that field."""
    with passing():
        if elastic.span() is None and elastic.finds():
            raise OSError(f"no document has a time in {time_field!r}: set 'timeField' in the 'dataDescription'")


@contextmanager
def passing() -> Iterator[None]:
    """Take what a server refuses for something that passes: somebody may put it right while the scheduler waits."""
    try:
        yield
    except RefusedError as refused:
        raise OSError(str(refused)) from refused
    except KeyError as missing:
        raise OSError(f"the answer to a search has no {missing}: is it of Elasticsearch or OpenSearch?") from missing
