"""Decisions: written whole or not at all, on what is still true, in a log that proves itself."""

import os
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from connectors.errors import LedgerUnavailable
from connectors.ledger import store
from connectors.ledger.decisions import Decisions, Due, Link, Subject
from connectors.ledger.store import Ledger, Occupied, Stale, chain
from connectors.records import SendMessage
from tests.locks import somebody_waits

Look = Callable[..., Sequence[Any]]
Reread = Callable[[str], Subject]

MESSAGE = SendMessage(
    to_name="Ann", to_email="ann@mail.example", subject="Hello", body="Hello", template="care"
)
CONTENT = (
    "subject_key",
    "seq",
    "from_stage",
    "from_state",
    "to_stage",
    "to_state",
    "reason",
)


def everything(subject: Subject, as_of: datetime, number: int | None = 1) -> Decisions:
    """A move with a clock, an effect and a fact; no number makes the fact impossible."""
    decisions = Decisions()
    decisions.hold(subject, "awaiting_approval", Due(as_of + timedelta(days=2), "client"))
    decisions.effect(subject, "smtp", "message.send", MESSAGE, about="approver")
    decisions.change(subject, approved_hash="somebody's")
    decisions.fact("opening", requisition_id=subject.id, number=number)
    return decisions


def snapshot(look: Look) -> list[Sequence[Any]]:
    """All that a decision can write."""
    names = ("transition", "requisition", "application", "effect", "clock", "opening")
    return [look(f"SELECT * FROM {name} ORDER BY id") for name in names]


def test_a_decision_is_written_with_its_log_clock_effect_and_facts(
    ledger: Ledger, opened: Subject, look: Look, subject: Reread, as_of: datetime
) -> None:
    ledger.apply(everything(opened, as_of), as_of)

    now = subject(opened.key)
    assert (now.stage, now.state, now.seq, now.ready_for) == (
        "requisition",
        "awaiting_approval",
        2,
        None,
    )
    assert look("SELECT waiting_on, approved_hash FROM requisition") == [("client", "somebody's")]
    assert look("SELECT key, state, not_before FROM effect") == [
        ("message.send:HARBOR-1:approver", "due", as_of)
    ]
    assert look("SELECT name, owner, due_at, stopped_at FROM clock") == [
        ("requisition.awaiting_approval", "client", as_of + timedelta(days=2), None)
    ]
    assert look("SELECT number, filled_at FROM opening") == [(1, None)]


def test_one_impossible_fact_and_nothing_is_written(
    ledger: Ledger, opened: Subject, look: Look, as_of: datetime
) -> None:
    before = snapshot(look)

    with pytest.raises(IntegrityError):
        ledger.apply(everything(opened, as_of, number=None), as_of)

    assert snapshot(look) == before


def test_a_decision_on_an_outdated_subject_is_stale_and_changes_nothing(
    ledger: Ledger, opened: Subject, look: Look, as_of: datetime
) -> None:
    ledger.apply(everything(opened, as_of), as_of)
    before = snapshot(look)

    late = Decisions()
    late.advance(opened, to="sourcing")
    late.fact("opening", requisition_id=opened.id, number=2)
    with pytest.raises(Stale):
        ledger.apply(late, as_of)

    assert snapshot(look) == before


def test_one_stale_subject_holds_back_the_whole_decision(
    ledger: Ledger, applicants: list[Subject], look: Look, as_of: datetime
) -> None:
    before = snapshot(look)
    decisions = Decisions()
    for applicant in (applicants[0], replace(applicants[1], seq=7), applicants[2]):
        decisions.advance(applicant, to="screening")

    with pytest.raises(Stale, match=r"1 application\(s\) moved"):
        ledger.apply(decisions, as_of)

    assert snapshot(look) == before


def test_of_two_who_decide_on_the_same_at_once_one_is_stale(
    ledger: Ledger, opened: Subject, look: Look, as_of: datetime
) -> None:
    def decide(state: str) -> str:
        decisions = Decisions()
        decisions.hold(opened, state, None)
        try:
            ledger.apply(decisions, as_of)
        except Stale:
            return "stale"
        return state

    with ThreadPoolExecutor(2) as pool:
        outcome = list(pool.map(decide, ("first", "second")))

    (winner,) = set(outcome) - {"stale"}
    assert sorted(outcome) == sorted([winner, "stale"])
    assert look("SELECT state, seq FROM requisition") == [(winner, 2)]


@pytest.fixture
def walked(ledger: Ledger, opened: Subject, subject: Reread, as_of: datetime) -> Subject:
    """A requisition that has been through several states to its end."""
    for day, state in enumerate(("awaiting_approval", "entered", "posted")):
        decisions = Decisions()
        decisions.hold(subject(opened.key), state, None, reason=f"day {day}")
        ledger.apply(decisions, as_of + timedelta(days=day, microseconds=day))
    decisions = Decisions()
    decisions.end(subject(opened.key), "CANCELLED", "the client has changed its mind")
    ledger.apply(decisions, as_of + timedelta(days=9))
    return subject(opened.key)


def test_the_log_of_a_subject_is_an_unbroken_chain_to_its_head(walked: Subject, look: Look) -> None:
    previous = ""
    for row in look("SELECT * FROM transition ORDER BY seq"):
        content = {name: row._mapping[name] for name in CONTENT}
        assert row.previous_hash == previous
        assert row.hash == chain(previous, content, row.as_of)
        previous = row.hash
    assert previous == walked.head_hash


def test_a_subject_stands_where_the_replay_of_its_log_ends(walked: Subject, look: Look) -> None:
    log = look("SELECT * FROM transition ORDER BY seq")
    (now,) = look("SELECT * FROM requisition")

    assert [row.seq for row in log] == list(range(1, 6))
    assert log[0].from_stage is None
    assert [(row.from_stage, row.from_state) for row in log[1:]] == [
        (row.to_stage, row.to_state) for row in log[:-1]
    ]
    last = log[-1]
    assert (now.seq, now.stage, now.disposition, now.reason, now.since) == (
        last.seq,
        last.to_stage,
        last.to_state,
        last.reason,
        last.as_of,
    )


def test_an_effect_asked_twice_is_one_effect_and_the_first_stands(
    ledger: Ledger, opened: Subject, look: Look, as_of: datetime
) -> None:
    for body in ("first", "second"):
        decisions = Decisions()
        message = MESSAGE.model_copy(update={"body": body})
        decisions.effect(opened, "smtp", "message.send", message)
        decisions.effect(opened, "smtp", "message.send", message)
        ledger.apply(decisions, as_of)

    assert look("SELECT request ->> 'body' AS body FROM effect") == [("first",)]


def test_a_clock_stops_when_its_state_is_left(
    ledger: Ledger, opened: Subject, look: Look, subject: Reread, as_of: datetime
) -> None:
    later = as_of + timedelta(days=1)
    first, second = Decisions(), Decisions()
    first.hold(opened, "awaiting_approval", Due(as_of, "client"))
    ledger.apply(first, as_of)

    second.hold(subject(opened.key), "pre_adverse", Due(later, "law", legal=True))
    ledger.apply(second, later)

    assert look("SELECT name, legal, stopped_at FROM clock ORDER BY id") == [
        ("requisition.awaiting_approval", False, later),
        ("requisition.pre_adverse", True, None),
    ]


def test_to_hold_what_already_holds_writes_nothing(
    ledger: Ledger, opened: Subject, look: Look, as_of: datetime
) -> None:
    before = snapshot(look)
    decisions = Decisions()
    decisions.hold(opened, opened.state, Due(as_of, "client"))
    ledger.apply(decisions, as_of)
    assert snapshot(look) == before


def test_each_opening_is_filled_once_and_nobody_fills_two(
    ledger: Ledger, opened: Subject, applicants: list[Subject], look: Look, as_of: datetime
) -> None:
    ann, ben, cleo = applicants
    decisions = Decisions()
    for number in (1, 2):
        decisions.fact("opening", requisition_id=opened.id, number=number)
    for applicant in (ann, ann, ben, cleo):
        decisions.fill(applicant)

    ledger.apply(decisions, as_of)

    assert look("SELECT number, application_id, filled_at FROM opening ORDER BY number") == [
        (1, ann.id, as_of),
        (2, ben.id, as_of),
    ]


def test_two_applications_of_one_person_share_the_person_and_its_contact_points(
    ledger: Ledger, applicants: list[Subject], look: Look, as_of: datetime
) -> None:
    first, second, _ = applicants
    points = (("email", "ann@mail.example"), ("phone", "+14155550100"))
    ledger.apply(Decisions(links=[Link(first, None, "Ann", points)]), as_of)
    ((person,),) = look("SELECT id FROM person WHERE key = :key", key=first.key)

    ledger.apply(Decisions(links=[Link(second, person, "Ann", points[:1])]), as_of)

    linked = look(
        "SELECT id FROM application WHERE person_id = :person ORDER BY key", person=person
    )
    assert [row.id for row in linked] == [first.id, second.id]
    assert look("SELECT kind, value FROM contact_point ORDER BY kind") == list(points)


def test_a_posting_is_live_until_it_is_taken_down(
    ledger: Ledger, posted: str, look: Look, as_of: datetime
) -> None:
    assert look("SELECT reference, live FROM posting") == [(posted, True)]

    decisions = Decisions()
    decisions.take_down(posted)
    ledger.apply(decisions, as_of)

    assert look("SELECT reference, live FROM posting") == [(posted, False)]


def test_only_one_run_at_a_time_carries_a_client(ledger: Ledger) -> None:
    same, other = Ledger(ledger.url, ledger.client), Ledger(ledger.url, f"{ledger.client}_other")

    with (
        ledger.exclusively() as mine,
        same.exclusively() as twice,
        other.exclusively() as elsewhere,
    ):
        assert (mine, twice, elsewhere) == (True, False, True)
    with same.exclusively() as afterwards:
        assert afterwards


def test_who_is_patient_gets_the_lock_when_the_run_before_has_ended(ledger: Ledger) -> None:
    def patient() -> bool:
        with Ledger(ledger.url, ledger.client).exclusively(timedelta(minutes=1)) as mine:
            return mine

    with ThreadPoolExecutor(1) as other:
        with ledger.exclusively():
            waiting = other.submit(patient)
            somebody_waits(ledger)
        assert waiting.result(timeout=30)


def test_patience_has_an_end(ledger: Ledger) -> None:
    with (
        ledger.exclusively(timedelta(seconds=1)) as mine,
        ledger.exclusively(timedelta(milliseconds=1)) as twice,
    ):
        assert (mine, twice) == (True, False)
    with ledger.exclusively() as afterwards:
        assert afterwards


def test_a_wait_that_is_cut_off_is_a_lost_ledger(ledger: Ledger) -> None:
    def patient() -> None:
        with ledger.exclusively(timedelta(minutes=1)):
            raise AssertionError("nobody has let go")

    with ThreadPoolExecutor(1) as other, ledger.exclusively():
        waiting = other.submit(patient)
        somebody_waits(ledger)
        with ledger.transaction() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks"
                    " WHERE locktype = 'advisory' AND NOT granted"
                )
            )
        with pytest.raises(LedgerUnavailable):
            waiting.result(timeout=30)


WORDS = st.text(max_size=20)
CONTENTS = st.fixed_dictionaries(
    {name: WORDS for name in CONTENT}
    | {"seq": st.integers(1, 1000), "from_stage": st.none() | WORDS}
)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(CONTENTS, CONTENTS, st.sampled_from(CONTENT), INSTANTS)
def test_a_change_of_any_field_breaks_the_chain(
    content: dict[str, Any], other: dict[str, Any], field: str, as_of: datetime
) -> None:
    changed = content | {field: other[field]}
    same = changed == content
    assert (chain("before", content, as_of) == chain("before", changed, as_of)) is same


@given(CONTENTS, INSTANTS, INSTANTS)
def test_another_instant_or_another_past_breaks_the_chain(
    content: dict[str, Any], as_of: datetime, other: datetime
) -> None:
    told = chain("before", content, as_of)
    assert (told == chain("before", content, other)) is (as_of == other)
    assert told != chain("after", content, as_of)
    assert told != chain("before", content, as_of + timedelta(microseconds=1))


def test_who_waits_too_long_for_something_says_which_process_to_look_at(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PATIENCE_SECONDS", 0.1)
    neighbour = Ledger(ledger.url, f"{ledger.client}_neighbour")

    with ledger.alone("account gusto"):
        with (
            pytest.raises(Occupied, match=rf"account gusto .* {os.getpid()} on .*, since .*end it"),
            ledger.alone("account gusto"),
        ):
            raise AssertionError("two at once")
        with ledger.alone("account ashby"), neighbour.alone("account gusto"):
            pass  # neither is the same thing

    with ledger.alone("account gusto"):
        pass  # whoever was refused has left nothing behind


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "INSERT INTO person (client, name) VALUES (:client, :secret)",
            'SQLSTATE 23502: null value in column "key"',
        ),
        ("SELECT CAST(:secret AS text)::int WHERE CAST(:client AS text) <> ''", "SQLSTATE 22P02"),
        (
            "SELECT nothing FROM person WHERE name = :secret AND client = :client",
            'SQLSTATE 42703: column "nothing" does not exist',
        ),
    ],
)
def test_an_error_of_the_database_says_what_is_wrong_and_quotes_no_data(
    ledger: Ledger, statement: str, told: str
) -> None:
    values = {"client": ledger.client, "secret": "Ada Winter 078-05-1120"}

    with pytest.raises(DBAPIError) as caught, ledger.transaction() as connection:
        connection.execute(text(statement), values)

    said = "".join(traceback.format_exception(caught.value))
    assert told in said
    assert "Winter" not in said
