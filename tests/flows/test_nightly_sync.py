"""The nightly sync reads from the beginning what sweeps read from where they were."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from connectors import payroll
from connectors.access import Access
from connectors.ledger import cursors
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.ports import Payroll
from connectors.records import CorrectHire, CreateHire, PayUnit, Place
from deployments.sandbox.gusto import COMPANY, Gusto
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from tasks import desk
from tasks.desk import Desk
from tasks.observe import observe
from tasks.process import Process
from tests.tasks.test_reconcile import Books, books

assert books  # a fixture

BEGUN = datetime(2026, 3, 2, 9, tzinfo=UTC)
PAYDAY = datetime(2026, 4, 3, 9, tzinfo=UTC)
START = date(2026, 3, 16)
DENVER = Place(code="US-CO", city="Denver", country="US")
SIGNED_CENTS, TYPED_CENTS = 3850, 3580


class _Clerk:
    """Mistypes everybody's rate."""

    def by_email(self, email: str) -> Any:
        return SimpleNamespace(behaviour=SimpleNamespace(pay_error=True))


@dataclass
class Office:
    """A client's desk whose payroll is Gusto, and Gusto's clock."""

    desk: Desk
    sandbox: Sandbox
    port: Payroll
    books: Books

    def look(self) -> None:
        observe.fn("gusto", Scope(self.desk.client), self.sandbox.world.now)

    def night(self) -> None:
        with self.desk.ledger.transaction() as connection:
            cursors.forget(connection, self.desk.client)
        self.look()

    def employee_ref(self) -> str:
        with self.desk.ledger.transaction() as connection:
            return str(connection.execute(text("SELECT external_id FROM employee")).scalar_one())

    def paid(self) -> list[tuple[int, int]]:
        """(rate, gross) in cents of every statement that has landed."""
        with self.desk.ledger.transaction() as connection:
            found = connection.execute(
                text("SELECT rate_cents, gross_cents FROM pay_statement ORDER BY check_on")
            )
            return [(row.rate_cents, row.gross_cents) for row in found]


@pytest.fixture
def office(
    ledger: Ledger, books: Books, process: Process, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    world = World(seed=7, now=BEGUN)
    sandbox = Sandbox(world, [Gusto(world, _Clerk())])
    access = Access(f"{sandbox.start()}/gusto", "sandbox-gusto", options={"company": COMPANY})
    port = payroll.VENDORS["gusto"].connect(access)
    nothing: Any = None
    links = Links("", "secret")
    opened = Desk(process, ledger, links, {"gusto": port}, nothing, settling_seconds=0)
    monkeypatch.setitem(desk._open, process.client, opened)
    yield Office(opened, sandbox, port, books)
    sandbox.stop()


def test_a_first_pay_that_was_wrong_stays_wrong_however_often_it_is_read(office: Office) -> None:
    key = office.books.applies("ada", stage="payroll")
    hire = CreateHire(
        application_key=key,
        first_name="Ada",
        last_name="Byron",
        email="ada@example.org",
        title="Electrician",
        start_on=START,
        rate_cents=SIGNED_CENTS,
        unit=PayUnit.HOUR,
        exempt=False,
        work_place=DENVER,
        entity="Harbor Works Inc.",
    )
    office.books.asks(key, "payroll.create", ref=office.port.create_hire(hire, key).external_id)
    office.sandbox.advance(PAYDAY)
    office.look()
    assert office.paid() == [(TYPED_CENTS, TYPED_CENTS * 80)]

    terms = CorrectHire(
        employee_ref=office.employee_ref(),
        start_on=START,
        rate_cents=SIGNED_CENTS,
        unit=PayUnit.HOUR,
        exempt=False,
        work_place=DENVER,
    )
    office.port.correct_hire(terms, "c1")
    office.night()
    assert office.paid() == [(TYPED_CENTS, TYPED_CENTS * 80)]

    office.sandbox.advance(PAYDAY + timedelta(days=14))
    office.night()
    assert office.paid() == [
        (TYPED_CENTS, TYPED_CENTS * 80),
        (SIGNED_CENTS, SIGNED_CENTS * 80),
    ]


def test_forgotten_cursors_are_read_from_the_beginning_and_written_again(ledger: Ledger) -> None:
    with ledger.transaction() as connection:
        cursors.write(connection, ledger.client, "ashby", "applications", "token-7")
        cursors.forget(connection, ledger.client)
        forgotten = cursors.read(connection, ledger.client, "ashby", "applications")
        cursors.write(connection, ledger.client, "ashby", "applications", "token-8")
        written = cursors.read(connection, ledger.client, "ashby", "applications")

    assert (forgotten, written) == (None, "token-8")


def test_the_cursors_of_other_clients_stay(ledger: Ledger) -> None:
    neighbour = Ledger(ledger.url, f"{ledger.client}_neighbour")
    with neighbour.transaction() as connection:
        cursors.write(connection, neighbour.client, "ashby", "applications", "token-7")

    with ledger.transaction() as connection:
        cursors.forget(connection, ledger.client)

    with neighbour.transaction() as connection:
        kept = cursors.read(connection, neighbour.client, "ashby", "applications")
    assert kept == "token-7"
