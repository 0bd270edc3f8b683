"""Lines of access logs as rows of delimited text: the fast way and the slow one say the same."""

import csv
import gzip
import re
from collections.abc import Collection
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.feeds.files.accesslog import FIELDS, AccessLog, has_vhost
from tailmass.feeds.files.records import runs

TIME = "[17/May/2015:10:05:03 +0000]"
COMBINED = f'1.2.3.4 - frank {TIME} "GET /a[1]?x=[2] HTTP/1.1" 200 2326 "http://x/ [y] " "Mozilla/5.0 [en] (X11)"'


def rows(
    text: str | bytes, *, vhost: bool = False, block_bytes: int = 64, wanted: Collection[str] | None = None
) -> tuple[list[dict[str, str]], AccessLog]:
    """The cells of lines, as a job would read them."""
    data = text if isinstance(text, bytes) else text.encode()
    form = AccessLog(vhost=vhost, wanted=wanted)
    given = list(runs(form, iter([data]), block_bytes=block_bytes))
    out = (form.header + b"".join(run.data for run, _ in given)).decode()
    read = list(csv.DictReader(out.splitlines(), delimiter=" ", restval=""))
    assert len(read) == sum(len(run) for run, _ in given)
    for run, _ in given:
        assert all(run.data[end - 1 : end] == b"\n" or end == len(run.data) for end in run.ends.tolist())
    return read, form


def test_a_line_in_the_combined_format_has_nine_fields() -> None:
    (row,), _ = rows(COMBINED)
    assert tuple(row) == FIELDS
    assert list(row.values()) == [
        "1.2.3.4",
        "-",
        "frank",
        "17/May/2015:10:05:03 +0000",
        "GET /a[1]?x=[2] HTTP/1.1",
        "200",
        "2326",
        "http://x/ [y] ",
        "Mozilla/5.0 [en] (X11)",
    ]


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        (COMBINED.replace("Mozilla/5.0", r"a \"quoted\" one"), {"useragent": 'a "quoted" one [en] (X11)'}),
        (COMBINED.replace("Mozilla/5.0", r"C:\\x\x22"), {"useragent": r"C:\\x\x22 [en] (X11)"}),
        (COMBINED.replace("frank", "frank van dam"), {"user": "frank van dam"}),
        (COMBINED.replace("frank", 'fr"ank'), {"user": 'fr"ank'}),
        (COMBINED + ' 0.005 "other"', {}),
        (COMBINED + "\r", {}),
        (COMBINED.replace(" 2326 ", " - "), {"bytes": "-"}),
        (COMBINED.partition(' "http')[0], {"referer": "", "useragent": ""}),
    ],
)
def test_what_there_is_in_lines_is_read(line: str, changed: dict[str, str]) -> None:
    (plain,), _ = rows(COMBINED)
    (read,), form = rows(f"\n{line}\n")
    assert {name: value for name, value in read.items() if name in FIELDS} == plain | changed
    assert form.strange == 0
    for wanted in ((), ("clientip", "useragent"), ("referer", "bytes"), ("user", "request", "status", "ident")):
        assert rows(f"\n{line}\n", wanted=wanted)[0] == [
            {name: read[name] for name in FIELDS if name == "time" or name in wanted}
        ]


def test_lines_that_are_none_of_a_log_are_counted_and_left_out() -> None:
    strange = ["", "#Fields: x", "[Sun May 17] [error] oops", COMBINED[:40], COMBINED.replace('"', "'")]
    read, form = rows("\n".join([COMBINED, *strange, COMBINED, "tail"]))
    assert len(read) == 2
    assert (form.strange, form.example) == (5, "#Fields: x")


def test_a_host_in_front_is_a_field_of_its_own() -> None:
    line = f"www.example.org:443 {COMBINED}"
    assert has_vhost(f"{line}\n{line}\n".encode())
    assert not has_vhost(f"{COMBINED}\n".encode())
    (row,), _ = rows(line, vhost=True)
    assert (row["vhost"], row["clientip"], row["user"]) == ("www.example.org:443", "1.2.3.4", "frank")
    assert rows(line, vhost=True, wanted=["vhost", "bytes"])[0] == [
        {name: row[name] for name in ("vhost", "time", "bytes")}
    ]
    read, form = rows(f"{line}\n{COMBINED}\n", vhost=True)
    assert (len(read), form.strange) == (1, 1)


WORD = st.text(st.sampled_from("ab []\\\"'-é"), max_size=6)


@given(st.lists(st.tuples(WORD, WORD, WORD), max_size=6), st.integers(1, 300))
def test_any_text_in_quotes_comes_out_as_it_was(texts: list[tuple[str, str, str]], block: int) -> None:
    def written(text: str) -> str:
        return text.replace("\\", "\\\\").replace('"', '\\"')

    lines = [f'::1 - - {TIME} "{written(a)}" 200 1 "{written(b)}" "{written(c)}"\n' for a, b, c in texts]
    read, form = rows("".join(lines), block_bytes=block)
    assert form.strange == 0
    told = [tuple(row[name].replace("\\\\", "\\") for name in ("request", "referer", "useragent")) for row in read]
    assert told == texts
    some, _ = rows("".join(lines), block_bytes=block, wanted=("request", "useragent"))
    assert some == [{name: row[name] for name in ("time", "request", "useragent")} for row in read]


def test_a_real_log_is_read_as_an_expression_reads_it(shared: Path) -> None:
    text = gzip.decompress((shared / "data" / "apache_access" / "apache_logs.log.gz").read_bytes())
    read, form = rows(text, block_bytes=1 << 16)
    assert (len(read), form.strange) == (10_000, 0)
    slow = re.findall(
        r'^(\S+) (\S+) (\S+) \[([^]]*)\] "((?:[^"\\]|\\.)*)" (\S+) (\S+) "((?:[^"\\]|\\.)*)" "(.*)"$',
        text.decode(),
        re.MULTILINE,
    )
    told = {tuple(row[name] for name in FIELDS) for row in read}
    assert len(set(slow) - told) < 10  # those with quotes in them
    some, _ = rows(text, block_bytes=1 << 16, wanted=["status"])
    assert some == [{name: row[name] for name in ("time", "status")} for row in read]
