"""Dropbox Sign, our connector against the stand-in, over real HTTP."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from connectors.access import Access
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unreadable,
    Unsupported,
)
from connectors.ports import SignatureProvider
from connectors.records import (
    CancelOffer,
    CloseJob,
    Receipt,
    SendOffer,
    Signature,
    SignatureStatus,
)
from connectors.signatures import VENDORS, dropbox_sign
from deployments.sandbox.dropbox_sign import DropboxSign
from deployments.sandbox.server import Answer, Sandbox
from deployments.sandbox.world import World

NOW = datetime(2026, 3, 2, 15, 20, tzinfo=UTC)
A_FORTNIGHT = timedelta(days=14)
NOBODY = "fa5c8a0b0f492d768749333ad6fcc214c111e967"


class Town:
    """Everybody who lives here, by e-mail."""

    def __init__(self, **offers: str) -> None:
        self._offers = offers

    def by_email(self, email: str) -> Any:
        offer = self._offers.get(email.partition("@")[0])
        return offer and SimpleNamespace(behaviour=SimpleNamespace(offer=offer))


@pytest.fixture
def vendor() -> DropboxSign:
    town = Town(ada="accepts", bob="declines", eve="late", mum="silent")
    return DropboxSign(World(seed=7, now=NOW), town)


@pytest.fixture
def sandbox(vendor: DropboxSign) -> Iterator[Sandbox]:
    running = Sandbox(vendor.world, [vendor])
    yield running
    running.stop()


@pytest.fixture
def base_url(sandbox: Sandbox) -> str:
    return sandbox.start() + "/dropbox_sign"


@pytest.fixture
def signatures(base_url: str) -> SignatureProvider:
    return dropbox_sign.connect(Access(base_url, "sandbox-dropbox_sign"), sleep=lambda _: None)


def an_offer(name: str = "ada", **changed: Any) -> SendOffer:
    offer = SendOffer(
        application_key=f"HARBOR-3.{name}",
        offer_hash="5d41402a",
        title="Your offer from Harbor Works",
        letter="Dear Zoë,\n\nwe offer you **the role**.\n",
        signer_name="Zoë Müller",
        signer_email=f"{name}@example.test",
        expires_at=NOW + A_FORTNIGHT,
    )
    return offer.model_copy(update=changed)


def observed(signatures: SignatureProvider, *watching: str) -> list[Signature]:
    pages = signatures.changes("signature_requests", None, watching)
    records = [record for page in pages for record in page.records]
    return [record for record in records if isinstance(record, Signature)]


def fail(sandbox: Sandbox, match: str, *faults: str) -> None:
    sandbox.faults.append({"vendor": "dropbox_sign", "match": match, "faults": list(faults)})


def test_is_registered_under_its_name() -> None:
    assert VENDORS["dropbox_sign"].connect is dropbox_sign.connect


def test_an_offer_goes_out_with_its_letter_and_our_reference(
    signatures: SignatureProvider, vendor: DropboxSign
) -> None:
    receipt = signatures.send(an_offer(), "key")

    (signature,) = observed(signatures, receipt.external_id)
    sent = json.loads(signature.document)
    assert (signature.application_key, signature.offer_hash) == ("HARBOR-3.ada", "5d41402a")
    assert signature.status is SignatureStatus.AWAITING
    assert sent["signatures"][0]["signer_name"] == "Zoë Müller"
    assert sent["metadata"]["key"] == "key"
    assert vendor.received["offers"] == ["key 5d41402a"]


def test_what_the_signer_fills_in_is_not_kept(
    signatures: SignatureProvider, vendor: DropboxSign
) -> None:
    ref = signatures.send(an_offer(), "key").external_id
    vendor._rows[ref]["response_data"] = [{"name": "Social security", "value": "078-05-1120"}]

    (signature,) = observed(signatures, ref)

    assert b"078-05-1120" not in signature.document


def test_the_letter_arrives_as_it_was_written(base_url: str, vendor: DropboxSign) -> None:
    raw: list[bytes] = []
    handle = vendor.handle
    vendor.handle = lambda request: (  # type: ignore[method-assign]
        raw.append(request.raw) or handle(request)  # type: ignore[func-returns-value]
    )

    dropbox_sign.connect(Access(base_url, "sandbox-dropbox_sign")).send(an_offer(), "key")

    assert an_offer().letter.encode() in raw[0]
    assert b'name="files[0]"; filename="offer.txt"' in raw[0]


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
    sandbox.advance(NOW + timedelta(days=days))

    (signature,) = observed(signatures, receipt.external_id)

    assert signature.status is status
    assert (signature.signed_at is not None) == (status is SignatureStatus.SIGNED)


def test_a_lost_answer_is_found_and_sent_once(
    signatures: SignatureProvider, sandbox: Sandbox, vendor: DropboxSign
) -> None:
    fail(sandbox, "/send", "drop_after")
    with pytest.raises(OutcomeUnknown):
        signatures.send(an_offer(), "key")

    found = signatures.find(an_offer(), "key")

    assert found is not None
    assert observed(signatures, found.external_id)[0].application_key == "HARBOR-3.ada"
    assert vendor.received["offers"] == ["key 5d41402a"]


def test_a_request_that_never_arrived_is_not_found(
    signatures: SignatureProvider, sandbox: Sandbox, vendor: DropboxSign
) -> None:
    fail(sandbox, "/send", "drop_before")
    with pytest.raises(OutcomeUnknown):
        signatures.send(an_offer(), "key")

    assert signatures.find(an_offer(), "key") is None
    assert "offers" not in vendor.received


def test_sending_twice_sends_two_and_the_record_shows_it(
    signatures: SignatureProvider, vendor: DropboxSign
) -> None:
    first, second = (signatures.send(an_offer(), "key") for _ in range(2))

    assert first != second
    assert vendor.received["offers"] == ["key 5d41402a"] * 2


def test_who_has_another_offer_open_or_signed_is_a_persons_and_never_gets_two_by_chance(
    signatures: SignatureProvider, vendor: DropboxSign
) -> None:
    other = signatures.send(an_offer("mum"), "first").external_id
    anew = an_offer("mum", offer_hash="other dates")

    with pytest.raises(OutcomeUnknown, match=other):
        signatures.find(anew, "second")
    assert signatures.find(an_offer("ada"), "second") is None

    vendor._rows[other]["signatures"][0]["status_code"] = "expired"
    assert signatures.find(anew, "second") is None


def test_the_list_names_every_request_with_a_key_of_ours_and_no_other(
    signatures: SignatureProvider, vendor: DropboxSign
) -> None:
    for name in ("ada", "bob", "eve"):
        signatures.send(an_offer(name), name)
    vendor.edit()

    pages = signatures.changes("all_signature_requests", None, ())
    records = [record for page in pages for record in page.records]

    keys = [(r.application_key, r.offer_hash) for r in records if isinstance(r, Signature)]
    assert keys == [(f"HARBOR-3.{name}", "5d41402a") for name in ("eve", "bob", "ada")]


def test_looking_turns_every_page(signatures: SignatureProvider, vendor: DropboxSign) -> None:
    vendor.rows_per_page = 2
    first = signatures.send(an_offer(), "first")
    for n in range(4):
        signatures.send(an_offer(), f"later {n}")

    assert signatures.find(an_offer(), "first") == first
    assert signatures.find(an_offer("bob"), "never") is None


def test_looking_finds_what_slides_to_the_next_page_meanwhile(
    signatures: SignatureProvider, vendor: DropboxSign, sandbox: Sandbox
) -> None:
    vendor.rows_per_page = 2
    sent = [signatures.send(an_offer(), f"k{n}") for n in range(4)]
    fail(sandbox, "GET .*list", "", *["edit"] * 3)

    assert signatures.find(an_offer(), "k0") == sent[0]


def test_a_cancellation_is_queued_and_then_the_request_is_gone(
    signatures: SignatureProvider, sandbox: Sandbox, vendor: DropboxSign
) -> None:
    ref = signatures.send(an_offer(), "key").external_id
    cancel = CancelOffer(signature_ref=ref)

    signatures.cancel(cancel, "cancel")
    assert signatures.find(cancel, "cancel") is None
    sandbox.advance(NOW + timedelta(minutes=1))

    assert observed(signatures, ref)[0].status is SignatureStatus.CANCELLED
    assert signatures.find(cancel, "cancel")
    assert vendor.received["cancellations"] == [ref]


def test_cancelling_again_is_harmless_before_and_after_it_took_effect(
    signatures: SignatureProvider, sandbox: Sandbox, vendor: DropboxSign
) -> None:
    ref = signatures.send(an_offer(), "key").external_id
    for minutes in (0, 0, 2):
        sandbox.advance(NOW + timedelta(minutes=minutes))
        assert signatures.cancel(CancelOffer(signature_ref=ref), "cancel").external_id == ref

    assert vendor.received["cancellations"] == [ref]


def test_what_the_signer_has_declined_meanwhile_is_closed_as_asked(
    signatures: SignatureProvider, sandbox: Sandbox, vendor: DropboxSign
) -> None:
    ref = signatures.send(an_offer("bob"), "key").external_id
    sandbox.advance(NOW + timedelta(days=2))

    assert signatures.cancel(CancelOffer(signature_ref=ref), "cancel").external_id == ref
    assert "cancellations" not in vendor.received


def test_a_cancellation_whose_answer_is_lost_is_found_once_it_has_taken_effect(
    signatures: SignatureProvider, sandbox: Sandbox
) -> None:
    cancel = CancelOffer(signature_ref=signatures.send(an_offer(), "key").external_id)
    fail(sandbox, "POST .*cancel", "drop_after")

    with pytest.raises(OutcomeUnknown):
        signatures.cancel(cancel, "cancel")
    sandbox.advance(NOW + timedelta(minutes=1))

    assert signatures.find(cancel, "cancel") == Receipt(external_id=cancel.signature_ref)


def test_a_signed_offer_can_not_be_cancelled(
    signatures: SignatureProvider, sandbox: Sandbox
) -> None:
    ref = signatures.send(an_offer(), "key").external_id
    sandbox.advance(NOW + timedelta(days=2))

    with pytest.raises(Refused):
        signatures.cancel(CancelOffer(signature_ref=ref), "cancel")
    assert signatures.find(CancelOffer(signature_ref=ref), "cancel") is None


def test_no_offer_ends_before_its_time_though_the_vendor_knows_hours_only(
    signatures: SignatureProvider,
) -> None:
    ref = signatures.send(an_offer(), "key").external_id

    (signature,) = observed(signatures, ref)
    ends = datetime.fromtimestamp(json.loads(signature.document)["expires_at"], UTC)
    assert ends == NOW + A_FORTNIGHT + timedelta(minutes=40)


def test_only_an_account_in_production_sends_what_binds_and_the_sandbox_refuses_it(
    base_url: str, vendor: DropboxSign
) -> None:
    access = Access(base_url, "sandbox-dropbox_sign", mode="production")

    with pytest.raises(Refused, match="402"):
        dropbox_sign.connect(access).send(an_offer(), "key")
    assert "offers" not in vendor.received


@pytest.mark.parametrize(
    "changed",
    [
        {"expires_at": NOW + timedelta(hours=23)},
        {"expires_at": NOW + timedelta(days=91)},
        {"letter": ""},
        {"signer_email": "nobody"},
        {"signer_name": ""},
    ],
)
def test_an_offer_the_vendor_can_not_send_is_refused(
    signatures: SignatureProvider, changed: dict[str, Any]
) -> None:
    with pytest.raises(Refused):
        signatures.send(an_offer(**changed), "key")


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, Misconfigured), (429, Unavailable), (503, Unavailable)],
)
def test_failed_reads_have_names(
    signatures: SignatureProvider,
    vendor: DropboxSign,
    status: int,
    error: type[ConnectorError],
) -> None:
    vendor.handle = lambda request: Answer(status, {"error": {}})  # type: ignore[method-assign]

    with pytest.raises(error):
        observed(signatures, NOBODY)


def test_a_request_nobody_sent_is_refused_and_all_others_are_read(
    signatures: SignatureProvider,
) -> None:
    sent = signatures.send(an_offer(), "key").external_id

    refused, shown = signatures.changes("signature_requests", None, [NOBODY, sent])

    assert list(refused.refused) == [NOBODY]
    assert [record.external_id for record in shown.records] == [sent]


def test_a_wrong_key_is_our_own_mistake(base_url: str) -> None:
    with pytest.raises(Misconfigured):
        dropbox_sign.connect(Access(base_url, "wrong")).send(an_offer(), "key")


def test_a_busy_vendor_is_asked_again_and_then_answers(
    signatures: SignatureProvider, sandbox: Sandbox
) -> None:
    receipt = signatures.send(an_offer(), "key")
    fail(sandbox, "GET", "429", "500", "truncated", "html")

    assert observed(signatures, receipt.external_id)


@pytest.mark.parametrize("fault", ["500", "html", "truncated"])
def test_a_spoilt_answer_to_a_sending_leaves_its_outcome_unknown(
    signatures: SignatureProvider, sandbox: Sandbox, fault: str
) -> None:
    fail(sandbox, "/send", fault)

    with pytest.raises(OutcomeUnknown):
        signatures.send(an_offer(), "key")


def test_over_the_quota_nothing_is_sent_until_the_next_minute(
    signatures: SignatureProvider, sandbox: Sandbox, vendor: DropboxSign
) -> None:
    vendor.sends_per_minute = 1
    signatures.send(an_offer(), "one")
    with pytest.raises(Unavailable):
        signatures.send(an_offer(), "two")
    sandbox.advance(NOW + timedelta(minutes=1))

    signatures.send(an_offer(), "two")

    assert vendor.received["offers"] == ["one 5d41402a", "two 5d41402a"]


@pytest.mark.parametrize(
    ("damage", "field"),
    [
        ({"signatures": [{"status_code": "haunted"}]}, "status_code"),
        ({"is_complete": "yes"}, "is_complete"),
        ({"metadata": {}}, "application_key"),
        ({"created_at": "yesterday"}, "created_at"),
    ],
)
def test_an_answer_we_do_not_understand_is_unreadable_and_says_which_field(
    signatures: SignatureProvider, vendor: DropboxSign, damage: dict[str, Any], field: str
) -> None:
    ref = signatures.send(an_offer(), "key").external_id
    vendor._rows[ref].update(damage)

    (page,) = signatures.changes("signature_requests", None, [ref])
    assert field in page.unreadable[ref]


@pytest.mark.parametrize("metadata", [{}, [], None, {"key": 12}])
def test_requests_others_sent_do_not_disturb_the_search(
    signatures: SignatureProvider, vendor: DropboxSign, metadata: Any
) -> None:
    ref = signatures.send(an_offer(), "key").external_id
    vendor._rows[ref]["metadata"] = metadata

    assert signatures.find(an_offer(), "key") is None


def test_a_request_with_an_error_has_failed(
    signatures: SignatureProvider, vendor: DropboxSign
) -> None:
    ref = signatures.send(an_offer(), "key").external_id
    vendor._rows[ref]["has_error"] = True

    assert observed(signatures, ref)[0].status is SignatureStatus.FAILED


def test_the_signer_can_not_be_reminded_twice_within_an_hour(
    signatures: SignatureProvider, sandbox: Sandbox, base_url: str
) -> None:
    ref = signatures.send(an_offer("mum"), "key").external_id

    def remind() -> int:
        address = f"{base_url}/v3/signature_request/remind/{ref}"
        body = {"email_address": "mum@example.test"}
        auth = ("sandbox-dropbox_sign", "")
        return requests.post(address, json=body, auth=auth, timeout=5).status_code

    first, second = remind(), remind()
    sandbox.advance(NOW + timedelta(hours=1))

    assert (first, second, remind()) == (200, 400, 200)


def test_two_worlds_of_one_seed_give_the_same_ids_in_any_order() -> None:
    def ids(*names: str) -> dict[str, str]:
        vendor = DropboxSign(World(seed=7, now=NOW), Town())
        sandbox = Sandbox(vendor.world, [vendor])
        access = Access(sandbox.start() + "/dropbox_sign", "sandbox-dropbox_sign")
        signatures = dropbox_sign.connect(access)
        sent = {name: signatures.send(an_offer(name), name).external_id for name in names}
        sandbox.stop()
        return sent

    assert ids("ada", "bob") == ids("bob", "ada")


def test_a_restarted_sandbox_remembers_what_it_sent(tmp_path: Path) -> None:
    def run() -> tuple[Sandbox, DropboxSign, SignatureProvider]:
        vendor = DropboxSign(World(seed=7, now=NOW), Town())
        sandbox = Sandbox(vendor.world, [vendor], journal=tmp_path / "journal")
        access = Access(sandbox.start() + "/dropbox_sign", "sandbox-dropbox_sign")
        return sandbox, vendor, dropbox_sign.connect(access)

    before, _, signatures = run()
    receipt = signatures.send(an_offer(), "key")
    before.advance(NOW + timedelta(days=2))
    fail(before, "GET", "edit")
    signed = observed(signatures, receipt.external_id)
    before.stop()
    after, vendor, signatures = run()

    assert observed(signatures, receipt.external_id) == signed
    assert vendor.received["offers"] == ["key 5d41402a"]
    assert [row["title"] for row in vendor._rows.values()] == [an_offer().title, "A lease"]
    after.stop()


def test_what_it_cannot_do_it_says(signatures: SignatureProvider) -> None:
    with pytest.raises(Unsupported):
        list(signatures.changes("reports", None, ()))
    with pytest.raises(Unsupported):
        signatures.find(CloseJob(job_ref="x"), "key")


def test_a_callback_is_believed_only_with_its_hash() -> None:
    def event(**changed: str) -> str:
        said = {"event_time": "1348177752", "event_type": "signature_request_sent", **changed}
        return json.dumps({"event": said})

    text = b"1348177752signature_request_sent"
    given = hmac.new(b"key", text, hashlib.sha256).hexdigest()

    assert dropbox_sign.verify_callback(event(event_hash=given), "key")
    assert not dropbox_sign.verify_callback(event(event_hash=given), "other")
    assert not dropbox_sign.verify_callback(event(event_hash=given, event_time="1"), "key")
    assert not dropbox_sign.verify_callback(event(event_hash="é"), "key")
    assert not dropbox_sign.verify_callback(event(), "key")
    assert not dropbox_sign.verify_callback("[]", "key")
    assert not dropbox_sign.verify_callback("{", "key")


def test_a_callback_is_hashed_as_in_dropbox_signs_own_example() -> None:
    said = {
        "event_time": "1669926463",
        "event_type": "account_confirmed",
        "event_hash": "ff8b03439122f9160500c3fb855bdee5a9ccba5fff27d3b258745d8f3074832f",
    }
    key = "324e3b0840f065eb51f3fd63231d0d33daa35d4ed10d27718839e81737065782"

    assert dropbox_sign.verify_callback(json.dumps({"event": said}), key)


def test_a_callback_tells_what_happened_and_when_but_not_to_whom_as_nothing_vouches_for_that() -> (
    None
):
    said = {"event_time": "1669926463", "event_type": "signature_request_signed"}
    told = {"event": {**said, "event_hash": "ff8b"}, "signature_request": {"title": "Offer"}}

    event = dropbox_sign.read_callback(json.dumps(told))

    assert (event.id, event.kind, event.refs) == ("ff8b", "signature_request_signed", ())
    assert event.at == datetime(2022, 12, 1, 20, 27, 43, tzinfo=UTC)


@pytest.mark.parametrize("time", ["soon", "9" * 30, 1669926463])
def test_a_callback_without_a_time_is_unreadable(time: object) -> None:
    said = {"event_time": time, "event_type": "signature_request_signed", "event_hash": "ff8b"}

    with pytest.raises(Unreadable):
        dropbox_sign.read_callback(json.dumps({"event": said}))


def test_half_a_character_in_a_callback_is_not_believed() -> None:
    said = {"event_time": "1", "event_type": "\ud800", "event_hash": "\ud800"}

    assert not dropbox_sign.verify_callback(json.dumps({"event": said}), "key")


def test_an_offer_is_not_declared_missing_by_a_list_that_fails_or_shrinks(
    signatures: SignatureProvider, vendor: DropboxSign, sandbox: Sandbox
) -> None:
    vendor.rows_per_page = 1
    refs = [signatures.send(an_offer(), f"k{n}").external_id for n in range(3)]
    fail(sandbox, "GET .*list", "slow_after", *["error_in_200"] * 5)

    with pytest.raises(Unavailable):
        signatures.find(an_offer(), "k0")

    handle = vendor.handle

    def take_back_the_newest(request: Any) -> Any:
        answer = handle(request)
        vendor._cancelled.add(refs[2])
        return answer

    vendor.handle = take_back_the_newest  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="changed"):
        signatures.find(an_offer(), "k1")
    found = signatures.find(an_offer(), "k0")
    assert found and found.external_id == refs[0]
