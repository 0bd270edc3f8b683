"""The page docs/reference/benchmarks.md, from the figures of `results.json`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Section = Mapping[str, Any]

NAMES = {
    "nab": "NAB",
    "kpi": "KPI",
    "wsd": "WSD",
    "smd": "SMD",
    "asd": "ASD",
    "smap": "SMAP/MSL",
    "ucr": "UCR",
    "null": "nothing happens",
}
NOTHING = "–"

HEAD = """# Benchmarks

Written by `make bench`, which measures everything on this page. Times belong to the machine they were measured on:
compare the ratios."""

WHAT = """How well anomalies are found, on the development half of public labelled data, which lies beside the project
where it is developed. Each detector is one function, `scores(timestamps, values)`, called once a series and strictly
causal: a row's score depends on that row and earlier ones. One threshold serves all series of a set.

- An **alert** is an onset: a score above every alert of the last 48 rows.
- **KPI** (AIOps 2018), **WSD**, **SMD**, **ASD**, **SMAP/MSL**: F1 over labelled events at the best threshold. An event
  is found by an alert in its first 8 rows; every alert outside events is a false one, and nothing is adjusted
  afterwards. In brackets the share of events found at one false alarm a series-week. A machine of SMD and ASD is one
  series here, with the largest score of its metrics.
- **NAB**: its score from 0 to 100, standard, low FP and low FN, each at its best threshold.
- **UCR**: share of series whose highest score lies within 100 rows of their one anomaly.
- **Nothing happens**: nine generators of uneventful data. At the threshold where they alert once a series-week in all,
  the least and the most that one of them does; 1 and 1 would be a threshold that means the same on all data.
- **µs**: processor time a value, over everything scored."""


def render(results: Mapping[str, Section]) -> str:
    """The page in Markdown; what was never measured says so."""
    parts = [
        HEAD,
        "## Speed",
        _or_never(results.get("speed"), _speed, "speed"),
        "## HTTP",
        _or_never(results.get("http"), _http, "http"),
        "## Sources",
        _or_never(results.get("sources"), _sources, "sources"),
        "## Functions",
        _or_never(results.get("functions"), _functions, "functions"),
        "## Quality",
        WHAT,
        _or_never(results.get("quality"), _quality, "quality"),
        "## Cold start",
        _or_never(results.get("cold_start"), _cold_start, "cold_start"),
        "## Categories of messages",
        _or_never(results.get("categories"), _categories, "categories"),
        "## Other detectors on the same data",
        _or_never(results.get("peers"), _peers, "peers"),
    ]
    return "\n\n".join(parts) + "\n"


def _or_never(section: Section | None, part: Any, name: str) -> str:
    if section is None:
        return f"Not measured yet: `python -m benchmarks --only {name}`."
    return f"{_measured(section)}\n\n{part(section)}"


def _measured(section: Section) -> str:
    said = (
        f"Measured on {section['measured']}: version {section['version']} (source `{section['source']}`), "
        f"{section['cores']} cores, Python {section['python']}."
    )
    if limits := section.get("limits"):
        some = ", ".join(f"{NAMES.get(kind, kind)} {files}" for kind, files in limits.items())
        said += f" **A part of the data only**, the first series of each set: {some}."
    return said


# -- speed -------------------------------------------------------------------------------------------------------------


def _speed(section: Section) -> str:
    rates = section["rows_per_second"]
    routes = {
        "bare": "read and accumulate, no models (one thread)",
        "detect": "`tailmass.detect`",
        "http": "HTTP upload, client and server on this machine",
    }
    rows = [
        [words, f"{rates[route] / 1e6:.2f}", f"{rates[route] / rates['bare']:.0%}"] for route, words in routes.items()
    ]
    return "\n\n".join(
        [
            f"A CSV file of {section['rows']:,} rows ({section['size_mib']:.0f} MiB), {section['hosts']:,} hosts, a "
            f"week in buckets of {section['bucket_span']} s, `mean(value) by host`; the fastest of {section['times']} "
            "warm runs.",
            table(["route", "million rows a second", "of bare"], rows),
            f"Peak memory of the server, {section['times'] + 1} uploads and all libraries included: "
            f"{section['peak_mib']:.0f} MiB.",
            *_transforms(section),
            *_others(section.get("others", [])),
            "The models and scores of `mean` alone, on one thread:",
            table(
                ["series", "present in a bucket", "million updates a second", "bytes a series"],
                [
                    [
                        f"{each['series']:,}",
                        f"{each['present']:,}",
                        f"{each['updates_per_second'] / 1e6:.1f}",
                        f"{each['series_bytes']:,.0f}",
                    ]
                    for each in section["models"]
                ],
            ),
        ]
    )


def _transforms(section: Section) -> list[str]:
    measured = section.get("transforms")
    if measured is None:
        return []
    return [
        f"Reading as many rows of {measured['names']:,} host names and putting them through `concat`, `lowercase` and "
        f"`domain_split`: {measured['rows_per_second'] / 1e6:.2f} million rows a second."
    ]


def _others(others: list[dict[str, Any]]) -> list[str]:
    """What `tailmass.detect` makes of data frames with other detectors; results.json may be older than they are."""
    if not others:
        return []
    rows = [
        [
            f"`{each['detector']}`",
            f"{each['rows']:,}",
            f"{each['rows_per_second'] / 1e6:.1f}",
            f"{each['peak_mib']:.0f}" if "peak_mib" in each else "–",
        ]
        for each in others
    ]
    return [
        "Other detectors, by `tailmass.detect`, on data frames. Memory is what a process grows by from where it has "
        "the rows to its peak, all included:",
        table(["detector", "rows", "million rows a second", "memory, MiB"], rows),
    ]


# -- http --------------------------------------------------------------------------------------------------------------


def _http(section: Section) -> str:
    small, pages = section["small"], section["pages"]
    uploads = [
        [each["format"], f"{each['size_mib']:.0f}", f"{each['rows_per_second'] / 1e6:.2f}"]
        for each in section["formats"]
    ]
    return "\n\n".join(
        [
            f"Uploads of {section['rows']:,} rows of {section['hosts']:,} hosts, a week, by the Python client to a "
            f"server on the same machine, to jobs with `mean(value) by host`; the fastest of {section['times']} warm "
            "runs.",
            table(["format", "size, MiB", "million rows a second"], uploads),
            f"Small uploads of {small['rows']} rows to one job, one after the other: "
            f"{small['uploads_per_second']:,.0f} a second, over {small['uploads']:,} of them.",
            f"A page of 100 buckets of a job while the CSV file is sent to it, {pages['queries']:,} queries: half of "
            f"them take up to {pages['p50_ms']:.0f} ms, and 99 of 100 up to {pages['p99_ms']:.0f} ms.",
        ]
    )


# -- sources -----------------------------------------------------------------------------------------------------------


def _sources(section: Section) -> str:
    def cells(each: dict[str, Any]) -> list[str]:
        rates = each["rows_per_second"]
        share = f"{rates['pull'] / rates['bare']:.0%}"
        return [each["source"], f"{each['rows']:,}", f"{rates['bare']:,.0f}", f"{rates['pull']:,.0f}", share]

    absent = section["absent"]
    return "\n\n".join(
        [
            "What `tailmass pull` takes, as a command from its start to its end, with the server of the job and that "
            "of the source on the same machine; beside it the bare cost of the source: reading all of it, and "
            "counting the rows, by a few lines of Python. Jobs have `mean(value) by host` of a thousand hosts "
            "(Prometheus: by instance, of a hundred; access log: `high_count by status`); the fastest of "
            f"{section['times']} runs.",
            table(["source", "rows", "bare, rows a second", "pull, rows a second", "of bare"],
                  [cells(each) for each in section["sources"]]),
            *([f"Not measured, as there was no server: {', '.join(absent)}."] if absent else []),
        ]
    )  # fmt: skip


# -- functions ---------------------------------------------------------------------------------------------------------


def _functions(section: Section) -> str:
    splits = list(dict.fromkeys(each["split"] for each in section["found"]))
    names = list(dict.fromkeys(each["function"] for each in section["found"]))
    told = {(each["function"], each["split"]): each for each in section["found"]}

    def cell(name: str, split: str) -> str:
        found = told.get((name, split))
        if found is None:
            return NOTHING
        few = f" ({found['seeds']} sets)" if found["seeds"] < section["seeds"] else ""
        other = f" `{found['source']}`" if found.get("source", section["source"]) != section["source"] else ""
        return f"{found['found']:.0%} / {found['quiet']:.0%}{few}{other}"

    return "\n\n".join(
        [
            f"Rows made for each function, {section['seeds']} sets of {section['buckets']} buckets of "
            f"{section['span']} s, of one series, of four or eight that fields tell apart, or of twelve peers; times "
            "of the day and week have three and eight weeks of hours, and rare values two dozen peers. In one "
            "bucket of one series something is planted that the function is there to find; a twin of the rows is "
            "without it. The first figure is the share of sets in which what was planted is the record with the "
            "highest score, in its bucket and series and on its side. The second is the share of twins that have of "
            "scores of 75 or more no more than four times what these promise, which is less than one but where there "
            "are weeks, and of 50 or more no more than four besides. A source beside the figures is another one that "
            "they were measured with.",
            table(["function", *splits], [[f"`{name}`", *(cell(name, split) for split in splits)] for name in names]),
            "What one detector `function(field) by host` takes by itself, models and all, with 2,000,000 rows of 100 "
            "hosts in 50 buckets that are in memory already; processor time.",
            table(
                ["function", "different values of the field", "million rows a second"],
                [
                    [f"`{each['function']}`", f"{each['different']:,}", f"{each['rows_per_second'] / 1e6:.1f}"]
                    for each in section["speed"]
                ],
            ),
        ]
    )


# -- categories --------------------------------------------------------------------------------------------------------


def _categories(section: Section) -> str:
    systems, drain, speed = section["systems"], section["drain"], section["lines_per_second"]
    theirs = drain.get("systems", {})
    rows = [[name, *_grouping(found), *_grouping(theirs.get(name))[1:]] for name, found in systems.items()]
    means = ["mean", "", "", *_means(systems), "", *_means(theirs)]
    version = drain.get("package_version") or "not measured"
    heads = ["system", "templates", "categories", "GA", "FGA", "pair F1", "drain3: categories", "GA", "FGA", "pair F1"]
    return "\n\n".join(
        [
            "Messages of eight systems of Loghub-2k against their true templates (corrected), 2,000 lines each, one "
            "configuration for all. **GA**: share of lines whose category holds exactly the lines of their template. "
            "**FGA**: F1 of the categories that are templates. **pair F1**: over pairs of lines. Beside it drain3 "
            f"({version}) with its defaults, which mask nothing.",
            table(heads, [*rows, means]),
            f"On one thread, in thousand lines a second: {speed['repeated'] / 1e3:,.0f} of shapes met before "
            f"({speed['bytes_a_line']:.0f} bytes a line), {speed['as_they_came'] / 1e3:,.0f} of the same lines as they "
            f"come first, {speed['fresh'] / 1e3:,.0f} of lines of which every one has a shape of its own "
            f"({speed['bytes_a_fresh_line']:.0f} bytes a line).",
        ]
    )


def _grouping(found: Mapping[str, float] | None) -> list[str]:
    if found is None:
        return [NOTHING] * 5
    counts = [f"{found[name]:.0f}" for name in ("templates", "categories")]
    return [*counts, *(_share(found[name]) for name in ("ga", "fga", "pair_f1"))]


def _means(systems: Mapping[str, Mapping[str, float]]) -> list[str]:
    if not systems:
        return [NOTHING] * 3
    return [_share(sum(each[name] for each in systems.values()) / len(systems)) for name in ("ga", "fga", "pair_f1")]


# -- quality -----------------------------------------------------------------------------------------------------------


def _quality(section: Section) -> str:
    kinds = [kind for kind in NAMES if kind in section["corpora"]]
    detectors = [each for each in section["detectors"] if "failed" not in each]
    parts = [
        _corpora(section["corpora"]),
        table(["detector", *_heads(section["corpora"], kinds), "µs"], [_row(each, kinds) for each in detectors]),
        _abouts(section["detectors"]),
        _differences(
            detectors,
            "against_reference",
            "### Against the reference",
            "Difference in NAB's standard score, F1 or accuracy to the reference on the same series, and its standard "
            "deviation by a bootstrap over series. Sets of few series have little to say.",
        ),
        _entities(detectors[0], section["entities"]) if section["entities"] else "",
        _nulls(detectors, section["nulls"]) if section["nulls"] else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _corpora(found: Mapping[str, Section]) -> str:
    rows = [
        [NAMES[kind], f"{found[kind]['series']:,}", f"{found[kind]['events']:,}", f"{found[kind]['values']:,}"]
        for kind in NAMES
        if kind in found
    ]
    return table(["set", "series", "anomalies", "values"], rows)


def _row(detector: Section, kinds: Iterable[str]) -> list[str]:
    cells = [figure(kind, detector["sets"].get(kind)) for kind in kinds]
    return [detector["name"], *cells, _micros(detector["us_a_value_in_all"])]


def _heads(found: Mapping[str, Section], kinds: Iterable[str]) -> list[str]:
    return [NAMES[kind] if kind == "null" else f"{NAMES[kind]} ({found[kind]['series']})" for kind in kinds]


def figure(kind: str, found: Section | None) -> str:
    """The figures of a set in a cell.

    >>> figure("kpi", {"f1": 0.6164, "recall_at_budget": 0.4})
    '.616 (.40)'
    >>> figure("kpi", None)
    '–'
    """
    if found is None:
        return NOTHING
    if kind == "nab":
        names = ("standard", "reward_low_FP_rate", "reward_low_FN_rate")
        return " / ".join(_number(found[name], ".1f") for name in names)
    if kind == "ucr":
        return _share(found["accuracy"])
    if kind == "null":
        low, high = min(found["ratio"].values()), max(found["ratio"].values())
        return f"×{low:.2f} to ×{high:.1f}"
    return f"{_share(found['f1'])} ({_share(found['recall_at_budget'], 2)})"


def _abouts(detectors: Sequence[Section]) -> str:
    return "\n".join(f"- **{each['name']}**{_from(each)}: {each['about']}.{_failed(each)}" for each in detectors)


def _failed(detector: Section) -> str:
    return f" Not measured: {detector['failed']}." if "failed" in detector else ""


def _from(detector: Section) -> str:
    if not detector.get("package"):
        return ""
    return f", {detector['package']} {detector.get('package_version') or ''}".rstrip()


def _differences(detectors: Sequence[Section], name: str, heading: str, what: str) -> str:
    compared = [each for each in detectors if name in each]
    kinds = [kind for kind in NAMES if any(each[name].get(kind) for each in compared)]
    if not kinds:
        return ""
    rows = [[each["name"], *(_difference(kind, each[name].get(kind)) for kind in kinds)] for each in compared]
    return "\n\n".join([heading, what, table(["detector", *(NAMES[kind] for kind in kinds)], rows)])


def _difference(kind: str, found: Sequence[float | None] | None) -> str:
    if found is None:
        return NOTHING
    (value, deviation), spec = found, "+.1f" if kind == "nab" else "+.3f"
    return _number(value, spec) + ("" if deviation is None else f" ± {deviation:{spec[1:]}}")


def _entities(default: Section, jobs: Mapping[str, Section]) -> str:
    rows = []
    for kind, job in jobs.items():
        largest = default["sets"].get(kind)
        for name, found in (("the largest score of its metrics", largest), ("the bucket of one job", job)):
            if found is None:
                continue
            at_50 = _number(found.get("alarms_at_50"), ".2f") if "alarms_at_50" in found else NOTHING
            precision, recall = _share(found["precision"], 2), _share(found["recall"], 2)
            rows.append([
                f"{NAMES[kind]} ({found['series']})", name, _share(found["f1"]), f"{precision} / {recall}",
                _share(found["recall_at_budget"], 2), _share(found["f1_any"]), at_50,
            ])  # fmt: skip
    heads = [
        "machines", "score", "F1", "precision / recall", "recall at one false alarm a week",
        "F1, anywhere in the event", "false alarms a week from 50 up",
    ]  # fmt: skip
    return "\n\n".join(
        [
            "### A machine as one job",
            "A machine has one score: the largest of its metrics', as above, or the anomaly score that a job with "
            "`mean(value) by series` gives to the bucket. That one is a rate of the whole job, so there should be one "
            "false alarm a week from 50 up.",
            table(heads, rows),
        ]
    )


def _nulls(measured: Sequence[Section], jobs: Sequence[Section]) -> str:
    detectors = [each for each in measured if "null" in each["sets"]]
    parts = ["### When nothing happens"]
    if detectors:
        kinds = list(detectors[0]["sets"]["null"]["ratio"])
        rows = [[kind, *(f"{each['sets']['null']['ratio'][kind]:.2f}" for each in detectors)] for kind in kinds]
        parts += [
            "Alerts of each generator, relative to all nine, at the threshold of one a series-week.",
            table(["generator", *(each["name"] for each in detectors)], rows),
        ]
    for each in detectors:
        parts += _calibration(each)
    parts.append(
        "The same through real jobs, `mean(value) by series`: alerts that came over alerts that the scores promise, 1 "
        "a series-week from 50 up and 1 in 72 weeks from 75 up. 1 is a score that is true, less is one that is "
        "careful. *First days* are the first 1,000 buckets of 300 s, in which a job lives on its prior; the other "
        "columns are what follows them. *Clock change* is the week after one."
    )
    rows = [
        [
            each["name"],
            f"{each['series_weeks']:,.0f}",
            *(f"{level['ratio']:.2f}" for level in each["levels"].values()),
            f"{next(iter(each['levels'].values()))['ratio_warm_up']:.2f}",
            f"{each['ratio_after_change']:.2f}" if "ratio_after_change" in each else "",
        ]
        for each in jobs
    ]
    levels = [f"from {level} up" for level in jobs[0]["levels"]]
    parts.append(table(["series", "series-weeks", *levels, f"{levels[0]}, first days", "clock change"], rows))
    return "\n\n".join(parts)


def _calibration(detector: Section) -> list[str]:
    found = detector["sets"]["null"].get("calibration") or {}
    kinds = list(next(iter(found.values()), {}))
    if not kinds:
        return []
    rows = [
        [generator, *(" / ".join(f"{x:.2f}" for x in each[kind]) for kind in kinds)]
        for generator, each in found.items()
    ]
    return [
        f"Evidence of **{detector['name']}** on them: how often it reaches 1e-3 and 1e-4, over how often it should.",
        table(["generator", *kinds], rows),
    ]


# -- cold start --------------------------------------------------------------------------------------------------------


def _cold_start(section: Section) -> str:
    rows = []
    for village in section["villages"]:
        mature = village["mature"]
        for way, words in (("mature", "weeks old"), ("pooled", "young, among peers"), ("alone", "young, alone")):
            each = village[way]
            rows.append([
                f"{village['name']} ({village['series']} among {village['peers']})", words, _share(each["f1"]),
                f"{each['f1'] / mature['f1']:.0%}" if mature["f1"] else NOTHING,
                f"{_share(each['precision'], 2)} / {_share(each['recall'], 2)}", _share(each["found"], 2),
                f"{each['alarms']:.2f}", f"{each['alarms_early']:.2f}",
            ])  # fmt: skip
    heads = [
        "series", "which are", "F1", "of mature", "precision / recall", "found", "false alarms a week",
        "on the first half-day",
    ]  # fmt: skip
    return "\n\n".join(
        [
            "Spikes, dips and shifts of 6 to 20 scales, three a series, in the day that follows the first half-day of "
            "its life; the same values once more after weeks. *Of mature* is the share of the F1 of the same series "
            "when they are weeks old, each at its best threshold; what is found and false alarms a series-week are at "
            "the threshold that is best for the mature ones. Peers have been there for weeks. Of ASD and SMD every "
            "fourth metric of all machines is a newcomer; three different sets of anomalies and hours of birth.",
            table(heads, rows),
        ]
    )


# -- peers -------------------------------------------------------------------------------------------------------------


def _peers(section: Section) -> str:
    kinds = [kind for kind in NAMES if kind in section["corpora"]]
    rows, absent = [], []
    for detector in section["detectors"]:
        if "failed" in detector:
            continue
        row = _row(detector, kinds)
        same = detector.get("tailmass_on_same") or {}
        for position, kind in enumerate(kinds, 1):
            if kind in same:
                row[position] += f" of {_size(kind, detector['sets'][kind])}"
        rows.append(row)
        if same:
            rows.append(
                ["*tailmass on the same*", *(figure(kind, same[kind]) if kind in same else "" for kind in kinds), ""]
            )
        if hours := detector.get("hours_left_out"):
            said = ", ".join(f"{NAMES[kind]} {_hours(long)}" for kind, long in hours.items())
            absent.append(f"- {detector['name']}: {said}.")
    peers = [each for each in section["detectors"] if each.get("package") or "failed" in each]
    parts = [
        "Detectors that can be installed, on the same series and by the same rules, with the parameters that their "
        "libraries' documentation gives; `benchmarks/peers/` says which. Ours was developed with this half of the data "
        f"in view, which flatters it. All of them together took {section['minutes']:.0f} minutes.",
        table(["detector", *_heads(section["corpora"], kinds), "µs"], rows),
    ]
    if any(detector.get("tailmass_on_same") for detector in section["detectors"]):
        parts.append("*of n* is a part of a set, its first n series, and the line below it is what ours does on those.")
    if absent:
        parts.append("Left out (–), with the time on one core that it would take at least, by what was measured:")
        parts.append("\n".join(absent))
    parts += [
        _abouts(peers),
        _differences(
            section["detectors"],
            "tailmass_against",
            "### Against each of them",
            "What tailmass has more (+) or less (-) in NAB's standard score, F1 or accuracy than each on the series "
            "that it was run on, and the standard deviation by a bootstrap over series.",
        ),
    ]
    return "\n\n".join(part for part in parts if part)


def _size(kind: str, found: Section) -> str:
    return str(found["series"]) if kind != "null" else f"{found['series']:,}"


def _micros(micros: float) -> str:
    """Two digits that matter, at least.

    >>> _micros(0.314), _micros(39.7), _micros(6720.8)
    ('0.31', '40', '6,721')
    """
    return f"{micros:.2g}" if micros < 10.0 else f"{micros:,.0f}"


def _hours(hours: float) -> str:
    """About how long.

    >>> _hours(0.02), _hours(1.26), _hours(38.2)
    ('1 min', '1.3 h', '38 h')
    """
    return f"{60 * hours:.0f} min" if hours < 0.95 else f"{hours:.1f} h" if hours < 10 else f"{hours:.0f} h"


# -- Markdown ----------------------------------------------------------------------------------------------------------


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table.

    >>> print(table(["a", "b"], [["1", "2"]]))
    | a | b |
    | --- | --- |
    | 1 | 2 |
    """
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _number(value: float | None, spec: str) -> str:
    return NOTHING if value is None else format(value, spec)


def _share(value: float | None, digits: int = 3) -> str:
    """A share without its leading zero."""
    if value is None:
        return NOTHING
    return f"{value:.{digits}f}".removeprefix("0") if value < 1.0 else f"{value:.{digits}f}"
