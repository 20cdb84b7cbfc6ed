"""Odoo 19 with Recruitment and Employees, as a real one answers (JSON-2, `POST /json/2/M/method`).

Written beside a running Odoo 19.0: its stages, reasons, errors and odd ways are that one's (but
for the stage Submitted, which a client adds). Only what recruiting needs of it is here. Nobody
recruits in it: applicants come and move through the API, or through what tests do to `tables`. Odoo
publishes no limit, so 429 comes from faults only, as of a proxy before it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from deployments.sandbox.served import Served
from deployments.sandbox.server import Answer, Request, StandIn
from deployments.sandbox.world import World

Row = dict[str, Any]
STAGES = (
    "New",
    "Qualification",
    "Submitted",
    "First Interview",
    "Second Interview",
    "Contract Proposal",
    "Contract Signed",
)
REASONS = (
    "Refused by applicant: salary",
    "Refused by applicant: job fit",
    "Does not fit the job requirements",
    "Job already fulfilled",
    "Duplicate",
    "Spam",
)
PLACES = ("Denver, CO", "New York, NY", "Oakland, CA", "San Francisco, CA")
LINKS = {  # which model a field points to
    "job_id": "hr.job",
    "stage_id": "hr.recruitment.stage",
    "refuse_reason_id": "hr.applicant.refuse.reason",
    "source_id": "utm.source",
    "employee_id": "hr.employee",
    "applicant_id": "hr.applicant",
    "company_id": "res.company",
    "resource_calendar_id": "resource.calendar",
    "work_location_id": "hr.work.location",
    "address_id": "res.partner",
}
DEFAULTS: dict[str, Row] = {
    "hr.job": {
        "name": False,
        "no_of_recruitment": 1,
        "address_id": False,
        "website_published": False,
    },
    "hr.applicant": {
        "partner_name": False,
        "email_from": False,
        "email_normalized": False,
        "partner_phone": False,
        "linkedin_profile": False,
        "job_id": False,
        "stage_id": False,
        "refuse_reason_id": False,
        "refuse_date": False,
        "source_id": False,
        "employee_id": False,
        "duration_tracking": {},
        "application_status": "ongoing",
    },
    "hr.recruitment.stage": {"name": False, "sequence": 10, "hired_stage": False, "job_ids": []},
    "hr.applicant.refuse.reason": {"name": False},
    "utm.source": {"name": False},
    "res.company": {"name": False},
    "resource.calendar": {"name": False},
    "res.partner": {"name": False, "email": False, "email_normalized": False},
    "hr.work.location": {"name": False},
    "ir.attachment": {
        "name": False,
        "type": "binary",
        "res_model": False,
        "res_id": 0,
        "mimetype": False,
        "file_size": 0,
        "datas": False,
    },
    "mail.message": {"model": False, "res_id": 0, "body": ""},
    "calendar.event": {
        "name": False,
        "start": False,
        "stop": False,
        "applicant_id": False,
        "partner_ids": [],
    },
    "hr.employee": {
        "name": False,
        "private_email": False,
        "work_email": False,
        "job_title": False,
        "contract_date_start": False,
        "wage": 0.0,
        "company_id": 1,
        "resource_calendar_id": 1,
        "work_location_id": False,
        "applicant_ids": [],
    },
}
ARGUMENTS = {
    "search_read": {"domain", "fields", "offset", "limit", "order"},
    "get_external_id": {"ids"},
    "fields_get": {"allfields", "attributes"},
    "load": {"fields", "data"},
    "write": {"ids", "vals"},
    "message_post": {"ids", "body", "body_is_html"},
}
MADE = {
    "hr.job": "jobs",
    "hr.applicant": "applications",
    "calendar.event": "interviews",
    "hr.employee": "employees",
}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda has, asked: has == asked,
    "!=": lambda has, asked: has != asked,
    ">": lambda has, asked: has > asked,
    ">=": lambda has, asked: has >= asked,
    "<=": lambda has, asked: has <= asked,
    "in": lambda has, asked: has in asked,
    "=ilike": lambda has, asked: bool(has) and _like(asked).fullmatch(has) is not None,
}


class Objection(Exception):
    """What Odoo answers with an error: the status and the exception's name."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status, self.name = status, name


class Odoo(StandIn):
    """One database. `tables` holds its objects by model and id, with microseconds."""

    prefix = "/odoo"

    def __init__(self, world: World, key: str = "sandbox-odoo") -> None:
        super().__init__(world)
        self.key = key
        self.external: dict[tuple[str, int], str] = {}
        self.tables: dict[str, dict[int, Row]] = {model: {} for model in DEFAULTS}
        for order, name in enumerate(STAGES):
            hired = name == STAGES[-1]
            row = {"name": name, "sequence": order, "hired_stage": hired}
            self.insert("hr.recruitment.stage", row)
        for model, names in (
            ("hr.applicant.refuse.reason", REASONS),
            ("hr.work.location", PLACES),
            ("res.company", ("Harbor Works, Inc.",)),
            ("resource.calendar", ("Standard 40 hours/week",)),
            ("utm.source", ("Indeed", "LinkedIn")),
        ):
            for name in names:
                self.insert(model, {"name": name})

    @property
    def routes(self) -> dict[tuple[str, str], Callable[..., Answer]]:
        """Every call is a method of a model."""
        return {("POST", r"/json/2/(?P<model>[\w.]+)/(?P<method>\w+)"): self._serve}

    def lie(self) -> Any:
        """An error as Odoo words it."""
        return _error("builtins.MemoryError", "")

    def insert(self, model: str, values: Row) -> Row:
        """Keep a new object."""
        table = self.tables[model]
        ref = max(table, default=0) + 1
        now = self._now
        table[ref] = {
            "id": ref,
            "active": True,
            "create_date": now,
            **DEFAULTS[model],
            **({"duration_tracking": {}} if model == "hr.applicant" else {}),
        }
        if model == "hr.applicant" and "stage_id" not in values:
            values = {**values, "stage_id": 1}
        return self.update(model, ref, values)

    def update(self, model: str, ref: int, values: Row) -> Row:
        """Change an object as Odoo does: what follows from a field, and the time of the change."""
        row = self.tables[model][ref]
        row.update(values, write_date=self._now)
        if model == "hr.applicant":
            self._follow_applicant(row, values)
        if model == "res.partner":
            row["email_normalized"] = (row["email"] or "").strip().lower() or False
        if model == "hr.employee":
            for applicant in values.get("applicant_ids", []):
                self.update("hr.applicant", applicant, {"employee_id": ref})
        return row

    @property
    def _now(self) -> str:
        return self.world.now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")

    def _follow_applicant(self, row: Row, values: Row) -> None:
        row["email_from"] = (row["email_from"] or "").strip() or False
        row["email_normalized"] = (row["email_from"] or "").lower() or False
        if "stage_id" in values:
            row["duration_tracking"][str(row["stage_id"])] = 0
        hired = self.tables["hr.recruitment.stage"][row["stage_id"]]["hired_stage"]
        status = "hired" if hired else "ongoing"
        if row["refuse_reason_id"]:
            status = "refused"
        elif not row["active"]:
            status = "archived"
        row["application_status"] = status

    def _serve(self, request: Request, model: str, method: str) -> Answer:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        try:
            if scheme.lower() != "bearer" or key != self.key:
                raise Objection(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey")
            return self._call(model, method, _body(request))
        except Objection as no:
            return Answer(no.status, _error(no.name, str(no)))

    def _call(self, model: str, method: str, body: Row) -> Answer:
        if method.startswith("_"):
            raise Objection(403, "odoo.exceptions.AccessError", "Private methods")
        methods: dict[str, tuple[Callable[[str, Row], Any], bool]] = {
            "search_read": (self._search_read, False),
            "get_external_id": (self._get_external_id, False),
            "fields_get": (lambda model, body: {name: {} for name in self._fields(model)}, False),
            "load": (self._load, True),
            "write": (self._write, True),
            "message_post": (self._message_post, True),
        }
        if model not in self.tables or method not in methods:
            raise Objection(404, "werkzeug.exceptions.NotFound", "does not exist")
        if set(body) - ARGUMENTS[method] - {"context"}:
            passed_on = method == "search_read"  # to a function that does not expect it
            name = "builtins.TypeError" if passed_on else "werkzeug.exceptions.UnprocessableEntity"
            raise Objection(500 if passed_on else 422, name, "unexpected keyword argument")
        run, writes = methods[method]
        return Answer(body=run(model, body), changed=writes)

    def _fields(self, model: str) -> set[str]:
        return {*DEFAULTS[model], "id", "active", "create_date", "write_date"}

    def _search_read(self, model: str, body: Row) -> list[Row]:
        domain = body.get("domain", [])
        fields = body.get("fields") or sorted(self._fields(model))
        names = [term[0] for term in domain if not isinstance(term, str)]
        self._known(model, {name.partition(".")[0] for name in names} | set(fields))
        found = [row for row in self.tables[model].values() if self._matches(row, domain)]
        if "active" not in names:
            found = [row for row in found if row["active"]]
        for part in reversed((body.get("order") or "id").split(", ")):
            name, _, way = part.partition(" ")
            found.sort(key=lambda row: row[name], reverse=way == "desc")
        shown = found[: body.get("limit") or len(found)]
        return [self._shown(row, {"id", *fields}) for row in shown]

    def _known(self, model: str, names: set[str]) -> None:
        if unknown := sorted(names - self._fields(model)):
            message = f"Invalid field {unknown[0]!r} on {model!r}"
            raise Objection(500, "builtins.ValueError", message)

    def _matches(self, row: Row, domain: list[Any]) -> bool:
        """Evaluate a domain in Polish notation; terms beside each other are joined by "and"."""
        stack: list[bool] = []
        for term in reversed(domain):
            if term == "|":
                stack.append(stack.pop() | stack.pop())
            elif term == "&":
                stack.append(stack.pop() & stack.pop())
            else:
                name, operator, asked = term
                has = self._follow(row, name)
                stack.append(COMPARE[operator](has, asked))
        return all(stack)

    def _follow(self, row: Row, name: str) -> Any:
        first, _, rest = name.partition(".")
        if not rest or not row[first]:
            return row[first]
        return self._follow(self.tables[LINKS[first]][row[first]], rest)

    def _shown(self, row: Row, fields: set[str]) -> Row:
        return {name: self._told(name, row[name]) for name in fields}

    def _told(self, name: str, value: Any) -> Any:
        """Say a value as reads do: links with their names, instants without microseconds."""
        if name in LINKS and value:
            target = self.tables[LINKS[name]][value]
            return [value, str(target.get("partner_name", target.get("name")))]
        return value[:19] if name in ("create_date", "write_date") else value

    def _get_external_id(self, model: str, body: Row) -> Row:
        return {str(ref): self.external.get((model, ref), "") for ref in body["ids"]}

    def _load(self, model: str, body: Row) -> Row:
        """Import rows; in the mode `update` with `noupdate` what is there stays as it is."""
        context, ids = body.get("context", {}), []
        for cells in body["data"]:
            columns = dict(zip(body["fields"], cells, strict=True))
            name = columns.pop("id")
            there = self._ref(model, name)
            if there is None:
                values, wrong = self._read_cells(model, columns)
                if wrong or re.search(r"\s", name):
                    message = {"type": "error", "record": 0, "message": "no", **wrong}
                    return {"ids": False, "messages": [message], "nextrow": 0}
                there = int(self.insert(model, values)["id"])
                self.external[model, there] = name
                self.note(MADE.get(model, model), name.partition(".")[2])
            elif not (context.get("mode") == "update" and context.get("noupdate")):
                self.update(model, there, self._read_cells(model, columns)[0])
            ids.append(there)
        return {"ids": ids, "messages": [], "nextrow": 0}

    def _ref(self, model: str, name: str) -> int | None:
        """Which object has this external id, if it is still there."""
        refs = [ref for (of, ref), has in self.external.items() if (of, has) == (model, name)]
        return next((ref for ref in refs if ref in self.tables[model]), None)

    def _read_cells(self, model: str, columns: Mapping[str, str]) -> tuple[Row, Row]:
        values: Row = {}
        for column, cell in columns.items():
            name = column.removesuffix("/.id")
            self._known(model, {name})
            try:
                values[name] = self._cell(model, name, cell)
            except (KeyError, ValueError):
                return {}, {"field": name, "field_name": name}
        return values, {}

    def _cell(self, model: str, name: str, cell: str) -> Any:
        default = DEFAULTS[model].get(name)
        if isinstance(default, list):
            target = "res.partner" if name == "partner_ids" else "hr.applicant"
            return [self.tables[target][int(ref)]["id"] for ref in cell.split(",") if ref]
        if name in LINKS:
            return self.tables[LINKS[name]][int(cell)]["id"] if cell else False
        if isinstance(default, bool) and name == "website_published":
            return cell == "1"
        if isinstance(default, int | float) and not isinstance(default, bool):
            return type(default)(cell)
        if name in ("start", "stop"):
            datetime.strptime(cell, "%Y-%m-%d %H:%M:%S")
        return cell or False

    def _write(self, model: str, body: Row) -> bool:
        values = body["vals"]
        for ref in body["ids"]:
            self._there(model, ref)
        self._known(model, set(values))
        for name in values.keys() & LINKS.keys():
            if values[name]:
                self._there(LINKS[name], values[name])
        for ref in body["ids"]:
            self.update(model, ref, values)
            self.note(_kind_of(model, values), str(ref))
        return True

    def _there(self, model: str, ref: int) -> None:
        if ref not in self.tables[model]:
            raise Objection(404, "odoo.exceptions.MissingError", "Record does not exist")

    def _message_post(self, model: str, body: Row) -> list[int]:
        ref = body["ids"][0]
        self._there(model, ref)
        text = {"model": model, "res_id": ref, "body": body["body"]}
        self.note("notes", str(ref))
        return [self.insert("mail.message", text)["id"]]


def _kind_of(model: str, values: Row) -> str:
    if model == "hr.applicant":
        return "rejections" if "refuse_reason_id" in values else "moves"
    return {"hr.job": "closed_jobs", "hr.employee": "corrections"}.get(model, "changes")


def _body(request: Request) -> Row:
    try:
        return dict(request.json)
    except ValueError:
        raise Objection(400, "werkzeug.exceptions.BadRequest", "could not parse") from None


def _like(pattern: str) -> re.Pattern[str]:
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(c, re.escape(c)) for c in pattern), re.I | re.S)


def _error(name: str, message: str) -> Row:
    return {"name": name, "message": message, "arguments": [message], "context": {}, "debug": ""}


SERVED = Served(
    "odoo", lambda at: at.account("sandbox-odoo", "odoo"), lambda scene: Odoo(scene.world)
)
EMPLOYEES = Served("odoo_employees", SERVED.account)
