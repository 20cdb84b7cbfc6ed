"""The forms behind our signed links: what is asked, of whom, in which fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from connectors.calling_hours import STATES

Kind = Literal["yes_no", "choice", "text", "email", "date"]


@dataclass(frozen=True, slots=True)
class Field:
    """One input. `required` fields must be answered; `choices` only for kind "choice"."""

    name: str
    label: str
    kind: Kind
    choices: tuple[str, ...] = ()
    required: bool = True

    def problem(self, value: str) -> str | None:
        """What is wrong with an answer, by the field's label; None if nothing is."""
        if not value:
            return f"{self.label}: please answer" if self.required else None
        if self.kind == "choice" and value not in self.choices:
            return f"{self.label}: choose one of {', '.join(self.choices)}"
        if self.kind == "yes_no" and value not in {"yes", "no"}:
            return f"{self.label}: yes or no"
        return None


@dataclass(frozen=True, slots=True)
class Form:
    """One form, shown with its heading; the answer is kept under its name.

    `until`: the fields that must all be "yes" before an answer is final; until then it may be given
    again. With none, the first answer is final, unless `changes`: what is asked about may change,
    and the last answer counts. `about`: what exactly is asked about, where one subject has several
    of them. `terms`: what a yes agrees to, with the employer's name and the end of the person's
    number.
    """

    heading: str
    fields: tuple[Field, ...]
    until: tuple[str, ...] = ()
    about: str = ""
    changes: bool = False
    terms: str = ""

    def final(self, given: Mapping[str, str]) -> bool:
        """Whether no other answer is taken after this one."""
        return not self.changes and all(given.get(name) == "yes" for name in self.until)

    def problems(self, given: Mapping[str, str]) -> list[str]:
        """What is missing or wrong in the answers, one sentence a field."""
        found = (field.problem(given.get(field.name, "")) for field in self.fields)
        return [problem for problem in found if problem]


def _decision(*choices: str) -> Field:
    return Field("decision", "Your decision", "choice", choices)


_COMMENT = Field("comment", "Comment", "text", required=False)
_REFEREE_PARTS: tuple[tuple[str, str, Kind], ...] = (
    ("name", "name", "text"),
    ("email", "e-mail address", "email"),
    ("relation", "how you worked together", "text"),
)
_REFEREES = tuple(
    Field(f"referee{n}_{part}", f"Referee {n}: {label}", kind, required=n <= 2)
    for n in range(1, 5)
    for part, label, kind in _REFEREE_PARTS
)

# Words of 47 CFR 64.1200(f)(9), as quoted elsewhere; no lawyer has looked at ours.
TEXTING_TERMS = (
    "If you answer yes, {employer} may send text messages (SMS) to your telephone number that ends"
    " in {number}, also by automatic means. They are about this application only, up to your first"
    " day at work, and say in short what we also write to you by mail. They come between 8 in the"
    " morning and 9 in the evening where you live, and only in the United States. Message and data"
    " rates may apply. You need not agree: it is no condition of applying or of being hired. To end"
    " it, reply STOP to any text, or answer no here. Your answer counts as your signature."
)

FORMS: dict[str, Form] = {
    "approve_requisition": Form(
        "Approve this requisition",
        (_decision("approve", "reject"), _COMMENT),
        about="the version of the requisition",
    ),
    "cancel_requisition": Form(
        "Cancel this requisition", (_decision("cancel"), Field("reason", "Reason", "text"))
    ),
    "review_duplicate": Form(
        "Are these two applications from the same person?",
        (_decision("same", "different"),),
        about="the key of the person",
    ),
    "interest": Form(
        "Are you still interested?",
        (
            Field("interested", "I am still interested in this role", "yes_no"),
            Field("pay_expectation", "Pay you expect", "text", required=False),
        ),
        until=("interested",),
    ),
    "texting": Form(
        "Short messages by text?",
        (
            Field("agreed", "You may text me about this application", "yes_no"),
            Field("state", "The state you live in", "choice", (*STATES, "elsewhere")),
        ),
        changes=True,
        terms=TEXTING_TERMS,
        about="the number, as in the link",
    ),
    "withdraw": Form(
        "Withdraw your application",
        (Field("confirm", "Yes, withdraw it", "yes_no"),),
        until=("confirm",),
    ),
    "referees": Form(
        "Name your referees",
        (
            Field(
                "consent",
                "You may ask these people about my work, for this application only",
                "yes_no",
            ),
            *_REFEREES,
        ),
        until=("consent",),
    ),
    "reference": Form(
        "Reference",
        (
            Field("worked_together", "We worked together", "yes_no"),
            Field("relation", "In which roles, and when", "text"),
            Field("strengths", "What this person does well", "text"),
            Field("concerns", "What you would want to know before hiring", "text", required=False),
            Field("rehire", "I would work with this person again", "yes_no"),
        ),
        about="the referee, as in referee-1",
    ),
    "approve_offer": Form(
        "Approve this offer",
        (_decision("approve", "reject"), _COMMENT),
        about="the version of the offer",
    ),
    "order_check": Form(
        "Order the background check again?",
        (_decision("order", "end"), _COMMENT),
        about="the order that came to nothing",
    ),
    "screening_status": Form(
        "What does the screener say of this background check?",
        (
            Field(
                "status",
                "What it says now",
                "choice",
                (
                    "invited",
                    "pending",
                    "paused",
                    "suspended",
                    "disputed",
                    "expired",
                    "cancelled",
                    "clear",
                    "consider",
                ),
            ),
        ),
        about="the order, as in the message that asked for it",
        changes=True,
    ),
    "adverse_notices": Form(
        "What has been done about this adverse action?",
        (
            Field(
                "status",
                "What has been done now",
                "choice",
                ("notice_sent", "disputed", "dispute_over", "called_off", "final_sent"),
            ),
        ),
        about="the report, as in the message that asked for the notices",
        changes=True,
    ),
    "review_report": Form(
        "Individualized assessment of a background report",
        (
            _decision("clear", "adverse"),
            Field("nature_and_gravity", "Nature and gravity of the offence", "text"),
            Field("time_passed", "Time passed since", "text"),
            Field("job_relation", "Relation to the duties of this job", "text"),
            Field("rehabilitation", "Evidence of rehabilitation or error", "text"),
            _COMMENT,
        ),
        about="the report and its instant",
    ),
    "preboarding": Form(
        "Before your first day",
        (
            Field("policies", "I have read and accept the policies", "yes_no"),
            Field("equipment", "My equipment is arranged", "yes_no"),
            Field("i9_section_1", "I have completed section 1 of form I-9", "yes_no"),
        ),
        until=("policies", "equipment", "i9_section_1"),
    ),
    "day_one": Form(
        "First day",
        (Field("arrived", "The new colleague has arrived", "yes_no"), _COMMENT),
        until=("arrived",),
    ),
    "i9_section_2": Form(
        "Form I-9 section 2",
        (
            Field("documents_examined", "I have examined the documents", "yes_no"),
            Field("signed_on", "Section 2 signed on", "date"),
        ),
        until=("documents_examined",),
    ),
    "new_hire_report": Form(
        "Report of a new hire to the state",
        (
            Field("reported", "The state's directory of new hires was told", "yes_no"),
            Field("reported_on", "Reported on", "date"),
        ),
        until=("reported",),
    ),
}
