"""DocuSign eSignature, REST API v2.1.

Documents: https://developers.docusign.com/docs/esign-rest-api/reference/envelopes/
Auth: the JWT grant: an assertion signed with the integration key's RSA key (key, in PEM; options
`integration_key`, `user_id`) is worth an access token of an hour. The user has to consent once.
Option `auth_url`: the account server, if not DocuSign's own of the account's mode.
Modes: the developer environment is a world of its own, with its own address, account and keys; an
integration key works in production only after DocuSign's review ("go-live").
Paging: `start_position`, `count`, `totalSetSize`; a list needs `from_date`, ids or transactions.
Limits: 3,000 requests an hour for the account, told by X-RateLimit-*, and 200 (developer) or 500 in
30 seconds (https://developers.docusign.com/platform/resource-limits), told by X-BurstLimit-*, but
not until when. How often one envelope may be asked for is limited, too, so watched envelopes are
read from lists, 50 at once.
Errors: `{"errorCode", "message"}`. Being over a limit is one of them, with status 400, and so is an
account that is not the user's, or not at this address.

Quirks
- All scalars are strings, `"true"` and numbers, too. What is empty is left out: a list of nothing
  has no `envelopes`.
- There is no idempotency key. `transactionId`, made of ours, finds an envelope for seven days, and
  after that our custom fields do. It is looked for before each send, too, which also tells the time
  at DocuSign, from which `expireAfter` counts whole days.
- An envelope that has expired is `voided`: nothing but its `voidedReason` tells it from one that
  somebody has voided. A list may leave that out; then the envelope itself is read.
- `delivered` means that the signer has opened it, and `signed` comes before it is complete: only
  `completed` is an accepted offer. `autoresponded`, of a signer, may be an out-of-office note.
- A text has no place that can be signed, so a page for the signature is added.
- Connect sends an event again with another `retryCount`, so it is known by what else it says.

Unverified: that a search for custom fields finds all envelopes and is not behind; whether an answer
to `transaction_ids` lists envelopes or only statuses (both are read); the codes of the limits, and
400 for them; the status codes `correct`, `timedout` and `deleted` in answers; the longest subject;
whether `generatedDateTime` is the same in each retry of an event.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from connectors import paper, watched
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
from connectors.health import Check, tried
from connectors.http import Api, RefusedReply, Reply, segment
from connectors.oauth import ClientCredentials
from connectors.payload import Payload
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
from connectors.signatures.docusign.grant import SCOPES, Grant
from connectors.signatures.docusign.letter import definition
from connectors.signatures.docusign.rows import (
    APPLICATION,
    KEY,
    NAME,
    custom_fields,
    read_signature,
    tells_all,
)
from connectors.signatures.docusign.webhooks import read_webhook, verify_webhook
from connectors.vendor import Sender, Setting, Vendor

LIVE, DEMO = "https://account.docusign.com", "https://account-d.docusign.com"
ROWS_AT_ONCE, IDS_AT_ONCE = 500, 50
BEGINNING = "2000-01-01T00:00:00Z"
A_DAY = timedelta(days=1)
WITHDRAWN = "The offer has been withdrawn."
DRAFT, OK = "created", "SUCCESS"
HOURLY = {"HOURLY_APIINVOCATION_LIMIT_EXCEEDED", "HOURLY_ENVELOPE_POLLING_LIMIT_EXCEEDED"}
STRANGER = "PARTNER_AUTHENTICATION_FAILED"
BURST, BURST_SECONDS = "BURST_APIINVOCATION_LIMIT_EXCEEDED", 30.0

CLOSED = {SignatureStatus.CANCELLED, SignatureStatus.DECLINED, SignatureStatus.EXPIRED}
BINDS_NOBODY = CLOSED | {SignatureStatus.FAILED}

Row = dict[str, Any]


def connect(
    access: Access,
    vault: DocumentStore | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> SignatureProvider:
    """Open one DocuSign account in the name of one of its users."""
    grant = Grant(
        Api(NAME, account_server(access), sleep=sleep),
        access.options["integration_key"],
        access.options["user_id"],
        access.key,
    )
    auth = ClientCredentials(grant.token)
    api = Api(NAME, access.base_url, auth, objection=_objection, meaning=_meaning, sleep=sleep)
    server = Api(NAME, account_server(access), auth, sleep=sleep)
    return DocuSign(api, server, access.options["account_id"], vault)


def account_server(access: Access) -> str:
    """Who gives tokens for an account."""
    own = LIVE if access.mode == "production" else DEMO
    return access.options.get("auth_url") or own


class DocuSign:
    """The client's DocuSign account, in our records."""

    resources: tuple[str, ...] = ("signature_requests",)  # `all_signature_requests` when asked for

    def __init__(self, api: Api, server: Api, account_id: str, vault: DocumentStore | None) -> None:
        self._api, self._server, self._account_id, self._vault = api, server, account_id, vault
        self._envelopes = f"/restapi/v2.1/accounts/{segment(account_id)}/envelopes"

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Read the watched envelopes.

        `all_signature_requests` lists every envelope that carries a key of ours.
        """
        match resource:
            case "signature_requests":
                for start in range(0, len(watching), IDS_AT_ONCE):
                    yield from self._watched(watching[start : start + IDS_AT_ONCE])
            case "all_signature_requests":
                rows = self._listed({"from_date": BEGINNING})
                yield _page(row for row in rows if KEY in custom_fields(row))
            case _:
                raise Unsupported(NAME, f"no resource {resource!r}")

    def send(self, request: SendOffer, key: str) -> Receipt:
        """Send the letter to its one signer, with a page for the signature."""
        transaction = _transaction(key)
        known = self._by_transaction(transaction)
        if there := _found(known.body, transaction):
            return there
        days = math.ceil((request.expires_at - _time_of(known)) / A_DAY)
        if days < 1:
            raise Refused(NAME, "not sent: the offer has already expired")
        envelope = definition(request, transaction, days)
        return self._api.write("POST", self._envelopes, reading=_sent, json=envelope)

    def cancel(self, request: CancelOffer, key: str) -> Receipt:
        """Void the envelope; one that is closed unsigned already is as good."""
        ref = request.signature_ref
        asked = {"status": "voided", "voidedReason": WITHDRAWN}
        voided = partial(_voided, ref)
        try:
            return self._api.write("PUT", self._path(ref), reading=voided, json=asked)
        except RefusedReply:
            if there := self.find(request, key):
                return there
            raise

    def keep_signed(self, request: KeepSigned, key: str) -> Receipt:
        """Copy all documents of the envelope, with DocuSign's certificate, as one."""
        path = f"{self._path(request.signature_ref)}/documents/combined"
        content = paper.pdf(self._api, path, certificate="true")
        return paper.kept(NAME, self._vault, request.name, content)

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look for our key among the envelopes, or whether one is closed without a signature.

        Another offer to the same person that is open or signed is a person's: OutcomeUnknown. So is
        an envelope that is there, but as a draft.
        """
        match request:
            case SendOffer():
                transaction = _transaction(key)
                there = _found(self._by_transaction(transaction).body, transaction)
                return there or self._find_by_fields(request, transaction)
            case CancelOffer(signature_ref=ref):
                return Receipt(external_id=ref) if self._read(ref).status in CLOSED else None
            case KeepSigned():
                return None
            case _:
                raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def check(self) -> Iterator[Check]:
        """Whether the account is the user's and at our address; DocuSign's clock and our quota."""
        remedy = "take 'account_id' and the address (base URI) from Apps and Keys"
        yield tried("account", remedy, self._look_at_account)
        remedy = "let the user see and send envelopes"
        yield tried("envelopes", remedy, lambda: self._by_transaction(_transaction("check")))
        yield from self._api.health()

    def _look_at_account(self) -> None:
        body = Payload(NAME, self._server.read("GET", "/oauth/userinfo").body)
        addresses = {
            account.take("account_id", str): account.take("base_uri", str)
            for account in body.items("accounts")
        }
        there = addresses.get(self._account_id)
        if there is None:
            raise Misconfigured(NAME, "the user has no such account")
        if there != self._api.base_url:
            raise Misconfigured(NAME, f"the account is at {there}")

    def _find_by_fields(self, request: SendOffer, transaction: str) -> Receipt | None:
        other = None
        field = f"{APPLICATION}={request.application_key}"
        for row in self._listed({"from_date": BEGINNING, "custom_field": field}):
            found = read_signature(row)
            if custom_fields(row).get(KEY) == transaction:
                return _receipt(row)
            if found.application_key == request.application_key:
                other = other if found.status in BINDS_NOBODY else found.external_id
        if other:
            raise OutcomeUnknown(NAME, f"envelope {other} offers this application something else")
        return None

    def _by_transaction(self, transaction: str) -> Reply:
        asked = {"transaction_ids": transaction, "include": "custom_fields"}
        return self._api.read("GET", self._envelopes, params=asked)

    def _watched(self, refs: Sequence[str]) -> Iterator[Page]:
        """Read envelopes from one list, and one by one what it does not show."""
        try:
            rows = {str(r.get("envelopeId")): r for r in self._listed(_ids(refs)) if tells_all(r)}
        except Refused:
            rows = {}
        yield _page(rows[ref] for ref in refs if ref in rows)
        missing = [ref for ref in refs if ref not in rows]
        yield from watched.each(missing, lambda ref: (self._read(ref),))

    def _listed(self, asked: Mapping[str, str]) -> Iterator[Row]:
        """Yield every envelope asked for, oldest first, so that new ones are on the last page.

        Unavailable if one vanished meanwhile, as another slipped past.
        """
        order = {"order_by": "created", "order": "asc"}
        params = {**asked, **order, "include": "custom_fields", "count": str(ROWS_AT_ONCE)}
        position, known, total = 0, 0, 1
        while position < total:
            reply = self._api.read(
                "GET", self._envelopes, params={**params, "start_position": str(position)}
            )
            body = Payload(NAME, reply.body)
            size, total = _number(body, "resultSetSize"), _number(body, "totalSetSize")
            rows = _rows(body, "envelopes")
            if len(rows) != size:
                raise Unreadable(NAME, "the list holds something else than it says")
            if total < known or (not rows and position < total):
                raise Unavailable(NAME, "the list has changed while it was read")
            yield from rows
            position, known = position + size, total

    def _read(self, ref: str) -> Signature:
        body = self._api.read("GET", self._path(ref), params={"include": "custom_fields"}).body
        if not isinstance(body, dict):
            raise Unreadable(NAME, "an envelope is no object")
        return read_signature(body)

    def _path(self, ref: str) -> str:
        return f"{self._envelopes}/{segment(ref)}"


def _transaction(key: str) -> str:
    """Our key as a transaction id: keys hold commas, and lists of transactions are cut at these."""
    return str(uuid5(NAMESPACE_URL, f"fullcycle:{key}"))


def _ids(refs: Sequence[str]) -> dict[str, str]:
    return {"envelope_ids": ",".join(refs)}


def _page(rows: Iterator[Row]) -> Page:
    """Read envelopes of a list."""
    named = ((str(row.get("envelopeId", "")), row) for row in rows)
    return watched.listed(named, read_signature, None)


def _found(body: Any, transaction: str) -> Receipt | None:
    """The envelope of a transaction, listed as envelope or as a mere status, if it says so."""
    told = Payload(NAME, body)
    for row in (*_rows(told, "envelopes"), *_rows(told, "envelopeTransactionStatuses")):
        says = (row.get("transactionId"), custom_fields(row).get(KEY))
        if transaction in says and not _failed(Payload(NAME, row)):
            return _receipt(row)
    return None


def _rows(body: Payload, name: str) -> list[Row]:
    """Take an array of objects as they are."""
    rows = body.maybe(name, list) or []
    if not all(isinstance(row, dict) for row in rows):
        raise Unreadable(NAME, f"{name!r} holds something else than objects")
    return rows


def _receipt(row: Row) -> Receipt:
    told = Payload(NAME, row)
    ref = told.take("envelopeId", str)
    if told.take("status", str) == DRAFT:
        raise OutcomeUnknown(NAME, f"envelope {ref} is there, but has not been sent")
    return Receipt(external_id=ref)


def _sent(body: Any) -> Receipt:
    told = Payload(NAME, body)
    ref, status = told.take("envelopeId", str), told.take("status", str)
    if status != "sent":
        raise Unreadable(NAME, "the envelope is there, but does not count as sent")
    return Receipt(external_id=ref)


def _voided(ref: str, body: Any) -> Receipt:
    """Accept only the envelope's own id, without an error beside it."""
    told = Payload(NAME, body)
    if _failed(told) or told.take("envelopeId", str) != ref:
        raise Unreadable(NAME, "the envelope may not have been voided")
    return Receipt(external_id=ref)


def _failed(row: Payload) -> bool:
    error = row.maybe_inner("errorDetails")
    return error is not None and (error.maybe("errorCode", str) or OK) != OK


def _number(body: Payload, name: str) -> int:
    """Take a number, which DocuSign writes as a string."""
    text = body.take(name, str)
    if not text.isdecimal():
        raise Unreadable(NAME, f"{name!r} is not a number")
    return int(text)


def _time_of(reply: Reply) -> datetime:
    try:
        return parsedate_to_datetime(reply.headers.get("Date", "")).astimezone(UTC)
    except ValueError:
        raise Unreadable(NAME, "an answer does not say when it was given") from None


def _objection(system: str, what: str, body: Any) -> None:
    """Object to a good status around an error; what was done before it failed, nobody knows."""
    if isinstance(body, dict) and (body.get("errorCode") or body.get("error")):
        raise OutcomeUnknown(system, f"{what}: an error inside a good answer")


def _meaning(refusal: RefusedReply, seconds: float | None) -> ConnectorError:
    """Tell a wrong set-up, and being over a limit of an hour or of 30 seconds, from a refusal."""
    code = refusal.body.get("errorCode") if isinstance(refusal.body, dict) else None
    code = code.upper() if isinstance(code, str) else ""
    if code == STRANGER:
        told = "check the account's address, 'account_id' and 'integration_key'"
        return Misconfigured(NAME, told, status=refusal.status)
    if code in HOURLY | {BURST}:
        wait = BURST_SECONDS if code == BURST else seconds
        what = refusal.what.removesuffix("refused") + "over the quota"
        return Unavailable(NAME, what, status=refusal.status, retry_after=wait)
    return refusal


VENDOR = Vendor(
    kind="signatures",
    name=NAME,
    title="DocuSign",
    documents="https://developers.docusign.com/docs/esign-rest-api/reference/envelopes/",
    reads=(
        "each envelope that can still be signed, also after its application has ended; at"
        " night all that carry a key of ours"
    ),
    writes=(
        "envelopes (send, void), one signer each, with a page for the signature behind the letter;"
        " the vault gets what was signed"
    ),
    connect=connect,
    needs=("vault",),
    addresses={"sandbox": "https://demo.docusign.net"},
    domain="docusign.net",
    address="in production the account's base URI, such as `https://na3.docusign.net`",
    key="the RSA private key of the integration key, in PEM",
    settings=(
        Setting("account_id", "the API account id, a GUID", required=True),
        Setting("integration_key", "the app's integration key, a GUID", required=True),
        Setting("user_id", "the id of the user in whose name offers are sent", required=True),
        Setting("auth_url", "the account server, if not DocuSign's own of the account's mode"),
        Setting("webhook", "a key of Connect, with which it signs what it sends", secret=True),
    ),
    scopes=SCOPES,
    webhooks=Sender(verify_webhook, read_webhook),
)
