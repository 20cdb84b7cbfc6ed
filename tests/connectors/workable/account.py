"""One account at Workable: who is in it, what is asked of it, and how it is read."""

from connectors import watched
from connectors.access import Access
from connectors.applicant_tracking import workable
from connectors.ports import ApplicantTracker
from connectors.records import (
    Application,
    MoveApplication,
    Observed,
    OpenJob,
    Page,
    Place,
    ScheduleInterview,
    TrackerStage,
)
from deployments.sandbox.server import Sandbox
from deployments.sandbox.workable import Workable
from tests.connectors.tracking import DAY, NOW, applying

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


def connected(access: Access) -> ApplicantTracker:
    return workable.connect(access, sleep=lambda seconds: None)


def fault(sandbox: Sandbox, match: str, *faults: str) -> None:
    sandbox.faults.append({"vendor": "workable", "match": match, "faults": list(faults)})


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
