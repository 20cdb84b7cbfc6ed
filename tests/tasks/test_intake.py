"""Arrival: everyone is one known person, is answered at once, and is in the tracker."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.ledger.intake import Acquaintance, Row
from connectors.records import AddApplication, KeepResume, RejectApplication
from tasks.intake import decide, points_of
from tests.tasks.factories import (
    HARBOR,
    KEY,
    NOW,
    an_application,
    answered,
    asked,
    decided,
    facts,
    kinds,
    requests,
    the_move,
    told,
)


def an_arrival(**values: Any) -> Row:
    common: dict[str, Any] = {
        "consent_at": NOW,
        "has_email": True,
        "has_phone": True,
        "open": True,
        "approved": True,
        "job_ref": "job-1",
        "conflict_over": False,
        "tracker_ref": None,
        "person_id": None,
    }
    row = an_application(Row, **common | values)
    return row if row.person_id else replace(row, points=points_of(row))


def somebody(
    name: str = "Ada Lovelace",
    contacts: tuple[str, ...] = ("ada@example.org",),
    same_requisition: bool = False,
) -> Acquaintance:
    return Acquaintance(7, 21, "HARBOR-2.0000000001", name, list(contacts), same_requisition)


def test_a_newcomer_becomes_a_person_of_their_own() -> None:
    (link,) = decided(decide, an_arrival()).links

    assert link.person_id is None
    assert link.contacts == (("email", "ada@example.org"), ("phone", "+14155550100"))


def test_an_identical_address_and_a_like_name_link_by_themselves() -> None:
    row = an_arrival(name="Lovelace, Ada", known=(somebody(name="Ada Lovelace"),))

    decisions = decided(decide, row)

    assert [link.person_id for link in decisions.links] == [21]
    assert [f.values["state"] for f in facts(decisions, "match_proposal")] == ["linked"]


@pytest.mark.parametrize(
    "known",
    [
        somebody(contacts=("+14155550100",)),
        somebody(contacts=()),
        somebody(name="Adah Lovelance"),
    ],
    ids=["telephone", "name only", "address but another spelling"],
)
def test_a_likely_match_waits_for_a_persons_word(known: Acquaintance) -> None:
    decisions = decided(decide, an_arrival(known=(known,)))

    assert told(decisions) == ["review_duplicate"]
    assert the_move(decisions).to_state == "dedupe_review"
    assert not decisions.links


@pytest.mark.parametrize(("word", "person"), [("same", 21), ("different", None)])
def test_the_persons_word_decides_a_likely_match(word: str, person: int | None) -> None:
    forms = answered("review_duplicate", "HARBOR-2.0000000001", decision=word)
    row = an_arrival(known=(somebody(contacts=("+14155550100",)),), forms=forms)

    assert [link.person_id for link in decided(decide, row).links] == [person]


def test_a_person_is_never_overwritten_by_what_an_applicant_sends() -> None:
    row = an_arrival(name="Ada Lovelace", known=(somebody(),))

    decisions = decided(decide, row)

    assert not decisions.changes
    assert {fact.table for fact in decisions.facts} == {"match_proposal"}


def test_who_applies_twice_for_one_requisition_keeps_the_first_application() -> None:
    row = an_arrival(known=(somebody(same_requisition=True),), tracker_ref="tracker-8")

    decisions = decided(decide, row)

    assert the_move(decisions).disposition == "DUPLICATE"
    assert told(decisions) == ["joined"]
    assert [r.reason for r in requests(decisions, RejectApplication)] == ["duplicate"]


def test_who_applies_again_after_the_first_has_ended_is_taken_in() -> None:
    decisions = decided(decide, an_arrival(known=(somebody(same_requisition=False),)))

    assert [link.person_id for link in decisions.links] == [21]
    assert told(decisions) == ["acknowledgement"]
    assert [r.job_ref for r in requests(decisions, AddApplication)] == ["job-1"]


def test_who_was_taken_for_an_older_application_is_added_again_when_that_is_over() -> None:
    added = asked("tracker.add")
    conflict = decided(decide, an_arrival(person_id=3, effects=added))
    over = decided(decide, an_arrival(person_id=3, effects=added, conflict_over=True))

    assert (the_move(conflict).to_state, requests(conflict, AddApplication)) == (
        "tracker_conflict",
        [],
    )
    assert [e.key for e in over.effects if e.kind == "tracker.add"] == [f"tracker.add:{KEY}:again"]


def test_two_newcomers_with_one_address_are_resolved_one_after_the_other() -> None:
    first, second = an_arrival(), an_arrival(id=8, key="HARBOR-1.1111111111")

    decisions = decided(decide, first, second)

    assert [link.subject.id for link in decisions.links] == [7]


def test_who_is_known_is_answered_and_put_into_the_tracker() -> None:
    decisions = decided(decide, an_arrival(person_id=3))

    assert told(decisions) == ["acknowledgement"]
    assert [r.job_ref for r in requests(decisions, AddApplication)] == ["job-1"]


def test_who_is_in_the_tracker_passes_on_and_is_not_answered_twice() -> None:
    row = an_arrival(
        person_id=3,
        tracker_ref="tracker-7",
        effects=asked("message.send", "acknowledgement") | asked("tracker.add"),
    )

    decisions = decided(decide, row)

    assert the_move(decisions).ready_for == "screening"
    assert not decisions.effects


@pytest.mark.parametrize("approved", [True, False])
def test_the_resume_of_who_came_by_the_tracker_is_kept_if_the_client_has_a_vault(
    approved: bool,
) -> None:
    row = an_arrival(tracker_ref="tracker-7", approved=approved)
    without = HARBOR.model_copy(
        update={"systems": HARBOR.systems.model_copy(update={"vault": None})}
    )

    (copy,) = requests(decided(decide, row), KeepResume)
    assert copy == KeepResume(application_ref="tracker-7", name=f"resumes/{KEY}")
    assert requests(decided(decide, row, process=without), KeepResume) == []


@pytest.mark.parametrize("about", ["", "again"])
def test_the_resume_of_whom_we_have_added_to_the_tracker_is_not_looked_for(about: str) -> None:
    row = an_arrival(person_id=3, tracker_ref="tracker-7", effects=asked("tracker.add", about))

    assert requests(decided(decide, row), KeepResume) == []


def test_who_has_no_address_is_answered_by_a_person_once() -> None:
    row = an_arrival(email=None, person_id=3)
    again = an_arrival(email=None, person_id=3, effects=asked("message.by_hand", "acknowledgement"))

    assert kinds(decided(decide, row))[0] == "message.by_hand"
    assert not told(decided(decide, again))


def test_the_tracker_is_not_asked_before_it_has_the_job() -> None:
    decisions = decided(decide, an_arrival(person_id=3, job_ref=None))

    assert kinds(decisions) == ["message.send"]


def test_while_a_version_awaits_approval_who_applies_is_answered_and_waits() -> None:
    newcomer = decided(decide, an_arrival(approved=False))
    row = an_arrival(
        approved=False,
        person_id=3,
        tracker_ref="tracker-7",
        effects=asked("message.send", "acknowledgement") | asked("tracker.add"),
    )

    waiting = decided(decide, row)

    assert (told(newcomer), the_move(newcomer).disposition) == (["acknowledgement"], None)
    assert (the_move(waiting).to_state, the_move(waiting).ready_for) == ("awaiting_approval", None)
    assert not waiting.effects


def test_who_comes_too_late_is_told_and_archived() -> None:
    decisions = decided(decide, an_arrival(open=False, tracker_ref="tracker-7"))

    assert the_move(decisions).disposition == "REJECTED"
    assert told(decisions) == ["closed"]
    assert [r.reason for r in requests(decisions, RejectApplication)] == ["position_closed"]
