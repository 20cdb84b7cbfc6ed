"""The finish line: the first pay statement says what the signed offer said, or is corrected."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.ledger import payroll as ledger
from connectors.ledger.decisions import Decisions, Due
from connectors.ledger.payroll import Row
from tasks.clock import after_business_days
from tasks.messages import tell_colleague
from tasks.preboarding import correct
from tasks.process import Process
from tasks.stage import Stage

STAGE = Stage("payroll", ledger.Row, ledger.ROWS)
LONGEST_PAY_PERIOD = timedelta(days=31)


def decide(rows: Sequence[Row], process: Process, as_of: datetime) -> Decisions:
    """Compare the newest pay statement with the signed offer; only a match fills the opening.

    Rate, unit, entity, start date and work place in force on the statement's period are compared,
    not the gross amount, which a first, partial period prorates.
    """
    decisions = Decisions()
    for row in rows:
        if not row.statements:
            due = Due(as_of + LONGEST_PAY_PERIOD, "client")
            decisions.hold(row, "pay_run_pending", due)
            continue
        newest = row.statements[-1]
        if wrong := mismatches(newest, row.offer or {}):
            _correct(decisions, row, process, newest, wrong, as_of)
        else:
            decisions.fill(row)
            decisions.advance(
                row,
                to=process.next_stage("payroll", row.order_rules),
                reason="first pay statement matches the signed offer",
            )
    return decisions


def mismatches(statement: dict[str, Any], offer: dict[str, Any]) -> list[str]:
    """Which terms on a pay statement differ from the offer (names of terms, no values)."""
    place = offer["work_place"]
    pairs = {
        "rate": (statement["rate_cents"], offer["rate_cents"]),
        "unit": (statement["unit"], offer["unit"]),
        "start date": (statement["start_on"], offer["start_on"]),
        "entity": (statement["entity"], offer["entity"]),
        "work place": (statement["work_place"], f"{place['city']}, {place['region']}"),
    }
    return [term for term, (paid, signed) in pairs.items() if paid != signed]


def _correct(
    decisions: Decisions,
    row: Row,
    process: Process,
    statement: dict[str, Any],
    wrong: list[str],
    as_of: datetime,
) -> None:
    about = f"statement:{statement['external_id']}"
    if row.asked("payroll.correct", about) is not None:
        return
    correct(decisions, row, process, as_of, wrong, about=about)
    tell_colleague(
        decisions,
        row,
        process,
        "correct_payroll",
        process.person("payroll_owner"),
        "payroll_owner",
        about=statement["external_id"],
        terms=", ".join(wrong),
        due_on=after_business_days(as_of, 2, row.jurisdictions).date().isoformat(),
    )
