import re
from pathlib import Path

from tailmass.results.reserved import RESERVED

FREE = {"description", "status", "username"}


def test_every_name_in_the_documents_of_results_and_states_is_reserved(shared: Path) -> None:
    text = (shared / "spec" / "engine-api.md").read_text()
    section = text.partition("### 5.1 Job document")[2].partition("### 5.13")[0].partition("Audited events")[0]
    columns = re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)
    lists = re.findall(r"^#+ 5\.(?:4|5\.\d|6|9|1[0-2]) .*?\n\n(.*?)(?:\n\n|\Z)", section, re.MULTILINE | re.DOTALL)
    names = set(re.findall(r"`([a-z]\w*)`", " ".join([*columns, *lists]))) - {"null", "influencer", "bucketinfluencer"}
    assert len(names) > 90
    assert names - FREE <= RESERVED


def test_names_that_data_cannot_do_without_are_not() -> None:
    assert RESERVED.isdisjoint({*FREE, "value", "host", "user", "time", "type", "url", "bytes"})
