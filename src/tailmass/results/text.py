"""Text that others wrote, as it can be shown among ours."""


def escaped(text: str) -> str:
    r"""The text with everything that is not shown as itself written out.

    >>> print(escaped("GET /\n2026-01-01 ERROR all is lost\x1b[2J"))
    GET /\n2026-01-01 ERROR all is lost\x1b[2J
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
