"""What Deel's JSON means in our records: its categories, and a strict reader per record."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

from connectors.errors import Refused, Unreadable
from connectors.payload import Payload
from connectors.records import (
    CorrectHire,
    CreateHire,
    Employee,
    Observed,
    OnboardingStatus,
    PayStatement,
    PayUnit,
)

NAME = "deel"
NOT_BEGUN = datetime.max.replace(tzinfo=UTC)
ONE_DAY = timedelta(days=1)  # midnight, in whichever zone, is that near to midnight in ours

STATUSES = {
    "draft": OnboardingStatus.INVITED,
    "pending_invite": OnboardingStatus.INVITED,
    "invited": OnboardingStatus.INVITED,
    "in_review": OnboardingStatus.AWAITING_REVIEW,
    "quote_requires_changes": OnboardingStatus.AWAITING_REVIEW,
    "onboarding": OnboardingStatus.IN_PROGRESS,
    "onboarding_at_risk": OnboardingStatus.IN_PROGRESS,
    "onboarding_overdue": OnboardingStatus.OVERDUE,
    "onboarded": OnboardingStatus.COMPLETE,
    "active": OnboardingStatus.COMPLETE,
    "offboarding": None,
    "inactive": None,
}  # None: employed no more, or soon
CONTRACTS = {
    **dict.fromkeys(
        (
            "new",
            "under_review",
            "waiting_for_approval",
            "waiting_for_employee_contract",
            "waiting_for_client_sign",
            "waiting_for_contractor_sign",
            "waiting_for_eor_sign",
            "waiting_for_employee_sign",
            "waiting_for_hris_employee_sign",
            "awaiting_deposit_payment",
            "waiting_for_client_payment",
            "processing_payment",
            "onboarding",
        ),
        False,
    ),
    **dict.fromkeys(("in_progress", "onboarded"), True),
    **dict.fromkeys(("completed", "cancelled", "user_cancelled", "rejected"), None),
}  # whether everybody has signed and paid what was to be; None: it is over
HIRING_TYPES = {
    "direct_employee": True,
    **dict.fromkeys(
        (
            "contractor",
            "contractor_outside_deel",
            "eor",
            "hris_direct_contractor",
            "hris_direct_employee",
            "peo",
            "person_without_contract",
        ),
        False,
    ),
}  # whether Deel's Global Payroll pays them
UNITS = {
    **dict.fromkeys(("annual", "year", "yearly"), PayUnit.YEAR),
    **dict.fromkeys(("daily", "day"), PayUnit.DAY),
    **dict.fromkeys(("hourly", "hour"), PayUnit.HOUR),
    **dict.fromkeys(("monthly", "month", "semimonthly", "biweekly", "weekly", "week"), None),
}  # None: Deel has it, our offers do not
SCALES = {PayUnit.YEAR: "YEAR", PayUnit.HOUR: "HOUR"}  # Global Payroll pays nobody by the day
CHANGES = {"ACTIVE": True, "UPCOMING": True, "OUTDATED": False}  # whether a pay holds or will
PAYSLIPS = {"AVAILABLE": True, "PUBLISHED": True, "PENDING": False}  # whether it is out
CYCLES = {"REGULAR": True, "OFFCYCLE": False}
TOTALS = "TOTALS"
# What is kept; all else may be anything, and much is private.
OF_PERSON = ("id", "updated_at", "work_location")
OF_EMPLOYMENT = """id job_title start_date hiring_type hiring_status new_hiring_status
    contract_status client_legal_entity country state""".split()  # noqa: SIM905 - short
OF_PAYMENT = ("rate", "scale", "currency")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Terms:
    """What the account says: our offers' currency, and places as offers say them by Deel's name."""

    currency: str
    places: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Person:
    """A person with the one contract that is not over; `document` is what we keep.

    `entity_id` is Deel's id of the client's legal entity, `is_paid` whether Global Payroll pays.
    """

    id: str
    contract: str
    onboarding: OnboardingStatus
    entity: str
    entity_id: str
    title: str
    start_on: date
    pay: tuple[int, PayUnit]
    place: str
    is_paid: bool
    updated_at: datetime
    document: bytes


def candidate(request: CreateHire, profile_url: str) -> Row:
    """Say a hire as a candidate who has accepted an offer."""
    place = request.work_place
    told = {
        "id": request.application_key,
        "status": "offer-accepted",
        "first_name": request.first_name,
        "last_name": request.last_name,
        "personal_email": request.email,
        "job_title": request.title,
        "start_date": request.start_on.isoformat(),
        "country": place.country,
        "state": place.state.partition("-")[2],
        "link": profile_url,
    }
    return {"data": {name: said for name, said in told.items() if said}}


def handed_over(body: Any) -> None:
    """Accept the one answer that says a candidate was made."""
    if not Payload(NAME, body).inner("data").take("created", bool):
        raise Unreadable(NAME, "the candidate is not said to be created")


def compensation(request: CorrectHire) -> Row:
    """Say the signed pay in the words of Global Payroll, in force from the first day."""
    return {
        "scale": SCALES[request.unit],
        "salary": request.rate_cents / 100,
        "effective_date": request.start_on.isoformat(),
    }


def changed(body: Any, asked: Row) -> None:
    """Accept a history of pay in which what was asked for holds, or will."""
    for row in Payload(NAME, body).items("data"):
        if not row.choice("status", CHANGES):
            continue
        said = row.take("scale", str), row.cents("salary"), row.take("effective_date", str)
        if said == (asked["scale"], round(asked["salary"] * 100), asked["effective_date"]):
            return
    raise Unreadable(NAME, "the history of pay does not show the change")


def differences(held: Person, request: CorrectHire) -> list[str]:
    """Which terms differ from those asked for, in words."""
    place = request.work_place
    pairs = {
        "pay": (held.pay, (request.rate_cents, request.unit)),
        "first day": (held.start_on, request.start_on),
        "work place": (held.place, f"{place.city}, {place.region}"),
    }
    return [term for term, (is_, signed) in pairs.items() if is_ != signed]


def mark(application_key: str, email: str) -> str:
    """By which whoever has this e-mail address is known again; it does not tell the address."""
    told = f"{application_key}:{email.strip().casefold()}"
    return sha256(told.encode()).hexdigest()[:16]


def emails(row: Row) -> set[str]:
    """The e-mail addresses of a listed person, at home and at work; strange ones are left out."""
    told = row.get("emails")
    found = [one.get("value") for one in told or () if isinstance(one, dict)]
    return {value.strip().casefold() for value in found if isinstance(value, str) and value.strip()}


def begins(row: Row) -> list[str]:
    """The first days of a person's contracts that are not over, as Deel writes them."""
    return [str(one.get("start_date")) for one in _current(Payload(NAME, row))]


def shows_pay(rows: list[Row]) -> bool:
    """Whether somebody's pay is shown, or nobody has a contract that might have any."""
    jobs = [one for row in rows for one in Payload(NAME, row).items("employments")]
    return not jobs or any([one.maybe("payment", dict) for one in jobs])


def listed(row: Row) -> Observed:
    """Read no more of a listed person than who and since when."""
    told = Payload(NAME, row)
    day = told.day("start_date") if row.get("start_date") else None
    at = datetime.combine(day, time(), UTC) if day else NOT_BEGUN
    return Observed(external_id=told.take("id", str), updated_at=at)


def read_person(body: Any, terms: Terms) -> Person | None:
    """Read a person; None if they have no contract yet.

    Raises Refused if all their contracts are over, or several are not, or no pay is shown.
    """
    told = Payload(NAME, body).take("data", dict)
    row = Payload(NAME, told)
    id = row.take("id", str)
    if not told.get("employments"):
        return None
    jobs = list(_current(row))
    if len(jobs) != 1:
        raise Refused(NAME, f"{id} has {len(jobs)} contracts that are not over: one is expected")
    job = Payload(NAME, jobs[0])
    onboarding = _onboarding(id, job)
    if (payment := job.maybe_inner("payment")) is None:
        raise Refused(NAME, f"no pay of {id} is shown: let the token see employment data")
    entity = job.maybe_inner("client_legal_entity") or Payload(NAME, {})
    place, start_on = row.maybe("work_location", str) or "", job.day("start_date")
    return Person(
        id=id,
        contract=job.take("id", str),
        onboarding=onboarding,
        entity=entity.maybe("name", str) or "",
        entity_id=str(entity.whatever("id") or ""),
        title=job.maybe("job_title", str) or "",
        start_on=start_on,
        pay=_pay(id, payment, terms.currency),
        place=terms.places.get(place, place),
        is_paid=job.choice("hiring_type", HIRING_TYPES),
        updated_at=row.maybe_time("updated_at") or datetime.combine(start_on, time(), UTC),
        document=_document(told, jobs[0]),
    )


def hired(person: Person, application_key: str) -> Employee:
    """The person as the hire of an application."""
    cents, unit = person.pay
    return Employee(
        external_id=person.id,
        updated_at=person.updated_at,
        document=person.document,
        application_key=application_key,
        onboarding=person.onboarding,
        entity=person.entity,
        title=person.title,
        start_on=person.start_on,
        rate_cents=cents,
        unit=unit,
        work_place=person.place,
    )


def is_of(cycle: Payload, begin: date, end: date) -> bool:
    """Whether a cycle is the regular one of a payslip's period.

    Deel writes its days as instants, and not in which zone they begin.
    """
    days = {"date_start": begin, "date_end": end}
    return cycle.choice("type", CYCLES) and all(
        abs(cycle.time(name) - datetime.combine(day, time(), UTC)) <= ONE_DAY
        for name, day in days.items()
    )


def gross_of(line: Payload, label: str, currency: str) -> int:
    """The gross pay of one contract's line of a gross-to-net report, in cents."""
    _in(line, "currency", currency)
    totals = [one for one in line.items("items") if one.maybe("category_group", str) == TOTALS]
    found = [one.cents("value") for one in totals if one.maybe("label", str) == label]
    if len(found) != 1:
        raise Unreadable(NAME, f"a report has {len(found)} totals with the label of gross pay")
    return found[0]


def read_statement(
    person: Person, id: str, period: tuple[date, date], gross_cents: int
) -> PayStatement:
    """Read a payslip, with the terms that are the person's when it is first seen."""
    begin, end = period
    cents, unit = person.pay
    kept = {"id": id, "from": begin, "to": end, "contract": person.contract, "gross": gross_cents}
    return PayStatement(
        external_id=id,
        updated_at=datetime.combine(end, time(), UTC),
        document=json.dumps(kept, default=str).encode(),
        employee_ref=person.id,
        check_on=end,
        period_start_on=begin,
        period_end_on=end,
        gross_cents=gross_cents,
        rate_cents=cents,
        unit=unit,
        start_on=person.start_on,
        work_place=person.place,
        entity=person.entity,
    )


def _current(row: Payload) -> Iterator[Row]:
    """A person's contracts that are not over."""
    ends = ("is_ended", "is_user_contract_deleted", "contract_is_archived")
    for job in row.maybe("employments", list) or []:
        told = Payload(NAME, job)
        is_over = any([told.maybe(name, bool) for name in ends])
        if not is_over and told.choice("contract_status", CONTRACTS) is not None:
            yield job


def _onboarding(id: str, job: Payload) -> OnboardingStatus:
    """How far somebody is; nobody is there before everybody has signed."""
    # The second is coarser, and all that some tokens are shown.
    said = job.maybe("new_hiring_status", str) or job.maybe("hiring_status", str)
    status = Payload(NAME, {"hiring_status": said}).choice("hiring_status", STATUSES)
    is_signed = job.choice("contract_status", CONTRACTS)
    if status is None:
        raise Refused(NAME, f"{id} is leaving or has left")
    if status is OnboardingStatus.COMPLETE and not is_signed:
        return OnboardingStatus.IN_PROGRESS
    return status


def _pay(id: str, payment: Payload, currency: str) -> tuple[int, PayUnit]:
    scale = payment.take("scale", str).casefold()
    unit = Payload(NAME, {"scale": scale}).choice("scale", UNITS)
    if unit is None:
        raise Refused(NAME, f"{id} is paid in a unit that our offers do not have")
    _in(payment, "currency", currency)
    return payment.cents("rate"), unit


def _in(money: Payload, name: str, currency: str) -> None:
    if (told := money.take(name, str)).upper() != currency:
        raise Unreadable(NAME, f"an amount is in {told[:3]!r}, not in {currency}")


def _document(person: Row, job: Row) -> bytes:
    kept = {
        "person": {name: person.get(name) for name in OF_PERSON},
        "employment": {name: job.get(name) for name in OF_EMPLOYMENT},
        "payment": {name: job["payment"].get(name) for name in OF_PAYMENT},
    }
    return json.dumps(kept).encode()
