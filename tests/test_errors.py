import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tailmass.errors as errors
from tailmass.errors import EngineError, JobIdTaken, MissingJob, UnknownError, by_code, error

CODES = {
    0,
    *range(10101, 10120),
    *range(10201, 10217),
    *range(10301, 10310),
    *(20001, 20101, 20102),
    *(30001, *range(30101, 30108)),
    *(40001, *range(40101, 40105)),
    *range(50101, 50104),
    *range(60101, 60127),
    70101,
}
SPEC = Path(__file__).parents[2] / "shared/spec/engine-api.md"


def kinds(kind: type[EngineError] = EngineError) -> Iterator[type[EngineError]]:
    for child in kind.__subclasses__():
        yield child
        yield from kinds(child)


NUMBERED = [kind for kind in kinds() if "code" in vars(kind)]


def test_every_code_is_one_class() -> None:
    assert sorted(kind.code for kind in NUMBERED) == sorted(CODES)
    assert set(by_code) == CODES


def test_the_codes_are_those_of_the_specification() -> None:
    if not SPEC.exists():
        pytest.skip("the specification is not beside the project")
    section = SPEC.read_text().split("\n## 6. ")[1].split("\n## 7. ")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)} == CODES


def test_only_leaves_are_numbered() -> None:
    assert [kind for kind in NUMBERED if kind.__subclasses__()] == []


@pytest.mark.parametrize("kind", list(kinds()))
def test_every_error_is_documented(kind: type[EngineError]) -> None:
    assert kind.__doc__
    assert kind.__doc__.endswith(".")


@pytest.mark.parametrize("kind", list(kinds()))
def test_the_drawing_shows_every_error_with_its_code(kind: type[EngineError]) -> None:
    line = next(line for line in (errors.__doc__ or "").splitlines() if re.search(rf"[─] {kind.__name__}\b", line))
    if "code" in vars(kind):
        assert line.split()[-1] == str(kind.code)
    else:
        assert not line.split()[-1].isdigit()


def test_a_cause_is_part_of_the_document_when_there_is_one() -> None:
    assert errors.DataError("no", cause="why").document() == {"errorCode": 30001, "message": "no", "cause": "why"}
    assert errors.DataError("no").document() == {"errorCode": 30001, "message": "no"}


def test_a_missing_job_is_worded_as_clients_know_it() -> None:
    missing = MissingJob("job-2")
    assert missing.document() == {"errorCode": 20101, "message": "No known job with id 'job-2'"}
    assert missing.job_id == "job-2"


def test_a_taken_id_is_named_with_the_way_out() -> None:
    assert "'farequote'" in JobIdTaken("farequote").message
    assert "overwrite" in JobIdTaken("farequote").message


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_reported_error_is_the_class_of_its_code_with_its_own_words(code: int) -> None:
    reported = error(code, "as the other side put it", cause="why")
    assert type(reported) is by_code[code]
    assert (str(reported), reported.message, reported.cause) == (
        "as the other side put it",
        "as the other side put it",
        "why",
    )


def test_a_code_from_a_later_version_is_an_unknown_error_that_tells_it() -> None:
    reported = error(99999, "new")
    assert isinstance(reported, UnknownError)
    assert "99999" in reported.message


def test_errors_need_nothing_but_the_standard_library() -> None:
    program = (
        "import sys; before = set(sys.modules); import tailmass.errors\n"
        "roots = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(roots - set(sys.stdlib_module_names) - {'tailmass'}))"
    )
    source = str(Path(errors.__file__).parents[1])
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {source!r}); {program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "[]"
