"""ADP Workforce Now (United States): hires as hires in progress, workers, pay statements.

Documents: https://developers.adp.com/articles/api (applicant onboard v2, workers v2, event
notification messages), sample payloads https://github.com/adpllc/marketplace-sample-payloads
Auth: OAuth client credentials, and on every request our certificate, signed by ADP (mutual TLS).
Secrets: `certificate` and `private_key`, both in PEM. ADP's certificates end after a year or two.
Paging: `$top` (100 at most) and `$skip`; 204 says that there are no more.
Limits: not published; 429 and 503 occur.
Errors: 400 `{confirmMessage: {resourceMessages: [{processMessages: […]}]}}`, some with a `status`
"success" beside it: the HTTP status counts. Texts may quote the person; codes do not.

Quirks
- A hire is begun ("inprogress") and stands among the client's hires in progress. The client's admin
  completes it there, and the new hire enters social security number, birth date and bank account on
  ADP's own pages. To make a worker at once ("complete") would need all of these of us: we never do.
- ADP takes no id of ours. The answer names the associate; what we watch is our name of the
  application with that id, `HARBOR-3.9f2c:G3PX…`, and so a person writes it who settles a hire.
- No idempotency key, and hires in progress cannot be read. A lost answer is looked for among the
  workers, by e-mail and first day; whoever is not there may be in progress, and a person looks.
- Some good answers name nobody: such a hire is looked for as if the answer had been lost.
- Whoever has this e-mail address already is no new hire but perhaps a rehire, which ADP does apart.
- The code of template, company, place and reason are the client's own.
- Yearly pay is held for one pay period, to the cent. So a year's pay comes back as it was signed if
  it is in whole dollars; any other is refused.
- Changing pay is an event. First day and place are changed in ADP by hand.
- Notifications come one at a time, and the same one until it is deleted. They carry whole persons;
  we take the associate's id from them, and delete each when who it names has been read and landed.
- A pay statement knows neither rate, first day nor place: these are the worker's when it is first
  seen. The cursor keeps it from being read twice.

Unverified: that the associate's id of a hire in progress stays the worker's; whether 403 or 404 is
said of one who is no worker yet (either is taken for "not yet"); that a worker shows the e-mail
address of the hire; `overtimeEligibilityIndicator` and hourly and daily rates of a hire in progress
(samples of ADP's RUN have them); the field names of a change of pay, on which third parties agree;
which rates a worker shows who is paid by the year; whether the details of a pay statement are
wrapped; what a deleted notification answers.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

from requests.auth import HTTPBasicAuth

from connectors import certificate, watched
from connectors.access import Access
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unreadable,
    Unsupported,
)
from connectors.health import Check, tried
from connectors.http import Api, RefusedReply, segment
from connectors.oauth import ClientCredentials
from connectors.payload import Payload
from connectors.payroll.adp.rows import (
    NAME,
    Terms,
    Worker,
    begun,
    change_of_pay,
    changed,
    demanded,
    has_email,
    hired_on,
    listed,
    named,
    onboarding,
    read_worker,
    reasons,
    templates,
)
from connectors.ports import Payroll
from connectors.records import (
    CorrectHire,
    CreateHire,
    Employee,
    Observed,
    Page,
    PayStatement,
    Receipt,
    Request,
)
from connectors.vendor import Setting, Vendor

AUTH_URL = "https://accounts.adp.com"
ONBOARD = "/hcm/v2/applicant.onboard"
CHANGE_PAY = "/events/hr/v1/worker.work-assignment.base-remuneration.change"
MESSAGES = "/core/v1/event-notification-messages"
PAGE_SIZE = 100
MOST_MESSAGES = 500  # of one look; the next one goes on
NO_WORKER_YET = (403, 404)
UNITED_STATES = {"ADP-Context-ExpressionID": "country=US"}
PRACTITIONER = {"roleCode": "practitioner"}

Row = dict[str, Any]


def connect(access: Access, *, sleep: Callable[[float], None] = time.sleep) -> Payroll:
    """Open one client's ADP; raises Misconfigured if the certificate cannot be used."""
    ours = access.secrets.get("certificate", ""), access.secrets.get("private_key", "")
    tls = certificate.shown(NAME, *ours)
    client = HTTPBasicAuth(access.options["client_id"], access.key)
    url = access.options.get("auth_url", AUTH_URL)
    auth = Api(NAME, url, client, tls=tls, sleep=sleep)
    credentials = ClientCredentials(partial(_token, auth))
    api = Api(NAME, access.base_url, credentials, meaning=_meaning, tls=tls, sleep=sleep)
    return Adp(api, access.options, ours[0])


def _token(auth: Api) -> str:
    """Ask for an access token; it lasts about an hour. Raises Misconfigured, Unavailable."""
    asked = {"grant_type": "client_credentials"}
    try:
        body = auth.read("POST", "/auth/oauth/v2/token", params=asked).body
    except (Misconfigured, RefusedReply):
        told = "no token: check the account's key, 'client_id' and certificate, and the consent"
        raise Misconfigured(NAME, told) from None
    return Payload(NAME, body).take("access_token", str)


def _meaning(refusal: RefusedReply, _: float | None) -> ConnectorError:
    told = f"{refusal.what}: {reasons(refusal.body)}"
    return Refused(NAME, told, status=refusal.status)


class Adp:
    """One client's workers at ADP Workforce Now."""

    resources: tuple[str, ...] = ("employees", "pay_statements")  # `all_employees` when asked for

    def __init__(self, api: Api, options: Mapping[str, str], pem: str) -> None:
        self._api, self._options, self._pem = api, options, pem
        self._terms = Terms(
            pay_periods=int(options.get("pay_periods") or 0),
            company_code=options["company_code"],
            legal_entity=options["legal_entity"],
        )

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield the watched hires that are workers now, or new pay statements of the watched.

        `all_employees` lists everybody the account may see, whoever entered them.
        """
        if resource == "employees" and self._options.get("notifications") == "yes":
            yield from self._notified(cursor, watching)
        elif resource == "employees":
            yield from watched.each(watching, self._hired)
        elif resource == "pay_statements":
            yield from watched.once(watching, cursor, self._statements)
        elif resource == "all_employees":
            everybody = {row.external_id: row for row in self._listed()}
            yield Page(records=tuple(everybody.values()))
        else:
            raise Unsupported(NAME, f"has no {resource}")

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look whether a hire is a worker by now, or a worker's pay is as asked for.

        Raises OutcomeUnknown for a hire that is no worker: it may be in progress, which ADP alone
        can show.
        """
        match request:
            case CreateHire():
                if receipt := self._ours(request):
                    return receipt
                told = "no such worker; look among the hires in progress, then settle it by hand"
                raise OutcomeUnknown(NAME, told)
            case CorrectHire():
                done = self._differs(request, self._worker(request.employee_ref)) == ""
                return Receipt(external_id=request.employee_ref) if done else None
        raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def create_hire(self, request: CreateHire, key: str) -> Receipt:
        """Begin a hire, which the client's admin and the new hire complete in ADP.

        Raises Refused if somebody has this e-mail address already and begins on another day, or if
        yearly pay is not in whole dollars.
        """
        body = onboarding(request, self._options["template"], self._terms, self._location(request))
        if receipt := self._ours(request):
            return receipt
        aoid = self._api.write("POST", ONBOARD, reading=begun, json=body, headers=UNITED_STATES)
        return _receipt(request, aoid)

    def correct_hire(self, request: CorrectHire, key: str) -> Receipt:
        """Set the pay back to what was signed.

        Raises Unsupported, when that is done, if first day or place differ: by hand, in ADP.
        """
        worker = self._worker(request.employee_ref)
        if not worker.agrees(request):
            reason = self._options.get("change_reason")
            if not reason:
                raise Misconfigured(NAME, "a change of pay needs the option 'change_reason'")
            event = change_of_pay(request, worker.assignment, reason, self._terms)
            self._api.write("POST", CHANGE_PAY, reading=changed, json=event)
        if terms := _by_hand(request, worker):
            raise Unsupported(NAME, f"worker {worker.aoid}: correct the {terms} in ADP by hand")
        return Receipt(external_id=worker.aoid)

    def check(self) -> Iterator[Check]:
        """Whether certificate, template and what it demands are right, and workers are shown."""
        yield certificate.lasting(self._pem, datetime.now(UTC))
        remedy = "have the client consent to the worker interfaces in the ADP Marketplace"
        yield tried("workers", remedy, lambda: self._get("/hr/v2/workers", {"$top": 1}))
        yield tried("onboarding template", "choose one of Setup > Template Management", self._meta)
        yield from self._api.health()

    def _meta(self) -> None:
        """Raise Misconfigured if the template is not there, or demands what we never hand over."""
        meta = self._get(f"{ONBOARD}/meta", headers=UNITED_STATES)
        if (template := self._options["template"]) not in templates(meta):
            raise Misconfigured(NAME, f"there is no template {template!r}")
        if wanted := demanded(meta):
            told = f"the template demands {', '.join(wanted)}: leave them to the new hire in ADP"
            raise Misconfigured(NAME, told)

    def _location(self, request: CreateHire) -> str | None:
        """The client's code of the place, if there is one; its address is said in any case."""
        return self._options.get(f"location:{request.work_place.code}")

    def _ours(self, request: CreateHire) -> Receipt | None:
        """Find the worker with this e-mail address who begins on the day of the hire."""
        found = [row for row in self._everybody() if has_email(row, request.email)]
        if not found:
            return None
        for row in found:
            if request.start_on.isoformat() in hired_on(row):
                return _receipt(request, Payload(NAME, row).take("associateOID", str))
        aoid = Payload(NAME, found[0]).take("associateOID", str)
        told = f"worker {aoid} has this e-mail address: rehire them in ADP, or settle it by hand"
        raise Refused(NAME, told)

    def _differs(self, request: CorrectHire, worker: Worker) -> str:
        return _by_hand(request, worker) or ("" if worker.agrees(request) else "pay")

    def _notified(self, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Read whom we have not read as a worker yet, and whomever a notification names.

        Who reads from the beginning reads everybody, and leaves the notifications to who goes on.
        """
        known: set[str] = set(json.loads(cursor or "[]")) & set(watching)
        for page in watched.each([ref for ref in watching if ref not in known], self._hired):
            known |= {f"{r.application_key}:{r.external_id}" for r in _employees(page)}
            yield page.model_copy(update={"cursor": json.dumps(sorted(known))})
        for message, body in self._messages() if cursor else ():
            aoids = named(body)
            due = [ref for ref in watching if not aoids or _aoid(ref) in aoids]
            yield from watched.each(due, self._hired)
            # Here what was read is landed: now the message may go.
            with suppress(Refused, Unavailable, OutcomeUnknown):
                self._api.write("DELETE", f"{MESSAGES}/{segment(message)}", reading=_whatever)

    def _messages(self) -> Iterator[tuple[str, Any]]:
        """Yield each notification's id and body; one that is not deleted is for the next look."""
        before = ""
        for _ in range(MOST_MESSAGES):
            reply = self._api.read("GET", MESSAGES)
            id = reply.headers.get("adp-msg-msgid", "")
            if reply.body is None or id in ("", before):
                return
            yield id, reply.body
            before = id

    def _hired(self, ref: str) -> tuple[Observed, ...]:
        """Read a hire as a worker; nothing while it is in progress."""
        application_key, aoid = ref.rpartition(":")[0], _aoid(ref)
        if not application_key:
            raise Refused(NAME, f"{ref!r} is no hire of ours: settle it as APPLICATION:ASSOCIATE")
        try:
            worker = self._worker(aoid)
        except (Misconfigured, Refused) as refusal:
            if refusal.status in NO_WORKER_YET:
                return ()
            raise
        hire = Employee(
            external_id=worker.aoid,
            updated_at=datetime.combine(worker.hired_on, datetime.min.time(), UTC),
            document=worker.document,
            application_key=application_key,
            onboarding=worker.onboarding,
            entity=worker.entity,
            title=worker.title,
            start_on=worker.hired_on,
            rate_cents=worker.rate_cents,
            unit=worker.unit,
            work_place=worker.place,
        )
        return (hire,)

    def _statements(self, aoid: str, read: list[str]) -> Sequence[PayStatement]:
        """Read a worker's new pay statements, and note in `read` which they are."""
        path = f"/payroll/v1/workers/{segment(aoid)}/organizational-pay-statements"
        body = self._get(path, headers=PRACTITIONER)
        rows = Payload(NAME, body).items("payStatements") if body is not None else []
        new = [(id, row) for row in rows if (id := _statement_id(row)) not in read]
        if not new:
            return ()
        worker = self._worker(aoid)
        found = [self._statement(worker, f"{path}/{segment(id)}", id, row) for id, row in new]
        read += [statement.external_id for statement in found]
        return found

    def _statement(self, worker: Worker, path: str, id: str, row: Payload) -> PayStatement:
        told = self._get(path, headers=PRACTITIONER)
        details = Payload(NAME, told)
        period = (details.maybe_inner("payStatement") or details).inner("payPeriod")
        check_on = row.day("payDate")
        begin, end = period.day("startDate"), period.day("endDate")
        kept = {"id": id, "payDate": check_on, "startDate": begin, "endDate": end}
        return PayStatement(
            external_id=id,
            updated_at=datetime.combine(check_on, datetime.min.time(), UTC),
            document=json.dumps(kept, default=str).encode(),
            employee_ref=worker.aoid,
            check_on=check_on,
            period_start_on=begin,
            period_end_on=end,
            gross_cents=row.inner("grossPayAmount").cents("amountValue"),
            rate_cents=worker.rate_cents,
            unit=worker.unit,
            start_on=worker.hired_on,
            work_place=worker.place,
            entity=worker.entity,
        )

    def _worker(self, aoid: str) -> Worker:
        body = self._get(f"/hr/v2/workers/{segment(aoid)}")
        workers = Payload(NAME, body).take("workers", list) if body is not None else []
        if len(workers) != 1:
            raise Refused(NAME, f"there is no worker {aoid}", status=404)
        return read_worker(workers[0], self._terms)

    def _listed(self) -> Iterator[Observed]:
        return (listed(Payload(NAME, row)) for row in self._everybody())

    def _everybody(self) -> Iterator[Row]:
        """Read all workers; whoever comes or goes meanwhile may be met twice."""
        skipped = 0
        while True:
            page = self._get("/hr/v2/workers", {"$top": PAGE_SIZE, "$skip": skipped})
            if page is None:
                return
            rows: list[Row] = Payload(NAME, page).take("workers", list)
            if not rows:
                return
            yield from rows
            skipped += len(rows)

    def _get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Read something; None if ADP says that there is nothing."""
        return self._api.read("GET", path, params=params, headers=headers).body


def _receipt(request: CreateHire, aoid: str) -> Receipt:
    return Receipt(external_id=f"{request.application_key}:{aoid}")


def _aoid(ref: str) -> str:
    return ref.rpartition(":")[2]


def _employees(page: Page) -> list[Employee]:
    return [record for record in page.records if isinstance(record, Employee)]


def _by_hand(request: CorrectHire, worker: Worker) -> str:
    """Which terms differ that no event of ours changes."""
    place = request.work_place
    pairs = {
        "first day": (worker.hired_on, request.start_on),
        "work place": (worker.place, f"{place.city}, {place.region}" if place.region else None),
    }
    return " and ".join(
        term for term, (held, signed) in pairs.items() if signed is not None and held != signed
    )


def _statement_id(row: Payload) -> str:
    """Read a statement's id: the end of the address of its details, which is never followed."""
    id = row.inner("payDetailUri").take("href", str).rstrip("/").rpartition("/")[2]
    if not id:
        raise Unreadable(NAME, "a pay statement has no address")
    return id


def _whatever(body: Any) -> None:
    """Take any answer: whether a notification is gone, the next one shows."""


VENDOR = Vendor(
    kind="payroll",
    name=NAME,
    title="ADP Workforce Now",
    documents="https://developers.adp.com/articles/api",
    reads=(
        "hires once they are workers, with first day, place and pay; pay statements; everybody's"
        " ids for the reconciliation"
    ),
    writes=(
        "a hire in progress (applicant onboard v2); a change of base pay where it differs from the"
        " signed offer"
    ),
    connect=connect,
    addresses={"production": "https://api.adp.com", "sandbox": "https://uat-api.adp.com"},
    domain="adp.com",
    key="the client secret of the application, as the client has consented to it",
    settings=(
        Setting("client_id", "the application's client id", required=True),
        Setting("template", "the code of the onboarding template of our hires", required=True),
        Setting("company_code", "the code of the company that pays", required=True),
        Setting("legal_entity", "that company's name, as offers say it", required=True),
        Setting("auth_url", f"where tokens are given, if not {AUTH_URL}"),
        Setting("pay_periods", "how many pay periods a year has, for yearly pay: 26, 52"),
        Setting("change_reason", "the client's reason code for a change of pay that corrects one"),
        Setting("notifications", "yes, if the application is subscribed to worker events"),
        Setting("location:", "the code of a place of work, by place code"),
        Setting("certificate", "our certificate, signed by ADP, in PEM", True, True),
        Setting("private_key", "the certificate's private key, in PEM", True, True),
    ),
    reports_new_hires=True,
)
