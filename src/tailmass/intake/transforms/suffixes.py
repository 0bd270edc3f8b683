"""The public suffix list: below which names anyone may register one."""

from functools import cache
from pathlib import Path

import numpy as np
from publicsuffixlist import PSLFILE

from tailmass.kernels.hosts import EXCEPTION, PUBLIC, WILD, Tree, tree


@cache
def suffixes() -> Tree:
    """The list as it came with the library, every rule in Unicode and as it is written in the DNS.

    The whole list counts, with the suffixes that are private property: pages below github.io belong to different
    people, as names below co.uk do.
    """
    labels: dict[tuple[int, str], int] = {(-1, ""): 0}
    flags = [0]
    for line in Path(PSLFILE).read_text("utf-8").lower().splitlines():
        rule = line.split(" ")[0]
        if not rule or rule.startswith("//"):
            continue
        name = rule.removeprefix("!")
        for spelt in dict.fromkeys((name, name.encode("idna").decode())) if not name.isascii() else (name,):
            at = 0
            for label in reversed(spelt.split(".")):
                if label == "*":
                    flags[at] |= WILD
                at = labels.setdefault((at, label), len(labels))
                if at == len(flags):
                    flags.append(0)
            flags[at] |= EXCEPTION if rule.startswith("!") else PUBLIC
    texts = [label.encode() for _, label in labels]
    stops = np.cumsum([len(text) for text in texts], dtype=np.int32)
    starts = np.concatenate([np.zeros(1, np.int32), stops[:-1]])
    parents = np.array([parent for parent, _ in labels], np.int64)
    return tree(parents, np.array(flags, np.uint8), starts, stops, np.frombuffer(b"".join(texts), np.uint8))
