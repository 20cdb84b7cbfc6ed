"""Background checks: a report never decides by itself, and the law's waits are never shortened."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.background import Row
from connectors.records import OrderBackgroundCheck, StartAdverseAction
from tasks.background import as_it_leaves, decide, final_not_before
from tasks.clock import after_business_days, after_legal_business_days
from tasks.process import Background
from tests.tasks.factories import (
    HARBOR,
    NOW,
    an_application,
    answered,
    asked,
    decided,
    kinds,
    requests,
    the_move,
    told,
)

REPORT = "report-1@2026-03-02T15:00:00Z"
PLACES = st.lists(
    st.sampled_from(["US", "US-CA", "US-NY", "US-NY-NYC", "US-TX", "CA", "CA-ON", "DE"]),
    min_size=1,
    max_size=4,
    unique=True,
)
INSTANTS = st.datetimes(
    min_value=datetime(2024, 1, 1), max_value=datetime(2032, 12, 31), timezones=st.just(UTC)
)


def a_check(**values: Any) -> Row:
    common: dict[str, Any] = {
        "offer": {},
        "offer_hash": "v1",
        "start_on": None,
        "signature": "signed",
        "signed_at": NOW,
        "offer_first": True,
        "offer_accepted": True,
        "check_planned": True,
        "check_reasoned": True,
        "certified": True,
        "order_ref": None,
        "report_ref": None,
        "report_status": None,
        "report_result": None,
        "report_at": None,
        "reopened_at": None,
        "adverse_ref": None,
        "adverse_status": None,
        "final_notice_at": None,
        "adverse_business_days": 5,
        "adverse_calendar_days": 0,
    }
    return an_application(Row, **common | values)


def consider(**values: Any) -> Row:
    common: dict[str, Any] = {
        "report_ref": "report-1",
        "report_status": "complete",
        "report_result": "consider",
        "report_at": NOW,
    }
    return a_check(**common | values)


def review(decision: str, report: str = REPORT) -> dict[str, dict[str, Any]]:
    return answered("review_report", report, decision=decision)


def adverse(**values: Any) -> Row:
    """Somebody whose pre-adverse notice was asked for at NOW, after a person's review."""
    common: dict[str, Any] = {
        "state": "pre_adverse",
        "forms": review("adverse"),
        "effects": asked("background.adverse", REPORT),
        "adverse_ref": "vendor-1",
    }
    return consider(**common | values)


def test_no_check_is_ordered_where_none_is_planned() -> None:
    decisions = decided(decide, a_check(check_planned=False))

    assert the_move(decisions).ready_for == "preboarding"
    assert not decisions.effects


def test_a_planned_check_is_ordered_for_the_place_of_work() -> None:
    (order,) = requests(decided(decide, a_check()), OrderBackgroundCheck)

    assert (order.package, order.work_place.city) == ("tasker_standard", "San Francisco")


@pytest.mark.parametrize("status", ["invited", "pending", "paused", "suspended", "disputed"])
def test_a_report_that_is_not_complete_is_waited_for(status: str) -> None:
    decisions = decided(decide, a_check(report_ref="report-1", report_status=status))

    assert the_move(decisions).to_state == "in_progress"
    assert not decisions.effects


def ordered(status: str, *orders: str, **values: Any) -> Row:
    """Somebody for whom a check was ordered, the last time with this to show for it."""
    effects: dict[str, dict[str, Any]] = {}
    for number, ref in enumerate(orders):
        about = ":".join(["tasker_standard", *orders[:number][-1:]])
        at = NOW + timedelta(days=7 * number)
        (key, effect), *_ = asked("background.order", about, at=at).items()
        effects[key] = effect | {"ref": ref}
    common: dict[str, Any] = {
        "state": "in_progress",
        "order_ref": orders[-1],
        "report_status": status,
        "effects": effects,
    }
    return a_check(**common | values)


def test_an_invitation_that_expired_unused_is_ordered_once_more_unasked() -> None:
    decisions = decided(decide, ordered("expired", "invitation-1"))

    (order,) = requests(decisions, OrderBackgroundCheck)
    assert order.instead_of == ("invitation-1",)
    assert decisions.effects[0].key.endswith(":tasker_standard:invitation-1")
    move = the_move(decisions)
    assert move.to_state == "ordered" and move.due and move.due.owner == "candidate"


def test_an_order_that_the_screener_has_not_told_of_is_waited_for() -> None:
    row = ordered("expired", "invitation-1", "invitation-2", state="ordered")

    decisions = decided(decide, replace(row, order_ref=None, report_status=None))

    assert not decisions.moves
    assert not decisions.effects


@pytest.mark.parametrize(
    "row",
    [ordered("expired", "invitation-1", "invitation-2"), ordered("cancelled", "invitation-2")],
)
def test_what_expired_twice_or_was_cancelled_is_a_persons_to_order_again_or_end(row: Row) -> None:
    asks = decided(decide, row)
    again = decided(decide, replace(row, forms=order_check("order")))
    ends = decided(decide, replace(row, forms=order_check("end")))

    assert the_move(asks).to_state == "order_again"
    assert told(asks) == ["order_check"]
    (order,) = requests(again, OrderBackgroundCheck)
    assert order.instead_of[-1] == "invitation-2"
    assert the_move(ends).disposition == "REJECTED"
    assert told(ends) == ["not_selected"]


def test_a_person_decides_on_one_order_at_a_time() -> None:
    row = ordered("expired", "invitation-1", "invitation-2", "invitation-3")

    decisions = decided(decide, replace(row, forms=order_check("order")))

    assert told(decisions) == ["order_check"]
    assert not requests(decisions, OrderBackgroundCheck)


def order_check(decision: str) -> dict[str, dict[str, Any]]:
    return answered("order_check", "invitation-2", decision=decision)


def test_the_notice_of_an_earlier_report_is_no_notice_of_a_new_one() -> None:
    earlier = asked("background.adverse", "report-0@2026-02-02T15:00:00Z")

    decisions = decided(decide, consider(forms=review("adverse"), effects=earlier))

    assert requests(decisions, StartAdverseAction)


def test_a_clear_report_passes_on() -> None:
    assert the_move(decided(decide, consider(report_result="clear"))).ready_for == "preboarding"


@given(
    result=st.sampled_from(["consider", None]),
    adverse_status=st.sampled_from([None, "pending", "complete", "disputed", "cancelled"]),
    days=st.integers(min_value=0, max_value=400),
)
def test_a_report_never_rejects_anyone_without_a_persons_review(
    result: str | None, adverse_status: str | None, days: int
) -> None:
    row = consider(report_result=result, adverse_status=adverse_status)

    decisions = decided(decide, row, as_of=NOW + timedelta(days=days))

    assert the_move(decisions).disposition is None
    assert told(decisions) == ["review_report"]


def test_a_review_of_another_report_is_no_review() -> None:
    decisions = decided(
        decide, consider(forms=review("adverse", report="report-0@2026-03-02T15:00:00Z"))
    )

    assert told(decisions) == ["review_report"]


def test_a_person_may_clear_what_the_report_considers() -> None:
    move = the_move(decided(decide, consider(forms=review("clear"))))

    assert (move.ready_for, move.disposition) == ("preboarding", None)


def test_the_pre_adverse_notice_names_its_reviewer_and_the_earliest_final_notice() -> None:
    decisions = decided(decide, consider(forms=review("adverse")))

    (notice,) = requests(decisions, StartAdverseAction)
    assert notice.decided_by == HARBOR.people["compliance_reviewer"].name
    assert notice.final_not_before == NOW + timedelta(days=9)  # 5 business days and 2 of slack
    due = the_move(decisions).due
    assert due is not None
    assert (due.at, due.owner, due.legal) == (notice.final_not_before, "law", True)
    assert the_move(decisions).disposition is None


@given(
    start=INSTANTS,
    places=PLACES,
    business=st.integers(min_value=0, max_value=20),
    calendar=st.integers(min_value=0, max_value=45),
)
def test_the_wait_is_never_shorter_than_any_law_demands(
    start: datetime, places: list[str], business: int, calendar: int
) -> None:
    row = consider(
        jurisdictions=places, adverse_business_days=business, adverse_calendar_days=calendar
    )
    slack = HARBOR.background.delivery_slack_business_days

    wait = final_not_before(row, HARBOR, start)

    assert wait == max(
        after_legal_business_days(start, business + slack, places), start + timedelta(days=calendar)
    )
    assert all(wait >= after_business_days(start, business, [place]) for place in places)
    assert wait >= start + timedelta(days=calendar)


@given(
    start=INSTANTS,
    places=PLACES,
    calendar=st.integers(min_value=0, max_value=45),
    early=st.integers(min_value=1, max_value=10**6),
)
def test_nobody_is_rescinded_a_second_before_the_wait_is_over(
    start: datetime, places: list[str], calendar: int, early: int
) -> None:
    row = adverse(
        effects=asked("background.adverse", REPORT, at=start),
        since=start,
        adverse_status="complete",
        jurisdictions=places,
        adverse_calendar_days=calendar,
    )
    wait = final_not_before(row, HARBOR, start)

    assert not decided(decide, row, as_of=wait - timedelta(seconds=early)).moves
    assert the_move(decided(decide, row, as_of=wait)).disposition == "RESCINDED"


def test_a_notice_of_friday_evening_in_california_leaves_five_business_days_there() -> None:
    friday = datetime(2026, 3, 6, 17, 30, tzinfo=ZoneInfo("America/Los_Angeles"))
    without_slack = HARBOR.model_copy(
        update={"background": Background(delivery_slack_business_days=0)}
    )

    wait = final_not_before(consider(), without_slack, friday.astimezone(UTC))

    assert wait - friday == timedelta(days=7)


@given(start=INSTANTS, places=PLACES, days=st.integers(min_value=0, max_value=60))
def test_the_wait_begins_when_the_notice_leaves_however_late(
    start: datetime, places: list[str], days: int
) -> None:
    row = consider(forms=review("adverse"), jurisdictions=places, adverse_calendar_days=9)
    (kept,) = requests(decided(decide, row, as_of=start), StartAdverseAction)
    left = start + timedelta(days=days, minutes=15)

    notice = as_it_leaves(StartAdverseAction.model_validate(kept.model_dump(mode="json")), left)

    assert notice.final_not_before == max(
        kept.final_not_before, final_not_before(row, HARBOR, left)
    )


def test_after_the_wait_and_the_vendors_final_notice_the_person_is_told() -> None:
    decisions = decided(decide, adverse(adverse_status="complete"), as_of=NOW + timedelta(days=9))

    assert told(decisions) == ["rescinded"]


@given(late=st.integers(min_value=0, max_value=60))
def test_a_notice_that_a_person_sends_late_begins_the_wait_late(late: int) -> None:
    left = NOW + timedelta(days=late)
    row = adverse(adverse_status="complete", notice_at=left)
    over = final_not_before(row, HARBOR, left)

    before = decided(decide, row, as_of=over - timedelta(seconds=1))
    after = decided(decide, row, as_of=over)

    assert not before.moves
    assert told(after) == ["rescinded"]


@pytest.mark.parametrize("status", ["pending", None])
def test_without_the_vendors_final_notice_nobody_is_rescinded(status: str | None) -> None:
    decisions = decided(decide, adverse(adverse_status=status), as_of=NOW + timedelta(days=90))

    assert not decisions.moves
    assert not kinds(decisions)


@pytest.mark.parametrize(
    "values",
    [
        {"adverse_status": "disputed"},
        {"adverse_status": "complete", "report_status": "disputed"},
    ],
)
def test_a_dispute_pauses_everything(values: dict[str, Any]) -> None:
    decisions = decided(decide, adverse(**values), as_of=NOW + timedelta(days=90))

    assert the_move(decisions).to_state == "disputed"
    assert the_move(decisions).disposition is None
    assert not decisions.effects


def test_a_dispute_that_clears_the_report_passes_on() -> None:
    row = adverse(report_result="clear", adverse_status="cancelled")

    assert the_move(decided(decide, row)).ready_for == "preboarding"


LATER = NOW + timedelta(days=30)


def test_when_a_dispute_is_over_a_person_assesses_the_report_anew() -> None:
    """Some items are gone, some are left, and the screener's final notice has left meanwhile."""
    row = adverse(state="disputed", adverse_status="complete", report_at=LATER)

    decisions = decided(decide, row, as_of=LATER)

    assert the_move(decisions).to_state == "reassess"
    assert told(decisions) == ["review_report"]


def test_a_dispute_that_changed_nothing_is_assessed_anew_too() -> None:
    decisions = decided(decide, adverse(state="disputed", adverse_status="pending"), as_of=LATER)
    (ask,) = decisions.effects
    answered_now = adverse(
        state="reassess",
        adverse_status="pending",
        since=LATER,
        reopened_at=LATER,
        forms=review("adverse") | review("clear", ask.key.partition("review_report:")[2]),
    )

    assert the_move(decided(decide, answered_now, as_of=LATER)).to_state == "cleared"
    assert not decided(decide, replace(answered_now, forms=review("clear")), as_of=LATER).moves


def test_after_a_second_assessment_the_whole_wait_begins_anew() -> None:
    again = "report-1@2026-04-01T15:00:00Z"
    row = adverse(
        state="reassess", adverse_status="complete", since=LATER, reopened_at=LATER, report_at=LATER
    )
    assessed = replace(row, forms=review("adverse") | review("adverse", again))

    decisions = decided(decide, assessed, as_of=LATER)

    move = the_move(decisions)
    assert move.to_state == "pre_adverse" and move.due and move.due.owner == "law"
    assert move.due.at == final_not_before(row, HARBOR, LATER)
    assert not decisions.effects  # the notice stands
    waiting = replace(assessed, state="pre_adverse")
    early = move.due.at - timedelta(seconds=1)
    assert not decided(decide, waiting, as_of=early).moves
    assert the_move(decided(decide, waiting, as_of=move.due.at)).disposition == "RESCINDED"


def test_a_report_that_was_revised_after_the_assessment_is_assessed_anew() -> None:
    revised = NOW + timedelta(days=2)

    decisions = decided(decide, adverse(adverse_status="pending", report_at=revised), as_of=revised)

    assert the_move(decisions).to_state == "reassess"
    assert told(decisions) == ["review_report"]


@pytest.mark.parametrize(
    "values",
    [
        {"adverse_status": "cancelled"},
        {"effects": asked("background.adverse", REPORT, state="waived")},
    ],
)
def test_a_notice_that_was_called_off_is_assessed_anew_and_sent_anew(
    values: dict[str, Any],
) -> None:
    reopened = decided(decide, adverse(**values), as_of=LATER)
    assessed = adverse(
        state="reassess",
        since=LATER,
        reopened_at=LATER,
        forms=review("adverse", "report-1@2026-04-01T15:00:00Z"),
        **values,
    )

    decisions = decided(decide, assessed, as_of=LATER)

    assert the_move(reopened).to_state == "reassess"
    assert told(reopened) == ["review_report"]
    assert the_move(decisions).to_state == "pre_adverse"
    (notice,) = requests(decisions, StartAdverseAction)
    assert notice.final_not_before == final_not_before(assessed, HARBOR, LATER)
    assert decisions.effects[0].key not in assessed.effects


def test_what_the_screener_said_of_an_earlier_notice_does_not_call_off_the_new_one() -> None:
    later = asked("background.adverse", "report-1@2026-04-01T15:00:00Z", at=LATER)
    row = adverse(
        effects=asked("background.adverse", REPORT) | later,
        forms=review("adverse", "report-1@2026-04-01T15:00:00Z"),
        adverse_ref="vendor-0",
        adverse_status="cancelled",
        since=LATER,
        reopened_at=LATER,
    )

    assert not decided(decide, row, as_of=LATER + timedelta(days=30)).moves


@pytest.mark.parametrize(
    ("state", "values"),
    [
        ("pre_adverse", {"adverse_status": "pending"}),
        ("disputed", {"adverse_status": "pending"}),
        ("pre_adverse", {"effects": asked("background.adverse", REPORT, state="due")}),
    ],
)
def test_who_is_cleared_goes_on_only_when_no_final_notice_can_follow(
    state: str, values: dict[str, Any]
) -> None:
    decisions = decided(decide, adverse(state=state, report_result="clear", **values))

    move = the_move(decisions)
    assert (move.to_state, move.ready_for) == ("cleared", None)
    assert move.due and move.due.owner == "provider"
    called_off = adverse(state="cleared", report_result="clear", adverse_status="cancelled")
    assert the_move(decided(decide, called_off)).ready_for == "preboarding"
