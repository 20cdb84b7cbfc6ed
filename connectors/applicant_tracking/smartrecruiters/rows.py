"""What SmartRecruiters' JSON means in our records: its categories, and a strict reader per record.

Of a candidate only the fields named here are kept: answers about origin, disability and the like
stand beside those that we need.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from connectors.errors import Refused, Unreadable
from connectors.payload import Payload
from connectors.records import (
    Answer,
    Application,
    ArchiveKind,
    Interview,
    InterviewStatus,
    Job,
    Recommendation,
    Scorecard,
    TrackerStage,
)

NAME = "smartrecruiters"
Row = dict[str, Any]

IN_REVIEW = "IN_REVIEW"
STATUSES = {
    "LEAD": TrackerStage.LEAD,
    "NEW": TrackerStage.NEW,
    IN_REVIEW: TrackerStage.SCREEN,  # or submitted, by its sub-status
    "INTERVIEW": TrackerStage.INTERVIEW,
    "OFFERED": TrackerStage.OFFER,
    "HIRED": TrackerStage.HIRED,
    "REJECTED": TrackerStage.ARCHIVED,
    "WITHDRAWN": TrackerStage.ARCHIVED,
    "TRANSFERRED": TrackerStage.ARCHIVED,  # to another job, where it goes on
}
STATUS_OF: dict[TrackerStage, str] = {
    **{stage: status for status, stage in STATUSES.items()},
    TrackerStage.SUBMITTED: IN_REVIEW,
}  # of what has not ended
ENDS = {
    "REJECTED": ArchiveKind.BY_EMPLOYER,
    "WITHDRAWN": ArchiveKind.BY_CANDIDATE,
    "TRANSFERRED": ArchiveKind.OTHER,
}
JOBS = {
    "CREATED": False,
    "SOURCING": True,
    "INTERVIEW": True,
    "OFFER": True,
    "ON_HOLD": False,
    "FILLED": False,
    "CANCELLED": False,
}
RATINGS = {
    0: None,
    1: Recommendation.STRONG_NO,
    2: Recommendation.NO,
    3: None,  # of five stars: neither
    4: Recommendation.YES,
    5: Recommendation.STRONG_YES,
}
COMES = {"accepted": True, "pending": True, "tentative": True, "declined": False}
PERSON = frozenset(
    {
        "id",
        "firstName",
        "lastName",
        "email",
        "phoneNumber",
        "location",
        "web",
        "createdOn",
        "updatedOn",
    }
)
LEFT_OUT = frozenset(
    {
        "internal",
        "tags",
        "averageRating",
        "education",
        "experience",
        "consent",
        "consents",
        "primaryAssignment",
        "secondaryAssignments",
        "actions",
    }
)
OUR_QUESTION = re.compile(r"[a-z][a-z0-9_]{1,39}")
ANSWER = re.compile(r"([a-z][a-z0-9_]*(?::[a-z][a-z0-9_]*)?):\s+(\S.*)")
WHERE = (("city",), ("region", "regionCode"), ("country", "countryCode"))
COUNTRY, REGION = re.compile(r"[A-Z]{2}"), re.compile(r"[A-Z0-9]{1,3}")
LONGEST_ROUND = 60


def slug(text: str) -> str:
    """Write a label as one lower-case word."""
    return re.sub(r"\W+", "_", text.lower()).strip("_")


def application_ref(candidate: str, job: str) -> str:
    """Our name of an application, which has no id of its own."""
    return f"{candidate}:{job}"


def parts(ref: str) -> tuple[str, str]:
    """Candidate and job of an application; raises Refused."""
    candidate, _, job = ref.partition(":")
    if not candidate or not job:
        raise Refused(NAME, "not the name of an application: candidate and job, with a colon")
    return candidate, job


def meaning(told: Row, submitted: str) -> TrackerStage:
    """What a status means; `submitted`: the sub-status of IN_REVIEW in which the manager decides.

    A sub-status is the client's own text: any other one of IN_REVIEW is the recruiter's part.
    """
    row = Payload(NAME, told)
    stage = row.choice("status", STATUSES)
    below = slug(row.maybe("subStatus", str) or "")
    is_submitted = stage is TrackerStage.SCREEN and below == slug(submitted)
    return TrackerStage.SUBMITTED if is_submitted else stage


def read_job(data: Row) -> tuple[Job, ...]:
    """Read a job of a list, if it is open and no template; its positions are not listed there."""
    row = Payload(NAME, data)
    if not row.choice("status", JOBS) or row.maybe("template", bool):
        return ()
    location = row.maybe_inner("location")
    told = [[location.maybe(each, str) for each in names] for names in WHERE] if location else []
    job = Job(
        external_id=row.take("id", str),
        updated_at=row.time("updatedOn"),
        ordered=True,
        title=row.take("title", str),
        place=", ".join(next(filter(None, part)) for part in told if any(part)),
    )
    return (job,)


def assignments(candidate: Row) -> dict[str, Row]:
    """A candidate's assignments by job; the primary one first. One without a job is a talent."""
    row = Payload(NAME, candidate)
    primary = row.maybe("primaryAssignment", dict)
    told = [*([primary] if primary else []), *(row.maybe("secondaryAssignments", list) or [])]
    jobs = [(Payload(NAME, each).maybe_inner("job"), each) for each in told]
    return {job.take("id", str): each for job, each in jobs if job}


def kept(candidate: Row, job: str, assignment: Row, history: list[Row], answers: Row) -> bytes:
    """What is kept of an application, as JSON that is alike for what is alike."""
    Payload(NAME, candidate).close(ignoring=PERSON | LEFT_OUT)
    names = ("status", "subStatus", "startsOn", "source", "reasonOfRejection", "reasonOfWithdrawal")
    told = {
        "candidate": {name: candidate[name] for name in sorted(PERSON) if name in candidate},
        "job": job,
        "assignment": {name: assignment[name] for name in names if name in assignment},
        "history": [
            {name: step.get(name) for name in ("changedOn", "status", "subStatus")}
            for step in history
        ],
        "answers": answers,
    }
    return json.dumps(told, sort_keys=True).encode()


def our_answers(rows: list[Row]) -> dict[str, str]:
    """The answers to those screening questions that the client has named as we do."""
    answers = {}
    for row in rows:
        told = Payload(NAME, row)
        name = told.maybe("name", str) or ""
        if OUR_QUESTION.fullmatch(name):
            labels = [
                value.take("label", str)
                for record in told.items("records")
                for field in record.items("fields")
                for value in field.items("values")
            ]
            answers[name] = ", ".join(labels)
    return answers


def read_application(raw: bytes, submitted: str) -> Application:
    """Read what `kept` has written; raises Unreadable."""
    told = Payload(NAME, json.loads(raw))
    person, job = told.inner("candidate"), told.take("job", str)
    assignment, history = told.take("assignment", dict), told.take("history", list)
    candidate, created = person.take("id", str), person.time("createdOn")
    updated, steps = person.time("updatedOn"), [_step(each) for each in history]
    stage = meaning(assignment, submitted)
    kind, reason = _end(assignment) if stage is TrackerStage.ARCHIVED else (None, "")
    names = (person.maybe("firstName", str), person.maybe("lastName", str))
    return Application(
        external_id=application_ref(candidate, job),
        updated_at=max([updated, *(at for at, _ in steps)]),
        document=raw,
        job_ref=job,
        candidate_ref=candidate,
        name=" ".join(name.strip() for name in names if name),
        emails=_one(person.maybe("email", str)),
        phones=_one(person.maybe("phoneNumber", str)),
        links=_links(person.maybe_inner("web")),
        residence=_residence(person.maybe_inner("location")),
        source=Payload(NAME, assignment).maybe("source", str) or "",
        applied_at=_applied_at(steps, created),
        answers=tuple(
            Answer(question=name, value=value)
            for name, value in sorted(told.take("answers", dict).items())
        ),
        stage=stage,
        archive_kind=kind,
        archive_reason=reason,
    )


def _step(told: Row) -> tuple[datetime, str]:
    row = Payload(NAME, told)
    return row.time("changedOn"), row.take("status", str)


def _applied_at(steps: list[tuple[datetime, str]], created: datetime) -> datetime:
    """When somebody applied: the first status that is more than a lead's. Unverified: its history.

    If the history begins later than that, this is when the candidate was created.
    """
    applied = [at for at, status in steps if status != "LEAD"]
    return min(applied or [at for at, _ in steps], default=created)


def _end(assignment: Row) -> tuple[ArchiveKind, str]:
    row = Payload(NAME, assignment)
    kind = row.choice("status", ENDS)
    reason = row.maybe_inner("reasonOfRejection") or row.maybe_inner("reasonOfWithdrawal")
    return kind, (reason.maybe("label", str) or "" if reason else "")


def _one(value: str | None) -> tuple[str, ...]:
    return (value,) if value else ()


def _links(told: Payload | None) -> tuple[str, ...]:
    names = ("linkedin", "facebook", "twitter", "website")
    return tuple(url for name in names if told and (url := told.maybe(name, str)))


def _residence(told: Payload | None) -> str:
    """The code of a place if there is one, as in US-CA, else how the candidate calls it."""
    if told is None:
        return ""
    country = (told.maybe("countryCode", str) or "").upper()
    region = (told.maybe("regionCode", str) or "").upper()
    if COUNTRY.fullmatch(country):
        return f"{country}-{region}" if REGION.fullmatch(region) else country
    names = [told.maybe(name, str) for name in ("city", "region", "country")]
    return ", ".join(name for name in names if name)


def read_review(row: Row, ref: str, email: Callable[[str], str]) -> Scorecard:
    """Read what a reviewer wrote about an application; `email` gives a user's address by id."""
    told = Payload(NAME, row)
    stars = told.maybe("overallRating", int)
    if stars is not None and stars not in RATINGS:
        raise Unreadable(NAME, f"'overallRating' has a value we do not know: {stars!r}")
    name, answers = noted(told.maybe("comment", str) or "")
    return Scorecard(
        external_id=told.take("id", str),
        updated_at=told.time("updatedOn"),
        document=json.dumps(row, sort_keys=True).encode(),
        application_ref=ref,
        round=name,
        author=email(told.take("reviewerId", str)),
        submitted_at=told.time("createdOn"),
        recommendation=None if stars is None else RATINGS[stars],
        answers=answers,
    )


def noted(comment: str) -> tuple[str, tuple[Answer, ...]]:
    """The round that a review's first line names, and the answers in lines like `licence: met`."""
    lines = [line.strip() for line in comment.splitlines() if line.strip()]
    found = [match for line in lines if (match := ANSWER.fullmatch(line))]
    first = lines[0] if lines else ""
    names_it = len(first) <= LONGEST_ROUND and not ANSWER.fullmatch(first)
    answers = tuple(Answer(question=each[1], value=each[2]) for each in found)
    return (slug(first) if names_it else "", answers)


def read_interview(row: Row, now: datetime, email: Callable[[str], str]) -> Interview:
    """Read an interview; `now` is SmartRecruiters' time, by which one that is over was held."""
    told = Payload(NAME, row)
    candidate, job = told.inner("candidate"), told.take("jobId", str)
    slots = told.items("timeslots")
    if not slots:
        raise Unreadable(NAME, "an interview has no time")
    starts, ends = [slot.time("startsOn") for slot in slots], [s.time("endsOn") for s in slots]
    comes, missed = candidate.choice("status", COMES), any(_is_missed(slot) for slot in slots)
    people = [who.take("id", str) for slot in slots for who in slot.items("interviewers")]
    return Interview(
        external_id=told.take("id", str),
        updated_at=told.time("createdOn"),
        document=json.dumps(row, sort_keys=True).encode(),
        application_ref=application_ref(candidate.take("id", str), job),
        round=slug(slots[0].maybe("title", str) or ""),
        starts_at=min(starts),
        ends_at=max(ends),
        status=_became(comes, missed, over=max(ends) <= now),
        interviewers=tuple(email(each) for each in dict.fromkeys(people)),
    )


def _is_missed(slot: Payload) -> bool:
    """Whether the candidate did not come. Unverified: documented is the flag, not its field."""
    return slot.maybe("noShow", bool) or False


def _became(comes: bool, missed: bool, *, over: bool) -> InterviewStatus:
    if missed:
        return InterviewStatus.NO_SHOW
    if not comes:
        return InterviewStatus.CANCELLED
    return InterviewStatus.COMPLETED if over else InterviewStatus.SCHEDULED
