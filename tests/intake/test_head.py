import gzip
import json
from pathlib import Path

import pytest

from tailmass.intake.head import DELIMITERS
from tests.intake.texts import csv_of, minutes, profile_of


@pytest.mark.parametrize("mark", DELIMITERS)
def test_the_delimiter_is_the_one_that_cuts_all_lines_alike(tmp_path: Path, mark: str) -> None:
    found = profile_of(tmp_path, csv_of(minutes("%Y-%m-%d %H:%M:%S"), mark=mark))
    assert (found.format, found.delimiter, found.fields) == ("DELIMITED", mark, ("time", "host", "load"))


def test_lines_that_end_in_more_delimiters_than_the_header_are_cut_all_the_same(tmp_path: Path) -> None:
    text = "time\tload\n" + "".join(f"{time}\t1\t\t\n" for time in minutes("%Y-%m-%d %H:%M:%S"))
    assert profile_of(tmp_path, text).delimiter == "\t"


def test_commas_inside_the_values_of_a_semicolon_file_do_not_mislead(tmp_path: Path) -> None:
    text = "time;load\n" + "".join(f"{time};{i},5\n" for i, time in enumerate(minutes("%Y-%m-%d %H:%M:%S")))
    assert profile_of(tmp_path, text).delimiter == ";"


@pytest.mark.parametrize("joint", ["\n", "", ",\n"])
def test_json_is_recognised_in_lines_run_together_or_in_an_array(tmp_path: Path, joint: str) -> None:
    rows = [json.dumps({"@timestamp": time, "a": {"b": i}}) for i, time in enumerate(minutes("%Y-%m-%dT%H:%M:%SZ"))]
    text = f"[{joint.join(rows)}]" if "," in joint else joint.join(rows)
    found = profile_of(tmp_path, text)
    assert (found.format, found.time_field, found.fields) == ("JSON", "@timestamp", ("@timestamp", "a.b"))


def test_gzip_and_a_byte_order_mark_are_seen_through(tmp_path: Path) -> None:
    text = csv_of(minutes("%Y-%m-%d %H:%M:%S"))
    plain = profile_of(tmp_path, text)
    assert profile_of(tmp_path, gzip.compress(b"\xef\xbb\xbf" + text.encode())) == plain


def test_only_the_head_of_a_long_file_is_read_and_its_span_estimated(tmp_path: Path) -> None:
    text = csv_of(minutes("%Y-%m-%d %H:%M:%S", 60_000))
    for data in (text.encode(), gzip.compress(text.encode())):
        found = profile_of(tmp_path, data)
        assert found.span_seconds == pytest.approx(60_000 * 60, rel=0.1)  # rows are of nearly the same length


def test_gzip_that_is_damaged_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be unpacked"):
        profile_of(tmp_path, b"\x1f\x8b" + b"nothing of the kind")
