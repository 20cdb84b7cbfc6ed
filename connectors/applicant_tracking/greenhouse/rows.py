"""What Greenhouse's JSON means in our records: its categories, and a strict reader per record."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import UnsetType

from connectors.applicant_tracking.greenhouse.shapes import (
    NAME,
    ApplicationRow,
    CandidateRow,
    FullInterview,
    FullScorecard,
    InterviewRow,
    ListedJob,
    Reason,
    ScorecardRow,
    Value,
    decoded,
    made,
)
from connectors.errors import Unreadable
from connectors.records import (
    Answer,
    Application,
    ArchiveKind,
    Candidate,
    Interview,
    InterviewStatus,
    Job,
    Recommendation,
    Scorecard,
    TrackerStage,
)

T = TypeVar("T")

STATUSES = {
    "in_process": None,  # the stage says more
    "rejected": TrackerStage.ARCHIVED,
    "hired": TrackerStage.HIRED,
    "converted": TrackerStage.LEAD,  # a prospect, whose application is another one
}
# Stages have no type, and a name that the client chose: the first pattern in it gives its meaning.
STAGES = (
    (TrackerStage.OFFER, r"offer"),
    (TrackerStage.SUBMITTED, r"hiring manager review|submit"),
    (TrackerStage.NEW, r"application review"),
    (TrackerStage.SCREEN, r"recruiter|screen"),
    (TrackerStage.INTERVIEW, r"interview|on-?site|face to face|panel"),
)
REASON_TYPES = {
    "WE_REJECTED_THEM": ArchiveKind.BY_EMPLOYER,
    "THEY_REJECTED_US": ArchiveKind.BY_CANDIDATE,
    "NONE_SPECIFIED": ArchiveKind.OTHER,
    "SECURITY_CONCERN": ArchiveKind.BY_EMPLOYER,
}
RATINGS = {
    "strong_no": Recommendation.STRONG_NO,
    "no": Recommendation.NO,
    "yes": Recommendation.YES,
    "strong_yes": Recommendation.STRONG_YES,
    "no_decision": None,
}
JOBS = {"open": True, "draft": False, "closed": False}
INTERVIEWS = {
    "scheduled": InterviewStatus.SCHEDULED,
    "awaiting_feedback": InterviewStatus.COMPLETED,
    "collect_feedback": InterviewStatus.COMPLETED,
    "complete": InterviewStatus.COMPLETED,
    "skipped": InterviewStatus.CANCELLED,
    # what is not arranged, or a test to take home, is no interview
    "to_be_scheduled": None,
    "to_be_sent": None,
    "sent": None,
    "received": None,
}


def slug(text: str) -> str:
    """Write a name as one lower-case word."""
    return re.sub(r"\W+", "_", text.lower()).strip("_")


def meaning(stage_name: str, ours: Mapping[str, TrackerStage]) -> TrackerStage | None:
    """What a stage means by its name; `ours` says so of single stages, by slug."""
    if known := ours.get(slug(stage_name)):
        return known
    told = (stage for stage, words in STAGES if re.search(words, stage_name, re.IGNORECASE))
    return next(told, None)


def read_candidate(row: bytes) -> Candidate:
    """Read one object of `/candidates`; raises Unreadable."""
    told = decoded(CandidateRow, row)
    return Candidate(
        external_id=str(told.id),
        updated_at=told.updated_at,
        ordered=True,
        document=row,
        name=f"{told.first_name or ''} {told.last_name or ''}".strip(),
        emails=_values(told.email_addresses),
        phones=_values(told.phone_numbers),
        links=_values([*told.website_addresses, *told.social_media_addresses]),
        residence=told.addresses[0].value if told.addresses else "",
    )


def read_application(
    row: bytes,
    reasons: Mapping[int, Reason],
    sources: Mapping[int, str],
    stages: Mapping[str, TrackerStage],
    rejections: Mapping[int, int | None],
) -> Application:
    """Read one object of `/applications`; the person is in `/candidates`. Raises Unreadable."""
    told = decoded(ApplicationRow, row)
    stage = _stage(told, stages)
    kind, reason = _end(told, reasons, rejections) if stage is TrackerStage.ARCHIVED else (None, "")
    return Application(
        external_id=str(told.id),
        updated_at=told.updated_at,
        ordered=True,
        document=row,
        job_ref=str(told.job_id or ""),
        candidate_ref=str(told.candidate_id),
        name="",
        source=_known(sources, told.source_id, "source") if told.source_id else "",
        applied_at=told.created_at,
        answers=tuple(
            Answer(question=each.question, value=each.answer)
            for each in told.answers or ()
            if each.answer
        ),
        stage=stage,
        archive_kind=kind,
        archive_reason=reason,
    )


def _stage(told: ApplicationRow, stages: Mapping[str, TrackerStage]) -> TrackerStage:
    if (ended := _known(STATUSES, told.status, "status of an application")) is not None:
        return ended
    if told.prospect:
        return TrackerStage.LEAD
    if told.job_id is None or told.stage_name is None:
        raise Unreadable(NAME, "an application in process has no job or no stage")
    if stage := meaning(told.stage_name, stages):
        return stage
    name = slug(told.stage_name)
    raise Unreadable(NAME, f"no meaning of a stage is known: add the setting 'stage:{name}'")


def _end(
    told: ApplicationRow, reasons: Mapping[int, Reason], rejections: Mapping[int, int | None]
) -> tuple[ArchiveKind, str]:
    why = told.rejection_reason_id
    if isinstance(why, UnsetType):
        if told.id not in rejections:
            raise Unreadable(NAME, "nothing tells why an application was rejected")
        why = rejections[told.id]
    if why is None:
        return ArchiveKind.OTHER, ""
    reason = _known(reasons, why, "rejection reason")
    return _known(REASON_TYPES, reason.type.key, "type of a rejection reason"), reason.name


def read_job(row: Any, wanted: Mapping[int, int], offices: Mapping[int, str]) -> tuple[Job, ...]:
    """Read one object of `/jobs`, if it is open and no template; raises Unreadable.

    wanted: how many openings a job has left.
    """
    told = made(ListedJob, row)
    if not _known(JOBS, told.status, "status of a job") or told.is_template:
        return ()
    places = [_known(offices, ref, "office") for ref in told.office_ids or ()]
    job = Job(
        external_id=str(told.id),
        updated_at=told.updated_at,
        ordered=True,
        title=told.name,
        place="; ".join(places),
        headcount=wanted.get(told.id),
    )
    return (job,)


def read_scorecard(row: bytes) -> Scorecard:
    """Read a submitted scorecard; raises Unreadable."""
    full = decoded(FullScorecard, row)
    told = decoded(ScorecardRow, full.scorecard)
    if told.submitted_at is None:
        raise Unreadable(NAME, "a complete scorecard was never submitted")
    if full.round is None or full.author is None:
        raise Unreadable(NAME, "a scorecard of an interview or a user that is not listed")
    rating = told.candidate_rating
    return Scorecard(
        external_id=str(told.id),
        updated_at=told.updated_at,
        ordered=True,
        document=row,
        application_ref=str(told.application_id),
        round=full.round,
        author=full.author,
        submitted_at=told.submitted_at,
        recommendation=_known(RATINGS, rating, "rating") if rating else None,
        answers=tuple(Answer(question=asked, value=said) for asked, said in full.answers),
    )


def is_arranged(row: InterviewRow) -> bool:
    """Whether an interview has been put on a calendar; raises Unreadable."""
    status = _known(INTERVIEWS, row.status, "status of an interview")
    return status is not None and row.starts_at is not None


def read_interview(row: bytes) -> Interview:
    """Read an arranged interview; raises Unreadable."""
    full = decoded(FullInterview, row)
    told = decoded(InterviewRow, full.interview)
    status = _known(INTERVIEWS, told.status, "status of an interview")
    if status is None or told.starts_at is None or told.ends_at is None:
        raise Unreadable(NAME, "an arranged interview has no time")
    if full.round is None:
        raise Unreadable(NAME, "an interview of a slot that is not listed")
    return Interview(
        external_id=str(told.id),
        updated_at=told.updated_at,
        ordered=True,
        document=row,
        application_ref=str(told.application_id),
        round=full.round,
        starts_at=told.starts_at,
        ends_at=told.ends_at,
        status=status,
        interviewers=tuple(full.interviewers),
    )


def has_email(candidate: CandidateRow, email: str) -> bool:
    """Tell whether a candidate has an e-mail address."""
    return email.casefold() in {each.value.casefold() for each in candidate.email_addresses}


def names(name: str) -> tuple[str, str]:
    """First and last name, as Greenhouse insists on both."""
    first, _, last = name.strip().rpartition(" ")
    return (first, last) if first else (last, "-")


def _known(meanings: Mapping[Any, T], value: object, what: str) -> T:
    if value not in meanings:
        raise Unreadable(NAME, f"a {what} that we do not know: {str(value)[:40]!r}")
    return meanings[value]


def _values(told: list[Value]) -> tuple[str, ...]:
    return tuple([each.value for each in told])  # half as long as a generator takes
