"""`domain_split`: a host name as the domain that somebody registered, and what is below it."""

import re
from collections.abc import Sequence
from ipaddress import ip_address

import polars as pl

from tailmass.intake.transforms.distinct import answers
from tailmass.intake.transforms.step import Outcome, Step
from tailmass.intake.transforms.suffixes import suffix_labels
from tailmass.jobs import Transform

_HOST = re.compile(r"[^\s/:@.]+(?:\.[^\s/:@.]+)*\.?")
_FAILED = ("", "", False)


def domain_split(transform: Transform) -> Step:
    """Splits host names; what is none, such as a URL or a host with its port, is a failure."""
    del transform

    def run(inputs: Sequence[pl.Series]) -> Outcome:
        below, registered, good = answers(inputs[0], [pl.String, pl.String, pl.Boolean], split_host)
        return Outcome((below, registered), ~good.to_numpy())

    return run


def split_host(host: str) -> tuple[str, str, bool]:
    """What is below the registered domain, the domain, and whether the text is a host at all.

    A name that nobody can register, because it is a public suffix or a single label, stands for itself.

    >>> split_host("a.b.example.co.uk"), split_host("10.0.0.1"), split_host("localhost")
    (('a.b', 'example.co.uk', True), ('', '10.0.0.1', True), ('', 'localhost', True))
    """
    if not _HOST.fullmatch(host):
        return ("", host, True) if _is_address(host) else _FAILED
    name = host.removesuffix(".")
    labels = name.lower().split(".")
    if labels[-1].isdecimal():  # no top level is a number: RFC 3696
        return ("", host, True) if _is_address(host) else _FAILED
    registered = suffix_labels(labels) + 1
    if registered >= len(labels):
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
