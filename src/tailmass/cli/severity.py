"""The bands of scores that people are told by name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Severity:
    """A band of scores, told apart by shape as well as by colour."""

    name: str
    least: int
    """The lowest score of the band."""
    mark: str
    style: str


BANDS = (
    Severity("critical", 75, "◆", "bold red"),
    Severity("major", 50, "▲", "dark_orange"),
    Severity("minor", 25, "●", "yellow"),
    Severity("warning", 3, "○", "cyan"),
)
"""The bands from the top down; below the last one a score has no name."""

UNREMARKABLE = Severity("", 0, " ", "dim")


def severity(score: float) -> Severity:
    """The band a score falls into.

    >>> severity(94.0).name, severity(3.0).name, severity(2.9).name
    ('critical', 'warning', '')
    """
    return next((band for band in BANDS if score >= band.least), UNREMARKABLE)
