"""The requisition as its client states it: what must be known before anything is posted.

The same model is read from a YAML file (`fullcycle requisition open`), from a row of a bulk import
and from the form of the `open-requisition` deployment. Source of the fields: docs/requisition.md.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from connectors.records import EmploymentType, Pay, Place, Record

Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{1,11}-[A-Z0-9]{1,12}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Evidence(StrEnum):
    """How a must-have is shown to be met."""

    ANSWER = "answer"
    RESUME = "resume"
    SCREEN = "screen"


class Colleague(Record):
    """Someone at the client, by role."""

    name: Text = Field(description="Full name, as the candidate may read it.")
    email: Email = Field(description="Where questions and links are sent.")


class MustHave(Record):
    """One testable requirement.

    `evidence` says where the proof comes from: the candidate's `answer` to `question`, words of the
    résumé (any of `words`), or the recruiter's structured `screen`. Only an answered question may
    be a `knockout`.
    """

    id: Slug = Field(description="A short name of its own, as in forklift_licence.")
    text: Text = Field(description="The requirement, as one can test it.")
    evidence: Evidence = Field(default=Evidence.SCREEN, description="Where its proof comes from.")
    question: str = Field(default="", description="What the candidate answers with yes or no.")
    words: tuple[str, ...] = Field(default=(), description="Words that show it in a résumé.")
    knockout: bool = Field(default=False, description="Whether the wrong answer ends it at once.")

    @model_validator(mode="after")
    def _evidenced(self) -> "MustHave":
        if self.evidence is Evidence.ANSWER and not self.question:
            raise ValueError(f"must-have {self.id}: add the question the candidate answers")
        if self.evidence is Evidence.RESUME and not self.words:
            raise ValueError(f"must-have {self.id}: add the words that show it in a résumé")
        if self.knockout and self.evidence is not Evidence.ANSWER:
            raise ValueError(f"must-have {self.id}: only an answered question can knock out")
        return self


class Round(Record):
    """One interview round: its purpose, its interviewers, its length in minutes."""

    name: Slug = Field(description="A short name of its own, as in panel.")
    competency: Text = Field(description="What this round is to find out.")
    interviewers: tuple[Colleague, ...] = Field(
        min_length=1, description="Who asks; each writes a scorecard."
    )
    minutes: int = Field(default=45, ge=15, le=480, description="Its length in minutes.")


class Check(Record):
    """The background check: the vendor's package and the written, job-related reason."""

    package: Slug = Field(description="The screener's name of what is checked.")
    reason: Text = Field(description="Why this role needs it: job-related, in writing.")


class Requisition(Record):
    """A request to fill one or more openings of one role."""

    code: Code = Field(
        title="Code", description="The requisition's code, as in ACME-7; it never changes."
    )
    client: Slug = Field(title="Client", description="The client's name, as registered.")
    title: Text = Field(title="Title", description="The job title as candidates read it.")
    description: Text = Field(
        title="Duties", description="What the person does; an empty line starts a paragraph."
    )
    employment_type: EmploymentType = Field(
        default=EmploymentType.FULL_TIME,
        title="Employment type",
        description="How the work is engaged.",
    )
    level: Text = Field(title="Level", description="Grade or level; part of what is approved.")
    exempt: bool = Field(
        default=True, title="Exempt", description="Exempt from overtime (FLSA), yes or no."
    )
    hiring_manager: Colleague = Field(
        title="Hiring manager", description="Who decides on submittals and selection."
    )
    places: tuple[Place, ...] = Field(
        min_length=1,
        title="Places",
        description="Every place of work; they decide which law applies.",
    )
    pay: Pay | None = Field(
        default=None,
        title="Pay range",
        description="Base pay in cents; most places demand it in the posting.",
    )
    benefits: str = Field(
        default="", title="Benefits", description="What comes with the pay, in a sentence."
    )
    headcount: int = Field(
        default=1, ge=1, le=500, title="Openings", description="How many people are to be hired."
    )
    must_haves: tuple[MustHave, ...] = Field(
        min_length=1,
        title="Must-haves",
        description="Testable requirements, each with how it is evidenced.",
    )
    rounds: tuple[Round, ...] = Field(
        min_length=1, title="Interview rounds", description="The planned rounds, in order."
    )
    background: Check | None = Field(
        default=None, title="Background check", description="Package and reason; empty for none."
    )
    requested_by: Colleague = Field(title="Requested by", description="Who asks for the opening.")
    business_reason: Text = Field(
        title="Business reason", description="Why the role is needed: new, or whom it replaces."
    )
    needed_by: date | None = Field(
        default=None, title="Needed by", description="When the work should be staffed."
    )
    closes_on: date | None = Field(
        default=None, title="Deadline", description="Last day to apply; some places demand one."
    )
    vacancy_exists: bool = Field(
        default=True,
        title="Vacancy exists",
        description="Whether this posting is for an existing vacancy.",
    )
    source: str = Field(
        default="", title="Source", description="Where the facts of this requisition come from."
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Requisition":
        problems = []
        if self.pay and self.pay.min_cents > self.pay.max_cents:
            problems.append("pay.min_cents is above pay.max_cents: swap them")
        ids = [must.id for must in self.must_haves]
        if len(set(ids)) < len(ids):
            problems.append("must_haves: two have the same id: rename one")
        codes = [place.code for place in self.places]
        if len(set(codes)) < len(codes):
            problems.append("places: two have the same code: remove one")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class InFlight(Record):
    """A requisition that is under way in the client's tracker and is to be carried on from there.

    `approved_by`: who at the client has approved it as it is written here; empty: they are asked,
    and until they have answered nobody is judged by it.
    """

    job: Text = Field(title="Job", description="The tracker's id of its job.")
    approved_by: str = Field(
        default="", title="Approved by", description="Who has approved it as it is written here."
    )
    requisition: Requisition = Field(title="Requisition", description="What is asked for.")
