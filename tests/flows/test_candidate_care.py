"""Nobody who is being considered waits in silence, and the record of a past day is sealed."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from sqlalchemy import text

from connectors.documents import filesystem
from connectors.ledger import arrivals, landing
from connectors.ledger import care as ledger_care
from connectors.ledger import requisition as ledger_requisition
from connectors.ledger.decisions import Decisions, Move, Subject
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.records import Application, FormAnswer
from connectors.requisition import Requisition
from deployments.postgres import Urls
from deployments.sandbox.people import DATA
from tasks import care, desk
from tasks.desk import Desk
from tasks.process import Process

MONDAY = datetime(2026, 10, 19, 13, tzinfo=UTC)
NEXT_MONDAY = MONDAY + timedelta(days=7)
Look = Callable[..., Sequence[Any]]


@pytest.fixture
def look(ledger: Ledger) -> Look:
    def query(sql: str, **parameters: Any) -> Sequence[Any]:
        with ledger.transaction() as connection:
            return connection.execute(text(sql), parameters).all()

    return query


@pytest.fixture
def scope(ledger: Ledger, process: Process, tmp_path: Path) -> Scope:
    """The client's scope, its desk open; no vendor is needed to decide."""
    links = Links("http://127.0.0.1", "secret")
    store = filesystem.Filesystem(tmp_path, "http://127.0.0.1")
    desk._open[process.client] = Desk(process, ledger, links, {}, store, settling_seconds=60)
    return Scope(process.client)


@pytest.fixture
def apply(ledger: Ledger, look: Look) -> Callable[..., str]:
    """Let somebody apply on MONDAY; returns the application's key."""

    def one(name: str, email: str | None = "", stage: str = "screening") -> str:
        arrival = Application(
            external_id=name,
            updated_at=MONDAY,
            job_ref="the posting",
            name=name,
            emails=() if email is None else (email or f"{name}@people.example",),
            source="Indeed",
            applied_at=MONDAY,
        )
        with ledger.transaction() as connection:
            fields = yaml.safe_load((DATA / "requisitions/HARBOR-1.yaml").read_text())
            wanted = Requisition.model_validate(fields | {"client": ledger.client})
            ledger_requisition.put(connection, wanted, MONDAY)
            found = connection.execute(text("SELECT id FROM requisition")).all()
            ledger.write(connection, _posting(found), MONDAY)
            landing.land(connection, ledger.client, "indeed", [arrival], MONDAY)
            arrivals.open_applications(connection, ledger.client, "us", MONDAY)
        key = str(look("SELECT key FROM application WHERE name = :name", name=name)[0].key)
        move(ledger, look, key, stage, MONDAY)
        return key

    return one


def _posting(rows: Sequence[Any]) -> Decisions:
    decisions = Decisions()
    for row in rows:
        requisition = _subject("requisition", row.id, key="HARBOR-1")
        decisions.post(requisition, "the posting", {})
    return decisions


def _subject(kind: str, id: int, **known: Any) -> Subject:
    usual: dict[str, Any] = {
        "key": "",
        "stage": "",
        "state": "",
        "since": MONDAY,
        "ready_for": None,
        "seq": 0,
        "head_hash": "",
    }
    return Subject(subject_kind=kind, id=id, **(usual | known))


def move(ledger: Ledger, look: Look, key: str, stage: str, at: datetime, **move: Any) -> None:
    columns = "id, key, stage, state, since, ready_for, seq, head_hash"
    [row] = look(f"SELECT {columns} FROM application WHERE key = :key", key=key)
    subject = Subject(subject_kind="application", **row._mapping)
    moved = Move(subject, stage, "entered", "for this test", **move)
    ledger.apply(Decisions(moves=[moved]), at)


def messages(look: Look) -> list[tuple[str, str, str]]:
    """(kind, what about, state) of every message that was asked for, in order."""
    rows = look("SELECT kind, key, state FROM effect WHERE kind LIKE 'message%' ORDER BY id")
    return [(row.kind, row.key.split(":", 2)[2], row.state) for row in rows]


def days(look: Look) -> list[tuple[date, int]]:
    return [
        (r.day, r.transitions) for r in look("SELECT day, transitions FROM digest ORDER BY day")
    ]


def test_whoever_has_heard_nothing_for_five_business_days_is_told_once(
    scope: Scope, apply: Callable[..., str], look: Look
) -> None:
    apply("ann")

    for as_of in (NEXT_MONDAY - timedelta(hours=1), NEXT_MONDAY, NEXT_MONDAY):
        care.care.fn(scope, as_of)

    assert messages(look) == [("message.send", "care:2026-10-19", "due")]


def test_each_new_silence_is_broken_again(
    scope: Scope, apply: Callable[..., str], look: Look
) -> None:
    apply("ann")

    for weeks in range(1, 4):
        care.care.fn(scope, MONDAY + timedelta(weeks=weeks))

    assert [about for _, about, _ in messages(look)] == [
        "care:2026-10-19",
        "care:2026-10-26",
        "care:2026-11-02",
    ]


def test_a_message_that_was_refused_is_not_counted_as_heard_and_not_repeated(
    scope: Scope, apply: Callable[..., str], look: Look, ledger: Ledger
) -> None:
    apply("ann")
    care.care.fn(scope, NEXT_MONDAY)
    with ledger.transaction() as connection:
        connection.execute(text("UPDATE effect SET state = 'dead'"))

    care.care.fn(scope, NEXT_MONDAY + timedelta(days=1))

    assert messages(look) == [("message.send", "care:2026-10-19", "dead")]


def test_who_has_no_address_is_told_by_a_person(
    scope: Scope, apply: Callable[..., str], look: Look
) -> None:
    apply("ann", email=None)

    care.care.fn(scope, NEXT_MONDAY)

    assert messages(look) == [("message.by_hand", "care:2026-10-19", "due")]

    care.care.fn(scope, NEXT_MONDAY + timedelta(days=21))

    assert len(messages(look)) == 1, "one call is enough while it has not been made"


@pytest.mark.parametrize("stage", ["preboarding", "day_one", "payroll", "aftercare"])
def test_who_is_hired_is_not_told_that_the_application_is_being_considered(
    scope: Scope, apply: Callable[..., str], look: Look, stage: str
) -> None:
    apply("ann", stage=stage)

    care.care.fn(scope, NEXT_MONDAY)

    assert messages(look) == []


def test_who_has_left_is_left_alone(
    scope: Scope, apply: Callable[..., str], look: Look, ledger: Ledger
) -> None:
    move(ledger, look, apply("ann"), "screening", MONDAY, disposition="WITHDRAWN")

    care.care.fn(scope, NEXT_MONDAY)

    assert messages(look) == []


def answer(ledger: Ledger, key: str, at: datetime, interested: str, about: str = "") -> None:
    told = FormAnswer(
        external_id=f"{key} {at}",
        updated_at=at,
        form="interest",
        subject=key,
        about=about,
        by="candidate",
        fields={"interested": interested},
    )
    with ledger.transaction() as connection:
        landing.land(connection, ledger.client, "forms", [told], at)


def hold(ledger: Ledger, look: Look, key: str) -> None:
    [row] = look("SELECT id FROM application WHERE key = :key", key=key)
    values = "'application', :id, 'submittal', 'SUB-004', 'candidate', '', '', :at"
    with ledger.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO quarantine (client, subject_kind, subject_id, stage, rule, owner,"
                f" reason, remedy, opened_at) VALUES (:client, {values})"
            ),
            {"client": ledger.client, "id": row.id, "at": MONDAY},
        )


def test_whose_interest_has_lapsed_is_asked_once_and_again_when_it_lapses_again(
    scope: Scope, apply: Callable[..., str], look: Look, ledger: Ledger
) -> None:
    key = apply("ann")
    answer(ledger, key, MONDAY, "yes")
    hold(ledger, look, key)

    for day in (1, 2):
        care.care.fn(scope, MONDAY + timedelta(days=day))
    answer(ledger, key, MONDAY + timedelta(days=3), "yes", about="2026-10-19")
    care.care.fn(scope, MONDAY + timedelta(days=4))

    assert [about for _, about, _ in messages(look)] == [
        "interest:2026-10-19",
        "interest:2026-10-22",
    ]
    bodies = [row.body for row in look("SELECT request ->> 'body' AS body FROM effect ORDER BY id")]
    assert bodies[0] != bodies[1]  # the first link has been used: its first answer stands


def test_who_is_not_interested_any_more_leaves(
    scope: Scope, apply: Callable[..., str], look: Look, ledger: Ledger
) -> None:
    key = apply("ann")
    answer(ledger, key, MONDAY, "yes")
    hold(ledger, look, key)
    answer(ledger, key, MONDAY + timedelta(days=1), "no", about="2026-10-19")

    care.care.fn(scope, MONDAY + timedelta(days=2))

    [row] = look("SELECT disposition FROM application")
    assert row.disposition == "WITHDRAWN"


def test_every_day_that_is_over_is_sealed_once(
    scope: Scope, apply: Callable[..., str], look: Look, ledger: Ledger
) -> None:
    move(ledger, look, apply("ann"), "submittal", MONDAY + timedelta(days=2))

    for _ in range(2):
        care.seal_days.fn(scope, MONDAY + timedelta(days=3))

    assert days(look) == [
        (date(2026, 10, 19), 3),
        (date(2026, 10, 20), 0),
        (date(2026, 10, 21), 1),
    ]


def test_a_client_without_history_has_nothing_to_seal(scope: Scope, look: Look) -> None:
    assert care.seal_days.fn(scope, MONDAY).message == "0 days sealed, every seal is whole"
    assert days(look) == []


def test_what_is_put_into_a_sealed_day_or_altered_there_is_found(
    scope: Scope, apply: Callable[..., str], look: Look, ledger: Ledger, database: Urls
) -> None:
    key = apply("ann")
    apply("ben")
    care.seal_days.fn(scope, MONDAY + timedelta(days=3))

    move(ledger, look, key, "submittal", MONDAY + timedelta(days=1))
    with psycopg.connect(database.admin_url.replace("+psycopg", "")) as owner:
        owner.execute("ALTER TABLE transition DISABLE TRIGGER append_only")
        owner.execute(
            "UPDATE transition SET hash = 'forged' WHERE client = %s AND as_of = %s",
            [scope.client, MONDAY],
        )
        owner.execute("ALTER TABLE transition ENABLE TRIGGER append_only")

    with ledger.transaction() as connection:
        broken = ledger_care.broken_seals(connection, scope.client)
    assert broken == [date(2026, 10, 19), date(2026, 10, 20)]
    sealed = care.seal_days.fn(scope, MONDAY + timedelta(days=4))
    assert sealed.is_failed()
    assert "2026-10-19, 2026-10-20" in (sealed.message or "")
