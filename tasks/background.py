"""The background check, when the place allows it; `consider` is a person's review."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from connectors.ledger import background as ledger
from connectors.ledger.background import Row
from connectors.ledger.decisions import Decisions, Due
from connectors.records import OrderBackgroundCheck, Place, StartAdverseAction
from tasks.clock import after_business_days, after_legal_business_days
from tasks.messages import tell_colleague
from tasks.process import Process
from tasks.rejection import reject
from tasks.stage import Stage

ORDERED_UNASKED = 2  # orders in all, while the candidate lets each invitation expire
STAGE = Stage("background", ledger.Row, ledger.ROWS)


def decide(rows: Sequence[Row], process: Process, as_of: datetime) -> Decisions:
    """Order once, wait for the report, and walk the adverse-action sequence if a person starts it.

    consider → a named person's assessment → pre-adverse notice → the longest wait of every place →
    final notice. A dispute pauses it; after that, and whenever the report is revised or the notice
    is called off, a person assesses anew and the wait begins anew. Source: 15 USC 1681b(b)(3).
    """
    decisions = Decisions()
    for row in rows:
        if not row.check_planned:
            _pass(decisions, row, process, "no check planned for this requisition")
        elif row.report_status is None:
            if not row.every("background.order"):
                _order(decisions, row, process, as_of)
        elif row.report_status in {"expired", "cancelled"}:
            _order_again(decisions, row, process, as_of)
        elif row.state in {"pre_adverse", "disputed"}:
            _adverse(decisions, row, process, as_of)
        elif row.report_status != "complete":
            wait = Due(after_business_days(as_of, 3, row.jurisdictions), "vendor")
            decisions.hold(row, "in_progress", wait)
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
        application_key=row.key,
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
    earlier = [order["ref"] for order in row.every("background.order") if order["ref"]]
    due = Due(after_business_days(as_of, 5, row.jurisdictions), "candidate")
    decisions.hold(row, "ordered", due)
    request = OrderBackgroundCheck(
        application_key=row.key,
        package=package,
        name=row.name,
        email=row.email or "",
        work_place=Place.model_validate(row.fields["places"][0]),
        instead_of=tuple(earlier),
    )
    about = ":".join([package, *earlier[-1:]])
    decisions.effect(
        row, process.systems.background_checks, "background.order", request, about=about
    )


def _order_again(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    """What expired unused has cost nothing and is ordered once more; then a person decides."""
    decision = row.answer("order_check", row.order_ref or "")
    unused = row.report_status == "expired" and len(row.every("background.order")) < ORDERED_UNASKED
    if unused or (decision and decision["decision"] == "order"):
        _order(decisions, row, process, as_of)
    elif decision:
        reject(decisions, row, process, "not_selected", "the background check was not completed")
    else:
        due = Due(after_business_days(as_of, 1, row.jurisdictions), "provider")
        decisions.hold(row, "order_again", due, f"the order was {row.report_status}")
        tell_colleague(
            decisions,
            row,
            process,
            "order_check",
            process.person("recruiter"),
            "recruiter",
            about=row.order_ref or "",
            order=row.order_ref or "",
            status=row.report_status,
            candidate=row.name,
        )


def _assess(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    """Everything but a clear report is a person's to assess, factor by factor."""
    about = _assessed(row, row.reopened_at)
    review = row.answer("review_report", about)
    if row.report_result == "clear":
        _clear(decisions, row, process, as_of, "report clear")
    elif review is None:
        state = "reassess" if row.state == "reassess" else "consider"
        _review(decisions, row, process, as_of, state, about, "the report needs a person's review")
    elif review["decision"] == "clear":
        _clear(decisions, row, process, as_of, "cleared after individualized assessment")
    else:
        _give_notice(decisions, row, process, as_of, about)


def _assessed(row: Row, reopened_at: datetime | None) -> str:
    """What an assessment is about: the report as it stands, since it was last to be assessed."""
    ref, times = row.report_ref or "", [at for at in (row.report_at, reopened_at) if at]
    return f"{ref}@{max(times).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if times else ref


def _review(
    decisions: Decisions,
    row: Row,
    process: Process,
    as_of: datetime,
    state: str,
    about: str,
    reason: str,
) -> None:
    due = Due(after_business_days(as_of, 2, row.jurisdictions), "client")
    decisions.hold(row, state, due, reason)
    tell_colleague(
        decisions,
        row,
        process,
        "review_report",
        process.person("compliance_reviewer"),
        "compliance_reviewer",
        about=about,
        report=about,
        candidate=row.name,
    )


def _clear(decisions: Decisions, row: Row, process: Process, as_of: datetime, reason: str) -> None:
    """Pass on; a notice that stands is called off first, by a person, or the final one follows."""
    sent_by_hand = row.adverse_status in {"pending", "disputed"}
    if sent_by_hand or (_stands(row) and row.adverse_status != "complete"):
        due = Due(after_business_days(as_of, 1, row.jurisdictions), "provider")
        decisions.hold(row, "cleared", due, f"{reason}; the adverse action is to be cancelled")
    else:
        _pass(decisions, row, process, reason)


def _give_notice(
    decisions: Decisions, row: Row, process: Process, as_of: datetime, about: str
) -> None:
    """Begin the wait; the notice is sent unless an earlier one is not called off."""
    notice = as_it_leaves(_notice(row, process, as_of), as_of)
    decisions.hold(row, "pre_adverse", Due(notice.final_not_before, "law", legal=True))
    if not _stands(row):
        screener = process.systems.background_checks
        decisions.effect(row, screener, "background.adverse", notice, about=about)


def _stands(row: Row) -> bool:
    """Whether the last notice was neither given up nor cancelled at the screener."""
    for notice in row.every("background.adverse", row.report_ref or "")[-1:]:
        cancelled = row.adverse_status == "cancelled" and notice["ref"] in {None, row.adverse_ref}
        return notice["state"] != "waived" and not (notice["state"] == "done" and cancelled)
    return False


def _adverse(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    """The notice was decided: wait, pause for a dispute, have it assessed anew, or end."""
    assessed = row.answer("review_report", _assessed(row, row.reopened_at))
    if row.report_status != "complete" or row.adverse_status == "disputed":
        wait = Due(after_business_days(as_of, 22, row.jurisdictions), "vendor", legal=True)
        decisions.hold(row, "disputed", wait)
    elif row.report_result == "clear":
        _clear(decisions, row, process, as_of, "report clear")
    elif row.state == "disputed":
        _reassess(decisions, row, process, as_of, "the dispute is over")
    elif not _stands(row):
        _reassess(decisions, row, process, as_of, "the notice was called off")
    elif assessed is None:
        _reassess(decisions, row, process, as_of, "the report was revised")
    elif row.adverse_status == "complete" and _over(row, process, as_of):
        _rescind(decisions, row, process)


def _over(row: Row, process: Process, as_of: datetime) -> bool:
    """Whether the wait is over: since the notice left, and since it was last decided upon."""
    sent = row.every("background.adverse", row.report_ref or "")[-1]["done_at"]
    if sent is None:
        return False
    begun = max(datetime.fromisoformat(sent), row.since, row.notice_at or row.since)
    return as_of >= final_not_before(row, process, begun)


def _reassess(
    decisions: Decisions, row: Row, process: Process, as_of: datetime, reason: str
) -> None:
    about = _assessed(row, as_of)
    _review(decisions, row, process, as_of, "reassess", about, f"{reason}: to be assessed anew")


def _rescind(decisions: Decisions, row: Row, process: Process) -> None:
    reject(
        decisions,
        row,
        process,
        "background",
        "final adverse action after assessment, notice and wait",
        disposition="RESCINDED",
        template="rescinded",
    )
