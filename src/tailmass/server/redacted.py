"""Configuration without its secrets, to be given to others."""

import re
from typing import Any

HIDDEN = "(hidden)"

_SECRET = re.compile(r"passw|secret|token|credential|authoriz|cookie|api_?key|private_?key", re.IGNORECASE)
_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<rest>\S*)", re.IGNORECASE)


def redacted(value: Any) -> Any:
    """The value with what is called like a secret hidden, at any depth, and of URLs who logs in and what is asked.

    >>> redacted({"store": {"url": "postgresql://me:mine@host/data?sslpassword=x"}, "apiKey": "k", "port": 8080})
    {'store': {'url': 'postgresql://(hidden)@host/data?(hidden)'}, 'apiKey': '(hidden)', 'port': 8080}
    """
    match value:
        case dict():
            return {
                name: HIDDEN if _SECRET.search(str(name)) and each is not None else redacted(each)
                for name, each in value.items()
            }
        case list() | tuple():
            return [redacted(each) for each in value]
        case str():
            return _URL.sub(_public, value)
    return value


def _public(url: re.Match[str]) -> str:
    # The last @ it is: a password that nobody has percent-encoded may have some, and a slash or a question mark too.
    login, at, rest = url["rest"].rpartition("@")
    place, question, _ = rest.partition("?")
    return f"{url['scheme']}://{HIDDEN if login else ''}{at}{place}{question}{HIDDEN if question else ''}"
