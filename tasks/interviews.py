"""Each planned round is scheduled; everyone's scorecard is in before anyone's is shown."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.ledger import interviews as ledger
from connectors.ledger.decisions import Decisions, Due
from connectors.ledger.interviews import Row
from connectors.records import ScheduleInterview
from tasks.clock import after_business_days
from tasks.process import Process
from tasks.stage import Stage

STAGE = Stage("interviews", ledger.Row, ledger.ROWS)
FIRST_HOUR = 10


def decide(rows: Sequence[Row], process: Process, as_of: datetime) -> Decisions:
    """Schedule what is planned, reschedule what failed, pass on when every scorecard is in.

    feedback is due 2 business days after the last interview.
    """
    decisions = Decisions()
    for row in rows:
        complete = row.rounds_completed >= row.rounds_planned
        if row.was_past("selection") or (complete and row.scorecards_in >= row.scorecards_planned):
            decisions.advance(row, to=process.next_stage("interviews", row.order_rules))
        elif complete and row.last_ended_at:
            due = Due(after_business_days(row.last_ended_at, 2, row.jurisdictions), "client")
            decisions.hold(row, "feedback_due", due)
        else:
            _schedule(decisions, row, process, as_of)
    return decisions


def _schedule(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    if not row.tracker_ref:
        return
    lost = {"cancelled", "no_show"}
    standing = {interview["round"] for interview in row.held if interview["status"] not in lost}
    for number, plan in enumerate(row.fields["rounds"]):
        attempts = sum(1 for i in row.held if i["round"] == plan["name"] and i["status"] in lost)
        about = f"{plan['name']}:{attempts + 1}"
        if plan["name"] not in standing and row.asked("tracker.interview", about) is None:
            request = _slot(row, plan, number, process, as_of)
            decisions.effect(
                row, process.systems.applicant_tracking, "tracker.interview", request, about=about
            )
    due = Due(after_business_days(as_of, 5, row.jurisdictions), "client")
    decisions.hold(row, "scheduled", due)


def _slot(
    row: Row, plan: dict[str, Any], number: int, process: Process, as_of: datetime
) -> ScheduleInterview:
    day = after_business_days(as_of, 2 + number, row.jurisdictions)
    zone = ZoneInfo(process.time_zone)
    start = datetime(day.year, day.month, day.day, FIRST_HOUR + number, tzinfo=zone)
    return ScheduleInterview(
        application_ref=row.tracker_ref or "",
        round=plan["name"],
        starts_at=start.astimezone(UTC),
        ends_at=(start + timedelta(minutes=plan["minutes"])).astimezone(UTC),
        interviewers=tuple(person["email"] for person in plan["interviewers"]),
    )
