"""A stand-in for Acme Checks, written from its documents, which do not exist either.

Actors: the candidate, who answers the invitation after a day; the agency, done a day later.

Odd rules: the same order twice is two checks; a second notice is refused, and so is cancelling a
check that was answered.

Record: `checks` (the reference), `cancellations` and `notices` (the check's id).
"""

from datetime import timedelta
from functools import partial
from typing import Any

from deployments.sandbox.server import Answer, Request, Route, StandIn
from deployments.sandbox.world import World

KEY = "sandbox-acme-checks"
ON_A_PAGE = 2
A_DAY = timedelta(days=1)


class Acme(StandIn):
    """The agency, with one client."""

    prefix = "/acme_checks"

    def __init__(self, world: World, people: Any) -> None:
        super().__init__(world)
        self.people = people
        self.checks: dict[str, dict[str, Any]] = {}

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """The operations we stand in for."""
        return {
            ("GET", "/v1/checks"): self._list,
            ("POST", "/v1/checks"): self._order,
            ("GET", r"/v1/checks/(?P<id>[\w-]+)"): self._show,
            ("POST", r"/v1/checks/(?P<id>[\w-]+)/cancel"): self._cancel,
            ("POST", r"/v1/checks/(?P<id>[\w-]+)/notice"): self._notice,
        }

    def handle(self, request: Request) -> Answer:
        """Check the key, then answer."""
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return Answer(401, {"error": "unknown key"})
        return super().handle(request)

    def _order(self, request: Request) -> Answer:
        told = request.json
        if missing := {"reference", "candidate", "email", "branch"} - told.keys():
            return Answer(422, {"error": f"missing: {sorted(missing)}"})
        id = self.world.uuid("acme check", told["reference"], len(self.checks))
        kept = {name: told[name] for name in ("reference", "candidate", "branch")}
        self.checks[id] = {"id": id, **kept, "outcome": None, "notice_sent_at": None}
        self._set(id, "invited")
        self.note("checks", told["reference"])
        report = self.people.by_email(told["email"]).behaviour.report
        outcome = "clear" if report == "clear" else "review"
        now, name = self.world.now, f"acme {id}"
        self.world.plan(now + A_DAY, f"{name} running", partial(self._set, id, "running"))
        done = partial(self._set, id, "done", outcome)
        self.world.plan(now + 2 * A_DAY, f"{name} done", done)
        return Answer(201, self.checks[id], changed=True)

    def _set(self, id: str, status: str, outcome: str | None = None) -> None:
        if self.checks[id].get("status") == "cancelled":
            return
        at = self.world.now.isoformat()
        self.checks[id] |= {"status": status, "outcome": outcome, "updated_at": at}

    def _cancel(self, _: Request, id: str) -> Answer:
        check = self.checks.get(id)
        if check is None or check["status"] != "invited":
            return Answer(404 if check is None else 409, {"error": "no such check, or answered"})
        self._set(id, "cancelled")
        self.note("cancellations", id)
        return Answer(200, check, changed=True)

    def _notice(self, request: Request, id: str) -> Answer:
        check = self.checks.get(id)
        if check is None or "final_not_before" not in request.json:
            return Answer(404 if check is None else 422, {"error": "no such check, or no time"})
        if check["notice_sent_at"]:
            return Answer(409, {"error": "a notice was sent"})
        check["notice_sent_at"] = self.world.now.isoformat()
        self.note("notices", id)
        return Answer(201, check, changed=True)

    def _show(self, _: Request, id: str) -> Answer:
        return Answer(body=self.checks[id]) if id in self.checks else Answer(404)

    def _list(self, request: Request) -> Answer:
        only, page = request.query.get("reference"), int(request.query.get("page", "1"))
        rows = [row for row in self.checks.values() if only in (None, row["reference"])]
        shown = rows[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
        return Answer(body={"checks": shown, "pages": max(1, -(-len(rows) // ON_A_PAGE))})
