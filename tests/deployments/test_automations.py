"""An alarm really reaches somebody: ledger, Prefect's server, automation, webhook and mail."""

import asyncio
import json
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiosmtpd.controller import Controller
from prefect import get_client
from prefect.testing.utilities import prefect_test_harness
from pydantic import SecretStr

from connectors.access import Access
from connectors.documents.filesystem import Filesystem
from connectors.ledger import alarms as ledger_alarms
from connectors.ledger import breaker
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.messaging import smtp
from connectors.requisition import Requisition
from deployments import automations
from deployments.automations import EMAIL, WEBHOOK
from deployments.errors import DeploymentError
from deployments.postgres import Urls
from deployments.sandbox.people import DATA
from deployments.settings import Settings
from flows.sweep import sweep
from tasks import alarms, desk, enter
from tasks.desk import Desk
from tasks.process import Process

AS_OF = datetime(2026, 11, 23, 9, tzinfo=UTC)
SWEPT_AT = datetime(2026, 10, 19, 13, tzinfo=UTC)
ARRIVES_SECONDS = 30
OPS = "ops@provider.example"
Told = queue.Queue[Any]


@pytest.fixture(scope="module", autouse=True)
def prefect() -> Iterator[None]:
    """A Prefect of this module's own."""
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def hook() -> Iterator[tuple[str, Told]]:
    """A webhook's address, and what was posted to it."""
    posted: Told = queue.Queue()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posted.put(json.loads(body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/alarms", posted
    server.shutdown()
    server.server_close()


@contextmanager
def mail_server(handler: Any) -> Iterator[str]:
    """The address of a mail server that does as the handler says."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield f"smtp://127.0.0.1:{port}"
    controller.stop()


@pytest.fixture
def mail() -> Iterator[tuple[str, Told]]:
    """A mail server's address, and what was sent by it."""
    sent: Told = queue.Queue()

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            sent.put((envelope.rcpt_tos, envelope.content.decode()))
            return "250 OK"

    with mail_server(Handler()) as address:
        yield address, sent


@pytest.fixture
def refused(
    database: Urls,
    ledger: Ledger,
    process: Process,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """A client whose mail server refuses everybody, and who has just asked for a requisition."""

    class Handler:
        async def handle_RCPT(self, *_: Any) -> str:
            return "550 no such mailbox"

    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", database.app_url)
    monkeypatch.setenv("FULLCYCLE_ADMIN_DATABASE_URL", database.admin_url)
    monkeypatch.setenv("FULLCYCLE_PREFECT_DATABASE_URL", database.prefect_url)
    monkeypatch.setenv("FULLCYCLE_SECRET", "secret")
    fields = yaml.safe_load((DATA / "requisitions/HARBOR-1.yaml").read_text(encoding="utf-8"))
    wanted = Requisition.model_validate(fields | {"client": ledger.client})
    enter.requisition(wanted, "R. Lee", "asked to", SWEPT_AT)
    with mail_server(Handler()) as address:
        names = {"from_name": "Harbor", "from_email": "hiring@harborworks.example"}
        systems = {"smtp": smtp.connect(Access(address, "password", options=names))}
        store = Filesystem(tmp_path, "http://127.0.0.1")
        links = Links("http://127.0.0.1", "secret")
        opened = Desk(process, ledger, links, systems, store, settling_seconds=0)
        monkeypatch.setitem(desk._open, ledger.client, opened)
        yield wanted.code


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    automations.ensure(Settings())


def names() -> list[str]:
    with get_client(sync_client=True) as client:
        return sorted(each.name for each in client.read_automations())


def blocks() -> list[str]:
    with get_client(sync_client=True) as client:
        return sorted(str(each.name) for each in client.read_block_documents())


def by_webhook(url: str) -> Settings:
    return Settings(alert_webhook=SecretStr(url))


def by_mail(smtp: str) -> Settings:
    return Settings(alert_email=OPS, alert_smtp=SecretStr(smtp))


def open_breaker(ledger: Ledger) -> None:
    for _ in range(breaker.FAILURES[breaker.WRITES]):
        with ledger.transaction() as connection:
            about = (ledger.client, "checkr", breaker.WRITES, "Unavailable", AS_OF)
            breaker.failed(connection, *about)


def swept(ledger: Ledger) -> None:
    async def once() -> None:
        await sweep(client=ledger.client, as_of=SWEPT_AT, return_state=True)

    asyncio.run(once())


def test_an_alarm_is_posted_to_the_webhook_once(ledger: Ledger, hook: tuple[str, Told]) -> None:
    url, posted = hook
    automations.ensure(by_webhook(url))
    open_breaker(ledger)

    assert alarms.tell(ledger, AS_OF) == 1
    assert alarms.tell(ledger, AS_OF) == 0

    told = posted.get(timeout=ARRIVES_SECONDS)
    assert told["event"] == "fullcycle.breaker.opened"
    assert told["text"].startswith(f"{ledger.client}: checkr writes stands still")
    assert "fullcycle resume" in told["text"]
    details = told["details"]
    assert (details["client"], details["owner"], details["count"]) == (ledger.client, "vendor", 1)
    assert (details["subjects"], details["since"]) == (["checkr"], AS_OF.isoformat())

    with ledger.transaction() as connection:
        breaker.worked(connection, ledger.client, "checkr", breaker.WRITES, AS_OF)
    alarms.tell(ledger, AS_OF)
    assert posted.get(timeout=ARRIVES_SECONDS)["event"] == "fullcycle.breaker.closed"
    assert posted.empty()


def test_a_sweep_tells_what_it_could_not_do_and_what_a_person_has_settled(
    ledger: Ledger, refused: str, hook: tuple[str, Told]
) -> None:
    url, posted = hook
    automations.ensure(by_webhook(url))

    swept(ledger)

    dead = posted.get(timeout=ARRIVES_SECONDS)
    assert dead["event"] == "fullcycle.effect.dead"
    assert dead["text"].startswith(f"{ledger.client}: smtp message.send could not be done: smtp: ")
    [key] = dead["details"]["subjects"]
    assert key.startswith(f"message.send:{refused}:")

    enter.settle_effect(ledger.client, key, "waive", "R. Lee", "told by telephone", SWEPT_AT)
    swept(ledger)

    settled = posted.get(timeout=ARRIVES_SECONDS)
    assert settled["event"] == "fullcycle.effect.settled"
    assert settled["details"]["subjects"] == [key]
    assert not {"R. Lee", "told by telephone"} & set(map(str, settled["details"].values()))
    assert posted.empty()


def test_an_alarm_is_sent_by_mail(ledger: Ledger, mail: tuple[str, Told]) -> None:
    smtp, sent = mail
    automations.ensure(by_mail(smtp))
    open_breaker(ledger)

    alarms.tell(ledger, AS_OF)

    recipients, message = sent.get(timeout=ARRIVES_SECONDS)
    assert recipients == [OPS]
    assert "fullcycle.breaker.opened" in message
    assert "checkr writes stands still" in message


def test_what_the_server_has_not_confirmed_is_told_again_as_the_same_event(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(Exception):
        pass

    def die(*_: object) -> None:
        raise Died

    open_breaker(ledger)
    with monkeypatch.context() as patch:
        patch.setattr(ledger_alarms, "remember", die)
        with pytest.raises(Died):
            alarms.tell(ledger, AS_OF)

    with ledger.transaction() as connection:
        (again,) = ledger_alarms.untold(connection, ledger.client, AS_OF)
    first, second = (alarms.event(ledger.client, again, AS_OF).id for _ in range(2))
    assert first == second
    assert alarms.tell(ledger, AS_OF) == 1


def test_serving_again_makes_nothing_twice_and_keeps_what_was_switched_off(
    hook: tuple[str, Told], mail: tuple[str, Told]
) -> None:
    both = Settings(
        alert_webhook=SecretStr(hook[0]), alert_email=OPS, alert_smtp=SecretStr(mail[0])
    )
    automations.ensure(both)
    with get_client(sync_client=True) as client:
        (webhook,) = client.read_automations_by_name(WEBHOOK)
        client.pause_automation(webhook.id)

    automations.ensure(both)

    assert names() == blocks() == [EMAIL, WEBHOOK]
    with get_client(sync_client=True) as client:
        (again,) = client.read_automations_by_name(WEBHOOK)
        (other,) = client.read_automations_by_name(EMAIL)
    assert (again.id, again.enabled, other.enabled) == (webhook.id, False, True)


def test_without_its_setting_an_automation_goes_with_its_block(
    hook: tuple[str, Told], mail: tuple[str, Told]
) -> None:
    automations.ensure(by_mail(mail[0]))
    automations.ensure(by_webhook(hook[0]))
    assert names() == blocks() == [WEBHOOK]

    automations.ensure(Settings())
    assert names() == blocks() == []


def test_a_mail_server_and_an_address_are_set_together() -> None:
    with pytest.raises(ValueError, match="FULLCYCLE_ALERT_EMAIL and FULLCYCLE_ALERT_SMTP"):
        Settings(alert_email=OPS)


def test_a_mail_server_of_an_unknown_kind_is_named() -> None:
    with pytest.raises(DeploymentError, match="FULLCYCLE_ALERT_SMTP must begin with"):
        automations.ensure(by_mail("http://mail.example"))
