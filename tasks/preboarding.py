"""Before the first day: the record in payroll, read back equal, and the new hire's own tasks."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from nameparser import HumanName

from connectors.ledger import preboarding as ledger
from connectors.ledger.decisions import Decisions, Due
from connectors.ledger.preboarding import HiredRow, Row
from connectors.records import CorrectHire, CreateHire, PayUnit, Place
from tasks.clock import after_business_days
from tasks.forms import FORMS
from tasks.messages import tell_candidate
from tasks.process import Process
from tasks.stage import Stage

STAGE = Stage("preboarding", ledger.Row, ledger.ROWS)
ASKED_AGAIN_AFTER_BUSINESS_DAYS = 2


def decide(rows: Sequence[Row], process: Process, as_of: datetime) -> Decisions:
    """Create the hire in payroll, ask for what only they can do, pass on when all is in hand.

    Who has answered that something is still open is asked again two business days later. SSN,
    birth date and bank details go from the new hire to payroll's own pages, never through us.
    """
    decisions = Decisions()
    for row in rows:
        if row.asked("payroll.create") is None:
            _begin(decisions, row, process, as_of)
        tasks = row.answer("preboarding")
        complete = tasks is not None and FORMS["preboarding"].final(tasks)
        if tasks is not None and not complete:
            _ask_again(decisions, row, process, as_of)
        if complete and row.employee_ref and not differences(row):
            decisions.advance(
                row,
                to=process.next_stage("preboarding", row.order_rules),
                reason="tasks complete, payroll's record read back equal",
            )
        elif row.employee_ref and (wrong := differences(row)):
            correct(decisions, row, process, as_of, wrong, about=f"hire:{row.hired_cents}")
    return decisions


def differences(row: HiredRow) -> list[str]:
    """Which terms in payroll's record differ from the signed offer (names of terms, no values)."""
    offer = row.offer or {}
    pairs = {
        "rate": (row.hired_cents, offer["rate_cents"]),
        "unit": (row.hired_unit, offer["unit"]),
        "start date": (row.hired_start_on, row.start_on),
        "entity": (row.hired_entity, offer["entity"]),
    }
    return [term for term, (held, signed) in pairs.items() if held != signed]


def correct(
    decisions: Decisions,
    row: HiredRow,
    process: Process,
    as_of: datetime,
    wrong: Sequence[str],
    about: str,
) -> None:
    """Have payroll's terms set back to the signed ones; `wrong` names those that differ."""
    offer = row.offer or {}
    due = Due(after_business_days(as_of, 2, row.jurisdictions), "client")
    decisions.hold(row, "mismatch", due, reason="payroll differs: " + ", ".join(wrong))
    request = CorrectHire(
        employee_ref=row.employee_ref or "",
        start_on=date.fromisoformat(offer["start_on"]),
        rate_cents=offer["rate_cents"],
        unit=PayUnit(offer["unit"]),
        exempt=row.fields["exempt"],
        work_place=Place.model_validate(offer["work_place"]),
    )
    decisions.effect(row, process.systems.payroll, "payroll.correct", request, about=about)


def _ask_again(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    at = row.answered_at("preboarding") or as_of
    if as_of >= after_business_days(at, ASKED_AGAIN_AFTER_BUSINESS_DAYS, row.jurisdictions):
        start = (row.start_on or as_of.date()).isoformat()
        about = f"open-{at.date().isoformat()}"
        tell_candidate(decisions, row, process, "preboarding", about=about, start_on=start)


def _begin(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    start = row.start_on or as_of.date()
    due = Due(datetime.combine(start, time(), UTC), "candidate")
    decisions.hold(row, "tasks_open", due)
    tell_candidate(decisions, row, process, "preboarding", start_on=start.isoformat())
    decisions.effect(row, process.systems.payroll, "payroll.create", _hire(row))


def _hire(row: Row) -> CreateHire:
    offer: dict[str, Any] = row.offer or {}
    name, start_on = HumanName(row.name), date.fromisoformat(offer["start_on"])
    days = row.report_days
    return CreateHire(
        application_key=row.key,
        first_name=name.first or row.name,
        last_name=name.last or name.first or row.name,
        email=row.email or "",
        title=offer["title"],
        start_on=start_on,
        rate_cents=offer["rate_cents"],
        unit=PayUnit(offer["unit"]),
        exempt=row.fields["exempt"],
        work_place=Place.model_validate(offer["work_place"]),
        entity=offer["entity"],
        report_by=None if days is None else start_on + timedelta(days=days),
    )
