"""Correct: put right what is wrong in an application's record, so that its gate lets it in.

Only what says how to reach somebody, and where they live, is ours to correct. A correction moves
nobody: the next sweep judges the record again. A residence can only add places and their law.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from connectors.errors import Refused
from connectors.ledger import client as ledger_client
from connectors.ledger import correction
from connectors.ledger.audit import Act, keep
from connectors.ledger.correction import Record
from connectors.ledger.hold import knows
from connectors.ledger.rows import order_rules
from connectors.ledger.store import Ledger
from connectors.records import PlaceCode
from tasks.identity import contacts
from tasks.process import Process

COMMAND = "quarantine correct"
_PLACE: TypeAdapter[str] = TypeAdapter(PlaceCode)
_HAPPENED = "it says what happened; a correction may not move an instant or a legal wait"
_MOVED = "nobody is moved by hand; release them, or decide with `record-decision`"
_SENT = "it is what the person sent; ask the person, and let the answer arrive"
NOT_OURS = {
    **dict.fromkeys(("applied_at", "arrived_at", "consent_at", "since"), _HAPPENED),
    **dict.fromkeys(("stage", "state", "ready_for", "disposition", "reason"), _MOVED),
    **dict.fromkeys(("answers", "resume_text", "consent", "source", "owner"), _SENT),
    "jurisdictions": "places of law follow from the requisition and the residence;"
    " correct the residence, which can only add some",
}


def correct(
    ledger: Ledger, key: str, given: Mapping[str, str], by: str, why: str, as_of: datetime
) -> list[str]:
    """Correct these fields of an application that is held; returns those that have changed.

    Raises Refused, naming the field and never its value, if one is not ours to correct or cannot
    be read, or if the application is not held; nothing is then changed.
    """
    with ledger.transaction() as connection:
        if knows(connection, ledger.client, key):
            remedy = "open the corrected file with `fullcycle requisition open`"
            raise Refused("quarantine", f"{key} is a requisition: {remedy}")
        record = correction.read(connection, ledger.client, key)
        if record is None or not record.correctable:
            raise Refused("quarantine", f"{key} is not held; see `fullcycle quarantine list`")
        values = {field: _canonical(field, value, record) for field, value in given.items()}
        changes = {n: value for n, value in values.items() if value != record.values[n]}
        if not changes:
            return []
        places = _places(record, changes.get("residence"))
        process = Process.model_validate(ledger_client.read(connection, ledger.client))
        both = tuple(record.jurisdictions), tuple(places)
        rules = order_rules(connection, ledger.client, both, as_of)
        now, then = (process.order(rules[each]) for each in both)
        _refuse_another_way_here(now, then, record.at)
        points = contacts(changes.get("email"), changes.get("phone"), _country(record))
        proof = correction.write(connection, ledger.client, record, changes, points, places, as_of)
        fields = sorted(changes)
        act = Act(
            at=as_of,
            by=by,
            command=COMMAND,
            subject=key,
            about=", ".join(fields),
            why=why,
            proof=proof,
        )
        keep(connection, ledger.client, act)
    return fields


def _canonical(field: str, value: str, record: Record) -> str:
    """The value as it is kept; raises Refused if it cannot be, without quoting it."""
    read = _READ.get(field)
    if read is None:
        ours = ", ".join(_READ)
        reason = NOT_OURS.get(field, f"it is no field of an application; there are: {ours}")
        raise Refused("quarantine", f"{field} is not corrected: {reason}")
    found = read(value.strip(), _country(record))
    if found is None:
        raise Refused("quarantine", f"{field} is not corrected: {_LOOKS[field]}")
    return found


def _country(record: Record) -> str:
    return record.jurisdictions[0].split("-")[0] if record.jurisdictions else ""


def _name(value: str, _: str) -> str | None:
    name = re.sub(r"\s+", " ", value)
    return name if 1 <= len(name) <= 300 and name.isprintable() else None


def _email(value: str, country: str) -> str | None:
    return value if contacts(value, None, country) else None


def _phone(value: str, country: str) -> str | None:
    return next((number for _, number in contacts(None, value, country)), None)


def _residence(value: str, _: str) -> str | None:
    try:
        return _PLACE.validate_python(value)
    except ValidationError:
        return None


_READ: dict[str, Callable[[str, str], str | None]] = {
    "name": _name,
    "email": _email,
    "phone": _phone,
    "residence": _residence,
}
_LOOKS = {
    "name": "give 1 to 300 letters on one line",
    "email": "give an address that can be written to, like name@company.com",
    "phone": "give a number that can be called, with its country, like +1 212 555 0100",
    "residence": "give a place like US-NY-NYC, US-CA or CA-ON",
}


def _places(record: Record, residence: str | None) -> list[str]:
    """All places whose law applies: those of before, and those around a corrected residence."""
    parts = residence.split("-") if residence else []
    around = {"-".join(parts[: n + 1]) for n in range(len(parts))}
    return sorted({*record.jurisdictions, *around})


def _refuse_another_way_here(now: list[str], then: list[str], at: str) -> None:
    """What is behind somebody cannot come in another order any more, whatever law is added."""
    way = now[: now.index(at) + 1]
    if then[: len(way)] != way:
        raise Refused(
            "quarantine",
            "residence is not corrected: its law demands another order of the stages than the one"
            " already gone; ask counsel, and record what was decided in the tracker",
        )
