"""Which fields of the data an analysis wants, and as what."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fields:
    """The names of the fields to take in; a field may be wanted both as text and as a number."""

    time: str
    texts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every field once: the time first, then texts, then numbers."""
        return tuple(dict.fromkeys((self.time, *self.texts, *self.numbers)))
