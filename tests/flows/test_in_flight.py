"""What was under way in the tracker is taken over where it stands; nobody is lost or written to."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from prefect.client.schemas.objects import State

from connectors.ledger.requisition import approval_hash
from connectors.ledger.scope import Scope
from connectors.ledger.verify import Violation, verify
from connectors.records import (
    AddApplication,
    Application,
    MoveApplication,
    OpenJob,
    RejectApplication,
    TrackerStage,
)
from connectors.requisition import InFlight
from flows.in_flight import import_in_flight, list_in_flight
from tasks import clock, enter, in_flight
from tasks.observe import read_system
from tests.carrying import sweep_without_vendors
from tests.flows.test_reconcile import CALIFORNIA, Office, office
from tests.tasks.factories import fields
from tests.tasks.test_reconcile import BEGUN, DAY, books

assert books, office  # fixtures

pytestmark = pytest.mark.usefixtures("prefect")
CODE = "HARBOR-7"
HOUR = timedelta(hours=1)
STAGES = ("new", "screen", "submitted", "interview", "offer", "hired")


@pytest.fixture
def job(office: Office, monkeypatch: pytest.MonkeyPatch) -> str:
    """A job that the client opened in its tracker weeks ago; returns its id there."""
    monkeypatch.setattr(clock, "now", lambda: office.now)
    office.books._query("UPDATE posting SET live = false RETURNING id")  # the books' own is over
    office.books._query("UPDATE requisition SET disposition = 'CANCELLED' RETURNING id")
    tracker: Any = office.desk.systems["ashby"]
    opened = OpenJob(requisition="OLD-1", title="Night Auditor", place=CALIFORNIA, headcount=2)
    return str(tracker.open_job(opened, "before us").external_id)


def stands(
    office: Office, job: str, name: str, stage: str, applied: datetime = BEGUN - 20 * DAY
) -> str:
    """Somebody applied before we came, and the client's people moved them to a stage."""
    tracker: Any = office.desk.systems["ashby"]
    added = AddApplication(
        application_key=f"before us {name}",
        job_ref=job,
        name=name.title(),
        email=f"{name}@example.org",
        phone=None,
        source="Referral",
        applied_at=applied,
    )
    ref = str(tracker.add_application(added, f"before us {name}").external_id)
    if stage == "archived":
        tracker.reject(RejectApplication(application_ref=ref, reason="not_selected"), f"no {name}")
    elif stage != "new":
        tracker.move(MoveApplication(application_ref=ref, to=TrackerStage(stage)), f"to {name}")
    return ref


def wanted(office: Office, job: str, code: str = CODE, **more: Any) -> InFlight:
    asked = fields(client=office.desk.client, code=code, title="Night Auditor")
    return InFlight.model_validate(
        {"job": job, "requisition": asked, "approved_by": "D. Reyes", **more}
    )


def imported(office: Office, *jobs: InFlight) -> State[Any]:
    async def run() -> State[Any]:
        return await import_in_flight(office.desk.client, jobs, "ops", "rescue", return_state=True)

    return asyncio.run(run())


async def looked(office: Office) -> State[Any]:
    return await list_in_flight(office.desk.client, return_state=True)


def taken_over(office: Office, *jobs: InFlight) -> None:
    """What the flow does, without Prefect around it, and with nothing delivered."""
    read_system(office.desk, "ashby", office.now)
    assert in_flight.take_over(office.desk, jobs, "ops", "rescue", office.now) == {}
    sweep_without_vendors(Scope(office.desk.client), office.now)


def swept(office: Office) -> None:
    read_system(office.desk, "ashby", office.now)
    sweep_without_vendors(Scope(office.desk.client), office.now)


def wrong(office: Office) -> list[Violation]:
    """What must never be, of the requisition and its people; the books' own is made up."""
    with office.desk.ledger.transaction() as connection:
        found = verify(connection, office.desk.client)
    return [each for each in found if not each.subject.startswith("HARBOR-1")]


def counts(office: Office) -> list[int]:
    """How much there is of everything that an import could do twice."""
    tables = ("requisition", "application", "external_id", "effect", "transition", "quarantine")
    return [len(office.books._query(f"SELECT 1 FROM {each}")) for each in tables]


def places(office: Office) -> dict[str, tuple[str, str | None, str]]:
    """Of each application of the requisition: its stage, whose gate it waits at, and its state."""
    found = office.books._query(
        "SELECT a.name, a.stage, a.ready_for, a.state FROM application a"
        " JOIN requisition r ON r.id = a.requisition_id WHERE r.key = :code",
        code=CODE,
    )
    return {row.name: (row.stage, row.ready_for, row.state) for row in found}


def messages(office: Office) -> set[tuple[str, str]]:
    found = office.books._query(
        "SELECT request ->> 'to_name' AS name, request ->> 'template' AS template FROM effect"
        " WHERE kind = 'message.send' AND request ->> 'to_email' LIKE '%@example.org'"
    )
    return {(row.name, row.template) for row in found}


def in_the_tracker(office: Office) -> dict[str, str]:
    """Where the tracker has each application now, by its id there."""
    tracker = office.desk.systems["ashby"]
    pages = tracker.changes("applications", None, ())
    return {
        each.external_id: str(each.stage)
        for page in pages
        for each in page.records
        if isinstance(each, Application)
    }


def test_everybody_is_taken_over_where_they_stand_and_nobody_is_moved_back(
    office: Office, job: str
) -> None:
    refs = {stage: stands(office, job, stage, stage) for stage in (*STAGES, "archived")}

    state = imported(office, wanted(office, job))

    assert state.is_completed()
    assert {name: stage for name, (stage, _, _) in places(office).items()} == {
        "New": "screening",
        "Screen": "screening",
        "Submitted": "submittal",
        "Interview": "interviews",
        "Offer": "offer",
    }
    assert messages(office) == {
        ("New", "acknowledgement"),
        ("New", "screen_invitation"),
        ("Screen", "screen_invitation"),
    }
    assert in_the_tracker(office) == {
        ref: "screen" if stage == "new" else stage for stage, ref in refs.items()
    }
    assert wrong(office) == []


def test_a_resume_that_cannot_be_kept_keeps_nobody_waiting(office: Office, job: str) -> None:
    ref = stands(office, job, "new", "new")

    imported(office, wanted(office, job))  # this desk has no vault

    copies = office.books._query("SELECT state FROM effect WHERE kind = 'resume.keep'")
    assert [row.state for row in copies] == ["due"]
    assert in_the_tracker(office)[ref] == "screen"
    assert office.books._query("SELECT 1 FROM breaker WHERE failures > 0") == []


def test_what_was_not_seen_by_us_is_listed_with_its_remedy_and_holds_nobody(
    office: Office, job: str
) -> None:
    stands(office, job, "interview", "interview")
    stands(office, job, "offer", "offer")

    taken_over(office, wanted(office, job))

    found = in_flight.gaps(office.desk)
    names = {row.key: row.name for row in office.books._query("SELECT key, name FROM application")}
    listed = {(names[gap.subject], gap.rule) for gap in found}
    assert {("Interview", "SUB-001"), ("Interview", "SUB-003"), ("Interview", "IVW-001")} <= listed
    assert {("Offer", "SUB-001"), ("Offer", "SEL-001"), ("Offer", "SEL-002")} <= listed
    assert not any(gap.holds for gap in found)
    assert all(gap.remedy and gap.owner for gap in found)


def test_who_waits_for_the_approval_is_judged_by_nobody_and_goes_on_where_they_stood(
    office: Office, job: str
) -> None:
    stands(office, job, "ann", "interview")

    taken_over(office, wanted(office, job, approved_by=""))
    assert places(office)["Ann"] == ("intake", None, "awaiting_approval")

    taken_over(office, wanted(office, job))
    office.later(HOUR)
    swept(office)

    assert places(office)["Ann"][0] == "interviews"


def test_imported_again_nothing_changes(office: Office, job: str) -> None:
    stands(office, job, "ann", "interview")
    taken_over(office, wanted(office, job))
    before = counts(office)

    taken_over(office, wanted(office, job))

    assert counts(office) == before


def test_who_applies_later_is_an_applicant_like_any_other(office: Office, job: str) -> None:
    taken_over(office, wanted(office, job))
    office.later(HOUR)
    stands(office, job, "ann", "interview", applied=office.now)
    office.later(HOUR)

    swept(office)

    assert places(office)["Ann"][0] == "screening"
    assert ("Ann", "acknowledgement") in messages(office)


def test_who_had_ended_before_is_left_in_peace_until_they_are_taken_up_again(
    office: Office, job: str
) -> None:
    stands(office, job, "ann", "archived")
    taken_over(office, wanted(office, job))
    assert places(office) == {}
    office.later(HOUR)
    swept(office)

    assert places(office) == {} and messages(office) == set()
    assert wrong(office) == []


def test_one_that_is_refused_keeps_no_other_from_being_taken_over(office: Office, job: str) -> None:
    stands(office, job, "ann", "new")
    somebodys = wanted(office, job, code="HARBOR-8")
    nobodys = wanted(office, "no-such-job", code="HARBOR-9")

    asked = [nobodys, wanted(office, job), somebodys]
    read_system(office.desk, "ashby", office.now)

    refused = in_flight.take_over(office.desk, asked, "ops", "rescue", office.now)

    assert refused == {
        "HARBOR-9": "HARBOR-9: ashby has no open job no-such-job; correct it",
        "HARBOR-8": f"HARBOR-8: the job {job} is HARBOR-7's; correct the job",
    }
    assert set(places(office)) == {"Ann"}


def test_nothing_is_taken_over_of_a_tracker_that_cannot_be_read(office: Office, job: str) -> None:
    stands(office, job, "ann", "new")
    office.sandbox.faults.append({"vendor": "ashby", "match": "", "faults": ["500"] * 50})

    state = imported(office, wanted(office, job))

    assert state.is_failed()
    assert office.books._query("SELECT 1 FROM requisition WHERE key = :code", code=CODE) == []


def test_jobs_that_nothing_has_happened_in_for_longest_are_shown_first(
    office: Office, job: str
) -> None:
    stands(office, job, "ann", "interview")
    office.later(9 * DAY)
    tracker: Any = office.desk.systems["ashby"]
    opened = OpenJob(requisition="OLD-2", title="Porter", place=CALIFORNIA, headcount=1)
    second = str(tracker.open_job(opened, "another").external_id)
    stands(office, second, "ben", "new")

    state = asyncio.run(looked(office))

    assert state.message == (
        f"{office.desk.client}: 0 of 2 jobs are carried, with 0 applications under way;"
        " 2 are in jobs that are not; 0 gaps"
    )
    first, last = in_flight.look(office.desk)
    assert (first.ref, first.stages, last.ref) == (job, {"interview": 1}, second)
    row = in_flight.job_row(first, office.now)
    assert (row["requisition"], row["under way"]) == ("not carried", "1 interview")
    assert row["days untouched"] == "9"


def test_what_the_approver_has_refused_is_not_called_approved_by_somebody_else(
    office: Office, job: str
) -> None:
    stands(office, job, "ann", "interview")
    asked = wanted(office, job, approved_by="")
    taken_over(office, asked)
    version = approval_hash(asked.requisition)
    refusal = {"decision": "reject"}
    enter.answer(
        office.desk.client, "approve_requisition", CODE, version, "approver", refusal, office.now
    )

    state = imported(office, wanted(office, job))

    assert (state.is_failed(), state.name) == (True, "Refused in part")
    assert f"{CODE}: the approver answered on 2026-03-02, and not with yes" in str(state.message)
