"""The objects of Greenhouse's lists: of each the fields that we use, which must be there.

Facts from https://harvestdocs.greenhouse.io/reference. All other fields stay in the document, and
one that we have never seen is reported. What a page has hundreds of is spared the garbage collector
(`gc=False`): it holds no cycles.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from connectors.errors import Unreadable

NAME = "greenhouse"
T = TypeVar("T")
Instant = Annotated[datetime, Meta(tz=True)]
log = logging.getLogger(__name__)

_FIELDS = {
    "/candidates": "id created_at updated_at first_name last_name preferred_name company title"
    " last_activity_at private can_email time_zone tags linked_user_ids phone_numbers addresses"
    " email_addresses website_addresses social_media_addresses custom_fields",
    "/applications": "id created_at updated_at agency_note_id candidate_id coordinator_id job_id"
    " job_post_id recruiter_id referrer_id rejection_reason_id source_id stage_id"
    " job_interview_stage_id stage_name status needs_decision prospect rejected_at"
    " last_activity_at location_address answers prospective_job_ids custom_fields",
    "/scorecards": "id created_at updated_at interview_kit_id interviewer_id interviewed_at notes"
    " notes_with_tags submitter_id candidate_rating private_notes private_notes_with_tags"
    " status public_notes public_notes_with_tags application_id submitted_at",
    "/interviews": "id created_at updated_at job_id application_id job_interview_id starts_at"
    " ends_at location status organizer_id scheduled_at all_day_start_on all_day_end_on"
    " external_event_id video_conferencing_url availability_received_at",
}


class Made(Struct, gc=False):
    """Whatever has an id."""

    id: int


class Created(Struct, gc=False):
    """Whatever says when it was created."""

    created_at: Instant


class MadeBoth(Struct):
    """What creating a candidate with an application answers."""

    candidate: Made
    application: Made


class Value(Struct, gc=False):
    """A way to reach somebody."""

    value: str


class CandidateRow(Struct, gc=False):
    """One object of `/candidates`."""

    id: int
    created_at: Instant
    updated_at: Instant
    first_name: str | None
    last_name: str | None
    email_addresses: list[Value]
    phone_numbers: list[Value]
    addresses: list[Value]
    website_addresses: list[Value]
    social_media_addresses: list[Value]


class FormAnswer(Struct, gc=False):
    """One answer to a question of a posting's form."""

    question: str
    answer: str | None


class ApplicationRow(Struct, gc=False):
    """One object of `/applications`; not all accounts are told rejection_reason_id there."""

    id: int
    candidate_id: int
    job_id: int | None
    prospect: bool
    status: str
    stage_id: int | None
    stage_name: str | None
    source_id: int | None
    answers: list[FormAnswer] | None
    created_at: Instant
    updated_at: Instant
    rejection_reason_id: int | UnsetType | None = UNSET


class Attachment(Struct):
    """One object of `/attachments`: a file of an application, by a link that ends within days."""

    application_id: int
    type: str
    url: str


class JobRow(Struct):
    """One object of `/jobs`."""

    id: int
    name: str
    status: str
    is_template: bool | None


class ListedJob(JobRow):
    """A job with what tells where it is."""

    updated_at: Instant
    office_ids: list[int] | None


class Office(Struct):
    """One object of `/offices`; the location is free text."""

    id: int
    name: str
    location: str | None


class Opening(Struct):
    """One object of `/openings`: one person whom a job wants."""

    job_id: int


class Named(Struct):
    """A source, a stage or an interview of a job's plan."""

    id: int
    name: str


class PlanStage(Named):
    """One object of `/job_interview_stages`."""

    sort_order: int


class Stay(Struct):
    """One object of `/application_stages`."""

    job_interview_stage_id: int


class NoteRow(Struct):
    """One object of `/notes`."""

    id: int
    body: str | None


class ReasonType(Struct):
    """Who ended it."""

    key: str


class Reason(Struct):
    """One object of `/rejection_reasons`."""

    id: int
    name: str
    type: ReasonType


class Rejection(Struct):
    """One object of `/rejection_details`."""

    application_id: int
    rejection_reason_id: int | None


class Kit(Struct):
    """One object of `/interview_kits`: what a scorecard of one slot asks."""

    id: int
    job_interview_id: int


class User(Struct):
    """One object of `/users`."""

    id: int
    primary_email: str


class Question(Struct):
    """One object of `/scorecard_questions`."""

    id: int
    question: str


class AnswerRow(Struct):
    """One object of `/scorecard_question_answers`."""

    id: int
    scorecard_id: int
    scorecard_question_id: int
    answer: str | None
    boolean_value: bool | None


class Chosen(Struct):
    """One object of `/scorecard_question_answer_options`."""

    scorecard_question_answer_id: int
    scorecard_question_option_id: int


class ScorecardRow(Struct):
    """One object of `/scorecards`."""

    id: int
    application_id: int
    interview_kit_id: int | None
    interviewer_id: int
    status: str
    submitted_at: Instant | None
    candidate_rating: str | None
    updated_at: Instant


class InterviewRow(Struct):
    """One object of `/interviews`."""

    id: int
    application_id: int
    job_interview_id: int
    status: str
    starts_at: Instant | None
    ends_at: Instant | None
    updated_at: Instant


class Panelist(Struct):
    """One object of `/interviewers`."""

    interview_id: int
    user_id: int | None
    email: str | None


class FullScorecard(Struct):
    """A scorecard with what other lists say of it; None: they say nothing.

    answers: question and answer.
    """

    scorecard: msgspec.Raw
    round: str | None = None
    author: str | None = None
    answers: list[tuple[str, str]] = []


class FullInterview(Struct):
    """An interview with what other lists say of it; None: they say nothing."""

    interview: msgspec.Raw
    round: str | None = None
    interviewers: list[str] = []


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def decoded(kind: type[T], row: bytes | msgspec.Raw) -> T:
    """Read an object; raises Unreadable."""
    try:
        told: T = _decoder(kind).decode(row)  # type: ignore[arg-type]  # a type is hashable
    except msgspec.DecodeError as failure:
        raise Unreadable(NAME, f"{kind.__name__}: {failure}") from None
    return told


def made(kind: type[T], body: Any) -> T:
    """Read what a write answers with; raises Unreadable."""
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as failure:
        raise Unreadable(NAME, f"{kind.__name__}: {failure}") from None


def report_drift(path: str, rows: Sequence[tuple[str, bytes]]) -> None:
    """Report fields that we have never seen: the first sign that Greenhouse has changed."""
    # Of one object a page: all have the same fields, and reading all would cost what we save.
    told = decoded(dict[str, msgspec.Raw], rows[0][1]) if rows else {}
    if drift := sorted(told.keys() - set(_FIELDS[path].split())):
        log.warning("vendor drift", extra={"system": NAME, "fields": drift})
