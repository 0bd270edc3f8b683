"""What a server answered, and the errors it may mean."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tailmass import errors
from tailmass.client.request import Document

EXCERPT = 200  # characters of a foreign page that are enough to recognise it


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: a status and a body."""

    status: int
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the server did what it was asked."""
        return 200 <= self.status < 300

    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def document(self) -> Document:
        """The body as a document: ``{}`` when it is empty, an error document when it is something else.

        Something else is what a proxy in between or a wrong port answers.
        """
        if not self.body.strip():
            return {}
        try:
            document = json.loads(self.body)
        except ValueError:
            document = None
        return document if isinstance(document, dict) else self._foreign()

    def checked(self) -> "Reply":
        """Return the same reply unless it is an error, which is raised as its class of `tailmass.errors`."""
        if not self.ok:
            raise error(self._complaint())
        return self

    def result(self) -> Document:
        """The body as a document of the engine; an error is raised.

        No error are the envelopes that say for themselves what went wrong: a single document that does not exist,
        and an upload that failed for some or all of its jobs.
        """
        document = self.document()
        envelope = self.ok or document.get("exists") is False or "responses" in document
        if "errorCode" in document or not envelope:
            raise error(self._complaint())
        return document

    def single(self) -> Document | None:
        """The document inside a single-document envelope; None when it does not exist."""
        document: Document | None = self.result().get("document")
        return document

    def _complaint(self) -> Document:
        document = self.document()
        return document if "errorCode" in document else self._foreign()

    def _foreign(self) -> Document:
        excerpt = self.text()[:EXCERPT]
        return {"errorCode": 0, "message": f"status {self.status} and not an answer of the engine: {excerpt!r}"}


def error(document: Mapping[str, Any]) -> errors.EngineError:
    """Return the error that an error document describes, as the class of its code."""
    code, message = document.get("errorCode", 0), document.get("message", "")
    return errors.error(code, message, cause=document.get("cause"))
