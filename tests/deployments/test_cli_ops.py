"""Ops see why somebody is held, put it right, and find in the trail what they did: by command."""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import text

from connectors.errors import Refused
from connectors.ledger import arrivals, gates, inbox, landing
from connectors.ledger.decisions import Decisions, Subject
from connectors.ledger.gates import Failure, Verdict
from connectors.ledger.store import Ledger
from connectors.records import Application
from deployments import embedded, setup
from deployments.cli import app
from deployments.cli.common import database_url
from deployments.errors import DeploymentError
from deployments.sandbox.people import DATA
from deployments.settings import Settings

Command = Callable[..., str]
AS_OF = datetime(2026, 11, 23, 9, tzinfo=UTC)
OF = ("--client", "harbor")
BY = ("--by", "R. Lee", "--why", "she told me")
OLD, NEW = "ann@mail,example", "ann.lee@mail.example"
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A running database, and nothing in it."""
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as directory:
        settings = Settings(home=Path(directory))
        try:
            told = embedded.up(settings, only=["postgres"]).settings
            setup.prepare_ledger(told)
            yield Path(directory)
        finally:
            embedded.down(settings)


def applies(ledger: Ledger, name: str = "Ann", **values: Any) -> None:
    """Ann applies through Indeed for what HARBOR-1 advertises in California."""
    applied = Application(
        external_id="ann",
        updated_at=AS_OF,
        job_ref="HARBOR-1-US-CA",
        name=name,
        source="Indeed",
        applied_at=AS_OF,
        **values,
    )
    posted = Decisions()
    posted.post(subject(ledger, "requisition"), "HARBOR-1-US-CA", {})
    ledger.apply(posted, AS_OF)
    with ledger.transaction() as connection:
        landing.land(connection, "harbor", "indeed", [applied], AS_OF)
        arrivals.open_applications(connection, "harbor", "us", AS_OF)


def hold(ledger: Ledger) -> None:
    """Let intake's gate hold somebody, and something be delivered that nobody can read."""
    applies(ledger, emails=(OLD,))
    with ledger.transaction() as connection:
        inbox.keep(connection, "harbor", "indeed", "e1", '{"secret": "of Ann"}', AS_OF)
        (delivery,) = inbox.arrived(connection, "harbor", ["unread"])
        inbox.mark_read(connection, [delivery.id], AS_OF, {delivery.id: "Unreadable"})
    ann = subject(ledger, "application")
    failure = Failure("INT-002", True, "provider", "cannot be written to", "correct it", (ann.id,))
    with ledger.transaction() as connection:
        gates.admit(connection, "harbor", "intake", [ann], Verdict((failure,)), AS_OF)


def subject(ledger: Ledger, kind: str) -> Subject:
    columns = "id, key, stage, state, since, ready_for, seq, head_hash"
    with ledger.transaction() as connection:
        found = connection.execute(text(f"SELECT {columns} FROM {kind}")).one()
    return Subject(subject_kind=kind, **found._mapping)


@pytest.fixture
def fullcycle(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """Run a command in this process; returns what it prints."""

    def run(*arguments: str) -> str:
        app(list(arguments), standalone_mode=False)
        return capsys.readouterr().out

    with patch.dict(os.environ, {"FULLCYCLE_HOME": str(home)}):  # commands add to it
        yield run


def test_from_the_client_to_the_evidence_and_each_act_is_kept(
    fullcycle: Command, home: Path
) -> None:
    registered = fullcycle("client", "add", *BY, str(DATA / "clients/harbor.yaml"))
    assert registered == "harbor: version 1 of its process is in force\n"
    wanted = str(DATA / "requisitions/HARBOR-1.yaml")
    assert fullcycle("requisition", "open", *BY, wanted) == "HARBOR-1 opened\n"
    assert fullcycle("requisition", "open", *BY, wanted) == "HARBOR-1 unchanged\n"
    fullcycle("client", "add", *BY, str(DATA / "clients/harbor.yaml"))
    hold(Ledger(database_url(), "harbor"))

    (line, count) = fullcycle("quarantine", "list").splitlines()
    key = line.split()[0]
    assert count == "1 in quarantine"

    shown = fullcycle("quarantine", "show", key)
    assert "INT-002  at intake since 2026-11-23 09:00, on provider" in shown
    assert "it looks at email, has_email" in shown
    assert OLD not in shown
    assert f"email: {OLD}" in fullcycle("quarantine", "show", *OF, *BY, key, "--values")

    with pytest.raises(Refused, match="email is not corrected: give an address"):
        fullcycle("quarantine", "correct", *OF, *BY, key, "email=ann at mail")
    corrected = fullcycle("quarantine", "correct", *OF, *BY, key, f"email={NEW}")
    assert corrected.strip() == f"{key}: email corrected; its gate looks again at the next sweep"
    assert "R. Lee: quarantine correct email: she told me" in fullcycle("quarantine", "show", key)

    deliveries = fullcycle("webhook", "list")
    assert deliveries.endswith("unreadable  indeed  2026-11-23 09:00: Unreadable\n1 deliveries\n")
    number = deliveries.split()[0]
    assert "is read again" in fullcycle("webhook", "replay", *OF, *BY, number)
    assert "unread  indeed" in fullcycle("webhook", "list")

    file = home / "evidence.json"
    assert "manifest" in fullcycle("export", *OF, *BY, key, str(file))
    with pytest.raises(DeploymentError, match="exists; name a new file"):
        fullcycle("export", *OF, *BY, key, str(file))

    acts = json.loads(fullcycle("audit", "--json"))
    assert {(act["by"], act["why"]) for act in acts} == {("R. Lee", "she told me")}
    assert [(act["number"], act["command"], act["subject"], act["about"]) for act in acts] == [
        (1, "client add", "", "version 1"),
        (2, "requisition open", "HARBOR-1", "opened"),
        (3, "quarantine show", key, "name, email, phone, residence"),
        (4, "quarantine correct", key, "email"),
        (5, "webhook replay", "", f"indeed {number}"),
        (6, "export", key, ""),
    ]
    assert fullcycle("audit", "--subject", key).splitlines()[-1] == "3 acts"
    assert OLD not in file.read_text(encoding="utf-8")
    assert NEW not in file.read_text(encoding="utf-8")
