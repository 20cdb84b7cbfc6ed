"""The file of what is under way: drafted from the tracker, filled in, refused by the field."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.requisition import InFlight
from deployments import in_flight_file
from deployments.errors import DeploymentError
from tasks.in_flight import Open
from tests.tasks.factories import fields


def a_job(ref: str = "job-1", **told: Any) -> Open:
    common: dict[str, Any] = {
        "title": "Night Auditor",
        "place": "Oakland",
        "headcount": 2,
        "requisition": None,
        "stages": {"interview": 1},
        "oldest_at": None,
        "changed_at": None,
    }
    return Open(ref=ref, **common | told)


def test_a_draft_says_what_the_tracker_knows_and_is_refused_by_each_field_that_is_empty(
    tmp_path: Path,
) -> None:
    file = tmp_path / "in-flight.yaml"

    in_flight_file.draft(file, "harbor", [a_job(), a_job("job-2", headcount=None, title="Porter")])

    first, second = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert (first["job"], first["requisition"]["title"]) == ("job-1", "Night Auditor")
    assert (first["requisition"]["headcount"], second["requisition"]["headcount"]) == (2, 1)
    assert f"fullcycle import harbor {file} --by" in file.read_text(encoding="utf-8")
    wanted, wrong = in_flight_file.read(file)
    assert wanted == []
    told = {problem for problem in wrong if problem.startswith("job job-1: ")}
    assert "job job-1: requisition.code: must be written like ACME-7, or for a place" in str(told)
    assert any("requisition.hiring_manager.email" in problem for problem in told)
    assert any("requisition.must_haves.0.text" in problem for problem in told)


def test_a_draft_has_every_field_that_a_requisition_must_have(tmp_path: Path) -> None:
    file = tmp_path / "in-flight.yaml"
    in_flight_file.draft(file, "harbor", [a_job()])

    _, wrong = in_flight_file.read(file)

    assert not any("is missing" in problem or "not a field we know" in problem for problem in wrong)


def test_a_draft_overwrites_nothing(tmp_path: Path) -> None:
    file = tmp_path / "in-flight.yaml"
    file.write_text("filled in", encoding="utf-8")

    with pytest.raises(DeploymentError, match="is there already"):
        in_flight_file.draft(file, "harbor", [a_job()])

    assert file.read_text(encoding="utf-8") == "filled in"


def test_an_entry_with_problems_keeps_no_other_from_being_read(tmp_path: Path) -> None:
    file = tmp_path / "in-flight.yaml"
    good = {"job": "job-1", "requisition": fields(code="HARBOR-7")}
    bad = {"job": "job-2", "requisition": fields(code="harbor")}
    file.write_text(yaml.safe_dump([bad, good, "what is this"]), encoding="utf-8")

    wanted, wrong = in_flight_file.read(file)

    assert wanted == [InFlight.model_validate(good)]
    assert [problem.split(":")[0] for problem in wrong] == ["job job-2", "entry 3"]


@pytest.mark.parametrize("text", ["{job: 1}", "- [", "", "\x00"])
def test_what_is_no_list_of_jobs_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "in-flight.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(DeploymentError, match=r"list of jobs|not readable as YAML"):
        in_flight_file.read(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="there is no such file"):
        in_flight_file.read(tmp_path / "nothing.yaml")
