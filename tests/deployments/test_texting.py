"""People answer the form by its link, are texted at any hour of a few days, and some say stop."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from connectors.access import Access
from connectors.ledger import rows, screening
from connectors.ledger.decisions import Decisions
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.messaging.twilio import connect
from connectors.records import FormAnswer, Receipt, SendMessage
from deployments import receiver
from deployments.postgres import Urls
from deployments.sandbox.__main__ import write_clock
from deployments.sandbox.correspondents import Correspondents
from deployments.sandbox.people import Behaviour, People, Persona
from deployments.sandbox.server import Sandbox
from deployments.sandbox.twilio import ACCOUNT, PHONE, Twilio
from deployments.sandbox.world import World
from tasks import clock, desk
from tasks.deliver import carry_out
from tasks.desk import Desk
from tasks.messages import tell_candidate
from tasks.observe import read_inbox
from tasks.process import Process
from tests.tasks.test_reconcile import BEGUN, Books, books
from tests.texted import ZONES, Said, wrongly_texted

assert books  # a fixture

PUBLIC, OURS = "http://127.0.0.1:8700", "a secret of our own"
STEP = timedelta(hours=5)  # so that every hour of the day comes
SAID = ("screen_invitation", "screen_reminder", "referees", "welcome")
HOMES = {f"+1415555{n:04}": f"US-{state}" for n, state in enumerate(sorted(ZONES) * 2)}


@dataclass
class Postbox:
    """A mail server whose mail is read at once."""

    people: Correspondents
    resources: tuple[str, ...] = ()

    def send(self, request: SendMessage, key: str) -> Receipt:
        self.people.receive(request.to_email, request.body)
        return Receipt(external_id=key)


@dataclass
class Town:
    """The client's desk, the world with its people, and what a sweep does there."""

    desk: Desk
    world: World
    sandbox: Sandbox
    twilio: Twilio

    def sweep(self, *templates: str) -> None:
        """Read what was answered, write these to everybody, and deliver what is due."""
        now, scope, ledger = clock.now(), Scope(self.desk.client), self.desk.ledger
        read_inbox.fn(scope, now)
        decisions = Decisions()
        with ledger.transaction() as connection:
            everybody = rows.inside(
                connection, screening.Row, screening.ROWS, "screening", scope, now
            )
        for row in everybody:
            for template in templates:
                tell_candidate(decisions, row, self.desk.process, template)
        ledger.apply(decisions, now)
        carry_out(self.desk, scope, now)

    def record(self, kind: str) -> list[tuple[str, datetime]]:
        """Twilio's own record: whose number, and when."""
        names = self.twilio.received.get(kind, [])
        times = map(datetime.fromisoformat, self.twilio.times.get(kind, []))
        return [(name.split()[0], at) for name, at in zip(names, times, strict=True)]

    def said(self) -> list[Said]:
        """What was answered to the form, however often."""
        sql = """
            SELECT a.phone, i.body FROM inbox i JOIN application a ON a.client = i.client
                AND a.key = CAST(i.body AS jsonb) ->> 'subject' WHERE i.source = 'forms'
        """
        with self.desk.ledger.transaction() as connection:
            found = connection.execute(text(sql)).all()
        answers = [(phone, FormAnswer.model_validate_json(body)) for phone, body in found]
        return [Said(phone, a.updated_at, a.fields["agreed"] == "yes") for phone, a in answers]

    def states(self) -> set[str]:
        with self.desk.ledger.transaction() as connection:
            sql = "SELECT DISTINCT state FROM effect WHERE kind = 'text.send'"
            return set(connection.execute(text(sql)).scalars())


def a_persona(name: str, residence: str) -> Persona:
    return Persona(
        id=name,
        name=name,
        emails=(f"{name}@example.org",),
        phones=(),
        links=(),
        residence=residence,
        applications=(),
        resume_text="",
        resume_json=None,
        truth={},
        pay_expectation_cents=None,
        behaviour=Behaviour(),
    )


@pytest.fixture
def town(
    database: Urls,
    ledger: Ledger,
    process: Process,
    books: Books,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Town]:
    monkeypatch.setenv("FULLCYCLE_HOME", str(tmp_path))
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", database.app_url)
    monkeypatch.setenv("FULLCYCLE_ADMIN_DATABASE_URL", database.admin_url)
    monkeypatch.setenv("FULLCYCLE_PREFECT_DATABASE_URL", database.prefect_url)
    monkeypatch.setenv("FULLCYCLE_SECRET", OURS)
    monkeypatch.setenv("FULLCYCLE_CLOCK_FILE", str(tmp_path / "clock"))
    world = World(seed=7, now=BEGUN)
    world.on_tick = lambda now: write_clock(tmp_path / "clock", now)
    twilio = Twilio(world, stops=0.3)
    sandbox = Sandbox(world, [twilio])
    access = Access(
        f"{sandbox.start()}/twilio",
        "sandbox-twilio",
        options={"account_sid": ACCOUNT, "from_phone": PHONE},
    )
    with TestClient(receiver.app()) as web:

        def post(url: str, fields: Mapping[str, str]) -> int:
            return int(web.post(url.removeprefix(PUBLIC), data=dict(fields)).status_code)

        names = {phone: f"person{n}" for n, phone in enumerate(HOMES)}
        people = People([a_persona(names[phone], home) for phone, home in HOMES.items()])
        mail = Correspondents(
            world, people, {}, post, lambda url: str(web.get(url.removeprefix(PUBLIC)).text)
        )
        mail.quiet = lambda: False
        for phone, name in names.items():
            books.applies(name, stage="screening")
            with ledger.transaction() as connection:
                owned = {"phone": phone, "name": name}
                of = "UPDATE application SET phone = :phone WHERE name = :name"
                connection.execute(text(of), owned)
        systems: Any = {
            "smtp": Postbox(mail),
            "twilio": connect(access, clock.now, sleep=lambda _: None),
        }
        used = process.systems.model_copy(update={"texting": "twilio"})
        process = process.model_copy(update={"systems": used})
        links = Links(PUBLIC, OURS)
        its = Desk(process, ledger, links, systems, systems, settling_seconds=0)
        monkeypatch.setitem(desk._open, process.client, its)
        sandbox.advance(BEGUN)
        yield Town(its, world, sandbox, twilio)
    sandbox.stop()


def test_only_who_agreed_is_texted_by_day_where_they_live_and_until_they_say_stop(
    town: Town,
) -> None:
    told = list(SAID)
    town.sweep("acknowledgement")
    for step in range(24):
        town.sandbox.advance(town.world.now + STEP)
        town.sweep(*([told.pop(0)] if told and step % 5 == 3 else []))

    texts, stops = town.record("texts"), town.record("stops")
    willing = {each.phone for each in town.said() if each.agreed}
    assert 0 < len(willing) < len(HOMES) == len(town.said())
    assert {phone for phone, _ in texts} == willing
    assert 0 < len(stops) < len(willing)
    assert len(set(town.twilio.received["texts"])) == len(texts)
    assert len(texts) > len(willing)
    assert wrongly_texted(texts, stops, town.said(), HOMES) == []
    assert town.states() == {"done", "overtaken"}
