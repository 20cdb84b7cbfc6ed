"""Every revision is run over the first one's data: it tells the same story after as before."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, make_url, text

from connectors.ledger import care, migrate, status
from connectors.ledger.store import Ledger, chain
from connectors.ledger.verify import verify
from deployments import setup
from deployments.postgres import Urls
from deployments.settings import Settings

CLIENT = "harbor"
AT = datetime(2026, 9, 14, 9, tzinfo=UTC)
APPLICATION = "HARBOR-1.9f2c11ab03"
# As the first release wrote them; never to be changed with the tables.
STORY = """
    INSERT INTO client VALUES (:client, '{"client": "harbor", "employees": 40, "stages":
        ["intake", "screening"], "systems": {"payroll": "gusto"}}', 1);
    INSERT INTO requisition (id, client, key, title, fields, jurisdictions, headcount,
        approval_hash, stage, state, since, ready_for, reason, seq, head_hash)
        VALUES (1, :client, 'HARBOR-1', 'Clerk', '{}', '{US-CA}', 1, 'a', 'requisition', 'draft',
        :at, 'requisition', 'request received', 1, :requisition_1);
    INSERT INTO person (id, client, key, name) VALUES (1, :client, :key, 'Ann');
    INSERT INTO application (id, client, key, requisition_id, person_id, source, owner, name, email,
        residence, jurisdictions, applied_at, arrived_at, answers, resume_text, stage, state, since,
        reason, seq, head_hash)
        VALUES (1, :client, :key, 1, 1, 'Indeed', 'us', 'Ann', 'ann@mail.example', '', '{US-CA}',
        :at, :at, '{}', '', 'intake', 'entered', :at, 'passed the intake gate', 2, :application_2);
    INSERT INTO arrival (client, system, external_id, updated_at, landed_at, hash, document,
        application_id, job_ref, name, emails, phones, links, residence, source, applied_at,
        answers, resume_text, archive_reason)
        VALUES (:client, 'indeed', 'ann', :at, :at, 'h', '{}', 1, 'p', 'Ann', '[]', '[]', '[]', '',
        'Indeed', :at, '{}', '', '');
    INSERT INTO clock (client, subject_kind, subject_id, name, owner, started_at, due_at, legal)
        VALUES (:client, 'application', 1, 'intake.entered', 'law', :at, :due, true);
    INSERT INTO quarantine (client, subject_kind, subject_id, stage, rule, owner, reason, remedy,
        opened_at) VALUES (:client, 'requisition', 1, 'requisition', 'REQ-001', 'client', 'no pay',
        'add it', :at);
    INSERT INTO gate_run (client, stage, as_of, rows_hash, rows_in, passed, held, findings)
        VALUES (:client, 'intake', :at, 'h', 1, 1, 0, '{}');
    INSERT INTO cursor VALUES (:client, 'gusto', 'employees', '2026-09-14');
    INSERT INTO external_id VALUES
        (:client, 'ashby', 'application', 'x1', 'application', 1, NULL);
    INSERT INTO sweep VALUES (:client, :client, :at, '{end}');
    INSERT INTO inbox (client, source, event_id, occurred_at, body)
        VALUES (:client, 'forms', 'e1', :at, '{}');
    INSERT INTO opening (client, requisition_id, number) VALUES (:client, 1, 1);
    INSERT INTO offer (client, application_id, version, hash, rate_cents, currency, unit, start_on,
        title, entity, work_place, expires_at, letter)
        VALUES (:client, 1, 1, 'h', 100, 'USD', 'year', '2026-10-01', 'Clerk', 'Harbor', '{}', :due,
        'Dear Ann');
    INSERT INTO self_id.answer (client, application_key, question, answer)
        VALUES (:client, :key, 'veteran', 'declined');
"""
EFFECT = """
    INSERT INTO effect (client, key, kind, system, subject_kind, subject_id, request, state,
        not_before, created_as_of, done_as_of, attempts, lease_until, external_id)
    VALUES (:client, :key, 'tracker.add', 'ashby', 'application', 1, '{}', :state, :at, :at, :done,
        1, :at, :ref)
"""
TRANSITION = """
    INSERT INTO transition (client, subject_kind, subject_id, subject_key, seq, from_stage,
        from_state, to_stage, to_state, reason, as_of, previous_hash, hash)
    VALUES (:client, :subject_kind, 1, :subject_key, :seq, :from_stage, :from_state, :to_stage,
        :to_state, :reason, :at, :previous_hash, :hash)
"""


@pytest.fixture
def first(database: Urls) -> Iterator[Engine]:
    """A ledger of the first release, in a database of its own, with something of every kind."""
    name = "fullcycle_of_old"
    host = str(make_url(database.admin_url).query["host"])
    with psycopg.connect(host=host, user="postgres", dbname="postgres", autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute(f"CREATE DATABASE {name} OWNER fullcycle_owner")
        engine = create_engine(make_url(database.admin_url).set(database=name))
        try:
            with engine.begin() as connection:
                upgrade(connection, "0001")
                tell(connection)
            yield engine
        finally:
            engine.dispose()
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def upgrade(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def tell(connection: Connection) -> None:
    """Write the story: one requisition, held; one applicant, taken in; effects in every state."""
    (requisition_1,) = log(connection, "requisition", "HARBOR-1", [("requisition", "draft")])
    _, application_2 = log(
        connection, "application", APPLICATION, [("intake", "received"), ("intake", "entered")]
    )
    values = {
        "client": CLIENT,
        "key": APPLICATION,
        "at": AT,
        "due": AT + timedelta(days=9),
        "requisition_1": requisition_1,
        "application_2": application_2,
    }
    for statement in STORY.split(";")[:-1]:
        connection.execute(text(statement), values)
    for state in ("due", "sending", "done", "dead", "parked", "waived", "overtaken"):
        done = AT if state == "done" else None
        connection.execute(
            text(EFFECT),
            {"client": CLIENT, "key": state, "state": state, "at": AT, "done": done, "ref": "r1"},
        )
    care.seal(connection, CLIENT, date(2026, 9, 16))


def log(connection: Connection, kind: str, key: str, path: list[tuple[str, str]]) -> list[str]:
    """Write a chained log; returns its hashes."""
    reasons = {"draft": "request received", "entered": "passed the intake gate"}
    hashes = [""]
    before: tuple[str | None, str | None] = (None, None)
    for number, (stage, state) in enumerate(path, start=1):
        content: dict[str, Any] = {
            "subject_key": key,
            "seq": number,
            "from_stage": before[0],
            "from_state": before[1],
            "to_stage": stage,
            "to_state": state,
            "reason": reasons.get(state, "application received"),
        }
        digest = chain(hashes[-1], content, AT)
        connection.execute(
            text(TRANSITION),
            {
                **content,
                "client": CLIENT,
                "subject_kind": kind,
                "at": AT,
                "previous_hash": hashes[-1],
                "hash": digest,
            },
        )
        hashes.append(digest)
        before = (stage, state)
    return hashes[1:]


def counts(connection: Connection) -> dict[str, int]:
    """How many rows each table of the first release holds."""
    names = connection.execute(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    ).scalars()
    return {
        name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
        for name in names
        if name not in {"alembic_version", "rule"}
    }


def test_the_first_releases_ledger_tells_the_same_story_in_this_one(
    first: Engine, installation: Settings
) -> None:
    with first.connect() as connection:
        fingerprint, before = status.fingerprint(connection, CLIENT), counts(connection)
    assert sum(before.values()) > 20

    url = first.url.render_as_string(hide_password=False)
    setup.prepare_ledger(installation.model_copy(update={"admin_database_url": url}))

    with first.connect() as connection:
        assert status.fingerprint(connection, CLIENT) == fingerprint
        after = counts(connection)
        assert {name: after[name] for name in before} == before
        assert verify(connection, CLIENT) == []


def test_the_first_releases_clients_stay_apart(first: Engine, installation: Settings) -> None:
    url = first.url.render_as_string(hide_password=False)
    setup.prepare_ledger(installation.model_copy(update={"admin_database_url": url}))

    app = first.url.set(username="fullcycle_app").render_as_string(hide_password=False)
    with Ledger(app, CLIENT).transaction() as mine:
        own = counts(mine)
    with Ledger(app, "somebody_else").transaction() as theirs:
        other = counts(theirs)
    assert own["transition"] == 3
    assert set(other.values()) == {0}
