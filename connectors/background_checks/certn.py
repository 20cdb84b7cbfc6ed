"""Certn (background checks: Canada, United Kingdom, international), the CertnCentric API.

Documents: https://centric-api-docs.certn.co
Auth: header `Authorization: Api-Key KEY`. Keys die after 365 days; several may be live at once, so
the next one is made before this one ends. Sandbox and production are accounts of their own.
Settings: option `package:NAME` is what the package of that name orders, as JSON: check types with
their arguments. Their names end in a version, so they stand in the account and not here. Option
`group` is the client's group; secret `webhook` signs webhooks. Options `client`, `person` and
`person_email` say who is asked to send the notices of an adverse action.
Paging: `{count, next, previous, results}`; a list ends where `next` is null.
Limits: 60 requests a minute and 7220 a day, then 429. That is little: webhooks save sweeps.
Errors: `{"type": …, "errors": [{"code", "detail", "attr"}]}`.

Quirks
- Every path ends in a slash; a POST without it fails.
- The old API (`api.certn.co`, `/api/v1/`) answers 410 to everything.
- The host, not the key, decides whether a check is bought.
- There is neither an idempotency key nor an id of ours: each case carries the key of its order and
  its application as tags, and a lost order is looked for among the cases of its e-mail address. A
  second one is a second bill.
- An order is an invitation: the candidate fills in Certn's own form, so we send no date of birth.
  The link in it is as good as a password, and Certn sends it itself.
- A score is no decision: everything but `CLEAR` is a person's to assess, `REJECT` too.
- A case tells no time but that of its order: a revision shows in its status or its scores alone.
- An adverse action is not in the API: a person of the client's sends both notices, and says when
  (connectors/notices.py).
- Webhooks are thin; a new address is asked to echo `?challenge=`.

Unverified: the shape of a list, whether its rows carry tags, and in which spelling an e-mail
address is compared; the statuses of single checks (not read); whether an invitation that expires is
billed; how long a tag may be; that the signature of a webhook is hex.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connectors import watched, webhook
from connectors.access import Access
from connectors.errors import Misconfigured, Refused, Unreadable, Unsupported
from connectors.health import Check, tried
from connectors.http import Api, segment
from connectors.links import Links
from connectors.notices import Notices
from connectors.payload import Payload, items
from connectors.ports import FILLED_IN, Answers, BackgroundScreener, Messenger
from connectors.records import (
    BackgroundReport,
    CancelBackgroundCheck,
    OrderBackgroundCheck,
    Page,
    Receipt,
    ReportResult,
    ReportStatus,
    Request,
    StartAdverseAction,
)
from connectors.vendor import Sender, Setting, Vendor

NAME = "certn"
KEY_REMEDY = "make an API key in Certn's settings, for the team that orders"
CASES = "/api/public/cases/"
PACKAGE, ORDER, APPLICATION = "package:", "order:", "application:"

STATUSES = {
    "DRAFT": ReportStatus.INVITED,
    "CASE_ORDERED": ReportStatus.INVITED,
    "APPLICANT_INVITED": ReportStatus.INVITED,
    "APPLICANT_OPENED": ReportStatus.INVITED,
    "APPLICANT_STARTED": ReportStatus.INVITED,
    "APPLICANT_SUBMITTED": ReportStatus.PENDING,
    "IN_PROGRESS": ReportStatus.PENDING,
    "CLIENT_ACTION_REQUIRED": ReportStatus.PAUSED,
    "APPLICANT_ACTION_REQUIRED": ReportStatus.SUSPENDED,
    "COMPLETE": ReportStatus.COMPLETE,
    "APPLICANT_EXPIRED": ReportStatus.EXPIRED,
    # Another invitation would fare no better: a person decides, as with what was cancelled.
    "INVITE_UNDELIVERABLE": ReportStatus.CANCELLED,
    "APPLICANT_DECLINED": ReportStatus.CANCELLED,
    "CANCELLED": ReportStatus.CANCELLED,
}
NO_ORDER = (ReportStatus.CANCELLED, ReportStatus.EXPIRED)
SCORES = {
    "CLEAR": ReportResult.CLEAR,
    "REVIEW": ReportResult.CONSIDER,
    "REJECT": ReportResult.CONSIDER,
    "RESTRICTED": ReportResult.CONSIDER,
    "NOT_APPLICABLE": ReportResult.CONSIDER,
}
OF_ONE_CHECK = {**SCORES, "NOT_APPLICABLE": ReportResult.CLEAR}  # it says nothing against anybody

# What is kept of a case: neither what the candidate claimed nor what was found.
KEPT = ("id", "short_id", "created", "overall_status", "overall_score")
KEPT_OF_CHECK = ("id", "short_id", "type", "status", "score", "sub_score")


def connect(
    access: Access,
    messenger: Messenger,
    links: Links,
    answers: Answers,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> BackgroundScreener:
    """Open Certn with one client's key."""
    headers = {"Authorization": f"Api-Key {access.key}"}
    api = Api(NAME, access.base_url, headers=headers, sleep=sleep)
    packages = {
        name.removeprefix(PACKAGE): _checks(name, value)
        for name, value in access.options.items()
        if name.startswith(PACKAGE)
    }
    notices = Notices(
        client=access.options.get("client", ""),
        screener="Certn",
        person=access.options.get("person", ""),
        person_email=access.options.get("person_email", ""),
        messenger=messenger,
        links=links,
        answers=answers,
    )
    return Certn(api, packages, access.options.get("group"), notices)


class Certn:
    """The client's Certn account, in our records."""

    resources: tuple[str, ...] = ("reports",)  # and `all_reports` when it is asked for

    def __init__(
        self,
        api: Api,
        packages: Mapping[str, Mapping[str, Any]],
        group: str | None,
        notices: Notices,
    ) -> None:
        self._api, self._packages, self._group = api, packages, group
        self._notices = notices

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Read each watched case, one page a case.

        `all_reports` lists every case of the account; one that is none of ours has no
        application's key.
        """
        match resource:
            case "reports":
                yield from watched.each(watching, self._observe)
            case "all_reports":
                for rows in self._lists({}):
                    yield watched.page(rows, lambda row: (_report(row),), None)
            case _:
                raise Unsupported(NAME, f"no resource {resource!r}")

    def order(self, request: OrderBackgroundCheck, key: str) -> Receipt:
        """Have Certn invite the candidate to the checks of a package."""
        checks = self._packages.get(request.package)
        if checks is None:
            raise Misconfigured(NAME, f"options missing: {PACKAGE}{request.package}")
        case = {
            "email_address": request.email,
            "check_types_with_arguments": checks,
            "send_invite_email": True,
            "return_invite_link": False,
            "tags": [APPLICATION + request.application_key, ORDER + key],
        }
        if self._group:
            case["group"] = self._group
        made = self._api.write("POST", f"{CASES}order/", reading=_made, json=case)
        return Receipt(external_id=made)

    def start_adverse_action(self, request: StartAdverseAction, key: str) -> Receipt:
        """Have a person send both notices; raises Unsupported if the account names nobody."""
        if not self._notices.person_email:
            told = "has no adverse action: say in 'person' and 'person_email' who sends the notices"
            raise Unsupported(NAME, told)
        return self._notices.ask(request, key)

    def call_off(self, request: CancelBackgroundCheck, key: str) -> Receipt:
        """Cancel a case that the candidate has not submitted; raises Refused if they have."""
        status = self._status(request.order_ref)
        if status is ReportStatus.INVITED:
            path = f"{CASES}{segment(request.order_ref)}/cancel/"
            self._api.write("POST", path, reading=_cancelled, json={})
        elif status not in NO_ORDER:
            raise Refused(NAME, FILLED_IN)
        return Receipt(external_id=request.order_ref)

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look for the case with the tag of this order, or whether the letter left.

        Of a case that was to be called off, whether it came to nothing.
        """
        if isinstance(request, StartAdverseAction):
            return self._notices.find(request, key)
        if isinstance(request, CancelBackgroundCheck):
            is_over = self._status(request.order_ref) in NO_ORDER
            return Receipt(external_id=request.order_ref) if is_over else None
        if not isinstance(request, OrderBackgroundCheck):
            raise Unsupported(NAME, f"cannot look for {type(request).__name__}")
        for email in dict.fromkeys((request.email, request.email.lower())):
            for rows in self._lists({"email_address": email}):
                for row in rows:
                    if ORDER + key in Payload(NAME, row).take("tags", list):
                        return Receipt(external_id=_made(row))
        return None

    def check(self) -> Iterator[Check]:
        """Whether the key may read, whether there is something to order, and our quota."""
        yield tried("cases", KEY_REMEDY, lambda: next(self._lists({})))
        wrong = "" if self._packages else "no package says what it orders"
        yield Check("packages", wrong, f"name each package in a setting {PACKAGE}NAME")
        yield from self._api.health()

    def _case(self, case_ref: str) -> Any:
        return self._api.read("GET", f"{CASES}{segment(case_ref)}/").body

    def _status(self, case_ref: str) -> ReportStatus:
        return Payload(NAME, self._case(case_ref)).choice("overall_status", STATUSES)

    def _observe(self, case_ref: str) -> tuple[BackgroundReport]:
        return (self._notices.beside(_report(self._case(case_ref))),)

    def _lists(self, params: Mapping[str, str]) -> Iterator[list[dict[str, Any]]]:
        """Every page of the cases; where the next one is, the vendor says in full."""
        more: Mapping[str, str] | None = params
        read: list[Mapping[str, str]] = []
        while more is not None:
            if more in read:
                raise Unreadable(NAME, "the list leads back to a page that was read")
            read.append(more)
            body = Payload(NAME, self._api.read("GET", CASES, params=more).body)
            rows, next_url = body.take("results", list), body.maybe("next", str)
            items(NAME, rows)
            yield rows
            more = dict(parse_qsl(urlsplit(next_url).query)) if next_url else None


def verify_webhook(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Tell whether `X-Signature` is the hex HMAC-SHA256 of the body as it was received."""
    given = next((v for k, v in headers.items() if k.lower() == "x-signature"), "")
    expected = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return bool(secret) and hmac.compare_digest(
        given.removeprefix("sha256=").encode(), expected.encode()
    )


def read_webhook(raw: bytes) -> webhook.Event:
    """Read which case or check an event is about; raises Unreadable.

    The vendor's documents call the event's id `id`, what is seen of its events `event_id`.
    """
    told = webhook.document(NAME, raw)
    return webhook.Event(
        id=webhook.identifier(NAME, told.get("event_id") or told.get("id")),
        kind=webhook.identifier(NAME, told.get("event_type")),
        refs=webhook.refs(told, [("object_id",)]),
        at=Payload(NAME, told).maybe_time("created"),
    )


def _checks(name: str, value: str) -> Mapping[str, Any]:
    try:
        checks = json.loads(value)
    except ValueError:
        checks = None
    if not isinstance(checks, dict) or not checks:
        raise Misconfigured(NAME, f"option {name}: not a JSON object of check types")
    return checks


def _cancelled(body: Any) -> None:
    if Payload(NAME, body).choice("overall_status", STATUSES) is not ReportStatus.CANCELLED:
        raise Unreadable(NAME, "a case that we have cancelled is not")


def _made(body: Any) -> str:
    return Payload(NAME, body).take("id", str)


def _report(document: Any) -> BackgroundReport:
    """Read a case; of its result only whether all of it is clear."""
    row = Payload(NAME, document)
    ref, status = row.take("id", str), row.choice("overall_status", STATUSES)
    complete = status is ReportStatus.COMPLETE
    score, checks = row.maybe_choice("overall_score", SCORES), row.items("checks")
    if any(check.maybe_choice("score", OF_ONE_CHECK) is ReportResult.CONSIDER for check in checks):
        score = ReportResult.CONSIDER
    return BackgroundReport(
        external_id=ref,
        updated_at=row.time("created"),
        document=_kept(document),
        application_key=_application(row.take("tags", list)),
        report_ref=ref if complete else None,
        status=status,
        result=score if complete else None,
    )


def _application(tags: Sequence[object]) -> str:
    """The application a case is for, by its tags; none if the case is none of ours."""
    ours = (tag for tag in tags if isinstance(tag, str) and tag.startswith(APPLICATION))
    return next(ours, "").removeprefix(APPLICATION)


def _kept(document: Mapping[str, Any]) -> bytes:
    checks = [
        {name: check[name] for name in KEPT_OF_CHECK if name in check}
        for check in document.get("checks") or []
    ]
    case = {name: document[name] for name in KEPT if name in document}
    return json.dumps({**case, "checks": checks}).encode()


VENDOR = Vendor(
    kind="background_checks",
    name=NAME,
    title="Certn",
    documents="https://centric-api-docs.certn.co",
    reads="each watched case, and its checks' scores; what was said of notices",
    writes="cases (the order; cancelled); letters to who sends the notices",
    connect=connect,
    needs=("messenger", "links", "answers"),
    addresses={
        "production": "https://api.ca.certn.co",
        "sandbox": "https://api.sandbox.certn.co",
    },
    domain="certn.co",
    address="other regions than Canada have their own; the host decides whether a check is bought",
    key="an API key of the client portal; it lives for 365 days",
    settings=(
        Setting(
            PACKAGE,
            "what a package orders: a JSON object of check types with arguments, as in"
            ' `{"IDENTITY_VERIFICATION_1": {}}`',
        ),
        Setting("group", "the client's group, where the account has several"),
        Setting("client", "whose form is linked, where a person sends notices"),
        Setting("person", "the name of who sends the notices of an adverse action"),
        Setting("person_email", "where they are asked to"),
        Setting("webhook", "what signs webhooks", secret=True),
    ),
    webhooks=Sender(verify_webhook, read_webhook, challenge="challenge"),
)
