"""What a category is to a reader: its words, and a regular expression."""

import re
from collections.abc import Sequence

_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


def regular_expression(words: Sequence[str], *, lines: bool) -> str:
    r"""An expression that is found in every message with these words in this order.

    It is written in what Java, Python and RE2 have in common. Where there are messages of several `lines`, a dot has
    to match their ends as well.

    >>> regular_expression(["User", "logged", "in."], lines=False)
    '.*?User.+?logged.+?in\\..*'
    >>> regular_expression([], lines=True)
    '(?s).*'
    """
    dots = "(?s)" if lines else ""
    if not words:
        return f"{dots}.*"
    return f"{dots}.*?{'.+?'.join(_SPECIAL.sub(_escaped, word) for word in words)}.*"


def _escaped(match: re.Match[str]) -> str:
    return f"\\{match[0]}"
