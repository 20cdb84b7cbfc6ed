"""A screener without an API: a named person orders there, and tells us what the screener says.

Docs: https://www.law.cornell.edu/uscode/text/15/1681b (why a report is a person's to assess)
Auth: none of its own; the task leaves through the client's messenger.
Settings: option `client` names the client whose form is linked, `screener` the screener, `person`
and `person_email` who orders there.
Paging and limits: those of the messenger.

Quirks
- An order is a letter with a signed link to one question: what the screener says now. It may be
  answered as often as that changes; the last answer counts.
- The answer is a single word. No report and nothing from it is asked for, or kept.
- Before the first answer nothing is known of the order.
- Both notices of an adverse action are sent by the same person, who says when: see
  connectors/notices.py.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence

from connectors import watched
from connectors.access import Access
from connectors.errors import Refused, Unreadable, Unsupported
from connectors.health import Check
from connectors.links import Links, Question
from connectors.notices import Notices
from connectors.ports import Answers, BackgroundScreener, Messenger
from connectors.records import (
    BackgroundReport,
    CancelBackgroundCheck,
    FormAnswer,
    OrderBackgroundCheck,
    Page,
    Receipt,
    ReportResult,
    ReportStatus,
    Request,
    SendMessage,
    StartAdverseAction,
)
from connectors.vendor import Setting, Vendor

NAME = "manual_screening"
FORM = "screening_status"

SUBJECT = "Background check to be ordered: {order}"
BODY = """\
Dear {person},

please order a background check at {screener}.

Candidate: {candidate}
E-mail: {email}
Package: {package}
Place of work: {place}
Order: {order}

Tell us what {screener} says, now and whenever it changes; a word is enough. Please send us no
report, and nothing from it:

{link}
"""

CALLED_OFF = "Background check to be called off: {order}"
CALL_OFF = """\
Dear {person},

please have the background check {order} cancelled at {screener}, or do not order it if you have not
yet: the application has ended. If the candidate has filled in what is asked of them, let nobody
read what comes of it.
"""

STATES: dict[str, tuple[ReportStatus, ReportResult | None]] = {
    "invited": (ReportStatus.INVITED, None),
    "pending": (ReportStatus.PENDING, None),
    "paused": (ReportStatus.PAUSED, None),
    "suspended": (ReportStatus.SUSPENDED, None),
    "disputed": (ReportStatus.DISPUTED, None),
    "expired": (ReportStatus.EXPIRED, None),
    "cancelled": (ReportStatus.CANCELLED, None),
    "clear": (ReportStatus.COMPLETE, ReportResult.CLEAR),
    "consider": (ReportStatus.COMPLETE, ReportResult.CONSIDER),
}


def connect(
    access: Access, messenger: Messenger, links: Links, answers: Answers
) -> BackgroundScreener:
    """Have a person order, through the client's own messenger."""
    return Manual(access, messenger, links, answers)


class Manual:
    """A person orders and reports; what is sent and found is the messenger's."""

    resources: tuple[str, ...] = ("reports",)
    search_lag = 5  # as long as its messenger's

    def __init__(
        self, access: Access, messenger: Messenger, links: Links, answers: Answers
    ) -> None:
        self._options, self._messenger = access.options, messenger
        self._links, self._answers = links, answers
        self._notices = Notices(
            client=access.options["client"],
            screener=access.options["screener"],
            person=access.options["person"],
            person_email=access.options["person_email"],
            messenger=messenger,
            links=links,
            answers=answers,
        )

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Read what was last answered of each watched order, one page an order."""
        if resource not in self.resources:
            raise Unsupported(NAME, f"no resource {resource!r}")
        yield from watched.each(watching, self._observe)

    def order(self, request: OrderBackgroundCheck, key: str) -> Receipt:
        """Ask the person to order; the receipt's id is the order's in our own words."""
        sent = self._messenger.send(self._letter(request, key), key)
        return _receipt(_order_ref(request, key), sent)

    def start_adverse_action(self, request: StartAdverseAction, key: str) -> Receipt:
        """Ask the person to send both notices."""
        return self._notices.ask(request, key)

    def call_off(self, request: CancelBackgroundCheck, key: str) -> Receipt:
        """Ask the person to cancel it."""
        return _receipt(request.order_ref, self._messenger.send(self._calling_off(request), key))

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look whether the letter left."""
        match request:
            case CancelBackgroundCheck():
                sent = self._messenger.find(self._calling_off(request), key)
                return _receipt(request.order_ref, sent) if sent else None
            case OrderBackgroundCheck():
                sent = self._messenger.find(self._letter(request, key), key)
                return _receipt(_order_ref(request, key), sent) if sent else None
            case StartAdverseAction():
                return self._notices.find(request, key)
        raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def check(self) -> Iterator[Check]:
        """Nothing of its own: letters are the messenger's."""
        return iter(())

    def _observe(self, order_ref: str) -> tuple[BackgroundReport, ...]:
        given = self._answers(self._question(order_ref))
        return tuple(self._notices.beside(_report(order_ref, answer)) for answer in given[-1:])

    def _question(self, order_ref: str) -> Question:
        return Question(
            client=self._options["client"],
            form=FORM,
            subject=_application(order_ref),
            about=order_ref,
            by="screening",
        )

    def _calling_off(self, request: CancelBackgroundCheck) -> SendMessage:
        return self._to_person("screening_called_off", CALLED_OFF, CALL_OFF, request.order_ref)

    def _letter(self, request: OrderBackgroundCheck, key: str) -> SendMessage:
        order_ref = _order_ref(request, key)
        place = (request.work_place.city, request.work_place.code)
        return self._to_person(
            "screening_order",
            SUBJECT,
            BODY,
            order_ref,
            candidate=request.name,
            email=request.email,
            package=request.package,
            place=", ".join(place),
            link=self._links.to(self._question(order_ref)),
        )

    def _to_person(
        self, template: str, subject: str, body: str, order_ref: str, **words: str
    ) -> SendMessage:
        person, screener = self._options["person"], self._options["screener"]
        return SendMessage(
            to_name=person,
            to_email=self._options["person_email"],
            subject=subject.format(order=order_ref),
            body=body.format(person=person, screener=screener, order=order_ref, **words),
            template=template,
        )


def _order_ref(request: OrderBackgroundCheck, key: str) -> str:
    """The order's id: whose it is can be read from it, and two orders for one person differ."""
    return f"{request.application_key}:{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def _application(order_ref: str) -> str:
    application_key, colon, _ = order_ref.rpartition(":")
    if not colon:
        raise Refused(NAME, "no order of ours has such an id")
    return application_key


def _receipt(order_ref: str, sent: Receipt) -> Receipt:
    return Receipt(external_id=order_ref, others={"message": sent.external_id})


def _report(order_ref: str, answer: FormAnswer) -> BackgroundReport:
    """Read what the person last said the screener says."""
    said = answer.fields.get("status", "")
    if said not in STATES:
        raise Unreadable(NAME, "the answer has a status we do not know")
    status, result = STATES[said]
    complete = status is ReportStatus.COMPLETE
    return BackgroundReport(
        external_id=order_ref,
        updated_at=answer.updated_at,
        ordered=True,
        document=json.dumps({"status": said}).encode(),
        application_key=_application(order_ref),
        report_ref=order_ref if complete else None,
        status=status,
        result=result,
        completed_at=answer.updated_at if complete else None,
    )


VENDOR = Vendor(
    kind="background_checks",
    name=NAME,
    title="A screener without an API",
    documents="https://www.law.cornell.edu/uscode/text/15/1681b",
    reads="the last answer to each watched order and its notices, as soon as it is given",
    writes="letters to the person with a signed link, through the client's messenger",
    connect=connect,
    needs=("messenger", "links", "answers"),
    addresses={"production": "", "sandbox": ""},
    settings=(
        Setting("client", "whose form is linked", required=True),
        Setting("screener", "the screener's name, as the person knows it", required=True),
        Setting("person", "the name of who orders there, and sends notices", required=True),
        Setting("person_email", "where the orders are sent", required=True),
    ),
)
