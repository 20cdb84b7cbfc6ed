"""What a person does by hand is done once, or refused with the remedy, and leaves one act."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from connectors.errors import Refused
from connectors.ledger import arrivals, audit, gates, inbox, landing
from connectors.ledger import requisition as requisitions
from connectors.ledger.decisions import Decisions, Subject
from connectors.ledger.gates import Failure, Verdict
from connectors.ledger.inbox import Hint
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.records import Application, CloseJob, SendMessage
from connectors.requisition import Requisition
from deployments.sandbox.people import DATA
from tasks import desk, enter, evidence
from tasks.observe import open_applications, read_inbox
from tasks.process import Process

AS_OF = datetime(2026, 11, 23, 9, tzinfo=UTC)
LATER = AS_OF + timedelta(hours=1)
POSTING = "HARBOR-1-US-CA"
BY = ("R. Lee", "asked to")
Look = Callable[..., Sequence[Any]]


@pytest.fixture
def look(ledger: Ledger) -> Look:
    def query(sql: str, **parameters: Any) -> Sequence[Any]:
        with ledger.transaction() as connection:
            return connection.execute(text(sql), parameters).all()

    return query


@pytest.fixture
def scope(ledger: Ledger, process: Process, monkeypatch: pytest.MonkeyPatch) -> Scope:
    """A client with a posted requisition, whose desk is open."""
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", ledger.url)
    monkeypatch.setenv("FULLCYCLE_SECRET", "secret")
    nowhere: Any = None  # no task here reads or writes documents
    opened = desk.Desk(process, ledger, Links("http://localhost", "s"), {}, nowhere, 60)
    monkeypatch.setitem(desk._open, ledger.client, opened)
    fields = yaml.safe_load((DATA / "requisitions/HARBOR-1.yaml").read_text(encoding="utf-8"))
    with ledger.transaction() as connection:
        wanted = Requisition.model_validate(fields | {"client": ledger.client})
        requisitions.put(connection, wanted, AS_OF)
    posted = Decisions()
    posted.post(subject(ledger, "requisition", "HARBOR-1"), POSTING, {})
    ledger.apply(posted, AS_OF)
    return Scope(ledger.client)


@pytest.fixture
def applicant(ledger: Ledger, scope: Scope, look: Look) -> Subject:
    """Somebody who waits at intake's gate."""
    applied = Application(
        external_id="ann",
        updated_at=AS_OF,
        job_ref=POSTING,
        name="Ann",
        emails=("ann@mail.example",),
        source="Indeed",
        applied_at=AS_OF,
    )
    with ledger.transaction() as connection:
        landing.land(connection, ledger.client, "indeed", [applied], AS_OF)
        arrivals.open_applications(connection, ledger.client, "us", AS_OF)
    ((key,),) = look("SELECT key FROM application")
    return subject(ledger, "application", key)


def subject(ledger: Ledger, kind: str, key: str) -> Subject:
    columns = "id, key, stage, state, since, ready_for, seq, head_hash"
    with ledger.transaction() as connection:
        found = connection.execute(
            text(f"SELECT {columns} FROM {kind} WHERE key = :key"), {"key": key}
        ).one()
    return Subject(subject_kind=kind, **found._mapping)


def trail(ledger: Ledger) -> list[tuple[str, str, str]]:
    with ledger.transaction() as connection:
        return [
            (act.command, act.subject, act.about)
            for act in audit.acts(connection, ledger.client)
            if (act.at, act.by, act.why) == (LATER, *BY)
        ]


def sweep(scope: Scope, as_of: datetime) -> str:
    """What a sweep does about deliveries, without Prefect around it."""
    read = read_inbox.fn(scope, as_of).message
    opened = open_applications.fn(scope, as_of).message
    return f"{read}; {opened}"


def test_a_requisition_leaves_an_act_each_time_it_changes(ledger: Ledger, scope: Scope) -> None:
    fields = yaml.safe_load((DATA / "requisitions/HARBOR-1.yaml").read_text(encoding="utf-8"))
    wanted = Requisition.model_validate(fields | {"client": ledger.client})
    other = wanted.model_copy(update={"code": "HARBOR-9"})
    reworded = other.model_copy(update={"description": "Keep the books."})
    larger = reworded.model_copy(update={"headcount": wanted.headcount + 1})

    outcomes = [
        enter.requisition(each, *BY, LATER) for each in (wanted, other, reworded, larger, larger)
    ]

    assert outcomes == ["unchanged", "opened", "edited", "changed", "unchanged"]
    assert trail(ledger) == [("requisition open", "HARBOR-9", outcome) for outcome in outcomes[1:4]]


def test_who_looks_at_personal_data_leaves_an_act(
    ledger: Ledger, applicant: Subject, look: Look
) -> None:
    assert enter.reveal(ledger.client, applicant.key, *BY, LATER)["email"] == "ann@mail.example"
    assert enter.reveal(ledger.client, "HARBOR-1.0", *BY, LATER) == {}

    assert trail(ledger) == [("quarantine show", applicant.key, "name, email, phone, residence")]
    assert "ann@" not in str(look("SELECT * FROM act"))


def test_a_hold_and_its_end_leave_an_act_each(ledger: Ledger, scope: Scope, look: Look) -> None:
    enter.hold(ledger.client, "HARBOR-1", "", *BY, LATER)
    enter.hold(ledger.client, "", "checkr", *BY, LATER)
    with pytest.raises(Refused):
        enter.hold(ledger.client, "", "checkr", *BY, LATER)
    enter.resume(ledger.client, "HARBOR-1", "", *BY, LATER)
    with pytest.raises(Refused):
        enter.resume(ledger.client, "", "", *BY, LATER)

    assert trail(ledger) == [
        ("hold", "HARBOR-1", "requisition HARBOR-1"),
        ("hold", "", "vendor checkr"),
        ("resume", "HARBOR-1", "requisition HARBOR-1"),
    ]


def test_a_release_leaves_an_act_and_a_refused_one_none(ledger: Ledger, applicant: Subject) -> None:
    failure = Failure("INT-001", True, "provider", "no address", "ask", (applicant.id,))
    with ledger.transaction() as connection:
        gates.admit(connection, ledger.client, "intake", [applicant], Verdict((failure,)), AS_OF)

    enter.release(ledger.client, applicant.key, "INT-001", *BY, LATER)
    with pytest.raises(Refused, match="is not held"):
        enter.release(ledger.client, applicant.key, "INT-001", *BY, LATER)

    assert trail(ledger) == [("quarantine release", applicant.key, "INT-001")]


@pytest.mark.parametrize(
    ("outcome", "state"), [("retry", "due"), ("done", "done"), ("waive", "waived")]
)
def test_an_effect_that_is_settled_leaves_an_act(
    ledger: Ledger, applicant: Subject, look: Look, outcome: enter.Outcome, state: str
) -> None:
    message = SendMessage(to_name="", to_email="", subject="", body="", template="care")
    asked = Decisions()
    asked.effect(applicant, "smtp", "message.send", message, about="care")
    ledger.apply(asked, AS_OF)
    look("UPDATE effect SET state = 'parked' RETURNING id")
    key = f"message.send:{applicant.key}:care"

    assert enter.settle_effect(ledger.client, key, outcome, *BY, LATER) == state
    if state != "due":
        with pytest.raises(Refused, match="neither dead nor parked"):
            enter.settle_effect(ledger.client, key, outcome, *BY, LATER)

    assert look("SELECT state FROM effect") == [(state,)]
    assert trail(ledger) == [(f"effect {outcome}", applicant.key, key)]


@pytest.mark.parametrize("state", ["dead", "parked"])
def test_what_is_too_late_is_not_tried_again_but_a_person_may_settle_it(
    ledger: Ledger, applicant: Subject, look: Look, state: str
) -> None:
    asked = Decisions()
    asked.effect(applicant, "checkr", "background.order", CloseJob(job_ref="any request"))
    asked.end(applicant, "WITHDRAWN", "withdrawn by the candidate")
    ledger.apply(asked, AS_OF)
    look("UPDATE effect SET state = :state RETURNING id", state=state)
    key = f"background.order:{applicant.key}"

    with pytest.raises(Refused, match="has ended; waive it"):
        enter.settle_effect(ledger.client, key, "retry", *BY, LATER)
    assert trail(ledger) == []

    assert enter.settle_effect(ledger.client, key, "waive", *BY, LATER) == "waived"


def test_a_decision_leaves_an_act_without_its_answers_and_only_once(
    ledger: Ledger, applicant: Subject, look: Look
) -> None:
    answer = {"decision": "adverse", "nature_and_gravity": "convicted of arson"}
    kept = [
        enter.answer(
            ledger.client, "review_report", applicant.key, "r7", "recruiter", answer, LATER
        )
        for _ in range(2)
    ]
    assert kept == [True, False]

    (row,) = look("SELECT CAST(act AS text) AS all, command, about, by FROM act")
    assert (row.command, row.about, row.by) == ("record-decision", "review_report:r7", "recruiter")
    assert "arson" not in row.all


@pytest.mark.parametrize(
    ("form", "subject", "about", "refusal"),
    [
        ("day_one", "HARBOR-1.0a", "", "has no HARBOR-1.0a"),
        ("approve_requisition", "HARBOR-9", "v1", "has no HARBOR-9"),
        ("cancel_requisition", "HARBOR-9", "", "has no HARBOR-9"),
        ("approve_requisition", "HARBOR-1", "", "say about what: the version of the requisition"),
        ("day_one", "HARBOR-1", "v1", "leave empty about what"),
    ],
)
def test_an_answer_that_would_move_nothing_is_refused(
    ledger: Ledger, scope: Scope, form: str, subject: str, about: str, refusal: str
) -> None:
    with pytest.raises(Refused, match=refusal):
        enter.answer(ledger.client, form, subject, about, "ops", {"decision": "approve"}, LATER)

    assert states(ledger) == {}
    assert trail(ledger) == []


def test_an_answer_about_an_application_that_has_ended_is_refused(
    ledger: Ledger, applicant: Subject
) -> None:
    ended = Decisions()
    ended.end(applicant, "WITHDRAWN", "for this test")
    ledger.apply(ended, AS_OF)

    with pytest.raises(Refused, match="has ended"):
        enter.answer(ledger.client, "day_one", applicant.key, "", "ops", {"arrived": "yes"}, LATER)


def test_an_export_keeps_the_manifest_of_what_was_handed_out(
    ledger: Ledger, applicant: Subject, look: Look, tmp_path: Path
) -> None:
    enter.hold(ledger.client, "HARBOR-1", "", *BY, LATER)
    story = enter.export(ledger.client, applicant.key, *BY, LATER)
    evidence.write(story, tmp_path / "evidence.json")

    written = json.loads((tmp_path / "evidence.json").read_text(encoding="utf-8"))
    assert [act["command"] for act in written["acts"]] == ["hold"]
    assert look("SELECT proof FROM act WHERE command = 'export'") == [
        (written["manifest"]["hash"],)
    ]
    assert (tmp_path / "evidence.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(Refused, match=r"no application HARBOR-1\.0"):
        enter.export(ledger.client, "HARBOR-1.0", *BY, LATER)
    assert len(trail(ledger)) == 2


APPLY = {
    "id": "apply-1",
    "appliedOnMillis": 1795424400000,
    "job": {"jobId": POSTING},
    "applicant": {"fullName": "Ann Lee", "email": "ann@mail.example"},
}


def deliver(ledger: Ledger, source: str, event: str, body: str) -> int:
    """Have the receiver keep a delivery; returns its number."""
    with ledger.transaction() as connection:
        assert inbox.keep(connection, ledger.client, source, event, body, AS_OF)
        (found,) = inbox.arrived(connection, ledger.client, ["unread"])
    return found.id


def states(ledger: Ledger) -> dict[str, str]:
    with ledger.transaction() as connection:
        found = inbox.arrived(connection, ledger.client, ["unread", "unreadable", "read"])
    return {each.source: each.state for each in found}


def everything(look: Look) -> list[Sequence[Any]]:
    names = ("arrival", "application", "transition", "person", "form_answer", "effect")
    return [look(f"SELECT * FROM {name} ORDER BY id") for name in names]


def test_an_application_that_is_read_again_is_not_there_twice(
    ledger: Ledger, scope: Scope, look: Look
) -> None:
    delivery = deliver(ledger, "indeed", "apply-1", json.dumps(APPLY))
    assert "1 delivered" in sweep(scope, AS_OF)
    before = everything(look)
    assert [len(rows) for rows in before[:3]] == [1, 1, 2]  # the other is the requisition's

    for _ in range(2):
        assert enter.replay(ledger.client, delivery, *BY, LATER) == "indeed"
        assert states(ledger) == {"indeed": "unread"}
        assert sweep(scope, LATER) == "inbox: 1 delivered, 0 hints; arrivals: 0 new applications"

    assert everything(look) == before
    assert states(ledger) == {"indeed": "read"}
    assert trail(ledger) == [("webhook replay", "", f"indeed {delivery}")] * 2


def test_a_delivery_that_could_not_be_read_is_read_once_it_can_be(
    ledger: Ledger, scope: Scope, look: Look
) -> None:
    delivery = deliver(ledger, "indeed", "apply-1", json.dumps(APPLY | {"job": {}}))
    assert "1 unreadable" in sweep(scope, AS_OF)
    assert states(ledger) == {"indeed": "unreadable"}

    enter.replay(ledger.client, delivery, *BY, LATER)
    assert "1 unreadable" in sweep(scope, LATER)
    body = json.dumps(APPLY)  # as if our reader had learnt it
    look("UPDATE inbox SET body = :body RETURNING id", body=body)
    enter.replay(ledger.client, delivery, *BY, LATER)

    assert sweep(scope, LATER) == "inbox: 1 delivered, 0 hints; arrivals: 1 new applications"


def test_a_hint_is_looked_at_again(ledger: Ledger, scope: Scope) -> None:
    with ledger.transaction() as connection:
        about = Hint("checkr", "e1", "report.completed", [], AS_OF)
        inbox.keep_hints(connection, ledger.client, [about])
    assert "1 hints" in sweep(scope, AS_OF)
    with ledger.transaction() as connection:
        assert inbox.hinted(connection, ledger.client) is None
        (hint,) = inbox.arrived(connection, ledger.client, ["read"])

    enter.replay(ledger.client, hint.id, *BY, LATER)

    with ledger.transaction() as connection:
        assert inbox.hinted(connection, ledger.client) == scope
    assert "1 hints" in sweep(scope, LATER)


def test_only_what_was_read_is_read_again_and_only_ones_own(
    ledger: Ledger, scope: Scope, look: Look
) -> None:
    delivery = deliver(ledger, "indeed", "apply-1", json.dumps(APPLY))
    for client, number in (
        (ledger.client, delivery),
        (ledger.client, 0),
        (f"{ledger.client}_other", delivery),
    ):
        with pytest.raises(Refused, match="has read no delivery"):
            enter.replay(client, number, *BY, LATER)

    assert trail(ledger) == []
