"""A client without a tracker decides by command: who is listed, moved, judged and rejected."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from connectors.applicant_tracking.built_in import BuiltIn
from connectors.ledger import requisition as requisitions
from connectors.ledger.store import Ledger
from connectors.records import (
    AddApplication,
    AddNote,
    MoveApplication,
    OpenJob,
    Place,
    ScheduleInterview,
    TrackerStage,
)
from connectors.requisition import Requisition
from deployments.cli import app
from deployments.cli.common import database_url
from deployments.errors import DeploymentError
from deployments.sandbox.people import DATA
from tests.deployments.test_cli_ops import AS_OF, BY, OF, Command, applies, fullcycle, home, subject

assert fullcycle, home  # fixtures

pytestmark = pytest.mark.timeout(180)
MANAGER, PEER = "daniel.reyes@harborworks.example", "priya.nair@harborworks.example"


@pytest.fixture
def built(fullcycle: Command) -> BuiltIn:
    """A tracker with one application, whose key is `ann`'s."""
    ledger = Ledger(database_url(), "harbor")
    fields = yaml.safe_load((DATA / "requisitions/HARBOR-1.yaml").read_text(encoding="utf-8"))
    with ledger.transaction() as connection:
        requisitions.put(connection, Requisition.model_validate(fields), AS_OF)
    applies(ledger)
    built = BuiltIn(ledger)
    place = Place(code="US-CA", city="San Francisco", region="CA", country="US")
    built.open_job(OpenJob(requisition="HARBOR-1", title="Clerk", place=place, headcount=2), "job")
    added = AddApplication(
        application_key=subject(ledger, "application").key,
        job_ref="HARBOR-1",
        name="Ann",
        email="ann@mail.example",
        phone=None,
        source="Indeed",
        applied_at=AS_OF,
    )
    receipt = built.add_application(added, "add")
    built.add_note(AddNote(candidate_ref=receipt.others["candidate"], text="the packet"), "note")
    return built


def test_a_whole_way_by_command(fullcycle: Command, home: Path, built: BuiltIn) -> None:
    ann = subject(Ledger(database_url(), "harbor"), "application").key
    to_screen = MoveApplication(application_ref=ann, to=TrackerStage.SCREEN)
    built.move(to_screen, "screen")
    assert fullcycle("application", "list").splitlines() == [
        f"{ann}  screen  recruiter: call, and hand in the scorecard recruiter_screen",
        "1 applications",
    ]

    screen = ("recruiter_screen", "interested=yes", "must_have:bookkeeping=met")
    told = fullcycle("application", "scorecard", *OF, *BY, ann, *screen)
    assert told == f"the scorecard recruiter_screen of {ann} is in\n"
    with pytest.raises(DeploymentError, match="write NAME=VALUE"):
        fullcycle("application", "scorecard", *OF, *BY, ann, "recruiter_screen", "yes")

    [listed] = json.loads(fullcycle("application", "list", "--json"))
    assert (listed["application"], listed["stage"], listed["to_do"]) == (ann, "screen", "")
    fullcycle("application", "move", *OF, *BY, ann, "interview")
    hour = timedelta(hours=1)
    interview = ScheduleInterview(
        application_ref=ann,
        round="skills",
        starts_at=AS_OF - 2 * hour,
        ends_at=AS_OF - hour,
        interviewers=(MANAGER, PEER),
    )
    built.schedule_interview(interview, "skills")
    fullcycle("application", "interview", *OF, *BY, ann, "skills", "completed")
    for author in (MANAGER, PEER):
        by = ("--by", author, "--why", "the talk", "--recommendation", "yes")
        fullcycle("application", "scorecard", *OF, *by, ann, "skills")

    shown = fullcycle("application", "show", *OF, *BY, ann)
    assert shown.startswith("Ann\nann@mail.example\nno telephone\nthe packet\nrecruiter_screen by")
    assert f"skills by {PEER}" in shown
    assert "  interested: yes" in shown

    told = fullcycle("application", "reject", *OF, *BY, ann, "not_selected")
    assert told == f"{ann} is archived; the candidate is told at the next sweep\n"
    assert fullcycle("application", "list") == "0 applications\n"

    acts = json.loads(fullcycle("audit", "--json", *OF, "--subject", ann))
    assert [(act["command"], act["about"], act["by"]) for act in acts] == [
        ("application scorecard", "recruiter_screen", "R. Lee"),
        ("application move", "interview", "R. Lee"),
        ("application interview", "skills: completed", "R. Lee"),
        ("application scorecard", "skills", MANAGER),
        ("application scorecard", "skills", PEER),
        ("application show", "", "R. Lee"),
        ("application reject", "not_selected", "R. Lee"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        ("move", *OF, *BY, "HARBOR-1.x", "archived"),
        ("reject", *OF, *BY, "HARBOR-1.x", "because"),
        ("interview", *OF, *BY, "HARBOR-1.x", "panel", "scheduled"),
        ("move", "--by", " ", "--why", "ok", *OF, "HARBOR-1.x", "offer"),
    ],
)
def test_what_is_no_decision_is_not_taken(wrong: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, ["application", *wrong]).exit_code == 2
