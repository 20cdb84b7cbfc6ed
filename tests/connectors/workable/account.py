"""One account at Workable: who is in it, what is asked of it, and how it is read."""

from datetime import UTC, datetime, timedelta

from connectors import watched
from connectors.access import Access
from connectors.applicant_tracking import workable
from connectors.ports import ApplicantTracker
from connectors.records import (
    AddApplication,
    Application,
    MoveApplication,
    Observed,
    OpenJob,
    Page,
    Place,
    ScheduleInterview,
    TrackerStage,
)
from deployments.sandbox.people import Apply, Behaviour, Persona
from deployments.sandbox.server import Sandbox
from deployments.sandbox.workable import Workable

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
DAY = timedelta(days=1)
OPEN = OpenJob(
    requisition="HARBOR-3",
    title="Night nurse",
    place=Place(code="US-CA", city="Oakland", country="US"),
    headcount=1,
)
REQUISITION = """
code: HARBOR-3
title: Night nurse
headcount: 1
must_haves: [{id: licence}, {id: nights}]
rounds:
  - name: panel
    minutes: 45
    interviewers: [{email: joe.doe@harbor.example}, {email: mia@harbor.example}]
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


def connected(access: Access) -> ApplicantTracker:
    return workable.connect(access, sleep=lambda seconds: None)


def fault(sandbox: Sandbox, match: str, *faults: str) -> None:
    sandbox.faults.append({"vendor": "workable", "match": match, "faults": list(faults)})


def applying(job: str, name: str = "Ada Byron", email: str | None = "ada@x.test") -> AddApplication:
    return AddApplication(
        application_key=f"HARBOR-3.{name}",
        job_ref=job,
        name=name,
        email=email,
        phone=None,
        source="indeed",
        applied_at=NOW - DAY,
    )


def crowd(tracker: ApplicantTracker, vendor: Workable, size: int) -> list[str]:
    """So many who have been added to the job; returns their ids, the first first."""
    job = vendor.records.tables["job"][tracker.open_job(OPEN, "k").external_id]
    refs = []
    for n in range(size):
        person = vendor.records.add_candidate(f"P {n}", f"p{n}@example.test", None, {})
        stage = {"title": "Application Review", "type": "PreInterviewScreen", "id": "applied"}
        refs.append(vendor.records.add_application(person, job, stage, {})["id"])
    return refs


def opened(page: Page) -> Page:
    """A page whose every object is read."""
    if page.listed is None:
        return page
    told = watched.listed(page.listed.rows, page.listed.read, page.cursor)
    return told.model_copy(
        update={"refused": page.refused, "unreadable": {**page.unreadable, **told.unreadable}}
    )


def read(
    tracker: ApplicantTracker, resource: str, cursor: str | None = None, *watching: str
) -> tuple[list[Observed], str | None]:
    pages = [opened(page) for page in tracker.changes(resource, cursor, watching)]
    assert not any(page.unreadable or page.refused for page in pages)
    return [record for page in pages for record in page.records], pages[-1].cursor


def ids(tracker: ApplicantTracker, resource: str, cursor: str | None = None) -> list[str]:
    return [record.external_id for record in read(tracker, resource, cursor)[0]]


def applications(tracker: ApplicantTracker, cursor: str | None = None) -> list[Application]:
    records, _ = read(tracker, "applications", cursor)
    return [record for record in records if isinstance(record, Application)]


def moving(ref: str, to: TrackerStage) -> MoveApplication:
    return MoveApplication(application_ref=ref, to=to)


def to_interview(tracker: ApplicantTracker, sandbox: Sandbox) -> str:
    """Bring an applicant so far that an interview is scheduled; returns their application."""
    job = tracker.open_job(OPEN, "k").external_id
    added = tracker.add_application(applying(job, "Grace Hopper", "grace@example.test"), "g")
    tracker.move(moving(added.external_id, TrackerStage.SUBMITTED), "m")
    sandbox.advance(NOW + 4 * DAY)
    return added.external_id


def interview_of(ref: str, name: str = "panel") -> ScheduleInterview:
    return ScheduleInterview(
        application_ref=ref,
        round=name,
        starts_at=NOW + 5 * DAY,
        ends_at=NOW + 5 * DAY,
        interviewers=("joe.doe@harbor.example",),
    )
