import logging
from pathlib import Path

import numpy as np
import pytest

from tailmass.errors import DataStoreError
from tailmass.store import Store
from tests.store.samples import state

HEADER = {"time": 1400, "series": ["web-1", "naïve ☂", ""], "nested": {"a": [1, 2.5, None, True]}}


def files(home: Path) -> list[Path]:
    return sorted(path for path in (home / "snapshots").rglob("*") if path.is_file())


def save(store: Store, *numbers: int, job: str = "job") -> None:
    for number in numbers:
        store.save_snapshot(job, {"number": number}, {"a": np.full(3, number)}, time_ms=number)


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
