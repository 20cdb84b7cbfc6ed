"""A stand-in for Certn's CertnCentric API, from https://centric-api-docs.certn.co.

It sells what it is asked for: a second order for the same address is accepted and shows twice in
`received["cases"]`, which is the bill. Own conventions where the documents are silent: lists come
in pages of 20, the newest case first, and compare an e-mail address without regard to case; an
invitation lives for 30 days; an address that begins with "bounce" cannot be written to; a case
that is being worked on, or over, cannot be cancelled.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from deployments.sandbox.served import Place, Served
from deployments.sandbox.server import Answer, Request, Route, StandIn
from deployments.sandbox.world import World

CALLS_PER_MINUTE, CALLS_PER_DAY = 60, 7220
PER_PAGE = 20
INVITATION_LIFE = timedelta(days=30)
OLD_API = ("/api/v1/", "/api/v2/", "/token/")
OPEN = ("CASE_ORDERED", "APPLICANT_INVITED", "APPLICANT_OPENED", "APPLICANT_STARTED")
SCORES = {"clear": "CLEAR", "consider_cleared": "REVIEW", "consider_adverse": "REJECT"}
KNOWN = (
    "IDENTITY_VERIFICATION_1",
    "CRIMINAL_RECORD_REPORT_1",
    "CREDIT_REPORT_1",
    "MOTOR_VEHICLE_RECORD_1",
)
FILTERS = ("overall_status", "group", "email_address")

Row = dict[str, Any]


class People(Protocol):
    """Whoever may be invited, by e-mail."""

    def by_email(self, email: str) -> Any:
        """The person, or None for somebody nobody described."""


class Certn(StandIn):
    """The vendor's side of one account."""

    prefix = "/certn"
    webhook_secret = "sandbox-certn-webhook"
    calls_per_minute = CALLS_PER_MINUTE
    calls_per_day = CALLS_PER_DAY
    per_page = PER_PAGE

    def __init__(self, world: World, people: People, key: str = "sandbox-certn") -> None:
        super().__init__(world)
        self._people, self._keys = people, {key}
        self._cases: dict[str, Row] = {}
        self._calls: dict[str, int] = {}

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """The documented operations, each with the slash it ends in."""
        one = r"/api/public/cases/(?P<id>[0-9a-f-]{36})/"
        return {
            ("POST", "/api/public/cases/order/"): self._order,
            ("GET", "/api/public/cases/"): self._list,
            ("GET", one): self._read,
            ("POST", f"{one}cancel/"): self._cancel,
        }

    def issue(self, key: str) -> None:
        """Make another key, beside those that live."""
        self._keys.add(key)

    def expire(self) -> None:
        """Let every key's year be over."""
        self._keys.clear()

    def too_many(self, seconds: int = 1) -> Answer:
        """Over the account's quota."""
        refused = _refuse(429, "client_error", "throttled", "Request was throttled.")
        return Answer(429, refused.body, {"Retry-After": str(seconds)})

    def lie(self) -> Any:
        """An error in Certn's shape."""
        return _refuse(500, "server_error", "error", "A server error occurred.").body

    def handle(self, request: Request) -> Answer:
        """Check the key and the quota, then answer; nothing of the old API is left."""
        if request.path.startswith(OLD_API):
            return _refuse(410, "client_error", "gone", "This API has been retired.")
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme != "Api-Key" or key not in self._keys:
            return _refuse(401, "client_error", "authentication_failed", "Invalid API key.")
        now = self.world.now
        minute, day = now.strftime("%Y-%m-%d %H:%M"), now.strftime("%Y-%m-%d")
        self._calls = {span: self._calls.get(span, 0) + 1 for span in (minute, day)}
        if self._calls[day] > self.calls_per_day:
            return self.too_many(24 * 3600 - (now.hour * 60 + now.minute) * 60 - now.second)
        if self._calls[minute] > self.calls_per_minute:
            return self.too_many(60 - now.second)
        return super().handle(request)

    def _order(self, request: Request) -> Answer:
        asked = request.json
        email, checks = asked.get("email_address"), asked.get("check_types_with_arguments")
        if "@" not in str(email):
            return _invalid("email_address", "Enter a valid email address.")
        if not isinstance(checks, dict) or not checks:
            return _invalid("check_types_with_arguments", "This field is required.")
        if unknown := sorted(checks.keys() - set(KNOWN)):
            return _invalid("check_types_with_arguments", f'"{unknown[0]}" is not a valid choice.')
        case = self._add(asked)
        self.note("cases", " ".join([str(email), *sorted(checks)]))
        if asked.get("send_invite_email"):
            self._invite(case)
        link = f"https://apply.certn.example/{self.world.digest('certn link', case['id'])[:32]}"
        shown = {**case, "invite_link": link if asked.get("return_invite_link") else None}
        return Answer(201, shown, changed=True)

    def _add(self, asked: Mapping[str, Any]) -> Row:
        name = (asked["email_address"], sorted(asked["check_types_with_arguments"]))
        id = ""
        for occurrence in range(len(self._cases) + 1):
            id = self.world.uuid("certn case", *name, occurrence)
            if id not in self._cases:
                break
        self._cases[id] = {
            "id": id,
            "short_id": id[:6].upper(),
            "created": _iso(self.world.now),
            "overall_status": "CASE_ORDERED",
            "overall_score": None,
            "email_address": asked["email_address"],
            "group": asked.get("group"),
            "input_claims": asked.get("input_claims", {}),
            "check_types_with_arguments": asked["check_types_with_arguments"],
            "tags": asked.get("tags", []),
            "invite_link": None,
            "checks": [
                {
                    "id": self.world.uuid("certn check", id, type),
                    "short_id": self.world.digest("certn check", id, type)[:6].upper(),
                    "type": type,
                    "status": "ORDERED",
                    "score": None,
                    "sub_score": None,
                    "adjudication_score": None,
                    "adjudication_sub_score": None,
                    "output_claims": {},
                }
                for type in asked["check_types_with_arguments"]
            ],
        }
        return self._cases[id]

    def _invite(self, case: Row) -> None:
        """The candidate gets a letter, opens it, fills in the form; then Certn is at work."""
        if case["email_address"].startswith("bounce"):
            self._move(case, "INVITE_UNDELIVERABLE")
            return
        self._move(case, "APPLICANT_INVITED")
        submitted = self.world.dice("certn case", case["id"]).uniform(6, 48)
        for status, hours in (
            ("APPLICANT_OPENED", submitted - 2),
            ("APPLICANT_STARTED", submitted - 1),
            ("APPLICANT_SUBMITTED", submitted),
        ):
            self._later(case, status, timedelta(hours=hours), while_in=OPEN)
        self._later(case, "APPLICANT_EXPIRED", INVITATION_LIFE, while_in=OPEN)

    def _later(self, case: Row, status: str, wait: timedelta, while_in: tuple[str, ...]) -> None:
        def happen() -> None:
            heard = status == "APPLICANT_EXPIRED" or self.answers(case)
            if case["overall_status"] in while_in and heard:
                self._move(case, status)
                self._go_on(case)

        self.world.plan(self.world.now + wait, f"certn: case {case['id']} is {status}", happen)

    def answers(self, case: Row) -> bool:
        """Whether the candidate does what the invitation asks for."""
        return True

    def _go_on(self, case: Row) -> None:
        if case["overall_status"] == "APPLICANT_SUBMITTED":
            self._later(case, "IN_PROGRESS", timedelta(hours=1), ("APPLICANT_SUBMITTED",))
        if case["overall_status"] == "IN_PROGRESS":
            days = self.world.dice("certn report", case["id"]).uniform(1, 3)
            self._later(case, "COMPLETE", timedelta(days=days), ("IN_PROGRESS",))

    def _move(self, case: Row, status: str) -> None:
        case["overall_status"] = status
        if status == "APPLICANT_SUBMITTED":
            case["input_claims"] = {"name": {"given_name": "On"}, "date_of_birth": "1990-01-01"}
        if status == "COMPLETE":
            person = self._people.by_email(case["email_address"])
            score = SCORES[person.behaviour.report if person else "clear"]
            case["overall_score"] = score
            for check in case["checks"]:
                found = {"records": [{"offence": "as on file"}]} if score != "CLEAR" else {}
                check.update(status="COMPLETE", score=score, output_claims=found)
        told = {"object_id": case["id"], "case_status": status}
        self.tell("CASE_STATUS_CHANGED", told)
        if status == "COMPLETE":
            self.tell("CASE_REPORT_READY", told)

    def _list(self, request: Request) -> Answer:
        asked = request.query
        rows = [row for row in reversed(self._cases.values()) if _matches(row, asked)]
        page = int(asked.get("page", 1))
        end = page * self.per_page
        if page > 1 and end - self.per_page >= len(rows):
            return _refuse(404, "client_error", "not_found", "Invalid page.")
        others = "".join(f"{k}={v}&" for k, v in asked.items() if k != "page").replace("@", "%40")
        path = f"https://api.sandbox.certn.co{request.path}?{others}page="
        body = {
            "count": len(rows),
            "next": f"{path}{page + 1}" if end < len(rows) else None,
            "previous": f"{path}{page - 1}" if page > 1 else None,
            "results": rows[end - self.per_page : end],
        }
        return Answer(200, body)

    def _read(self, request: Request, id: str) -> Answer:
        case = self._cases.get(id)
        return Answer(200, case) if case else _not_found()

    def _cancel(self, request: Request, id: str) -> Answer:
        case = self._cases.get(id)
        if case is None:
            return _not_found()
        if case["overall_status"] not in OPEN:
            return _invalid("non_field_errors", "This case can not be cancelled.")
        self._move(case, "CANCELLED")
        self.note("cancellations", id)
        return Answer(200, dict(case), changed=True)


def _matches(case: Row, asked: Mapping[str, str]) -> bool:
    return (
        all(str(case[name]).lower() == asked[name].lower() for name in FILTERS if name in asked)
        and asked.get("check_type", next(iter(case["check_types_with_arguments"])))
        in case["check_types_with_arguments"]
        and asked.get("order_timeframe_after", "") <= case["created"]
        and case["created"] <= asked.get("order_timeframe_before", "9999")
    )


def _refuse(status: int, type: str, code: str, detail: str, attr: str | None = None) -> Answer:
    error = {"code": code, "detail": detail, "attr": attr}
    return Answer(status, {"type": type, "errors": [error]})


def _invalid(attr: str, detail: str) -> Answer:
    return _refuse(400, "validation_error", "invalid", detail, attr)


def _not_found() -> Answer:
    return _refuse(404, "client_error", "not_found", "Not found.")


def _iso(at: datetime) -> str:
    return at.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")


def account(at: Place) -> dict[str, Any]:
    """A client's account here."""
    options = {
        "client": at.client,
        "person": "Grace Okafor",
        "person_email": "screening@harborworks.example",
        "package:tasker_standard": '{"IDENTITY_VERIFICATION_1": {}}',
    }
    return at.account("sandbox-certn", "certn", {"webhook": Certn.webhook_secret}, **options)


SERVED = Served(
    "certn",
    account,
    lambda scene: Certn(scene.world, scene.people),
    {"background.order": "cases", "background.cancel": "cancellations"},
    letters=("background.adverse",),
)
