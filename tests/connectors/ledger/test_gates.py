"""Gates: who fails is held alone, with the reason and what to do; everybody else goes in."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors.ledger import gates, status
from connectors.ledger.decisions import Subject
from connectors.ledger.gates import Failure, Passage, Verdict
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger

Look = Callable[..., Sequence[Any]]
Admit = Callable[..., Passage]


@pytest.fixture
def admit(ledger: Ledger, as_of: datetime) -> Admit:
    """Open intake's door to subjects, as a verdict says."""

    def through(
        door: Sequence[Subject],
        *failures: Failure,
        stopped: str | None = None,
        at: datetime = as_of,
    ) -> Passage:
        with ledger.transaction() as connection:
            verdict = Verdict(failures, stopped)
            return gates.admit(connection, ledger.client, "intake", door, verdict, at)

    return through


@pytest.fixture
def release(ledger: Ledger, as_of: datetime) -> Callable[[str, str], int]:
    """A person lets a held subject pass one rule."""

    def pass_one(key: str, rule: str) -> int:
        with ledger.transaction() as connection:
            return gates.release(connection, ledger.client, key, rule, "Ann", "it is so", as_of)

    return pass_one


def failure(*failing: Subject, rule: str = "INT-1", critical: bool = True) -> Failure:
    ids = tuple(subject.id for subject in failing)
    return Failure(rule, critical, "candidate", "no e-mail", "ask for one", ids)


def inside(look: Look) -> list[str]:
    """The keys of the applications that have entered intake."""
    return [row.key for row in look("SELECT key FROM application WHERE state = 'entered'")]


def test_who_meets_every_rule_enters(
    admit: Admit, applicants: list[Subject], look: Look, as_of: datetime
) -> None:
    passage = admit(applicants)

    assert passage == Passage("intake", rows_in=3, passed=3, held=0)
    assert look("SELECT DISTINCT stage, state, ready_for, seq FROM application") == [
        ("intake", "entered", None, 2)
    ]
    assert look("SELECT rows_in, passed, held, findings, as_of FROM gate_run") == [
        (3, 3, 0, {}, as_of)
    ]


def test_who_fails_is_held_with_reason_and_remedy_and_blocks_nobody(
    admit: Admit, applicants: list[Subject], look: Look, as_of: datetime
) -> None:
    ann, ben, cleo = applicants

    passage = admit(applicants, failure(ann, cleo), failure(cleo, rule="INT-2"))

    assert passage == Passage("intake", 3, 1, 2, 2, findings={"INT-1": 2, "INT-2": 1})
    assert inside(look) == [ben.key]
    assert look(
        "SELECT subject_id, stage, rule, owner, reason, remedy, opened_at, closed_at"
        " FROM quarantine ORDER BY subject_id, rule"
    ) == [
        (ann.id, "intake", "INT-1", "candidate", "no e-mail", "ask for one", as_of, None),
        (cleo.id, "intake", "INT-1", "candidate", "no e-mail", "ask for one", as_of, None),
        (cleo.id, "intake", "INT-2", "candidate", "no e-mail", "ask for one", as_of, None),
    ]


def test_who_is_held_still_waits_at_the_same_door(
    admit: Admit, applicants: list[Subject], subject: Callable[[str], Subject]
) -> None:
    admit(applicants, failure(applicants[0]))

    assert subject(applicants[0].key) == applicants[0]


def test_a_warning_is_counted_and_holds_nobody(
    admit: Admit, applicants: list[Subject], look: Look
) -> None:
    passage = admit(applicants, failure(*applicants, critical=False))

    assert passage == Passage("intake", 3, 3, 0, findings={"INT-1": 3})
    assert look("SELECT * FROM quarantine") == []


def test_to_fail_again_opens_no_second_case(
    admit: Admit, applicants: list[Subject], look: Look, as_of: datetime
) -> None:
    for day in range(3):
        admit(applicants[:1], failure(applicants[0]), at=as_of + timedelta(days=day))

    assert look("SELECT opened_at FROM quarantine") == [(as_of,)]


def test_a_repaired_fact_heals_the_case_and_lets_its_subject_in(
    admit: Admit, applicants: list[Subject], look: Look, as_of: datetime
) -> None:
    later = as_of + timedelta(days=1)
    ann = applicants[0]
    admit([ann], failure(ann), failure(ann, rule="INT-2"))

    assert admit([ann], at=later).passed == 1
    assert look("SELECT rule, outcome, closed_at, closed_by FROM quarantine ORDER BY rule") == [
        ("INT-1", "healed", later, None),
        ("INT-2", "healed", later, None),
    ]


def test_one_repaired_fact_heals_its_case_although_another_rule_still_holds(
    admit: Admit, applicants: list[Subject], look: Look
) -> None:
    ann = applicants[0]
    admit(applicants, failure(ann), failure(ann, rule="INT-2"))

    assert admit([ann], failure(ann, rule="INT-2")).held == 1
    assert look("SELECT rule, outcome FROM quarantine ORDER BY rule") == [
        ("INT-1", "healed"),
        ("INT-2", None),
    ]


def test_a_release_lets_exactly_that_rule_pass_for_exactly_that_subject(
    admit: Admit, release: Callable[[str, str], int], applicants: list[Subject], look: Look
) -> None:
    ann, ben, cleo = applicants
    broken = [failure(ann, ben, cleo), failure(ann, rule="INT-2")]
    admit(applicants, *broken)

    assert [release(ann.key, "INT-1"), release(ben.key, "INT-1")] == [1, 1]
    passage = admit(applicants, *broken)

    assert (passage.passed, passage.held) == (1, 2)
    assert inside(look) == [ben.key]
    assert look("SELECT subject_id, rule FROM quarantine WHERE closed_at IS NULL ORDER BY 1") == [
        (ann.id, "INT-2"),
        (cleo.id, "INT-1"),
    ]
    assert look("SELECT DISTINCT closed_by, note FROM quarantine WHERE outcome = 'released'") == [
        ("Ann", "it is so")
    ]


def test_only_what_is_held_can_be_released(
    admit: Admit, release: Callable[[str, str], int], applicants: list[Subject]
) -> None:
    ann, ben, _ = applicants
    admit(applicants, failure(ann))

    assert release(ann.key, "INT-2") == 0
    assert release(ben.key, "INT-1") == 0
    assert [release(ann.key, "INT-1"), release(ann.key, "INT-1")] == [1, 0]


def test_another_client_can_release_nobody(
    ledger: Ledger, admit: Admit, applicants: list[Subject], as_of: datetime
) -> None:
    ann = applicants[0]
    admit([ann], failure(ann))
    other = Ledger(ledger.url, f"{ledger.client}_other")

    with other.transaction() as connection:
        for client in (ledger.client, other.client):
            assert not gates.release(connection, client, ann.key, "INT-1", "Ann", "so", as_of)


def test_a_broken_batch_rule_stops_everybody_and_still_holds_who_fails(
    admit: Admit, applicants: list[Subject], look: Look
) -> None:
    passage = admit(applicants, failure(applicants[0]), stopped="INT-900")

    assert passage == Passage("intake", 3, 0, 3, 1, "INT-900", {"INT-1": 1})
    assert inside(look) == []
    assert look("SELECT stopped, held FROM gate_run") == [("INT-900", 3)]
    assert len(look("SELECT * FROM quarantine")) == 1


def test_whether_a_gate_is_shut_is_what_its_last_run_found(
    admit: Admit, applicants: list[Subject], ledger: Ledger, as_of: datetime
) -> None:
    def stopped() -> list[str]:
        with ledger.transaction() as connection:
            return [gate.stopped for gate in status.gates(connection, Scope(ledger.client))]

    admit(applicants, stopped="INT-900")
    shut = stopped()
    admit(applicants, at=as_of + timedelta(days=1))

    assert (shut, stopped()) == (["INT-900"], [""])


def test_a_requisition_and_an_application_of_the_same_number_are_not_mixed_up(
    ledger: Ledger, opened: Subject, look: Look, as_of: datetime
) -> None:
    with ledger.transaction() as connection:
        verdict = Verdict((failure(opened),))
        gates.admit(connection, ledger.client, "requisition", [opened], verdict, as_of)
        assert gates.release(connection, ledger.client, opened.key, "INT-1", "Ann", "so", as_of)
        passage = gates.admit(connection, ledger.client, "requisition", [opened], verdict, as_of)

    assert passage.passed == 1
    assert look("SELECT subject_kind, outcome FROM quarantine") == [("requisition", "released")]
