"""The public suffix list: below which names anyone may register one."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from publicsuffixlist import PSLFILE


@dataclass(slots=True)
class _Label:
    """What the list says of a name, and the names below it."""

    below: dict[str, "_Label"] = field(default_factory=dict)
    public: bool = False
    """The name is a suffix."""
    exception: bool = False
    """It is none, though a rule for all names beside it says so."""


def suffix_labels(labels: list[str]) -> int:
    """How many labels at the end of a name, in lower case, are its public suffix; 1 where the list does not know it.

    The whole list counts, with the suffixes that are private property: pages below github.io belong to different
    people, as names below co.uk do.

    >>> suffix_labels(["www", "example", "co", "uk"])
    2
    """
    at, count = _list(), 1
    for depth, label in enumerate(reversed(labels), 1):
        below = at.below.get(label)
        if below is None:
            return depth if "*" in at.below else count
        if below.exception:
            return depth - 1
        if "*" in at.below:
            count = depth
        # A rule for all names below this one takes it for a suffix itself.
        if below.public or "*" in below.below:
            count = depth
        at = below
    return count


@cache
def _list() -> _Label:
    """The list as it came with the library, as a tree from the last label down."""
    root = _Label()
    for line in Path(PSLFILE).read_text("utf-8").lower().splitlines():
        rule = line.split(" ")[0]
        if not rule or rule.startswith("//"):
            continue
        name = rule.removeprefix("!")
        for spelt in {name, name.encode("idna").decode()} if not name.isascii() else {name}:
            at = root
            for label in reversed(spelt.split(".")):
                at = at.below.setdefault(label, _Label())
            at.exception = rule.startswith("!")
            at.public = not at.exception
    return root
