"""No secret and nothing private ends where it does not belong, whatever vendors and people send.

Canaries are planted where such things come from: in accounts, in vendors' answers and refusals, in
what people type. A sweep is run over them, and everything that was written is searched.
"""

import asyncio
import json
import logging
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.client.schemas.objects import State
from prefect.logging.handlers import APILogHandler
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL
from prefect.testing.utilities import prefect_test_harness
from rich.console import Console
from sqlalchemy import create_engine, make_url, text

from connectors import (
    applicant_tracking,
    background_checks,
    messaging,
    payroll,
    signatures,
)
from connectors.access import Access
from connectors.documents import filesystem
from connectors.ledger import evidence, inbox, landing, tables
from connectors.ledger import requisition as requisitions
from connectors.ledger.decisions import Decisions, Subject
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.records import Application, FormAnswer, OrderBackgroundCheck, Place, SendOffer
from connectors.requisition import Requisition
from deployments import report
from deployments.postgres import Urls
from deployments.sandbox.ashby import Ashby
from deployments.sandbox.ashby_records import LOCATION, PLAN, TEAM
from deployments.sandbox.checkr import Checkr
from deployments.sandbox.dropbox_sign import DropboxSign
from deployments.sandbox.gusto import COMPANY, Gusto
from deployments.sandbox.people import DATA, People
from deployments.sandbox.server import Answer, Request, Sandbox, StandIn
from deployments.sandbox.world import World
from flows.sweep import sweep
from tasks import desk
from tasks.desk import Desk
from tasks.process import Process

AS_OF = datetime(2026, 10, 19, 13, tzinfo=UTC)
POSTING = "HARBOR-1-US-CA"
# What a vendor tells us, or throws back at us, about somebody.
TOLD = {
    "ssn": "523-99-canary-ssn",
    "dob": "1979-canary-born",
    "date_of_birth": "1979-canary-born",
    "account_number": "DE89-canary-bank",
    "report_text": "canary-felony-1998",
}
# What somebody types where it is not asked for.
TYPED = {"remarks": "canary-typed-ssn 523-99-1234", "decision": "canary-typed-report"}
SECRETS = ("canary-key-of-a-vendor", "canary-secret-of-links", "canary-password-of-mail")
NAMED = ("Canaria Vogelsang", "canaria.vogelsang@mail.example")
WHERE_PEOPLE_ARE = {"application", "arrival", "contact_point", "effect", "form_answer", "inbox"}
WHERE_PEOPLE_ARE |= {"offer", "person"}


@pytest.fixture(scope="module", autouse=True)
def prefect() -> Iterator[None]:
    """A Prefect of this module's own."""
    with prefect_test_harness(server_startup_timeout=120):
        yield


@dataclass
class Leaky:
    """Makes a stand-in tell too much: in what it reports, and in how it refuses."""

    told: list[str] = field(default_factory=list)

    def tells(self, vendor: StandIn) -> None:
        """Every candidate or employee it shows comes with what nobody asked for."""
        handle = vendor.handle

        def answer(request: Request) -> Answer:
            real = handle(request)
            if isinstance(real.body, dict) and real.status < 300:
                self.told.append(request.path)
                private = {**real.body, "candidate": {**TOLD, **real.body.get("candidate", {})}}
                return Answer(real.status, private, real.headers, real.changed)
            return real

        vendor.handle = answer  # type: ignore[method-assign]

    def throws(self, vendor: StandIn, status: int, body: Any) -> None:
        """It answers everything with an error that quotes what it holds."""

        def answer(request: Request) -> Answer:
            self.told.append(request.path)
            return Answer(status, body)

        vendor.handle = answer  # type: ignore[method-assign]


@dataclass
class Swept:
    """What a sweep over canaries has left behind."""

    ledger: Ledger
    key: str
    state: State[Any]
    log: str
    told: list[str]


@pytest.fixture(scope="module")
def leaky() -> Leaky:
    return Leaky()


@pytest.fixture
def sandbox(leaky: Leaky) -> Iterator[tuple[Sandbox, str]]:
    world, nobody = World(seed=7, now=AS_OF), People(())
    key = SECRETS[0]
    vendors = [Ashby(world, nobody), Checkr(world, nobody, key), DropboxSign(world, nobody)]
    vendors.append(Gusto(world, nobody))
    leaky.throws(vendors[0], 200, f"<html>{TOLD}</html>".encode())
    leaky.tells(vendors[1])
    leaky.throws(vendors[2], 400, {"error": {"error_name": TOLD["ssn"], "error_msg": str(TOLD)}})
    leaky.throws(vendors[3], 422, {"errors": [{"error_key": "base", "message": str(TOLD)}]})
    running = Sandbox(world, vendors)
    yield running, running.start()
    running.stop()


@pytest.fixture
def opened(
    ledger: Ledger,
    process: Process,
    sandbox: tuple[Sandbox, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", ledger.url)
    monkeypatch.setenv("FULLCYCLE_SECRET", SECRETS[1])
    _, url = sandbox

    def access(vendor: str, **options: str) -> Access:
        return Access(f"{url}/{vendor}", SECRETS[0], options=options)

    ashby = access("ashby", team_id=TEAM, location_id=LOCATION, interview_plan_id=PLAN)
    mail = {"from_name": "Harbor", "from_email": "hiring@harborworks.example"}
    systems = {
        "ashby": applicant_tracking.VENDORS["ashby"](ashby),
        "checkr": background_checks.VENDORS["checkr"](access("checkr")),
        "dropbox_sign": signatures.VENDORS["dropbox_sign"](access("dropbox_sign")),
        "gusto": payroll.VENDORS["gusto"](access("gusto", company=COMPANY)),
        "smtp": messaging.VENDORS["smtp"](Access("smtp://127.0.0.1:9", SECRETS[2], options=mail)),
    }
    links = Links("http://127.0.0.1", SECRETS[1])
    store = filesystem.Filesystem(tmp_path, "http://127.0.0.1")
    desk._open[ledger.client] = Desk(process, ledger, links, systems, store, settling_seconds=0)
    yield desk._open[ledger.client]
    del desk._open[ledger.client]


def applies(ledger: Ledger) -> str:
    """Somebody applies, types too much, and something is to be ordered, offered and told."""
    fields = yaml.safe_load((DATA / "requisitions/HARBOR-1.yaml").read_text(encoding="utf-8"))
    wanted = Requisition.model_validate(fields | {"client": ledger.client})
    applied = Application(
        external_id="canaria",
        updated_at=AS_OF,
        job_ref=POSTING,
        name=NAMED[0],
        emails=(NAMED[1],),
        source="Indeed",
        applied_at=AS_OF,
        resume_text=TYPED["remarks"],
    )
    with ledger.transaction() as connection:
        requisitions.put(connection, wanted, AS_OF)
        requisition_id = connection.execute(text("SELECT id FROM requisition")).scalar_one()
        posted = Decisions()
        at = Subject(
            subject_kind="requisition",
            id=requisition_id,
            key="HARBOR-1",
            stage="",
            state="",
            since=AS_OF,
            ready_for=None,
            seq=0,
            head_hash="",
        )
        posted.post(at, POSTING, {})
        ledger.write(connection, posted, AS_OF)
        landing.land(connection, ledger.client, "indeed", [applied], AS_OF)
        landing.open_applications(connection, ledger.client, "us", AS_OF)
        sql = text("SELECT id, key FROM application")
        application_id, key = connection.execute(sql).one()
        answer = FormAnswer(
            external_id="a1",
            updated_at=AS_OF,
            form="screen",
            subject=key,
            about="",
            by="candidate",
            fields=TYPED,
        )
        body = answer.model_dump_json()
        inbox.keep(connection, ledger.client, "forms", "a1", body, AS_OF)
        inbox.keep(connection, ledger.client, "indeed", "a2", f"not JSON: {TYPED}", AS_OF)
        asked = Decisions()
        about = Subject(
            subject_kind="application",
            id=application_id,
            key=key,
            stage="",
            state="",
            since=AS_OF,
            ready_for=None,
            seq=0,
            head_hash="",
        )
        place = Place(code="US-CA", city="San Francisco", region="CA", country="US")
        order = OrderBackgroundCheck(
            application_key=key, package="pro", name=NAMED[0], email=NAMED[1], work_place=place
        )
        offer = SendOffer(
            application_key=key,
            offer_hash="0f",
            title="Your offer",
            letter=TYPED["remarks"],
            signer_name=NAMED[0],
            signer_email=NAMED[1],
            expires_at=AS_OF + timedelta(days=7),
        )
        asked.effect(about, "checkr", "background.order", order)
        asked.effect(about, "dropbox_sign", "offer.send", offer)
        ledger.write(connection, asked, AS_OF)
    return str(key)


@pytest.fixture
def swept(
    opened: Desk, ledger: Ledger, leaky: Leaky, capfd: pytest.CaptureFixture[str]
) -> Iterator[Swept]:
    """Two sweeps: what the first orders, the second reads."""
    key = applies(ledger)
    written = StringIO()
    handler = logging.StreamHandler(written)
    logging.getLogger().addHandler(handler)
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.DEBUG)

    async def run() -> State[Any]:
        await sweep(client=ledger.client, as_of=AS_OF, return_state=True)
        state: State[Any] = await sweep(
            client=ledger.client, as_of=AS_OF.replace(hour=14), return_state=True
        )
        await APILogHandler.aflush()
        return state

    try:
        state = asyncio.run(run())
    finally:
        logging.getLogger().setLevel(level)
        logging.getLogger().removeHandler(handler)
    streams = capfd.readouterr()
    yield Swept(ledger, key, state, written.getvalue() + streams.out + streams.err, leaky.told)


PRIVATE = (*TOLD.values(), *TYPED.values(), *NAMED, *SECRETS)


def found(sink: str, canaries: tuple[str, ...] = PRIVATE) -> list[str]:
    """The canaries that sing in a text, as they are or as JSON writes them."""
    return [each for each in canaries if each in sink or json.dumps(each)[1:-1] in sink]


def prefect_database() -> str:
    """Everything Prefect has kept: runs, parameters, states, logs, artifacts, blocks, events."""
    path = Path(make_url(PREFECT_API_DATABASE_CONNECTION_URL.value()).database or "")
    files = [path, *path.parent.glob(f"{path.name}-*")]
    return "\n".join(
        file.read_bytes().decode("utf-8", "replace") for file in files if file.exists()
    )


def ledger_rows(database: Urls, client: str) -> dict[str, str]:
    """Everything the ledger holds of a client, by table."""
    engine = create_engine(database.admin_url)
    with engine.connect() as connection:
        kept = {
            name: "\n".join(
                connection.execute(
                    text(f"SELECT CAST(to_jsonb(t) AS text) FROM {name} t WHERE client = :client"),
                    {"client": client},
                ).scalars()
            )
            for name, table in tables.metadata.tables.items()
            if "client" in table.c
        }
    engine.dispose()
    return kept


def test_nothing_private_leaks(swept: Swept, database: Urls) -> None:
    """One sweep, every sink: they are searched together, as the sweep is what costs time."""
    ledger, scope = swept.ledger, Scope(swept.ledger.client)
    said = swept.state.result(raise_on_failure=False)
    trace = "".join(traceback.format_exception(said)) if isinstance(said, Exception) else str(said)
    printed = Console(record=True, width=200, file=StringIO())
    report.print_status(printed, ledger, scope)
    with ledger.transaction() as connection:
        exported = evidence.export(connection, ledger.client, swept.key, AS_OF)
        listed = evidence.effects(connection, scope, ("due", "dead", "parked", "sending", "done"))
    kept = ledger_rows(database, ledger.client)
    sinks = {
        "logs and streams": swept.log,
        "Prefect's database": prefect_database(),
        "messages and exceptions": f"{swept.state!r} {trace}",
        "status": json.dumps(report.status_json(ledger, scope), default=str),
        "the terminal": printed.export_text(),
        "evidence": json.dumps(exported),
        "effects": str([row.error for row in listed]),
    }

    assert {name: found(sink) for name, sink in sinks.items() if found(sink)} == {}
    assert {name: found(rows, SECRETS) for name, rows in kept.items() if found(rows, SECRETS)} == {}
    told = tuple(TOLD.values())
    assert {name: found(rows, told) for name, rows in kept.items() if found(rows, told)} == {}
    people = {name for name, rows in kept.items() if found(rows, (*TYPED.values(), *NAMED))}
    assert people <= WHERE_PEOPLE_ARE

    # The canaries were alive: vendors told them, people typed them, and what failed has failed.
    assert {"/v1/candidates", "/v1/invitations"} <= set(swept.told)
    assert found(kept["form_answer"]) == list(TYPED.values())
    assert "refused" in sinks["effects"]
    assert swept.key in sinks["Prefect's database"]
