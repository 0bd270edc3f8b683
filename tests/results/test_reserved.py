import re
from pathlib import Path

from tailmass.results.reserved import RESERVED


def test_every_name_in_the_documents_of_results_is_reserved(shared: Path) -> None:
    text = (shared / "spec" / "engine-api.md").read_text()
    section = text.partition("### 5.2 Bucket")[2].partition("### 5.10 Alert")[0]
    columns = re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)
    lists = re.findall(r"^#* ?(?:5\.4|5\.5|5\.6).*?\n\n(.*?)\n\n", section, re.MULTILINE | re.DOTALL)
    names = set(re.findall(r"`([a-z]+[A-Z]\w*)`", " ".join([*columns, *lists])))
    assert len(names) > 40
    assert names <= RESERVED


def test_names_that_data_often_has_are_not() -> None:
    assert RESERVED.isdisjoint({"description", "status", "username", "value", "host", "message", "id", "time"})
