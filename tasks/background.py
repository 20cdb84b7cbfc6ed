"""The background check, when the place allows it; `consider` is a person's review."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from connectors.ledger import background as ledger
from connectors.ledger.background import Row
from connectors.ledger.decisions import Decisions, Due
from connectors.records import OrderBackgroundCheck, Place, StartAdverseAction
from tasks.clock import after_business_days, after_legal_business_days
from tasks.messages import tell_colleague
from tasks.process import Process
from tasks.rejection import reject
from tasks.stage import Stage

STAGE = Stage("background", ledger.Row, ledger.ROWS)


def decide(rows: Sequence[Row], process: Process, as_of: datetime) -> Decisions:
    """Order once, wait for the report, and walk the adverse-action sequence if a person starts it.

    consider → a named person's assessment → pre-adverse notice → the longest wait of every place →
    final notice. A dispute pauses it. Source: 15 USC 1681b(b)(3).
    """
    decisions = Decisions()
    for row in rows:
        if not row.check_planned:
            _pass(decisions, row, process, "no check planned for this requisition")
        elif row.report_status is None:
            _order(decisions, row, process, as_of)
        elif row.report_status in {"expired", "cancelled"}:
            wait = Due(after_business_days(as_of, 1, row.jurisdictions), "provider")
            decisions.hold(row, "order_again", wait)
        elif row.report_status != "complete" and row.adverse_status is None:
            wait = Due(after_business_days(as_of, 3, row.jurisdictions), "vendor")
            decisions.hold(row, "in_progress", wait)
        elif row.report_result == "clear":
            _pass(decisions, row, process, "report clear")
        else:
            _assess(decisions, row, process, as_of)
    return decisions


def final_not_before(row: Row, process: Process, start: datetime) -> datetime:
    """When the final notice may leave at the earliest: the longest wait of all places, plus slack.

    Counted in business days of every place concerned, whatever the zone; slack covers the notice's
    way to its reader.
    """
    return as_it_leaves(_notice(row, process, start), start).final_not_before


def as_it_leaves(notice: StartAdverseAction, start: datetime) -> StartAdverseAction:
    """The notice with its wait begun when it leaves, which may be days after it was decided."""
    wait = max(
        notice.final_not_before,
        after_legal_business_days(start, notice.business_days, notice.places),
        start + timedelta(days=notice.calendar_days),
    )
    return notice.model_copy(update={"final_not_before": wait})


def _notice(row: Row, process: Process, start: datetime) -> StartAdverseAction:
    return StartAdverseAction(
        report_ref=row.report_ref or "",
        final_not_before=start,
        business_days=row.adverse_business_days + process.background.delivery_slack_business_days,
        calendar_days=row.adverse_calendar_days,
        places=tuple(row.jurisdictions),
        decided_by=process.person("compliance_reviewer").name,
    )


def _pass(decisions: Decisions, row: Row, process: Process, reason: str) -> None:
    decisions.advance(row, to=process.next_stage("background", row.order_rules), reason=reason)


def _order(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    package = row.fields["background"]["package"]
    due = Due(after_business_days(as_of, 5, row.jurisdictions), "candidate")
    decisions.hold(row, "ordered", due)
    request = OrderBackgroundCheck(
        application_key=row.key,
        package=package,
        name=row.name,
        email=row.email or "",
        work_place=Place.model_validate(row.fields["places"][0]),
    )
    decisions.effect(
        row, process.systems.background_checks, "background.order", request, about=package
    )


def _assess(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    """Everything but a clear report is a person's to assess, factor by factor."""
    review = row.answer("review_report", row.report_ref or "")
    if review is None:
        _review(decisions, row, process, as_of)
    elif review["decision"] == "clear":
        _pass(decisions, row, process, "cleared after individualized assessment")
    else:
        _adverse(decisions, row, process, as_of)


def _review(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    due = Due(after_business_days(as_of, 2, row.jurisdictions), "client")
    decisions.hold(row, "consider", due, reason="the report needs a person's review")
    tell_colleague(
        decisions,
        row,
        process,
        "review_report",
        process.person("compliance_reviewer"),
        "compliance_reviewer",
        about=row.report_ref or "",
        report=row.report_ref or "",
        candidate=row.name,
    )


def _adverse(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    sent = row.done_at("background.adverse")
    if row.asked("background.adverse") is None:
        notice = as_it_leaves(_notice(row, process, as_of), as_of)
        decisions.hold(row, "pre_adverse", Due(notice.final_not_before, "law", legal=True))
        decisions.effect(row, process.systems.background_checks, "background.adverse", notice)
    elif row.adverse_status == "disputed" or row.report_status == "disputed":
        wait_days = Due(after_business_days(as_of, 22, row.jurisdictions), "vendor", legal=True)
        decisions.hold(row, "disputed", wait_days)
    elif (
        sent and row.adverse_status == "complete" and as_of >= final_not_before(row, process, sent)
    ):
        reject(
            decisions,
            row,
            process,
            "background",
            "final adverse action after assessment, notice and wait",
            disposition="RESCINDED",
            template="rescinded",
        )
