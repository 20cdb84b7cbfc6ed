"""What ADP's JSON means in our records: its categories, and a strict reader per record."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from connectors.errors import Refused, Unreadable, Unsupported
from connectors.payload import Payload, items
from connectors.records import CorrectHire, CreateHire, Observed, OnboardingStatus, PayUnit, Place

NAME = "adp"
CURRENCY = "USD"  # our offers are in dollars
NOT_BEGUN = datetime.max.replace(tzinfo=UTC)

# A hire in progress is no worker: it becomes one when the client's admin completes it.
STATUSES = {"Active": OnboardingStatus.COMPLETE, "Inactive": None, "Terminated": None}
# Each amount that base pay may be told in, what it pays for, and its code in an event of ours.
RATES = {
    "hourlyRateAmount": (PayUnit.HOUR, "H"),
    "dailyRateAmount": (PayUnit.DAY, "D"),
    "payPeriodRateAmount": (PayUnit.YEAR, "S"),
}
FIELDS = {unit: (field, code) for field, (unit, code) in RATES.items()}
EVENT_DONE = {"complete": True, "completed": True}
CODE = re.compile(r"[A-Za-z0-9._-]{1,40}")  # of an objection; a text has spaces
# What is kept of a work assignment; all else of a worker may be anything, and much is private.
KEPT = ("itemID", "hireDate", "jobTitle", "payrollGroupCode", "baseRemuneration")


@dataclass(frozen=True, slots=True)
class Terms:
    """What the account says of the client: pay periods a year (0: not said), and its company."""

    pay_periods: int
    company_code: str
    legal_entity: str


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker with the primary assignment; `document` is what we keep."""

    aoid: str
    onboarding: OnboardingStatus
    assignment: str
    title: str
    hired_on: date
    rate_cents: int
    unit: PayUnit
    place: str
    entity: str
    document: bytes

    def agrees(self, request: CreateHire | CorrectHire) -> bool:
        """Whether the worker is paid what was signed."""
        return (self.rate_cents, self.unit) == (request.rate_cents, request.unit)


def onboarding(
    request: CreateHire, template: str, terms: Terms, location: str | None
) -> dict[str, Any]:
    """Say a hire in ADP's words, without what only the new hire may give ADP.

    Raises Unsupported for yearly pay where the account does not say how often a year it is paid,
    Refused for yearly pay that is not in whole dollars.
    """
    field, _ = FIELDS[request.unit]
    amount = _per_period(request.rate_cents, request.unit, terms)
    return {
        "applicantOnboarding": {
            "onboardingTemplateCode": {"code": template},
            "onboardingStatus": {"statusCode": {"code": "inprogress"}},
            "applicantPersonalProfile": {
                "birthName": {"givenName": request.first_name, "familyName": request.last_name},
                "communication": {
                    "emails": [{"emailUri": request.email, "notificationIndicator": True}]
                },
            },
            "applicantWorkerProfile": {
                "hireDate": request.start_on.isoformat(),
                "homeWorkLocation": _location(request.work_place, location),
            },
            "applicantPayrollProfile": {
                "payrollGroupCode": terms.company_code,
                "overtimeEligibilityIndicator": not request.exempt,
                "baseRemuneration": {field: {"amount": f"{amount // 100}.{amount % 100:02d}"}},
            },
        }
    }


def _location(place: Place, code: str | None) -> dict[str, Any]:
    address = {
        "lineOne": place.street,
        "cityName": place.city,
        "subdivisionCode": {"code": place.state.partition("-")[2]},
        "postalCode": place.postal_code,
        "countryCode": place.country,
    }
    named = {"nameCode": {"code": code}} if code else {}
    return {**named, "addresses": [{name: said for name, said in address.items() if said}]}


def change_of_pay(
    request: CorrectHire, assignment: str, reason: str, terms: Terms
) -> dict[str, Any]:
    """Say a worker's signed pay as an event, in force from the first day."""
    field, code = FIELDS[request.unit]
    amount = _per_period(request.rate_cents, request.unit, terms)
    pay = {"nameCode": {"codeValue": code}, "amountValue": amount / 100, "currencyCode": CURRENCY}
    worker = {"associateOID": request.employee_ref, "workAssignment": {"itemID": assignment}}
    transform = {
        "effectiveDateTime": request.start_on.isoformat(),
        "eventReasonCode": {"codeValue": reason},
        "worker": {"workAssignment": {"baseRemuneration": {field: pay}}},
    }
    return {"events": [{"data": {"eventContext": {"worker": worker}, "transform": transform}}]}


def changed(body: Any) -> None:
    """Accept an event that is done; one that ADP is still at proves nothing."""
    events = Payload(NAME, body).items("events")
    if not events:
        raise Unreadable(NAME, "the answer names no event")
    for event in events:
        if status := event.maybe_inner("eventStatusCode"):
            status.choice("codeValue", EVENT_DONE)
        event.inner("data").inner("output")


def begun(body: Any) -> str:
    """Read whom a hire in progress will be; an answer that names nobody is no receipt."""
    told = Payload(NAME, body).inner("_confirmMessage")
    if told.take("requestStatus", str).casefold() != "success":
        raise Unreadable(NAME, "the hire is not taken yet")
    for message in told.items("messages"):
        if message.take("messageCode", str).casefold() == "associateoid":
            return message.take("resourceID", str)
    raise Unreadable(NAME, "no associate is named")


def reasons(body: Any) -> str:
    """Name ADP's objections by their codes, in either shape: its texts may quote the person."""
    return ", ".join(sorted(set(_codes(body)))) or "no reason given"


def _codes(body: Any) -> list[str]:
    told = body.get("confirmMessage") if isinstance(body, dict) else None
    resources = told.get("resourceMessages") if isinstance(told, dict) else None
    messages = [
        message
        for resource in resources or ()
        if isinstance(resource, dict)
        for message in resource.get("processMessages") or ()
        if isinstance(message, dict)
    ]
    found = []
    for message in messages:
        for name, field in (("processMessageID", "idValue"), ("userMessage", "codeValue")):
            inner = message.get(name)
            found.append(inner.get(field) if isinstance(inner, dict) else None)
    told = body.get("_confirmMessage") if isinstance(body, dict) else None
    short = told.get("messages") if isinstance(told, dict) else None
    found += [each.get("messageCode") for each in short or () if isinstance(each, dict)]
    return [code for code in found if isinstance(code, str) and CODE.fullmatch(code)]


def read_worker(body: Any, terms: Terms) -> Worker:
    """Read a worker with the primary assignment; raises Refused if they have left or have none."""
    row = Payload(NAME, body)
    aoid = row.take("associateOID", str)
    status = row.inner("workerStatus").inner("statusCode").choice("codeValue", STATUSES)
    raw = body.get("workAssignments")
    primary = [one for one in raw or () if isinstance(one, dict) and one.get("primaryIndicator")]
    if status is None or len(primary) != 1:
        raise Refused(NAME, f"worker {aoid} is inactive, or has not one primary assignment")
    assignment = Payload(NAME, primary[0])
    unit, rate_cents = _pay(assignment.inner("baseRemuneration"), terms)
    place, code = _place(assignment), assignment.maybe("payrollGroupCode", str) or ""
    kept = {name: primary[0].get(name) for name in KEPT}
    return Worker(
        aoid=aoid,
        onboarding=status,
        assignment=assignment.take("itemID", str),
        title=assignment.maybe("jobTitle", str) or "",
        hired_on=assignment.day("hireDate"),
        rate_cents=rate_cents,
        unit=unit,
        place=place,
        entity=terms.legal_entity if code == terms.company_code else code,
        document=json.dumps({"associateOID": aoid, "assignment": kept, "place": place}).encode(),
    )


def _pay(pay: Payload, terms: Terms) -> tuple[PayUnit, int]:
    told = [(unit, pay.maybe_inner(field)) for field, (unit, _) in RATES.items()]
    found = [(unit, amount) for unit, amount in told if amount]
    if len(found) != 1:
        raise Unreadable(NAME, "base pay is told in no way, or in more than one")
    unit, amount = found[0]
    if (currency := amount.take("currencyCode", str)) != CURRENCY:
        raise Unreadable(NAME, f"base pay is in {currency[:3]!r}, not in {CURRENCY}")
    return unit, _whole(amount.cents("amountValue"), unit, terms)


def _per_period(rate_cents: int, unit: PayUnit, terms: Terms) -> int:
    """What ADP is told: yearly pay is told for one pay period, to the cent.

    Raises Refused for yearly pay that cannot be read back as it was signed.
    """
    if unit is not PayUnit.YEAR:
        return rate_cents
    cents = (2 * rate_cents + _periods(terms)) // (2 * _periods(terms))
    if _whole(cents, unit, terms) != rate_cents:
        raise Refused(NAME, "holds yearly pay by the pay period, and can hold whole dollars alone")
    return cents


def _whole(cents: int, unit: PayUnit, terms: Terms) -> int:
    """What was agreed: cents that were rounded in every period make no whole dollar uneven."""
    if unit is not PayUnit.YEAR:
        return cents
    year = cents * _periods(terms)
    dollars = (year + 50) // 100 * 100
    return dollars if 2 * abs(dollars - year) <= _periods(terms) else year


def _periods(terms: Terms) -> int:
    if not terms.pay_periods:
        raise Unsupported(
            NAME, "yearly pay is told by the pay period: set the option 'pay_periods'"
        )
    return terms.pay_periods


def _place(assignment: Payload) -> str:
    """Where the work is done, as in "Denver, CO"; "" where ADP does not say."""
    home = assignment.maybe_inner("homeWorkLocation")
    for location in [*([home] if home else []), *assignment.items("assignedWorkLocations")]:
        address = location.maybe_inner("address")
        city = address.maybe("cityName", str) if address else None
        if address and city:
            state = address.maybe_inner("countrySubdivisionLevel1")
            return f"{city}, {state.take('codeValue', str)}" if state else city
    return ""


def listed(row: Payload) -> Observed:
    """Read no more of a listed worker than who and since when."""
    dates = row.maybe_inner("workerDates")
    since = dates.day("originalHireDate") if dates and "originalHireDate" in dates.names else None
    at = datetime.combine(since, time(), UTC) if since else NOT_BEGUN
    return Observed(external_id=row.take("associateOID", str), updated_at=at)


def has_email(row: Mapping[str, Any], email: str) -> bool:
    """Whether a listed worker has an e-mail address, of their own or of the company's."""
    found = []
    for holder in (Payload(NAME, row).maybe("person", dict), row):
        for name in ("communication", "businessCommunication"):
            inner = holder.get(name) if holder else None
            found += items(NAME, inner.get("emails") or []) if isinstance(inner, dict) else []
    return email.casefold() in {(one.maybe("emailUri", str) or "").casefold() for one in found}


def hired_on(row: Mapping[str, Any]) -> set[str]:
    """The days on which a listed worker's assignments begin."""
    return {str(one.get("hireDate")) for one in row.get("workAssignments") or ()}


def named(body: Any) -> set[str]:
    """The associates whom a notification is about; empty if it is of no shape we know."""
    found = set()
    for event in body.get("events") or () if isinstance(body, dict) else ():
        data = event.get("data") if isinstance(event, dict) else None
        for part in ("output", "eventContext"):
            inner = data.get(part) if isinstance(data, dict) else None
            worker = inner.get("worker") if isinstance(inner, dict) else None
            aoid = worker.get("associateOID") if isinstance(worker, dict) else None
            found |= {aoid} if isinstance(aoid, str) else set()
    return found


def demanded(meta: Any) -> list[str]:
    """What the client's template wants of every hire and we do not have, by ADP's paths."""
    rules = Payload(NAME, meta).take("meta", dict)
    return sorted(
        path.rpartition("applicantOnboarding/")[2]
        for path, rule in rules.items()
        if isinstance(rule, dict) and _is_demand(rule) and not path.endswith(SENT)
    )


SENT = (
    "/onboardingTemplateCode",
    "/birthName/givenName",
    "/birthName/familyName",
    "/emails/emailUri",
    "/hireDate",
    "/payrollGroupCode",
)


def _is_demand(rule: Mapping[str, Any]) -> bool:
    return rule.get("optional") is False and not rule.get("hidden") and not rule.get("readOnly")


def templates(meta: Any) -> set[str]:
    """The codes of the onboarding templates that the account may use."""
    rule = Payload(NAME, meta).inner("meta").inner("/applicantOnboarding/onboardingTemplateCode")
    return {one.take("code", str) for one in rule.inner("codeList").items("listItems")}
