"""A list on the server, read page by page."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from tailmass.client.reply import Reply
from tailmass.client.request import Document, Request

PAGE = 1000
Send: TypeAlias = Callable[[Request], Reply]


class Listing:
    """The documents of a list; nothing is asked of the server before they are read.

    Reading it again asks again: ``for bucket in listing`` goes over all of them, ``page`` gives one page as the
    server sends it, with ``hitCount``.
    """

    def __init__(self, send: Send, request: Request) -> None:
        self._send = send
        self._request = request

    def __iter__(self) -> Iterator[Document]:
        for page in self.pages():
            yield from page["documents"]

    def page(self, skip: int = 0, take: int = 100) -> Document:
        """One page: ``hitCount``, ``skip``, ``take``, ``nextPage``, ``previousPage`` and ``documents``."""
        return self._send(self._request.page(skip, take)).result()

    def pages(self, take: int = PAGE) -> Iterator[Document]:
        """Every page in turn, ``take`` documents each."""
        return (reply.result() for reply in replies(self._send, self._request, take))


def replies(send: Send, request: Request, take: int) -> Iterator[Reply]:
    """Ask for every page of a list; a reply that is no page is the last.

    All parameters are repeated rather than the URL in ``nextPage`` followed: behind a proxy that URL may name a host
    which is not to be reached from here.
    """
    skip = 0
    while True:
        reply = send(request.page(skip, take))
        yield reply
        page = reply.document()
        if not (reply.ok and page.get("nextPage") and page.get("documents")):
            return
        skip += len(page["documents"])
