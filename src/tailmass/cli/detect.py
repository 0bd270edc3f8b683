"""`tailmass detect`: what is unusual in a file, ranked."""

import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from tailmass.cli.complaint import ANOMALIES, DATA, USAGE, complain, complaining
from tailmass.cli.output import Format, Record, records_of, write
from tailmass.cli.severity import BANDS, severity

if TYPE_CHECKING:
    from tailmass.engine.detect import Results
    from tailmass.jobs import Detector


MOST_INFLUENCERS = 5  # that are told after the records


class Band(StrEnum):
    """The severities that `--fail-on` knows."""

    WARNING = "warning"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


def detect(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="CSV, NDJSON, JSON or Parquet; may be gzipped; - reads stdin.")
    ],
    detectors: Annotated[
        list[str] | None,
        typer.Argument(metavar="DETECTOR...", help='What to watch, such as "mean(responsetime) by airline".'),
    ] = None,
    bucket_span: Annotated[
        str, typer.Option(metavar="SPAN", help="Time slice rows are summarised in, such as 15m or 1h.")
    ] = "auto",
    time_field: Annotated[str | None, typer.Option(metavar="NAME", help="Column of times. [default: guessed]")] = None,
    time_format: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="epoch, epoch_ms or a Java date pattern. [default: guessed]"),
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(metavar="CHARACTER", help="Between columns; \\t for TAB. [default: guessed]")
    ] = None,
    categorize: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Field of messages; those that are alike share a prelertcategory to split by."
        ),
    ] = None,
    influencers: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Field that may be to blame; again, or with commas, for several."),
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Whose days and weeks, such as Europe/London. [default: UTC]")
    ] = None,
    latency: Annotated[
        str | None, typer.Option(metavar="SPAN", help="How far rows may be out of order, such as 10m. [default: not]")
    ] = None,
    overlapping_buckets: Annotated[
        bool, typer.Option("--overlapping-buckets", help="See what lies across the end of a bucket whole.")
    ] = False,
    per_partition: Annotated[
        bool, typer.Option("--per-partition", help="Score by what is rare within each partition, not in all of them.")
    ] = False,
    interim: Annotated[
        bool, typer.Option("--interim", help="Judge the last bucket as it stands, too, though not what is low in it.")
    ] = False,
    rules: Annotated[
        list[str] | None,
        typer.Option("--rule", metavar="RULE", help='What to leave out, such as "actual < 50"; again for several.'),
    ] = None,
    value_lists: Annotated[
        list[str] | None,
        typer.Option(
            "--value-list", metavar="NAME=VALUES", help="For rules: values with commas, or @FILE with one a line."
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(metavar="N", help="Alerts a week that are welcome: tells the bucket score that keeps to it."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="Most records to show; 0 shows all.")] = 20,
    min_score: Annotated[
        float, typer.Option(min=0, max=100, metavar="SCORE", help="Lowest score to show, of 100.")
    ] = 3.0,
    form: Annotated[Format, typer.Option("--format", help="How to write the records.")] = Format.TABLE,
    fail_on: Annotated[Band | None, typer.Option(help="Exit with 1 if there is a record at least this severe.")] = None,
) -> None:
    """Find what is unusual in FILE and rank it.

    A DETECTOR is a function of a field, and how rows split into series, each compared with its own past: by a field,
    within a partition. Functions: count, non_zero_count, mean, min, max, sum, non_null_sum and metric (mean, min and
    max at once); high_ or low_ in front of a count, mean or sum watches one side only.

    \b
    Examples:
      tailmass detect farequote.csv "mean(responsetime) by airline"
      tailmass detect access.csv.gz count "high_sum(bytes) by host partition=site" --bucket-span 10m
      kubectl logs web | tailmass detect - "count by level" --format ndjson
      tailmass detect nightly.csv "max(latency) by host" --fail-on major
      tailmass detect app.csv "count by prelertcategory" --categorize message
      tailmass detect access.csv "sum(bytes) by site" --influencers user,host
      tailmass detect load.csv "max(load) by host" --rule "actual < 50" --rule "host in known" --value-list known=a,b

    A RULE leaves out records by actual, typical or difference and a number, or by FIELD in LIST; "and" or "or" joins
    several, and "for FIELD=VALUE" at the end says whose records it is about. It holds for every DETECTOR.

    What is not said is guessed from the head of FILE, and the guesses and their reasons are printed. Scores run from
    0 to 100: warning from 3, minor from 25, major from 50, critical from 75.

    Exit codes: 0 done, 1 --fail-on reached, 2 wrong usage, 3 the data cannot be read.
    """
    from tailmass.cli.progress import progress

    with _source(file) as path:
        asked = _parsed(detectors or [], rules or [], path)
        lists = _lists(value_lists or [])
        if per_partition and not any(each.partition_field_name for each in asked):
            complain("--per-partition needs a detector with a partition: write partition=FIELD in one", USAGE)
        delimiter = "\t" if delimiter == "\\t" else delimiter
        with complaining(DATA), progress(f"Analysing {path.name}") as report:
            from tailmass.engine.detect import detect as run

            results = run(
                path,
                asked,
                bucket_span=bucket_span
                if bucket_span == "auto"
                else _seconds("--bucket-span", bucket_span, "1h or auto"),
                time_field=time_field,
                time_format=time_format,
                field_delimiter=delimiter,
                categorize=categorize,
                influencers=[name for each in influencers or () for name in each.split(",") if name],
                latency=0 if latency is None else _seconds("--latency", latency, "1h"),
                time_zone=time_zone,
                value_lists=lists,
                overlapping_buckets=overlapping_buckets,
                per_partition=per_partition,
                interim=interim,
                alert_budget=budget,
                progress=report,
            )
            records = records_of(results)
        _explain(path.name, results)
        shown = [record for record in records if record["normalized_probability"] >= min_score]
        write(shown[: limit or None], form, results)
        _tell_categories(shown[: limit or None], results)
        _tell_influencers(results, min_score)
        _summarise(records, shown, limit, min_score)
        if results.alert_threshold is not None:
            alerts = (results.buckets["anomaly_score"] >= results.alert_threshold).sum()
            typer.echo(
                f"{budget:g} alerts a week are buckets from {results.alert_threshold:.0f}: {alerts} here", err=True
            )
    if fail_on is not None and records and records[0]["normalized_probability"] >= _least(fail_on):
        raise typer.Exit(ANOMALIES)


@contextmanager
def _source(file: str) -> Iterator[Path]:
    """The file, or what comes in on stdin as a file: the guesses need its head and the analysis all of it."""
    if file != "-":
        path = Path(file)
        if not path.is_file():
            what = "is a directory" if path.is_dir() else "does not exist"
            complain(f"{file} {what}: give the path of a file, or - to read from stdin", USAGE)
        yield path
        return
    with TemporaryDirectory(prefix="tailmass-") as directory:
        path = Path(directory, "stdin")
        with path.open("wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        yield path


def _parsed(detectors: Sequence[str], rules: Sequence[str], path: Path) -> "list[Detector]":
    """The detectors, each with all the rules, once all of them read as such; else an end with the way out."""
    if not detectors:
        with complaining(DATA):
            from tailmass.intake.profile import profile_path

            fields = ", ".join(profile_path(path).fields)
        example = 'for example "count" or "mean(FIELD) by FIELD"'
        complain(f"say what to watch in {path.name}, {example}; its columns are {fields}", USAGE)
    with complaining(USAGE):
        from tailmass.jobs import grammar

        quiet = tuple(grammar.rule(text) for text in rules) or None
        asked = [grammar.detector(text).model_copy(update={"detector_rules": quiet}) for text in detectors]
        for each in asked:
            each.verify()
    return asked


def _lists(texts: Sequence[str]) -> dict[str, list[str]]:
    """The lists by their names, each of which has values; else an end with the way out."""
    lists = {}
    for text in texts:
        name, _, values = text.partition("=")
        if values.startswith("@"):
            with complaining(USAGE):
                split = Path(values[1:]).read_text().splitlines()
        else:
            split = values.split(",")
        lists[name] = [value for each in split if (value := each.strip())]
        if not name or not lists[name]:
            complain(f"--value-list {text} is not a list: write NAME=a,b,c or NAME=@FILE with a value a line", USAGE)
    return lists


def _seconds(option: str, text: str, others: str) -> int:
    """The seconds that a number with a unit means; else an end with the way out."""
    if not re.fullmatch(r"0*[1-9][0-9]*[smhdw]?", text):
        complain(f"{option} {text} is not a length of time: write 900, 15m, {others}", USAGE)
    from tailmass.engine.detect import seconds

    return seconds(text)


def _explain(name: str, results: "Results") -> None:
    """What was read, and what was guessed about it and why, on stderr."""
    counts = results.counts
    typer.echo(f"{name}: {counts.input_record_count:,} rows, {results.buckets.shape[0]:,} buckets", err=True)
    for guess in results.guesses:
        typer.echo(f"  guessed {guess}", err=True)
    for count, what in (
        (counts.invalid_date_count, "no readable time"),
        (counts.out_of_order_time_stamp_count, "a time before the bucket that was open"),
    ):
        if count:
            typer.echo(f"  left out {count:,} rows with {what}", err=True)


def _tell_categories(shown: Sequence[Record], results: "Results") -> None:
    """What the categories of the records are, on stderr."""
    named = {
        record[f"{split}_field_value"]
        for record in shown
        for split in ("by", "over", "partition")
        if record[f"{split}_field_name"] == "prelertcategory" and record[f"{split}_field_value"]
    }
    for number, terms in results.categories.select("category_id", "terms").iter_rows():
        if str(number) in named:
            typer.echo(f"prelertcategory {number}: {terms}", err=True)


def _tell_influencers(results: "Results", min_score: float) -> None:
    """The values that are most to blame, each with its highest score, on stderr."""
    best: dict[str, float] = {}
    for name, value, score in results.influencers.select(
        "influencer_field_name", "influencer_field_value", "anomaly_score"
    ).iter_rows():
        if score >= min_score:
            best.setdefault(f"{name}={value}", score)  # the highest comes first
    if best:
        told = ", ".join(f"{who} ({int(score)})" for who, score in list(best.items())[:MOST_INFLUENCERS])
        rest = f" and {len(best) - MOST_INFLUENCERS} more" if len(best) > MOST_INFLUENCERS else ""
        typer.echo(f"Most to blame: {told}{rest}.", err=True)


def _summarise(records: Sequence[Record], shown: Sequence[Record], limit: int, min_score: float) -> None:
    """How many records there are beside those that were written, on stderr."""
    if not shown:
        rest = f"; --min-score 0 shows the {len(records):,} below" if records and min_score > 0 else ""
        typer.echo(f"Nothing scores {min_score:g} or more{rest}.", err=True)
        return
    named = [severity(record["normalized_probability"]).name for record in shown]
    bands = ", ".join(f"{named.count(band.name)} {band.name}" for band in BANDS if band.name in named)
    rest = f"; --limit 0 shows all, the first {limit} are above" if 0 < limit < len(shown) else ""
    records_are = "1 record" if len(shown) == 1 else f"{len(shown):,} records"
    typer.echo(f"{records_are}{f' ({bands})' if bands else ''}{rest}.", err=True)


def _least(band: Band) -> int:
    return next(known.least for known in BANDS if known.name == band)
