"""Envelopes are read as they stand: whole, few requests at a time, and no better than they are."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import Unavailable, Unreadable
from connectors.ports import SignatureProvider
from connectors.records import SignatureStatus
from connectors.signatures.docusign import rows
from connectors.signatures.docusign.rows import custom_fields, read_signature
from deployments.sandbox.docusign import ENVELOPES, DocuSign
from deployments.sandbox.server import Answer, Request, Sandbox
from tests.connectors.docusign.account import (
    A_DAY,
    NOBODY,
    NOW,
    an_offer,
    answer,
    fail,
    observed,
)

ALL = "all_signature_requests"


def an_envelope(**changed: Any) -> dict[str, Any]:
    """An envelope in the shape of the reference's example, with our custom fields."""
    id = "4b728be4-1c0e-4c8a-9d3f-d63e23f822b6"
    fields = {
        rows.KEY: "671b59d6-bd79-5651-a1b5-21776225289a",
        rows.APPLICATION: "HARBOR-3.ada",
        rows.OFFER: "5d41402a",
    }
    texts = [
        {"fieldId": str(n), "name": name, "value": value, "show": "false", "required": "false"}
        for n, (name, value) in enumerate(fields.items())
    ]
    return {
        "allowMarkup": "false",
        "autoNavigation": "true",
        "certificateUri": f"/envelopes/{id}/documents/certificate",
        "createdDateTime": "2026-03-02T15:20:00.1830000Z",
        "customFields": {"textCustomFields": texts, "listCustomFields": []},
        "emailSubject": "Your offer",
        "envelopeId": id,
        "envelopeUri": f"/envelopes/{id}",
        "initialSentDateTime": "2026-03-02T15:20:00.7770000Z",
        "purgeState": "unpurged",
        "sentDateTime": "2026-03-02T15:20:00.7770000Z",
        "status": "sent",
        "statusChangedDateTime": "2026-03-02T15:20:00.7770000Z",
        **changed,
    }


@pytest.mark.parametrize(
    ("name", "days", "status"),
    [
        ("ada", 2, SignatureStatus.SIGNED),
        ("bob", 2, SignatureStatus.DECLINED),
        ("eve", 3, SignatureStatus.AWAITING),
        ("eve", 5, SignatureStatus.SIGNED),
        ("mum", 13, SignatureStatus.AWAITING),
        ("mum", 15, SignatureStatus.EXPIRED),
        ("stranger", 2, SignatureStatus.SIGNED),
    ],
)
def test_signers_do_what_they_are_like(
    signatures: SignatureProvider, sandbox: Sandbox, name: str, days: int, status: SignatureStatus
) -> None:
    receipt = signatures.send(an_offer(name), "key")
    sandbox.advance(NOW + days * A_DAY)

    (signature,) = observed(signatures, receipt.external_id)

    assert signature.status is status
    assert (signature.signed_at is not None) == (status is SignatureStatus.SIGNED)


def test_an_offer_that_was_opened_is_not_accepted(
    signatures: SignatureProvider, sandbox: Sandbox, vendor: DocuSign
) -> None:
    ref = signatures.send(an_offer("eve"), "key").external_id
    sandbox.advance(NOW + 2 * A_DAY)

    assert vendor._rows[ref]["status"] == "delivered"
    assert observed(signatures, ref)[0].status is SignatureStatus.AWAITING


@pytest.mark.parametrize("lists_tell_all", [True, False])
def test_what_has_expired_is_told_from_what_somebody_voided_though_docusign_calls_both_voided(
    signatures: SignatureProvider, sandbox: Sandbox, vendor: DocuSign, lists_tell_all: bool
) -> None:
    vendor.lists_tell_all = lists_tell_all
    expired = signatures.send(an_offer("mum"), "one").external_id
    voided = signatures.send(an_offer("mum", expires_at=NOW + 30 * A_DAY), "two").external_id
    sandbox.advance(NOW + 15 * A_DAY)
    vendor._void(vendor._rows[voided], "Sent by mistake")

    found = observed(signatures, expired, voided)

    assert {vendor._rows[ref]["status"] for ref in (expired, voided)} == {"voided"}
    assert {each.external_id: each.status for each in found} == {
        expired: SignatureStatus.EXPIRED,
        voided: SignatureStatus.CANCELLED,
    }


def test_watched_envelopes_are_read_from_lists_as_nobody_may_ask_for_each_too_often(
    signatures: SignatureProvider, asked: list[Request], vendor: DocuSign
) -> None:
    vendor.rows_per_page = 30
    refs = [signatures.send(an_offer("mum"), f"k{n}").external_id for n in range(60)]
    asked.clear()

    assert [each.external_id for each in observed(signatures, *refs)] == refs
    assert len(asked) == 3


def test_a_list_that_tells_little_is_enough_for_what_is_open_or_signed(
    signatures: SignatureProvider, sandbox: Sandbox, vendor: DocuSign, asked: list[Request]
) -> None:
    vendor.lists_tell_all = False
    refs = [signatures.send(an_offer(name), name).external_id for name in ("ada", "mum")]
    sandbox.advance(NOW + 2 * A_DAY)
    observed(signatures, NOBODY)  # which brings a new token
    asked.clear()

    signed, awaiting = observed(signatures, *refs)

    assert (signed.status, awaiting.status) == (SignatureStatus.SIGNED, SignatureStatus.AWAITING)
    assert signed.signed_at == signed.updated_at
    assert len(asked) == 1


@pytest.mark.parametrize("nobody", [NOBODY, "no id at all", ""])
def test_an_envelope_nobody_sent_is_refused_and_all_others_are_read(
    signatures: SignatureProvider, nobody: str
) -> None:
    sent = signatures.send(an_offer(), "key").external_id

    pages = list(signatures.changes("signature_requests", None, [nobody, sent]))

    assert [ref for page in pages for ref in {**page.refused, **page.unreadable}] == [nobody]
    assert [record.external_id for page in pages for record in page.records] == [sent]


def test_nothing_is_asked_if_nothing_is_watched(
    signatures: SignatureProvider, asked: list[Request]
) -> None:
    assert list(signatures.changes("signature_requests", None, [])) == []
    assert asked == []


def test_the_list_names_every_envelope_with_a_key_of_ours_and_no_other(
    signatures: SignatureProvider, vendor: DocuSign
) -> None:
    vendor.rows_per_page = 2
    for name in ("ada", "bob", "eve"):
        signatures.send(an_offer(name), name)
        vendor.edit()

    found = observed(signatures, resource=ALL)

    assert [each.application_key for each in found] == [
        f"HARBOR-3.{name}" for name in ("ada", "bob", "eve")
    ]


def test_reading_turns_every_page_while_others_send(
    signatures: SignatureProvider, vendor: DocuSign, sandbox: Sandbox
) -> None:
    vendor.rows_per_page = 2
    for n in range(5):
        signatures.send(an_offer("mum"), f"k{n}")
    fail(sandbox, "GET .*/envelopes$", "", *["edit"] * 3)

    assert len(observed(signatures, resource=ALL)) == 5


def test_an_empty_account_has_no_list_at_all_and_that_is_no_mistake(
    signatures: SignatureProvider,
) -> None:
    assert observed(signatures, resource=ALL) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"resultSetSize": "1", "totalSetSize": "1"},
        {"resultSetSize": "0", "totalSetSize": "many"},
        {"resultSetSize": 0, "totalSetSize": 0},
        {"resultSetSize": "1", "totalSetSize": "1", "envelopes": ["one"]},
        {"resultSetSize": "1", "totalSetSize": "1", "envelopes": {"one": {}}},
    ],
)
def test_a_list_that_does_not_hold_what_it_says_is_not_taken_for_an_empty_one(
    signatures: SignatureProvider, vendor: DocuSign, body: Any
) -> None:
    answer(vendor, Answer(200, body))

    with pytest.raises(Unreadable):
        observed(signatures, resource=ALL)


def test_a_list_that_ends_early_is_read_again_later(
    signatures: SignatureProvider, vendor: DocuSign
) -> None:
    answer(vendor, Answer(200, {"resultSetSize": "0", "totalSetSize": "7"}))

    with pytest.raises(Unavailable):
        observed(signatures, resource=ALL)


@pytest.mark.parametrize(
    ("damage", "field"),
    [
        ({"status": "haunted"}, "status"),
        ({"status": None}, "status"),
        ({"statusChangedDateTime": "yesterday"}, "statusChangedDateTime"),
        ({"statusChangedDateTime": "2026-03-02T15:20:00"}, "statusChangedDateTime"),
        ({"customFields": {"textCustomFields": []}}, "fullcycle_application"),
        ({"customFields": None}, "fullcycle_application"),
    ],
)
def test_an_envelope_we_do_not_understand_is_unreadable_and_keeps_no_other_from_being_read(
    signatures: SignatureProvider, vendor: DocuSign, damage: dict[str, Any], field: str
) -> None:
    spoilt = signatures.send(an_offer("mum"), "key").external_id
    whole = signatures.send(an_offer("bob"), "other").external_id
    vendor._rows[spoilt].update(damage)
    handle = vendor.handle

    def told(request: Request) -> Answer:
        shown = handle(request)
        for row in shown.body.get("envelopes", [shown.body]):
            if row.get("envelopeId") == spoilt:
                row.update(damage)
        return shown

    vendor.handle = told  # type: ignore[method-assign]
    pages = list(signatures.changes("signature_requests", None, [spoilt, whole]))

    (why,) = [page.unreadable[spoilt] for page in pages if spoilt in page.unreadable]
    assert field in why
    assert [record.external_id for page in pages for record in page.records] == [whole]


def test_what_signers_typed_is_never_kept() -> None:
    typed = {"tabs": {"ssnTabs": [{"value": "078-05-1120"}]}}

    signature = read_signature(an_envelope(recipients={"signers": [typed]}))

    assert b"078-05-1120" not in signature.document
    assert json.loads(signature.document)["emailSubject"] == "Your offer"


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("created", SignatureStatus.AWAITING),
        ("processing", SignatureStatus.AWAITING),
        ("sent", SignatureStatus.AWAITING),
        ("delivered", SignatureStatus.AWAITING),
        ("correct", SignatureStatus.AWAITING),
        ("signed", SignatureStatus.AWAITING),
        ("completed", SignatureStatus.SIGNED),
        ("declined", SignatureStatus.DECLINED),
        ("timedout", SignatureStatus.EXPIRED),
        ("voided", SignatureStatus.CANCELLED),
        ("deleted", SignatureStatus.CANCELLED),
    ],
)
def test_every_status_has_its_meaning(status: str, meaning: SignatureStatus) -> None:
    assert read_signature(an_envelope(status=status)).status is meaning


@given(st.text())
def test_nothing_but_completed_is_ever_a_signature(status: str) -> None:
    try:
        signature = read_signature(an_envelope(status=status))
    except Unreadable:
        return
    assert (signature.status is SignatureStatus.SIGNED) == (status == "completed")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
FIELDS = [*sorted(an_envelope()), "voidedReason", "completedDateTime", "recipients", "new"]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3))
def test_an_envelope_is_read_or_unreadable_whatever_is_in_it(changes: dict[str, Any]) -> None:
    try:
        signature = read_signature(an_envelope(**changes))
    except Unreadable:
        return
    assert signature.status is not SignatureStatus.SIGNED
    assert signature.application_key == "HARBOR-3.ada"


@given(JSON)
def test_custom_fields_that_others_wrote_disturb_nothing(fields: Any) -> None:
    assert custom_fields({"customFields": fields}).keys().isdisjoint({rows.KEY})
    assert isinstance(custom_fields({"customFields": {"textCustomFields": fields}}), dict)


def test_an_answer_that_is_no_envelope_is_unreadable(
    signatures: SignatureProvider, vendor: DocuSign
) -> None:
    answer(vendor, Answer(200, ["no", "object"]), path=f"{ENVELOPES}/{NOBODY}")

    pages = list(signatures.changes("signature_requests", None, [NOBODY]))

    assert [ref for page in pages for ref in page.unreadable] == [NOBODY]
