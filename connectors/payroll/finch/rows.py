"""What Finch's JSON means in our records: its categories, and a strict reader per record."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from connectors.errors import Refused, Unreadable
from connectors.payload import Payload
from connectors.records import CreateHire, Observed, OnboardingStatus, PayStatement, PayUnit

NAME = "finch"
CURRENCY = "usd"  # our offers are in dollars
NOT_BEGUN = datetime.max.replace(tzinfo=UTC)
GOOD, NOT_YET, BUSY = 200, 202, 429

STATUSES = {
    "prehire": OnboardingStatus.INVITED,
    "onboarding": OnboardingStatus.IN_PROGRESS,
    "active": OnboardingStatus.COMPLETE,
    "leave": OnboardingStatus.COMPLETE,
    "terminated": None,
    "retired": None,
    "deceased": None,
}  # None: employed no more
UNITS = {
    "hourly": PayUnit.HOUR,
    "daily": PayUnit.DAY,
    "yearly": PayUnit.YEAR,
    "weekly": None,
    "bi_weekly": None,
    "semi_monthly": None,
    "monthly": None,
    "quarterly": None,
    "fixed": None,
}  # None: providers have it, our offers do not
# What is kept; all else may be anything, and much is private.
OF_EMPLOYMENT = """id title employment employment_status is_active start_date latest_rehire_date
    location flsa_status income income_history""".split()  # noqa: SIM905 - short
OF_STATEMENT = ("individual_id", "type", "gross_pay")
OF_PAYMENT = ("id", "pay_date", "pay_period")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pay:
    """One pay and since when it is in force; None where it is not said."""

    since: date | None
    cents: int
    unit: PayUnit


@dataclass(frozen=True, slots=True)
class Employment:
    """An individual's employment with present and earlier pay; `document` is what we keep."""

    id: str
    onboarding: OnboardingStatus
    title: str
    start_on: date
    pay: tuple[int, PayUnit]
    income: Row
    income_history: list[Row]
    place: str
    document: bytes

    def pay_on(self, day: date) -> tuple[int, PayUnit]:
        """The pay in force on a day: the present one, unless it began later than an earlier one."""
        since = _pay(self.income).since
        if since is None or since <= day:
            return self.pay
        begun = [(pay.since, pay) for pay in map(_pay, self.income_history) if pay.since]
        begun = [(since, pay) for since, pay in begun if since <= day]
        if not begun:
            return self.pay
        _, pay = max(begun, key=lambda each: each[0])
        return pay.cents, pay.unit


def answers(body: Any, id: str) -> dict[str, Row]:
    """Read a batch's items, by whom each is about; one that names nobody answers nothing."""
    rows = Payload(NAME, body).take("responses", list)
    return {row[id]: row for row in rows if isinstance(row, dict) and isinstance(row.get(id), str)}


def body_of(told: Mapping[str, Row], ref: str) -> Row | None:
    """What an item tells; None if Finch is still fetching it, or could not just now.

    Raises Refused for an item that failed.
    """
    if ref not in told:
        raise Unreadable(NAME, f"a batch does not answer for {ref}")
    item = Payload(NAME, told[ref])
    code = item.take("code", int)
    if code in (NOT_YET, BUSY) or code >= 500:
        return None
    if code != GOOD:
        raise Refused(NAME, f"{ref}: refused inside a batch", status=code)
    return item.take("body", dict)


def may_be(row: Row, request: CreateHire) -> bool:
    """Whether somebody in the directory may be the hire: a name is alike, or hidden."""
    names = {
        "first_name": request.first_name.strip().casefold(),
        "last_name": request.last_name.strip().casefold(),
    }
    told = Payload(NAME, row)
    return any(
        (said := told.maybe(field, str)) is None or said.strip().casefold() == name
        for field, name in names.items()
    )


def has_email(body: Row, email: str) -> bool:
    """Whether an individual has an e-mail address, at home or at work."""
    found = {
        (one.maybe("data", str) or "").casefold() for one in Payload(NAME, body).items("emails")
    }
    return email.strip().casefold() in found


def begins(body: Row) -> set[str]:
    """The days on which an employment began, as Finch writes them."""
    return {str(body.get("start_date")), str(body.get("latest_rehire_date"))}


def listed(told: Mapping[str, Row], ref: str) -> Observed:
    """Read no more of an employment than whose and since when."""
    since = _start(Payload(NAME, body_of(told, ref) or {}))
    at = datetime.combine(since, time(), UTC) if since else NOT_BEGUN
    return Observed(external_id=ref, updated_at=at)


def read_employment(id: str, body: Row) -> Employment:
    """Read an employment; raises Refused if it is over, or has no start or no pay we know."""
    row = Payload(NAME, body)
    if row.take("id", str) != id:
        raise Unreadable(NAME, f"what is told of {id} is another's")
    onboarding = row.choice("employment_status", STATUSES)
    start_on, income = _start(row), row.maybe("income", dict)
    if onboarding is None or start_on is None or income is None:
        raise Refused(NAME, f"the employment of {id} is over, or shows no first day or no pay")
    pay = _pay(income)
    return Employment(
        id=id,
        onboarding=onboarding,
        title=row.maybe("title", str) or "",
        start_on=start_on,
        pay=(pay.cents, pay.unit),
        income=income,
        income_history=[one for one in row.maybe("income_history", list) or [] if one],
        place=_place(row),
        document=json.dumps({name: body.get(name) for name in OF_EMPLOYMENT}).encode(),
    )


def is_of(payment: Row, employment: Employment) -> bool:
    """Whether a payment may pay this employment: nobody else's, and for days since it began."""
    row = Payload(NAME, payment)
    whom = row.maybe("individual_ids", list)
    if whom is not None and employment.id not in whom:
        return False
    return row.inner("pay_period").day("end_date") >= employment.start_on


def read_statement(payment: Row, line: Row, employment: Employment, entity: str) -> PayStatement:
    """Read a statement with the terms in force at the end of its period."""
    paid, gross = Payload(NAME, payment), Payload(NAME, line).inner("gross_pay")
    _in_dollars(gross)
    id, check_on, period = paid.take("id", str), paid.day("pay_date"), paid.inner("pay_period")
    end_on = period.day("end_date")
    cents, unit = employment.pay_on(end_on)
    kept = {
        "payment": {name: payment.get(name) for name in OF_PAYMENT},
        "statement": {name: line.get(name) for name in OF_STATEMENT},
    }
    return PayStatement(
        external_id=f"{id}:{employment.id}",
        updated_at=datetime.combine(check_on, time(), UTC),
        document=json.dumps(kept).encode(),
        employee_ref=employment.id,
        check_on=check_on,
        period_start_on=period.day("start_date"),
        period_end_on=end_on,
        gross_cents=gross.take("amount", int),
        rate_cents=cents,
        unit=unit,
        start_on=employment.start_on,
        work_place=employment.place,
        entity=entity,
    )


def _start(row: Payload) -> date | None:
    """The first day of who was hired, or of who was hired again."""
    first, again = row.maybe("start_date", str), row.maybe("latest_rehire_date", str)
    day = again or first
    return Payload(NAME, {"start_date": day}).day("start_date") if day else None


def _pay(income: Any) -> Pay:
    row = Payload(NAME, income)
    since = row.maybe("effective_date", str)
    unit = row.choice("unit", UNITS)
    if unit is None:
        raise Refused(NAME, "pays in a unit that our offers do not have")
    _in_dollars(row)
    return Pay(
        since=Payload(NAME, {"effective_date": since}).day("effective_date") if since else None,
        cents=row.take("amount", int),
        unit=unit,
    )


def _in_dollars(money: Payload) -> None:
    if (currency := money.take("currency", str)).casefold() != CURRENCY:
        raise Unreadable(NAME, f"an amount is in {currency[:3]!r}, not in {CURRENCY}")


def _place(row: Payload) -> str:
    """Where the work is done, as in "Denver, CO"; "" where Finch does not say."""
    location = row.maybe_inner("location")
    city = location.maybe("city", str) if location else None
    state = location.maybe("state", str) if location else None
    return ", ".join(part for part in (city, state) if part)
