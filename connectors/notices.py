"""Notices of an adverse action that a person sends, of a screener whose API has none.

Source: 15 USC 1681b(b)(3): before an employer acts on a report the person gets a copy of it and a
summary of their rights, then time to answer, and only after that the final notice.

- The person is asked by a letter with a signed link to one question: what has been done. It is
  answered as often as that changes; the last answer counts, and the report is read with it.
- The law's wait begins when the first notice is said to have left, whenever it was asked for.
- After a notice that was called off another may be asked for. They are told apart by how many had
  been called off before.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.errors import Unreadable
from connectors.links import Links, Question
from connectors.ports import Answers, Messenger
from connectors.records import (
    AdverseStatus,
    BackgroundReport,
    FormAnswer,
    Receipt,
    SendMessage,
    StartAdverseAction,
)

FORM = "adverse_notices"
SENT, CALLED_OFF = "notice_sent", "called_off"
STATES = {
    SENT: AdverseStatus.PENDING,
    "disputed": AdverseStatus.DISPUTED,
    "dispute_over": AdverseStatus.PENDING,
    CALLED_OFF: AdverseStatus.CANCELLED,
    "final_sent": AdverseStatus.COMPLETE,
}
SUBJECT = "Notices of an adverse action to be sent: {report}"
BODY = """\
Dear {person},

{decided_by} has decided to act on the background report {report}, of application
{application}. {screener} sends no notices for us, so please send them.

1. Now the first notice, with a copy of the report and the summary of rights. Tell us when it has
   left: the time that the law gives the candidate begins then.
2. The final notice not before {wait} after the first one has left. If that
   is today, this is {day}.

If the candidate disputes the report, or the action is called off, tell us so, and send no final
notice. Tell us each time what has been done; please send us neither report nor notices:

{link}
"""


@dataclass(frozen=True, slots=True)
class Notices:
    """Whom a client asks for the notices, and what they said."""

    client: str
    screener: str
    person: str
    person_email: str
    messenger: Messenger
    links: Links
    answers: Answers

    def ask(self, request: StartAdverseAction, key: str) -> Receipt:
        """Ask the person to send the notices; the receipt's id is the action's in our words."""
        sent = self.messenger.send(self._letter(request), key)
        return self._receipt(request, sent)

    def find(self, request: StartAdverseAction, key: str) -> Receipt | None:
        """Look whether the letter left."""
        sent = self.messenger.find(self._letter(request), key)
        return self._receipt(request, sent) if sent else None

    def beside(self, report: BackgroundReport) -> BackgroundReport:
        """A complete report with what was last said of the notices; raises Unreadable."""
        if report.report_ref is None:
            return report
        given = self.answers(self._question(report.application_key, report.report_ref))
        if not given:
            return report
        said = [_said(answer) for answer in given]
        status = STATES[said[-1]]
        left = _left(given, said)
        told = {"report": json.loads(report.document or b"{}"), "notices": said[-1]}
        return report.model_copy(
            update={
                "updated_at": max(report.updated_at, given[-1].updated_at),
                "document": json.dumps(told).encode(),
                "adverse_ref": _ref(report.report_ref, said[:-1]),
                "adverse_status": status,
                "notice_at": left,
                "final_notice_at": (
                    given[-1].updated_at if status is AdverseStatus.COMPLETE else None
                ),
            }
        )

    def _receipt(self, request: StartAdverseAction, sent: Receipt) -> Receipt:
        given = self.answers(self._question(request.application_key, request.report_ref))
        ref = _ref(request.report_ref, [_said(answer) for answer in given])
        return Receipt(external_id=ref, others={"message": sent.external_id})

    def _question(self, application_key: str, report_ref: str) -> Question:
        return Question(
            client=self.client,
            form=FORM,
            subject=application_key,
            about=report_ref,
            by="screening",
        )

    def _letter(self, request: StartAdverseAction) -> SendMessage:
        return SendMessage(
            to_name=self.person,
            to_email=self.person_email,
            subject=SUBJECT.format(report=request.report_ref),
            body=BODY.format(
                person=self.person,
                decided_by=request.decided_by,
                screener=self.screener,
                report=request.report_ref,
                application=request.application_key,
                wait=_wait(request),
                day=f"{request.final_not_before:%Y-%m-%d}",
                link=self.links.to(self._question(request.application_key, request.report_ref)),
            ),
            template="adverse_notices",
        )


def _said(answer: FormAnswer) -> str:
    said = answer.fields.get("status", "")
    if said not in STATES:
        raise Unreadable("notices", "the answer has a status we do not know")
    return said


def _left(given: Sequence[FormAnswer], said: Sequence[str]) -> datetime:
    """When the first notice left; if nobody has said so, not before the last answer."""
    since = max((n + 1 for n, each in enumerate(said[:-1]) if each == CALLED_OFF), default=0)
    sent = [
        answer.updated_at
        for answer, each in zip(given[since:], said[since:], strict=True)
        if each == SENT
    ]
    return sent[0] if sent else given[-1].updated_at


def _ref(report_ref: str, before: Sequence[str]) -> str:
    return f"{report_ref}#{sum(1 for each in before if each == CALLED_OFF) + 1}"


def _wait(request: StartAdverseAction) -> str:
    days = f"{request.business_days} business days of {', '.join(request.places)}"
    calendar = f", and {request.calendar_days} days" if request.calendar_days else ""
    return days + calendar
