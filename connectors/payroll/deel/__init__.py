"""Deel (contractors, employer of record, Global Payroll): hires outside the United States.

Documents: https://developer.deel.com/api, version 2026-01-01
Auth: a token of the organisation as bearer. Secret: `webhook`, the signing key we gave the webhook.
Settings: option `profile_url` begins the address of a hire's profile, our name of the application
ends it; `gross_label` names gross pay in the client's gross-to-net reports, and without it no pay
statements are read; `currency` is that of the offers, if not US dollars; `place:<working location>`
says a place as offers do, where Deel's name of it does not.
Paging: people by `limit` (100 at most) and `offset`; payroll cycles and reports by `next_cursor`.
Limits: 5 requests a second for the whole organisation; 429, with no header that says until when.
Errors: `{request, errors: [{message, path}]}`, newer ones `{errors: [{code, message}]}`. Messages
are not repeated by us.

Quirks
- A hire is handed over as a candidate who has accepted. The client's admin onboards them in Deel,
  as contractor, by an employer of record or on the own payroll, and enters the pay: each needs what
  only a person there can say (home, holidays, the country's own form). Nothing private is sent.
- A candidate's id is ours. The same id again is the same candidate: offers that are sent, accepted
  or deleted are told that way. So one whose answer was lost is handed over again.
- Candidates cannot be read, and a person does not carry the candidate's id. What we watch is our
  name of the application with a mark made of it and the e-mail address, `HARBOR-3.9f2c:51ab…`; a
  person who settles a hire writes Deel's id of the person in place of the mark.
- A token may hide what people are paid; then nobody is read.
- Changing pay is one write for who is on Global Payroll, and read back from its answer. For all
  others it is an amendment that has to be signed: a person's task, as are first day and place.
- Payslips have no amounts. Gross pay is the line of the contract in the report of the payroll cycle
  that has the payslip's period; Deel tells no pay date, so the period's last day stands for it.
  There are such reports for Global Payroll alone.
- Who employs by an employer of record is Deel; the legal entity that is read is the client's.

Unverified: that a candidate who is handed over twice is one (declined and deleted offers make no
sense otherwise), and that an organisation's token may do so; that the finer status is in
`new_hiring_status`; the words of `payment.scale`; that a person's id is their id as worker of
Global Payroll (a third party's code says so); the words of a payslip's status; that cycle and
payslip have the same days; the labels of reports, hence the setting; what of an event stays the
same when it is delivered again.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache, partial
from typing import Any

from connectors import watched, webhook
from connectors.access import Access
from connectors.errors import Misconfigured, Refused, Unsupported
from connectors.health import Check, tried
from connectors.http import Api, segment
from connectors.oauth import Bearer
from connectors.payload import Payload
from connectors.payroll.deel.rows import (
    NAME,
    PAYSLIPS,
    SCALES,
    Person,
    Row,
    Terms,
    begins,
    candidate,
    changed,
    compensation,
    differences,
    emails,
    gross_of,
    handed_over,
    hired,
    is_of,
    listed,
    mark,
    read_person,
    read_statement,
    shows_pay,
)
from connectors.ports import Payroll
from connectors.records import (
    CorrectHire,
    CreateHire,
    Observed,
    Page,
    PayStatement,
    Receipt,
    Request,
)
from connectors.vendor import Sender, Setting, Vendor

VERSION = {"X-Version": "2026-01-01"}
PAGE_SIZE = 100
DOLLARS = "USD"
# Where an event names objects: its resource is one of them, or a list.
NAMED = [
    ("data", "resource", *where, *path)
    for where in ((), (0,))
    for path in (("id",), ("contract_id",), ("worker_id",), ("worker", "id"))
]

Report = Callable[[str], dict[str, Row]]


def connect(access: Access, *, sleep: Callable[[float], None] = time.sleep) -> Payroll:
    """Open one client's organisation at Deel."""
    api = Api(NAME, access.base_url, Bearer(access.key), headers=VERSION, sleep=sleep)
    return Deel(api, access.options)


def verify_webhook(raw: bytes, headers: Mapping[str, str], signing_key: str) -> bool:
    """Tell whether a webhook was signed with our signing key: the method, then the body."""
    told = {name.lower(): value for name, value in headers.items()}
    expected = hmac.new(signing_key.encode(), b"POST" + raw, hashlib.sha256).hexdigest()
    signature = told.get("x-deel-signature", "")
    return bool(signing_key) and hmac.compare_digest(expected.encode(), signature.encode())


def read_webhook(raw: bytes) -> webhook.Event:
    """Read what an event is about; raises Unreadable. It is known by the hash of its body."""
    told = webhook.document(NAME, raw)
    meta = Payload(NAME, told).inner("data").inner("meta")
    return webhook.Event(
        id=hashlib.sha256(raw).hexdigest(),
        kind=webhook.identifier(NAME, meta.whatever("event_type")),
        refs=webhook.refs(told, NAMED),
        at=Payload(NAME, told).time("timestamp"),
    )


class Deel:
    """One client's people at Deel."""

    def __init__(self, api: Api, options: Mapping[str, str]) -> None:
        self._api, self._gross_label = api, options.get("gross_label", "")
        self._profile_url = options["profile_url"]
        begin = "place:"
        places = {k.removeprefix(begin): v for k, v in options.items() if k.startswith(begin)}
        self._terms = Terms(options.get("currency", DOLLARS).upper(), places)
        paid = ("pay_statements",) if self._gross_label else ()
        self.resources: tuple[str, ...] = ("employees", *paid)  # `all_employees` when asked for

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield the watched hires that have a contract now, or new pay statements of the watched.

        `all_employees` lists everybody, however they are engaged.
        """
        if resource == "employees":
            people = self._everybody() if watching else {}
            yield from watched.each(watching, partial(self._hired, people))
        elif resource == "pay_statements":
            report = cache(self._report)  # colleagues are in the same one
            yield from watched.once(watching, cursor, partial(self._statements, report))
        elif resource == "all_employees":
            yield watched.listed(self._everybody().items(), listed, None)
        else:
            raise Unsupported(NAME, f"has no {resource}")

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look whether a hire is onboarded by now, or the terms are as asked for.

        None for a candidate, "hand over again": our id makes that safe, and none can be read.
        """
        match request:
            case CreateHire():
                return self._onboarded(request)
            case CorrectHire(employee_ref=ref):
                done = not differences(self._there(ref), request)
                return Receipt(external_id=ref) if done else None
        raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def create_hire(self, request: CreateHire, key: str) -> Receipt:
        """Hand over a candidate, whom the client's admin onboards in Deel.

        Raises Refused if whoever has this e-mail address begins on another day.
        """
        if receipt := self._onboarded(request):
            return receipt
        name = request.application_key
        body = candidate(request, self._profile_url + segment(name))
        self._api.write("POST", "/candidates", reading=handed_over, json=body)
        return Receipt(external_id=f"{name}:{mark(name, request.email)}")

    def correct_hire(self, request: CorrectHire, key: str) -> Receipt:
        """Set the pay back to what was signed, of who is on Global Payroll.

        Raises Unsupported, when that is done, for all terms that a person has to change in Deel.
        """
        ref = request.employee_ref
        person = self._there(ref)
        wrong = differences(person, request)
        if "pay" in wrong and person.is_paid and request.unit in SCALES:
            asked, path = compensation(request), f"/gp/workers/{segment(ref)}/compensation"
            reading = partial(changed, asked=asked)
            self._api.write("PATCH", path, reading=reading, json={"data": asked})
            wrong.remove("pay")
        if wrong:
            raise Unsupported(NAME, f"correct the {' and '.join(wrong)} of {ref} in Deel by hand")
        return Receipt(external_id=ref)

    def check(self) -> Iterator[Check]:
        """Whether the token shows people, and what they are paid."""
        remedy = "let the token read people, with their employment data"
        yield tried("people and pay", remedy, self._look)
        yield from self._api.health()

    def _look(self) -> None:
        if not shows_pay(self._people(0)):
            raise Misconfigured(NAME, "nobody's pay is shown")

    def _onboarded(self, request: CreateHire) -> Receipt | None:
        """Find who has this e-mail address and begins on the day of the hire."""
        address = request.email.strip().casefold()
        alike = {id: row for id, row in self._everybody().items() if address in emails(row)}
        days = {id: begins(row) for id, row in alike.items()}
        ours = [id for id in days if request.start_on.isoformat() in days[id]]
        if len(ours) == 1:
            return Receipt(external_id=f"{request.application_key}:{ours[0]}")
        if any(days.values()):
            told = f"{', '.join(days)}: the e-mail address of {request.application_key}"
            told += f"; exactly one must begin on {request.start_on}: correct it there, then retry"
            raise Refused(NAME, told)
        return None

    def _hired(self, people: Mapping[str, Row], ref: str) -> tuple[Observed, ...]:
        """Read a hire; nothing before they have a contract."""
        name, _, known = ref.rpartition(":")
        if not name:
            raise Refused(NAME, f"{ref!r} is no hire of ours: settle it as APPLICATION:PERSON")
        found = [id for id, row in people.items() if known in _known_as(name, id, row)]
        if len(found) > 1:
            told = f"{', '.join(found)}: all have the e-mail address of {name}"
            raise Refused(NAME, f"{told}: settle it as APPLICATION:PERSON")
        person = self._person(found[0]) if found else None
        return (hired(person, name),) if person else ()

    def _statements(self, report: Report, ref: str, read: list[str]) -> Sequence[PayStatement]:
        """Read somebody's new payslips, and note in `read` which they are.

        One whose report is not there yet is for the next look.
        """
        person = self._there(ref)
        if not person.is_paid:
            return ()
        found = []
        for slip in self._get(f"/gp/workers/{segment(ref)}/payslips").items("data"):
            id, begin, end = slip.take("id", str), slip.day("from"), slip.day("to")
            if slip.choice("status", PAYSLIPS) and id not in read:
                gross = self._gross(report, person, begin, end)
                if gross is not None:
                    found.append(read_statement(person, id, (begin, end), gross))
        read += [statement.external_id for statement in found]
        return found

    def _gross(self, report: Report, person: Person, begin: date, end: date) -> int | None:
        """What the report of a period says a person earned in it; None before there is one."""
        path = f"/legal-entities/{segment(person.entity_id)}/payroll-events"
        asked = {"date_start": begin.isoformat(), "date_end": end.isoformat()}
        for row in self._pages(path, asked):
            cycle = Payload(NAME, row)
            lines = report(cycle.take("id", str)) if is_of(cycle, begin, end) else {}
            if line := lines.get(person.contract):
                return gross_of(Payload(NAME, line), self._gross_label, self._terms.currency)
        return None

    def _report(self, cycle: str) -> dict[str, Row]:
        """The gross-to-net lines of a payroll cycle, by contract."""
        rows = self._pages(f"/reports/payroll/cycles/{segment(cycle)}/gross-to-net", {})
        return {Payload(NAME, row).take("contract_oid", str): row for row in rows}

    def _there(self, id: str) -> Person:
        if (person := self._person(id)) is None:
            raise Refused(NAME, f"{id} has no contract yet")
        return person

    def _person(self, id: str) -> Person | None:
        return read_person(self._api.read("GET", f"/people/{segment(id)}").body, self._terms)

    def _everybody(self) -> dict[str, Row]:
        """Everybody, each once, whoever comes meanwhile."""
        people: dict[str, Row] = {}
        while page := self._people(len(people)):
            new = {Payload(NAME, row).take("id", str): row for row in page}
            if new.keys() <= people.keys():
                break
            people |= new
        return people

    def _people(self, offset: int) -> list[Row]:
        asked = {"limit": PAGE_SIZE, "offset": offset, "sort_by": "id", "sort_order": "asc"}
        rows: list[Row] = self._get("/people", asked).take("data", list)
        return rows

    def _pages(self, path: str, asked: Mapping[str, str]) -> Iterator[Row]:
        """Every row of a list that tells the cursor of its next page."""
        after: str | None = ""
        while after is not None:
            page = self._get(path, {**asked, **({"cursor": after} if after else {})})
            yield from page.take("data", list)
            before, after = after, page.maybe("next_cursor", str)
            if after == before or not page.take("has_more", bool):
                return

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Payload:
        return Payload(NAME, self._api.read("GET", path, params=params).body)


def _known_as(application_key: str, id: str, row: Row) -> set[str]:
    """All that may stand behind our name of an application for this person."""
    return {id, *(mark(application_key, email) for email in emails(row))}


VENDOR = Vendor(
    kind="payroll",
    name=NAME,
    title="Deel",
    documents="https://developer.deel.com/api",
    reads=(
        "hires whom the client's admin has onboarded, with first day, working location and pay;"
        " pay statements of Global Payroll; everybody's ids for the reconciliation"
    ),
    writes=(
        "a candidate who has accepted; the pay of who is on Global Payroll, where it differs from"
        " the signed offer"
    ),
    connect=connect,
    addresses={
        "production": "https://api.letsdeel.com/rest/v2",
        "sandbox": "https://api-sandbox.demo.deel.com/rest/v2",
    },
    domain="letsdeel.com",
    key="a token of the client's organisation",
    settings=(
        Setting(
            "profile_url",
            "what the address of a hire's profile in the tracker begins with; our name of the"
            " application is added to it",
            required=True,
        ),
        Setting(
            "gross_label",
            "the label of gross pay among the totals of the client's gross-to-net reports; without"
            " it no pay statements are read",
        ),
        Setting("currency", "the currency of the client's offers, if not USD"),
        Setting(
            "place:",
            "a place of work as offers say it, as in Berlin, BE, by the name of its working"
            " location in Deel",
        ),
        Setting("webhook", "the signing key that the webhook was given", secret=True),
    ),
    scopes=(
        "candidates:write",
        "people:read",
        "people:write",
        "payslips:read",
        "legal-entity:read",
    ),
    webhooks=Sender(verify_webhook, read_webhook),
)
