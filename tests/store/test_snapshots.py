import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tailmass.errors import (
    CannotDeleteHighestPriority,
    DataStoreError,
    DescriptionAlreadyUsed,
    InvalidSortField,
    NoSuchModelSnapshot,
)
from tailmass.results import Counts, ModelSize, Snapshot
from tailmass.store import Store
from tests.store.samples import state

HEADER = {"time": 1400, "series": ["web-1", "naïve ☂", ""], "nested": {"a": [1, 2.5, None, True]}}


def files(home: Path) -> list[Path]:
    return sorted(path for path in (home / "snapshots").rglob("*") if path.is_file())


def save(store: Store, *numbers: int, job: str = "job") -> None:
    for number in numbers:
        store.save_snapshot(job, {"number": number}, {"a": np.full(3, number)}, time_ms=number)


def keep(store: Store, *seconds: int) -> None:
    """Listed snapshots that were made at these times."""
    for second in seconds:
        listed = Snapshot(1000 * second, f"at {second}", ModelSize(model_bytes=second), 1000 * second, second)
        store.save_snapshot("job", {"number": second}, {"a": np.full(3, second)}, time_ms=1000 * second, listed=listed)


def ids(store: Store, **asked: Any) -> list[str]:
    return [each.snapshot_id for each in store.snapshots("job", **asked)[1]]


def revert(store: Store, snapshot_id: str) -> Snapshot:
    number = int(snapshot_id)
    counts = Counts(bucket_count=number)
    arrays = {"a": np.full(3, number)}
    return store.revert("job", snapshot_id, {"number": number}, arrays, time_ms=1000 * number, counts=counts)


def damage(home: Path, *times_ms: int) -> None:
    for path in files(home):
        if int(path.name.split("-")[0]) in times_ms:
            path.write_bytes(path.read_bytes()[:-1])


def saved(store: Store, job: str = "job") -> int | None:
    found = store.snapshot(job)
    if found is None:
        return None
    assert (found[1]["a"] == found[0]["number"]).all()
    return int(found[0]["number"])


def test_a_snapshot_comes_back_as_it_was_saved(store: Store) -> None:
    arrays = {"mean": np.linspace(0.0, 1.0, 7), "count": np.arange(12).reshape(3, 4), "empty": np.empty((0, 5))}
    store.save_snapshot("job", HEADER, arrays, time_ms=1)
    found = store.snapshot("job")
    assert found is not None
    assert found[0] == HEADER
    assert list(found[1]) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[1][name], array, strict=True)


def test_a_job_that_was_never_kept_has_no_snapshot(store: Store) -> None:
    assert store.snapshot("job") is None


def test_the_newest_snapshot_is_the_one_saved_last_whatever_the_clock_says(store: Store) -> None:
    save(store, 5, 9, 2)
    assert saved(store) == 2


def test_the_last_two_snapshots_are_kept_and_no_more(store: Store, tmp_path: Path) -> None:
    save(store, 1, 2, 3, 4)
    assert [path.name.split("-")[0] for path in files(tmp_path)] == ["3", "4"]


def test_a_damaged_snapshot_is_passed_over_with_a_warning_that_names_it(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save(store, 1, 2)
    newest = files(tmp_path)[-1]
    damaged = bytearray(newest.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    newest.write_bytes(damaged)
    with caplog.at_level(logging.WARNING):
        assert saved(store) == 1
    assert str(newest) in caplog.text


def test_a_snapshot_whose_file_is_gone_is_passed_over(store: Store, tmp_path: Path) -> None:
    save(store, 1, 2)
    files(tmp_path)[-1].unlink()
    assert saved(store) == 1


def test_no_snapshot_is_better_than_a_wrong_one(store: Store, tmp_path: Path) -> None:
    save(store, 1, 2)
    for path in files(tmp_path):
        path.write_bytes(path.read_bytes()[:-40])
    assert saved(store) is None


def test_what_a_crash_left_behind_goes_with_the_next_snapshot(store: Store, tmp_path: Path) -> None:
    save(store, 1)
    folder = files(tmp_path)[0].parent
    (folder / "7-abc.partial").write_bytes(b"half")
    (folder / "7-def.snapshot").write_bytes(b"written, but its row was not")
    assert saved(store) == 1
    save(store, 2)
    assert [path.name.split("-")[0] for path in files(tmp_path)] == ["1", "2"]


@pytest.mark.parametrize("job", ["a.b", "..", "../../up", "/etc/x", "ünï.名", "con", "%2e%2e", "x" * 64, "~", "a:b|c"])
def test_no_job_id_leads_out_of_the_folder(store: Store, tmp_path: Path, job: str) -> None:
    odd = state("odd")
    store.add_job(type(odd)(odd.config.model_copy(update={"id": job}), odd.status, odd.create_time_ms))
    save(store, 1, job=job)
    home = (tmp_path / "snapshots").resolve()
    assert [path.parent.parent for path in home.rglob("*.snapshot")] == [home]


def test_jobs_whose_ids_look_alike_have_snapshots_of_their_own(store: Store) -> None:
    names = ["a.b", "a_b", "a:b", "x" * 63 + "1", "x" * 63 + "2"]
    for number, name in enumerate(names):
        store.add_job(state(name))
        save(store, number, job=name)
    assert [saved(store, job=name) for name in names] == [0, 1, 2, 3, 4]
    store.delete_job("a.b")
    assert saved(store, job="a_b") == 1


def test_a_snapshot_that_cannot_be_written_leaves_the_one_before(store: Store, tmp_path: Path) -> None:
    save(store, 1)
    with pytest.raises(ValueError, match="'objects'"):
        store.save_snapshot("job", {}, {"objects": np.array([{}], dtype=object)}, time_ms=2)
    with pytest.raises(TypeError):
        store.save_snapshot("job", {"unspeakable": object()}, {}, time_ms=3)
    assert (saved(store), len(files(tmp_path))) == (1, 1)


def test_a_folder_that_cannot_be_made_is_the_fault_of_the_store(store: Store, tmp_path: Path) -> None:
    (tmp_path / "snapshots").write_text("in the way")
    with pytest.raises(DataStoreError) as raised:
        save(store, 1)
    assert raised.value.cause


def test_a_snapshot_is_listed_as_it_was_kept(store: Store) -> None:
    keep(store, 50)
    expected = Snapshot(50_000, "at 50", ModelSize(model_bytes=50), 50_000, 50, "50", 50)
    assert store.snapshots("job") == (1, [expected])


def test_what_was_kept_for_a_crash_is_not_listed(store: Store) -> None:
    save(store, 10_000)
    keep(store, 20)
    save(store, 30_000)
    assert (ids(store), saved(store)) == (["20"], 30_000)


def test_listed_snapshots_stay_however_many_there_are(store: Store, tmp_path: Path) -> None:
    keep(store, 10, 20, 30)
    save(store, 40_000, 50_000, 60_000)
    assert (ids(store), len(files(tmp_path))) == (["30", "20", "10"], 5)


def test_snapshots_of_one_second_have_ids_and_priorities_of_their_own(store: Store) -> None:
    keep(store, 10, 10, 9)
    assert [(each.snapshot_id, each.restore_priority) for each in store.snapshots("job")[1]] == [
        ("12", 12), ("11", 11), ("10", 10),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"skip": 1, "take": 1}, ["20"]),
        ({"sort": "timestamp", "desc": False}, ["10", "20", "30"]),
        ({"sort": "description"}, ["30", "20", "10"]),
        ({"start_ms": 20_000}, ["30", "20"]),
        ({"end_ms": 20_000}, ["10"]),
        ({"description": "at 20"}, ["20"]),
        ({"description": "at"}, []),
        ({"description": "\0\ud800"}, []),
        ({"description": "at 20", "snapshot_id": "20", "end_ms": 20_000}, []),
        ({"take": 0}, []),
        ({"start_ms": 10**30, "skip": 10**30}, []),
    ],
)
def test_pages_of_snapshots(store: Store, asked: dict[str, Any], found: list[str]) -> None:
    keep(store, 10, 20, 30)
    assert ids(store, **asked) == found


def test_snapshots_are_sorted_by_what_they_have(store: Store) -> None:
    with pytest.raises(InvalidSortField, match="latestResultTimeStamp"):
        store.snapshots("job", sort="snapshotDocCount")


def test_a_description_is_of_one_snapshot_only(store: Store) -> None:
    keep(store, 10, 20)
    assert store.describe_snapshot("job", "10", "naïve ☂").description == "naïve ☂"
    assert store.describe_snapshot("job", "10", "naïve ☂").description == "naïve ☂"
    with pytest.raises(DescriptionAlreadyUsed, match="'10'"):
        store.describe_snapshot("job", "20", "naïve ☂")
    with pytest.raises(NoSuchModelSnapshot, match="'30'"):
        store.describe_snapshot("job", "30", "new")


def test_any_snapshot_but_the_active_one_can_be_deleted(store: Store, tmp_path: Path) -> None:
    keep(store, 10, 20)
    save(store, 30_000)
    with pytest.raises(CannotDeleteHighestPriority, match="'20'"):
        store.delete_snapshot("job", "20")
    store.delete_snapshot("job", "10")
    assert (ids(store), len(files(tmp_path)), saved(store)) == (["20"], 2, 30_000)
    for missing in ("10", "30", "\0"):
        with pytest.raises(NoSuchModelSnapshot):
            store.delete_snapshot("job", missing)


def test_old_snapshots_go_but_two_stay(store: Store, tmp_path: Path) -> None:
    keep(store, 10, 20, 30, 40)
    assert (store.prune_snapshots("job", 20_000), ids(store)) == (1, ["40", "30", "20"])
    assert (store.prune_snapshots("job", 10**30), ids(store)) == (1, ["40", "30"])
    save(store, 50_000, 60_000)
    assert (store.prune_snapshots("job", 10**30), ids(store)) == (0, ["40", "30"])
    assert len(files(tmp_path)) == 4


def test_a_revert_makes_a_snapshot_the_active_one_and_deletes_none(store: Store) -> None:
    keep(store, 10, 20, 30)
    save(store, 35_000)
    active = revert(store, "10")
    assert (active.snapshot_id, active.restore_priority > 35) == ("10", True)
    assert ids(store) == ["10", "30", "20"]
    assert saved(store) == 10
    job = store.job("job")
    assert (job.counts.bucket_count, job.model_size) == (10, ModelSize(model_bytes=10))
    keep(store, 31)
    assert ids(store)[1:] == ["10", "30", "20"]
    assert saved(store) == 31


def test_a_revert_clears_a_failure(store: Store) -> None:
    keep(store, 10)
    store.update_job("job", status="FAILED")
    revert(store, "10")
    assert store.job("job").status == "CLOSED"


def test_a_revert_to_what_is_not_there_changes_nothing(store: Store, tmp_path: Path) -> None:
    keep(store, 10, 20)
    with pytest.raises(NoSuchModelSnapshot, match="'15'"):
        revert(store, "15")
    assert (ids(store), saved(store), len(files(tmp_path))) == (["20", "10"], 20, 2)


def test_a_snapshot_is_read_by_its_id(store: Store, tmp_path: Path) -> None:
    keep(store, 10, 20)
    found = store.snapshot("job", "10")
    assert found is not None
    assert found[0] == {"number": 10}
    with pytest.raises(NoSuchModelSnapshot):
        store.snapshot("job", "15")
    damage(tmp_path, 10_000)
    with pytest.raises(DataStoreError, match="10000-"):
        store.snapshot("job", "10")


def test_the_one_before_is_not_one_that_a_revert_has_turned_away_from(store: Store, tmp_path: Path) -> None:
    keep(store, 10, 20, 30)
    revert(store, "20")
    keep(store, 40)
    assert saved(store) == 40
    damage(tmp_path, 40_000)
    assert saved(store) == 20
    for path in files(tmp_path):  # both what the revert has written and what it was made from
        if path.name.startswith("20000-"):
            path.unlink()
    assert saved(store) == 10
