"""What the ledger says of waits, notices, arrivals and postings, held against who saw them done."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, text

from tasks.clock import after_business_days
from tests.chaos.vendors import Vendors

_RULES = """
    SELECT place, min_employees, effective_from, effective_to, wait_days, wait_unit
    FROM rule WHERE topic = 'adverse_wait'
"""
_CHECKED = """
    SELECT a.key, coalesce(lower(a.email), '') AS email, coalesce(a.disposition, '') AS disposition,
           coalesce(b.report_ref, '') AS report_ref, a.jurisdictions,
           CAST(c.process ->> 'employees' AS int) AS employees
    FROM application a JOIN client c ON c.client = a.client
    LEFT JOIN background_report b ON b.application_id = a.id
    WHERE b.report_ref IS NOT NULL OR a.disposition = 'RESCINDED'
"""
# Those without an address are told by telephone: that is a person's, and parked.
_ENDED = """
    SELECT a.key, a.disposition, lower(a.email) AS email, a.since,
           array_remove(array_agg(e.external_id), NULL) AS letters
    FROM application a
    LEFT JOIN effect e ON e.subject_kind = 'application' AND e.subject_id = a.id
                       AND e.kind = 'message.send' AND e.created_as_of >= a.since
    WHERE a.disposition IS NOT NULL AND a.email <> ''
    GROUP BY a.id
"""
_ARRIVED = "SELECT system, external_id FROM arrival WHERE application_id IS NOT NULL"
_POSTINGS = "SELECT reference, live FROM posting"
# Where people come in: what the stand-in calls those whom it has seen to our door.
_DOORS = {
    "indeed": ("indeed delivered", "indeed duplicates", "indeed refused"),
    "ashby": ("ashby applied",),
}


@dataclass(frozen=True)
class WaitRule:
    """How long the law of a place lets a final notice wait, for employers of some size."""

    place: str
    min_employees: int | None
    effective_from: date
    effective_to: date | None
    wait_days: int
    wait_unit: str


@dataclass(frozen=True)
class Checked:
    """An application with a background report, or one that ended because of it."""

    key: str
    email: str
    disposition: str
    report_ref: str
    jurisdictions: Sequence[str]
    employees: int


@dataclass(frozen=True)
class Ended:
    """An application that is over; `letters`: the messages of ours that may have told so."""

    key: str
    disposition: str
    email: str
    since: datetime
    letters: Sequence[str]


@dataclass(frozen=True)
class Claims:
    """What the ledger says: `arrived` by system, `postings`: whether each is live."""

    rules: list[WaitRule]
    checked: list[Checked]
    ended: list[Ended]
    arrived: dict[str, set[str]]
    postings: dict[str, bool]


def claims(connection: Connection) -> Claims:
    """Read them from a ledger that belongs to one client."""
    arrived: dict[str, set[str]] = {}
    for system, external_id in connection.execute(text(_ARRIVED)):
        arrived.setdefault(system, set()).add(external_id)
    return Claims(
        [WaitRule(**row._mapping) for row in connection.execute(text(_RULES))],
        [Checked(**row._mapping) for row in connection.execute(text(_CHECKED))],
        [Ended(**row._mapping) for row in connection.execute(text(_ENDED))],
        arrived,
        {reference: live for reference, live in connection.execute(text(_POSTINGS))},
    )


def shortened(said: Claims, vendors: Vendors) -> Iterator[str]:
    """Final notices, of Checkr's or by mail, that came before the law's wait was over."""
    begun = vendors.done.get("checkr adverse_actions", {})
    finals = vendors.done.get("checkr final_notices", {})
    for report_ref in sorted(begun.keys() - {person.report_ref for person in said.checked}):
        yield f"report {report_ref}: adverse action about nobody we know"
    for person in said.checked:
        told = [
            letter.at
            for letter in vendors.letters
            if letter.to == person.email and letter.template == "rescinded"
        ]
        for at in (*finals.get(person.report_ref, ()), *told):
            before = [notice for notice in begun.get(person.report_ref, ()) if notice <= at]
            if not before:
                yield f"{person.key}: final notice of {at:%Y-%m-%d %H:%M} without one before it"
            elif at < (lawful := earliest(said.rules, person, max(before))):
                yield f"{person.key}: final notice of {at:%Y-%m-%d %H:%M} before {lawful:%Y-%m-%d}"
        if person.disposition == "RESCINDED" and not finals.get(person.report_ref):
            yield f"{person.key}: ended as RESCINDED, and Checkr has sent no final notice"


def earliest(rules: Sequence[WaitRule], person: Checked, notice: datetime) -> datetime:
    """When the law lets the final notice follow: the longest wait of all that apply on that day."""
    on = notice.astimezone(UTC).date()
    waits = [
        after_business_days(notice, rule.wait_days, person.jurisdictions)
        if rule.wait_unit == "business"
        else notice + timedelta(days=rule.wait_days)
        for rule in rules
        if rule.place in person.jurisdictions
        and person.employees >= (rule.min_employees or 0)
        and rule.effective_from <= on < (rule.effective_to or date.max)
    ]
    return max(waits, default=notice)


def untold(said: Claims, vendors: Vendors) -> Iterator[str]:
    """Those who are out, and to whom the mail server has had nothing since."""
    taken = {(letter.id, letter.to): letter.at for letter in vendors.letters}
    for person in said.ended:
        times = [taken.get((letter, person.email)) for letter in person.letters]
        if not any(at is not None and at >= person.since for at in times):
            yield f"{person.key}: ended as {person.disposition}, and no mail of it was taken"


def lost(said: Claims, vendors: Vendors) -> Iterator[str]:
    """Those whom a source has seen to our door, and who have no application with us."""
    for system, kinds in _DOORS.items():
        seen = {name for kind in kinds for name in vendors.done.get(kind, {})}
        for id in sorted(seen - said.arrived.get(system, set())):
            yield f"{system} {id}: arrived, and is no application"


def misposted(said: Claims, vendors: Vendors, pages: set[str]) -> Iterator[str]:
    """Postings that a board shows although they are over, or does not although they are live.

    pages: the references of the pages that lie ready for Google.
    """
    opened = vendors.received.get("indeed jobs", Counter())
    closed = vendors.received.get("indeed closed_jobs", Counter())
    for reference in sorted({*opened, *said.postings, *pages}):
        live = said.postings.get(reference, False)
        times = opened[reference], closed[reference]
        if not times[0]:
            yield f"indeed: {reference} was never opened"
        elif times[0] - times[1] != live:
            yield f"indeed: {reference} was opened {times[0]} and closed {times[1]} times"
        if (reference in pages) != live:
            yield f"google_for_jobs: {reference} is {'not ' * live}live there"
