"""An offer that is out: how it ends when its application does, at the stand-in over HTTP."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from connectors.ledger import effects, watching
from connectors.ledger.decisions import Decisions
from connectors.ledger.reconcile import SIGNED_AFTER_THE_END
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

MINUTE = timedelta(minutes=1)


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

    def fails(self, match: str, fault: str) -> None:
        """The vendor's next answer to such a call is spoiled."""
        spoiled = {"vendor": "dropbox_sign", "match": match, "faults": [fault]}
        self.office.sandbox.faults.append(spoiled)

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

    def ends(self) -> None:
        """Ann has withdrawn, which is settled before anything else is delivered."""
        self.withdraws()
        end.fn(Scope(self.office.desk.client), self.office.now)

    def dies_sending(self, *, sent: bool) -> None:
        """A process claims the offer and dies, before or after the vendor has it."""
        desk = self.office.desk
        with desk.ledger.transaction() as connection:
            (effect,) = effects.claim(connection, Scope(desk.client), self.office.now, 9, False)
            effects.begin(connection, [effect], self.office.now)
        if sent:
            signatures: Any = desk.systems["dropbox_sign"]
            signatures.send(SendOffer.model_validate(effect.request), effect.key)
        with desk.ledger.transaction() as connection:
            effects.abandon(connection, desk.client)

    def watched(self) -> list[str]:
        """The signature requests that are read at the next sweep."""
        with self.office.desk.ledger.transaction() as connection:
            return watching.watching(connection, "signature_requests")

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


def test_an_offer_that_is_still_due_is_not_sent_after_its_application_has_ended(
    ann: Offered,
) -> None:
    ann.ends()

    ann.sweep()

    assert ann.effect("offer.send") == ["overtaken"]
    assert ann.effect("message.send") == ["done"]
    assert "offers" not in ann.vendor.received


@pytest.mark.parametrize("requisition", ["cancelled", "open"])
def test_an_offer_that_is_out_is_withdrawn_when_its_application_ends(
    ann: Offered, requisition: str
) -> None:
    ann.sweep()
    if requisition == "cancelled":
        ann.office.books.closes()
    else:
        ann.withdraws()
    ann.office.later(HOUR)

    ann.sweep()
    ann.office.later(MINUTE)
    ann.signs()
    ann.sweep()

    assert ann.effect("offer.cancel") == ["done"]
    assert len(ann.vendor.received["cancellations"]) == 1
    assert "signatures" not in ann.vendor.received
    assert ann.watched() == []


@pytest.mark.parametrize(
    ("sent", "sending", "withdrawal"), [(True, "done", ["done"]), (False, "overtaken", [])]
)
def test_an_offer_that_may_have_left_before_the_end_is_looked_up_and_withdrawn_if_it_had(
    ann: Offered, sent: bool, sending: str, withdrawal: list[str]
) -> None:
    ann.dies_sending(sent=sent)
    ann.ends()

    ann.sweep()

    assert ann.effect("offer.send") == [sending]
    assert ann.effect("offer.cancel") == withdrawal
    assert len(ann.vendor.received.get("offers", [])) == sent


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
def test_a_withdrawal_whose_answer_is_lost_happens_once(ann: Offered, fault: str) -> None:
    ann.sweep()
    ann.withdraws()
    ann.fails("POST .*cancel", fault)

    ann.sweep()
    ann.office.later(HOUR)
    ann.sweep()

    assert ann.effect("offer.cancel") == ["done"]
    assert len(ann.vendor.received["cancellations"]) == 1


def test_an_offer_that_is_signed_after_the_end_is_a_finding_and_not_a_hire(ann: Offered) -> None:
    ann.sweep()
    ann.withdraws()
    ann.sweep()
    assert ann.effect("offer.cancel") == ["done"]  # queued; Ann is quicker
    ann.signs()
    ann.office.later(HOUR)

    ann.sweep()
    assert ann.office.books.night(SIGNED_AFTER_THE_END) == (1, 0)

    (finding,) = ann.office.books.findings()
    assert (finding.kind, finding.owner) == ("offer.signed_after_end", "client")
    assert (finding.system, finding.subject) == ("dropbox_sign", ann.key)
    assert ann.stands() == ("offer", "WITHDRAWN")


def test_a_hire_who_leaves_after_signing_is_no_finding_and_their_offer_is_not_withdrawn(
    ann: Offered,
) -> None:
    ann.sweep()
    ann.signs()
    ann.office.later(HOUR)
    ann.sweep()
    ann.ends()
    ann.sweep()

    assert ann.stands() == ("offer", "WITHDRAWN")
    assert ann.effect("offer.cancel") == []
    assert ann.office.books.night(SIGNED_AFTER_THE_END) == (0, 0)


@pytest.mark.parametrize(("prolonged", "withdrawal"), [(False, []), (True, ["done"])])
def test_a_lapsed_offer_is_withdrawn_only_if_the_vendor_still_shows_it_open(
    ann: Offered, monkeypatch: pytest.MonkeyPatch, prolonged: bool, withdrawal: list[str]
) -> None:
    ann.sweep()
    if prolonged:  # somebody has given her more time at the vendor
        monkeypatch.setattr(ann.vendor, "_expire", lambda row: None)
    ann.office.later(NIGHT - BEGUN)

    ann.sweep()
    assert ann.stands() == ("offer", "OFFER_DECLINED")
    ann.office.later(HOUR)
    ann.sweep()

    assert ann.effect("offer.cancel") == withdrawal
