"""What Workable's JSON means in our records: its categories, and a strict reader per record."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.errors import Misconfigured, Unreadable
from connectors.payload import Payload
from connectors.records import (
    AddApplication,
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

NAME = "workable"
SCREEN = "recruiter_screen"
CLOCKS_AGREE = timedelta(minutes=1)
Row = dict[str, Any]
Meanings = Mapping[str, TrackerStage]
"""What the client says that its stages mean, by the slug of their names."""

STAGE_KINDS = {
    "sourced": TrackerStage.LEAD,
    "applied": TrackerStage.NEW,
    "phone-screen": TrackerStage.SCREEN,
    "assessment": TrackerStage.SCREEN,
    "shortlisted": TrackerStage.SUBMITTED,
    "interview": TrackerStage.INTERVIEW,
    "offer": TrackerStage.OFFER,
    "hired": TrackerStage.HIRED,
}
JOB_IS_OPEN = {"published": True, "draft": False, "closed": False, "archived": False}
JOB_IS_OVER = {"draft": False, "published": False, "closed": True, "archived": True}
# the round that an event is, where its title names none; an internal meeting is none at all
EVENTS = {"CallEvent": SCREEN, "InterviewEvent": "interview", "MeetingEvent": None}
SCORES = {
    "negative": Recommendation.NO,
    "positive": Recommendation.YES,
    "definite": Recommendation.STRONG_YES,
}
# addresses that are another one whenever they are told
FLEETING = {"resume_url", "image_url", "outbound_mailbox"}
_UNUSED = (
    "firstname lastname headline account disqualified_at hired_at moved_to_offer_at sourced"
    " profile_url outlet common_source_category uploader_id cover_letter summary education_entries"
    " experience_entries skills tags originating_candidate_id resume_metadata withdrew"
    " disqualification_reason common_source address"
)
IN_BRACKETS = re.compile(r"\[([^\[\]]+)\]\s*$")
SCREENED = re.compile(r"must_have:|interested: (yes|no)$")
FIELD = re.compile(r"\s*(must_have:[\w-]+|[\w-]+)\s*:\s*(\S.*?)\s*")


def slug(text: str) -> str:
    """Write a name as one lower-case word."""
    return re.sub(r"\W+", "_", text.lower()).strip("_")


def meanings(options: Mapping[str, str]) -> Meanings:
    """What the options `stage:<name>` say; raises Misconfigured."""
    told = {name: value for name, value in options.items() if name.startswith("stage:")}
    for name, value in told.items():
        if value not in set(TrackerStage):
            raise Misconfigured(NAME, f"the option {name!r} is none of {', '.join(TrackerStage)}")
    return {slug(name.removeprefix("stage:")): TrackerStage(value) for name, value in told.items()}


def meaning(name: str, kind: str, ours: Meanings) -> TrackerStage | None:
    """Say what a stage means: what the client says, else what its kind does, if we know it."""
    return ours.get(slug(name)) or STAGE_KINDS.get(kind)


def is_at(candidate: Row, stage: TrackerStage, ours: Meanings) -> bool:
    """Tell whether a candidate is at a stage, or was when they were disqualified."""
    row = Payload(NAME, candidate)
    return meaning(row.take("stage", str), row.take("stage_kind", str), ours) is stage


def _stage_of(row: Payload, ours: Meanings) -> TrackerStage:
    name, kind = row.take("stage", str), row.take("stage_kind", str)
    if told := meaning(name, kind, ours):
        return told
    raise Unreadable(NAME, f"a stage has a kind we do not know: {kind[:40]!r}: add an option")


def is_in_a_job(candidate: Row) -> bool:
    """Tell whether a candidate is one for a job, and not of the talent pool."""
    return candidate.get("job") is not None or "talent_pool" not in candidate


def needs_details(candidate: Row) -> bool:
    """Tell whether a candidate's row in a list leaves out something that we need.

    That is what they answered when they applied, for as long as that is judged, and whether they
    withdrew. The documents say that lists tell the latter; those we have seen do not.
    """
    if candidate.get("disqualified"):
        return "withdrew" not in candidate
    return candidate.get("sourced") is False and candidate.get("stage_kind") != "hired"


def document(candidate: Row) -> bytes:
    """A candidate's JSON as we keep it: the same as long as nothing has changed."""
    return json.dumps(
        {name: told for name, told in candidate.items() if name not in FLEETING}
    ).encode()


def read_job(data: Row) -> tuple[Job, ...]:
    """Read a job of a list, if it is published; Workable calls it by its shortcode."""
    row = Payload(NAME, data)
    if not row.choice("state", JOB_IS_OPEN):
        return ()
    job = Job(
        external_id=row.take("shortcode", str),
        updated_at=row.time("updated_at"),
        ordered=True,
        title=row.take("title", str),
        place=_place(row) or "",
    )
    return (job,)


def read_application(kept: bytes, ours: Meanings) -> Application:
    """Read a candidate, who is one for a single job; `kept` is their document."""
    row = Payload(NAME, json.loads(kept))
    ref, stage = row.take("id", str), _stage_of(row, ours)
    is_out, is_anonymous = row.take("disqualified", bool), row.maybe("anonymized", bool)
    name = row.maybe("name", str) if is_anonymous else row.take("name", str)
    email, phone = row.maybe("email", str), row.maybe("phone", str)
    application = Application(
        external_id=ref,
        updated_at=row.time("updated_at"),
        ordered=True,
        document=kept,
        job_ref=row.inner("job").take("shortcode", str),
        candidate_ref=ref,
        name=name or "",
        emails=(email,) if email else (),
        phones=(phone,) if phone else (),
        links=tuple(item.take("url", str) for item in row.items("social_profiles")),
        residence=_residence(row),
        source=row.maybe("domain", str) or row.maybe("common_source", str) or "",
        applied_at=row.time("created_at"),
        answers=tuple(_answers(row.items("answers"))),
        stage=TrackerStage.ARCHIVED if is_out else stage,
        archive_kind=_ended_by(row) if is_out else None,
        archive_reason=(row.maybe("disqualification_reason", str) or "") if is_out else "",
    )
    row.close(ignoring=frozenset(_UNUSED.split()))
    return application


def _place(row: Payload) -> str | None:
    location = row.maybe_inner("location")
    return location.maybe("location_str", str) if location else None


def _residence(row: Payload) -> str:
    return _place(row) or row.maybe("address", str) or ""


def _ended_by(row: Payload) -> ArchiveKind:
    withdrew = row.take("withdrew", bool)
    return ArchiveKind.BY_CANDIDATE if withdrew else ArchiveKind.BY_EMPLOYER


def _answers(items: Iterable[Payload]) -> Iterator[Answer]:
    for item in items:
        question = item.inner("question").maybe("body", str)
        answer = item.maybe_inner("answer")
        if question and answer and (said := _said(answer)):
            yield Answer(question=question.strip(), value=said)


def _said(answer: Payload) -> str:
    """Put an answer in words; a file is none."""
    checked = answer.maybe("checked", bool)
    if checked is not None:
        return "yes" if checked else "no"
    if choices := answer.items("choices"):
        return ", ".join(choice.take("body", str) for choice in choices)
    number = answer.maybe("number", object)
    told = answer.maybe("body", str) or answer.maybe("date", str)
    return told or ("" if number is None else str(number))


def round_of(event: Row) -> str | None:
    """Name the round that an event is: what its title has in brackets at the end, else its type's.

    None: it is no interview, whatever its title says.
    """
    row = Payload(NAME, event)
    usual = row.choice("type", EVENTS)
    named = IN_BRACKETS.search(row.maybe("title", str) or "")
    return usual and (slug(named[1]) if named else usual)


def read_interviews(event: Row, now: datetime, members: Mapping[str, str]) -> list[Interview]:
    """Read an event, if it is an interview; what has ended counts as held, as nobody says more.

    now: when Workable told it; it does not say when it was changed.
    """
    row, name = Payload(NAME, event), round_of(event)
    candidate = row.maybe_inner("candidate")
    if name is None or candidate is None:
        return []
    starts_at, ends_at = row.time("starts_at"), row.time("ends_at")
    held = InterviewStatus.COMPLETED if ends_at <= now else InterviewStatus.SCHEDULED
    who = [member.take("id", str) for member in row.items("members")]
    return [
        Interview(
            external_id=row.take("id", str),
            updated_at=now,
            document=json.dumps(event).encode(),
            application_ref=candidate.take("id", str),
            round=name,
            starts_at=starts_at,
            ends_at=ends_at,
            status=InterviewStatus.CANCELLED if row.take("cancelled", bool) else held,
            interviewers=tuple(members.get(each) or each for each in who),
        )
    ]


def read_scorecard(
    activity: Row, candidate_ref: str, events: Sequence[Row], members: Mapping[str, str]
) -> Scorecard:
    """Read one evaluation; `events` are the candidate's.

    A comment with lines such as `must_have:licence: met`, `interested: yes` is the recruiter's
    screen.
    """
    row = Payload(NAME, activity)
    said, member = row.maybe("body", str) or "", row.inner("member").take("id", str)
    fields = _fields(said)
    is_screen = any(SCREENED.match(f"{each.question}: {each.value}") for each in fields)
    submitted_at = row.time("created_at")
    return Scorecard(
        external_id=row.take("id", str),
        updated_at=row.time("updated_at"),
        ordered=True,
        document=json.dumps(activity).encode(),
        application_ref=candidate_ref,
        round=SCREEN if is_screen else _round(row, member, submitted_at, events),
        author=members.get(member) or member,
        submitted_at=submitted_at,
        recommendation=row.inner("rating").choice("score", SCORES),
        answers=fields if is_screen else (Answer(question="comment", value=said),) if said else (),
    )


def _fields(comment: str) -> tuple[Answer, ...]:
    found = (FIELD.fullmatch(line) for line in comment.splitlines())
    return tuple(Answer(question=match[1], value=match[2]) for match in found if match)


def _round(row: Payload, member: str, at: datetime, events: Sequence[Row]) -> str:
    """The round that this member had begun last, else the stage that the candidate was in."""
    begun: dict[datetime, str] = {}
    for event in events:
        told, name = Payload(NAME, event), round_of(event)
        present = {each.take("id", str) for each in told.items("members")}
        if name and member in present and (starts_at := told.time("starts_at")) <= at:
            begun[starts_at] = name
    if begun:
        return begun[max(begun)]
    stage = row.maybe_inner("action_stage")
    return slug(stage.take("name", str)) if stage else ""


def is_this_application(candidate: Row, request: AddApplication) -> bool:
    """Tell whether a candidate for a job is the asked one: still in process, or made since then."""
    row = Payload(NAME, candidate)
    same_person = (row.maybe("email", str) or "").lower() == (request.email or "").lower()
    same_job = row.inner("job").maybe("shortcode", str) == request.job_ref
    in_process = not row.take("disqualified", bool)
    is_since_then = row.time("created_at") >= request.applied_at - CLOCKS_AGREE
    return same_person and same_job and (in_process or is_since_then)
