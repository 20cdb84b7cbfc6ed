"""Checkr (background checks, United States first).

Documents: https://docs.checkr.com/apis/openapi
Auth: HTTP basic, the secret key as user name and no password. Live and staging
(https://api.checkr-staging.com) have keys of their own. The account must be credentialed by Checkr.
Settings: option `node` is the client's node where the account has a hierarchy; secret `webhook`
signs webhooks, if it is not the account's key (the dashboard may show a signing secret of its own).
Paging: `page` from 1, `per_page` 100 at most; a list ends where `next_href` is null.
Limits: 1200 requests a minute for the account, headers `X-Ratelimit-*`, then 429.
Errors: `{"error": text or [texts]}`.

Quirks
- An order is an invitation: the candidate fills in Checkr's own form, so we never send or hold a
  social security number or a date of birth. Completing it makes the report, and the bill.
- Two invitations for one candidate are accepted, and each completed one is paid. Every POST
  carries an `Idempotency-Key` derived from ours; a lost one is looked for before it is repeated.
- An invitation lives 7 days. An expired or deleted one costs nothing and is no order any more.
- `consider` is not "fail". Reports reopen after `complete` (dispute, revision).
- An account with Assess adds its `assessment` (the employer's own criteria). The worse of it and
  `result` counts: `review` and `escalated` are a person's, and `eligible` does not outweigh
  `consider`. Nor is a report clear of which a search was cancelled (`includes_canceled`).
- Reports of the old scheme say `clear` or `consider` in `status` and have no `result`.
- Adverse items are refused (400) while the report has an adverse action that is not cancelled.

Unverified: the top of `per_page`; how long an idempotency key is remembered and what it answers to
another body; whether `tags` of an invitation can be read back, so they are only written.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import ceil
from typing import Any, NamedTuple

from requests.auth import HTTPBasicAuth

from connectors import numbered, watched, webhook
from connectors.access import Access
from connectors.errors import Refused, Unsupported
from connectors.health import Check, tried
from connectors.http import Api, segment
from connectors.payload import Payload
from connectors.ports import FILLED_IN, BackgroundScreener
from connectors.records import (
    AdverseStatus,
    BackgroundReport,
    CancelBackgroundCheck,
    OrderBackgroundCheck,
    Page,
    Place,
    Receipt,
    ReportResult,
    ReportStatus,
    Request,
    StartAdverseAction,
)
from connectors.vendor import Sender, Setting, Vendor

NAME = "checkr"
PER_PAGE = 100
KEY_REMEDY = "take the secret key of the account from Checkr: Developer settings, API keys"

INVITATIONS = {
    "pending": ReportStatus.INVITED,
    "completed": ReportStatus.PENDING,  # the candidate is done, the report is in the making
    "expired": ReportStatus.EXPIRED,
}
LIVE = (ReportStatus.INVITED, ReportStatus.PENDING)
REPORTS = {
    "pending": ReportStatus.PENDING,
    "complete": ReportStatus.COMPLETE,
    "suspended": ReportStatus.SUSPENDED,
    "dispute": ReportStatus.DISPUTED,
    "canceled": ReportStatus.CANCELLED,
    "paused": ReportStatus.PAUSED,
    "clear": ReportStatus.COMPLETE,
    "consider": ReportStatus.COMPLETE,
}
RESULTS = {"clear": ReportResult.CLEAR, "consider": ReportResult.CONSIDER}
ASSESSMENTS = {
    "eligible": ReportResult.CLEAR,
    "review": ReportResult.CONSIDER,
    "escalated": ReportResult.CONSIDER,
}
ADVERSE = {
    "pending": AdverseStatus.PENDING,
    "complete": AdverseStatus.COMPLETE,
    "dispute": AdverseStatus.DISPUTED,
    "canceled": AdverseStatus.CANCELLED,
}

WEBHOOK_REFS = [("data", "object", "id"), ("data", "object", "candidate_id")]


def connect(access: Access, *, sleep: Callable[[float], None] = time.sleep) -> BackgroundScreener:
    """Open Checkr with one client's secret key."""
    api = Api(NAME, access.base_url, HTTPBasicAuth(access.key, ""), sleep=sleep)
    return Checkr(api, access.options.get("node"))


class Checkr:
    """The client's Checkr account, in our records."""

    resources: tuple[str, ...] = ("reports",)  # and `all_reports` when it is asked for

    def __init__(self, api: Api, node: str | None) -> None:
        self._api, self._node = api, node

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Read each watched invitation and what became of it, one page an invitation.

        `all_reports` lists every invitation of the account, whoever sent it; one to a candidate
        that is none of ours has no application's key.
        """
        if resource == "all_reports":
            yield Page(records=self._list())
            return
        if resource not in self.resources:
            raise Unsupported(NAME, f"no resource {resource!r}")
        yield from watched.each(watching, self._observe)

    def order(self, request: OrderBackgroundCheck, key: str) -> Receipt:
        """Invite the candidate, creating them at Checkr if need be."""
        candidate = self._candidate(request.application_key) or self._create(request, key)
        invitation = {
            "candidate_id": candidate,
            "package": request.package,
            "work_locations": [_location(request.work_place)],
            "tags": [key],
        }
        if self._node:
            invitation["node"] = self._node
        made = self._post("/v1/invitations", invitation, f"{key}:invitation")
        return Receipt(external_id=made, others={"candidate": candidate})

    def start_adverse_action(self, request: StartAdverseAction, key: str) -> Receipt:
        """Send the pre-adverse notice naming every adverse item of the report."""
        report = f"/v1/reports/{segment(request.report_ref)}"
        items = Payload(NAME, self._read(f"{report}/adverse_items")).items("data")
        if not items:
            raise Refused(NAME, "the report has no adverse items")
        action = {
            "adverse_item_ids": [item.take("id", str) for item in items],
            "post_notice_scheduled_at": request.final_not_before.astimezone(UTC).isoformat(),
        }
        made = self._post(f"{report}/adverse_actions", action, f"{key}:adverse_action")
        return Receipt(external_id=made)

    def call_off(self, request: CancelBackgroundCheck, key: str) -> Receipt:
        """Delete an invitation that is open; raises Refused if it is filled in."""
        status = self._status(request.order_ref)
        if status is ReportStatus.PENDING:
            raise Refused(NAME, FILLED_IN)
        if status is ReportStatus.INVITED:
            self._api.write("DELETE", _invitation(request.order_ref), reading=_deleted)
        return Receipt(external_id=request.order_ref)

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look for a live invitation of the same package, or a live adverse action.

        Of one that was to be called off, whether it is live no more.
        """
        match request:
            case CancelBackgroundCheck():
                live = self._status(request.order_ref) in LIVE
                return None if live else Receipt(external_id=request.order_ref)
            case OrderBackgroundCheck():
                return self._find_invitation(request)
            case StartAdverseAction():
                return self._find_adverse_action(request)
            case _:
                raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def check(self) -> Iterator[Check]:
        """Whether the key may read, and what Checkr says of its clock and our quota."""
        yield tried(
            "candidates", KEY_REMEDY, lambda: self._read("/v1/candidates", {"per_page": "1"})
        )
        yield from self._api.health()

    def _find_invitation(self, request: OrderBackgroundCheck) -> Receipt | None:
        candidate = self._candidate(request.application_key)
        if candidate is None:
            return None
        for row in self._pages("/v1/invitations", {"candidate_id": candidate}):
            ref, live = row.take("id", str), _invitation_status(row) in LIVE
            same = row.take("package", str) == request.package and ref not in request.instead_of
            if same and live:
                return Receipt(external_id=ref, others={"candidate": candidate})
        return None

    def _find_adverse_action(self, request: StartAdverseAction) -> Receipt | None:
        for row in self._pages(f"/v1/reports/{segment(request.report_ref)}/adverse_actions", {}):
            if row.choice("status", ADVERSE) is not AdverseStatus.CANCELLED:
                return Receipt(external_id=row.take("id", str))
        return None

    def _candidate(self, application_key: str) -> str | None:
        for row in self._pages("/v1/candidates", {"custom_id": application_key}):
            # compared again: a filter the vendor did not apply would order for somebody else
            if row.maybe("custom_id", str) == application_key:
                return row.take("id", str)
        return None

    def _create(self, request: OrderBackgroundCheck, key: str) -> str:
        person = {
            "email": request.email,
            "custom_id": request.application_key,
            "work_locations": [_location(request.work_place)],
            "copy_requested": False,
        }
        return self._post("/v1/candidates", person, f"{key}:candidate")

    def _status(self, invitation_ref: str) -> ReportStatus:
        return _invitation_status(Payload(NAME, self._read(_invitation(invitation_ref))))

    def _observe(self, invitation_ref: str) -> tuple[BackgroundReport]:
        invitation = self._read(_invitation(invitation_ref))
        report_ref = Payload(NAME, invitation).maybe("report_id", str)
        if report_ref is None:
            candidate_ref = Payload(NAME, invitation).take("candidate_id", str)
            candidate = self._read(f"/v1/candidates/{segment(candidate_ref)}")
            return (_invited(invitation_ref, invitation, candidate),)
        path = f"/v1/reports/{segment(report_ref)}"
        report = self._read(path, {"include": "candidate"})
        adverse = [_adverse(row) for row in self._pages(f"{path}/adverse_actions", {})]
        live = [action for action in adverse if action.status is not AdverseStatus.CANCELLED]
        return (_reported(invitation_ref, report, next(iter(live or adverse), NO_ADVERSE)),)

    def _list(self) -> tuple[BackgroundReport, ...]:
        # The candidates last: whoever was invited while we read is among them.
        invitations = list(self._pages("/v1/invitations", {}))
        keys = {
            row.take("id", str): row.maybe("custom_id", str) or ""
            for row in self._pages("/v1/candidates", {})
        }
        return tuple(
            BackgroundReport(
                external_id=row.take("id", str),
                updated_at=row.time("created_at"),
                application_key=keys.get(row.take("candidate_id", str), ""),
                status=_invitation_status(row),
            )
            for row in invitations
        )

    def _read(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        return self._api.read("GET", path, params=params).body

    def _post(self, path: str, body: Mapping[str, Any], key: str) -> str:
        named = {"Idempotency-Key": key}
        return self._api.write("POST", path, reading=_made, json=body, headers=named)

    def _pages(self, path: str, params: Mapping[str, str]) -> Iterator[Payload]:
        def read(page: int) -> Payload:
            asked = {**params, "page": str(page), "per_page": str(PER_PAGE)}
            return Payload(NAME, self._read(path, asked))

        for body in numbered.pages(read, _last_page):
            yield from body.items("data")


def _last_page(page: int, body: Payload) -> int:
    """The number of a list's last page: `count` is a hint, `next_href` is what ends a list."""
    if body.maybe("next_href", str) is None:
        return page
    return max(page + 1, ceil((body.maybe("count", int) or 0) / PER_PAGE))


def verify_webhook(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Tell whether `X-Checkr-Signature` is the hex HMAC-SHA256 of the body as it was received."""
    given = next((v for k, v in headers.items() if k.lower() == "x-checkr-signature"), "")
    expected = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return bool(secret) and hmac.compare_digest(given.encode(), expected.encode())


def read_webhook(raw: bytes) -> webhook.Event:
    """Read which invitation, report or candidate an event is about; raises Unreadable."""
    told = webhook.document(NAME, raw)
    at = Payload(NAME, told).time("created_at")
    return webhook.Event(
        id=webhook.identifier(NAME, told.get("id")),
        kind=webhook.identifier(NAME, told.get("type")),
        refs=webhook.refs(told, WEBHOOK_REFS),
        at=at,
    )


def _made(body: Any) -> str:
    return Payload(NAME, body).take("id", str)


def _invitation(ref: str) -> str:
    return f"/v1/invitations/{segment(ref)}"


def _deleted(body: Any) -> None:
    Payload(NAME, body).take("deleted_at", str)


def _location(place: Place) -> dict[str, str]:
    """The place of work as Checkr wants it; within the United States it needs a state."""
    location = {"country": place.country, "city": place.city}
    if "-" in place.code:
        location["state"] = place.code.split("-")[1]
    return location


def _invitation_status(row: Payload) -> ReportStatus:
    status = row.choice("status", INVITATIONS)
    return ReportStatus.CANCELLED if row.maybe("deleted_at", str) else status


def _invited(invitation_ref: str, document: Any, candidate: Any) -> BackgroundReport:
    """Read an invitation that has no report (yet)."""
    row = Payload(NAME, document)
    completed_at, created_at = row.maybe_time("completed_at"), row.time("created_at")
    return BackgroundReport(
        external_id=invitation_ref,
        updated_at=completed_at or created_at,
        document=json.dumps({"invitation": _without_candidate(document)}).encode(),
        application_key=Payload(NAME, candidate).take("custom_id", str),
        status=_invitation_status(row),
    )


def _reported(invitation_ref: str, document: Any, adverse: "_Adverse") -> BackgroundReport:
    """Read a report."""
    row = Payload(NAME, document)
    old_scheme = RESULTS.get(Payload(NAME, document).take("status", str))
    includes_cancelled = row.maybe("includes_canceled", bool) or False
    times = row.maybe_time("completed_at"), row.maybe_time("revised_at")
    completed_at = max(filter(None, times), default=None)
    return BackgroundReport(
        external_id=invitation_ref,
        updated_at=completed_at or row.time("created_at"),
        application_key=row.inner("candidate").take("custom_id", str),
        document=json.dumps({"report": _without_candidate(document)}).encode(),
        report_ref=row.take("id", str),
        status=row.choice("status", REPORTS),
        result=_worst(
            row.maybe_choice("assessment", ASSESSMENTS),
            row.maybe_choice("result", RESULTS) or old_scheme,
            includes_cancelled,
        ),
        includes_cancelled=includes_cancelled,
        completed_at=completed_at,
        adverse_ref=adverse.ref,
        adverse_status=adverse.status,
        final_notice_at=adverse.final_notice_at,
    )


def _worst(
    assessed: ReportResult | None, result: ReportResult | None, includes_cancelled: bool
) -> ReportResult | None:
    """What a report comes to: clear only if nothing in it asks for a person."""
    unsearched = includes_cancelled and result is ReportResult.CLEAR
    if unsearched or assessed is ReportResult.CONSIDER:
        return ReportResult.CONSIDER
    return result


def _without_candidate(document: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a document: the candidate in it comes with a date of birth."""
    return {name: value for name, value in document.items() if name != "candidate"}


class _Adverse(NamedTuple):
    ref: str | None
    status: AdverseStatus | None
    final_notice_at: datetime | None


NO_ADVERSE = _Adverse(None, None, None)


def _adverse(row: Payload) -> _Adverse:
    """Read one adverse action."""
    return _Adverse(
        row.take("id", str),
        row.choice("status", ADVERSE),
        row.maybe_time("post_notice_scheduled_at"),
    )


VENDOR = Vendor(
    kind="background_checks",
    name=NAME,
    title="Checkr",
    documents="https://docs.checkr.com/apis/openapi",
    reads="each watched invitation, its report and its adverse action",
    writes="candidates, invitations (the order; deleted), adverse actions",
    connect=connect,
    addresses={
        "production": "https://api.checkr.com",
        "sandbox": "https://api.checkr-staging.com",
    },
    domain="checkr.com",
    key="the account's secret key; the account must be credentialed by Checkr",
    settings=(
        Setting("node", "the client's node, where the account has a hierarchy"),
        Setting("webhook", "what signs webhooks, if it is not the key", secret=True),
    ),
    webhooks=Sender(verify_webhook, read_webhook, signs_with_key=True),
)
