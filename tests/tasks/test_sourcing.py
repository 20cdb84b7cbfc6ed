"""Advertising: every board gets the complete list; what is not approved or open is not on it."""

from datetime import date
from typing import Any

import pytest

from connectors.ledger.sourcing import Row
from connectors.records import CloseJob, OpenJob, PublishPostings
from tasks.sourcing import decide, postings
from tests.tasks.factories import (
    HARBOR,
    NOW,
    a_requisition,
    answered,
    decided,
    fields,
    kinds,
    requests,
    the_move,
)

NEW_YORK = {"code": "US-NY-NYC", "city": "New York", "region": "NY", "country": "US"}


def an_open_one(**values: Any) -> Row:
    common: dict[str, Any] = {
        "approved": True,
        "pay_required": True,
        "has_pay": True,
        "pay_order": True,
        "benefits_required": False,
        "has_benefits": True,
        "deadline_required": False,
        "closes_on": None,
        "vacancy_required": False,
        "has_vacancy": True,
        "forbidden": False,
        "open_applications": 0,
        "live_postings": [],
        "job_ref": "job-1",
    }
    return a_requisition(Row, **common | values)


def live(row: Row) -> list[dict[str, Any]]:
    return [posting.model_dump(mode="json") for posting in postings(row, HARBOR, NOW)]


def test_an_approved_requisition_is_posted_in_every_place_on_every_board_and_tracked() -> None:
    san_francisco = fields()["places"][0]
    row = an_open_one(fields=fields(places=[san_francisco, NEW_YORK]), job_ref=None)

    decisions = decided(decide, row)

    assert [reference for _, reference, _ in decisions.posted] == [
        "HARBOR-1-US-CA",
        "HARBOR-1-US-NY-NYC",
    ]
    assert [e.system for e in decisions.effects if e.kind == "posting.publish"] == [
        "google_for_jobs",
        "indeed",
    ]
    assert [job.headcount for job in requests(decisions, OpenJob)] == [2]
    assert the_move(decisions).to_state == "posted"


def test_a_job_that_the_tracker_has_is_not_opened_again() -> None:
    assert requests(decided(decide, an_open_one(job_ref="job-1")), OpenJob) == []


def test_a_posting_says_what_law_may_demand() -> None:
    row = an_open_one(fields=fields(closes_on="2026-05-01"))

    (posting,) = postings(row, HARBOR, NOW)

    assert posting.pay is not None
    assert posting.pay.min_cents == 6307400
    assert posting.benefits == row.fields["benefits"]
    assert posting.closes_on == date(2026, 5, 1)
    assert "existing vacancy" in posting.description_html
    assert [question for question, _ in posting.questions] == ["bookkeeping", "spreadsheets"]


def test_boards_always_get_the_complete_list_of_the_client() -> None:
    first = an_open_one()
    other = an_open_one(id=2, key="HARBOR-2", requisition="HARBOR-2")

    decisions = decided(decide, other, as_of=NOW)
    both = decided(decide, an_open_one(live_postings=live(other)), as_of=NOW)

    assert [p.reference for p in requests(decisions, PublishPostings)[0].postings] == [
        "HARBOR-2-US-CA"
    ]
    assert [p.reference for p in requests(both, PublishPostings)[0].postings] == [
        f"{first.key}-US-CA",
        "HARBOR-2-US-CA",
    ]


def test_nothing_is_published_while_the_list_stays_the_same() -> None:
    row = an_open_one(state="posted", live_postings=live(an_open_one()))

    assert "posting.publish" not in kinds(decided(decide, row))


def test_a_filled_requisition_is_taken_down_and_its_job_closed() -> None:
    row = an_open_one(openings_filled=2, live_postings=live(an_open_one()))

    decisions = decided(decide, row)

    assert the_move(decisions).disposition == "FILLED"
    assert decisions.taken_down == ["HARBOR-1-US-CA"]
    assert [p.postings for p in requests(decisions, PublishPostings)] == [(), ()]
    assert [job.job_ref for job in requests(decisions, CloseJob)] == ["job-1"]


def test_a_requisition_with_an_opening_left_stays_open() -> None:
    decisions = decided(decide, an_open_one(openings_filled=1))

    assert the_move(decisions).disposition is None


def test_a_cancelled_requisition_is_closed_whatever_is_filled() -> None:
    forms = answered("cancel_requisition", reason="budget")

    decisions = decided(decide, an_open_one(forms=forms, live_postings=live(an_open_one())))

    assert the_move(decisions).disposition == "CANCELLED"
    assert decisions.taken_down == ["HARBOR-1-US-CA"]


def test_what_was_changed_after_its_approval_goes_back_and_comes_down() -> None:
    decisions = decided(decide, an_open_one(approved=False, live_postings=live(an_open_one())))

    assert the_move(decisions).ready_for == "requisition"
    assert decisions.taken_down == ["HARBOR-1-US-CA"]


@pytest.mark.parametrize(
    "change", [{"approved": False}, {"openings_filled": 2}], ids=["unapproved", "filled"]
)
def test_a_posting_in_a_place_that_was_given_up_comes_down_as_well(change: dict[str, Any]) -> None:
    row = an_open_one(fields=fields(places=[NEW_YORK]), live_postings=live(an_open_one()), **change)

    assert decided(decide, row).taken_down == ["HARBOR-1-US-CA"]


def test_what_belongs_to_another_requisition_stays_up() -> None:
    other = live(an_open_one(id=2, key="HARBOR-2", requisition="HARBOR-2"))
    row = an_open_one(openings_filled=2, live_postings=[*live(an_open_one()), *other])

    (published, _) = requests(decided(decide, row), PublishPostings)

    assert [posting.reference for posting in published.postings] == ["HARBOR-2-US-CA"]
