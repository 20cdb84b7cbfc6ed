"""A stand-in for Gusto Embedded Payroll, API version 2025-06-15.

Written from https://docs.gusto.com/embedded-payroll/reference. One company with offices in six
cities and one address for remote work; pay every other Friday, a week after the period's end.

Actors: the new employee onboards within days, the client's admin reviews the day after, and a
clerk whose `pay_error` is set mistypes the rate once onboarding is complete.

Record: `people_batches` (external id), `corrections` (external id, and what was changed),
`employees` (e-mail: one person created twice is there twice), `pay_stubs` (external id and check
date).
"""

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any, Protocol

from deployments.sandbox.gusto_tokens import CLIENT_ID, CLIENT_SECRET, GRANT, Tokens
from deployments.sandbox.served import Place, Served
from deployments.sandbox.server import Answer, Request, Route, StandIn
from deployments.sandbox.world import World

COMPANY = "5b0c7f3e-2a41-4d86-9c1e-7f3d2a9b6e10"
LEGAL_NAME = "Harbor Works Inc."
VERSION = "2025-06-15"
PER_PAGE = 3
REQUESTS_A_MINUTE = 200
PLACES = [
    ("San Francisco", "CA", "94105"),
    ("New York", "NY", "10004"),
    ("Chicago", "IL", "60606"),
    ("Seattle", "WA", "98104"),
    ("Denver", "CO", "80202"),
    ("Austin", "TX", "78701"),
    ("Shoreline", "WA", "98133"),
    ("Port Orchard", "WA", "98366"),
    ("Evanston", "IL", "60208"),
    ("Remote", "CA", "94107"),
]
FIRST_PERIOD_END = date(2026, 1, 2)
PERIOD = timedelta(days=14)
PAY_DELAY = timedelta(days=7)
PAY_HOUR = time(9)
FLSA = {"Exempt", "Salaried Nonexempt", "Nonexempt", "Owner"}
UNITS = {"Hour", "Week", "Month", "Year", "Paycheck"}
NOT_INVITED = "admin_onboarding_incomplete"
TOLD = {
    "self_onboarding_completed_by_employee": "employee.self_onboarding_completed",
    "onboarding_completed": "employee.onboarded",
}
NO_PAY = {"rate": "0.00", "payment_unit": "Hour", "flsa_status": "Nonexempt"}
CENT = Decimal("0.01")

Json = dict[str, Any]


class People(Protocol):
    """The simulated people."""

    def by_email(self, email: str) -> Any:
        """The persona with an e-mail address, or None."""


class Gusto(StandIn):
    """Gusto with one company in it."""

    prefix = "/gusto"

    def __init__(self, world: World, people: People, key: str = "sandbox-gusto") -> None:
        super().__init__(world)
        self.people, self.tokens = people, Tokens(world, key)
        self.webhook_secret = "sandbox-gusto-webhook"  # the token of its one subscription
        self.batches: dict[str, Json] = {}
        self.submitted: dict[str, list[Json]] = {}
        self.employees: dict[str, Json] = {}
        self.addresses: dict[str, Json] = {}
        self.external_ids: dict[str, str] = {}
        self.payrolls: dict[str, Json] = {}
        self.pay_stubs: dict[str, list[Json]] = {}
        self.asked: Counter[datetime] = Counter()
        self.locations = [self._location(*place) for place in PLACES]

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """The operations we stand in for."""
        company, employee = rf"/v1/companies/{COMPANY}", r"/v1/employees/(?P<uuid>[^/]+)"
        return {
            ("POST", "/oauth/token"): self.tokens.exchange,
            ("GET", company): self._company,
            ("GET", rf"{company}/locations"): self._list_locations,
            ("POST", rf"{company}/people_batches"): self._create_batch,
            ("GET", r"/v1/people_batches/(?P<uuid>[^/]+)"): self._get_batch,
            ("GET", rf"{company}/employees"): self._list_employees,
            ("POST", rf"{company}/employees"): self._create_employee,
            ("GET", employee): self._get_employee,
            ("GET", rf"{employee}/work_addresses"): self._list_addresses,
            ("GET", rf"{employee}/pay_stubs"): self._list_stubs,
            ("PUT", r"/v1/jobs/(?P<uuid>[^/]+)"): self._put_job,
            ("PUT", r"/v1/compensations/(?P<uuid>[^/]+)"): self._put_compensation,
            ("PUT", r"/v1/work_addresses/(?P<uuid>[^/]+)"): self._put_address,
            ("GET", rf"{company}/payrolls/(?P<uuid>[^/]+)"): self._get_payroll,
        }

    def too_many(self, seconds: int = 1) -> Answer:
        """429 with Gusto's headers."""
        limit = {"X-RateLimit-Limit": str(REQUESTS_A_MINUTE), "X-RateLimit-Remaining": "0"}
        headers = {**limit, "X-RateLimit-Reset": str(seconds), "Retry-After": str(seconds)}
        return _error(429, "request", "rate_limit_exceeded", headers)

    def lie(self) -> Any:
        """An error of Gusto's own."""
        return {"errors": [{"error_key": "base", "category": "internal_error"}]}

    def handle(self, request: Request) -> Answer:
        """Check the token, then answer; a token's first use is remembered."""
        if request.path == "/oauth/token":
            return super().handle(request)
        shown = request.headers.get("authorization", "")
        if not self.tokens.admit(shown):
            return _error(401, "request", "invalid_token")
        is_first_use = self.tokens.retire(shown)
        answer = self._answer(request)
        return replace(answer, changed=True) if is_first_use else answer

    def expire(self) -> None:
        """Let all access tokens end."""
        self.tokens.expire()

    def _answer(self, request: Request) -> Answer:
        """Check version and quota; unknown paths and other companies are 404."""
        if request.headers.get("x-gusto-api-version", VERSION) != VERSION:
            return _error(406, "X-Gusto-API-Version", "invalid_api_version")
        minute = self.world.now.replace(second=0, microsecond=0)
        self.asked[minute] += 1
        if self.asked[minute] > REQUESTS_A_MINUTE:
            return self.too_many(60 - self.world.now.second)
        answer = super().handle(request)
        return answer if answer.status != 404 else _error(404, "request", "not_found")

    def _company(self, _: Request) -> Answer:
        return Answer(body={"uuid": COMPANY, "name": LEGAL_NAME, "trade_name": "Harbor Works"})

    def _list_locations(self, request: Request) -> Answer:
        return _page(request, self.locations)

    def _create_batch(self, request: Request) -> Answer:
        asked = request.json
        key = asked.get("idempotency_key", "")
        if not re.fullmatch(r"[0-9a-f-]{36}", key) or asked.get("batch_action") != "create":
            return _error(422, "idempotency_key", "invalid_attribute_value")
        uuid = self.world.uuid("people_batch", key)
        if uuid in self.batches:
            return _conflict(uuid)
        if not asked.get("batch") or not all(_complete(entity) for entity in asked["batch"]):
            return _error(422, "batch", "missing_parameter")
        batch = self.batches[uuid] = {
            "uuid": uuid,
            "idempotency_key": key,
            "status": "processing",
            "submitted_at": self.world.now.isoformat(),
            "completed_at": None,
            "submitted_items": len(asked["batch"]),
            "processed_items": 0,
            "excluded_items": 0,
            "results": [],
            "exclusions": None,
        }
        self.submitted[uuid] = asked["batch"]
        for entity in asked["batch"]:
            self.note("people_batches", entity["person"]["external_id"])
        later = self.world.now + timedelta(minutes=5)
        self.world.plan(later, f"gusto batch {uuid}", partial(self._process, uuid))
        made = {name: batch[name] for name in ("uuid", "idempotency_key", "status")}
        return Answer(201, {**made, "batch_action": "create"}, changed=True)

    def _get_batch(self, _: Request, uuid: str) -> Answer:
        return Answer(body=self.batches[uuid]) if uuid in self.batches else Answer(404)

    def _create_employee(self, request: Request) -> Answer:
        person = request.json
        if not person.get("first_name") or not person.get("last_name"):
            return _error(422, "first_name", "missing_parameter")
        employee = self._hire(person, "")
        return Answer(201, employee, changed=True)

    def _list_employees(self, request: Request) -> Answer:
        return _page(request, list(self.employees.values()))

    def _get_employee(self, _: Request, uuid: str) -> Answer:
        return Answer(body=self.employees[uuid]) if uuid in self.employees else Answer(404)

    def _list_addresses(self, _: Request, uuid: str) -> Answer:
        if uuid not in self.employees:
            return Answer(404)
        return Answer(body=[a for a in self.addresses.values() if a["employee_uuid"] == uuid])

    def _list_stubs(self, request: Request, uuid: str) -> Answer:
        return (
            _page(request, self.pay_stubs.get(uuid, [])) if uuid in self.employees else Answer(404)
        )

    def _get_payroll(self, _: Request, uuid: str) -> Answer:
        return Answer(body=self.payrolls[uuid]) if uuid in self.payrolls else Answer(404)

    def _put_job(self, request: Request, uuid: str) -> Answer:
        jobs = {job["uuid"]: job for e in self.employees.values() for job in e["jobs"]}
        return self._put(jobs.get(uuid), request, {"hire_date", "title"})

    def _put_compensation(self, request: Request, uuid: str) -> Answer:
        jobs = [job for e in self.employees.values() for job in e["jobs"]]
        pays = {pay["uuid"]: pay for job in jobs for pay in job["compensations"]}
        asked = request.json
        if asked.get("payment_unit") not in UNITS or asked.get("flsa_status") not in FLSA:
            return _error(422, "payment_unit", "invalid_attribute_value")
        return self._put(pays.get(uuid), request, {"rate", "payment_unit", "flsa_status"})

    def _put_address(self, request: Request, uuid: str) -> Answer:
        places = {place["uuid"]: place for place in self.locations}
        place = places.get(request.json.get("location_uuid", ""))
        if not place:
            return _error(422, "location_uuid", "invalid_attribute_value")
        answer = self._put(self.addresses.get(uuid), request, {"location_uuid"})
        if answer.changed:
            self.addresses[uuid] |= {name: place[name] for name in ("city", "state", "zip")}
        return answer

    def _put(self, thing: Json | None, request: Request, names: set[str]) -> Answer:
        if thing is None:
            return Answer(404)
        asked = request.json
        if asked.get("version") != thing["version"]:
            return _error(409, "base", "invalid_resource_version")
        changed = {name: asked[name] for name in sorted(names & asked.keys())}
        self._change(thing, changed)
        self._tell("employee.updated", thing["employee_uuid"])
        about = self.external_ids[thing["employee_uuid"]]
        self.note("corrections", f"{about} {', '.join(changed)}")
        return Answer(body=thing, changed=True)

    def _change(self, thing: Json, to: Json) -> None:
        thing |= to
        thing["version"] = self.world.digest("version", thing["version"], json.dumps(to))[:32]

    def _tell(self, kind: str, uuid: str, entity: str = "Employee") -> None:
        about = {"resource_uuid": COMPANY, "entity_type": entity, "entity_uuid": uuid}
        self.tell(kind, about)

    def _process(self, uuid: str) -> None:
        batch, entities = self.batches[uuid], self.submitted[uuid]
        results = [self._result(n, entity) for n, entity in enumerate(entities)]
        good = [result for result in results if result["status"] == "success"]
        batch["results"], batch["processed_items"] = results, len(good)
        batch["completed_at"] = self.world.now.isoformat()
        batch["status"] = "completed" if len(good) == len(results) else "failed"

    def _result(self, idx: int, entity: Json) -> Json:
        person, place = entity["person"], entity.get("work_address", {}).get("location_uuid")
        result: Json = {"external_id": person["external_id"], "role": "employee", "idx": idx}
        if place and place not in [location["uuid"] for location in self.locations]:
            wrong = {"error_key": "location_uuid", "category": "invalid_attribute_value"}
            nested = {"error_key": "work_address", "category": "nested_errors", "errors": [wrong]}
            return {**result, "status": "failed", "errors": [nested]}
        employee = self._hire(person, person["external_id"])
        self._set_up(employee, entity)
        uuid = employee["uuid"]
        return {**result, "status": "success", "uuid": uuid, "employee_uuid": uuid, "errors": None}

    def _hire(self, person: Json, external_id: str) -> Json:
        email = person.get("email") or ""
        name = (external_id, email, person["first_name"], person["last_name"])
        occurrence = 0
        while (uuid := self.world.uuid("gusto employee", *name, occurrence)) in self.employees:
            occurrence += 1
        invited = bool(person.get("self_onboarding"))
        self.employees[uuid] = {
            "uuid": uuid,
            "version": self.world.digest("version", uuid)[:32],
            "company_uuid": COMPANY,
            "first_name": person["first_name"],
            "last_name": person["last_name"],
            "email": email or None,
            "onboarded": False,
            "onboarding_status": "self_onboarding_invited" if invited else NOT_INVITED,
            "terminated": False,
            "has_ssn": False,
            "ssn": "",
            "date_of_birth": None,
            "jobs": [],
        }
        self.external_ids[uuid] = external_id or uuid
        self.note("employees", email)
        self._tell("employee.created", uuid)
        if invited:
            self._tell("employee.marked_for_self_onboarding", uuid)
            self._plan_onboarding(uuid)
        return self.employees[uuid]

    def _set_up(self, employee: Json, entity: Json) -> None:
        """Give a hire what else the batch says: a work address, a job and its pay."""
        uuid, job = employee["uuid"], entity.get("job")
        since = job["hire_date"] if job else self.world.now.date().isoformat()
        if job:
            employee["jobs"] = [self._job(uuid, job, entity.get("compensation", NO_PAY))]
        for place in self.locations:
            if place["uuid"] == entity.get("work_address", {}).get("location_uuid"):
                address = self._new("work_address", uuid, employee_uuid=uuid, active=True)
                address |= {name: place[name] for name in ("city", "state", "zip")}
                address |= {"location_uuid": place["uuid"], "effective_date": since}
                self.addresses[address["uuid"]] = address

    def _job(self, employee_uuid: str, job: Json, pay: Json) -> Json:
        new = self._new("job", employee_uuid, employee_uuid=employee_uuid, primary=True, **job)
        compensation = self._new(
            "compensation",
            employee_uuid,
            employee_uuid=employee_uuid,
            job_uuid=new["uuid"],
            effective_date=job["hire_date"],
            **pay,
        )
        new |= {"current_compensation_uuid": compensation["uuid"], "compensations": [compensation]}
        return new

    def _location(self, city: str, state: str, postal_code: str) -> Json:
        address = {"city": city, "state": state, "zip": postal_code, "country": "USA"}
        return self._new("location", city, company_uuid=COMPANY, active=True, **address)

    def _new(self, kind: str, name: str, **content: Any) -> Json:
        uuid = self.world.uuid(f"gusto {kind}", name)
        return {"uuid": uuid, "version": self.world.digest("version", uuid)[:32], **content}

    def _plan_onboarding(self, uuid: str) -> None:
        dice, zone = self.world.dice("gusto onboarding", uuid), self.world.now.tzinfo
        started = self.world.now + timedelta(hours=dice.randint(2, 20))
        finished = started + timedelta(hours=dice.randint(24, 72))
        reviewed = datetime.combine(finished.date() + timedelta(days=1), time(15), zone)
        for at, status in (
            (started, "self_onboarding_invited_started"),
            (finished, "self_onboarding_completed_by_employee"),
            (finished + timedelta(hours=1), "self_onboarding_awaiting_admin_review"),
            (reviewed + timedelta(hours=2), "onboarding_completed"),
        ):
            self.world.plan(at, f"gusto {uuid} {status}", partial(self._onboard, uuid, status))

    def _onboard(self, uuid: str, status: str) -> None:
        employee = self.employees[uuid]
        complete = status == "onboarding_completed"
        self._change(employee, {"onboarding_status": status, "onboarded": complete})
        self._tell(TOLD.get(status, "employee.updated"), uuid)
        if not complete:
            return
        self._plan_payday()
        persona = self.people.by_email(employee["email"] or "")
        if persona and persona.behaviour.pay_error:
            later = self.world.now + timedelta(hours=2)
            self.world.plan(later, f"gusto clerk {uuid}", partial(self._mistype, uuid))

    def _mistype(self, uuid: str) -> None:
        for job in self.employees[uuid]["jobs"]:
            pay = job["compensations"][0]
            self._change(pay, {"rate": _mistyped(pay["rate"])})
        self._tell("employee.updated", uuid)

    def _plan_payday(self) -> None:
        """Plan the next payday; the first is planned when somebody may be paid."""
        end, zone = FIRST_PERIOD_END, self.world.now.tzinfo
        while (at := datetime.combine(end + PAY_DELAY, PAY_HOUR, zone)) <= self.world.now:
            end += PERIOD
        self.world.plan(at, f"gusto payroll {end}", partial(self._run_payroll, end))

    def _run_payroll(self, end: date) -> None:
        self._plan_payday()
        start, today = end - PERIOD + timedelta(days=1), self.world.now.date().isoformat()
        payroll = self._new("payroll", end.isoformat(), company_uuid=COMPANY, off_cycle=False)
        del payroll["version"]
        payroll |= {"payroll_uuid": payroll["uuid"], "processed": True, "processed_date": today}
        payroll |= {"check_date": (end + PAY_DELAY).isoformat()}
        payroll["pay_period"] = {"start_date": start.isoformat(), "end_date": end.isoformat()}
        for employee in sorted(self.employees.values(), key=lambda e: e["uuid"]):
            gross = _gross(employee, start, end)
            if employee["onboarded"] and gross:
                self.payrolls[payroll["uuid"]] = payroll
                self._pay(employee["uuid"], payroll, gross)
        if payroll["uuid"] in self.payrolls:
            self._tell("payroll.processed", payroll["uuid"], "Payroll")

    def _pay(self, uuid: str, payroll: Json, gross: Decimal) -> None:
        """Write a pay stub: its amounts are text, as the schema says; the example has numbers."""
        stub = self._new("pay_stub", f"{uuid} {payroll['uuid']}", payroll_uuid=payroll["uuid"])
        del stub["version"]
        net = str((gross * 3 / 4).quantize(CENT))
        stub |= {"check_date": payroll["check_date"], "gross_pay": str(gross), "net_pay": net}
        stub |= {"check_amount": net, "payment_method": "Direct Deposit"}
        self.pay_stubs.setdefault(uuid, []).append(stub)
        self.note("pay_stubs", f"{self.external_ids[uuid]} {payroll['check_date']}")


def _gross(employee: Json, start: date, end: date) -> Decimal:
    """Pay for a period of two weeks, by the share of its ten working days from the hire date on."""
    if not employee["jobs"]:
        return Decimal(0)
    job = employee["jobs"][0]
    pay, hired = job["compensations"][0], date.fromisoformat(job["hire_date"])
    days = [start + timedelta(days=n) for n in range(PERIOD.days)]
    worked = sum(day.weekday() < 5 and day >= hired for day in days)
    full = Decimal(pay["rate"]) * 80 if pay["payment_unit"] == "Hour" else Decimal(pay["rate"]) / 26
    return (full * worked / 10).quantize(CENT, ROUND_HALF_UP)


def _mistyped(rate: str) -> str:
    """Swap the second digit and the third; if they are alike, miss five per cent."""
    cents = str(int(Decimal(rate) * 100))
    swapped = cents[0] + cents[2:0:-1] + cents[3:]
    typo = Decimal(swapped) if swapped != cents else Decimal(cents) * 95 / 100
    return str((typo / 100).quantize(CENT))


def _complete(entity: Json) -> bool:
    """Tell whether an entity has what the schema requires."""
    person, wanted = entity.get("person", {}), {"external_id", "first_name", "last_name"}
    job, pay = entity.get("job"), entity.get("compensation")
    return (
        entity.get("entity_type") == "employee"
        and wanted <= person.keys()
        and (job is None or {"title", "hire_date"} <= job.keys())
        and (pay is None or {"rate", "payment_unit", "flsa_status"} <= pay.keys())
        and not (person.get("self_onboarding") and not person.get("email"))
    )


def _page(request: Request, rows: list[Json]) -> Answer:
    """One page, or everything if no page is asked for; pages are smaller than Gusto's 100."""
    if "page" not in request.query:
        return Answer(body=rows)
    page = int(request.query["page"])
    per = min(int(request.query.get("per", "25")), PER_PAGE)
    headers = {
        "X-Page": str(page),
        "X-Per-Page": str(per),
        "X-Total-Pages": str(-(-len(rows) // per)),
        "X-Total-Count": str(len(rows)),
    }
    return Answer(body=rows[(page - 1) * per : page * per], headers=headers)


def _conflict(batch_uuid: str) -> Answer:
    error = {"error_key": "idempotency_key", "category": "invalid_attribute_value"}
    metadata = {"entity_uuid": batch_uuid, "entity_type": "PeopleBatch"}
    message = "Idempotency token already used"
    return Answer(409, {"errors": [{**error, "message": message, "metadata": metadata}]})


def _error(status: int, key: str, category: str, headers: dict[str, str] | None = None) -> Answer:
    error = {"error_key": key, "category": category, "message": category.replace("_", " ")}
    return Answer(status, {"errors": [error]}, headers or {})


def account(at: Place) -> dict[str, Any]:
    """A client's account here."""
    secrets = {"refresh": GRANT, "client": CLIENT_SECRET, "webhook": "sandbox-gusto-webhook"}
    ended = "an access token that has ended"
    return at.account(ended, "gusto", secrets, company=COMPANY, client_id=CLIENT_ID)


SERVED = Served(
    "gusto",
    account,
    lambda scene: Gusto(scene.world, scene.people),
    {"payroll.create": "people_batches", "payroll.correct": "corrections"},
)
