"""The envelopes that answers come in: an acknowledgement, a page, a single document."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

Parameter = str | int | float | bool | None


def acknowledgement() -> dict[str, Any]:
    """The answer to what was done and has nothing to tell."""
    return {"acknowledgement": True}


def single(kind: str, document: Mapping[str, Any] | None) -> dict[str, Any]:
    """One document of a kind, or that there is none.

    >>> single("bucket", None)
    {'exists': False, 'type': 'bucket'}
    """
    if document is None:
        return {"exists": False, "type": kind}
    return {"exists": True, "type": kind, "document": dict(document)}


def page(
    documents: Sequence[Mapping[str, Any]],
    hit_count: int,
    skip: int,
    take: int,
    url: str,
    parameters: Mapping[str, Parameter],
) -> dict[str, Any]:
    """Some of many documents, and where the ones after and before them are.

    `parameters` are all that were in effect, defaults included and in the order they shall be restated; those that are
    None were not given and are left out.
    """
    following = _address(url, skip + take, take, parameters) if skip + take < hit_count else None
    preceding = _address(url, max(0, skip - take), take, parameters) if skip > 0 else None
    return {
        "hitCount": hit_count,
        "skip": skip,
        "take": take,
        "nextPage": following,
        "previousPage": preceding,
        "documents": [dict(each) for each in documents],
    }


def _address(url: str, skip: int, take: int, parameters: Mapping[str, Parameter]) -> str:
    given = {"skip": skip, "take": take, **parameters}
    return f"{url}?{'&'.join(_pairs(given.items()))}"


def _pairs(parameters: Iterable[tuple[str, Parameter]]) -> Iterable[str]:
    for name, value in parameters:
        if value is not None:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            yield f"{name}={quote(text, safe='')}"
