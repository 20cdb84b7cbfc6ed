"""A stand-in for Finch, connected to one company's payroll.

Written from the models of Finch's own Python library. Pay every other Friday, a week after the
period's end.

Actors: somebody who was there before, and the client's payroll clerk, who enters and corrects hires
when a test says so (`clerk_enters`, `clerk_sets`): Finch itself takes nobody in.

Odd rules: what the clerk does is shown a day later; the answer to a batch is 200 whatever becomes
of its items; the statements of a payment are "still being fetched" for three hours.

Record: `individuals` (e-mail), `pay_statements` (e-mail and pay date).
"""

from collections import Counter
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from deployments.sandbox.served import Served
from deployments.sandbox.server import Answer, Request, Route, StandIn
from deployments.sandbox.world import World

KEY, VERSION = "sandbox-finch", "2020-09-17"
LEGAL_NAME = "Harbor Works Inc."
PRODUCTS = ("directory", "individual", "employment", "payment", "pay_statement")
MOST_ON_A_PAGE = 3
REQUESTS_A_MINUTE = {"/employer/directory": 20}
SHOWN_AFTER, FETCHED_AFTER = timedelta(days=1), timedelta(hours=3)
FIRST_PERIOD_END = date(2026, 1, 2)
PERIOD, PAY_DELAY, PAY_HOUR = timedelta(days=14), timedelta(days=7), time(9)
PERIODS_A_YEAR, DAYS_A_PERIOD, HOURS_A_DAY = 26, 10, 8

Json = dict[str, Any]


class Finch(StandIn):
    """Finch with one connection."""

    prefix = "/finch"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.key = KEY
        self.status = "connected"
        self.is_fetching = False  # everything is "still being fetched"
        self.individuals: dict[str, Json] = {}
        self.employments: dict[str, Json] = {}
        self.failing: dict[str, int] = {}  # the code of an individual's items
        self.payments: dict[str, Json] = {}
        self.statements: dict[str, list[Json]] = {}
        self.asked: Counter[tuple[str, datetime]] = Counter()
        self._show(*_person(self._id("grace"), "Grace", "Hopper", "grace@harbor.example"))

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """The operations we stand in for."""
        return {
            ("GET", "/introspect"): self._introspect,
            ("GET", "/employer/directory"): self._directory,
            ("POST", "/employer/individual"): partial(self._about, self.individuals),
            ("POST", "/employer/employment"): partial(self._about, self.employments),
            ("GET", "/employer/payment"): self._list_payments,
            ("POST", "/employer/pay-statement"): self._list_statements,
        }

    def too_many(self, seconds: int = 1) -> Answer:
        """429 with Finch's body."""
        return _error(429, "too_many_requests", {"Retry-After": str(seconds)})

    def lie(self) -> Any:
        """A batch with nothing in it."""
        return {"responses": []}

    def expire(self) -> None:
        """Let the provider want the client's admin to connect again."""
        self.status = "reauth"

    def handle(self, request: Request) -> Answer:
        """Check token, version, connection and quota, then answer."""
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return _error(401, "unauthorized")
        if request.headers.get("finch-api-version") != VERSION:
            return _error(400, "invalid_version")
        if request.path == "/introspect":
            return super().handle(request)
        if self.status != "connected":
            return _error(401, "reauthenticate_user")
        minute = request.path, self.world.now.replace(second=0, microsecond=0)
        self.asked[minute] += 1
        if self.asked[minute] > REQUESTS_A_MINUTE.get(request.path, 1000):
            return self.too_many(60 - self.world.now.second)
        if self.is_fetching:
            return Answer(202, _failure(202, "data_sync_in_progress"))
        return super().handle(request)

    def clerk_enters(
        self,
        first: str,
        last: str,
        email: str,
        start: date,
        income: tuple[int, str],
        place: tuple[str, str],
    ) -> str:
        """Let the clerk enter somebody into payroll; returns the id that Finch will show."""
        id = self._id(email)
        person = _person(id, first, last, email, start, income, place)
        self.world.plan(
            self.world.now + SHOWN_AFTER, f"finch shows {id}", partial(self._show, *person)
        )
        self.note("individuals", email)
        if len(self.received["individuals"]) == 1:
            self._plan_pay(self.world.now.date())
        return id

    def clerk_sets(self, id: str, **terms: Any) -> None:
        """Let the clerk change an employment's fields, in Finch's words."""
        now, update = self.world.now, partial(self.employments[id].update, terms)
        self.world.plan(now + SHOWN_AFTER, f"finch shows {sorted(terms)} of {id} {now}", update)

    def _show(self, individual: Json, employment: Json) -> None:
        self.individuals[individual["id"]] = individual
        self.employments[individual["id"]] = employment

    def _id(self, name: str) -> str:
        return self.world.uuid("finch individual", name)

    def _introspect(self, _: Request) -> Answer:
        return Answer(
            body={
                "id": self.world.uuid("finch", "connection"),
                "client_id": "sandbox-client",
                "client_type": "sandbox",
                "connection_id": self.world.uuid("finch", "connection"),
                "connection_status": {"status": self.status},
                "connection_type": "provider",
                "provider_id": "gusto",
                "products": list(PRODUCTS),
            }
        )

    def _directory(self, request: Request) -> Answer:
        known = ("id", "first_name", "middle_name", "last_name")
        rows = [
            {name: one[name] for name in known} | {"is_active": True, "department": None}
            for one in self.individuals.values()
        ]
        page, paging = _page(rows, request.query)
        return Answer(body={"individuals": page, "paging": paging})

    def _about(self, what: dict[str, Json], request: Request) -> Answer:
        return Answer(
            body={
                "responses": [
                    {"individual_id": id, **self._item(what, id)}
                    for id in (one["individual_id"] for one in request.json["requests"])
                ]
            }
        )

    def _item(self, what: dict[str, Json], id: str) -> Json:
        code = self.failing.get(id, 200 if id in what else 404)
        return {"code": code, "body": what[id] if code == 200 else _failure(code, "not_this_one")}

    def _list_payments(self, request: Request) -> Answer:
        since, until = request.query["start_date"], request.query["end_date"]
        rows = [row for row in self.payments.values() if since <= row["pay_date"] <= until]
        return Answer(body=rows)

    def _list_statements(self, request: Request) -> Answer:
        return Answer(
            body={"responses": [self._statements(one) for one in request.json["requests"]]}
        )

    def _statements(self, asked: Json) -> Json:
        id = asked["payment_id"]
        if id not in self.payments:
            return {"payment_id": id, "code": 404, "body": _failure(404, "not_found")}
        if id not in self.statements:
            told = {**_failure(202, "data_sync_in_progress"), "name": "accepted"}
            return {"payment_id": id, "code": 202, "body": told}
        page, paging = _page(self.statements[id], asked)
        body = {"pay_statements": page, "paging": paging}
        return {"payment_id": id, "code": 200, "body": body}

    def _plan_pay(self, day: date) -> None:
        end = FIRST_PERIOD_END
        while end + PAY_DELAY <= day:
            end += PERIOD
        at = datetime.combine(end + PAY_DELAY, PAY_HOUR, self.world.now.tzinfo)
        self.world.plan(at, f"finch pay {end}", partial(self._pay, end))

    def _pay(self, end: date) -> None:
        """Pay everybody for the working days since their first, and plan the next pay day."""
        begin, pay_date = end - PERIOD + timedelta(days=1), (end + PAY_DELAY).isoformat()
        lines: list[Json] = [
            {
                "individual_id": id,
                "type": "regular_payroll",
                "payment_method": "direct_deposit",
                "gross_pay": {"amount": gross, "currency": "usd"},
                "net_pay": {"amount": gross * 3 // 4, "currency": "usd"},
                "earnings": [{"type": "wage", "name": "Regular", "amount": gross}],
                "taxes": [],
            }
            for id, employment in self.employments.items()
            if (gross := _gross(employment, begin, end))
        ]
        id = self.world.uuid("finch payment", end.isoformat())
        total = sum(line["gross_pay"]["amount"] for line in lines)
        self.payments[id] = {
            "id": id,
            "pay_date": pay_date,
            "debit_date": pay_date,
            "pay_period": {"start_date": begin.isoformat(), "end_date": end.isoformat()},
            "individual_ids": [line["individual_id"] for line in lines],
            "gross_pay": {"amount": total, "currency": "usd"},
        }
        for line in lines:
            email = self.individuals[line["individual_id"]]["emails"][0]["data"]
            self.note("pay_statements", f"{email} {pay_date}")
        fetched = partial(self.statements.__setitem__, id, lines)
        self.world.plan(self.world.now + FETCHED_AFTER, f"finch fetches {id}", fetched)
        self._plan_pay(end + PAY_DELAY)


def _person(
    id: str,
    first: str,
    last: str,
    email: str,
    start: date = date(2020, 3, 2),
    income: tuple[int, str] = (5200, "hourly"),
    place: tuple[str, str] = ("Denver", "CO"),
) -> tuple[Json, Json]:
    """An individual and their employment."""
    name = {"first_name": first, "middle_name": None, "last_name": last}
    individual = {
        "id": id,
        **name,
        "preferred_name": None,
        "emails": [{"data": email, "type": "personal"}],
        "phone_numbers": [{"data": "3035550100", "type": "personal"}],
        "dob": "1990-01-01",
        "gender": "decline_to_specify",
        "residence": {"line1": "1 Main St", "city": "Denver", "state": "CO"},
    }
    amount, unit = income
    employment = {
        "id": id,
        **name,
        "title": "Electrician",
        "department": {"name": "Field"},
        "manager": None,
        "employment": {"type": "employee", "subtype": "full_time"},
        "start_date": start.isoformat(),
        "latest_rehire_date": None,
        "end_date": None,
        "is_active": True,
        "employment_status": "active",
        "flsa_status": "non_exempt",
        "location": {"line1": None, "city": place[0], "state": place[1], "country": "US"},
        "income": {
            "unit": unit,
            "amount": amount,
            "currency": "usd",
            "effective_date": start.isoformat(),
        },
        "income_history": None,
        "custom_fields": [{"name": "T-shirt", "value": "M"}],
        "source_id": "e-1",
    }
    return individual, employment


def _gross(employment: Json, begin: date, end: date) -> int:
    """Cents for the working days of a period, from the first day on."""
    income, start = employment["income"], date.fromisoformat(employment["start_date"])
    days = [begin + timedelta(days=n) for n in range(PERIOD.days)]
    worked = sum(day >= start and day.weekday() < 5 for day in days)
    a_day = {
        "hourly": income["amount"] * HOURS_A_DAY,
        "daily": income["amount"],
        "yearly": income["amount"] // (PERIODS_A_YEAR * DAYS_A_PERIOD),
    }
    return int(a_day[income["unit"]] * worked)


def _page(rows: list[Json], asked: Any) -> tuple[list[Json], Json]:
    offset = int(asked.get("offset", 0))
    limit = min(int(asked.get("limit", MOST_ON_A_PAGE)), MOST_ON_A_PAGE)
    return rows[offset : offset + limit], {"offset": offset, "count": len(rows)}


def _failure(code: int, name: str) -> Json:
    return {"code": code, "finch_code": name, "name": name, "message": "Told in a sentence."}


def _error(status: int, name: str, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, _failure(status, name), headers or {})


SERVED = Served(
    "finch",
    lambda at: at.account(KEY, "finch", legal_entity=LEGAL_NAME),
    lambda scene: Finch(scene.world),
)
