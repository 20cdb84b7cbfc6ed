"""What Ashby's JSON means in our records: its categories, and a strict reader per record."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NoReturn

from connectors.errors import Unreadable
from connectors.payload import Payload
from connectors.records import (
    AddApplication,
    Answer,
    Application,
    ArchiveKind,
    Interview,
    InterviewStatus,
    Job,
    Receipt,
    Recommendation,
    Scorecard,
    TrackerStage,
)

NAME = "ashby"
Row = dict[str, Any]

STATUSES = {
    "Lead": TrackerStage.LEAD,
    "Active": None,
    "Hired": TrackerStage.HIRED,
    "Archived": TrackerStage.ARCHIVED,
}
# the meaning of a type, and its other meaning where the stage's title says so
STAGE_TYPES = {
    "Lead": (TrackerStage.LEAD, TrackerStage.LEAD),
    "PreInterviewScreen": (TrackerStage.NEW, TrackerStage.SCREEN),
    "Active": (TrackerStage.INTERVIEW, TrackerStage.SUBMITTED),
    "Offer": (TrackerStage.OFFER, TrackerStage.OFFER),
    "Hired": (TrackerStage.HIRED, TrackerStage.HIRED),
    "Archived": (TrackerStage.ARCHIVED, TrackerStage.ARCHIVED),
}
OTHER_MEANING = re.compile(r"recruiter|phone screen|hiring manager", re.IGNORECASE)
REASON_TYPES = {
    "RejectedByOrg": ArchiveKind.BY_EMPLOYER,
    "RejectedByCandidate": ArchiveKind.BY_CANDIDATE,
    "Other": ArchiveKind.OTHER,
}
RECOMMENDATIONS = {
    "1": Recommendation.STRONG_NO,
    "2": Recommendation.NO,
    "3": Recommendation.YES,
    "4": Recommendation.STRONG_YES,
}
JOBS = {"Open": True, "Draft": False, "Closed": False, "Archived": False}
OPENINGS = {"Open": True, "Draft": False, "Approved": False, "Closed": False, "Filled": False}
SCHEDULES = {
    "Scheduled": InterviewStatus.SCHEDULED,
    "WaitingOnFeedback": InterviewStatus.COMPLETED,
    "Complete": InterviewStatus.COMPLETED,
    "Cancelled": InterviewStatus.CANCELLED,
    # what is not arranged yet is no interview
    "NeedsScheduling": None,
    "WaitingOnCandidateBooking": None,
    "WaitingOnCandidateAvailability": None,
    "CandidateAvailabilitySubmitted": None,
    "OnHold": None,
    "Unknown": None,
}


class Strict(Row):
    """A JSON object in which a missing field is unreadable."""

    def __missing__(self, name: str) -> NoReturn:
        raise Unreadable(NAME, f"{name!r} is missing")


def strict(value: Any) -> Any:
    """Make every object inside a JSON value strict."""
    if isinstance(value, dict):
        return Strict({name: strict(inner) for name, inner in value.items()})
    return [strict(inner) for inner in value] if isinstance(value, list) else value


def slug(text: str) -> str:
    """Write a title as one lower-case word."""
    return re.sub(r"\W+", "_", text.lower()).strip("_")


def meaning(stage: Row) -> TrackerStage:
    """Say what a stage of an interview plan means; two meanings share a type, by title."""
    row = Payload(NAME, stage)
    first, second = row.choice("type", STAGE_TYPES)
    return second if OTHER_MEANING.search(row.take("title", str)) else first


def round_of(event: Row) -> str:
    """Name the round of an interview event: ours, or the interview's title."""
    ours = (event.get("extraData") or {}).get("fullcycle_round")
    return ours or slug((event.get("interview") or {}).get("title", ""))


def _answers(submitted: Mapping[str, Any]) -> tuple[Answer, ...]:
    return tuple(
        Answer(question=path, value=value if isinstance(value, str) else json.dumps(value))
        for path, value in submitted.items()
        if value is not None and not path.startswith("_systemfield_")
    )


def read_application(data: Row, candidate: Row) -> Application:
    """Read an application together with its candidate."""
    row, person = Payload(NAME, data), Payload(NAME, candidate)
    reason, source = row.maybe_inner("archiveReason"), row.maybe_inner("source")
    location = person.maybe_inner("location")
    status = row.choice("status", STATUSES)
    updated = [row.time("updatedAt"), person.maybe_time("updatedAt")]
    return Application(
        external_id=row.take("id", str),
        updated_at=max(at for at in updated if at),
        ordered=True,
        document=json.dumps({"application": data, "candidate": candidate}).encode(),
        job_ref=row.inner("job").take("id", str),
        candidate_ref=person.take("id", str),
        name=person.take("name", str),
        emails=tuple(item.take("value", str) for item in person.items("emailAddresses")),
        phones=tuple(item.take("value", str) for item in person.items("phoneNumbers")),
        links=tuple(item.take("url", str) for item in person.items("socialLinks")),
        residence=location.take("locationSummary", str) if location else "",
        source=source.take("title", str) if source else "",
        applied_at=row.time("createdAt"),
        answers=tuple(
            answer
            for form in row.items("applicationFormSubmissions")
            for answer in _answers(form.take("submittedValues", dict))
        ),
        stage=status or meaning(row.take("currentInterviewStage", dict)),
        archive_kind=reason.choice("reasonType", REASON_TYPES) if reason else None,
        archive_reason=reason.take("text", str) if reason else "",
    )


def read_job(data: Row) -> tuple[Job, ...]:
    """Read a job, if it is open; `openings` are the client's own plan, which need not be there."""
    row = Payload(NAME, data)
    if not row.choice("status", JOBS):
        return ()
    location = row.maybe_inner("location")
    wanted = [
        opening
        for opening in row.items("openings")
        if opening.choice("openingState", OPENINGS) and not opening.take("isArchived", bool)
    ]
    job = Job(
        external_id=row.take("id", str),
        updated_at=row.time("updatedAt"),
        ordered=True,
        title=row.take("title", str),
        place=location.take("name", str) if location else "",
        headcount=len(wanted) or None,
    )
    return (job,)


def read_scorecard(data: Row, rounds: Mapping[str, str]) -> Scorecard:
    """Read one submitted feedback form; `rounds` names the round of its event."""
    row = Payload(NAME, data)
    author = row.maybe_inner("submittedByUser")
    values = row.take("submittedValues", dict)
    submitted_at = row.time("submittedAt")
    sections = row.inner("formDefinition").items("sections")
    form = (sections[0].maybe("title", str) if sections else None) or ""
    return Scorecard(
        external_id=row.take("id", str),
        updated_at=submitted_at,
        ordered=True,
        document=json.dumps(data).encode(),
        application_ref=row.take("applicationId", str),
        round=rounds.get(row.maybe("interviewEventId", str) or "", slug(form)),
        author=(author.maybe("email", str) or author.take("id", str)) if author else "",
        submitted_at=submitted_at,
        recommendation=Payload(NAME, values).maybe_choice(
            "overall_recommendation", RECOMMENDATIONS
        ),
        answers=_answers(values),
    )


def read_interviews(data: Row) -> list[Interview]:
    """Read every event of one interview schedule that was arranged."""
    row = Payload(NAME, data)
    application, status = row.take("applicationId", str), row.choice("status", SCHEDULES)
    changed = row.maybe_time("updatedAt")
    if status is None:
        return []
    return [
        _read_interview(event, application, status, changed)
        for event in row.maybe("interviewEvents", list) or []
    ]


def _read_interview(
    data: Row, application_ref: str, status: InterviewStatus, changed: datetime | None
) -> Interview:
    row = Payload(NAME, data)
    updated = row.time("updatedAt")
    return Interview(
        external_id=row.take("id", str),
        updated_at=max(updated, changed or updated),
        ordered=True,
        document=json.dumps(data).encode(),
        application_ref=application_ref,
        round=round_of(data),
        starts_at=row.time("startTime"),
        ends_at=row.time("endTime"),
        status=status,
        interviewers=tuple(
            person.maybe("email", str) or person.take("id", str)
            for person in row.items("interviewers")
        ),
    )


def made_ref(made: Row) -> str:
    """Read the id of something we have made."""
    return Payload(NAME, made).take("id", str)


def made_job(job: Row) -> Row:
    """Read id and status of a job we have made."""
    return {"id": made_ref(job), "status": Payload(NAME, job).take("status", str)}


def made_schedule(schedule: Row) -> Receipt:
    """Read the one event of a schedule we have made."""
    events = Payload(NAME, schedule).take("interviewEvents", list)
    if len(events) != 1:
        raise Unreadable(NAME, "a schedule has not the one event we asked for")
    return Receipt(external_id=made_ref(events[0]), others={"schedule": made_ref(schedule)})


def event_receipt(schedule: Row, event: Row) -> Receipt:
    """The receipt of one interview: its event's id, and beside it its schedule's."""
    return Receipt(external_id=event["id"], others={"schedule": schedule["id"]})


def has_email(candidate: Row, email: str) -> bool:
    """Tell whether a candidate has an e-mail address."""
    return email.lower() in {row["value"].lower() for row in candidate["emailAddresses"]}


def is_open(application: Row) -> bool:
    """Tell whether an application has neither been archived nor led to a hire."""
    return application["status"] in ("Lead", "Active")


def is_this_application(application: Row, request: AddApplication) -> bool:
    """Tell whether somebody's application for the job is the asked one: open, or made by us."""
    same_job = application["job"]["id"] == request.job_ref
    return bool(same_job and (is_open(application) or _is_of_then(application, request)))


def is_the_one_we_made(candidate: Row, request: AddApplication) -> bool:
    """Tell by name and instant whether a candidate without an e-mail address is ours."""
    return bool(candidate["name"] == request.name) and _is_of_then(candidate, request)


def _is_of_then(row: Row, request: AddApplication) -> bool:
    """Tell whether something was created at the instant of application, as what we make is."""
    apart = datetime.fromisoformat(row["createdAt"]) - request.applied_at
    return abs(apart) < timedelta(seconds=1)
