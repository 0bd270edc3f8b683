import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Tailmass


def test_a_detector_is_enough_to_say_how_much_it_takes(tailmass: "Tailmass") -> None:
    done = tailmass("estimate", "mean(responsetime) by airline", "airline=1000")
    assert (done.returncode, done.stdout) == (0, "2.2 MB\n")
    assert done.stderr == "0% of the limit of 4,096 MB\n"


def test_a_job_that_will_not_do_with_its_limit_is_told(tailmass: "Tailmass", tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    detector = {"function": "count", "byFieldName": "host", "partitionFieldName": "site"}
    job = {"analysisConfig": {"detectors": [detector]}, "analysisLimits": {"modelMemoryLimit": 10}}
    path.write_text(json.dumps(job))
    done = tailmass("estimate", str(path), "host=5000", "site=12", "host,site=6000")
    assert done.returncode == 0
    assert "of the limit of 10 MB: models will be forgotten, and what is new refused" in done.stderr


def test_what_is_no_number_of_values_is_wrong_usage(tailmass: "Tailmass") -> None:
    done = tailmass("estimate", "count by host", "host")
    assert (done.returncode, "write host=5000" in done.stderr) == (2, True)


def test_a_field_without_a_number_is_asked_for(tailmass: "Tailmass") -> None:
    done = tailmass("estimate", "count by host")
    assert (done.returncode, "how many values has 'host'" in done.stderr) == (2, True)
