"""What Lever's JSON means in our records: its categories, and a strict reader per record."""

import json
import re
from collections.abc import Callable, Mapping, Set
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from connectors.errors import Misconfigured, Unreadable
from connectors.payload import Payload
from connectors.records import (
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

NAME = "lever"
Row = dict[str, Any]
E = TypeVar("E", bound=StrEnum)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

POSTINGS = {
    "published": True,
    "internal": True,
    "draft": False,
    "pending": False,
    "rejected": False,
    "closed": False,
}
HIRED = {"hired": True, "non-hired": False}
SCORES = {
    "1": Recommendation.STRONG_NO,
    "2": Recommendation.NO,
    "3": Recommendation.YES,
    "4": Recommendation.STRONG_YES,
}
SCORE = re.compile(r"([1-4])( - .*)?")
# Stages have no type, and a text that the client chose: the first pattern in it gives its meaning.
STAGES = (
    (TrackerStage.OFFER, r"offer"),
    (TrackerStage.SUBMITTED, r"hiring manager review|submit"),
    (TrackerStage.NEW, r"new applicant|application review"),
    (TrackerStage.SCREEN, r"recruiter|screen"),
    (TrackerStage.INTERVIEW, r"interview|on-?site|panel"),
)
# Reasons say only whether they mean a hire: whose word it was, their text tells.
BY_CANDIDATE = re.compile(r"withdr[ae]w|declined|not interested|no longer interested|accepted")
NOT_KEPT = ("ipAddress", "userAgent", "referer", "acceptLanguage")  # of an application


class Meanings:
    """What the client's stages and archive reasons mean; raises Misconfigured if it says so badly.

    Options: `stage:<text>` and `kind:<text>`, the text as one lower-case word.
    """

    def __init__(self, options: Mapping[str, str]) -> None:
        self._stages = _told(options, "stage:", TrackerStage)
        self._kinds = _told(options, "kind:", ArchiveKind)

    def stage(self, ref: str, text: str) -> TrackerStage | None:
        """What a stage means, by its id if Lever has given that, else by its text."""
        if known := self._stages.get(slug(text)):
            return known
        if ref.startswith("lead-"):
            return TrackerStage.LEAD
        told = (stage for stage, words in STAGES if re.search(words, text, re.IGNORECASE))
        return next(told, None)

    def kind(self, text: str) -> ArchiveKind:
        """Whose word an archive reason is that means no hire."""
        by_candidate = BY_CANDIDATE.search(text.lower())
        default = ArchiveKind.BY_CANDIDATE if by_candidate else ArchiveKind.OTHER
        return self._kinds.get(slug(text), default)


def _told(options: Mapping[str, str], prefix: str, kind: type[E]) -> dict[str, E]:
    told = {name: value for name, value in options.items() if name.startswith(prefix)}
    for name, value in told.items():
        if value not in set(kind):
            raise Misconfigured(NAME, f"the option {name!r} is none of {', '.join(kind)}")
    return {slug(name.removeprefix(prefix)): kind(value) for name, value in told.items()}


def slug(text: str) -> str:
    """Write a text as one lower-case word."""
    return re.sub(r"\W+", "_", text.lower()).strip("_")


def moment(row: Payload, name: str) -> datetime:
    """Take an instant in milliseconds; raises Unreadable."""
    told = row.take(name, int)
    try:
        return EPOCH + timedelta(milliseconds=told)
    except OverflowError:
        raise Unreadable(NAME, f"{name!r} is not a time") from None


def milliseconds(at: datetime) -> int:
    """Write an instant as Lever does."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def is_at(row: Row, name: str) -> bool:
    """Whether something has happened to an object, such as `canceledAt`; raises Unreadable."""
    told = Payload(NAME, row)
    return told.maybe(name, int) is not None


def kept(opportunity: Row) -> Row:
    """An opportunity without what its application tells of the applicant's computer."""
    told = opportunity.get("applications")
    if not isinstance(told, list):
        return opportunity
    applications = [
        {name: value for name, value in each.items() if name not in NOT_KEPT}
        if isinstance(each, dict)
        else each
        for each in told
    ]
    return {**opportunity, "applications": applications}


def read_opportunity(
    raw: bytes,
    meanings: Meanings,
    stages: Mapping[str, str],
    reason: Callable[[str], Row],
) -> Application:
    """Read an opportunity with its applications; raises Unreadable.

    stages: their texts by id; reason: an archive reason by its id.
    """
    told = json.loads(raw)
    row = Payload(NAME, told)
    ref, stage, applied_at = row.take("id", str), row.take("stage", str), moment(row, "createdAt")
    kind, archive_reason = None, ""
    if archived := row.maybe_inner("archived"):
        why = archived.maybe("reason", str)
        meant, kind, archive_reason = _end(reason(why) if why else None, meanings)
    else:
        meant = _stage(stage, meanings, stages)
    sources = _texts(row, "sources")
    application = _application(row.items("applications"))
    return Application(
        external_id=ref,
        updated_at=moment(row, "updatedAt") if is_at(told, "updatedAt") else applied_at,
        ordered=True,
        document=raw,
        job_ref=(application and application.maybe("posting", str)) or "",
        candidate_ref=ref,
        name=row.take("name", str),
        emails=_texts(row, "emails"),
        phones=tuple(phone.take("value", str) for phone in row.items("phones")),
        links=_texts(row, "links"),
        residence=row.maybe("location", str) or "",
        source=sources[0] if sources else "",
        applied_at=applied_at,
        answers=_form_answers(application) if application else (),
        stage=meant,
        archive_kind=kind,
        archive_reason=archive_reason,
    )


def _stage(ref: str, meanings: Meanings, stages: Mapping[str, str]) -> TrackerStage:
    if ref not in stages:
        raise Unreadable(NAME, "an opportunity is in a stage that is not listed")
    if meant := meanings.stage(ref, stages[ref]):
        return meant
    told = f"no meaning of a stage is known: add the setting 'stage:{slug(stages[ref])}'"
    raise Unreadable(NAME, told)


def _end(reason: Row | None, meanings: Meanings) -> tuple[TrackerStage, ArchiveKind | None, str]:
    """What an archived opportunity came to: hired or not is in the type of its reason alone."""
    if reason is None:
        return TrackerStage.ARCHIVED, ArchiveKind.OTHER, ""
    row = Payload(NAME, reason)
    text = row.take("text", str)
    if row.choice("type", HIRED):
        return TrackerStage.HIRED, None, ""
    return TrackerStage.ARCHIVED, meanings.kind(text), text


def _application(applications: list[Payload]) -> Payload | None:
    """The one application of an opportunity; of several that of old accounts the last."""
    return applications[-1] if applications else None


def _form_answers(application: Payload) -> tuple[Answer, ...]:
    return tuple(
        answer
        for form in application.items("customQuestions")
        for answer in _answers(form.items("fields"))
    )


def _answers(fields: list[Payload]) -> tuple[Answer, ...]:
    """What was filled in, by the text of the question."""
    told = [(each.take("text", str), _said(each)) for each in fields]
    return tuple(Answer(question=asked.strip(), value=said) for asked, said in told if said)


def _said(field: Payload) -> str:
    value = field.whatever("value")
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def read_posting(data: Row) -> tuple[Job, ...]:
    """Read a posting, if it is open; how many it wants, only requisitions say."""
    row = Payload(NAME, data)
    if not row.choice("state", POSTINGS):
        return ()
    categories = row.maybe_inner("categories")
    job = Job(
        external_id=row.take("id", str),
        updated_at=moment(row, "updatedAt" if is_at(data, "updatedAt") else "createdAt"),
        ordered=True,
        title=row.take("text", str),
        place=(categories and categories.maybe("location", str)) or "",
    )
    return (job,)


def read_interview(data: Row, panel: Row, opportunity: str, held: Set[str]) -> Interview:
    """Read one interview of a panel; it took place if somebody has written about it."""
    row, around = Payload(NAME, data), Payload(NAME, panel)
    ref, starts_at = row.take("id", str), moment(row, "date")
    status = InterviewStatus.SCHEDULED
    if is_at(panel, "canceledAt") or is_at(data, "canceledAt"):
        status = InterviewStatus.CANCELLED
    elif ref in held:
        status = InterviewStatus.COMPLETED
    return Interview(
        external_id=ref,
        updated_at=moment(around, "createdAt"),
        document=json.dumps({**data, "panel": around.take("id", str)}).encode(),
        application_ref=opportunity,
        round=slug(row.take("subject", str)),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=row.take("duration", int)),
        status=status,
        interviewers=tuple(
            person.maybe("email", str) or person.take("id", str)
            for person in row.items("interviewers")
        ),
    )


def is_handed_in(form: Row) -> bool:
    """Whether a feedback form is complete, and nobody has taken it back."""
    return is_at(form, "completedAt") and not is_at(form, "deletedAt")


def read_feedback(
    data: Row, opportunity: str, rounds: Mapping[str, str], author: Callable[[str], str]
) -> Scorecard:
    """Read one feedback form that was handed in; `rounds` names the round of each interview."""
    row = Payload(NAME, data)
    interview, text = row.maybe("interview", str), row.take("text", str)
    completed = moment(row, "completedAt")
    is_edited = is_at(data, "updatedAt")
    fields = row.items("fields")
    scores = {True: list[Payload](), False: list[Payload]()}
    for field in fields:
        scores[field.take("type", str) == "score-system"].append(field)
    return Scorecard(
        external_id=row.take("id", str),
        updated_at=moment(row, "updatedAt") if is_edited else completed,
        ordered=True,
        document=json.dumps(data).encode(),
        application_ref=opportunity,
        round=rounds.get(interview or "", slug(text)),
        author=author(row.take("user", str)),
        submitted_at=completed,
        recommendation=_score(scores[True][0]) if scores[True] else None,
        answers=_answers(scores[False]),
    )


def _score(field: Payload) -> Recommendation | None:
    """The rating out of four: Lever shows it as a number and what it means."""
    told = _said(field)
    if not told:
        return None
    if match := SCORE.fullmatch(told):
        return SCORES[match[1]]
    raise Unreadable(NAME, f"a score that we do not know: {told[:40]!r}")


def _texts(row: Payload, name: str) -> tuple[str, ...]:
    told = row.take(name, list)
    if not all(isinstance(each, str) for each in told):
        raise Unreadable(NAME, f"{name!r} holds something else than text")
    return tuple(told)


def made_ref(made: Payload) -> Receipt:
    """Read the id of something we have made."""
    return Receipt(external_id=made.take("id", str))


def receipt(opportunity: str) -> Receipt:
    """What proves that an opportunity is there, which is what Lever calls a candidate, too."""
    return Receipt(external_id=opportunity, others={"candidate": opportunity})


def has_email(opportunity: Row, email: str) -> bool:
    """Tell whether the person of an opportunity has an e-mail address."""
    return email.casefold() in {each.casefold() for each in _texts(_row(opportunity), "emails")}


def has_tag(row: Row, tag: str) -> bool:
    """Tell whether an opportunity or a posting has a tag."""
    return tag in _texts(_row(row), "tags")


def is_archived(opportunity: Row) -> bool:
    """Tell whether an opportunity has been archived, for whatever reason."""
    return _row(opportunity).maybe_inner("archived") is not None


def is_for(opportunity: Row, posting: str) -> bool:
    """Tell whether an opportunity is an application for a posting."""
    application = _application(_row(opportunity).items("applications"))
    return application is not None and application.maybe("posting", str) == posting


def ends_with(note: Row, last_line: str) -> bool:
    """Tell whether a note that stands ends with a line."""
    texts = [_said(field) for field in _row(note).items("fields")]
    return not is_at(note, "deletedAt") and any(t.rstrip().endswith(last_line) for t in texts)


def _row(data: Row) -> Payload:
    return Payload(NAME, data)


def id_of(row: Row) -> str:
    """An object's id."""
    return Payload(NAME, row).take("id", str)


def each_interview(panels: list[Row]) -> list[tuple[Row, Row]]:
    """Every interview of these panels, beside its panel."""
    return [(p, each) for p in panels for each in Payload(NAME, p).take("interviews", list)]


def mark(key: str) -> str:
    """By which we know what we have made for a request."""
    return f"[fullcycle {key}]"


def tag_of(requisition: str) -> str:
    """By which we know the posting of a requisition."""
    return f"fullcycle {requisition}"
