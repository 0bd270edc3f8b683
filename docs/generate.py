"""Write what the documentation takes from the code: reference pages, tables inside of pages, outputs, the picture.

python docs/generate.py
"""

import ast
import inspect
import re
import runpy
import textwrap
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer
from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from typer.testing import CliRunner

import tailmass
from tailmass import errors
from tailmass.cli.app import app as command_line
from tailmass.jobs import FUNCTIONS, Function
from tailmass.jobs.functions import MEASURES
from tailmass.jobs.transforms import TRANSFORMS, Range
from tailmass.results import Bucket, Counts, Record
from tailmass.server.app import create_app
from tailmass.server.errors import STATUS
from tailmass.server.run import Server
from tailmass.server.settings import Settings

DOCS = Path(__file__).parent
_PARAGRAPH = "\n\n"
NOTE = "<!-- Made from the code by docs/generate.py: change the code, then run `make docs`. -->"


def pages() -> dict[Path, str]:
    """Every page that is made from the code as a whole, and every other one with its tables up to date."""
    whole = {
        "errors": errors_page(),
        "functions": functions_page(),
        "settings": settings_page(),
        "http": http_page(),
        "cli": cli_page(),
        "python": python_page(),
        "counts": counts_page(),
    }
    made = {DOCS / "reference" / f"{name}.md": f"{text.rstrip()}\n" for name, text in whole.items()}
    for name, tables in {
        "howto/service.md": {"settings": settings_table()},
        "reference/jobs.md": {"transforms": transforms_table()},
    }.items():
        path = DOCS / name
        text = path.read_text()
        for marker, rows in tables.items():
            text = _between(text, marker, rows)
        made[path] = text
    return made


# -- errors ------------------------------------------------------------------------------------------------------------


def errors_page() -> str:
    """Every error, with its code and its HTTP status."""
    rows = [
        (f"`{code}`", f"`{kind.__name__}`", str(STATUS[code]), _first_line(kind))
        for code, kind in sorted(errors.by_code.items())
    ]
    return f"""# Errors
{NOTE}

An error comes as `{{"errorCode": 20101, "message": "No known job with id 'job-2'"}}`, sometimes with a `cause`. In
Python each code is a class of `tailmass.errors`: the engine raises it, and `tailmass.Client` raises the same one when a
server answers with the code. The message names the value that is wrong; programs should look at the code alone.

Not every code can happen in this version: some belong to what the Engine API had and this does not do.

{_table(("Code", "Class", "Status", "Meaning"), rows)}

Errors of one upload to several jobs are told in the entry of each job. The status is then that of the first error if
every job refused, else 202.
"""


# -- functions ---------------------------------------------------------------------------------------------------------


_EXAMPLES = {
    "distinct_count": "clientip",
    "info_content": "subdomain",
    "lat_long": "place",
    "sum": "bytes",
}
"""What the field of an example is called; "responsetime" unless it is here."""


def functions_page() -> str:
    """Every function, and what it needs."""
    rows = [
        (
            f"`{each.name}`" + "".join(f", `{alias}`" for alias in each.aliases),
            "; ".join(MEASURES[measure] for measure in each.measures),
            _needs(each),
            {"both": "both", "high": "high only", "low": "low only", None: "–"}[each.side],
            {"zero": "counts as 0", "ignored": "is passed by"}[each.empty],
            f"`{example(each)}`",
        )
        for each in FUNCTIONS
    ]
    heads = (
        "Function",
        "What is modelled, of each bucket",
        "Needs",
        "Unusual when",
        "A bucket without rows",
        "Example",
    )
    return f"""# Functions
{NOTE}

What a detector can watch. `metric` is meant where a detector has a field and no function; it watches three features at
once, and a record says in `functionDescription` which of them was unusual. `by` and `over` may be given where the table
says nothing of them, and `partition` always; [write a detector](../howto/detectors.md) tells what they do.

{_table(heads, rows)}

A bucket without rows matters to a series that has had rows before: nothing is expected of a value never seen. A row
whose field is empty, or is no number where one is needed, is as good as none; so is one without a value of a field to
split by, unless the detector has `useNull`.

What some of them make of a bucket, and how, is told with the [models](../explanation/models.md#from-rows-to-a-value).
Rows can [stand for several](../howto/detectors.md#send-rows-that-stand-for-several), for all of them but `metric`.
"""


def _needs(function: Function) -> str:
    """The fields that a function requires, and those it does not take."""
    needs = {"a field": function.field, "`by`": function.by, "`over`": function.over}
    required = [name for name, need in needs.items() if need == "required"]
    refused = [f"no {name.removeprefix('a ')}" for name, need in needs.items() if need == "forbidden"]
    return ", ".join(required + refused)


def example(function: Function) -> str:
    """A detector in its short form, with what the function needs."""
    field = f"({_EXAMPLES.get(function.measures[0], 'responsetime')})" if function.field == "required" else ""
    words = [function.name + field]
    if function.by == "required":
        words.append("by process")
    elif function.side is not None:
        words.append("by host")
    if function.over == "required":
        words.append("over user")
    return " ".join(words)


# -- what jobs may ask for ---------------------------------------------------------------------------------------------


def transforms_table() -> str:
    """What each transform takes, and what it makes unless it is told otherwise."""
    rows = [
        (
            f"`{each.name}`",
            *(_many(count) for count in (each.inputs, each.arguments, each.outputs)),
            ", ".join(f"`{name}`" for name in each.default_outputs) or "–",
            "required" if each.condition else "–",
        )
        for each in TRANSFORMS.values()
    ]
    heads = ("Transform", "Inputs", "Arguments", "Outputs", "Outputs when none are named", "Condition")
    return _table(heads, rows)


def _many(count: Range) -> str:
    return "–" if count.most == 0 else str(count).removeprefix("exactly ")


# -- settings ----------------------------------------------------------------------------------------------------------


def settings_page() -> str:
    """Every setting of the server."""
    return f"""# Settings of the server
{NOTE}

A setting is taken from the command line where [`tailmass server`](cli.md#tailmass-server) has an option for it, else
from the environment, else it has its default. An empty variable counts as not set. A value that cannot be is refused
at the start, with the name of the variable.

{settings_table()}
"""


def settings_table() -> str:
    """The settings as a table."""
    rows = list(_settings(Settings, "TAILMASS_"))
    return _table(("Variable", "Default", "Meaning"), rows)


def _settings(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _settings(kind, f"{prefix}{name.upper()}__")
        else:
            yield f"`{prefix}{name.upper()}`", _default(field), field.description or ""


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "`$XDG_DATA_HOME/tailmass`, else `~/.local/share/tailmass`"
    return "none" if field.default is None else f"`{field.default}`"


# -- HTTP --------------------------------------------------------------------------------------------------------------


def description() -> dict[str, Any]:
    """What `/openapi.json` answers."""
    with TemporaryDirectory() as home:
        return create_app(Settings(home=Path(home))).openapi()


def http_page() -> str:
    """Every resource that is served."""
    told = description()
    sections = [
        "\n\n".join([f"## {tag['name'].capitalize()}\n\n{tag['description']}", *_operations(told, tag["name"])])
        for tag in told["tags"]
        if tag["name"] != "native"
    ]
    return f"""# HTTP
{NOTE}

{textwrap.dedent(told["info"]["description"]).strip()}

A running server draws the same with forms to try it at `/docs`, and describes it to programs at `/openapi.json`. A
path may have doubled slashes, and one at its end. What goes wrong is an [error document](errors.md) with the status
given there.

{_PARAGRAPH.join(sections)}

{native_section(told)}
"""


def native_section(told: Mapping[str, Any]) -> str:
    """What version 3 has beside all that version 2 has."""
    fields = [*_native_fields(Record, "record", "kind"), *_native_fields(Bucket, "bucket", "series_watched")]
    fields += [
        ("job", "`alertThreshold`", "The `anomalyScore` from which on a bucket is an alert, if there is a budget."),
        ("job", "`analysisConfig`", "All of it, with what [the native version](jobs.md#native-settings) adds."),
        ("job", "`endpoints.forecast`", "Where to ask for a forecast."),
    ]
    asked, own = [], []
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            if "native" not in operation["tags"]:
                continue
            twin = told["paths"].get(path.replace("/v3", "/v2"), {}).get(method)
            if twin is None:
                own.append(_operation(path, method, operation))
                continue
            known = {each["name"] for each in twin.get("parameters", ())}
            more = [each for each in operation.get("parameters", ()) if each["name"] not in known]
            asked += [(f"`{method.upper()} {path}`", *_parameter(each)) for each in more]
    return f"""## Native

Every resource of `/engine/v2` is there below `/engine/v3` too, with the same parameters and the same answers. Records,
buckets and jobs have these fields besides. What is not known is left out: of results that were written before version 3
was there, say. [Why is it there?](../howto/explain.md) shows them at work.

{_table(("Of a", "Field", "Meaning"), fields)}

Records can be sorted by the new fields as by the others, only not by `contributions`. More can be asked for:

{_table(("Resource", "Parameter", "Type and default", "Meaning"), asked)}

{_PARAGRAPH.join(own)}"""


def _native_fields(noun: type, name: str, first: str) -> Iterator[tuple[str, str, str]]:
    """The fields of a result that only native documents have: those from the first of them on."""
    told = _attributes(noun)
    names = [field for field in told if field not in ("bucket_influencers", "influencers", "records")]
    for field in names[names.index(first) :]:
        source = field.removeprefix("evidence_")
        wire = f"contributions.{source}" if source != field else to_camel(field)
        yield name, f"`{wire}`", told[field]


def _operations(told: Mapping[str, Any], tag: str) -> Iterator[str]:
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            if tag in operation["tags"]:
                yield _operation(path, method, operation)


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    statuses = ", ".join(f"`{status}`" for status in sorted(operation["responses"]))
    good = min(operation["responses"])
    parts = [
        f"### `{method.upper()} {path}`",
        f"{operation['description']} Answers with {statuses}; {good}: "
        f"{_uncapitalised(operation['responses'][good]['description'])}",
    ]
    rows = [_parameter(each) for each in operation.get("parameters", ()) if each["in"] == "query"]
    if rows:
        parts.append(_table(("Parameter", "Type and default", "Meaning"), rows))
    return "\n\n".join(parts)


def _parameter(told: Mapping[str, Any]) -> tuple[str, str, str]:
    values = told["schema"].get("enum")
    meaning = f"{told['description']} One of {', '.join(values)}." if values else told["description"]
    return f"`{told['name']}`", _asked(told["schema"]), meaning


def _asked(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", "string")
    default = schema.get("default")
    return kind if default in (None, "") else f"{kind}, {str(default).lower() if default in (True, False) else default}"


# -- command line ------------------------------------------------------------------------------------------------------


def cli_page() -> str:
    """The help of every command."""
    sections = [f"## tailmass {' '.join(words)}\n\n```text\n{_help(*words)}\n```" for words in _commands(command_line)]
    return f"""# Command line
{NOTE}

Results go to stdout, everything else to stderr. `NO_COLOR` is respected. Unless a command says otherwise it exits with
0 when it is done, with 2 when it was used wrongly, or asks a server for what is not there or cannot be, and with 3
when there is a problem with the data or no answer of the server. [How to drive a server](../howto/server-commands.md)
shows those that need one.

```text
{_help()}
```

{_PARAGRAPH.join(sections)}
"""


def _commands(group: typer.Typer) -> Iterator[tuple[str, ...]]:
    """The words of every command, those of groups of commands after the others."""
    for command in group.registered_commands:
        if command.callback is not None:
            yield (command.name or command.callback.__name__,)
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            yield from ((inner.name or "", *words) for words in _commands(inner.typer_instance))


def _help(*command: str) -> str:
    shown = CliRunner().invoke(command_line, [*command, "--help"], env={"COLUMNS": "100"}, prog_name="tailmass")
    return "\n".join(line.rstrip() for line in shown.stdout.rstrip().splitlines())


# -- Python ------------------------------------------------------------------------------------------------------------


def python_page() -> str:
    """Every public name."""
    sections = [f"## `{name}`\n\n{_name(getattr(tailmass, name))}" for name in tailmass.__all__]
    return f"""# Python
{NOTE}

What `import tailmass` offers, and all that is promised to stay. Names are loaded when they are first used, so that
importing the package is cheap. The classes of [errors](errors.md) in `tailmass.errors` are public as well, and so is
`prelert.engineApiClient.EngineApiClient`, the client of 2016.

{_PARAGRAPH.join(sections)}
"""


def _name(thing: Any) -> str:
    if not inspect.isclass(thing):
        return f"```text\n{thing.__name__}{_signature(thing)}\n```\n\n{_numpydoc(inspect.getdoc(thing) or '')}"
    if thing is tailmass.Client:
        return _client()
    fields = _attributes(thing)
    rows = [(f"`{name}`", meaning) for name, meaning in fields.items() if not name.startswith("_")]
    methods = [
        f"### `{thing.__name__}.{name}{_signature(method)}`\n\n{_numpydoc(inspect.getdoc(method) or '')}"
        for name, method in vars(thing).items()
        if inspect.isfunction(method) and not name.startswith("_")
    ]
    return "\n\n".join([_prose(thing), _table(("Field", "Meaning"), rows), *methods])


def _client() -> str:
    """The client and its nouns."""
    client = tailmass.Client("localhost")
    parts = [f"```text\nClient{_signature(tailmass.Client)}\n```", _prose(tailmass.Client)]
    rows = [
        (f"`{noun}.{name}{_signature(method)}`", _first_line(method))
        for noun, part in vars(client).items()
        for name, method in vars(type(part)).items()
        if inspect.isfunction(method) and not name.startswith("_") and noun != "address"
    ]
    return "\n\n".join([*parts, _table(("Method", "What it does"), rows)])


def _signature(of: Callable[..., Any]) -> str:
    parameters = inspect.signature(of).parameters.values()
    shown = inspect.Signature([each.replace(annotation=each.empty) for each in parameters if each.name != "self"])
    return str(shown)


def _numpydoc(text: str) -> str:
    """A docstring whose sections become bold words, and whose examples become Python."""
    out: list[str] = []
    lines = text.splitlines()
    examples = False
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if below and set(below) == {"-"}:
            examples = line == "Examples"
            if not examples:
                out.append(f"**{line}**\n")
        elif examples or (line and set(line) == {"-"}):
            continue
        elif " : " in line:
            name, meaning = line.split(" : ", 1)
            out.append(f"- {', '.join(f'`{each}`' for each in name.split(', '))}: {_literal(meaning)}")
        else:
            out.append(line)
    return "\n".join(out).strip()


def _prose(of: Any) -> str:
    """The docstring of a class; what stands below `::` is code."""
    text = _literal(inspect.getdoc(of) or "")
    return re.sub(r"::\n\n((?:    .*\n|\n)+)", lambda block: _fenced(block[1]), text)


def _fenced(block: str) -> str:
    return f"```text\n{textwrap.dedent(block).strip()}\n```\n\n"


# -- counts ------------------------------------------------------------------------------------------------------------


def counts_page() -> str:
    """What is counted of the rows that were sent."""
    document = Counts(latest_record_time_ms=0).document(summary=False)
    meanings = _attributes(Counts) | {"input_record_count": _first_line(Counts.input_record_count)}
    wire = {re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name): name for name in document}
    wire = {{"latest_record_time_stamp": "latest_record_time_ms"}.get(name, name): each for name, each in wire.items()}
    rows = [(f"`{each}`", f"`{name}`", meanings[name]) for name, each in wire.items()]
    return f"""# Counts
{NOTE}

What became of the rows, of one upload in its answer (`uploadSummary`) and of all uploads in the job (`counts`). In
Python they are `Results.counts`.

{_table(("On the wire", "In Python", "Meaning"), rows)}

Every row is counted once:

    inputRecordCount = processedRecordCount + invalidDateCount + outOfOrderTimeStampCount + excludedRecordCount

and every value that the analysis asks for is either there or missing:

    processedRecordCount * (fields of the analysis) = processedFieldCount + missingFieldCount

A row with a missing value is analysed with what it has. A row is out of order when its second lies more than the
`latency` of the job before the newest second seen, or before a time that a flush has advanced to. A time more than a
million buckets (and more than a year) after the newest one counts as one that cannot be read: to believe it would make
every row after it late.

An upload is broken off when more than a quarter of its rows have unreadable times (error 30103) or are out of order
(30105). The share is looked at after 100 rows, 1,000, every 10,000, and at the end. What was taken in before stays.
"""


# -- shared ------------------------------------------------------------------------------------------------------------


def _attributes(of: type) -> dict[str, str]:
    """The fields of a class, with the strings below them in its source."""
    body = ast.parse(textwrap.dedent(inspect.getsource(of))).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in zip(body.body, [*body.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            told = below.value if isinstance(below, ast.Expr) else None
            meaning = inspect.cleandoc(str(told.value)) if isinstance(told, ast.Constant) else ""
            found[field.target.id] = _literal(" ".join(meaning.split()))
    return found


def _first_line(of: Any) -> str:
    return _literal((inspect.getdoc(of) or "").partition("\n\n")[0].replace("\n", " "))


def _literal(text: str) -> str:
    return text.replace("``", "`")


def _uncapitalised(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = tuple(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _between(text: str, marker: str, rows: str) -> str:
    """The text with new rows between the comments `<!-- marker -->` and `<!-- end -->`."""
    found = re.compile(rf"(<!-- {marker}\b[^>]*-->\n).*?(<!-- end -->)", re.DOTALL)
    assert found.search(text), f"there is no place for {marker}"
    return found.sub(lambda old: f"{old[1]}{rows}\n{old[2]}", text)


@contextmanager
def serving() -> Iterator[int]:
    """The port of a real server, empty at first."""
    with TemporaryDirectory() as home:
        ready = threading.Event()
        server = Server(Settings(home=Path(home), port=0), ready=lambda url: ready.set())
        thread = threading.Thread(target=server.listen)
        thread.start()
        ready.wait()
        try:
            yield server.port
        finally:
            server.should_exit = True
            thread.join()


def outputs() -> Iterator[tuple[Path, str]]:
    """Every page with something to run, with its outputs as they are now; not those whose data or
    servers are not here."""
    snippets = runpy.run_path(str(DOCS / "snippets.py"))
    with serving() as port:
        for path in snippets["pages"](DOCS.parent):
            page = snippets["Page"](path)
            if page.runs and not page.servers and all(file.exists() for file in page.data):
                with TemporaryDirectory() as folder:
                    yield path, page.refreshed(Path(folder), port)


def written() -> Iterator[Path]:
    """Write what is out of date, and say which pages those were."""
    for made in (pages().items(), outputs()):
        for path, text in made:
            if not path.exists() or path.read_text() != text:
                path.write_text(text)
                yield path


if __name__ == "__main__":
    for path in written():
        print(f"wrote {path.relative_to(DOCS.parent)}")
    picture = runpy.run_path(str(DOCS / "picture.py"))
    picture["PICTURE"].write_text(picture["picture"](picture["printed"]()))
