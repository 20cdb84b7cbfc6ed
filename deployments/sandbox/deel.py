"""A stand-in for Deel's REST API, version 2026-01-01.

Written from https://developer.deel.com/api. One organisation with one legal entity on Global
Payroll; pay at the end of each month, payslips and report two days later.

Actors: somebody who was there before; the client's admin, who onboards a candidate when a test
says so (`admin_onboards`): what the hire is paid, and how they are engaged, a hand-over does not
say; and the hire, who signs three days after that.

Odd rules: a candidate's id is the tracker's, and the same id again is the same candidate; a token
may hide what people are paid (`hides_pay`); over the quota is said without any header.

Record: `candidates` (the tracker's id), `handovers` (each time it came), `people` (e-mail),
`compensations` (e-mail: a change of pay), `payslips` (e-mail and the period's end).
"""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from deployments.sandbox.served import Place, Served
from deployments.sandbox.server import Answer, Request, Route, StandIn
from deployments.sandbox.world import World

KEY, VERSION = "sandbox-deel", "2026-01-01"
LEGAL_NAME = "Harbor Works Inc."
GROSS = "Total gross pay"
MOST_ON_A_PAGE, ROWS_ON_A_PAGE = 3, 2  # Deel: 100, 20
STATUSES = {"offer-accepted", "offer-sent", "offer-declined", "offer-deleted"}
SIGNS_AFTER, PUBLISHED_AFTER = timedelta(days=3), timedelta(days=2)
PAY_HOUR = time(9)
WORKING_DAYS, HOURS_A_DAY, MONTHS = 260, 8, 12

Json = dict[str, Any]


class Deel(StandIn):
    """Deel with one organisation."""

    prefix = "/deel"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.webhook_secret = "sandbox-deel-webhook"  # the subscription's signing key
        self.keys = {KEY}
        self.entity = world.uuid("deel", LEGAL_NAME)
        self.candidates: dict[str, Json] = {}
        self.people: dict[str, Json] = {}
        self.payslips: dict[str, list[Json]] = {}
        self.cycles: dict[str, Json] = {}
        self.reports: dict[str, list[Json]] = {}
        self.hides_pay = False
        self.most_a_second: int | None = None  # Deel: 5; but seconds of the world may be long
        self.asked: Counter[datetime] = Counter()
        self._enter("grace@harbor.example", "Grace", "Hopper", date(2020, 3, 2), (95_000, "annual"))

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """The operations we stand in for."""
        person, worker = r"/rest/v2/people/(?P<id>[\w-]+)", r"/rest/v2/gp/workers/(?P<id>[\w-]+)"
        cycles = r"/rest/v2/reports/payroll/cycles/(?P<id>[\w-]+)"
        return {
            ("POST", "/rest/v2/candidates"): self._take_candidate,
            ("GET", "/rest/v2/people"): self._list_people,
            ("GET", person): self._get_person,
            ("GET", f"{worker}/payslips"): self._list_payslips,
            ("PATCH", f"{worker}/compensation"): self._change_pay,
            ("GET", r"/rest/v2/legal-entities/(?P<id>[\w-]+)/payroll-events"): self._list_cycles,
            ("GET", f"{cycles}/gross-to-net"): self._get_report,
        }

    def too_many(self, seconds: int = 1) -> Answer:
        """429, and nothing about how long."""
        return Answer(429, {"errors": [{"code": "RATE_LIMIT", "message": "Too many requests"}]})

    def lie(self) -> Any:
        """An error in the newer of Deel's two shapes."""
        return {"errors": [{"code": "INTERNAL", "message": "Something went wrong"}]}

    def expire(self) -> None:
        """Let the token be revoked."""
        self.keys.clear()

    def handle(self, request: Request) -> Answer:
        """Check token, version and quota, then answer."""
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.keys:
            return _refusal(request, 401, "Unauthorized")
        if request.headers.get("x-version") != VERSION:
            return _refusal(request, 400, "Unknown version")
        second = self.world.now.replace(microsecond=0)
        self.asked[second] += 1
        if self.most_a_second is not None and self.asked[second] > self.most_a_second:
            return self.too_many()
        answer = super().handle(request)
        return answer if answer.status != 404 else _refusal(request, 404, "Not found")

    def admin_onboards(
        self,
        candidate: str,
        pay: tuple[float, str],
        hiring_type: str = "direct_employee",
        place: str | None = "Denver, CO",
        **changed: Any,
    ) -> str:
        """Let the client's admin onboard a candidate, for so much in Deel's words.

        `changed` are fields of the candidate that the admin corrects. Returns the person's id.
        """
        told = self.candidates.pop(candidate) | changed
        email, names = told["personal_email"], (told["first_name"], told["last_name"])
        start = date.fromisoformat(told["start_date"])
        id = self._enter(email, *names, start, pay, hiring_type, place)
        job = self.job(id)
        job |= {"country": told["country"], "state": told.get("state")}
        job |= {"job_title": told.get("job_title"), "hiring_status": "onboarding"}
        job |= {"new_hiring_status": "invited", "contract_status": "waiting_for_employee_sign"}
        self.note("people", email)
        self.tell("contract.created", self._contract(id))
        later = self.world.now + SIGNS_AFTER
        self.world.plan(later, f"deel signs {id}", partial(self._sign, id))
        if hiring_type == "direct_employee":
            self._plan_pay(id, start.replace(day=1))
        return id

    def admin_sets(self, id: str, **terms: Any) -> None:
        """Let the client's admin change a person's contract, in Deel's words."""
        self.job(id).update(terms)
        self._touch(id)

    def job(self, id: str) -> Json:
        """A person's newest contract."""
        job: Json = self.people[id]["employments"][-1]
        return job

    def _enter(
        self,
        email: str,
        first: str,
        last: str,
        start: date,
        pay: tuple[float, str],
        hiring_type: str = "direct_employee",
        place: str | None = "Denver, CO",
    ) -> str:
        id = self.world.uuid("deel person", email, len(self.people))
        rate, scale = pay
        payment = {"rate": rate, "scale": scale, "currency": "USD"}
        job = {
            "id": f"m{self.world.digest('deel contract', id)[:6]}",
            "name": f"{first} {last} - Electrician",
            "team": {"id": self.world.uuid("deel team"), "name": "Field"},
            "email": email,
            "job_title": "Electrician",
            "country": "US",
            "state": "CO",
            "payment": {**payment, "contract_name": f"{first} {last} - Electrician"},
            "is_ended": False,
            "start_date": start.isoformat(),
            "hiring_type": hiring_type,
            "hiring_status": "active",
            "new_hiring_status": "active",
            "contract_status": "in_progress",
            "client_legal_entity": {"id": self.entity, "name": LEGAL_NAME},
            "contract_is_archived": False,
            "is_user_contract_deleted": False,
            "termination_last_day": None,
        }
        self.people[id] = {
            "id": id,
            "created_at": _written(self.world.now),
            "updated_at": _written(self.world.now),
            "first_name": first,
            "last_name": last,
            "full_name": f"{first} {last}",
            "worker_id": str(len(self.people) + 1),
            "external_id": None,
            "birth_date": "1990-01-01",
            "start_date": start.isoformat(),
            "nationalities": ["US"],
            "emails": [
                {"type": "primary", "value": email},
                {"type": "work", "value": None},
                {"type": "personal", "value": email},
            ],
            "addresses": [{"streetAddress": "1 Main St", "locality": "Denver", "country": "US"}],
            "work_location": place,
            "employments": [job],
        }
        return id

    def _touch(self, id: str) -> None:
        self.people[id]["updated_at"] = _written(self.world.now)

    def _sign(self, id: str) -> None:
        status = {"hiring_status": "active", "new_hiring_status": "active"}
        self.admin_sets(id, contract_status="in_progress", **status)
        self.tell("contract.status.updated", self._contract(id))

    def _contract(self, id: str) -> Json:
        """A contract as an event tells it; it is full of the person."""
        person, job = self.people[id], self.job(id)
        worker = {"id": id, "full_name": person["full_name"], "email": job["email"]}
        return {"id": job["id"], "status": job["contract_status"], "worker": worker}

    def _take_candidate(self, request: Request) -> Answer:
        told = request.json.get("data") or {}
        wanted = ("id", "link", "status", "first_name", "last_name", "start_date")
        for name in wanted:
            if not isinstance(told.get(name), str):
                return _refusal(request, 400, f"{name} is required", f"data.{name}")
        if told["status"] not in STATUSES:
            return _refusal(request, 400, "status is not one of the enum values", "data.status")
        if told["id"] not in self.candidates:
            self.note("candidates", told["id"])
        self.note("handovers", told["id"])
        self.candidates[told["id"]] = told
        return Answer(201, {"data": {"created": True}}, changed=True)

    def _list_people(self, request: Request) -> Answer:
        offset, limit = int(request.query.get("offset", 0)), int(request.query.get("limit", 3))
        if limit > 100:
            return _refusal(request, 400, "limit must not be greater than 100", "limit")
        rows = sorted(self.people.values(), key=lambda row: str(row["id"]))
        page = rows[offset : offset + min(limit, MOST_ON_A_PAGE)]
        paging = {"offset": offset, "total_rows": len(rows), "items_per_page": len(page)}
        return Answer(body={"data": [self._shown(row) for row in page], "page": paging})

    def _get_person(self, _: Request, id: str) -> Answer:
        if id not in self.people:
            return Answer(404)
        return Answer(body={"data": self._shown(self.people[id])})

    def _shown(self, person: Json) -> Json:
        """A person as the token may see them."""
        if not self.hides_pay:
            return person
        jobs = [{**job, "payment": None} for job in person["employments"]]
        return {**person, "employments": jobs}

    def _change_pay(self, request: Request, id: str) -> Answer:
        if id not in self.people or self.job(id)["hiring_type"] != "direct_employee":
            return Answer(404)
        told = request.json["data"]
        if told["scale"] not in ("YEAR", "MONTH", "HOUR"):
            return _refusal(request, 400, "scale is not one of the enum values", "data.scale")
        was, begun = self.job(id)["payment"], self.job(id)["start_date"]
        scale = {"YEAR": "annual", "MONTH": "monthly", "HOUR": "hourly"}[told["scale"]]
        self.admin_sets(id, payment={**was, "rate": told["salary"], "scale": scale})
        self.note("compensations", self.job(id)["email"])
        before = {"scale": "YEAR", "salary": f"{was['rate']:.2f}", "effective_date": begun}
        now = {**told, "salary": f"{told['salary']:.2f}", "status": "ACTIVE"}
        return Answer(body={"data": [{**before, "status": "OUTDATED"}, now]}, changed=True)

    def _list_payslips(self, request: Request, id: str) -> Answer:
        if id not in self.people:
            return Answer(404)
        if self.job(id)["hiring_type"] != "direct_employee":
            return _refusal(request, 400, "Only Global Payroll contracts are supported")
        return Answer(body={"data": self.payslips.get(id, [])})

    def _list_cycles(self, request: Request, id: str) -> Answer:
        if id != self.entity:
            return Answer(404)
        since, until = request.query["date_start"], request.query["date_end"]
        rows = [
            row
            for row in self.cycles.values()
            if since <= row["date_end"][:10] and row["date_start"][:10] <= until
        ]
        return _page(request, rows)

    def _get_report(self, request: Request, id: str) -> Answer:
        if id not in self.cycles:
            return Answer(404)
        at = self.cycles[id]["date_end"]
        answer = _page(request, self.reports.get(id, []))
        return Answer(body={**answer.body, "created_at": at, "updated_at": at})

    def _plan_pay(self, id: str, first: date) -> None:
        end = _last_of_month(first)
        at = datetime.combine(end, PAY_HOUR, self.world.now.tzinfo)
        self.world.plan(at, f"deel pays {id} {end}", partial(self._pay, id, first, end))

    def _pay(self, id: str, first: date, end: date) -> None:
        """Pay for the working days since the first one, and plan the next month."""
        cycle = self.world.uuid("deel cycle", end.isoformat())
        period = {"from": first.isoformat(), "to": end.isoformat()}
        for kind, name in (("OFFCYCLE", self.world.uuid("deel bonus", cycle)), ("REGULAR", cycle)):
            self.cycles[name] = {
                "id": name,
                "type": kind,
                "date_start": f"{period['from']}T00:00:00.000Z",
                "date_end": f"{period['to']}T23:59:59.999Z",
                "legal_entity_id": self.entity,
                "payroll_group_id": None,
            }
        slip = {"id": self.world.uuid("deel payslip", id, cycle), **period, "status": "PENDING"}
        self.payslips.setdefault(id, []).insert(0, slip)
        publish = partial(self._publish, id, cycle, slip, self._gross(id, first, end))
        self.world.plan(self.world.now + PUBLISHED_AFTER, f"deel publishes {slip['id']}", publish)
        self._plan_pay(id, end + timedelta(days=1))

    def _publish(self, id: str, cycle: str, slip: Json, gross: float) -> None:
        slip["status"] = "PUBLISHED"
        names = {"category": "Gross", "sub_category": "Gross"}
        items = [
            {"label": "Salary", "value": gross, "category_group": "ADDITIONS", **names},
            {"label": "Net pay", "value": gross * 0.75, "category_group": "TOTALS", **names},
            {"label": GROSS, "value": gross, "category_group": "TOTALS", **names},
        ]
        paid = {"payment_currency": "USD", "conversion_rate": "1"}
        line = {"items": items, "currency": "USD", "contract_oid": self.job(id)["id"]}
        self.reports.setdefault(cycle, []).append({**line, "payment_data": paid})
        self.note("payslips", f"{self.job(id)['email']} {slip['to']}")
        event = {"id": slip["id"], "worker_id": id, "from": slip["from"], "to": slip["to"]}
        self.tell("gp.payslips.available", event)

    def _gross(self, id: str, first: date, end: date) -> float:
        payment, start = self.job(id)["payment"], date.fromisoformat(self.job(id)["start_date"])
        days = [first + timedelta(days=n) for n in range((end - first).days + 1)]
        worked = sum(day >= start and day.weekday() < 5 for day in days)
        a_day = {"annual": 1 / WORKING_DAYS, "monthly": MONTHS / WORKING_DAYS}
        return round(float(payment["rate"]) * a_day.get(payment["scale"], HOURS_A_DAY) * worked, 2)


def _page(request: Request, rows: list[Json]) -> Answer:
    """A page of a list that has cursors; whose cursor it has not given is refused."""
    cursors = ["", *(str(n) for n in range(ROWS_ON_A_PAGE, len(rows), ROWS_ON_A_PAGE))]
    cursor = request.query.get("cursor", "")
    if cursor not in cursors:
        return Answer(400, {"errors": [{"code": "BAD_CURSOR", "message": "Unknown cursor"}]})
    first = int(cursor or 0)
    after = first + ROWS_ON_A_PAGE
    more = after < len(rows)
    return Answer(
        body={
            "data": rows[first:after],
            "has_more": more,
            "next_cursor": str(after) if more else None,
            "items_per_page": ROWS_ON_A_PAGE,
        }
    )


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _last_of_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _refusal(request: Request, status: int, message: str, path: str = "") -> Answer:
    """An error in the older of Deel's two shapes: it repeats what was asked."""
    asked = {"method": request.method, "url": request.path, "status": status}
    error = {"message": message, **({"path": path} if path else {})}
    return Answer(status, {"request": asked, "errors": [error]})


def account(at: Place) -> dict[str, Any]:
    """A client's account here."""
    return at.account(
        KEY,
        "deel/rest/v2",
        {"webhook": "sandbox-deel-webhook"},
        profile_url="https://tracker.harborworks.example/find?name=",
        gross_label=GROSS,
    )


SERVED = Served("deel", account, lambda scene: Deel(scene.world))
