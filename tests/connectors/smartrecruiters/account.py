"""An account at SmartRecruiters' stand-in, and what is asked of it."""

from dataclasses import replace
from datetime import timedelta

from connectors.ports import ApplicantTracker
from connectors.records import (
    AddApplication,
    MoveApplication,
    OpenJob,
    Place,
    RejectApplication,
    ScheduleInterview,
    TrackerStage,
)
from deployments.sandbox.people import Behaviour
from deployments.sandbox.server import Sandbox
from deployments.sandbox.smartrecruiters_records import SETTINGS
from tests.connectors import tracking
from tests.connectors.tracking import DAY, NOW

KEY = "tracker.add:application=1"
OPTIONS = {**SETTINGS, "reason:not_qualified": "Not enough relevant experience"}
OPEN = OpenJob(
    requisition="HARBOR-3",
    title="Night nurse",
    place=Place(code="US-CA", city="Oakland", region="CA", country="US"),
    headcount=1,
)
GRACE = replace(
    tracking.GRACE, name="Grace Lee", behaviour=Behaviour(screen="answers", strength=0.9)
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
