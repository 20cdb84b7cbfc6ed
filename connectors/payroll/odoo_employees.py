"""Odoo 19 Employees (module hr) as the system that holds employees. Odoo by itself pays nobody.

Documents, auth, errors and once only: connectors/json2.py. Option: `database`.

Quirks
- An employee is made under our name of the application, and once. Odoo's own way, a method of the
  applicant, makes another employee each time it is called; so it is not used. An applicant in the
  hired stage with the same e-mail address is linked to the employee, which is what it does besides.
- Somebody with this e-mail address who is not of this hire is not taken over: a person looks.
- A wage is by the month for whoever has working hours, by the hour for whoever has none. A yearly
  rate is told as a twelfth, in cents: a whole amount a year comes back exactly. One that would not
  is Unsupported, as is pay by the day. Whether a job is exempt is not said.
- A work location is a name: it is found, and read back, as in "Oakland, CA".
- Nothing is told of onboarding: an employee who is there counts as complete. Forms I-9 and W-4 and
  bank details are no part of it.
- There are no pay statements: what was paid must come from the payroll that pays.

Unverified: Enterprise's Payroll, which adds ways to state a wage; several companies in one Odoo.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from connectors import watched
from connectors.access import Access
from connectors.errors import Refused, Unsupported
from connectors.health import Check, tried
from connectors.json2 import ALWAYS, DATABASE, DOCUMENTS, Odoo, Row, instant, link, opened
from connectors.payload import Payload
from connectors.ports import Payroll
from connectors.records import (
    CorrectHire,
    CreateHire,
    Employee,
    Observed,
    OnboardingStatus,
    Page,
    PayUnit,
    Place,
    Receipt,
    Request,
)
from connectors.vendor import Vendor

NAME = "odoo_employees"
PREFIX = "employee_"
MONTHS = 12
CENTS = Decimal("0.01")
FIELDS = (
    "id",
    "active",
    "company_id",
    "job_title",
    "contract_date_start",
    "wage",
    "resource_calendar_id",
    "work_location_id",
    "write_date",
)


def connect(access: Access, *, sleep: Callable[[float], None] = time.sleep) -> Payroll:
    """Open one client's Odoo."""
    return OdooEmployees(opened(NAME, access, sleep))


VENDOR = Vendor(
    kind="payroll",
    name=NAME,
    title="Odoo Employees",
    documents=DOCUMENTS,
    reads="employees and their terms",
    writes="employees; start, wage and work location when they differ from the signed offer",
    connect=connect,
    address="the client's own Odoo, as in `https://acme.odoo.com`",
    key="an API key of a user who is Employees: Administrator",
    settings=(DATABASE,),
    scopes=("Employees: Administrator", "Recruitment: Officer"),
)


class OdooEmployees:
    """The client's employees in Odoo, in our records."""

    resources: tuple[str, ...] = ("employees",)  # `all_employees` when asked for

    def __init__(self, odoo: Odoo) -> None:
        self._odoo = odoo

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield the watched employees, as they are now.

        `all_employees` lists everybody, whoever entered them, those who left too.
        """
        if resource == "employees":
            yield from watched.each(watching, self._hired)
        elif resource == "all_employees":
            rows = self._odoo.rows("hr.employee", [ALWAYS], ("id", "create_date"))
            yield watched.page(rows, _listed, None)
        else:
            raise Unsupported(NAME, f"has no {resource}")

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look whether there is an employee of our name, or whether the terms are as asked for."""
        match request:
            case CreateHire():
                employee = self._odoo.named("hr.employee", _name(request), [])
                return Receipt(external_id=employee) if employee else None
            case CorrectHire():
                repairs = self._repairs(request)
                return None if repairs else Receipt(external_id=request.employee_ref)
        raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def create_hire(self, request: CreateHire, key: str) -> Receipt:
        """Create the employee, and link the applicant who was hired.

        Raises Refused if the work location is not there, or if somebody else has the e-mail
        address; Unsupported for pay that Odoo cannot state.
        """
        wage = _wage(request.rate_cents, request.unit)
        location = self._location(request.work_place)
        self._look_for_others(request)
        values = {
            "name": f"{request.first_name} {request.last_name}".strip(),
            "private_email": request.email.strip(),
            "job_title": request.title,
            "contract_date_start": request.start_on.isoformat(),
            "wage": str(wage),
            "work_location_id/.id": str(location),
        }
        if request.unit is PayUnit.HOUR:
            values["resource_calendar_id/.id"] = ""
        applicants = self._applicants(request.email)
        if len(applicants) == 1 and applicants[0]["employee_id"] is None:
            values["applicant_ids/.id"] = str(applicants[0]["id"])
        return Receipt(external_id=self._odoo.make("hr.employee", _name(request), values))

    def correct_hire(self, request: CorrectHire, key: str) -> Receipt:
        """Change what differs from the signed terms."""
        if repairs := self._repairs(request):
            self._odoo.change("hr.employee", request.employee_ref, repairs)
        return Receipt(external_id=request.employee_ref)

    def check(self) -> Iterator[Check]:
        """Whether the key may read employees; Odoo's clock."""
        remedy = "give the key's user the rights of an officer for employees"
        yield tried("employees", remedy, lambda: self._odoo.fields("hr.employee"))
        yield from self._odoo.health()

    def _hired(self, ref: str) -> tuple[Observed, ...]:
        row = self._odoo.one("hr.employee", ref, FIELDS)
        name = self._odoo.external_ids("hr.employee", [row["id"]])[str(row["id"])]
        if not name.startswith(PREFIX):
            raise Refused(NAME, f"employee {ref} is none that we entered")
        return (_read_employee(row, name.removeprefix(PREFIX)),)

    def _repairs(self, request: CorrectHire) -> Row:
        """Say what must be set; raises Refused for a yearly wage of one without working hours."""
        row = self._odoo.one("hr.employee", request.employee_ref, FIELDS)
        is_hourly = row["resource_calendar_id"] is None
        if is_hourly and request.unit is PayUnit.YEAR:
            raise Refused(
                NAME, f"employee {request.employee_ref} has no working hours: set them in Odoo"
            )
        wanted: Row = {}
        if row["contract_date_start"] != request.start_on.isoformat():
            wanted["contract_date_start"] = request.start_on.isoformat()
        wage = _wage(request.rate_cents, request.unit)
        if _amount(row["wage"]) != wage:
            wanted["wage"] = float(wage)
        if not is_hourly and request.unit is PayUnit.HOUR:
            wanted["resource_calendar_id"] = False
        location = self._location(request.work_place)
        if (row["work_location_id"] or [None])[0] != location:
            wanted["work_location_id"] = location
        return wanted

    def _look_for_others(self, request: CreateHire) -> None:
        """Raise Refused if somebody has this e-mail address who is not of this hire."""
        email = _plain(request.email)
        domain = ["|", ("private_email", "=ilike", email), ("work_email", "=ilike", email), ALWAYS]
        rows = self._odoo.rows("hr.employee", domain, ("private_email", "work_email"))
        same = {
            row["id"]
            for row in rows
            if email in (_plain(row["private_email"]), _plain(row["work_email"]))
        }
        linked = [row["employee_id"] for row in self._applicants(request.email)]
        same |= {link[0] for link in linked if link}
        names = self._odoo.external_ids("hr.employee", sorted(same)) if same else {}
        for ref, name in names.items():
            if name != _name(request):
                raise Refused(
                    NAME,
                    f"employee {ref} has this e-mail address and is not of this hire: "
                    "delete them in Odoo if they were entered for it, else change the address",
                )

    def _applicants(self, email: str) -> list[Row]:
        """Find who was hired with this e-mail address."""
        domain = [("email_normalized", "=", _plain(email)), ("stage_id.hired_stage", "=", True)]
        return self._odoo.rows("hr.applicant", domain, ("employee_id",))

    def _location(self, place: Place) -> int:
        name = f"{place.city}, {place.region}"
        rows = self._odoo.rows("hr.work.location", [("name", "=", name)], ("name",))
        if len(rows) != 1:
            raise Refused(NAME, f"{len(rows)} work locations are named {name!r}: there must be one")
        return int(rows[0]["id"])


def _name(request: CreateHire) -> str:
    return f"{PREFIX}{request.application_key}"


def _read_employee(data: Row, application_key: str) -> Employee:
    row = Payload(NAME, data)
    ref = str(row.take("id", int))
    start = row.maybe("contract_date_start", str)
    company, location = link(row, "company_id"), link(row, "work_location_id")
    if not row.take("active", bool) or start is None or company is None:
        raise Refused(NAME, f"employee {ref} is archived, or has no contract")
    unit = PayUnit.HOUR if link(row, "resource_calendar_id") is None else PayUnit.YEAR
    return Employee(
        external_id=ref,
        updated_at=instant(row, "write_date"),
        document=json.dumps(data).encode(),
        application_key=application_key,
        onboarding=OnboardingStatus.COMPLETE,
        entity=company[1],
        title=row.maybe("job_title", str) or "",
        start_on=_day(start),
        rate_cents=_rate(row.cents("wage"), unit),
        unit=unit,
        work_place=location[1] if location else "",
    )


def _listed(data: Row) -> tuple[Observed, ...]:
    row = Payload(NAME, data)
    created = instant(row, "create_date")
    return (Observed(external_id=str(row.take("id", int)), updated_at=created),)


def _wage(rate_cents: int, unit: PayUnit) -> Decimal:
    """State pay as Odoo does; Unsupported if it would be read back as something else."""
    if unit is PayUnit.DAY:
        raise Unsupported(NAME, "has no pay by the day")
    months = MONTHS if unit is PayUnit.YEAR else 1
    wage = (Decimal(rate_cents) / 100 / months).quantize(CENTS, ROUND_HALF_UP)
    if _rate(int(wage * 100), unit) != rate_cents:
        raise Unsupported(NAME, "states pay by the month: a year's must be a whole amount")
    return wage


def _rate(wage_cents: int, unit: PayUnit) -> int:
    """Read pay: of a year, the whole amount whose twelfth this is, else twelve of it."""
    if unit is PayUnit.HOUR:
        return wage_cents
    year = wage_cents * MONTHS
    whole = round(Decimal(year) / 100) * 100
    return whole if 2 * abs(whole - year) <= MONTHS else year


def _amount(wage: float | None) -> Decimal:
    return Decimal(str(wage or 0)).quantize(CENTS)


def _plain(email: str | None) -> str:
    return (email or "").strip().lower()


def _day(text: str) -> date:
    return Payload(NAME, {"contract_date_start": text}).day("contract_date_start")
