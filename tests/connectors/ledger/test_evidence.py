"""One application's evidence: complete, provable, and without anybody's answers or letters."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connectors.ledger import care, evidence, gates, hold, landing
from connectors.ledger.decisions import Decisions, Due, Subject
from connectors.ledger.gates import Failure, Verdict
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger, chain
from connectors.records import FormAnswer, SendMessage

Reread = Callable[[str], Subject]
Look = Callable[..., Sequence[Any]]
PRIVATE = ("123-45-6789", "Dear Ann, we offer", "I was born in 1979", "ann@mail.example")


@pytest.fixture
def story(ledger: Ledger, applicants: list[Subject], subject: Reread, as_of: datetime) -> str:
    """Somebody who was held, released, told, offered and ended; with private things on the way."""
    key = applicants[0].key
    failure = Failure("INT-001", True, "client", "no address", "ask for it", (applicants[0].id,))
    with ledger.transaction() as connection:
        gates.admit(connection, ledger.client, "intake", applicants[:1], Verdict((failure,)), as_of)
        gates.release(connection, ledger.client, key, "INT-001", "R. Lee", "known to us", as_of)
        gates.admit(connection, ledger.client, "intake", applicants[:1], Verdict(), as_of)
        hold.place(connection, ledger.client, "ops", "asked to", as_of, requisition="HARBOR-1")
        answer = FormAnswer(
            external_id="f1",
            updated_at=as_of,
            form="screen",
            subject=key,
            about="",
            by="candidate",
            fields={"ssn": PRIVATE[0], "remarks": PRIVATE[2]},
        )
        landing.land(connection, ledger.client, "forms", [answer], as_of)
    decisions = Decisions()
    now = subject(key)
    decisions.hold(now, "dedupe_review", Due(as_of + timedelta(days=2), "provider"))
    decisions.fact(
        "offer",
        application_id=now.id,
        version=1,
        hash="0f",
        rate_cents=7_000_000,
        currency="USD",
        unit="year",
        start_on=as_of.date(),
        title="Clerk",
        entity="Harbor",
        work_place={},
        expires_at=as_of,
        letter=PRIVATE[1],
    )
    (email,) = email_of(ledger, key)
    message = SendMessage(
        to_name="Ann", to_email=email, subject="Sorry", body=PRIVATE[1], template="closed"
    )
    decisions.effect(now, "smtp", "message.send", message, about="closed")
    ledger.apply(decisions, as_of)
    ending = Decisions()
    ending.end(subject(key), "REJECTED", "position_closed: filled")
    ledger.apply(ending, as_of)
    with ledger.transaction() as connection:
        care.seal(connection, ledger.client, as_of.date() + timedelta(days=1))
    return key


def email_of(ledger: Ledger, key: str) -> list[str]:
    with ledger.transaction() as connection:
        found = text("SELECT email FROM application WHERE key = :key")
        return list(connection.execute(found, {"key": key}).scalars())


@pytest.fixture
def exported(ledger: Ledger, story: str, as_of: datetime) -> dict[str, Any]:
    """What a reader finds in the file."""
    with ledger.transaction() as connection:
        document = evidence.export(connection, ledger.client, story, as_of)
    found: dict[str, Any] = json.loads(json.dumps(document))
    return found


def test_every_part_of_the_story_is_there(exported: dict[str, Any], story: str) -> None:
    assert exported["application"][0]["disposition"] == "REJECTED"
    assert [row["to_state"] for row in exported["transitions"]] == [
        "received",
        "entered",
        "dedupe_review",
        "REJECTED",
    ]
    (held,) = exported["quarantine"]
    assert (held["outcome"], held["closed_by"], held["note"]) == (
        "released",
        "R. Lee",
        "known to us",
    )
    assert [row["template"] for row in exported["notices"]] == ["closed"]
    assert [row["key"] for row in exported["effects"]] == [f"message.send:{story}:closed"]
    assert [(row["form"], row["by"]) for row in exported["forms"]] == [("screen", "candidate")]
    assert [(row["version"], row["rate_cents"]) for row in exported["offers"]] == [(1, 7_000_000)]
    assert [row["why"] for row in exported["holds"]] == ["asked to"]
    assert [row["name"] for row in exported["clocks"]] == ["intake.dedupe_review"]
    assert len(exported["seals"]) == 1


def test_a_reader_can_check_the_hash_chain_from_the_file_alone(
    exported: dict[str, Any], story: str
) -> None:
    head = ""
    for row in exported["transitions"]:
        content = {
            name: row[name] for name in row if name not in ("as_of", "previous_hash", "hash")
        }
        assert row["previous_hash"] == head
        head = chain(head, {**content, "subject_key": story}, datetime.fromisoformat(row["as_of"]))
        assert row["hash"] == head
    assert head == exported["application"][0]["head_hash"]


@pytest.mark.parametrize("private", PRIVATE)
def test_what_somebody_answered_or_was_written_is_not_in_it(
    exported: dict[str, Any], private: str
) -> None:
    assert private not in json.dumps(exported)


def test_a_changed_file_no_longer_fits_its_manifest(exported: dict[str, Any]) -> None:
    assert evidence.manifest(exported) == exported["manifest"]

    exported["transitions"][1]["reason"] = "better"
    assert evidence.manifest(exported)["hash"] != exported["manifest"]["hash"]


def test_of_somebody_we_do_not_know_there_is_no_evidence(ledger: Ledger, as_of: datetime) -> None:
    with ledger.transaction() as connection:
        assert evidence.export(connection, ledger.client, "HARBOR-1.0", as_of) is None


def test_effects_are_listed_by_state(ledger: Ledger, story: str) -> None:
    with ledger.transaction() as connection:
        (due,) = evidence.effects(connection, Scope(ledger.client), ["due"])
        other = evidence.effects(connection, Scope(ledger.client, "HARBOR-9"), ["due"])
        dead = evidence.effects(connection, Scope(ledger.client), ["dead", "parked"])

    assert (due.key, due.attempts) == (f"message.send:{story}:closed", 0)
    assert other == dead == []
