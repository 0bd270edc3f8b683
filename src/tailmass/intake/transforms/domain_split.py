"""`domain_split`: a host name as the domain that somebody registered, and what is below it."""

import re
from collections.abc import Sequence
from ipaddress import ip_address

import numpy as np
import polars as pl

from tailmass.intake.cells import texts
from tailmass.intake.spans import spans
from tailmass.intake.transforms.distinct import answers
from tailmass.intake.transforms.step import Outcome, Step
from tailmass.intake.transforms.suffixes import suffixes
from tailmass.jobs import Transform
from tailmass.kernels.hosts import FAILED, HARD, SPLIT, split_hosts, suffix_labels

_HOST = re.compile(r"[^\s/:@.]+(?:\.[^\s/:@.]+)*\.?")
_NO_HOST = ("", "", False)


def domain_split(transform: Transform) -> Step:
    """Splits host names; what is none, such as a URL or a host with its port, is a failure."""
    del transform

    def run(inputs: Sequence[pl.Series]) -> Outcome:
        content, starts, stops = spans(inputs[0])
        begins, ends, kinds = split_hosts(content, starts, stops, suffixes())
        split = kinds == SPLIT
        below = texts(content, starts, np.where(split & (begins > starts), begins - 1, starts))
        registered = texts(content, begins, np.where(split, ends, begins))
        failed = kinds == FAILED
        hard = np.flatnonzero(kinds == HARD)
        if len(hard):
            *names, good = answers(inputs[0].gather(hard), [pl.String, pl.String, pl.Boolean], split_host)
            below, registered = below.scatter(hard, names[0]), registered.scatter(hard, names[1])
            failed[hard] = ~good.to_numpy()
        return Outcome((below, registered), failed)

    return run


def split_host(host: str) -> tuple[str, str, bool]:
    """What is below the registered domain, the domain, and whether the text is a host at all.

    A name that nobody can register, because it is a public suffix or a single label, stands for itself.

    >>> split_host("a.b.example.co.uk"), split_host("10.0.0.1"), split_host("localhost")
    (('a.b', 'example.co.uk', True), ('', '10.0.0.1', True), ('', 'localhost', True))
    """
    name = host.removesuffix(".")
    # No top level is a number: RFC 3696.
    if not _HOST.fullmatch(host) or name.rpartition(".")[2].isdecimal():
        return ("", host, True) if _is_address(host) else _NO_HOST
    registered = suffix_labels(np.frombuffer(name.lower().encode(), np.uint8), suffixes()) + 1
    if registered > name.count("."):
        return "", name, True
    below = name.rsplit(".", registered)[0]
    return below, name[len(below) + 1 :], True


def _is_address(text: str) -> bool:
    inside = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        ip_address(inside)
    except ValueError:
        return False
    return True
