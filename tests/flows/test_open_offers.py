"""An offer that is out: how it ends when its application does, at the stand-in over HTTP."""

from dataclasses import dataclass
from typing import Any

import pytest

from connectors.ledger.decisions import Decisions
from connectors.ledger.scope import Scope
from connectors.records import FormAnswer, SendOffer
from deployments.sandbox.dropbox_sign import DropboxSign
from tasks.decide import decide_stage, end
from tasks.deliver import carry_out
from tasks.observe import observe
from tests.flows.test_reconcile import Office, office
from tests.tasks.test_breaker import Vendor
from tests.tasks.test_reconcile import BEGUN, DAY, HOUR, NIGHT, books

assert books, office  # fixtures


@dataclass
class Offered:
    """Ann, to whom an offer has been decided, and who answers when a test says so."""

    office: Office
    key: str

    @property
    def vendor(self) -> DropboxSign:
        vendor: DropboxSign = self.office.vendor(DropboxSign)
        return vendor

    def sweep(self, *, silent: bool = False) -> None:
        """Settle, observe, end, decide and deliver; `silent`: the vendor cannot be read."""
        scope = Scope(self.office.desk.client)
        carry_out(self.office.desk, scope, self.office.now, unsettled_only=True)
        if not silent:
            observe.fn("dropbox_sign", scope, self.office.now)
        end.fn(scope, self.office.now)
        decide_stage("offer", scope, self.office.now)
        carry_out(self.office.desk, scope, self.office.now)

    def signs(self) -> None:
        (row,) = self.vendor._rows.values()
        self.vendor._sign(row)

    def withdraws(self) -> None:
        self.office.books.land(
            "forms",
            FormAnswer(
                external_id="withdrawal",
                updated_at=self.office.now,
                form="withdraw",
                subject=self.key,
                by="candidate",
                fields={"confirm": "yes"},
            ),
        )

    def stands(self) -> tuple[str, str | None]:
        """The stage, and how the application ended if it did."""
        (row,) = self.office.books._query("SELECT stage, disposition FROM application")
        return row.stage, row.disposition

    def reasons(self) -> list[str]:
        """Why Ann's application moved, each time."""
        rows = self.office.books._query("SELECT reason FROM transition ORDER BY id")
        return [row.reason for row in rows]

    def effect(self, kind: str) -> list[str]:
        """The states of the effects of a kind."""
        rows = self.office.books._query("SELECT state FROM effect WHERE kind = :kind", kind=kind)
        return [row.state for row in rows]


class Undecided:
    """Signers who do nothing by themselves."""

    behaviour: Any = None

    def by_email(self, email: str) -> "Undecided":
        self.behaviour = type("Behaviour", (), {"offer": "silent"})
        return self


@pytest.fixture
def ann(office: Office) -> Offered:
    """Ann is in the offer stage; her offer, which stands for a week, is due to be sent."""
    systems: Any = office.desk.systems
    systems["smtp"] = Vendor()
    office.vendor(DropboxSign)._people = Undecided()
    key = office.books.applies("ann", "offer")
    office.books.offers(key, 1)
    offer = SendOffer(
        application_key=key,
        offer_hash="v1",
        title="Your offer",
        letter="We offer you the position.",
        signer_name="Ann",
        signer_email="ann@example.org",
        expires_at=NIGHT,
    )
    decisions = Decisions()
    decisions.effect(
        office.books.subject("application", key), "dropbox_sign", "offer.send", offer, about="v1"
    )
    office.desk.ledger.apply(decisions, office.now)
    return Offered(office, key)


def test_an_offer_signed_while_the_vendor_cannot_be_read_does_not_lapse(ann: Offered) -> None:
    ann.sweep()
    ann.office.later(NIGHT - BEGUN - HOUR)
    ann.signs()

    ann.office.later(2 * HOUR)
    ann.sweep(silent=True)
    assert ann.stands() == ("offer", None)

    ann.office.later(HOUR)
    ann.sweep()
    assert ann.reasons()[-1] == "signed"


def test_an_offer_lapses_when_the_vendor_was_read_after_its_last_moment(ann: Offered) -> None:
    ann.sweep()

    ann.office.later(NIGHT - BEGUN)
    ann.sweep()

    assert ann.stands() == ("offer", "OFFER_DECLINED")


@pytest.mark.parametrize("signed", [True, False])
def test_an_offer_that_is_out_ends_with_its_requisition_only_if_it_is_read_to_be_unsigned(
    ann: Offered, signed: bool
) -> None:
    ann.sweep()
    ann.office.later(DAY)
    if signed:
        ann.signs()
    ann.office.books.closes()

    ann.sweep(silent=True)
    assert ann.stands() == ("offer", None)

    ann.office.later(HOUR)
    ann.sweep()
    assert ann.stands() == ("offer", None if signed else "REJECTED")
