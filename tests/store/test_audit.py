import pytest

from tailmass.results import Activity, AuditMessage, Usage
from tailmass.store import Store, audit
from tests.store.samples import state

HOUR = 3_600_000


def message(text: str, job_id: str | None = "job") -> AuditMessage:
    return AuditMessage(1_400_000_000_000, "INFO", text, job_id)


def test_messages_come_newest_first_of_a_job_or_of_all(store: Store) -> None:
    for each in (message("a"), message("b", "other"), message("c", None), message("d")):
        store.note(each)
    assert store.audit() == (4, [message("d"), message("c", None), message("b", "other"), message("a")])
    assert store.audit("job") == (2, [message("d"), message("a")])
    assert store.audit(skip=1, take=2) == (4, [message("c", None), message("b", "other")])
    assert store.audit("nobody") == store.audit("no\0body") == (0, [])


def test_messages_outlive_their_job_and_are_of_one_line(store: Store) -> None:
    store.note(message("a\0b\n\ud800\u202e"))
    store.delete_job("job")
    assert store.audit("job") == (1, [message(r"a\x00b\n\ud800\u202e")])


def test_old_messages_are_forgotten(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "KEPT", 3)
    for number in range(10):
        store.note(message(str(number)))
    assert [each.message for each in store.audit()[1]] == ["9", "8", "7"]


def test_activity_comes_newest_first(store: Store) -> None:
    noted = [Activity(each * HOUR, 3, 5, 1, 2) for each in range(4)]
    for each in (*noted, noted[-1]):
        store.note_activity(each)
    assert store.activity() == (4, noted[::-1])
    assert store.activity(start_ms=HOUR, end_ms=3 * HOUR, take=1) == (2, [noted[2]])


def test_what_was_told_before_a_time_is_forgotten(store: Store) -> None:
    for hour in range(4):
        store.note(AuditMessage(hour * HOUR, "INFO", str(hour)))
        store.note_activity(Activity(hour * HOUR, 3, 5, 1, 2))
        store.update_job("job", used=Usage(hour * HOUR, 10, 4, 2))
    store.forget_told(3 * HOUR)
    assert (store.audit()[0], store.activity()[0], store.usage()[0]) == (1, 1, 1)
    assert store.audit()[1][0].message == "3"


def test_usage_adds_up_by_the_hour(store: Store) -> None:
    store.update_job("job", used=Usage(5 * HOUR + 1, 10, 4, 2))
    store.update_job("job", used=Usage(6 * HOUR - 1, 1, 1, 1))
    store.update_job("job", used=Usage(6 * HOUR, 100, 40, 20))
    assert store.usage("job") == (2, [Usage(6 * HOUR, 100, 40, 20), Usage(5 * HOUR, 11, 5, 3)])
    assert store.usage("job", start_ms=5 * HOUR, end_ms=6 * HOUR) == (1, [Usage(5 * HOUR, 11, 5, 3)])
    assert store.usage("job", skip=1, take=1) == (2, [Usage(5 * HOUR, 11, 5, 3)])
    assert store.usage("nobody") == store.usage("no\0body") == (0, [])


def test_usage_of_all_jobs_is_that_of_each_together_and_outlives_them(store: Store) -> None:
    store.add_job(state("other"))
    for job in ("job", "other"):
        store.update_job(job, used=Usage(5 * HOUR, 10, 4, 2))
    store.delete_job("job")
    assert store.usage() == (1, [Usage(5 * HOUR, 20, 8, 4)])
