"""One account at Greenhouse: who is in it, what is asked of it, and how it is read."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connectors import watched
from connectors.access import Access
from connectors.applicant_tracking import greenhouse
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
from deployments.sandbox.greenhouse import Greenhouse
from deployments.sandbox.server import Sandbox
from tests.connectors.tracking import DAY, NOW, applying

OPEN = OpenJob(
    requisition="HARBOR-3",
    title="Night nurse",
    place=Place(code="US-CA", city="Oakland", country="US"),
    headcount=2,
)


def connected(
    access: Access, sleep: Callable[[float], None] = lambda seconds: None
) -> ApplicantTracker:
    return greenhouse.connect(access, sleep=sleep)


def fault(sandbox: Sandbox, match: str, *faults: str) -> None:
    sandbox.faults.append({"vendor": "greenhouse", "match": match, "faults": list(faults)})


def crowd(vendor: Greenhouse, size: int) -> list[str]:
    """So many candidates, one a day; returns their ids, the oldest first."""
    return [
        vendor.records.add_candidate(
            f"P {n}", f"p{n}@example.test", None, {"createdAt": f"{day(n)}T09:00:00.000Z"}
        )["id"]
        for n in range(size)
    ]


def day(number: int) -> str:
    return (NOW.date() + timedelta(days=number - 1000)).isoformat()


def opened(page: Page) -> Page:
    """A page whose every object is read."""
    assert page.listed
    return watched.listed(page.listed.rows, page.listed.read, page.cursor)


def read(
    tracker: ApplicantTracker, resource: str, cursor: str | None = None
) -> tuple[list[Observed], str | None]:
    pages = [opened(page) for page in tracker.changes(resource, cursor, ())]
    assert not any(page.unreadable for page in pages)
    return [record for page in pages for record in page.records], pages[-1].cursor


def ids(tracker: ApplicantTracker, resource: str, cursor: str | None = None) -> list[str]:
    return [record.external_id for record in read(tracker, resource, cursor)[0]]


def applications(tracker: ApplicantTracker, cursor: str | None = None) -> list[Application]:
    records, _ = read(tracker, "applications", cursor)
    return [record for record in records if isinstance(record, Application)]


def asked(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, path: str) -> list[dict[str, str]]:
    """The parameters of every request to a list from now on."""
    seen: list[dict[str, str]] = []
    answer = sandbox.answer

    def noting(request: Any) -> Any:
        if request.path == f"/greenhouse/v3{path}" and request.method == "GET":
            seen.append(dict(request.query))
        return answer(request)

    monkeypatch.setattr(sandbox, "answer", noting)
    return seen


def to_interview(tracker: ApplicantTracker, sandbox: Sandbox) -> str:
    """Bring an applicant to a panel interview; returns their application."""
    job = tracker.open_job(OPEN, "k").external_id
    added = tracker.add_application(applying(job, "Grace Hopper", "grace@example.test"), "g")
    ref = added.external_id
    tracker.move(MoveApplication(application_ref=ref, to=TrackerStage.SUBMITTED), "m")
    sandbox.advance(NOW + 3 * DAY)
    tracker.schedule_interview(interview_of(ref), "i")
    return ref


def interview_of(ref: str) -> ScheduleInterview:
    return ScheduleInterview(
        application_ref=ref,
        round="panel",
        starts_at=NOW + 4 * DAY,
        ends_at=NOW + 4 * DAY + timedelta(hours=1),
        interviewers=("joe.doe@harbor.example", "mia@harbor.example"),
    )
