"""A stand-in for BambooHR's public API.

Written from https://documentation.bamboohr.com/reference. One company with locations in six cities.
Whoever the key may not see in a field is silently missing where that field filters or sorts.

Actors: somebody who was there before, and a clerk who mistypes the rate two days after a hire whose
`pay_error` is set. There is no onboarding and nobody is paid here.

Record: `employees` (our reference: one person created twice is there twice), `rows` (reference and
table of a row that was added), `corrections` (reference, and what was changed).
"""

import json
from datetime import UTC, timedelta
from functools import partial
from typing import Any, Protocol

from deployments.sandbox.served import Place, Served
from deployments.sandbox.server import Answer, Request, Route, StandIn
from deployments.sandbox.world import World

LEGAL_NAME = "Harbor Works Inc."
REFERENCE_FIELD = "customHiringReference"
MOST_ON_A_PAGE = 3  # BambooHR: 2500
LOCATIONS_ON_A_PAGE = 4  # BambooHR: 500
PLACES = [
    ("San Francisco", "CA"),
    ("New York", "NY"),
    ("Chicago", "IL"),
    ("Seattle", "WA"),
    ("Denver", "CO"),
    ("Austin", "TX"),
]
REMOTE = "Remote"
TITLES = ["Electrician", "Electrician II", "Office Manager"]
FIELDS = ["firstName", "lastName", "homeEmail", "workEmail", "hireDate", "status", "lastChanged"]
BASIC = ["firstName", "lastName", "preferredName", "photoUrl", "jobTitleName", "status"]
DATES = {"jobInfo": "date", "compensation": "startDate"}
CLERK_AFTER = timedelta(days=2)

Json = dict[str, Any]


class People(Protocol):
    """The simulated people."""

    def by_email(self, email: str) -> Any:
        """The persona with an e-mail address, or None."""


class BambooHR(StandIn):
    """BambooHR with one company in it."""

    prefix = "/bamboohr"

    def __init__(self, world: World, people: People, titles: tuple[str, ...] = ()) -> None:
        super().__init__(world)
        self.people = people
        self.webhook_secret = "sandbox-bamboohr-webhook"  # the webhook's private key
        self.keys = {"sandbox-bamboohr"}
        self.titles = [*TITLES, *titles]
        self.fields = [*FIELDS, REFERENCE_FIELD]
        self.employees: dict[str, Json] = {}
        self.tables: dict[str, dict[str, list[Json]]] = {}
        self.changed: dict[str, Json] = {}
        self.hidden: dict[str, set[str]] = {}  # what the key may not see, by employee
        self.unwritable: set[str] = set()  # fields of tables that the key may not write
        self._rows = 0
        self._hire(
            {"firstName": "Grace", "lastName": "Hopper", "workEmail": "grace@harbor.example"}
        )

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """The operations we stand in for."""
        employee = r"/api/v1/employees/(?P<id>\d+)"
        table = r"/api/v1_1/employees/(?P<id>\d+)/tables/(?P<table>\w+)"
        return {
            ("GET", "/api/v1/meta/fields"): self._get_fields,
            ("GET", "/api/v1/meta/lists"): self._get_lists,
            ("GET", "/api/v1/company_information"): self._get_company,
            ("GET", "/api/v1/webhooks"): self._get_webhooks,
            ("GET", "/api/v1/hris/org/locations"): self._get_locations,
            ("GET", "/api/v1/employees"): self._list,
            ("POST", "/api/v1/employees"): self._create,
            ("GET", "/api/v1/employees/changed"): self._get_changed,
            ("GET", employee): self._get,
            ("POST", employee): self._update,
            ("GET", rf"{employee}/tables/(?P<table>\w+)"): self._get_table,
            ("POST", table): self._add_row,
            ("POST", rf"{table}/(?P<row>\d+)"): self._update_row,
        }

    def too_many(self, seconds: int = 1) -> Answer:
        """429, as since September 2026."""
        return _refusal(429, "Limit Exceeded", {"Retry-After": str(seconds)})

    def lie(self) -> Any:
        """An error of BambooHR's own."""
        return {"error": {"code": "InternalError", "message": "An error occurred"}}

    def handle(self, request: Request) -> Answer:
        """Check the key, then answer; XML, which we do not speak, unless JSON is asked for."""
        if request.basic_user not in self.keys:
            return Answer(401)
        if request.method == "GET" and "json" not in request.headers.get("accept", ""):
            return Answer(body=b"<employee/>")
        answer = super().handle(request)
        return answer if answer.status != 404 else _refusal(404, "Not found")

    def expire(self) -> None:
        """Let the key be revoked."""
        self.keys.clear()

    def leave(self, id: str) -> None:
        """Let somebody delete an employee."""
        del self.employees[id]
        self._note_change(id, "Deleted")

    def clerk_sets(self, id: str, table: str, **values: Any) -> None:
        """Let the client's clerk change the newest row of a table."""
        self.tables[id][table][-1].update(values)
        self._note_change(id, "Updated")

    def _get_fields(self, _: Request) -> Answer:
        rows = [{"id": n, "name": name, "type": "text", "alias": name} for n, name in _each(self)]
        return Answer(body=[*rows, {"id": 999, "name": "No alias", "type": "text"}])

    def _get_webhooks(self, _: Request) -> Answer:
        made = {"id": "1", "name": "Fullcycle", "created": "2026-01-05 10:00:00", "lastSent": None}
        found = [{**made, "url": self.subscribed}] if self.subscribed else []
        return Answer(body={"webhooks": found})

    def _get_lists(self, _: Request) -> Answer:
        options = [
            {"id": n, "name": title, "archived": "no"} for n, title in enumerate(self.titles)
        ]
        options.append({"id": 99, "name": "Lamplighter", "archived": "yes"})
        names = {"fieldId": "17", "name": "Job Title", "alias": "jobTitle"}
        other = {"fieldId": "18", "name": "Location", "alias": "location", "options": []}
        return Answer(body=[other, {**names, "manageable": "yes", "options": options}])

    def _get_company(self, _: Request) -> Answer:
        return Answer(body={"legalName": LEGAL_NAME, "displayName": "Harbor Works", "phone": ""})

    def _get_locations(self, request: Request) -> Answer:
        rows = [_location(n, city, state) for n, (city, state) in enumerate(PLACES)]
        rows.append(_location(len(rows), "", ""))
        page = int(request.query.get("page", "0"))
        first = page * LOCATIONS_ON_A_PAGE
        more = first + LOCATIONS_ON_A_PAGE < len(rows)
        links = {"next": {"href": f"/api/v1/hris/org/locations?page={page + 1}"}} if more else {}
        return Answer(body={"data": rows[first : first + LOCATIONS_ON_A_PAGE], "_links": links})

    def _list(self, request: Request) -> Answer:
        asked = [*BASIC, *request.query.get("fields", "").split(",")]
        after = request.query.get("page[after]", "0")
        if after not in {"0", *self.employees}:
            return Answer(400, {"error": {"code": "BadPage", "message": "The cursor is nobody's."}})
        filters = {
            name[7:-1]: value.casefold()
            for name, value in request.query.items()
            if name.startswith("filter[")
        }
        ids = [
            id
            for id, employee in sorted(self.employees.items(), key=lambda item: int(item[0]))
            if all(
                name not in self.hidden.get(id, ()) and text in str(employee.get(name)).casefold()
                for name, text in filters.items()
            )
        ]
        rest = [id for id in ids if int(id) > int(after)]
        limit = min(int(request.query.get("page[limit]", "250")), MOST_ON_A_PAGE)
        rows = [self._row(id, asked) for id in rest[:limit]]
        cursor = rest[limit - 1] if len(rest) > limit else None
        page = {"limit": limit, "nextCursor": cursor, "prevCursor": None}
        return Answer(body={"data": rows, "meta": {"total": len(ids), "page": page}, "_links": {}})

    def _row(self, id: str, asked: list[str]) -> Json:
        hidden = sorted(self.hidden.get(id, set()) & set(asked))
        seen = {name: self.employees[id].get(name) for name in asked if name and name != "status"}
        seen |= {name: None for name in hidden}
        return {"employeeId": id, **seen, "status": "Active", "_restrictedFields": hidden}

    def _create(self, request: Request) -> Answer:
        person = request.json
        if not person.get("firstName") or not person.get("lastName"):
            return _refusal(400, "First and last name are required")
        id = self._hire({name: person[name] for name in person if name in self.fields})
        at = f"https://harborworks.bamboohr.example/employees/employee.php?id={id}"
        return Answer(201, None, {"Location": at}, changed=True)

    def _get_changed(self, request: Request) -> Answer:
        since = request.query.get("since", "")
        if not since:
            return _refusal(400, "since is required")
        found = {id: c for id, c in self.changed.items() if c["lastChanged"] > since}
        latest = max((c["lastChanged"] for c in found.values()), default=None)
        return Answer(body={"latest": latest, "employees": found or []})  # PHP's empty map

    def _get(self, request: Request, id: str) -> Answer:
        if id not in self.employees:
            return Answer(404)
        asked = request.query.get("fields", "firstName,lastName").split(",")
        seen = set(asked) & set(self.fields) - self.hidden.get(id, set())
        employee = {name: self.employees[id].get(name) for name in asked if name in seen}
        if "hireDate" in employee:
            employee["hireDate"] = employee["hireDate"] or "0000-00-00"
        return Answer(body={"id": id, **employee})

    def _update(self, request: Request, id: str) -> Answer:
        if id not in self.employees:
            return Answer(404)
        changed = {name: value for name, value in request.json.items() if name in self.fields}
        self.employees[id] |= changed
        self._correct(id, changed)
        return Answer(200, changed=True)

    def _get_table(self, _: Request, id: str, table: str) -> Answer:
        if id not in self.employees or table not in DATES:
            return Answer(404)
        return Answer(body=list(reversed(self.tables[id][table])))  # in no particular order

    def _add_row(self, request: Request, id: str, table: str) -> Answer:
        if id not in self.employees or table not in DATES:
            return Answer(404)
        row = self._writable(request)
        if DATES[table] not in row:
            return _refusal(400, "A date is required")
        if row.get("location", REMOTE) not in _labels():
            return _refusal(406, "Invalid location")
        self._rows += 1
        self.tables[id][table].append({"id": str(self._rows), "employeeId": id, **row})
        self.note("rows", f"{self.employees[id].get(REFERENCE_FIELD)} {table}")
        self._note_change(id, "Updated")
        return Answer(200, changed=True)

    def _update_row(self, request: Request, id: str, table: str, row: str) -> Answer:
        found = [each for each in self.tables.get(id, {}).get(table, []) if each["id"] == row]
        if not found:
            return Answer(404)
        changed = self._writable(request)
        if changed.get("location", REMOTE) not in _labels():
            return _refusal(406, "Invalid location")
        found[0].update(changed)
        self._correct(id, changed)
        return Answer(200, changed=True)

    def _writable(self, request: Request) -> Json:
        """What of a row is taken; the rest is skipped without a word."""
        return {k: v for k, v in request.json.items() if k not in self.unwritable}

    def _hire(self, person: Json) -> str:
        id = str(101 + len(self.changed))
        self.employees[id] = {"status": "Active", **person}
        self.tables[id] = {"jobInfo": [], "compensation": []}
        if person.get(REFERENCE_FIELD):
            self.note("employees", person[REFERENCE_FIELD])
        self._note_change(id, "Inserted")
        self._tell("employee.updated", id)
        known = self.people.by_email(person.get("homeEmail") or "")
        if known and known.behaviour.pay_error:
            later = self.world.now + CLERK_AFTER
            self.world.plan(later, f"bamboohr clerk {id}", partial(self._mistype, id))
        return id

    def _mistype(self, id: str) -> None:
        for row in self.tables.get(id, {}).get("compensation", [])[-1:]:
            digits = row["rate"]["value"].replace(".", "")
            typo = digits[0] + digits[2:0:-1] + digits[3:]
            value = f"{typo[:-2]}.{typo[-2:]}"
            self.clerk_sets(id, "compensation", rate={**row["rate"], "value": value})

    def _correct(self, id: str, changed: Json) -> None:
        names = ", ".join(sorted(changed))
        self.note("corrections", f"{self.employees[id].get(REFERENCE_FIELD)} {names}")
        self._note_change(id, "Updated")

    def _note_change(self, id: str, action: str) -> None:
        at = self.world.now.astimezone(UTC).isoformat()
        self.changed[id] = {"id": id, "action": action, "lastChanged": at}
        if id in self.employees:
            self.employees[id]["lastChanged"] = at
        kind = {"Inserted": "created", "Updated": "updated", "Deleted": "deleted"}[action]
        self._tell(f"employee.{kind}", id)

    def _tell(self, kind: str, id: str) -> None:
        fields = {"changedFields": ["hireDate"]} if kind == "employee.updated" else {}
        self.tell(kind, {"companyId": "4711", "employeeId": id, **fields})


def _each(vendor: BambooHR) -> list[tuple[int, str]]:
    return list(enumerate(vendor.fields, 1))


def _labels() -> set[str]:
    return {city for city, _ in PLACES} | {REMOTE}


def _location(n: int, city: str, state: str) -> Json:
    address: Json = {"city": city or None, "stateId": str(n) if state else None}
    address |= {"remoteLocation": not city}
    if state:
        address["state"] = {"id": str(n), "name": state, "abbreviation": state}
    return {"id": str(n), "label": city or REMOTE, "archived": False, "address": address}


def _refusal(status: int, why: str, headers: dict[str, str] | None = None) -> Answer:
    """Say why in the header alone, as BambooHR does; the body is empty."""
    return Answer(status, None, {"X-BambooHR-Error-Message": json.dumps(why), **(headers or {})})


def account(at: Place) -> dict[str, Any]:
    """A client's account here."""
    signs = {"webhook": "sandbox-bamboohr-webhook"}
    return at.account("sandbox-bamboohr", "bamboohr", signs, reference_field=REFERENCE_FIELD)


SERVED = Served(
    "bamboohr", account, lambda scene: BambooHR(scene.world, scene.people, scene.titles)
)
