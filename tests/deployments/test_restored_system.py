"""A restored system is the same one: its accounts open, its story is whole, and it goes on.

One system orders, offers, holds somebody, is backed up and ends; what its backup became elsewhere
is kept, and each test reads a part of that.
"""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from prefect.client.schemas.objects import State as RunState
from prefect.events.worker import EventsWorker
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings
from sqlalchemy import text

from connectors.access import Access
from connectors.ledger import status
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.ledger.verify import Violation, verify
from deployments import backup, embedded, setup
from deployments.sandbox.ashby import Ashby
from deployments.sandbox.checkr import Checkr
from deployments.sandbox.dropbox_sign import DropboxSign
from deployments.sandbox.gusto import Gusto
from deployments.sandbox.people import DATA, People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from deployments.settings import Settings
from deployments.state import State
from flows.sweep import sweep
from tasks import enter
from tasks.account import read as account
from tasks.process import load
from tests.canaries import AS_OF, applies

CLIENT = setup.SANDBOX_CLIENT
FEED = "feed.xml"
LATER = AS_OF.replace(hour=14)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Look:
    """What a system holds. `log`: the hashes of its transitions; `effects`: their states by key."""

    log: list[str]
    violations: list[Violation]
    held: list[tuple[str, str]]
    effects: dict[str, str]
    accounts: dict[str, Access | None]
    documents: dict[str, bytes]


@dataclass(frozen=True)
class Story:
    """A system as it was backed up, as it was restored, and after it went on elsewhere.

    `done`: what the vendors of orders and offers had really done by then.
    """

    key: str
    before: Look
    restored: Look
    done_before: dict[str, list[str]]
    went_on: str
    end: Look
    done: dict[str, list[str]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Homes are not under pytest's own directory, which every pytest closes to other users."""
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as directory, vendors() as sandbox:
        yield live(Path(directory).resolve(), sandbox)


@contextmanager
def vendors() -> Iterator[tuple[Sandbox, int]]:
    """Vendors that outlive both systems, and the port where they answer."""
    world, nobody = World(seed=7, now=AS_OF), People(())
    kinds = (Ashby, Checkr, DropboxSign, Gusto)
    sandbox = Sandbox(world, [kind(world, nobody) for kind in kinds])
    yield sandbox, int(sandbox.start().rpartition(":")[2])
    sandbox.stop()


def live(directory: Path, vendors: tuple[Sandbox, int]) -> Story:
    sandbox, port = vendors
    with running(Settings(home=directory / "first")) as first:
        setup.prepare_ledger(first.settings)
        process = load(DATA / f"clients/{CLIENT}.yaml")
        setup.register(first.settings, process, "ops", "why", AS_OF)
        asyncio.run(setup.connect_sandbox(at(first, port), CLIENT))
        key = applies(Ledger(first.settings.database_url or "", CLIENT))
        enter.hold(CLIENT, "", "dropbox_sign", "ops", "why", AS_OF)
        asyncio.run(swept(AS_OF))
        documents = first.settings.home / "documents"
        documents.mkdir(exist_ok=True)
        (documents / FEED).write_text("<source/>")
        before, done_before = look(first), done(sandbox)
        backup.backup(first.settings, directory / "backup")
    # Prefect's client knows one server for as long as a process lives: the second is where it was.
    moved = Settings(home=directory / "second", prefect_port=first.settings.prefect_port)
    backup.restore(moved, directory / "backup", "ops", "why")
    with running(moved) as second:
        restored = look(second)
        asyncio.run(setup.connect_sandbox(at(second, port), CLIENT))  # as `up` does
        for vendor in ("", "dropbox_sign"):
            enter.resume(CLIENT, "", vendor, "ops", "compared", LATER)
        sandbox.advance(LATER)
        went_on = asyncio.run(swept(LATER))
        return Story(
            key=key,
            before=before,
            restored=restored,
            done_before=done_before,
            went_on=went_on,
            end=look(second),
            done=done(sandbox),
        )


@contextmanager
def running(settings: Settings) -> Iterator[State]:
    """A system with its database and Prefect's server, and this process at work in it."""
    try:
        state = embedded.up(settings, only=["postgres", "prefect"])
        told = state.environment()
        here = {PREFECT_API_URL: told["PREFECT_API_URL"], PREFECT_HOME: told["PREFECT_HOME"]}
        with patch.dict(os.environ, told), temporary_settings(here):
            yield state
            EventsWorker.drain_all()
    finally:
        embedded.down(settings)


def at(state: State, sandbox_port: int) -> Settings:
    """The system's settings, with the vendors where they answer."""
    return state.settings.model_copy(update={"sandbox_port": sandbox_port})


async def swept(as_of: datetime) -> str:
    state: RunState[Any] = await sweep(CLIENT, as_of, return_state=True)
    return f"{state.type.value} {state.message}"


def look(state: State) -> Look:
    scope = Scope(CLIENT)
    with Ledger(state.settings.database_url or "", CLIENT).transaction() as connection:
        every = connection.execute(text("SELECT key, state FROM effect"))
        documents = state.settings.home / "documents"
        return Look(
            log=list(
                connection.execute(text("SELECT hash FROM transition ORDER BY hash")).scalars()
            ),
            violations=verify(connection, CLIENT),
            held=[(row.subject, row.rule) for row in status.held(connection, scope)],
            effects={key: stands for key, stands in every},
            accounts=asyncio.run(accounts()),
            documents={
                str(path.relative_to(documents)): path.read_bytes()
                for path in documents.rglob("*")
                if path.is_file()
            },
        )


async def accounts() -> dict[str, Access | None]:
    return {vendor: await account(CLIENT, vendor) for vendor in ("ashby", "checkr", "gusto")}


def done(sandbox: Sandbox) -> dict[str, list[str]]:
    return {
        kind: list(vendor.received.get(kind, ()))
        for vendor in sandbox.vendors
        for kind in ("invitations", "offers")
        if kind in vendor.received
    }


def test_there_was_something_of_everything(story: Story) -> None:
    assert story.before.effects[f"background.order:{story.key}"] == "done"
    assert story.before.effects[f"offer.send:{story.key}"] == "due"
    assert story.done_before == {"invitations": [f"{story.key} pro"]}
    assert [rule for _, rule in story.before.held] == ["INT-002"]
    assert story.before.documents.keys() == {FEED}
    assert len(story.before.log) > 2


def test_accounts_are_read_back_with_the_restored_key(story: Story) -> None:
    for vendor, kept in story.restored.accounts.items():
        assert kept and kept.key
        assert kept == story.before.accounts[vendor]


def test_the_restored_ledger_is_sound_and_tells_the_same_story(story: Story) -> None:
    assert story.restored.violations == []
    assert story.restored.log == story.before.log
    assert story.restored.held == story.before.held
    assert story.restored.effects.keys() == story.before.effects.keys()
    assert story.restored.documents == story.before.documents


def test_a_sweep_goes_on_where_the_backup_was_and_does_nothing_twice(story: Story) -> None:
    assert story.went_on.startswith("COMPLETED")
    assert story.end.effects[f"offer.send:{story.key}"] == "done"
    assert story.done["invitations"] == story.done_before["invitations"]
    assert [offer.split()[0] for offer in story.done["offers"]] == [f"offer.send:{story.key}"]
    assert story.end.violations == []
