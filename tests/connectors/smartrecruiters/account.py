"""An account at SmartRecruiters' stand-in, and what is asked of it."""

from datetime import UTC, datetime, timedelta

from connectors.ports import ApplicantTracker
from connectors.records import (
    AddApplication,
    AddNote,
    Application,
    CloseJob,
    MoveApplication,
    Observed,
    OpenJob,
    Page,
    Place,
    RejectApplication,
    Request,
    ScheduleInterview,
    TrackerStage,
)
from deployments.sandbox.people import Apply, Behaviour, Persona
from deployments.sandbox.server import Sandbox
from deployments.sandbox.smartrecruiters_records import SETTINGS

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
DAY = timedelta(days=1)
KEY = "tracker.add:application=1"
OPTIONS = {**SETTINGS, "reason:not_qualified": "Not enough relevant experience"}
OPEN = OpenJob(
    requisition="HARBOR-3",
    title="Night nurse",
    place=Place(code="US-CA", city="Oakland", region="CA", country="US"),
    headcount=1,
)
REQUISITION = """
code: HARBOR-3
headcount: 1
must_haves: [{id: licence}, {id: nights}]
rounds: [{name: panel}]
"""
GRACE = Persona(
    id="grace",
    name="Grace Lee",
    emails=("grace@example.test",),
    phones=("555 0100",),
    links=("https://example.test/me",),
    residence="US-CA",
    applications=(
        Apply("HARBOR-3", "ashby", 1, 9, "grace@example.test", "555 0100", {"nights": "yes"}),
    ),
    resume_text="",
    resume_json=None,
    truth={"HARBOR-3:licence": True, "HARBOR-3:nights": False},
    pay_expectation_cents=500_000,
    behaviour=Behaviour(screen="answers", strength=0.9),
)


def fault(sandbox: Sandbox, match: str, *faults: str) -> None:
    """Let the next requests that match fail, each in its way."""
    sandbox.faults.append({"vendor": "smartrecruiters", "match": match, "faults": list(faults)})


def applying(
    job: str, name: str = "Ada Byron", email: str | None = "ada@example.test"
) -> AddApplication:
    return AddApplication(
        application_key=f"HARBOR-3.{name}",
        job_ref=job,
        name=name,
        email=email,
        phone="555 0199",
        source="indeed",
        applied_at=NOW - DAY,
    )


def add_many(tracker: ApplicantTracker, job: str, number: int) -> list[str]:
    """Add so many people to a job; returns their applications."""
    return [
        tracker.add_application(applying(job, f"P {n}", f"p{n}@example.test"), f"k{n}").external_id
        for n in range(number)
    ]


def records(pages: list[Page]) -> list[Observed]:
    """Every record of these pages, also of those that are read when they are new."""
    listed = [p.listed.read(raw) for p in pages if p.listed for _, raw in p.listed.rows]
    return [*listed, *(record for page in pages for record in page.records)]


def applications(tracker: ApplicantTracker, cursor: str | None = None) -> list[Application]:
    found = records(list(tracker.changes("applications", cursor, ())))
    return [record for record in found if isinstance(record, Application)]


def end_of(tracker: ApplicantTracker, cursor: str | None = None) -> str | None:
    """The cursor of a list's last page."""
    return list(tracker.changes("applications", cursor, ()))[-1].cursor


def interview_of(ref: str) -> ScheduleInterview:
    return ScheduleInterview(
        application_ref=ref,
        round="panel",
        starts_at=NOW + 4 * DAY,
        ends_at=NOW + 4 * DAY + timedelta(hours=1),
        interviewers=("joe.doe@harbor.example", "mia@harbor.example"),
    )


def move_of(ref: str, to: TrackerStage) -> MoveApplication:
    return MoveApplication(application_ref=ref, to=to)


def rejection_of(ref: str) -> RejectApplication:
    return RejectApplication(application_ref=ref, reason="not_qualified")


def withdrawal_of(ref: str) -> RejectApplication:
    return RejectApplication(application_ref=ref, reason="withdrew", by_candidate=True)


def send(tracker: ApplicantTracker, request: Request, key: str) -> str:
    """Ask for whatever is asked for."""
    match request:
        case OpenJob():
            return tracker.open_job(request, key).external_id
        case CloseJob():
            return tracker.close_job(request, key).external_id
        case AddApplication():
            return tracker.add_application(request, key).external_id
        case MoveApplication():
            return tracker.move(request, key).external_id
        case RejectApplication():
            return tracker.reject(request, key).external_id
        case AddNote():
            return tracker.add_note(request, key).external_id
        case ScheduleInterview():
            return tracker.schedule_interview(request, key).external_id
    raise AssertionError(request)
