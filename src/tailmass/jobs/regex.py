"""Regular expressions as the users of this API write them: those of Java."""

import re
from collections.abc import Iterator

_POSIX = {
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Upper": "A-Z",
    "Lower": "a-z",
    "Punct": r"!-/:-@\[-`{-~",
    "Space": r"\s",
    "Blank": r" \t",
    "XDigit": "0-9a-fA-F",
    "ASCII": r"\x00-\x7f",
    "L": r"^\W\d_",
}
_TOKEN = re.compile(
    r"\\Q(?P<quoted>.*?)(?:\\E|\Z)"
    r"|\\p\{(?:Is)?(?P<posix>\w+)\}"
    r"|(?P<escape>\\.)"
    r"|(?P<group>\(\?<(?=[A-Za-z]))"
    r"|(?P<open>\[\^?\]?)"
    r"|(?P<close>\])"
    r"|(?P<twice>&&|--|~~|\|\|)"
    r"|(?P<other>.)",
    re.DOTALL,
)


def regex(text: str) -> re.Pattern[str]:
    r"""A regular expression of Java, compiled; `re.error` when it is none, or needs what Python has no word for.

    The two languages agree on nearly everything. What is translated: named groups, `\Q...\E`, `\z`, `\Z` and the
    classes of POSIX.

    >>> regex(r"(?<user>\p{Alpha}+)@\Qx.y\E").fullmatch("bob@x.y")["user"]
    'bob'
    """
    try:
        return re.compile("".join(_translated(text)))
    except (OverflowError, RecursionError) as error:
        raise re.error("the expression is too large", text) from error


def _translated(text: str) -> Iterator[str]:
    inside = False
    for token in _TOKEN.finditer(text):
        found = token[0]
        match token.lastgroup:
            case "quoted":
                yield re.escape(token["quoted"])
            case "posix":
                yield _posix(token["posix"], inside)
            case "escape":
                yield {"\\z": r"\Z", "\\Z": r"(?=\n?\Z)", "\\h": r"[ \t]"}.get(found, found) if not inside else found
            case "group":
                yield found if inside else "(?P<"
            case "open" if inside:
                raise re.error("classes inside of classes are not supported: join them into one", text, token.start())
            case "open":
                inside = True
                yield found.replace("]", r"\]")
            case "close":
                inside = False
                yield found
            case "twice" if inside and found == "&&":
                raise re.error("the intersection of classes is not supported: write one class", text, token.start())
            case "twice" if inside:
                # To Python these look like set operations to come, and it warns.
                yield f"{found[0]}\\{found[1]}"
            case _:
                yield found


def _posix(name: str, inside: bool) -> str:
    if name not in _POSIX or (inside and _POSIX[name].startswith("^")):
        raise re.error(f"the class \\p{{{name}}} is not supported here: write the characters out")
    return _POSIX[name] if inside else f"[{_POSIX[name]}]"
