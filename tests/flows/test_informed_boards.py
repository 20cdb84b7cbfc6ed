"""Indeed is told what becomes of who applied there, at the stand-in over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.access import Access
from connectors.documents.filesystem import Filesystem
from connectors.job_boards import VENDORS
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from deployments.sandbox.indeed import CLIENT_ID, CLIENT_SECRET, Indeed
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from tasks import desk as desks
from tasks.decide import inform
from tasks.deliver import carry_out
from tasks.desk import Desk
from tasks.process import Process
from tests.carrying import desk_with
from tests.tasks.test_reconcile import BEGUN, Books, books

assert books  # a fixture


@dataclass
class Informed:
    """A client whose process has Indeed told, and Indeed."""

    desk: Desk
    vendor: Indeed
    sandbox: Sandbox
    books: Books

    def sweep(self) -> None:
        scope, now = Scope(self.desk.client), BEGUN + timedelta(hours=1)
        inform.fn(scope, now)
        carry_out(self.desk, scope, now)

    @property
    def told(self) -> list[str]:
        return self.vendor.received.get("dispositions", [])


@pytest.fixture
def informed(
    ledger: Ledger,
    books: Books,
    process: Process,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Informed]:
    world = World(seed=7, now=BEGUN)
    vendor = Indeed(world, People(()))
    sandbox = Sandbox(world, [vendor])
    options = {
        "api_token": "token",
        "apply_url": "https://us.example.test",
        "client_id": CLIENT_ID,
        "api_url": f"{sandbox.start()}/indeed",
    }
    account = Access("https://x.test", options=options, secrets={"client": CLIENT_SECRET})
    board = VENDORS["indeed"].open(account, documents=Filesystem(tmp_path, "https://x.test"))
    process = process.model_copy(update={"inform": ("indeed",)})
    desk = replace(desk_with(process, ledger, {"indeed": board}), settling_seconds=0)
    monkeypatch.setitem(desks._open, ledger.client, desk)
    yield Informed(desk, vendor, sandbox, books)
    sandbox.stop()


def test_each_state_is_told_once_however_often_it_is_swept(informed: Informed) -> None:
    key = informed.books.applies("ann", "interviews")
    informed.vendor.note("applications", "ann")
    for _ in range(2):
        informed.sweep()
    informed.books.ends(key, "WITHDRAWN")
    for _ in range(2):
        informed.sweep()

    assert informed.told == ["ann NEW", "ann SCREEN", "ann LIKED", "ann INTERVIEW", "ann WITHDRAWN"]


def test_one_whose_answer_was_lost_is_told_again_in_its_turn(informed: Informed) -> None:
    informed.books.applies("ann", "screening")
    informed.vendor.note("applications", "ann")
    lost = {"vendor": "indeed", "match": "/graphql", "faults": ["drop_after", "truncated"]}
    informed.sandbox.faults.append(lost)

    informed.sweep()

    assert informed.told == ["ann NEW", "ann SCREEN"]
    states = informed.books._query("SELECT DISTINCT state FROM effect WHERE kind = 'board.tell'")
    assert [row.state for row in states] == ["done"]


def test_one_that_indeed_does_not_know_keeps_no_other_from_being_told(informed: Informed) -> None:
    informed.books.applies("ann")
    informed.books.applies("ben")
    informed.vendor.note("applications", "ben")

    informed.sweep()

    assert informed.told == ["ben NEW"]
    (dead,) = informed.books._query("SELECT error FROM effect WHERE state = 'dead'")
    assert "look whether it knows the application" in dead.error
