"""Which metrics of a machine were unusual: those that a job names, held against those that people have named.

    python examples/name_metrics.py --step 300 ../shared/data/asd/omi-*.csv.gz

A machine is a table with a row every STEP seconds, a column a metric, and a file `..._interpretation.txt` beside it in
which a line `760-765:4,5` says that metrics 4 and 5, counted from 1, were unusual in these rows of the test part. One
job a machine watches all of its metrics. A record names its metric in every event it falls into. Each event is held
against as many rows before it of which no event has any, for there are records of calm times too.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

import tailmass

START = 1_600_041_600  # of the first row, which has no time: a midnight
SCORES = (0, 50)  # from which on a record counts

Pairs = set[tuple[int, str]]
"""Events by their numbers, each with a metric."""


@dataclass(frozen=True, slots=True)
class Named:
    """What people and the job have named."""

    events: int
    chance: float
    """Metrics that are named in an event by people, of all; summed over the events."""
    true: int
    """Pairs of an event and a metric that people name."""
    told: tuple[int, ...]
    """Events in which the job names any metric, for each of SCORES."""
    calm: tuple[int, ...]
    """The same of the calm rows before each event."""
    named: tuple[int, ...]
    """Pairs that the job names."""
    right: tuple[int, ...]
    """Pairs that both name."""

    def __add__(self, other: "Named") -> "Named":
        return Named(
            self.events + other.events,
            self.chance + other.chance,
            self.true + other.true,
            *(
                tuple(a + b for a, b in zip(mine, its, strict=True))
                for mine, its in (
                    (self.told, other.told),
                    (self.calm, other.calm),
                    (self.named, other.named),
                    (self.right, other.right),
                )
            ),
        )

    def line(self, machine: str) -> str:
        """A line of the table; `share` is what naming all metrics would have as its precision."""
        line = f"{machine:12}{self.events:7}{self.chance / self.events:7.2f}"
        for told, calm, named, right in zip(self.told, self.calm, self.named, self.right, strict=True):
            line += f"{told:8}{calm:6}{right / max(1, named):11.2f}{right / self.true:8.2f}"
        return line


def events(path: Path) -> Iterator[tuple[int, int, set[str]]]:
    """First and last row, and the metrics, of each event that people have labelled."""
    for line in path.read_text().split():
        rows, _, metrics = line.partition(":")
        first, _, last = rows.partition("-")
        yield int(first), int(last), {f"m{int(metric) - 1}" for metric in metrics.split(",")}


def calm_before(labelled: Sequence[tuple[int, int, set[str]]]) -> Iterator[tuple[int, int]]:
    """First and last row of the nearest rows before each event, as many as it has, of which no event has any."""
    for first, last, _ in labelled:
        begin, end = 2 * first - last - 1, first - 1
        while touched := [other for other, until, _ in labelled if other <= end and until >= begin]:
            begin, end = min(touched) - 1 - (end - begin), min(touched) - 1
        yield begin, end


def machine(path: Path, step: int) -> Named:
    """What the job of one machine names in its events."""
    table = pl.read_csv(path, infer_schema_length=None)
    metrics = [name for name in table.columns if name.startswith("m")]
    rows = (
        table.select((START + step * pl.col("i")).alias("time"), *metrics)
        .unpivot(metrics, index="time", variable_name="metric", value_name="value")
        .sort("time", maintain_order=True)
    )
    found = tailmass.detect(rows, "mean(value) partition=metric", bucket_span=step)
    records = found.records.with_columns(row=(pl.col("timestamp").dt.epoch("s") - START) // step)
    tested = table.filter(pl.col("split") == "test")["i"][0]
    labelled = list(events(path.with_name(path.name.replace(".csv.gz", "_interpretation.txt"))))
    true = {(number, metric) for number, (_, _, unusual) in enumerate(labelled) for metric in unusual}

    def named(stretches: Iterable[tuple[int, int]], score: float) -> Pairs:
        pairs: Pairs = set()
        for number, (first, last) in enumerate(stretches):
            within = records.filter(pl.col("row").is_between(tested + first, tested + last))
            told = within.filter(pl.col("normalized_probability") >= score)["partition_field_value"]
            pairs |= {(number, metric) for metric in told}
        return pairs

    in_events = [named([(first, last) for first, last, _ in labelled], score) for score in SCORES]
    in_calm = [named(calm_before(labelled), score) for score in SCORES]
    return Named(
        events=len(labelled),
        chance=len(true) / len(metrics),
        true=len(true),
        told=tuple(len({number for number, _ in pairs}) for pairs in in_events),
        calm=tuple(len({number for number, _ in pairs}) for pairs in in_calm),
        named=tuple(map(len, in_events)),
        right=tuple(len(pairs & true) for pairs in in_events),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line a machine, and one of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step", type=int, default=60, help="seconds from row to row")
    parser.add_argument("files", type=Path, nargs="+", help="tables of machines")
    asked = parser.parse_args(arguments)
    columns = f"{'told':>8}{'calm':>6}{'precision':>11}{'recall':>8}"
    print(f"{'':26}" + "".join(f"{f'score from {score}' if score else 'any score':>33}" for score in SCORES))
    print(f"{'machine':12}{'events':>7}{'share':>7}" + columns * len(SCORES))
    of_all = None
    for path in sorted(asked.files):
        named = machine(path, asked.step)
        print(named.line(path.name.removesuffix(".csv.gz")))
        of_all = named if of_all is None else of_all + named
    if of_all is not None and len(asked.files) > 1:
        print(of_all.line("all"))


if __name__ == "__main__":
    main()
