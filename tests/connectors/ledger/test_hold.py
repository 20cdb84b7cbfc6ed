"""Who is held stands still and nothing of theirs is sent; nothing of it is lost."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from connectors.ledger import effects, endings, gates, hold, intake, landing, rows
from connectors.ledger.decisions import Decisions, Subject
from connectors.ledger.gates import Verdict
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import FormAnswer, PublishPostings, SendMessage

Look = Callable[..., Sequence[Any]]
Reread = Callable[[str], Subject]
MESSAGE = SendMessage(
    to_name="Ann", to_email="ann@mail.example", subject="Hello", body="Hello", template="care"
)
HELD = [{}, {"requisition": "HARBOR-1"}]


def place(ledger: Ledger, as_of: datetime, **what: str) -> bool:
    with ledger.transaction() as connection:
        return hold.place(connection, ledger.client, "ops", "asked to", as_of, **what)


def lift(ledger: Ledger, as_of: datetime, **what: str) -> bool:
    with ledger.transaction() as connection:
        return hold.lift(connection, ledger.client, "ops", "may go on", as_of, **what)


def door(connection: Connection, ledger: Ledger, as_of: datetime) -> list[Subject]:
    return rows.at_the_door(connection, intake.ROWS, "intake", Scope(ledger.client), as_of)


def claimed(ledger: Ledger, as_of: datetime) -> list[str]:
    """The keys of the effects that would be sent now; they are not."""
    with ledger.transaction() as connection:
        keys = [e.key for e in effects.claim(connection, Scope(ledger.client), as_of, 9, False)]
        connection.rollback()
    return keys


@pytest.fixture
def asked(ledger: Ledger, applicants: list[Subject], as_of: datetime) -> str:
    """The key of a message to the first applicant that is due."""
    decisions = Decisions()
    decisions.effect(applicants[0], "smtp", "message.send", MESSAGE)
    ledger.apply(decisions, as_of)
    return decisions.effects[0].key


def test_a_hold_is_kept_with_who_and_why_also_after_it_is_lifted(
    ledger: Ledger, as_of: datetime, look: Look
) -> None:
    later = as_of + timedelta(hours=1)

    assert place(ledger, as_of, system="checkr")
    with ledger.transaction() as connection:
        (standing,) = hold.standing(connection, ledger.client)
        assert hold.vendors(connection, ledger.client) == {"checkr"}
    assert (str(standing), standing.by, standing.why) == ("vendor checkr", "ops", "asked to")
    assert lift(ledger, later, system="checkr")

    with ledger.transaction() as connection:
        assert hold.standing(connection, ledger.client) == []
    assert look(
        "SELECT system, by, why, placed_at, lifted_at, lifted_by, lifted_why FROM hold"
    ) == [("checkr", "ops", "asked to", as_of, later, "ops", "may go on")]


def test_what_is_held_keeps_its_first_reason_and_what_is_not_cannot_be_resumed(
    ledger: Ledger, as_of: datetime
) -> None:
    assert not lift(ledger, as_of, requisition="HARBOR-1")
    assert place(ledger, as_of, requisition="HARBOR-1")
    assert not place(ledger, as_of, requisition="HARBOR-1")
    assert place(ledger, as_of)


@pytest.mark.parametrize("held", HELD, ids=["client", "requisition"])
def test_nobody_of_a_held_requisition_is_at_a_gate_or_inside_a_stage(
    ledger: Ledger, applicants: list[Subject], as_of: datetime, held: dict[str, str]
) -> None:
    with ledger.transaction() as connection:
        gates.admit(connection, ledger.client, "intake", applicants[:1], Verdict(), as_of)
    place(ledger, as_of, **held)

    with ledger.transaction() as connection:
        assert door(connection, ledger, as_of) == []
        scope = Scope(ledger.client)
        inside = rows.inside(connection, intake.Row, intake.ROWS, "intake", scope, as_of)
        assert inside == []
    lift(ledger, as_of, **held)
    with ledger.transaction() as connection:
        assert len(door(connection, ledger, as_of)) == 2


def test_another_requisitions_hold_and_a_vendors_stop_nobody(
    ledger: Ledger, applicants: list[Subject], as_of: datetime
) -> None:
    place(ledger, as_of, requisition="HARBOR-2")
    place(ledger, as_of, system="checkr")

    with ledger.transaction() as connection:
        assert len(door(connection, ledger, as_of)) == 3


def test_a_withdrawal_waits_until_the_requisition_is_resumed(
    ledger: Ledger, applicants: list[Subject], as_of: datetime
) -> None:
    withdrawal = FormAnswer(
        external_id="w1",
        updated_at=as_of,
        form="withdraw",
        subject=applicants[0].key,
        about="",
        by="candidate",
        fields={"confirm": "yes"},
    )
    with ledger.transaction() as connection:
        landing.land(connection, ledger.client, "forms", [withdrawal], as_of)
    place(ledger, as_of, requisition="HARBOR-1")
    with ledger.transaction() as connection:
        assert endings.ended(connection, Scope(ledger.client), as_of) == []

    lift(ledger, as_of, requisition="HARBOR-1")
    with ledger.transaction() as connection:
        assert [row.key for row in endings.ended(connection, Scope(ledger.client), as_of)] == [
            applicants[0].key
        ]


@pytest.mark.parametrize(
    "held", [*HELD, {"system": "smtp"}], ids=["client", "requisition", "vendor"]
)
def test_what_is_due_stays_due_while_it_is_held(
    ledger: Ledger, asked: str, as_of: datetime, held: dict[str, str], look: Look
) -> None:
    place(ledger, as_of, **held)
    assert claimed(ledger, as_of) == []
    assert look("SELECT state FROM effect") == [("due",)]

    lift(ledger, as_of, **held)
    assert claimed(ledger, as_of) == [asked]


def test_an_effect_of_unknown_outcome_is_not_waited_for_while_its_vendor_is_held(
    ledger: Ledger, asked: str, as_of: datetime
) -> None:
    scope = Scope(ledger.client)
    with ledger.transaction() as connection:
        (effect,) = effects.claim(connection, scope, as_of, 9, False)
        effects.failed(connection, effect, "sending", "lost", as_of)
    place(ledger, as_of, system="smtp")

    assert claimed(ledger, as_of) == []
    with ledger.transaction() as connection:
        assert effects.seconds_to_wait(connection, scope, as_of) is None


def test_a_held_requisition_does_not_keep_the_others_postings_from_the_boards(
    ledger: Ledger, opened: Subject, as_of: datetime
) -> None:
    decisions = Decisions()
    decisions.effect(opened, "indeed", "posting.publish", PublishPostings(postings=(), as_of=as_of))
    ledger.apply(decisions, as_of)

    place(ledger, as_of, requisition="HARBOR-1")
    assert claimed(ledger, as_of) == ["posting.publish:HARBOR-1"]
    place(ledger, as_of, system="indeed")
    assert claimed(ledger, as_of) == []


def test_for_a_month_after_a_restore_all_is_looked_up_that_no_person_has_settled(
    ledger: Ledger, asked: str, as_of: datetime
) -> None:
    def looked_up(at: datetime) -> list[bool]:
        with ledger.transaction() as connection:
            found = effects.claim(connection, Scope(ledger.client), at, 9, False)
            connection.rollback()
        return [effect.sent_before for effect in found]

    assert looked_up(as_of) == [False]
    with ledger.transaction() as connection:
        hold.place_restored(connection, ledger.client, as_of)
        connection.execute(text("UPDATE effect SET state = 'due', sent_at = NULL"))  # asked since
    assert looked_up(as_of) == []
    lift(ledger, as_of)

    assert looked_up(as_of + timedelta(days=29)) == [True]
    assert looked_up(as_of + timedelta(days=31)) == [False]

    scope = Scope(ledger.client)
    with ledger.transaction() as connection:
        (effect,) = effects.claim(connection, scope, as_of, 9, False)
        effects.failed(connection, effect, "parked", "no journal", as_of)
        effects.close_by_hand(connection, ledger.client, asked, "due", "ops", "not sent", as_of)
    assert looked_up(as_of) == [False]


def test_what_was_looked_up_after_a_restore_stays_unknown_until_it_is_settled(
    ledger: Ledger, asked: str, as_of: datetime
) -> None:
    scope, later = Scope(ledger.client), as_of + timedelta(days=40)
    with ledger.transaction() as connection:
        hold.place_restored(connection, ledger.client, as_of)
        connection.execute(text("UPDATE effect SET state = 'due', sent_at = NULL"))
    lift(ledger, as_of)
    with ledger.transaction() as connection:
        (effect,) = effects.claim(connection, scope, as_of, 9, False)
        effects.failed(connection, effect, "sending", "journal is down", as_of)
        (again,) = effects.claim(connection, scope, later, 9, False)

    assert (effect.sent_seconds_ago, again.sent_before) == (None, True)


def test_a_restore_holds_anew_who_was_held_and_keeps_who_held_them(
    ledger: Ledger, as_of: datetime
) -> None:
    place(ledger, as_of)

    with ledger.transaction() as connection:
        hold.place_restored(connection, ledger.client, as_of)
        (standing,) = hold.standing(connection, ledger.client)

    assert standing.by == "restore"
    assert standing.why.endswith("; held before by ops: asked to")


def test_another_clients_hold_is_not_ours(ledger: Ledger, asked: str, as_of: datetime) -> None:
    place(Ledger(ledger.url, f"{ledger.client}_other"), as_of)

    assert claimed(ledger, as_of) == [asked]
