"""An offer whose answer was lost, at a vendor whose list does not show it yet."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connectors.access import Access
from connectors.ledger import intake
from connectors.ledger.decisions import Decisions
from connectors.ledger.rows import at_the_door
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.records import SendOffer
from connectors.signatures import dropbox_sign
from deployments.sandbox.dropbox_sign import DropboxSign
from deployments.sandbox.people import People
from deployments.sandbox.server import UNLISTED_SECONDS, Sandbox
from deployments.sandbox.world import World
from tasks.deliver import carry_out
from tasks.desk import Desk
from tasks.process import Process
from tests.chaos.ways.applicants import AS_OF, ask

SETTLING_SECONDS = 60


class Office:
    """A desk with Dropbox Sign alone; time passes there and in the ledger as the test says."""

    def __init__(self, process: Process, ledger: Ledger) -> None:
        self.vendor = DropboxSign(World(seed=7, now=AS_OF), People(()))
        self.seconds = 0.0
        self.vendor.clock = lambda: self.seconds
        self.sandbox = Sandbox(self.vendor.world, [self.vendor])
        address = f"{self.sandbox.start()}/dropbox_sign"
        self.port: Any = dropbox_sign.connect(Access(address, "sandbox-dropbox_sign"))
        nothing: Any = None
        systems, links = {"dropbox_sign": self.port}, Links("", "secret")
        self.desk = Desk(process, ledger, links, systems, nothing, SETTLING_SECONDS)

    def asks_for_an_offer(self) -> None:
        """Ask for it in the ledger; its answer will be lost, and the list be behind."""
        ledger, decisions = self.desk.ledger, Decisions()
        (key,) = ask(ledger, 1)
        offer = SendOffer(
            application_key=key,
            offer_hash="5d41402a",
            title="Your offer",
            letter="Dear Ann",
            signer_name="Ann",
            signer_email="ann@mail.example",
            expires_at=AS_OF + timedelta(days=14),
        )
        with ledger.transaction() as connection:
            (row,) = at_the_door(connection, intake.ROWS, "intake", Scope(ledger.client), AS_OF)
            decisions.effect(row, "dropbox_sign", "offer.send", offer, about="5d41402a")
            ledger.write(connection, decisions, AS_OF)
        fault = {"vendor": "dropbox_sign", "match": "/send$", "faults": ["drop_unlisted"]}
        self.sandbox.faults.append(fault)

    def sweeps(self) -> tuple[str, int]:
        """Deliver; what the ledger says of the offer, and how many there are at the vendor."""
        carry_out(self.desk, Scope(self.desk.client), AS_OF)
        with self.desk.ledger.transaction() as connection:
            state = connection.execute(
                text("SELECT state FROM effect WHERE kind = 'offer.send'")
            ).scalar_one()
        return state, len(self.vendor.received["offers"])

    def passes(self, seconds: float) -> None:
        """Let the ledger's own clock go on."""
        with self.desk.ledger.transaction() as connection:
            connection.execute(
                text(
                    "UPDATE effect SET sent_at = sent_at - make_interval(secs => :seconds),"
                    " lease_until = lease_until - make_interval(secs => :seconds)"
                    " WHERE kind = 'offer.send'"
                ),
                {"seconds": seconds},
            )


@pytest.fixture
def office(process: Process, ledger: Ledger) -> Iterator[Office]:
    opened = Office(process, ledger)
    opened.asks_for_an_offer()
    yield opened
    opened.sandbox.stop()


def test_it_is_neither_sent_again_nor_called_missing_while_the_list_is_behind(
    office: Office,
) -> None:
    assert office.sweeps() == ("sending", 1)

    office.passes(2 * SETTLING_SECONDS)
    assert office.sweeps() == ("sending", 1)

    office.seconds += UNLISTED_SECONDS
    office.passes(office.port.search_lag * SETTLING_SECONDS)
    assert office.sweeps() == ("done", 1)


def test_whoever_believed_the_list_would_send_it_twice(office: Office) -> None:
    office.port.search_lag = 0

    assert office.sweeps() == ("done", 2)
