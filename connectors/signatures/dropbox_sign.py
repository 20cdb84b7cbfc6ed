"""Dropbox Sign (formerly HelloSign).

Documents: https://developers.hellosign.com/api/reference/tag/Signature-Request
Auth: HTTP basic, the API key as user name and no password.
Modes: there is no separate sandbox. Every request of an account whose mode is not "production" is
sent with `test_mode`: watermarked, free and not binding.
Paging: `page`, `page_size` 100 at most, `list_info.num_pages`.
Limits: 100 requests a minute for the account, 25 for sends, 10 in test mode; headers
`X-RateLimit-*`, then 429
(https://help.dropbox.com/integrations/api-requests-that-count-against-limit).
Errors: `{"error": {"error_name", "error_msg", "error_path"}}`.

Quirks
- There is no idempotency key. Ours travels in `metadata`, and `find` compares it in every page of
  the list. The documents warn of "a minor delay" before a new request can be searched for: a lost
  send should be left alone for a few minutes before it is looked for.
- `expires_at` must be 1 to 90 days ahead and is rounded down to the hour, so ours is rounded up;
  without it nothing expires.
- The answer to a cancellation is empty and means "queued"; once it has taken effect the request is
  gone (410), and so is its metadata: it is reported as cancelled with no key and no hash, to be
  recognised by its id.
- Declined and expired are said signer by signer; ours have one signer.
- `event_hash` does not cover the body of a callback: it only sorts out noise. Read the request
  again.

Unverified: 410 for the sender, too (the documents say it of signers, the specification lists it for
both); the status codes `on_hold` and `error_*`; that a plain text file is accepted (the
specification names no types); that `/account`, asked for none, shows one's own.
"""

import hashlib
import hmac
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from requests.auth import HTTPBasicAuth

from connectors import paper, watched, webhook
from connectors.access import Access
from connectors.errors import OutcomeUnknown, Unavailable, Unreadable, Unsupported
from connectors.health import Check, tried
from connectors.http import Api, RefusedReply, segment
from connectors.payload import Payload, items
from connectors.ports import DocumentStore, SignatureProvider
from connectors.records import (
    CancelOffer,
    KeepSigned,
    Page,
    Receipt,
    Request,
    SendOffer,
    Signature,
    SignatureStatus,
)
from connectors.vendor import Sender, Setting, Vendor

NAME = "dropbox_sign"
PAGE_SIZE = 100
FILLED_IN = {"custom_fields", "response_data"}  # by whoever signs: not kept, it may be anything
GONE, ALREADY_QUEUED, BEING_PREPARED = 410, 409, 409

SIGNERS = {
    "awaiting_signature": SignatureStatus.AWAITING,
    "on_hold": SignatureStatus.AWAITING,
    "signed": SignatureStatus.SIGNED,
    "declined": SignatureStatus.DECLINED,
    "expired": SignatureStatus.EXPIRED,
    "error_unknown": SignatureStatus.FAILED,
    "error_file": SignatureStatus.FAILED,
    "error_component_position": SignatureStatus.FAILED,
    "error_text_tag": SignatureStatus.FAILED,
}
CLOSED = {SignatureStatus.CANCELLED, SignatureStatus.DECLINED, SignatureStatus.EXPIRED}
BINDS_NOBODY = CLOSED | {SignatureStatus.FAILED}


def connect(
    access: Access,
    vault: DocumentStore | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> SignatureProvider:
    """Open Dropbox Sign with one client's API key."""
    api = Api(NAME, access.base_url, HTTPBasicAuth(access.key, ""), sleep=sleep)
    return DropboxSign(api, vault, test_mode=access.mode != "production")


class DropboxSign:
    """The client's Dropbox Sign account, in our records."""

    resources: tuple[str, ...] = ("signature_requests",)  # `all_signature_requests` when asked for
    search_lag = 5  # "a minor delay", the documents say; minutes, to be sure

    def __init__(self, api: Api, vault: DocumentStore | None, *, test_mode: bool) -> None:
        self._api, self._vault, self._test_mode = api, vault, test_mode

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Read each watched signature request, one page a request.

        `all_signature_requests` lists every request that carries a key of ours, but for cancelled
        ones, which are gone.
        """
        if resource == "all_signature_requests":
            yield Page(records=tuple(_signature(row, ours) for row, ours in self._ours()))
            return
        if resource not in self.resources:
            raise Unsupported(NAME, f"no resource {resource!r}")
        yield from watched.each(watching, lambda ref: (self._read(ref),))

    def send(self, request: SendOffer, key: str) -> Receipt:
        """Send the letter to its one signer; Dropbox Sign adds a page for the signature."""
        sent = self._api.write(
            "POST",
            "/v3/signature_request/send",
            reading=_sent,
            data={
                "title": request.title,
                "subject": request.title,
                "signers[0][name]": request.signer_name,
                "signers[0][email_address]": request.signer_email,
                "metadata[application_key]": request.application_key,
                "metadata[offer_hash]": request.offer_hash,
                "metadata[key]": key,
                "expires_at": str(math.ceil(request.expires_at.timestamp() / 3600) * 3600),
                "allow_decline": "1",
                "test_mode": "1" if self._test_mode else "0",
            },
            files={"files[0]": ("offer.txt", request.letter.encode(), "text/plain; charset=utf-8")},
        )
        return Receipt(external_id=sent)

    def cancel(self, request: CancelOffer, key: str) -> Receipt:
        """Queue the cancellation; one queued already, or a request closed unsigned, is as good."""
        path = f"/v3/signature_request/cancel/{segment(request.signature_ref)}"
        try:
            self._api.write("POST", path, reading=_queued)
        except RefusedReply as refusal:
            if refusal.status != ALREADY_QUEUED and self.find(request, key) is None:
                raise
        return Receipt(external_id=request.signature_ref)

    def keep_signed(self, request: KeepSigned, key: str) -> Receipt:
        """Copy the letter with its signatures; Unavailable while it is being prepared."""
        path = f"/v3/signature_request/files/{segment(request.signature_ref)}"
        try:
            content = paper.pdf(self._api, path, file_type="pdf")
        except RefusedReply as refusal:
            if refusal.status == BEING_PREPARED:
                raise Unavailable(NAME, "the signed letter is being prepared") from None
            raise
        return paper.kept(NAME, self._vault, request.name, content)

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look for our key among all requests, or whether one is closed without a signature.

        Another offer to the same person that is open or signed is a person's: OutcomeUnknown.
        """
        match request:
            case SendOffer():
                return self._find_sent(request, key)
            case CancelOffer(signature_ref=ref):
                return Receipt(external_id=ref) if self._read(ref).status in CLOSED else None
            case KeepSigned():
                return None
            case _:
                raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def check(self) -> Iterator[Check]:
        """Whether the key may read, and what Dropbox Sign says of its clock and our quota."""
        listed = partial(
            self._api.read, "GET", "/v3/signature_request/list", params={"page_size": 1}
        )
        yield tried("signature requests", "make an API key in the account's settings", listed)
        yield from self._api.health()

    def subscribed(self) -> list[str]:
        """The account's one address for callbacks, if it has been set."""
        account = Payload(NAME, self._api.read("GET", "/v3/account").body).inner("account")
        address = account.maybe("callback_url", str)
        return [address] if address else []

    def _find_sent(self, request: SendOffer, key: str) -> Receipt | None:
        other = None
        for row, ours in self._ours():
            if ours["key"] == key:
                return Receipt(external_id=row.take("signature_request_id", str))
            if ours.get("application_key") == request.application_key:
                found = _signature(row, ours)
                other = other if found.status in BINDS_NOBODY else found.external_id
        if other:
            raise OutcomeUnknown(NAME, f"request {other} offers this application something else")
        return None

    def _ours(self) -> Iterator[tuple[Payload, dict[str, Any]]]:
        """Yield every request that carries a key of ours, and its metadata."""
        for row in self._all():
            metadata = row.maybe("metadata", object)
            if isinstance(metadata, dict) and isinstance(metadata.get("key"), str):
                yield row, metadata

    def _all(self) -> Iterator[Payload]:
        """Yield every request; Unavailable if one vanished meanwhile, as another slipped past."""
        page, pages, known = 1, 1, 0
        while page <= pages:
            asked = {"page": page, "page_size": PAGE_SIZE}
            reply = self._api.read("GET", "/v3/signature_request/list", params=asked)
            body = Payload(NAME, reply.body)
            info = body.inner("list_info")
            pages, before, known = info.take("num_pages", int), known, info.take("num_results", int)
            if known < before:
                raise Unavailable(NAME, "the list has changed while it was read")
            yield from items(NAME, body.take("signature_requests", list))  # none is no empty list
            page += 1

    def _read(self, signature_ref: str) -> Signature:
        path = f"/v3/signature_request/{segment(signature_ref)}"
        try:
            body = self._api.read("GET", path).body
        except RefusedReply as refusal:
            if refusal.status == GONE:
                return _cancelled(signature_ref)
            raise
        document = Payload(NAME, body).take("signature_request", dict)
        row = Payload(NAME, document)
        kept = {name: value for name, value in document.items() if name not in FILLED_IN}
        return _signature(row, row.take("metadata", dict), json.dumps(kept).encode())


def verify_callback(event: str | bytes, api_key: str) -> bool:
    """Tell whether `event_hash` is Dropbox Sign's; it says nothing about the rest of the event."""
    try:
        row = Payload(NAME, webhook.document(NAME, event)).inner("event")
        signed = (row.take("event_time", str) + row.take("event_type", str)).encode()
        given = row.take("event_hash", str).encode()
    except (UnicodeEncodeError, Unreadable):
        return False
    expected = hmac.new(api_key.encode(), signed, hashlib.sha256).hexdigest()
    return bool(api_key) and hmac.compare_digest(given, expected.encode())


def read_callback(event: str | bytes) -> webhook.Event:
    """Read what kind of event happened, and when; raises Unreadable.

    Whom it happened to is not signed, so it is not believed: two events of one kind in one second
    are one, and a hash that somebody has seen cannot be used again for another request.
    """
    row = Payload(NAME, webhook.document(NAME, event)).inner("event")
    return webhook.Event(
        id=webhook.identifier(NAME, row.take("event_hash", str)),
        kind=webhook.identifier(NAME, row.take("event_type", str)),
        at=webhook.unix(NAME, row.take("event_time", str)),
    )


def _sent(body: Any) -> str:
    return Payload(NAME, body).inner("signature_request").take("signature_request_id", str)


def _queued(body: Any) -> None:
    if body is not None:
        raise Unreadable(NAME, "a cancellation is answered by nothing")


def _cancelled(signature_ref: str) -> Signature:
    """What is left of a cancelled request: its id. Nothing tells when, so the time is the epoch."""
    return Signature(
        external_id=signature_ref,
        updated_at=datetime.fromtimestamp(0, UTC),
        application_key="",
        offer_hash="",
        status=SignatureStatus.CANCELLED,
    )


def _signature(row: Payload, ours: Mapping[str, Any], document: bytes = b"") -> Signature:
    """Read one signature request; `ours` is its metadata."""
    metadata = Payload(NAME, ours)
    signers = row.items("signatures")
    created = row.maybe_unix("created_at")
    signed = [signer.maybe_unix("signed_at") for signer in signers]
    seen = [signer.maybe_unix("last_viewed_at") for signer in signers]
    known = [at for at in (created, *signed, *seen) if at is not None]
    if not known:
        raise Unreadable(NAME, "a signature request does not say when anything happened")
    return Signature(
        external_id=row.take("signature_request_id", str),
        updated_at=max(known),
        document=document,
        application_key=metadata.take("application_key", str),
        offer_hash=metadata.take("offer_hash", str),
        status=_status(row, signers),
        signed_at=max(filter(None, signed), default=None),
    )


def _status(row: Payload, signers: Sequence[Payload]) -> SignatureStatus:
    """Signed is only what Dropbox Sign calls complete; one signer who ended it ends it."""
    statuses = {signer.choice("status_code", SIGNERS) for signer in signers}
    if row.take("is_complete", bool):
        return SignatureStatus.SIGNED
    if row.take("is_declined", bool) or SignatureStatus.DECLINED in statuses:
        return SignatureStatus.DECLINED
    if row.take("has_error", bool) or SignatureStatus.FAILED in statuses:
        return SignatureStatus.FAILED
    if SignatureStatus.EXPIRED in statuses:
        return SignatureStatus.EXPIRED
    return SignatureStatus.AWAITING


VENDOR = Vendor(
    kind="signatures",
    name=NAME,
    title="Dropbox Sign",
    documents="https://developers.hellosign.com/api/reference/tag/Signature-Request",
    reads=(
        "each signature request that can still be signed, also after its application has"
        " ended; at night all that carry a key of ours"
    ),
    writes="signature requests (send, cancel), one signer each; the vault gets what was signed",
    connect=connect,
    needs=("vault",),
    addresses={"production": "https://api.hellosign.com", "sandbox": "https://api.hellosign.com"},
    key="an API key",
    settings=(
        Setting("webhook", "the key that callbacks are hashed with, if another", secret=True),
    ),
    webhooks=Sender(
        lambda raw, _, key: verify_callback(raw, key),
        read_callback,
        field="json",
        signs_with_key=True,
        thanks="Hello API Event Received",
    ),
)
