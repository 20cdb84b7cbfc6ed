"""No secret and nothing private ends where it does not belong, whatever vendors and people send.

Canaries are planted where such things come from: in accounts, in vendors' answers and refusals, in
what people type, in what is posted to the receiver. A whole system lives through that once, and
everything that it has written is searched.
"""

import asyncio
import json
import logging
import os
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import pytest
import requests
from prefect.client.schemas.objects import State as RunState
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogHandler
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings
from pydantic import SecretStr
from sqlalchemy import create_engine, inspect, make_url, text

from connectors.errors import Refused
from connectors.ledger.store import Ledger
from connectors.registry import VENDORS
from deployments import embedded, setup
from deployments.backup import KEYS
from deployments.cli import app
from deployments.sandbox.ashby import Ashby
from deployments.sandbox.checkr import Checkr
from deployments.sandbox.dropbox_sign import DropboxSign
from deployments.sandbox.gusto import Gusto
from deployments.sandbox.people import DATA, People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from deployments.settings import Settings
from deployments.state import State
from deployments.supervisor import SERVICES
from flows.candidate_care import candidate_care
from flows.decisions import export_evidence
from flows.lists import list_acts, list_effects, list_quarantine, list_webhooks
from flows.reconcile import reconcile
from flows.sweep import sweep
from tasks.account import account_name, account_type
from tasks.process import load
from tests.canaries import (
    ALERTS,
    AS_OF,
    HELD,
    HOOK,
    LINKS,
    MAIL,
    NAMED,
    SECRETS,
    SIGNING,
    TOLD,
    TYPED,
    VENDOR,
    Leaky,
    applies,
    delivers,
    found,
    singing,
)

T = TypeVar("T")
CLIENT = setup.SANDBOX_CLIENT
WHERE_PEOPLE_ARE = {"application", "arrival", "contact_point", "effect", "form_answer", "inbox"}
WHERE_PEOPLE_ARE |= {"offer", "person"}
STATES = ("due", "sending", "dead", "parked", "done")
ENDED = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]
RUN_SECONDS = 90
# The settings that are secret; services as talkative as they can be, and runs that begin at once.
ENVIRONMENT = {
    "FULLCYCLE_SECRET": LINKS,
    "FULLCYCLE_ALERT_WEBHOOK": f"http://127.0.0.1:9/{HOOK}",
    "FULLCYCLE_ALERT_EMAIL": "ops@provider.example",
    "FULLCYCLE_ALERT_SMTP": f"smtp://ops:{ALERTS}@127.0.0.1:9",
    "FULLCYCLE_SETTLING_SECONDS": "0.1",
    "PREFECT_LOGGING_LEVEL": "DEBUG",
    "PREFECT_WORKER_QUERY_SECONDS": "1",
}
# The first test waits for all of it.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Life:
    """What a system that lived among canaries has said and kept, by where.

    `answered`: the receiver's statuses; `told`: the paths at which vendors told too much;
    `revealed`: what Prefect's API tells of accounts to who asks for secrets.
    """

    key: str
    told: list[str]
    answered: list[int]
    states: dict[str, str]
    commands: dict[str, str]
    api: dict[str, str]
    revealed: str
    prefect: dict[str, str]
    ledger: dict[str, str]
    files: dict[str, str]


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    """Its home is not under pytest's own directory, which every pytest closes to other users."""
    with (
        tempfile.TemporaryDirectory(prefix="fullcycle-") as directory,
        pytest.MonkeyPatch.context() as monkey,
        stand_ins() as (sandbox_port, leaky),
    ):
        home = Path(directory).resolve()
        scratch = home / "tmp"  # what anybody writes to a temporary file is searched too
        scratch.mkdir()
        monkey.setattr(tempfile, "tempdir", str(scratch))
        told = {**ENVIRONMENT, "FULLCYCLE_HOME": str(home), "TMPDIR": str(scratch)}
        with patch.dict(os.environ, told):  # commands add to it
            yield live(home, sandbox_port, leaky)


@contextmanager
def stand_ins() -> Iterator[tuple[int, Leaky]]:
    """Vendors that tell too much, and the port where they answer."""
    world, nobody, leaky = World(seed=7, now=AS_OF), People(()), Leaky()
    vendors = [Ashby(world, nobody), Checkr(world, nobody, VENDOR), DropboxSign(world, nobody)]
    vendors.append(Gusto(world, nobody))
    leaky.throws(vendors[0], 200, f"<html>{TOLD}</html>".encode())
    leaky.tells(vendors[1])
    leaky.throws(vendors[2], 400, {"error": {"error_name": TOLD["ssn"], "error_msg": str(TOLD)}})
    leaky.throws(vendors[3], 422, {"errors": [{"error_key": "base", "message": str(TOLD)}]})
    running = Sandbox(world, vendors)
    yield int(running.start().rpartition(":")[2]), leaky
    running.stop()


def live(home: Path, sandbox_port: int, leaky: Leaky) -> Life:
    """Bring a system up, carry canaries through everything that writes, and look where they are."""
    settings = Settings()
    try:
        told = embedded.up(settings, only=["postgres"]).settings
        setup.prepare_ledger(told)
        process = load(DATA / f"clients/{CLIENT}.yaml")
        setup.register(told, process, "A. Ops", "canaries", AS_OF)
        state = embedded.up(settings, only=["prefect"])
        os.environ.update(state.environment())
        here = {
            PREFECT_API_URL: state.environment()["PREFECT_API_URL"],
            PREFECT_HOME: home / "prefect",
        }
        with temporary_settings(here), overheard(home / "logs/this.log"):
            vendors = state.settings.model_copy(update={"sandbox_port": sandbox_port})
            asyncio.run(connect(vendors))
            state = embedded.up(settings)
            ledger = Ledger(state.settings.database_url or "", CLIENT)
            key = applies(ledger)
            states = asyncio.run(carried(key))
            answered = delivers(state, CLIENT, key)
            by_worker(state)
        said = commands(ledger, key)
        kept = until(
            lambda: prefect_tables(state), lambda rows: "fullcycle.effect" in rows["events"]
        )
        api, revealed = answers(state), accounts(state, include_secrets=True)
        rows = ledger_rows(state)
        EventsWorker.drain_all()
    finally:
        embedded.down(settings)
    return Life(
        key=key,
        told=leaky.told,
        answered=answered,
        states=states,
        commands=said,
        api=api,
        revealed=revealed,
        prefect=kept,
        ledger=rows,
        files=files(home),
    )


async def connect(settings: Settings) -> None:
    """The client's accounts, in blocks as people fill them in, with canaries for secrets."""
    for vendor, fields in setup.sandbox_accounts(settings, CLIENT).items():
        secret = {"key": SecretStr(MAIL if vendor == "smtp" else VENDOR)}
        signs = "webhook" in {each.name for each in VENDORS[vendor].settings if each.secret}
        secrets = {"secrets": {"webhook": SIGNING} if signs else fields.get("secrets", {})}
        account = account_type(vendor).filled(**{**fields, **secret, **secrets})
        await account.save(account_name(CLIENT, vendor))


@contextmanager
def overheard(file: Path) -> Iterator[None]:
    """Whatever this process writes meanwhile goes to a file: streams, and logs of every level."""
    root = logging.getLogger()
    level, descriptors = root.level, [os.dup(1), os.dup(2)]
    with file.open("w", buffering=1) as out, redirect_stdout(out), redirect_stderr(out):
        handler = logging.StreamHandler(out)
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        for number in (1, 2):
            os.dup2(out.fileno(), number)
        try:
            yield
        finally:
            root.setLevel(level)
            root.removeHandler(handler)
            for number, kept in zip((1, 2), descriptors, strict=True):
                os.dup2(kept, number)
                os.close(kept)


async def carried(key: str) -> dict[str, str]:
    """Two sweeps, as what the first orders the second reads; then all that looks and reports."""
    states = {
        "first sweep": await sweep(CLIENT, AS_OF, return_state=True),
        "second sweep": await sweep(CLIENT, AS_OF.replace(hour=14), return_state=True),
        "reconcile": await reconcile(CLIENT, return_state=True),
        "candidate-care": await candidate_care(CLIENT, return_state=True),
        "list-quarantine": await list_quarantine(CLIENT, return_state=True),
        "list-effects": await list_effects(CLIENT, STATES, return_state=True),
        "list-webhooks": await list_webhooks(CLIENT, return_state=True),
        "export-evidence": await export_evidence(CLIENT, key, "ops", "why", return_state=True),
        "list-acts": await list_acts(CLIENT, return_state=True),
    }
    await APILogHandler.aflush()
    return {name: words(state) for name, state in states.items()}


def words(state: RunState[Any]) -> str:
    """All that a run's end says, its exception included."""
    said = state.result(raise_on_failure=False)
    return f"{state!r} {said} {trace(said) if isinstance(said, BaseException) else ''}"


def trace(failure: BaseException) -> str:
    return "".join(traceback.format_exception(failure))


def by_worker(state: State) -> None:
    """Wait for the sweep that the worker runs as a webhook came in."""
    asked = {"flow_runs": {"tags": {"all_": ["webhook"]}}}
    until(
        lambda: ask(state, "/flow_runs/filter", asked),
        lambda runs: any(run["state_type"] in ENDED for run in runs),
    )


def until(look: Callable[[], T], good: Callable[[T], bool]) -> T:
    give_up = time.monotonic() + RUN_SECONDS
    while not good(seen := look()):
        assert time.monotonic() < give_up, seen
        time.sleep(0.2)
    return seen


def commands(ledger: Ledger, key: str) -> dict[str, str]:
    """What the commands of ops print, refusals included."""
    by = ("--client", CLIENT, "--by", "ops", "--why", "to see it")
    every = [f"--state={state}" for state in STATES]
    delivered = [f"--state={state}" for state in ("unread", "unreadable", "read")]
    with ledger.transaction() as connection:
        held = connection.execute(
            text("SELECT a.key FROM quarantine q JOIN application a ON a.id = q.subject_id")
        ).scalar_one()
        effect = connection.execute(text("SELECT key FROM effect WHERE state = 'dead'")).scalar()
        number = connection.execute(text("SELECT min(id) FROM inbox")).scalar()
    asked = [
        ("status",),
        ("status", "--json"),
        ("quarantine", "list"),
        ("quarantine", "list", "--json"),
        ("quarantine", "show", held),
        ("quarantine", "correct", *by, held, f"email={TYPED['remarks']}"),
        ("release", *by, held, "INT-002"),
        ("effect", "list", *every),
        ("effect", "list", *every, "--json"),
        ("effect", "retry", *by, str(effect)),
        ("webhook", "list", *delivered),
        ("webhook", "list", *delivered, "--json"),
        ("webhook", "replay", *by, str(number)),
        ("hold", *by, "--vendor", "checkr"),
        ("resume", *by, "--vendor", "checkr"),
        ("export", *by, key, str(Settings().home / "evidence.json")),
        ("audit",),
        ("audit", "--json"),
        ("verify",),
        ("client", "export", CLIENT),
    ]
    return {" ".join(words): fullcycle(*words) for words in asked}


def fullcycle(*arguments: str) -> str:
    """Run a command in this process; what it prints, or the error that ends it."""
    out = StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        try:
            app(list(arguments), standalone_mode=False)
        except Refused as refusal:
            return out.getvalue() + trace(refusal)
    return out.getvalue()


def ask(state: State, path: str, body: dict[str, Any]) -> Any:
    answer = requests.post(f"{state.prefect_url}/api{path}", json=body, timeout=20)
    answer.raise_for_status()
    return answer.json()


def accounts(state: State, *, include_secrets: bool) -> str:
    """What Prefect's API tells of all blocks."""
    body = {"include_secrets": include_secrets}
    return json.dumps(ask(state, "/block_documents/filter", body), ensure_ascii=False)


def answers(state: State) -> dict[str, str]:
    """What Prefect's API tells without being asked for secrets; a page of each kind."""
    kinds = ("artifacts", "automations", "deployments", "flow_runs", "logs", "task_runs")
    told = {kind: json.dumps(ask(state, f"/{kind}/filter", {})) for kind in kinds}
    return {**told, "blocks": accounts(state, include_secrets=False)}


def prefect_tables(state: State) -> dict[str, str]:
    """Everything Prefect has kept: runs, parameters, states, logs, artifacts, blocks, events."""
    return kept(state.settings.prefect_database_url or "")


def ledger_rows(state: State) -> dict[str, str]:
    """Everything the ledger holds, by table, without regard to whose it is."""
    return kept(state.settings.admin_database_url or "")


def kept(url: str) -> dict[str, str]:
    """The rows of all tables of a database, as text."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        rows = {
            table: connection.execute(text(f"SELECT CAST(to_jsonb(t) AS text) FROM {table} t"))
            for table in inspect(connection).get_table_names()
        }
        found = {table: "\n".join(each.scalars()) for table, each in rows.items()}
    engine.dispose()
    return found


def files(home: Path) -> dict[str, str]:
    """Every file under the home, but for the databases and the key to the accounts."""
    return {
        str(path.relative_to(home)): path.read_bytes().decode("utf-8", "replace")
        for path in home.rglob("*")
        if path.is_file() and path.name not in KEYS and home / "postgres" not in path.parents
    }


def blocks(life: Life) -> set[str]:
    """The names of the blocks in Prefect's database."""
    return {json.loads(row)["name"] for row in life.prefect["block_document"].splitlines()}


def test_the_canaries_were_alive(life: Life) -> None:
    """Vendors told them, people typed them, Prefect was given them, and what failed has failed."""
    assert {"/v1/candidates", "/v1/invitations"} <= set(life.told)
    assert found(life.ledger["form_answer"]) == list(TYPED.values())
    assert set(found(life.revealed)) == {*SECRETS, SIGNING} - {LINKS}
    assert life.answered == [200, 401, 400, 400, 202, 400, 200, 422]
    assert life.key in life.prefect["flow_run"] + life.prefect["artifact"]


def test_no_file_holds_anything_private(life: Life) -> None:
    """Logs, temporary files, job pages, what Prefect stores, evidence: all that is on the disk."""
    assert singing(life.files) == {}


def test_the_log_of_every_service_is_among_the_files(life: Life) -> None:
    services = {*SERVICES, "supervisor"} - {"sandbox"}

    assert {f"logs/{name}.log" for name in services} <= life.files.keys()
    for talker in ("receiver", "serve"):
        assert "prefect.client" in life.files[f"logs/{talker}.log"]
    assert "/api/flow_runs/" in life.files["logs/this.log"]


def test_great_expectations_writes_no_data_docs(life: Life) -> None:
    assert "INT-002" in life.commands["quarantine list"]  # it has judged somebody
    left = [name for name in life.files if name.startswith("tmp/") or name.endswith(".html")]
    assert left == []


def test_nothing_private_is_in_prefects_database_and_no_secret_is_readable(life: Life) -> None:
    assert {f"{CLIENT}-checkr", "fullcycle-alarm-webhook"} <= blocks(life)
    assert singing(life.prefect) == {}


def test_prefects_api_tells_nothing_private_unless_asked_for_secrets(life: Life) -> None:
    assert singing(life.api) == {}


def test_no_message_and_no_exception_of_a_run_quotes_anything_private(life: Life) -> None:
    assert singing(life.states) == {}


def test_what_ops_are_shown_has_nothing_private(life: Life) -> None:
    assert singing(life.commands) == {}


def test_the_ledger_keeps_people_where_they_belong_and_nothing_more(life: Life) -> None:
    assert singing(life.ledger, (*SECRETS, SIGNING, *TOLD.values())) == {}
    assert singing(life.ledger, (*TYPED.values(), *NAMED, HELD)).keys() <= WHERE_PEOPLE_ARE
