"""The canonical records every connector speaks: what vendors tell us and what we ask of them.

Instants are aware, days are dates, money is integer minor units ("cents") with an ISO 4217
currency. An `Observed` record is something a vendor told us; a `Request` is one thing we ask of
a vendor, complete, so that it can be carried out from its stored form alone.

`application_key` is our own name for an application ("HARBOR-3.9f2c11ab"); a `*_ref` is the
vendor's id.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

PLACE_CODE = r"^[A-Z]{2}(-[A-Z0-9]{1,3}(-[A-Z]{2,8})?)?$"
PlaceCode = Annotated[str, StringConstraints(pattern=PLACE_CODE)]
# PostgreSQL stores no NUL: an id with one is not taken to be one, and a person looks.
StoredId = Annotated[str, Field(pattern=r"^[^\x00]*$")]
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


def _numbered(schema: dict[str, Any]) -> None:
    """Number the fields: a form shows them in this order, and a stored JSON object keeps none."""
    for position, field in enumerate(schema.get("properties", {}).values()):
        field["position"] = position


class Record(BaseModel):
    """Frozen, and strict about names: an unknown field is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra=_numbered, ser_json_inf_nan="constants"
    )


class PayUnit(StrEnum):
    """What one unit of base pay buys."""

    HOUR = "hour"
    DAY = "day"
    YEAR = "year"


class EmploymentType(StrEnum):
    """How the work is engaged."""

    FULL_TIME = "full_time"
    PART_TIME = "part_time"
    CONTRACT = "contract"
    TEMPORARY = "temporary"
    INTERN = "intern"


class Pay(Record):
    """Base pay, from `min_cents` to `max_cents` per `unit`, both included."""

    min_cents: int = Field(gt=0, description="The lower end, in cents.")
    max_cents: int = Field(gt=0, description="The upper end, in cents.")
    currency: CurrencyCode = Field(default="USD", description="ISO 4217, as in USD.")
    unit: PayUnit = Field(default=PayUnit.YEAR, description="What the amounts are paid for.")


class Place(Record):
    """A place of work. `code` is ISO 3166-2, with a city where the city has rules of its own."""

    code: PlaceCode = Field(description="Country, state, city with own law: US-NY-NYC, US-CA.")
    city: str = Field(description="The city, as candidates read it.")
    region: str = Field(default="", description="State or province, as in NY.")
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = Field(
        description="ISO 3166, as in US."
    )
    street: str = Field(default="", description="Street and number, if work is on site.")
    postal_code: str = Field(default="", description="Postal code.")
    remote: bool = Field(default=False, description="Whether the work is done from home.")

    @property
    def state(self) -> str:
        """The place without its city: US-NY of US-NY-NYC."""
        return "-".join(self.code.split("-")[:2])

    @property
    def jurisdictions(self) -> tuple[str, ...]:
        """The place and all places around it: US-NY-NYC is also US-NY and US."""
        parts = self.code.split("-")
        return tuple("-".join(parts[: n + 1]) for n in range(len(parts)))


class Observed(Record):
    """Something a vendor told us. `document` keeps the vendor's own JSON and is never printed.

    `ordered`: `updated_at` is the vendor's own time of every change, so that an older copy can be
    told from a newer one. Where it is not, what was read last stands. A `final` kind of record is
    landed once, and what it says is never overwritten.
    """

    final: ClassVar[bool] = False
    external_id: str
    updated_at: AwareDatetime
    ordered: bool = False
    document: bytes = Field(default=b"", repr=False)


class Answer(Record):
    """One answer to an application question; `question`: the must-have's id if it maps to one."""

    question: str
    value: str


class TrackerStage(StrEnum):
    """Where the applicant tracking system says an application stands."""

    LEAD = "lead"
    NEW = "new"
    SCREEN = "screen"
    SUBMITTED = "submitted"
    INTERVIEW = "interview"
    OFFER = "offer"
    HIRED = "hired"
    ARCHIVED = "archived"


class ArchiveKind(StrEnum):
    """Who ended an application in the applicant tracking system."""

    BY_EMPLOYER = "by_employer"
    BY_CANDIDATE = "by_candidate"
    OTHER = "other"


class Application(Observed):
    """An application as a job board delivered it or as the applicant tracking system shows it.

    `job_ref` is the posting's reference (boards) or the tracker's job id. `emails` and `phones` are
    as the person wrote them. `stage` is None for a board.
    """

    job_ref: str
    candidate_ref: str | None = None
    name: str = Field(repr=False)
    emails: tuple[str, ...] = Field(default=(), repr=False)
    phones: tuple[str, ...] = Field(default=(), repr=False)
    links: tuple[str, ...] = Field(default=(), repr=False)
    residence: str = ""
    source: str
    applied_at: AwareDatetime
    answers: tuple[Answer, ...] = Field(default=(), repr=False)
    resume_text: str = Field(default="", repr=False)
    resume_json: dict[str, Any] | None = Field(default=None, repr=False)
    consent_at: AwareDatetime | None = None
    stage: TrackerStage | None = None
    archive_kind: ArchiveKind | None = None
    archive_reason: str = ""


class Candidate(Observed):
    """A person as a tracker holds them that keeps them apart from their applications."""

    name: str = Field(repr=False)
    emails: tuple[str, ...] = Field(default=(), repr=False)
    phones: tuple[str, ...] = Field(default=(), repr=False)
    links: tuple[str, ...] = Field(default=(), repr=False)
    residence: str = ""


class Job(Observed):
    """A job that is open in the tracker, where it is asked for; it is not landed.

    `external_id` is the `job_ref` of its applications, `place` is as the tracker writes it.
    `headcount`: how many are still wanted; None if the tracker does not say.
    """

    title: str
    place: str = ""
    headcount: int | None = Field(default=None, gt=0)


class InterviewStatus(StrEnum):
    """What became of a scheduled interview."""

    SCHEDULED = "scheduled"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


class Interview(Observed):
    """One scheduled interview round, as the calendar or tracker shows it."""

    application_ref: str
    round: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    status: InterviewStatus
    interviewers: tuple[str, ...] = ()


class Recommendation(StrEnum):
    """An interviewer's overall word."""

    STRONG_NO = "strong_no"
    NO = "no"
    YES = "yes"
    STRONG_YES = "strong_yes"


class Scorecard(Observed):
    """What one interviewer or recruiter wrote down. `answers` maps a field's path to its value.

    `round` is the interview's round, or "recruiter_screen" for the structured phone screen.
    """

    application_ref: str
    round: str
    author: str
    submitted_at: AwareDatetime
    recommendation: Recommendation | None
    answers: tuple[Answer, ...] = Field(default=(), repr=False)


class FormAnswer(Observed):
    """Someone's answer to one of our own signed links (approval, referees, reference, decision).

    `form` names the form, `subject` is the application key or requisition code it is about, `about`
    what exactly was asked (a hash, a referee's number, a report), `by` who was asked.
    """

    form: str
    subject: str
    about: str = ""
    by: str = Field(repr=False)
    fields: dict[str, str] = Field(repr=False)


class SignatureStatus(StrEnum):
    """Where an offer stands with its signer."""

    AWAITING = "awaiting"
    SIGNED = "signed"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Signature(Observed):
    """The signature request of one offer version."""

    application_key: str
    offer_hash: str
    status: SignatureStatus
    signed_at: AwareDatetime | None = None


class ReportStatus(StrEnum):
    """Where a background check stands."""

    INVITED = "invited"
    EXPIRED = "expired"
    PENDING = "pending"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    DISPUTED = "disputed"
    CANCELLED = "cancelled"
    COMPLETE = "complete"


class ReportResult(StrEnum):
    """What a complete report says. `consider` is a person's review, never a rejection."""

    CLEAR = "clear"
    CONSIDER = "consider"


class AdverseStatus(StrEnum):
    """Where an adverse action stands at the consumer reporting agency."""

    PENDING = "pending"
    COMPLETE = "complete"
    DISPUTED = "disputed"
    CANCELLED = "cancelled"


class BackgroundReport(Observed):
    """A background check from order to result. `external_id` is the order's (invitation's).

    `completed_at` is when it was completed, or revised after that. `notice_at`: when the first
    notice of an adverse action left, where a person sends it; None: when it was asked for.
    """

    application_key: str
    report_ref: str | None = None
    status: ReportStatus
    result: ReportResult | None = None
    includes_cancelled: bool = False
    completed_at: AwareDatetime | None = None
    adverse_ref: str | None = None
    adverse_status: AdverseStatus | None = None
    notice_at: AwareDatetime | None = None
    final_notice_at: AwareDatetime | None = None


class OnboardingStatus(StrEnum):
    """How far a new hire is in payroll's own onboarding."""

    INVITED = "invited"
    IN_PROGRESS = "in_progress"
    OVERDUE = "overdue"
    AWAITING_REVIEW = "awaiting_review"
    COMPLETE = "complete"


class Employee(Observed):
    """A new hire as payroll holds it, read back after creation. `version` guards a correction."""

    application_key: str
    onboarding: OnboardingStatus
    entity: str
    title: str
    start_on: date
    rate_cents: int
    unit: PayUnit
    work_place: str
    version: str = ""


class PayStatement(Observed):
    """A processed pay statement joined with the terms in force on its period.

    It says what was paid: terms that are corrected later are on the next statement.
    """

    final = True
    employee_ref: str
    check_on: date
    period_start_on: date
    period_end_on: date
    gross_cents: int
    rate_cents: int
    unit: PayUnit
    start_on: date
    work_place: str
    entity: str


class PayQuestion(Record):
    """For which title and place it is asked what the market pays; of remote work, which country."""

    title: str
    city: str
    region: str
    country: str
    remote: bool


class MarketPay(Observed):
    """What postings say a job is paid; `external_id` is the question, a PayQuestion as JSON.

    `postings`: how many of those looked at say it. The middle of each one's range counts: half of
    them lie from `low_cents` to `high_cents`. All is None where there are too few to tell.
    """

    postings: int
    low_cents: int | None = None
    median_cents: int | None = None
    high_cents: int | None = None
    currency: CurrencyCode
    unit: PayUnit | None = None
    asked_on: date


class Receipt(Record):
    """What a vendor gave back for a request: its id and, if there are more, the others by kind."""

    external_id: StoredId
    others: dict[str, StoredId] = Field(default_factory=dict)


class Request(Record):
    """One thing asked of a vendor, complete in itself."""


class Posting(Record):
    """One advertisement of a requisition in one place. `reference` never changes."""

    reference: str
    requisition: str
    title: str
    description_html: str
    company: str
    place: Place
    pay: Pay | None
    benefits: str = ""
    employment_type: EmploymentType
    posted_at: AwareDatetime
    closes_on: date | None = None
    questions: tuple[tuple[str, str], ...] = ()


class PublishPostings(Request):
    """Make exactly these postings live on a board: a complete list, never a partial one.

    `ended`: the references of all that may be gone by now, as the ledger knows when it leaves.
    """

    postings: tuple[Posting, ...]
    as_of: AwareDatetime
    ended: tuple[str, ...] = ()


class ApplicantStatus(StrEnum):
    """How far somebody has come, or how it has ended, as the board they came from is told."""

    RECEIVED = "received"
    SCREENING = "screening"
    SHORTLISTED = "shortlisted"
    INTERVIEWING = "interviewing"
    OFFERED = "offered"
    CHECKED = "checked"
    HIRED = "hired"
    NOT_SELECTED = "not_selected"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"
    DUPLICATE = "duplicate"


class TellBoard(Request):
    """Tell a job board what has become of an application it delivered, and since when it is so."""

    application_ref: str
    status: ApplicantStatus
    since: AwareDatetime


class OpenJob(Request):
    """Create and open the requisition's job in the applicant tracking system."""

    requisition: str
    title: str
    place: Place
    headcount: int


class CloseJob(Request):
    """Close the requisition's job in the applicant tracking system."""

    job_ref: str


class AddApplication(Request):
    """Put an application that arrived elsewhere into the applicant tracking system."""

    application_key: str
    job_ref: str
    name: str = Field(repr=False)
    email: str | None = Field(repr=False)
    phone: str | None = Field(repr=False)
    source: str
    applied_at: AwareDatetime


class MoveApplication(Request):
    """Show in the tracker where an application stands. Never ARCHIVED: that is a rejection."""

    application_ref: str
    to: TrackerStage


RejectionReason = Literal[
    "not_qualified", "not_selected", "background", "position_closed", "duplicate", "withdrew"
]
WITHDREW: RejectionReason = "withdrew"  # the one that is the candidate's


class RejectApplication(Request):
    """Archive an application in the tracker with a coded reason (`by_candidate`: they withdrew)."""

    application_ref: str
    reason: str
    by_candidate: bool = False


def rejections() -> list[RejectApplication]:
    """One rejection for each reason there is, of no application: a tracker has a word for each."""
    return [
        RejectApplication(application_ref="", reason=reason, by_candidate=reason == WITHDREW)
        for reason in get_args(RejectionReason)
    ]


class AddNote(Request):
    """Write a note on the candidate, for instance the submittal packet."""

    candidate_ref: str
    text: str = Field(repr=False)


class KeepResume(Request):
    """Keep a copy of the résumé that came with an application, under this name and its ending."""

    application_ref: str
    name: str


class ScheduleInterview(Request):
    """Put one interview round into the tracker's calendar."""

    application_ref: str
    round: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    interviewers: tuple[str, ...]


class SendOffer(Request):
    """Send one version of an offer letter for signature. `letter` is plain text or Markdown."""

    application_key: str
    offer_hash: str
    title: str
    letter: str = Field(repr=False)
    signer_name: str = Field(repr=False)
    signer_email: str = Field(repr=False)
    expires_at: AwareDatetime


class CancelBackgroundCheck(Request):
    """Call off an order for which the candidate has not given anything yet."""

    order_ref: str


class CancelOffer(Request):
    """Withdraw a signature request that is still open."""

    signature_ref: str


class KeepSigned(Request):
    """Keep a copy of what was signed in the client's vault, under this name."""

    signature_ref: str
    name: str


class OrderBackgroundCheck(Request):
    """Order one background check through the vendor's hosted invitation. This is a bill.

    `instead_of`: the vendor's ids of earlier orders, which came to nothing and are never this one.
    """

    application_key: str
    package: str
    name: str = Field(repr=False)
    email: str = Field(repr=False)
    work_place: Place
    instead_of: tuple[str, ...] = ()


class StartAdverseAction(Request):
    """Send the pre-adverse notice; the final notice may not leave before `final_not_before`.

    That is so many business days of all of `places`, and calendar days, after the notice leaves.
    """

    report_ref: str
    application_key: str = ""  # of what was asked for before it was named
    final_not_before: AwareDatetime
    business_days: int = 0
    calendar_days: int = 0
    places: tuple[str, ...] = ()
    decided_by: str = Field(repr=False)


class CreateHire(Request):
    """Create the new hire in payroll with the signed terms.

    `report_by`: until when the state's directory is told of them; None where nobody need be told.
    """

    application_key: str
    first_name: str = Field(repr=False)
    last_name: str = Field(repr=False)
    email: str = Field(repr=False)
    title: str
    start_on: date
    rate_cents: int
    unit: PayUnit
    exempt: bool
    work_place: Place
    entity: str
    report_by: date | None = None


class CorrectHire(Request):
    """Set payroll's terms for an employee back to the signed offer."""

    employee_ref: str
    start_on: date
    rate_cents: int
    unit: PayUnit
    exempt: bool
    work_place: Place


SMS_LENGTH = 1600  # characters at most


class Sms(Record):
    """The short form of a message, for one who has agreed to be texted at this number.

    `residence` is where they live, whose hours count.
    """

    to_phone: str = Field(repr=False, pattern=r"^\+[1-9][0-9]{7,14}$", description="E.164")
    body: str = Field(repr=False, min_length=1, max_length=SMS_LENGTH)
    consent_at: AwareDatetime
    residence: PlaceCode


class SendMessage(Request):
    """One message to one person, rendered and ready. `links` are filled in at delivery.

    `sms`: what is texted, by a messenger that texts; None for who has not agreed to it.
    """

    to_name: str = Field(repr=False)
    to_email: str = Field(repr=False)
    subject: str = Field(repr=False)
    body: str = Field(repr=False)
    template: str
    sms: Sms | None = None


class AskReference(Request):
    """Ask one referee; `about` numbers the referee (1 to 4), `reminder` the n-th reminder."""

    application_key: str
    about: str
    candidate_name: str = Field(repr=False)
    referee_name: str = Field(repr=False)
    referee_email: str = Field(repr=False)
    company: str
    reminder: int = 0


@dataclass(frozen=True, slots=True)
class Listed:
    """Objects of one kind as the vendor's list has them, by id and JSON, and how to read one.

    Most are, byte for byte, what was read before, and need not be read again. `read` raises
    Unreadable; its record's document is the JSON it was given.
    """

    kind: type[Observed]
    rows: Sequence[tuple[str, bytes]]
    read: Callable[[bytes], Observed]


@dataclass(frozen=True, slots=True)
class Gone:
    """Objects of one kind that the vendor says were deleted, by its ids; we need not know them."""

    kind: type[Observed]
    refs: Sequence[str]


class Page(Record):
    """A batch of observed records and the cursor that says "everything up to here was read".

    `listed`: objects which only whoever knows what is new has read. `refused` and `unreadable`: why
    single objects are missing, by the vendor's id of each.
    """

    records: tuple[Observed, ...] = ()
    listed: Listed | None = None
    gone: Gone | None = None
    refused: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    cursor: str | None = None
