"""A stand-in for Checkr, from https://docs.checkr.com/apis/openapi.

It sells what it is asked for: a second invitation for the same candidate and package is accepted
and shows twice in `received["invitations"]`, and each completed one shows in `received["reports"]`,
which is the bill. Own conventions where the documents are silent: an idempotency key is remembered
for 24 hours and answers 409 to another body; a cancelled adverse action, and an engaged report,
leave nothing scheduled; Assess is on, and has no opinion on every other clear report.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from deployments.sandbox.served import Served
from deployments.sandbox.server import Answer, Request, Route, StandIn
from deployments.sandbox.world import World

PACIFIC = ZoneInfo("America/Los_Angeles")
INVITATION_LIFE = timedelta(days=7)
NOTICE_WAIT = timedelta(days=7)
KEY_LIFE = timedelta(hours=24)
CALLS_PER_MINUTE = 1200
PER_PAGE, PER_PAGE_TOP = 25, 50
INVITATION_STATUSES = ("pending", "completed", "expired")

Row = dict[str, Any]


class People(Protocol):
    """Whoever may be invited, by e-mail."""

    def by_email(self, email: str) -> Any:
        """The person, or None for somebody nobody described."""


class Checkr(StandIn):
    """The vendor's side of one account. Candidates complete, searches find what people carry."""

    prefix = "/checkr"
    calls_per_minute = CALLS_PER_MINUTE
    per_page_top = PER_PAGE_TOP

    def __init__(self, world: World, people: People, key: str = "sandbox-checkr") -> None:
        super().__init__(world)
        self._people, self._key = people, key
        self.webhook_secret = key  # of a direct account
        self._rows: dict[str, dict[str, Row]] = {
            kind: {} for kind in ("candidate", "invitation", "report", "adverse_action")
        }
        self._answered: dict[str, tuple[datetime, str, Answer]] = {}
        self._minute, self._calls = 0, 0

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """The documented operations this account may use."""
        one = r"/(?P<id>[0-9a-f]{24})"
        return {
            ("GET", "/v1/candidates"): self._list_candidates,
            ("POST", "/v1/candidates"): self._once(self._create_candidate),
            ("GET", "/v1/candidates" + one): self._reader("candidate"),
            ("GET", "/v1/invitations"): self._list_invitations,
            ("POST", "/v1/invitations"): self._once(self._invite),
            ("GET", "/v1/invitations" + one): self._reader("invitation"),
            ("DELETE", "/v1/invitations" + one): self._delete_invitation,
            ("GET", "/v1/reports" + one): self._read_report,
            ("POST", "/v1/reports" + one): self._once(self._adjudicate),
            ("GET", f"/v1/reports{one}/adverse_items"): self._adverse_items,
            ("GET", f"/v1/reports{one}/adverse_actions"): self._list_adverse_actions,
            ("POST", f"/v1/reports{one}/adverse_actions"): self._once(self._start_adverse_action),
            ("GET", "/v1/adverse_actions" + one): self._reader("adverse_action"),
            ("DELETE", "/v1/adverse_actions" + one): self._cancel_adverse_action,
        }

    def too_many(self, seconds: int = 1) -> Answer:
        """Over the account's quota."""
        return Answer(429, {"error": "Rate limit exceeded"}, self._quota(seconds))

    def handle(self, request: Request) -> Answer:
        """Check the key and the quota, then answer."""
        if request.basic_user != self._key:
            return Answer(401, {"error": "Bad authentication error"})
        minute = int(self.world.now.timestamp()) // 60
        self._minute, self._calls = minute, self._calls + 1 if minute == self._minute else 1
        if self._calls > self.calls_per_minute:
            return self.too_many(60 - self.world.now.second)
        answer = super().handle(request)
        quota = self._quota(60 - self.world.now.second)
        return replace(answer, headers={**answer.headers, **quota})

    def _quota(self, seconds: int) -> Mapping[str, str]:
        return {
            "X-Ratelimit-Limit": str(self.calls_per_minute),
            "X-Ratelimit-Remaining": str(max(0, self.calls_per_minute - self._calls)),
            "X-Ratelimit-Reset": str(int(self.world.now.timestamp()) + seconds),
        }

    def _once(self, route: Route) -> Route:
        """Answer a key that was used before with its first answer."""

        def answer(request: Request, **names: str) -> Answer:
            key = request.headers.get("idempotency-key")
            if key is None:
                return route(request, **names)
            asked = hashlib.sha256(request.path.encode() + request.raw).hexdigest()
            at, before, first = self._answered.get(key, (None, "", Answer()))
            if at is not None and self.world.now < at + KEY_LIFE:
                return first if asked == before else _refuse(409, "Idempotency-Key was used before")
            made = route(request, **names)
            if made.status < 300:
                self._answered[key] = (self.world.now, asked, replace(made, changed=False))
            return made

        return answer

    def _list_candidates(self, request: Request) -> Answer:
        asked = {k: v for k, v in request.query.items() if k in ("email", "custom_id")}
        return self._page(request, self._matching("candidate", asked))

    def _create_candidate(self, request: Request) -> Answer:
        body = request.json
        if "@" not in str(body.get("email", "")):
            return _refuse(400, ["email is invalid"])
        name = body.get("custom_id") or body["email"]
        row = self._add(
            "candidate",
            name,
            email=body["email"],
            custom_id=body.get("custom_id"),
            first_name=None,
            last_name=None,
            dob=None,
            ssn=None,
            copy_requested=body.get("copy_requested", False),
            work_locations=body.get("work_locations", []),
            report_ids=[],
            invitation_ids=[],
            adjudication=None,
        )
        self.note("candidates", name)
        self.tell("candidate.created", row)
        return Answer(201, dict(row), changed=True)

    def _list_invitations(self, request: Request) -> Answer:
        if request.query.get("status", "pending") not in INVITATION_STATUSES:
            return _refuse(400, "status is invalid")
        asked = {k: v for k, v in request.query.items() if k in ("candidate_id", "status")}
        return self._page(request, self._matching("invitation", asked))

    def _invite(self, request: Request) -> Answer:
        body = request.json
        candidate = self._rows["candidate"].get(body.get("candidate_id"))
        if candidate is None:
            return _refuse(404, "candidate not found")
        if not body.get("package"):
            return _refuse(400, ["package is required"])
        for place in body.get("work_locations", []):
            if place.get("country", "US") == "US" and not place.get("state"):
                return _refuse(400, ["work_locations state is required in US"])
        row = self._add(
            "invitation",
            f"{candidate['id']} {body['package']}",
            status="pending",
            package=body["package"],
            candidate_id=candidate["id"],
            report_id=None,
            expires_at=_iso(_end_of_day(self.world.now + INVITATION_LIFE)),
            completed_at=None,
            deleted_at=None,
            archived=False,
        )
        row["invitation_url"] = f"https://apply.checkr.example/invite/{row['id']}"
        candidate["invitation_ids"].append(row["id"])
        self.note("invitations", f"{candidate['custom_id']} {row['package']}")
        self.tell("invitation.created", row)
        self._await_candidate(row)
        return Answer(201, dict(row), changed=True)

    def _await_candidate(self, row: Row) -> None:
        dice = self.world.dice("checkr invitation", row["id"])
        self.world.plan(
            self.world.now + timedelta(hours=dice.uniform(6, 48)),
            f"checkr: invitation {row['id']} is completed",
            lambda: self._complete(row),
        )
        self.world.plan(
            datetime.fromisoformat(row["expires_at"]),
            f"checkr: invitation {row['id']} expires",
            lambda: self._expire(row),
        )

    def _complete(self, invitation: Row) -> None:
        if invitation["status"] != "pending" or invitation["deleted_at"]:
            return
        candidate = self._rows["candidate"][invitation["candidate_id"]]
        candidate.update(dob="1990-01-01", ssn="XXX-XX-2001", first_name="On", last_name="File")
        report = self._add(
            "report",
            invitation["id"],
            status="pending",
            result=None,
            assessment=None,
            adjudication=None,
            includes_canceled=False,
            package=invitation["package"],
            candidate_id=candidate["id"],
            completed_at=None,
            revised_at=None,
            turnaround_time=None,
        )
        candidate["report_ids"].append(report["id"])
        invitation.update(
            status="completed", completed_at=_iso(self.world.now), report_id=report["id"]
        )
        self.note("reports", f"{candidate['custom_id']} {report['package']}")
        self.tell("candidate.updated", candidate)
        self.tell("invitation.completed", invitation)
        self.tell("report.created", report)
        dice = self.world.dice("checkr report", report["id"])
        self.world.plan(
            self.world.now + timedelta(days=dice.uniform(1, 3)),
            f"checkr: report {report['id']} is complete",
            lambda: self._conclude(report, candidate),
        )

    def _expire(self, invitation: Row) -> None:
        if invitation["status"] == "pending":
            invitation["status"] = "expired"
            self.tell("invitation.expired", invitation)

    def _conclude(self, report: Row, candidate: Row) -> None:
        person = self._people.by_email(candidate["email"])
        found = person.behaviour.report if person else "clear"
        took = self.world.now - datetime.fromisoformat(report["created_at"])
        report.update(
            status="complete",
            result="consider" if found == "consider_adverse" else "clear",
            assessment=self._assessment(report, found),
            completed_at=_iso(self.world.now),
            turnaround_time=int(took.total_seconds()),
        )
        self.tell("report.completed", report)

    def _assessment(self, report: Row, found: str) -> str | None:
        """What the employer's criteria say: they may ask for a review of what has no record."""
        if found == "clear":
            return self.world.dice("checkr assessment", report["id"]).choice(("eligible", None))
        return "escalated" if found == "consider_adverse" else "review"

    def _delete_invitation(self, request: Request, id: str) -> Answer:
        row = self._rows["invitation"].get(id)
        if row is None:
            return _refuse(404, "invitation not found")
        if row["status"] != "pending":
            return _refuse(400, "invitation can not be deleted")
        row["deleted_at"] = _iso(self.world.now)
        self.note("cancellations", id)
        self.tell("invitation.deleted", row)
        return Answer(200, dict(row), changed=True)

    def _read_report(self, request: Request, id: str) -> Answer:
        row = self._rows["report"].get(id)
        if row is None:
            return _refuse(404, "report not found")
        embedded = {}
        if "candidate" in request.query.get("include", "").split(","):
            embedded = {"candidate": self._rows["candidate"][row["candidate_id"]]}
        return Answer(200, {**row, **embedded})

    def _adjudicate(self, request: Request, id: str) -> Answer:
        row = self._rows["report"].get(id)
        if row is None:
            return _refuse(404, "report not found")
        if request.json.get("adjudication") != "engaged" or row["status"] != "complete":
            return _refuse(400, "adjudication is invalid")
        for action in self._live_actions(id):
            action.update(status="canceled", canceled_at=_iso(self.world.now))
        row["adjudication"] = "engaged"
        self.tell("report.engaged", row)
        return Answer(200, dict(row), changed=True)

    def _adverse_items(self, request: Request, id: str) -> Answer:
        if refusal := self._ineligible(id):
            return refusal
        return Answer(200, {"object": "list", "count": 1, "data": [self._item(id)]})

    def _list_adverse_actions(self, request: Request, id: str) -> Answer:
        return self._page(request, self._matching("adverse_action", {"report_id": id}))

    def _start_adverse_action(self, request: Request, id: str) -> Answer:
        if refusal := self._ineligible(id):
            return refusal
        item, asked = self._item(id), request.json
        if asked.get("adverse_item_ids") != [item["id"]]:
            return _refuse(400, "adverse_item_ids is invalid")
        notice = asked.get("post_notice_scheduled_at") or _iso(self.world.now + NOTICE_WAIT)
        row = self._add(
            "adverse_action",
            id,
            status="pending",
            report_id=id,
            post_notice_scheduled_at=_iso(datetime.fromisoformat(notice)),
            post_notice_ready_at=_iso(datetime.fromisoformat(notice)),
            canceled_at=None,
            individualized_assessment_engaged=False,
            adverse_items={"object": "list", "count": 1, "data": [item]},
        )
        self._rows["report"][id]["adjudication"] = "pre_adverse_action"
        self.tell("report.pre_adverse_action", self._rows["report"][id])
        self.note("adverse_actions", id)
        self.world.plan(
            datetime.fromisoformat(row["post_notice_scheduled_at"]),
            f"checkr: final notice of {row['id']}",
            lambda: self._send_final_notice(row),
        )
        return Answer(201, dict(row), changed=True)

    def _send_final_notice(self, action: Row) -> None:
        if action["status"] == "pending":
            action["status"] = "complete"
            report = self._rows["report"][action["report_id"]]
            report["adjudication"] = "post_adverse_action"
            self.tell("report.post_adverse_action", report)
            self.note("final_notices", action["report_id"])

    def _cancel_adverse_action(self, request: Request, id: str) -> Answer:
        row = self._rows["adverse_action"].get(id)
        if row is None:
            return _refuse(404, "adverse action not found")
        if row["status"] != "pending":
            return _refuse(400, "adverse action can not be canceled")
        row.update(status="canceled", canceled_at=_iso(self.world.now))
        self._rows["report"][row["report_id"]]["adjudication"] = None
        return Answer(200, dict(row), changed=True)

    def _ineligible(self, report_id: str) -> Answer | None:
        report = self._rows["report"].get(report_id)
        if report is None:
            return _refuse(404, "report not found")
        if report["result"] != "consider" or self._live_actions(report_id):
            return _refuse(400, "report is not eligible for adverse action")
        return None

    def _live_actions(self, report_id: str) -> list[Row]:
        actions = self._matching("adverse_action", {"report_id": report_id})
        return [action for action in actions if action["status"] != "canceled"]

    def _item(self, report_id: str) -> Row:
        id = self.world.digest("checkr adverse item", report_id)[:40]
        return {"id": id, "object": "adverse_item", "text": "License status: Suspended"}

    def _add(self, kind: str, name: str, **fields: Any) -> Row:
        """Make an object; the same name again is another object with another id."""
        rows = self._rows[kind]
        id = ""
        for occurrence in range(len(rows) + 1):
            id = self.world.digest("checkr", kind, name, occurrence)[:24]
            if id not in rows:
                break
        path = f"/v1/{kind}s/{id}"
        made_at = _iso(self.world.now)
        rows[id] = {"id": id, "object": kind, "uri": path, "created_at": made_at, **fields}
        return rows[id]

    def _matching(self, kind: str, asked: Mapping[str, str]) -> list[Row]:
        rows = self._rows[kind].values()
        return [row for row in rows if all(row[name] == value for name, value in asked.items())]

    def _page(self, request: Request, rows: list[Row]) -> Answer:
        page = int(request.query.get("page", 1))
        size = min(int(request.query.get("per_page", PER_PAGE)), self.per_page_top)
        more = f"https://api.checkr.com{request.path}?page={page + 1}"
        body = {
            "object": "list",
            "next_href": more if page * size < len(rows) else None,
            "previous_href": None,
            "count": len(rows),
            "data": rows[(page - 1) * size : page * size],
        }
        return Answer(200, body)

    def _reader(self, kind: str) -> Callable[..., Answer]:
        def read(request: Request, id: str) -> Answer:
            row = self._rows[kind].get(id)
            return Answer(200, row) if row else _refuse(404, f"{kind} not found")

        return read


def _refuse(status: int, error: str | list[str]) -> Answer:
    return Answer(status, {"error": error})


def _iso(at: datetime) -> str:
    return at.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")


def _end_of_day(at: datetime) -> datetime:
    return at.astimezone(PACIFIC).replace(hour=23, minute=59, second=59, microsecond=0)


SERVED = Served(
    "checkr",
    lambda at: at.account("sandbox-checkr", "checkr"),
    lambda scene: Checkr(scene.world, scene.people),
    {
        "background.order": "invitations",
        "background.cancel": "cancellations",
        "background.adverse": "adverse_actions",
    },
)
