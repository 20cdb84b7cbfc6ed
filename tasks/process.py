"""A client's process as data: stages in order, systems, people by role, waits, brand and words.

One YAML file per client, kept in version control and in the ledger; secrets are never in it. It can
be validated, compared, exported and handed to the client when they leave.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, model_validator
from pydantic_extra_types.timezone_name import TimeZoneName

from connectors.new_hires import Employer
from connectors.records import Record
from connectors.requisition import Colleague, Slug, Text

POOL = "fullcycle"  # of every client that names no other
REQUISITION_STAGES = ("requisition", "sourcing")
APPLICATION_STAGES = (
    "intake",
    "screening",
    "submittal",
    "interviews",
    "selection",
    "references",
    "offer",
    "background",
    "preboarding",
    "day_one",
    "payroll",
    "aftercare",
)

Role = Literal[
    "approver", "recruiter", "compliance_reviewer", "hr", "payroll_owner", "hiring_manager"
]


class Brand(Record):
    """How the client speaks: every message is theirs, none names the provider."""

    display_name: Text
    legal_entity: Text
    signature: Text
    careers_url: Text


class Systems(Record):
    """Which vendor does each job; the accounts themselves are Prefect blocks.

    Without `market_pay` nobody is asked what the market pays; without `vault` no copy is
    kept of what was signed, nor of résumés; without `texting` nobody is texted.
    """

    job_boards: tuple[Slug, ...]
    applicant_tracking: Slug
    background_checks: Slug
    references: Slug
    signatures: Slug
    payroll: Slug
    messaging: Slug
    texting: Slug | None = None
    documents: Slug
    market_pay: Slug | None = None
    vault: Slug | None = None


class Template(Record):
    """One message: a Jinja subject and body, and what is texted beside it to who has agreed."""

    subject: Text
    body: Text
    text: Text | None = None


class Screening(Record):
    """Days without an answer until the screen is reminded and given up; how long interest holds."""

    remind_business_days: int = 3
    give_up_business_days: int = 8
    interest_days: int = 14


class References(Record):
    """How many references are required, how many are asked at once, and the patience with each."""

    required: int = 2
    asked: int = 2
    named: int = 4
    remind_business_days: int = 2
    replace_business_days: int = 3


class Offer(Record):
    """How long an offer stands, and how far ahead the first day is laid."""

    valid_business_days: int = 5
    start_business_days: int = 12


class Payroll(Record):
    """In which countries (ISO 3166) the connected payroll pays, and who reports new hires.

    A state's new-hire report needs the social security number, which we never have: payroll makes
    it (Gusto, ADP and most bureaus do), or the client's HR. `employers`: what the file for a
    state's directory says of each entity, by its name in the offer.
    """

    countries: tuple[str, ...] = ("US",)
    new_hire_report: Literal["payroll", "hr"] = "payroll"
    employers: dict[str, Employer] = Field(default_factory=dict)


class Background(Record):
    """When the employer certified its duties to the screener; slack for mail on legal waits."""

    certified_on: date | None = None
    delivery_slack_business_days: int = 2


class Process(Record):
    """One client's process. `pool`: whose workers carry it, see docs/scaling.md.

    `inform`: the job boards that are told what becomes of the applicants who came from them.
    """

    client: Slug
    version: int = Field(ge=1)
    pool: Slug = POOL
    employees: int = Field(ge=1)
    time_zone: TimeZoneName
    brand: Brand
    people: dict[Role, Colleague]
    systems: Systems
    stages: tuple[Slug, ...] = APPLICATION_STAGES
    screening: Screening = Screening()
    references: References = References()
    offer: Offer = Offer()
    background: Background = Background()
    payroll: Payroll = Payroll()
    care_after_business_days: int = 5
    inform: tuple[Slug, ...] = ()
    hours: dict[str, int] = Field(default_factory=dict)
    messages: dict[str, Template]

    @model_validator(mode="after")
    def _complete(self) -> "Process":
        if sorted(self.stages) != sorted(APPLICATION_STAGES):
            raise ValueError(f"stages: name each of {', '.join(APPLICATION_STAGES)} once")
        more = TEMPLATES_OF_HR if self.payroll.new_hire_report == "hr" else frozenset()
        if strangers := sorted({*self.inform} - {*self.systems.job_boards}):
            raise ValueError(f"inform: not among the job boards: {', '.join(strangers)}")
        if missing := sorted((TEMPLATES | more) - self.messages.keys()):
            raise ValueError(f"messages: add {', '.join(missing)}")
        texts = {name for name, message in self.messages.items() if message.text}
        if strangers := sorted(texts - TEXTED):
            told = f"only these have a short form: {', '.join(sorted(TEXTED))}"
            raise ValueError(f"messages: leave out the text of {', '.join(strangers)}; {told}")
        return self

    def order(self, rules: Sequence[Sequence[str]]) -> list[str]:
        """The stages in this client's order, changed where law demands that one comes first.

        rules: (first, then) pairs that apply to the application's places on the day.
        """
        order = list(self.stages)
        for _ in rules:
            for first, then in rules:
                if order.index(first) > order.index(then):
                    order.remove(first)
                    order.insert(order.index(then), first)
        return order

    def next_stage(self, stage: str, rules: Sequence[Sequence[str]]) -> str:
        """The stage after this one, where the given order rules apply."""
        order = self.order(rules)
        return order[order.index(stage) + 1]

    def person(self, role: Role, fields: dict[str, object] | None = None) -> Colleague:
        """Who holds a role; a requisition's own hiring manager is named in its fields."""
        if role == "hiring_manager" and fields:
            return Colleague.model_validate(fields["hiring_manager"])
        return self.people[role]


TEMPLATES = frozenset(
    {
        "acknowledgement",
        "approve_requisition",
        "approve_offer",
        "care",
        "closed",
        "correct_payroll",
        "day_one",
        "i9_section_2",
        "interest",
        "joined",
        "no_response",
        "not_selected",
        "offer_lapsed",
        "order_check",
        "preboarding",
        "reference_by_telephone",
        "review_duplicate",
        "review_report",
        "referees",
        "rescinded",
        "screen_invitation",
        "screen_reminder",
        "submittal_reminder",
        "welcome",
        "aftercare",
        "withdrawn",
    }
)
TEMPLATES_OF_HR = frozenset({"new_hire_report"})  # where HR reports new hires
# People agree to be texted about their application, up to their first day, and an end is no news
# for a text.
TEXTED = frozenset(
    {
        "care",
        "interest",
        "preboarding",
        "referees",
        "screen_invitation",
        "screen_reminder",
        "welcome",
    }
)


def load(path: Path) -> Process:
    """Read a client's process; raises pydantic.ValidationError listing every problem at once."""
    return Process.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
