"""Offers are sent once, found after a lost answer, and withdrawn."""

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.access import Access
from connectors.errors import OutcomeUnknown, Refused, Unavailable, Unreadable, Unsupported
from connectors.ports import SignatureProvider
from connectors.records import CloseJob, Receipt, SignatureStatus
from connectors.signatures import VENDORS, docusign
from deployments.sandbox.docusign import DocuSign
from deployments.sandbox.server import Answer, Request, Sandbox
from deployments.sandbox.world import World
from tests.connectors.docusign.account import (
    A_DAY,
    NOBODY,
    NOW,
    Town,
    account_at,
    an_offer,
    answer,
    connected,
    fail,
    observed,
    withdrawal,
)

LIES = ["drop_after", "truncated", "html_after", "empty_after", "error_in_200"]
SENT, VOIDED = "POST .*/envelopes$", "PUT .*/envelopes/"


def bodies(asked: list[Request], method: str) -> list[Any]:
    below = [request for request in asked if request.path.startswith("/restapi")]
    return [request.json for request in below if request.method == method]


def test_is_registered_under_its_name() -> None:
    assert VENDORS["docusign"].connect is docusign.connect


def test_an_offer_goes_out_with_its_letter_and_our_reference(
    signatures: SignatureProvider, vendor: DocuSign, asked: list[Request]
) -> None:
    receipt = signatures.send(an_offer(), "key")

    (signature,) = observed(signatures, receipt.external_id)
    (body,) = bodies(asked, "POST")
    letter = base64.b64decode(body["documents"][0]["documentBase64"]).decode()
    assert (signature.application_key, signature.offer_hash) == ("HARBOR-3.ada", "5d41402a")
    assert signature.status is SignatureStatus.AWAITING
    assert letter == an_offer().letter
    assert body["recipients"]["signers"][0]["name"] == "Zoë Müller"
    assert len(vendor.received["offers"]) == 1


def test_the_signer_signs_on_a_page_of_its_own_as_a_letter_has_no_place_for_it(
    signatures: SignatureProvider, asked: list[Request]
) -> None:
    signatures.send(an_offer(), "key")

    (body,) = bodies(asked, "POST")
    (signer,) = body["recipients"]["signers"]
    page = next(d for d in body["documents"] if d["documentId"] == "2")
    places = [tab["documentId"] for tabs in signer["tabs"].values() for tab in tabs]
    assert sorted(signer["tabs"]) == ["dateSignedTabs", "signHereTabs"]
    assert set(places) == {page["documentId"]}


def test_neither_key_nor_name_is_in_an_address(
    signatures: SignatureProvider, asked: list[Request]
) -> None:
    signatures.send(an_offer(), "offer:a,b")
    signatures.find(an_offer(), "offer:a,b")

    told = " ".join([str([request.path, request.query]) for request in asked])
    assert "a,b" not in told
    assert "Zoë" not in told and "example.test" not in told


@pytest.mark.parametrize("lie", LIES)
def test_a_lost_answer_is_found_and_the_offer_is_sent_once(
    signatures: SignatureProvider, sandbox: Sandbox, vendor: DocuSign, lie: str
) -> None:
    fail(sandbox, SENT, lie)
    with pytest.raises(OutcomeUnknown) as told:
        signatures.send(an_offer(), "key")

    found = signatures.find(an_offer(), "key")

    assert found is not None
    assert observed(signatures, found.external_id)[0].application_key == "HARBOR-3.ada"
    assert len(vendor.received["offers"]) == 1
    assert "Zoë" not in str(told.value)


def test_an_offer_that_never_arrived_is_not_found(
    signatures: SignatureProvider, sandbox: Sandbox, vendor: DocuSign
) -> None:
    fail(sandbox, SENT, "drop_before")
    with pytest.raises(OutcomeUnknown):
        signatures.send(an_offer(), "key")

    assert signatures.find(an_offer(), "key") is None
    assert "offers" not in vendor.received


def test_what_is_there_already_is_not_sent_again_though_docusign_would(
    signatures: SignatureProvider, vendor: DocuSign
) -> None:
    first, second = (signatures.send(an_offer(), "key") for _ in range(2))

    assert first == second
    assert len(vendor.received["offers"]) == 1


def test_another_key_is_another_envelope(signatures: SignatureProvider, vendor: DocuSign) -> None:
    assert signatures.send(an_offer(), "one") != signatures.send(an_offer("bob"), "two")


def test_a_transaction_is_found_while_searches_are_behind(
    signatures: SignatureProvider, sandbox: Sandbox
) -> None:
    fail(sandbox, SENT, "drop_unlisted")
    with pytest.raises(OutcomeUnknown):
        signatures.send(an_offer(), "key")

    assert signatures.find(an_offer(), "key")


def test_a_transaction_is_found_as_a_mere_status(
    signatures: SignatureProvider, vendor: DocuSign
) -> None:
    vendor.transactions_are_envelopes = False
    sent = signatures.send(an_offer(), "key")

    assert signatures.find(an_offer(), "key") == sent


def test_somebody_elses_envelope_is_never_taken_for_ours(
    signatures: SignatureProvider, vendor: DocuSign, asked: list[Request]
) -> None:
    other = signatures.send(an_offer("bob"), "other").external_id
    row = {"envelopeId": other, "status": "sent", "transactionId": NOBODY}
    failed = {"envelopeId": other, "status": "sent", "errorDetails": {"errorCode": "FAILED"}}
    handle = vendor.handle

    def every(request: Request) -> Answer:
        if "transaction_ids" not in request.query:
            return handle(request)
        ours = {"transactionId": request.query["transaction_ids"]}
        lists = {"envelopes": [row], "envelopeTransactionStatuses": [row, {**failed, **ours}]}
        return Answer(200, lists)

    vendor.handle = every  # type: ignore[method-assign]

    assert signatures.find(an_offer(), "key") is None
    assert signatures.send(an_offer(), "key").external_id != other


def test_docusign_forgets_a_transaction_after_a_week_and_our_fields_find_it(
    signatures: SignatureProvider, sandbox: Sandbox, vendor: DocuSign
) -> None:
    vendor.rows_per_page = 2
    for n in range(3):
        signatures.send(an_offer("mum", application_key="HARBOR-3.mum"), f"earlier {n}")
    sent = signatures.send(an_offer("mum", application_key="HARBOR-3.mum"), "key")
    sandbox.advance(NOW + 8 * A_DAY)

    assert signatures.find(an_offer("mum"), "key") == sent


def test_who_has_another_offer_open_or_signed_is_a_persons_and_never_gets_two_by_chance(
    signatures: SignatureProvider, sandbox: Sandbox
) -> None:
    other = signatures.send(an_offer("mum"), "first").external_id
    anew = an_offer("mum", offer_hash="other dates", expires_at=NOW + 40 * A_DAY)

    with pytest.raises(OutcomeUnknown, match=other):
        signatures.find(anew, "second")
    assert signatures.find(an_offer("ada"), "second") is None

    sandbox.advance(NOW + 15 * A_DAY)
    assert signatures.find(anew, "second") is None


def test_an_envelope_that_does_not_say_whose_it_is_is_not_taken_for_nothing(
    signatures: SignatureProvider, vendor: DocuSign, sandbox: Sandbox
) -> None:
    ref = signatures.send(an_offer("mum"), "key").external_id
    sandbox.advance(NOW + 8 * A_DAY)
    handle = vendor.handle

    def silent(request: Request) -> Answer:
        shown = handle(request)
        for row in shown.body.get("envelopes", []):
            row.pop("customFields", None)
        return shown

    vendor.handle = silent  # type: ignore[method-assign]
    with pytest.raises(Unreadable, match="fullcycle_application"):
        signatures.find(an_offer("mum"), "key")
    assert vendor._rows[ref]["status"] == "sent"


def test_a_draft_counts_as_neither_sent_nor_missing(
    signatures: SignatureProvider, vendor: DocuSign, sandbox: Sandbox
) -> None:
    ref = signatures.send(an_offer("mum"), "key").external_id
    vendor._rows[ref]["status"] = "created"

    with pytest.raises(OutcomeUnknown, match="has not been sent"):
        signatures.find(an_offer("mum"), "key")
    sandbox.advance(NOW + 8 * A_DAY)
    with pytest.raises(OutcomeUnknown, match="has not been sent"):
        signatures.find(an_offer("mum"), "key")


@pytest.mark.parametrize(
    "told",
    [
        {"envelopeId": NOBODY, "status": "created"},
        {"envelopeId": NOBODY},
        {"envelopeId": None, "status": "sent"},
        {"status": "processing"},
        [],
    ],
)
def test_only_an_id_and_the_word_sent_prove_that_an_offer_was_sent(
    signatures: SignatureProvider, vendor: DocuSign, told: Any
) -> None:
    answer(vendor, Answer(201, told), method="POST")

    with pytest.raises(OutcomeUnknown):
        signatures.send(an_offer(), "key")


@pytest.mark.parametrize(("hours", "days"), [(1, 1), (24, 1), (25, 2), (14 * 24, 14)])
def test_no_offer_ends_before_its_time_by_docusigns_own_clock_though_it_counts_days(
    signatures: SignatureProvider, asked: list[Request], hours: int, days: int
) -> None:
    signatures.send(an_offer(expires_at=NOW + timedelta(hours=hours)), "key")

    (body,) = bodies(asked, "POST")
    assert body["notification"]["expirations"]["expireAfter"] == str(days)


def test_an_offer_that_has_ended_is_not_sent(
    signatures: SignatureProvider, vendor: DocuSign
) -> None:
    with pytest.raises(Refused, match="expired"):
        signatures.send(an_offer(expires_at=NOW), "key")

    assert "offers" not in vendor.received


@pytest.mark.parametrize(
    "changed",
    [
        {"letter": ""},
        {"signer_email": "nobody"},
        {"signer_name": ""},
        {"signer_name": "Zoë" * 40},
        {"application_key": "H" * 101},
        {"expires_at": NOW + 1000 * A_DAY},
    ],
)
def test_an_offer_docusign_can_not_send_is_refused(
    signatures: SignatureProvider, vendor: DocuSign, changed: dict[str, Any]
) -> None:
    with pytest.raises(Refused) as told:
        signatures.send(an_offer(**changed), "key")

    assert "offers" not in vendor.received
    assert "Zoë" not in str(told.value)


def test_a_long_title_is_cut_to_what_a_subject_may_hold(
    signatures: SignatureProvider, asked: list[Request]
) -> None:
    signatures.send(an_offer(title="Offer " * 30), "key")

    assert len(bodies(asked, "POST")[0]["emailSubject"]) == 100


def test_a_withdrawn_offer_is_voided_once_and_can_be_withdrawn_again(
    signatures: SignatureProvider, vendor: DocuSign
) -> None:
    ref = signatures.send(an_offer(), "key").external_id
    assert signatures.find(withdrawal(ref), "cancel") is None

    for _ in range(2):
        assert signatures.cancel(withdrawal(ref), "cancel") == Receipt(external_id=ref)

    assert observed(signatures, ref)[0].status is SignatureStatus.CANCELLED
    assert signatures.find(withdrawal(ref), "cancel") == Receipt(external_id=ref)
    assert vendor.received["cancellations"] == [ref]


@pytest.mark.parametrize("lie", LIES)
def test_a_withdrawal_whose_answer_is_lost_is_found(
    signatures: SignatureProvider, sandbox: Sandbox, vendor: DocuSign, lie: str
) -> None:
    ref = signatures.send(an_offer(), "key").external_id
    fail(sandbox, VOIDED, lie)

    with pytest.raises(OutcomeUnknown):
        signatures.cancel(withdrawal(ref), "cancel")

    assert signatures.find(withdrawal(ref), "cancel") == Receipt(external_id=ref)
    assert vendor.received["cancellations"] == [ref]


@pytest.mark.parametrize(
    "beside",
    [
        {"envelopeId": NOBODY},
        {"errorDetails": {"errorCode": "ENVELOPE_CANNOT_VOID_INVALID_STATE", "message": "No."}},
        {},
    ],
)
def test_only_the_envelopes_own_id_without_an_error_proves_that_it_was_voided(
    signatures: SignatureProvider, vendor: DocuSign, beside: dict[str, Any]
) -> None:
    ref = signatures.send(an_offer(), "key").external_id
    told = {"envelopeId": ref, **beside} if beside else {}
    answer(vendor, Answer(200, told))

    with pytest.raises(OutcomeUnknown):
        signatures.cancel(withdrawal(ref), "cancel")


def test_success_beside_an_answer_is_no_error(
    signatures: SignatureProvider, vendor: DocuSign
) -> None:
    ref = signatures.send(an_offer(), "key").external_id
    told = {"envelopeId": ref, "errorDetails": {"errorCode": "SUCCESS", "message": ""}}
    answer(vendor, Answer(200, told))

    assert signatures.cancel(withdrawal(ref), "cancel") == Receipt(external_id=ref)


def test_what_the_signer_has_declined_meanwhile_is_closed_as_asked(
    signatures: SignatureProvider, sandbox: Sandbox, vendor: DocuSign
) -> None:
    ref = signatures.send(an_offer("bob"), "key").external_id
    sandbox.advance(NOW + 2 * A_DAY)

    assert signatures.cancel(withdrawal(ref), "cancel") == Receipt(external_id=ref)
    assert "cancellations" not in vendor.received


def test_a_signed_offer_can_not_be_withdrawn(
    signatures: SignatureProvider, sandbox: Sandbox
) -> None:
    ref = signatures.send(an_offer(), "key").external_id
    sandbox.advance(NOW + 2 * A_DAY)

    with pytest.raises(Refused):
        signatures.cancel(withdrawal(ref), "cancel")
    assert signatures.find(withdrawal(ref), "cancel") is None


def test_an_offer_is_not_declared_missing_by_a_list_that_shrinks(
    signatures: SignatureProvider, vendor: DocuSign, sandbox: Sandbox
) -> None:
    vendor.rows_per_page = 1
    refs = [signatures.send(an_offer("mum"), f"k{n}").external_id for n in range(3)]
    sandbox.advance(NOW + 8 * A_DAY)
    handle = vendor.handle

    def forget_the_first(request: Request) -> Answer:
        shown = handle(request)
        if "custom_field" in request.query:
            vendor._rows.pop(refs[0], None)
        return shown

    vendor.handle = forget_the_first  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="changed"):
        signatures.find(an_offer("mum"), "never sent")


def test_what_it_cannot_do_it_says(signatures: SignatureProvider) -> None:
    with pytest.raises(Unsupported):
        list(signatures.changes("reports", None, ()))
    with pytest.raises(Unsupported):
        signatures.find(CloseJob(job_ref="x"), "key")


def test_two_worlds_of_one_seed_give_the_same_ids_in_any_order() -> None:
    def ids(*names: str) -> dict[str, str]:
        vendor = DocuSign(World(seed=7, now=NOW), Town())
        sandbox = Sandbox(vendor.world, [vendor])
        signatures = connected(account_at(sandbox.start()))
        sent = {name: signatures.send(an_offer(name), name).external_id for name in names}
        sandbox.stop()
        return sent

    assert ids("ada", "bob") == ids("bob", "ada")


def test_a_restarted_sandbox_remembers_what_it_sent(tmp_path: Path) -> None:
    def run() -> tuple[Sandbox, DocuSign, Access]:
        vendor = DocuSign(World(seed=7, now=NOW), Town())
        sandbox = Sandbox(vendor.world, [vendor], journal=tmp_path / "journal")
        return sandbox, vendor, account_at(sandbox.start())

    before, _, access = run()
    receipt = connected(access).send(an_offer(), "key")
    before.advance(NOW + 2 * A_DAY)
    fail(before, "GET", "edit")
    signed = observed(connected(access), receipt.external_id)
    before.stop()
    after, vendor, access = run()

    assert observed(connected(access), receipt.external_id) == signed
    assert {kind: len(done) for kind, done in vendor.received.items()} == {
        "offers": 1,
        "signatures": 1,
    }
    assert [row["emailSubject"] for row in vendor._rows.values()] == [an_offer().title, "A lease"]
    after.stop()
