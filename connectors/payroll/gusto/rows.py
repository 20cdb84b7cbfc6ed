"""What Gusto's JSON means in our records: its categories, and a strict reader per record."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from connectors.errors import OutcomeUnknown, Refused, Unreadable, Unsupported
from connectors.payload import Payload, items
from connectors.records import (
    CorrectHire,
    CreateHire,
    Observed,
    OnboardingStatus,
    PayUnit,
)

NAME = "gusto"
NOT_BEGUN = datetime.max.replace(tzinfo=UTC)

ONBOARDING = {
    "admin_onboarding_incomplete": OnboardingStatus.IN_PROGRESS,
    "self_onboarding_pending_invite": OnboardingStatus.INVITED,
    "self_onboarding_invited": OnboardingStatus.INVITED,
    "self_onboarding_invited_started": OnboardingStatus.IN_PROGRESS,
    "self_onboarding_invited_overdue": OnboardingStatus.OVERDUE,
    "self_onboarding_completed_by_employee": OnboardingStatus.AWAITING_REVIEW,
    "self_onboarding_awaiting_admin_review": OnboardingStatus.AWAITING_REVIEW,
    "onboarding_completed": OnboardingStatus.COMPLETE,
}
PAYMENT_UNITS = {PayUnit.HOUR: "Hour", PayUnit.YEAR: "Year"}
UNITS = {
    "Hour": PayUnit.HOUR,
    "Year": PayUnit.YEAR,
    "Week": None,
    "Month": None,
    "Paycheck": None,
}  # None: Gusto has it, our offers do not
BATCHES = {
    "pending": "open",
    "processing": "open",
    "completed": "done",
    "partial_success": "faulty",
    "failed": "faulty",
}
UNUSED = frozenset(
    """active adjust_for_minimum_wage applicable_tax_ids check_amount company_uuid country
    current_compensation_uuid current_employment_status custom_fields date_of_birth department
    department_uuid eligible_paid_time_off email employee_code employee_uuid first_name
    flsa_status garnishments has_ssn hidden_ssn hired_at historical job_uuid last_name location
    location_uuid manager_uuid member_portal_invitation_status middle_initial minimum_wages
    net_pay onboarded onboarding_documents_config partner_portal_invitation_sent payment_method
    payment_unit phone preferred_first_name rate ssn state_wc_class_code state_wc_covered
    street_1 street_2 terminated terminations title two_percent_shareholder version work_email
    zip""".split()  # noqa: SIM905 - as a list, fifty names would take fifty lines
)
# What the employer makes up itself (`custom_fields`) may be anything.
PRIVATE = frozenset(
    {"ssn", "hidden_ssn", "date_of_birth", "phone", "garnishments", "custom_fields"}
)


@dataclass(frozen=True, slots=True)
class Dated:
    """What is in force from a day on, with the version a change must name."""

    uuid: str
    version: str
    effective_on: date


@dataclass(frozen=True, slots=True)
class Pay(Dated):
    """One compensation of a job."""

    rate_cents: int
    unit: str
    flsa: str

    @property
    def terms(self) -> dict[str, str]:
        """What a change would have to say, had it to stay as it is."""
        return {
            "rate": _dollars(self.rate_cents),
            "payment_unit": self.unit,
            "flsa_status": self.flsa,
        }

    @property
    def our_unit(self) -> PayUnit:
        """The unit; Refused where our offers have none like it."""
        unit = Payload(NAME, {"payment_unit": self.unit}).choice("payment_unit", UNITS)
        if unit is None:
            raise Refused(NAME, f"compensation {self.uuid} is paid by the {self.unit.lower()}")
        return unit


@dataclass(frozen=True, slots=True)
class Address(Dated):
    """One work address."""

    location_uuid: str
    place: str


@dataclass(frozen=True, slots=True)
class EmployeeRow:
    """An employee with the primary job; `document` is theirs without what is private."""

    uuid: str
    onboarding: OnboardingStatus
    job_uuid: str
    job_version: str
    title: str
    hired_on: date
    pays: tuple[Pay, ...]
    addresses: tuple[Address, ...]
    document: bytes


D = TypeVar("D", bound=Dated)


def in_force(dated: Sequence[D], day: date) -> D:
    """Choose what is in force on a day: the latest begun by then, or what begins first."""
    if not dated:
        raise Refused(NAME, "an employee has no work address or no compensation we may read")
    begun = [item for item in dated if item.effective_on <= day]
    if begun:
        return max(begun, key=lambda item: item.effective_on)
    return min(dated, key=lambda item: item.effective_on)


def compensation(request: CreateHire | CorrectHire) -> dict[str, str]:
    """Say pay in Gusto's words; Unsupported for pay by the day."""
    if request.unit not in PAYMENT_UNITS:
        raise Unsupported(NAME, f"has no pay by the {request.unit}")
    salaried = "Salaried Nonexempt" if request.unit is PayUnit.YEAR else "Nonexempt"
    return {
        "rate": _dollars(request.rate_cents),
        "payment_unit": PAYMENT_UNITS[request.unit],
        "flsa_status": "Exempt" if request.exempt else salaried,
    }


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def existing_batch(body: Any) -> str:
    """Read which batch a used idempotency key belongs to; raises OutcomeUnknown."""
    try:
        return Payload(NAME, body).items("errors")[0].inner("metadata").take("entity_uuid", str)
    except (Unreadable, IndexError):
        raise OutcomeUnknown(NAME, "a conflict names no batch", status=409) from None


def faults(batch: Payload) -> str:
    """Name what Gusto objects to, by its error keys: its messages may quote the person."""
    keys = [f"excluded {e.take('reason_code', str)}" for e in batch.items("exclusions")]
    for result in batch.items("results"):
        keys += _error_keys(result)
    return ", ".join(keys) or "no reason given"


def _error_keys(parent: Payload) -> list[str]:
    keys = []
    for error in parent.items("errors"):
        keys += [error.take("error_key", str), *_error_keys(error)]
    return keys


def listed(row: Payload) -> Observed:
    """Read no more of an employee than who and since when; without a job they are yet to begin."""
    jobs = [job for job in row.items("jobs") if job.maybe("primary", bool)]
    days = [job.day("hire_date") for job in jobs if "hire_date" in job.names]
    begun = [datetime.combine(day, datetime.min.time(), UTC) for day in days]
    return Observed(external_id=row.take("uuid", str), updated_at=min(begun, default=NOT_BEGUN))


def read_employee(body: Any, addresses: Any) -> EmployeeRow:
    """Read an employee with the primary job."""
    row = Payload(NAME, body)
    jobs = [job for job in row.items("jobs") if job.take("primary", bool)]
    if not jobs:
        raise Refused(NAME, "an employee has no primary job")
    job = jobs[0]
    kept = {key: value for key, value in body.items() if key not in PRIVATE}
    employee = EmployeeRow(
        uuid=row.take("uuid", str),
        onboarding=row.choice("onboarding_status", ONBOARDING),
        job_uuid=job.take("uuid", str),
        job_version=job.take("version", str),
        title=job.maybe("title", str) or "",
        hired_on=job.day("hire_date"),
        pays=tuple(_pay(pay) for pay in job.items("compensations")),
        addresses=tuple(_address(address) for address in items(NAME, addresses)),
        document=json.dumps({"employee": kept, "work_addresses": addresses}).encode(),
    )
    row.close(ignoring=UNUSED)
    job.close(ignoring=UNUSED)
    return employee


def _pay(row: Payload) -> Pay:
    pay = Pay(
        uuid=row.take("uuid", str),
        version=row.take("version", str),
        effective_on=row.day("effective_date"),
        rate_cents=row.cents("rate"),
        unit=row.take("payment_unit", str),
        flsa=row.take("flsa_status", str),
    )
    row.close(ignoring=UNUSED)
    return pay


def _address(row: Payload) -> Address:
    address = Address(
        uuid=row.take("uuid", str),
        version=row.take("version", str),
        effective_on=row.day("effective_date"),
        location_uuid=row.take("location_uuid", str),
        place=f"{row.take('city', str)}, {row.take('state', str)}",
    )
    row.close(ignoring=UNUSED)
    return address
