"""What the tests of all trackers share: an instant, a requisition, an applicant, requests."""

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
    RejectApplication,
    Request,
    ScheduleInterview,
)
from deployments.sandbox.people import Apply, Behaviour, Persona

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
DAY = timedelta(days=1)
REQUISITION = """
code: HARBOR-3
headcount: 1
must_haves: [{id: licence}, {id: nights}]
rounds: [{name: panel}]
"""
GRACE = Persona(
    id="grace",
    name="Grace Hopper",
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
    behaviour=Behaviour(strength=0.9),
)


def applying(
    job: str,
    name: str = "Ada Byron",
    email: str | None = "ada@x.test",
    phone: str | None = None,
) -> AddApplication:
    return AddApplication(
        application_key=f"HARBOR-3.{name}",
        job_ref=job,
        name=name,
        email=email,
        phone=phone,
        source="indeed",
        applied_at=NOW - DAY,
    )


def records(pages: list[Page]) -> list[Observed]:
    """Every record of these pages, also of those that are read when they are new."""
    listed = [p.listed.read(raw) for p in pages if p.listed for _, raw in p.listed.rows]
    return [*listed, *(record for page in pages for record in page.records)]


def applications(tracker: ApplicantTracker, cursor: str | None = None) -> list[Application]:
    found = records(list(tracker.changes("applications", cursor, ())))
    return [record for record in found if isinstance(record, Application)]


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
