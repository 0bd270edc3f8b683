"""Which fields of the data an analysis wants, and as what."""

from dataclasses import dataclass

from tailmass.jobs import Transform


@dataclass(frozen=True, slots=True)
class Fields:
    """The names of the fields to take in; a field may be wanted both as text and as a number."""

    time: str | None
    """None where the time is still to be made."""
    texts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    transforms: tuple[Transform, ...] = ()
    """What makes fields out of others, each after those whose outputs it needs."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every field once: the time first, then texts, then numbers."""
        time = () if self.time is None else (self.time,)
        return tuple(dict.fromkeys((*time, *self.texts, *self.numbers)))

    @property
    def source(self) -> "Fields":
        """The fields that the data has to have: what transforms need in place of what they make.

        A name that a transform makes is never looked for in the data.
        """
        made = {name for each in self.transforms for name in each.output_names}
        texts = (*self.texts, *(name for each in self.transforms for name in each.inputs))
        return Fields(
            None if self.time in made else self.time,
            tuple(dict.fromkeys(name for name in texts if name not in made)),
            tuple(name for name in self.numbers if name not in made),
        )
