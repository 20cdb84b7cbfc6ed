"""Webhooks that never come cost time only: the nightly sync ends where they would have led."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from connectors import background_checks
from connectors.access import Access
from connectors.documents import filesystem
from connectors.ledger import cursors, inbox
from connectors.ledger.decisions import Decisions
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.records import OrderBackgroundCheck, Place
from deployments.sandbox.__main__ import write_clock
from deployments.sandbox.checkr import Checkr
from deployments.sandbox.people import People
from deployments.sandbox.postman import Postman
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from tasks import desk
from tasks.decide import decide_stage
from tasks.deliver import carry_out
from tasks.desk import Desk
from tasks.observe import observe, read_inbox
from tasks.process import Process
from tests.deployments.test_postman import SETTLED_SECONDS, clock, receiver_url
from tests.tasks.test_reconcile import BEGUN, DAY, Books, books

assert clock and receiver_url and books  # fixtures

CALIFORNIA = Place(code="US-CA", city="San Francisco", region="CA", country="US")


@dataclass
class Case:
    """Ann's background check is ordered; Checkr's webhooks come in these manners, if at all."""

    desk: Desk
    sandbox: Sandbox
    postman: Postman
    books: Books
    key: str

    def a_day(self) -> None:
        """A day passes, and whatever hints it brought are looked into."""
        self.sandbox.advance(self.now + DAY)
        assert self.postman.settle(SETTLED_SECONDS)
        if scope := self.hinted():
            assert scope == Scope(self.desk.client, "HARBOR-1")
            self.look(scope)

    def night(self) -> None:
        """What the nightly sync does at this vendor and in this stage."""
        with self.desk.ledger.transaction() as connection:
            cursors.forget(connection, self.desk.client)
        self.look(Scope(self.desk.client))

    def look(self, scope: Scope) -> None:
        observe.fn("checkr", scope, self.now)
        read_inbox.fn(scope, self.now)
        decide_stage("background", scope, self.now)

    @property
    def now(self) -> datetime:
        return self.sandbox.world.now

    def hinted(self) -> Scope | None:
        with self.desk.ledger.transaction() as connection:
            return inbox.hinted(connection, self.desk.client)

    def story(self) -> list[tuple[str, ...]]:
        """Where Ann went and why, and what is known of her report."""
        moves = self.books._query(
            "SELECT to_stage, to_state, reason FROM transition WHERE subject_key = :key"
            " ORDER BY seq",
            key=self.key,
        )
        report = self.books._query("SELECT 'report', status, result FROM background_report")
        return [tuple(row) for row in [*moves, *report]]


Open = Callable[..., Case]


@pytest.fixture
def case(
    ledger: Ledger,
    books: Books,
    process: Process,
    receiver_url: str,
    clock: Path,
    tmp_path: Path,
) -> Iterator[Open]:
    opened: list[Sandbox] = []

    def open_case(*manners: str) -> Case:
        world = World(7, BEGUN)
        world.on_tick = lambda now: write_clock(clock, now)
        write_clock(clock, BEGUN)
        address = f"{receiver_url}/webhooks/{ledger.client}"
        postman = Postman(world, address, share=float(bool(manners)), manners=manners)
        sandbox = Sandbox(world, [Checkr(world, People(()))], postman=postman)
        opened.append(sandbox)
        checkr = Access(f"{sandbox.start()}/checkr", "sandbox-checkr")
        systems = {"checkr": background_checks.VENDORS["checkr"].connect(checkr)}
        store = filesystem.Filesystem(tmp_path, "http://127.0.0.1")
        links = Links("http://127.0.0.1", "secret")
        desk._open[ledger.client] = Desk(process, ledger, links, systems, store, 0)
        case = Case(
            desk._open[ledger.client], sandbox, postman, books, books.applies("ann", "background")
        )
        order(case)
        return case

    yield open_case
    for sandbox in opened:
        sandbox.stop()
    del desk._open[ledger.client]


def order(case: Case) -> None:
    request = OrderBackgroundCheck(
        application_key=case.key,
        package="standard",
        name="Ann",
        email="ann@example.org",
        work_place=CALIFORNIA,
    )
    decisions = Decisions()
    subject = case.books.subject("application", case.key)
    decisions.effect(subject, "checkr", "background.order", request)
    case.desk.ledger.apply(decisions, case.now)
    assert carry_out(case.desk, Scope(case.desk.client), case.now)["done"] == 1


REPORTED = [
    ("background", "complete", "report clear"),
    ("report", "complete", "clear"),
]


@pytest.mark.parametrize("manners", [(), ("never",)], ids=["all come", "none comes"])
def test_the_nightly_sync_ends_where_the_webhooks_would_have_led(
    manners: tuple[str, ...], case: Open
) -> None:
    ann = case(*manners)

    for _ in range(6):
        ann.a_day()
    before_the_night = ann.story()
    ann.night()

    assert ann.story()[-2:] == REPORTED
    assert (before_the_night == ann.story()) == (not manners)
    assert ann.hinted() is None
