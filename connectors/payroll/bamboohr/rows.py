"""What BambooHR's JSON means in our records: its categories, and a strict reader per record."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

from connectors.errors import Refused, Unreadable
from connectors.payload import Payload, items
from connectors.records import CorrectHire, CreateHire, Observed, OnboardingStatus, PayUnit

NAME = "bamboohr"
CURRENCY = "USD"  # our offers are in dollars

# No field says how far a hire's onboarding is; that somebody is active is no proof of its end.
ONBOARDING = {"Active": OnboardingStatus.IN_PROGRESS, "Inactive": None}
PAY_TYPES = {
    PayUnit.HOUR: ("Hourly", "Hour"),
    PayUnit.DAY: ("Daily", "Day"),
    PayUnit.YEAR: ("Salary", "Year"),
}
UNITS = {
    "Hour": PayUnit.HOUR,
    "Day": PayUnit.DAY,
    "Year": PayUnit.YEAR,
    "Week": None,
    "Month": None,
    "Quarter": None,
    "Pay Period": None,
    "Piece": None,
}  # None: BambooHR has it, our offers do not
EXEMPT = {"Exempt": True, "Non-exempt": False}
NO_DATE = "0000-00-00"
NOT_BEGUN = datetime.max.replace(tzinfo=UTC)
# What we keep of each table's rows; comments and fields the client made up may be anything.
KEPT = {
    "jobInfo": ("id", "date", "jobTitle", "location"),
    "compensation": ("id", "startDate", "rate", "type", "exempt", "paidPer"),
}


@dataclass(frozen=True, slots=True)
class Dated:
    """A row of a history, in force from a day on."""

    id: str
    since: date


@dataclass(frozen=True, slots=True)
class Pay(Dated):
    """A row of the table `compensation`. `unit` is in BambooHR's words."""

    rate_cents: int
    unit: str
    exempt: bool | None

    @property
    def our_unit(self) -> PayUnit:
        """The unit; Refused where our offers have none like it."""
        unit = Payload(NAME, {"paidPer": self.unit}).choice("paidPer", UNITS)
        if unit is None:
            raise Refused(NAME, f"compensation {self.id} is paid by the {self.unit.lower()}")
        return unit


@dataclass(frozen=True, slots=True)
class Job(Dated):
    """A row of the table `jobInfo`; `location` is a location's label."""

    title: str
    location: str


@dataclass(frozen=True, slots=True)
class EmployeeRow:
    """An employee with both histories; `reference` is our own name for the application."""

    id: str
    reference: str
    onboarding: OnboardingStatus | None
    hired_on: date | None
    changed_at: datetime
    jobs: tuple[Job, ...]
    pays: tuple[Pay, ...]
    document: bytes


D = TypeVar("D", bound=Dated)


def in_force(dated: Sequence[D], day: date) -> D:
    """Choose what is in force on a day: the latest begun by then, or what begins first."""
    if not dated:
        raise Refused(NAME, "an employee has no job or no compensation we may read")
    begun = [row for row in dated if row.since <= day]
    if begun:
        return max(begun, key=lambda row: row.since)
    return min(dated, key=lambda row: row.since)


def compensation(request: CreateHire | CorrectHire) -> dict[str, Any]:
    """Say pay in BambooHR's words, without the day it begins."""
    kind, paid_per = PAY_TYPES[request.unit]
    return {
        "rate": {"currency": CURRENCY, "value": dollars(request.rate_cents)},
        "type": kind,
        "exempt": "Exempt" if request.exempt else "Non-exempt",
        "paidPer": paid_per,
    }


def agrees(pay: Pay, request: CreateHire | CorrectHire) -> bool:
    """Whether a row pays what was agreed."""
    terms = (request.rate_cents, PAY_TYPES[request.unit][1], request.exempt)
    return (pay.rate_cents, pay.unit, pay.exempt) == terms


def dollars(cents: int) -> str:
    """Write an amount with two decimals."""
    return f"{cents // 100}.{cents % 100:02d}"


def read_employee(body: Any, field: str, jobs: Any, pays: Any) -> EmployeeRow:
    """Read an employee, asked for with the `field` that holds our reference, and two tables."""
    row = Payload(NAME, body)
    kept = {name: body.get(name) for name in ("id", "status", "hireDate", "lastChanged", field)}
    tables = {"jobInfo": items(NAME, jobs), "compensation": items(NAME, pays)}
    document: dict[str, Any] = {"employee": kept}
    for name, raw in (("jobInfo", jobs), ("compensation", pays)):
        document[name] = [{key: each.get(key) for key in KEPT[name]} for each in raw]
    return EmployeeRow(
        id=row.take("id", str),
        reference=row.maybe(field, str) or "",
        onboarding=row.choice("status", ONBOARDING),
        hired_on=_day(row, "hireDate"),
        changed_at=row.time("lastChanged"),
        jobs=tuple(_job(each) for each in tables["jobInfo"]),
        pays=tuple(_pay(each) for each in tables["compensation"]),
        document=json.dumps(document).encode(),
    )


def _job(row: Payload) -> Job:
    return Job(
        id=row.take("id", str),
        since=row.day("date"),
        title=row.maybe("jobTitle", str) or "",
        location=row.maybe("location", str) or "",
    )


def _pay(row: Payload) -> Pay:
    id, since = row.take("id", str), row.day("startDate")
    rate = row.inner("rate")
    if (currency := rate.take("currency", str)) != CURRENCY:
        raise Unreadable(NAME, f"compensation {id} is in {currency[:3]!r}, not in {CURRENCY}")
    return Pay(
        id=id,
        since=since,
        rate_cents=rate.cents("value"),
        unit=row.take("paidPer", str),
        exempt=row.maybe_choice("exempt", EXEMPT),
    )


def _day(row: Payload, key: str) -> date | None:
    """Read a date; BambooHR writes zeros where there is none."""
    text = row.maybe(key, str)
    if text in (None, "", NO_DATE):
        return None
    return Payload(NAME, {key: text}).day(key)


def listed(row: Payload) -> Observed:
    """Read no more of a listed employee than who and since when."""
    begun = _day(row, "hireDate")
    since = datetime.combine(begun, time(), UTC) if begun else NOT_BEGUN
    return Observed(external_id=row.take("employeeId", str), updated_at=since)


def read_location(row: Payload) -> tuple[str, str, str]:
    """Read a location's label, city and state ("" where work is remote)."""
    label, address = row.take("label", str), row.maybe_inner("address")
    if address is None:
        return label, "", ""
    state = address.maybe_inner("state")
    return (
        label,
        address.maybe("city", str) or "",
        (state and state.maybe("abbreviation", str)) or "",
    )


def restricted(row: Mapping[str, Any], *fields: str) -> bool:
    """Whether the key may not see one of these fields of a listed employee."""
    hidden = row.get("_restrictedFields")
    if not isinstance(hidden, list):
        raise Unreadable(NAME, "a listed employee does not say what is hidden")
    return not set(fields).isdisjoint(hidden)
