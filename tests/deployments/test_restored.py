"""What was done after the backup is not done again by the ledger that was restored from it."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from connectors import background_checks, messaging, signatures
from connectors.access import Access
from connectors.ledger import effects, hold
from connectors.ledger.decisions import Decisions
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.records import OrderBackgroundCheck, Place, SendMessage, SendOffer
from deployments import backup, postgres
from deployments.sandbox.checkr import Checkr
from deployments.sandbox.correspondents import Correspondents
from deployments.sandbox.dropbox_sign import DropboxSign
from deployments.sandbox.mail import Mail
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from deployments.settings import Settings
from tasks.deliver import carry_out
from tasks.desk import Desk
from tasks.process import Process
from tests.tasks.test_reconcile import BEGUN, HOUR, Books, books

assert books  # a fixture

OAKLAND = Place(code="US-CA", city="Oakland", region="CA", country="US")


@dataclass
class Office:
    """A client's desk with a screener, signatures and mail, each a stand-in."""

    desk: Desk
    vendors: tuple[Checkr, DropboxSign, Mail]

    @property
    def books(self) -> Books:
        return Books(self.desk.ledger)

    def does(self, dates: str) -> Counter[str]:
        """A check is ordered, a rejection sent, an offer made with these dates; how each ended."""
        ann, ben, cleo = (self.applicant(name) for name in ("ann", "ben", "cleo"))
        order = OrderBackgroundCheck(
            application_key=ann,
            package="standard",
            name="Ann",
            email="ann@example.org",
            work_place=OAKLAND,
        )
        rejection = SendMessage(
            to_name="Ben",
            to_email="ben@example.org",
            subject="Your application",
            body="Thank you.",
            template="rejection",
        )
        offer = SendOffer(
            application_key=cleo,
            offer_hash=dates,
            title="Your offer",
            letter=f"We offer you the position, {dates}.",
            signer_name="Cleo",
            signer_email="cleo@example.org",
            expires_at=BEGUN + timedelta(days=20),
        )
        asked, application = Decisions(), "application"
        subject = self.books.subject
        asked.effect(subject(application, ann), "checkr", "background.order", order)
        asked.effect(subject(application, ben), "smtp", "message.send", rejection)
        asked.effect(subject(application, cleo), "dropbox_sign", "offer.send", offer, about=dates)
        self.desk.ledger.apply(asked, BEGUN + HOUR)
        carry_out(self.desk, Scope(self.desk.client), BEGUN + HOUR)
        return self.states()

    def applicant(self, name: str) -> str:
        found = self.books._query("SELECT key FROM application WHERE name = :name", name=name)
        return str(found[0].key) if found else self.books.applies(name, "offer")

    def states(self) -> Counter[str]:
        rows = self.books._query("SELECT kind || ' ' || state AS how FROM effect")
        return Counter(str(row.how) for row in rows)

    def received(self) -> dict[str, int]:
        """How many checks, requests for signature and messages the vendors have."""
        checkr, sign, mail = self.vendors
        return {
            "checks": len(checkr.received["invitations"]),
            "offers": len(sign.received["offers"]),
            "messages": len(mail.received["messages"]),
        }


@pytest.fixture
def office(books: Books, process: Process) -> Iterator[Office]:
    world, nobody = World(seed=7, now=BEGUN), People(())
    checkr, sign = Checkr(world, nobody), DropboxSign(world, nobody)
    mail = Mail(world, Correspondents(world, nobody, {}))
    sandbox = Sandbox(world, [checkr, sign, mail])
    smtp, imap = mail.start(sandbox)
    url = sandbox.start()
    letters = {
        "from_name": "Harbor Works",
        "from_email": "talent@harbor.example",
        "journal": f"imap://127.0.0.1:{imap}",
        "journal_user": "journal",
    }
    post = Access(f"smtp://127.0.0.1:{smtp}", "sandbox-smtp", options=letters)
    systems: dict[str, Any] = {
        "checkr": background_checks.VENDORS["checkr"].connect(
            Access(f"{url}/checkr", "sandbox-checkr")
        ),
        "dropbox_sign": signatures.VENDORS["dropbox_sign"].connect(
            Access(f"{url}/dropbox_sign", "sandbox-dropbox_sign")
        ),
        "smtp": messaging.VENDORS["smtp"].connect(post),
    }
    links, nothing = Links("http://127.0.0.1", "secret"), cast(Any, None)
    desk = Desk(process, books.ledger, links, systems, nothing, settling_seconds=0)
    yield Office(desk, (checkr, sign, mail))
    mail.stop()
    sandbox.stop()


@pytest.fixture
def restored(office: Office, installation: Settings, tmp_path: Path) -> Iterator[Office]:
    """The office on the ledger of a backup, resumed; what it did after the backup is lost."""
    system = installation.model_copy(update={"home": tmp_path})
    assert system.link_secret
    for name in ("ann", "ben", "cleo"):
        office.applicant(name)
    backup.backup(system, tmp_path / "backup")
    assert set(office.does("from May")) == {
        "background.order done",
        "message.send done",
        "offer.send done",
    }
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as directory:
        home = Path(directory) / "home"
        backup.restore(Settings(home=home), tmp_path / "backup", "ops", "the disk is gone")
        try:
            ledger = Ledger(postgres.start(home).app_url, office.desk.client)
            with ledger.transaction() as connection:
                hold.lift(connection, ledger.client, "ops", "compared", BEGUN + HOUR)
            yield Office(replace(office.desk, ledger=ledger), office.vendors)
        finally:
            postgres.stop(home)


ONE_OF_EACH = {"checks": 1, "offers": 1, "messages": 1}


def test_what_is_asked_again_under_the_same_key_is_found_and_not_sent(restored: Office) -> None:
    assert set(restored.does("from May")) == {
        "background.order done",
        "message.send done",
        "offer.send done",
    }
    assert restored.received() == ONE_OF_EACH
    (offer,) = restored.books._query("SELECT external_id FROM effect WHERE kind = 'offer.send'")
    assert offer.external_id  # so it is watched again


def test_an_offer_with_other_dates_waits_for_a_person_who_may_send_it(restored: Office) -> None:
    assert restored.does("from June")["offer.send parked"] == 1
    assert restored.received() == ONE_OF_EACH

    (parked,) = restored.books._query("SELECT key FROM effect WHERE state = 'parked'")
    with restored.desk.ledger.transaction() as connection:
        client = restored.desk.client
        effects.close_by_hand(connection, client, parked.key, "due", "ops", "cancelled", BEGUN)
    carry_out(restored.desk, Scope(restored.desk.client), BEGUN + HOUR)

    assert restored.received() == ONE_OF_EACH | {"offers": 2}


def test_where_no_journal_can_be_looked_into_a_message_is_a_persons(restored: Office) -> None:
    cast(Any, restored.desk.systems["smtp"])._journal.address = ""

    assert restored.does("from May")["message.send parked"] == 1
    assert restored.received() == ONE_OF_EACH
