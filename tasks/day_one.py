"""The first day: arrival confirmed, section 2 of form I-9 in time, the new hire reported."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connectors.ledger import day_one as ledger
from connectors.ledger.day_one import Row
from connectors.ledger.decisions import Decisions, Due
from connectors.records import Place
from tasks.clock import after_business_days
from tasks.forms import FORMS
from tasks.messages import tell_candidate, tell_colleague
from tasks.process import Process
from tasks.rejection import withdraw
from tasks.stage import Stage

STAGE = Stage("day_one", ledger.Row, ledger.ROWS)
SECTION_2_BUSINESS_DAYS = 3


def decide(rows: Sequence[Row], process: Process, as_of: datetime) -> Decisions:
    """Ask the manager on the first day, then HR for section 2 and the state's new-hire report.

    The first day begins at midnight in the client's time zone. A manager's "no" counts when no
    "yes" has followed within a business day. Section 2 is due within 3 business days of the first
    day (8 CFR 274a.2(b)(1)(ii)), the report (42 USC 653a) within the days of the places' law; HR is
    asked for it only where payroll does not make it.
    """
    decisions = Decisions()
    for row in rows:
        arrival = row.answer("day_one")
        section_2 = row.answer("i9_section_2")
        if row.start_on is None:
            continue
        begins = _first_day(row.start_on, process)
        if as_of < begins:
            decisions.hold(row, "before_start", Due(begins, "candidate"))
        elif arrival is None:
            _ask_manager(decisions, row, process, as_of)
        elif arrival["arrived"] != "yes":
            _not_arrived(decisions, row, process, as_of)
        elif section_2 is None or section_2["documents_examined"] != "yes":
            _ask_hr(decisions, row, process, begins)
            _ask_for_report(decisions, row, process)
        elif due := _ask_for_report(decisions, row, process):
            decisions.hold(row, "report_due", due)
        else:
            decisions.advance(row, to=process.next_stage("day_one", row.order_rules))
    return decisions


def _ask_manager(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    due = Due(after_business_days(as_of, 1, row.jurisdictions), "client")
    decisions.hold(row, "arriving", due)
    manager = process.person("hiring_manager", row.fields)
    tell_colleague(
        decisions, row, process, "day_one", manager, "hiring_manager", candidate=row.name
    )
    tell_candidate(decisions, row, process, "welcome")


def _not_arrived(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    """Wait before a "no" counts: who is late at nine may be there at ten."""
    counts_at = after_business_days(row.answered_at("day_one") or as_of, 1, row.jurisdictions)
    if as_of < counts_at:
        decisions.hold(row, "not_arrived", Due(counts_at, "client"))
    else:
        withdraw(
            decisions, row, process, "did not arrive", disposition="NO_SHOW", template="no_response"
        )


def _ask_hr(decisions: Decisions, row: Row, process: Process, begins: datetime) -> None:
    due = after_business_days(begins, SECTION_2_BUSINESS_DAYS, row.jurisdictions)
    decisions.hold(row, "i9_s2", Due(due, "client", legal=True))
    tell_colleague(
        decisions,
        row,
        process,
        "i9_section_2",
        process.person("hr"),
        "hr",
        candidate=row.name,
        due_on=due.date().isoformat(),
    )


def report_due(row: Row, process: Process) -> Due | None:
    """By when HR is to report who has arrived; None if that is done, or not theirs to do."""
    arrival, told = row.answer("day_one"), row.answer("new_hire_report")
    arrived = arrival is not None and arrival["arrived"] == "yes"
    by_hr = process.payroll.new_hire_report == "hr"
    done = told and FORMS["new_hire_report"].final(told)
    if not (arrived and by_hr) or done or row.report_days is None or row.start_on is None:
        return None
    begins = _first_day(row.start_on, process)
    return Due(begins + timedelta(days=row.report_days), "client", legal=True)


def _first_day(start_on: date, process: Process) -> datetime:
    return datetime.combine(start_on, time(), ZoneInfo(process.time_zone))


def _ask_for_report(decisions: Decisions, row: Row, process: Process) -> Due | None:
    """Have HR report the new hire; says by when, or None if nothing is to be reported."""
    due, offer = report_due(row, process), row.offer or {}
    if due and row.start_on:
        tell_colleague(
            decisions,
            row,
            process,
            "new_hire_report",
            process.person("hr"),
            "hr",
            candidate=row.name,
            start_on=row.start_on.isoformat(),
            state=Place.model_validate(offer["work_place"]).state,
            entity=offer["entity"],
            due_on=due.at.date().isoformat(),
        )
    return due
