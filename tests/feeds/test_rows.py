"""Rows on their way to a job."""

import json
from itertools import pairwise

from tailmass.feeds.rows import BATCH_BYTES, batches


def test_rows_are_cut_into_batches_where_the_time_changes() -> None:
    rows = [{"n": n, "at": n // 300, "filler": "x" * 1000} for n in range(3000)]
    cut = list(batches(rows, "at"))
    assert [json.loads(line) for batch in cut for line in batch.splitlines()] == rows
    times = [[json.loads(line)["at"] for line in batch.splitlines()] for batch in cut]
    assert len(times) > 3
    assert all(before[-1] < after[0] for before, after in pairwise(times))
    assert all(len(batch) < 2 * BATCH_BYTES for batch in cut)


def test_no_rows_are_no_batch() -> None:
    assert list(batches([], "at")) == []
