"""Acme Checks (background checks); the agency, its host and its API are made up.

Documents: https://acme-checks.example/api
Auth: bearer, the account's API key.
Options: `branch`, which of the client's branches is billed.
Paging: numbered pages, and how many there are. Limits: none are published; 429 with `Retry-After`.

Quirks
- The same order twice is two checks and two bills. Our key goes along as `reference`, by which
  checks can be listed: so a lost order is found.
- A notice is part of its check, and can be sent once.

Unverified: everything.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from connectors import numbered, watched
from connectors.access import Access
from connectors.errors import Unsupported
from connectors.health import Check, tried
from connectors.http import Api, segment
from connectors.oauth import Bearer
from connectors.payload import Payload
from connectors.ports import BackgroundScreener
from connectors.records import (
    AdverseStatus,
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
from connectors.vendor import Setting, Vendor

NAME = "acme_checks"
CHECKS = "/v1/checks"
STATUSES = {
    "invited": ReportStatus.INVITED,
    "running": ReportStatus.PENDING,
    "done": ReportStatus.COMPLETE,
    "cancelled": ReportStatus.CANCELLED,
}
OUTCOMES = {"clear": ReportResult.CLEAR, "review": ReportResult.CONSIDER}
KEPT = ("id", "candidate", "status", "outcome", "updated_at")  # of a check: nothing of the person


def connect(access: Access, *, sleep: Callable[[float], None] = time.sleep) -> BackgroundScreener:
    """Open Acme Checks with one client's key."""
    api = Api(NAME, access.base_url, Bearer(access.key), sleep=sleep)
    return AcmeChecks(api, access.options["branch"])


class AcmeChecks:
    """The client's account, in our records."""

    resources: tuple[str, ...] = ("reports",)  # `all_reports` when asked for

    def __init__(self, api: Api, branch: str) -> None:
        self._api, self._branch = api, branch

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield the watched checks as they are now; `all_reports` lists everybody's."""
        match resource:
            case "reports":
                yield from watched.each(watching, lambda ref: [_report(self._check(ref))])
            case "all_reports":
                for rows in self._lists():
                    yield watched.page(rows, lambda row: [_report(row)], None)
            case _:
                raise Unsupported(NAME, f"has no {resource}")

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look for the check with our reference, or whether it is cancelled, or its notice sent."""
        match request:
            case OrderBackgroundCheck():
                mine = (row for rows in self._lists(reference=key) for row in rows)
                return next((Receipt(external_id=_id(row)) for row in mine), None)
            case CancelBackgroundCheck(order_ref=ref):
                status = Payload(NAME, self._check(ref)).choice("status", STATUSES)
                return Receipt(external_id=ref) if status is ReportStatus.CANCELLED else None
            case StartAdverseAction(report_ref=ref):
                sent = Payload(NAME, self._check(ref)).maybe_time("notice_sent_at")
                return Receipt(external_id=ref) if sent else None
        raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def order(self, request: OrderBackgroundCheck, key: str) -> Receipt:
        """Have Acme invite the candidate."""
        asked = {
            "reference": key,
            "candidate": request.application_key,
            "package": request.package,
            "name": request.name,
            "email": request.email,
            "branch": self._branch,
        }
        return Receipt(external_id=self._api.write("POST", CHECKS, reading=_id, json=asked))

    def call_off(self, request: CancelBackgroundCheck, key: str) -> Receipt:
        """Cancel a check that nobody has answered; once somebody has, Acme refuses."""
        path = f"{CHECKS}/{segment(request.order_ref)}/cancel"
        return Receipt(external_id=self._api.write("POST", path, reading=_id, json={}))

    def start_adverse_action(self, request: StartAdverseAction, key: str) -> Receipt:
        """Have Acme send the notice before it, and the final one in time."""
        path = f"{CHECKS}/{segment(request.report_ref)}/notice"
        asked = {"final_not_before": request.final_not_before.isoformat()}
        return Receipt(external_id=self._api.write("POST", path, reading=_id, json=asked))

    def check(self) -> Iterator[Check]:
        """Whether the key may read, and what the last answer told of clock and quota."""
        yield tried("checks", "make an API key at Acme", lambda: next(self._lists()))
        yield from self._api.health()

    def _check(self, ref: str) -> Any:
        return self._api.read("GET", f"{CHECKS}/{segment(ref)}").body

    def _lists(self, **only: str) -> Iterator[list[Any]]:
        """Every page of the checks there are."""

        def page(number: int) -> Payload:
            asked = {**only, "page": number}
            return Payload(NAME, self._api.read("GET", CHECKS, params=asked).body)

        for told in numbered.pages(page, lambda _, told: told.take("pages", int)):
            yield told.take("checks", list)


def _id(body: Any) -> str:
    """The id of a check, which proves that there is one."""
    return Payload(NAME, body).take("id", str)


def _report(document: Any) -> BackgroundReport:
    row = Payload(NAME, document)
    ref, status = row.take("id", str), row.choice("status", STATUSES)
    done = status is ReportStatus.COMPLETE
    noticed = row.maybe_time("notice_sent_at")
    report = BackgroundReport(
        external_id=ref,
        updated_at=row.time("updated_at"),
        document=json.dumps({name: document.get(name) for name in KEPT}).encode(),
        application_key=row.take("candidate", str),
        report_ref=ref if done else None,
        status=status,
        result=row.choice("outcome", OUTCOMES) if done else None,
        adverse_ref=ref if noticed else None,
        adverse_status=AdverseStatus.PENDING if noticed else None,
    )
    row.close(ignoring=frozenset({"reference", "outcome", "branch"}))
    return report


VENDOR = Vendor(
    kind="background_checks",
    name=NAME,
    title="Acme Checks",
    documents="https://acme-checks.example/api",
    reads="each watched check",
    writes="checks (the order; cancelled), notices of an adverse action",
    connect=connect,
    addresses={
        "production": "https://api.acme-checks.example",
        "sandbox": "https://sandbox.acme-checks.example",
    },
    domain="acme-checks.example",
    key="the account's API key",
    settings=(Setting("branch", "which of the client's branches is billed", required=True),),
)
