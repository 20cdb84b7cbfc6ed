"""A correction puts right what holds somebody, moves nobody, and is undone by no later delivery."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from connectors.errors import Refused
from connectors.ledger import arrivals, audit, correction, landing, reconcile
from connectors.ledger import requisition as requisitions
from connectors.ledger.decisions import Decisions, Due, Link, Move, Subject
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.ledger.verify import verify
from connectors.links import Links
from connectors.records import Application, TrackerStage
from connectors.requisition import Requisition
from deployments.sandbox.people import DATA
from tasks import correct as corrections
from tasks import desk
from tasks.correct import NOT_OURS, correct
from tasks.gate import judge_door
from tasks.process import Process

AS_OF = datetime(2026, 11, 23, 9, tzinfo=UTC)
LATER = AS_OF + timedelta(hours=1)
POSTING = "HARBOR-1-US-CA"
OLD, NEW = "ann@mail,example", "ann.lee@mail.example"
BY = ("R. Lee", "she told me by telephone")


@pytest.fixture
def look(ledger: Ledger) -> Callable[..., Sequence[Any]]:
    def query(sql: str, **parameters: Any) -> Sequence[Any]:
        with ledger.transaction() as connection:
            return connection.execute(text(sql), parameters).all()

    return query


@pytest.fixture
def held(ledger: Ledger, process: Process, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An application that intake's gate holds, as its e-mail address cannot be written to."""
    nowhere: Any = None  # no task here reads or writes documents
    opened = desk.Desk(process, ledger, Links("http://localhost", "s"), {}, nowhere, 60)
    monkeypatch.setitem(desk._open, ledger.client, opened)
    fields = yaml.safe_load((DATA / "requisitions/HARBOR-1.yaml").read_text(encoding="utf-8"))
    wanted = Requisition.model_validate(fields | {"client": ledger.client})
    with ledger.transaction() as connection:
        requisitions.put(connection, wanted, AS_OF)
    posted = Decisions()
    posted.post(subject(ledger, "requisition", "HARBOR-1"), POSTING, {})
    ledger.apply(posted, AS_OF)
    land(ledger, "indeed", delivered(), AS_OF)
    with ledger.transaction() as connection:
        arrivals.open_applications(connection, ledger.client, "us", AS_OF)
        key = connection.execute(text("SELECT key FROM application")).scalar_one()
    assert judge(ledger, AS_OF) == {"INT-002": 1}
    return str(key)


def subject(ledger: Ledger, kind: str, key: str) -> Subject:
    columns = "id, key, stage, state, since, ready_for, seq, head_hash"
    with ledger.transaction() as connection:
        found = connection.execute(
            text(f"SELECT {columns} FROM {kind} WHERE key = :key"), {"key": key}
        ).one()
    return Subject(subject_kind=kind, **found._mapping)


def delivered(**fields: Any) -> Application:
    usual: dict[str, Any] = {
        "external_id": "ann",
        "updated_at": AS_OF,
        "job_ref": POSTING,
        "name": "Ann",
        "emails": (OLD,),
        "phones": ("(415) 555-0100",),
        "source": "Indeed",
        "applied_at": AS_OF,
    }
    return Application.model_validate(usual | fields)


def land(ledger: Ledger, system: str, record: Application, as_of: datetime) -> int:
    with ledger.transaction() as connection:
        return len(landing.land(connection, ledger.client, system, [record], as_of))


def judge(ledger: Ledger, as_of: datetime) -> dict[str, int]:
    return dict(judge_door("intake", Scope(ledger.client), as_of).findings)


def findings(ledger: Ledger) -> list[tuple[str, str]]:
    with ledger.transaction() as connection:
        found = reconcile.differences(
            connection, ledger.client, reconcile.CORRECTED_OTHERWISE, [], LATER
        )
    return [(each.external_id, each.reason) for each in found]


def application(look: Callable[..., Sequence[Any]]) -> Any:
    (row,) = look("SELECT * FROM application")
    return row


def test_who_is_corrected_re_enters_at_the_gate_and_is_healed(
    ledger: Ledger, held: str, look: Any
) -> None:
    before = application(look)

    assert correct(ledger, held, {"email": f" {NEW} "}, *BY, LATER) == ["email"]

    after = application(look)
    assert (after.email, after.stage, after.ready_for, after.since, after.seq) == (
        NEW,
        before.stage,
        before.ready_for,
        before.since,
        before.seq,
    )
    assert look("SELECT outcome FROM quarantine") == [(None,)]
    assert judge(ledger, LATER) == {}
    assert look("SELECT outcome FROM quarantine") == [("healed",)]
    assert application(look).state == "entered"


def test_the_trail_says_who_and_what_but_no_value(ledger: Ledger, held: str, look: Any) -> None:
    correct(ledger, held, {"email": NEW, "phone": "415 555 0199"}, *BY, LATER)

    with ledger.transaction() as connection:
        (act,) = audit.acts(connection, ledger.client)
        assert verify(connection, ledger.client) == []
    assert (act.at, act.by, act.command, act.subject, act.about, act.why) == (
        LATER,
        BY[0],
        "quarantine correct",
        held,
        "email, phone",
        BY[1],
    )
    kept = look("SELECT field, was, became, salt FROM correction ORDER BY field")
    assert [tuple(row)[:3] for row in kept] == [
        ("email", OLD, NEW),
        ("phone", "(415) 555-0100", "+14155550199"),
    ]
    assert act.proof == correction.proof(kept[0].salt, [tuple(row)[:3] for row in kept])
    assert act.proof != correction.proof("", [tuple(row)[:3] for row in kept])
    (row,) = look("SELECT CAST(act AS text) AS all FROM act")
    assert not any(value in row.all for value in (OLD, NEW, "5550199", "(415)"))


def test_what_is_delivered_again_does_not_undo_it(ledger: Ledger, held: str, look: Any) -> None:
    correct(ledger, held, {"email": NEW}, *BY, LATER)

    assert land(ledger, "indeed", delivered(), LATER) == 0
    assert land(ledger, "indeed", delivered(resume_text="longer"), LATER) == 1
    with ledger.transaction() as connection:
        assert arrivals.open_applications(connection, ledger.client, "us", LATER) == 0

    assert application(look).email == NEW
    assert findings(ledger) == []


def test_what_a_vendor_says_anew_is_not_ignored_but_a_finding(
    ledger: Ledger, held: str, look: Any
) -> None:
    correct(ledger, held, {"email": NEW, "phone": "+14155550199"}, *BY, AS_OF)

    newer = delivered(emails=("ann@elsewhere.example",), phones=("415-555-0199",))
    land(ledger, "indeed", newer, LATER)

    assert application(look).email == NEW
    assert findings(ledger) == [("ann", "email: not what was corrected here")]
    correct(ledger, held, {"email": "ann@elsewhere.example"}, *BY, LATER)
    assert findings(ledger) == []


def test_a_tracker_that_still_has_what_was_wrong_is_a_finding(
    ledger: Ledger, held: str, look: Any
) -> None:
    with ledger.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO external_id SELECT client, 'ashby', 'application', 'x1',"
                " 'application', id FROM application"
            )
        )
    there = delivered(external_id="x1", stage=TrackerStage.NEW, phones=())
    land(ledger, "ashby", there, AS_OF)

    correct(ledger, held, {"email": NEW, "phone": "+14155550199"}, *BY, LATER)

    assert findings(ledger) == [("x1", "email: not what was corrected here")]
    land(ledger, "ashby", there.model_copy(update={"emails": (NEW,)}), LATER)
    assert findings(ledger) == []


def test_a_known_person_keeps_what_is_known_and_is_recognised_by_the_new_too(
    ledger: Ledger, held: str, look: Any
) -> None:
    known = Decisions()
    known.links.append(
        Link(subject(ledger, "application", held), None, "Ann", (("phone", "+14155550100"),))
    )
    ledger.apply(known, AS_OF)

    correct(ledger, held, {"name": "Ann  Lee", "email": NEW.upper()}, *BY, LATER)

    assert application(look).name == "Ann Lee"
    assert look("SELECT name FROM person") == [("Ann",)]
    assert look("SELECT kind, value FROM contact_point ORDER BY kind") == [
        ("email", NEW),
        ("phone", "+14155550100"),
    ]


@pytest.mark.parametrize(
    ("field", "value", "remedy"),
    [
        ("email", "ann at mail", "can be written to"),
        ("email", "", "can be written to"),
        ("phone", "call me", "can be called"),
        ("name", " ", "1 to 300 letters"),
        ("name", "Ann\x1bLee", "1 to 300 letters"),
        ("residence", "New York", "a place like"),
        ("shoe_size", "41", "no field of an application; there are: name, email"),
        *[(field, "2020-01-01", reason[:30]) for field, reason in NOT_OURS.items()],
    ],
)
def test_what_is_not_ours_or_cannot_be_read_is_refused_without_its_value(
    ledger: Ledger, held: str, look: Any, field: str, value: str, remedy: str
) -> None:
    before = application(look)

    with pytest.raises(Refused) as refusal:
        correct(ledger, held, {"phone": "+14155550199", field: value}, *BY, LATER)

    assert remedy in str(refusal.value)
    assert field in str(refusal.value)
    assert not value.strip() or value not in str(refusal.value)
    assert application(look) == before
    assert look("SELECT * FROM act") == look("SELECT * FROM correction") == []


def test_who_is_not_held_is_not_corrected(ledger: Ledger, held: str, look: Any) -> None:
    correct(ledger, held, {"email": NEW}, *BY, LATER)
    judge(ledger, LATER)
    assert correct(ledger, held, {"email": NEW}, *BY, LATER) == []  # corrected before: may be again

    ending = Decisions()
    ending.end(subject(ledger, "application", held), "WITHDRAWN", "withdrawn")
    ledger.apply(ending, LATER)
    for key in (held, "HARBOR-1.0"):
        with pytest.raises(Refused, match="is not held"):
            correct(ledger, key, {"email": OLD}, *BY, LATER)
    with pytest.raises(Refused, match="requisition open"):
        correct(ledger, "HARBOR-1", {"email": NEW}, *BY, LATER)


def test_another_residence_only_adds_places(ledger: Ledger, held: str, look: Any) -> None:
    correct(ledger, held, {"residence": "US-NY-NYC"}, *BY, LATER)
    assert application(look).jurisdictions == ["US", "US-CA", "US-NY", "US-NY-NYC"]

    correct(ledger, held, {"residence": "US-TX"}, *BY, LATER)

    assert application(look).residence == "US-TX"
    assert application(look).jurisdictions == ["US", "US-CA", "US-NY", "US-NY-NYC", "US-TX"]


def at_the_gate_of(ledger: Ledger, key: str, stage: str, due: Due | None = None) -> None:
    """Move somebody who is held to the gate of another stage, with the clock of their wait."""
    now = subject(ledger, "application", key)
    move = Move(now, "selection", "complete", "for this test", ready_for=stage, due=due)
    ledger.apply(Decisions(moves=[move]), AS_OF)


@pytest.mark.parametrize(
    ("stage", "residence", "refused"),
    [
        ("selection", "US-NY-NYC", False),
        ("offer", "US-NY-NYC", True),  # references would have come first
        ("references", "US-NY-NYC", True),  # the offer was made without them
        ("offer", "US-TX", False),
    ],
)
def test_no_law_is_added_that_demands_another_way_than_the_one_behind(
    ledger: Ledger, held: str, look: Any, stage: str, residence: str, refused: bool
) -> None:
    at_the_gate_of(ledger, held, stage)

    if refused:
        with pytest.raises(Refused, match="another order of the stages"):
            correct(ledger, held, {"residence": residence}, *BY, LATER)
        assert application(look).jurisdictions == ["US", "US-CA"]
    else:
        correct(ledger, held, {"residence": residence}, *BY, LATER)
        assert residence in application(look).jurisdictions


def test_no_correction_touches_a_clock(ledger: Ledger, held: str, look: Any) -> None:
    at_the_gate_of(ledger, held, "selection", Due(AS_OF + timedelta(days=9), "law", legal=True))
    before = look("SELECT * FROM clock"), look("SELECT * FROM transition ORDER BY seq")

    correct(ledger, held, {"residence": "US-TX", "email": NEW, "name": "Ann Lee"}, *BY, LATER)

    assert (look("SELECT * FROM clock"), look("SELECT * FROM transition ORDER BY seq")) == before


def test_every_field_that_can_be_corrected_is_read_and_says_how_it_looks() -> None:
    assert {*corrections._READ} == {*corrections._LOOKS} == {*correction.COLUMNS}
