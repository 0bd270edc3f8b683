"""Reading on while what was read is still being dealt with."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """The same items, of which the next one is always on its way in a thread of its own.

    At most one is held that was not asked for yet. The thread has ended, and the items are closed, when this is.

    >>> list(ahead(iter("abc")))
    ['a', 'b', 'c']
    """
    with ThreadPoolExecutor(1, "ahead") as reader:
        try:
            coming = reader.submit(next, items, None)
            while (item := coming.result()) is not None:
                coming = reader.submit(next, items, None)
                yield item
        finally:
            if isinstance(items, Generator):
                reader.submit(items.close)
