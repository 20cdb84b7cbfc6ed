"""A stand-in for Dropbox Sign, from https://developers.hellosign.com and its OpenAPI document.

It never binds anybody: a request without `test_mode` is answered 402, so that a test set-up can not
leak into a real account. There is no idempotency: the same letter sent twice is there twice, in
`received["offers"]` too. Signers do what they are like: accept within two days, late after four,
decline after one, or stay silent until it expires. A cancellation takes effect a minute later.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Protocol

from deployments.sandbox.paper import pdf
from deployments.sandbox.served import OFFERS, Served
from deployments.sandbox.server import FAULTS, UNLISTED_SECONDS, Answer, Request, Route, StandIn
from deployments.sandbox.world import World

CALLS_PER_MINUTE = 100
SENDS_PER_MINUTE_IN_TEST_MODE = 10
PAGE_SIZE, PAGE_SIZE_TOP = 20, 100
ROWS_PER_PAGE = 50
EARLIEST, LATEST = timedelta(days=1), timedelta(days=90)
TYPES = (".pdf", ".doc", ".docx", ".txt")
METADATA_KEYS, METADATA_KEY_LENGTH, METADATA_LENGTH = 10, 40, 1000
TRUE = ("1", "true", True)
ONE = r"(?P<id>[0-9a-f]{40})"

Row = dict[str, Any]


class People(Protocol):
    """Whoever may be asked to sign, by e-mail."""

    def by_email(self, email: str) -> Any:
        """The person, or None for somebody nobody described."""


class DropboxSign(StandIn):
    """The vendor's side of one account, and its signers."""

    prefix = "/dropbox_sign"
    spoils = (*FAULTS, "edit")
    calls_per_minute = CALLS_PER_MINUTE
    sends_per_minute = SENDS_PER_MINUTE_IN_TEST_MODE
    rows_per_page = ROWS_PER_PAGE

    def __init__(self, world: World, people: People, key: str = "sandbox-dropbox_sign") -> None:
        super().__init__(world)
        self._people, self._key = people, key
        self.webhook_secret = key
        self._rows: dict[str, Row] = {}
        self._cancelling: set[str] = set()
        self._cancelled: set[str] = set()
        self.in_preparation: set[str] = set()
        self.clock = (
            time.monotonic
        )  # a search is behind by the wall clock, also while the world stands
        self._listed, self._caught_up_at = set[str](), 0.0
        self._minute, self._calls, self._sends = 0, 0, 0

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """The documented operations this account may use."""
        return {
            ("POST", "/v3/signature_request/send"): self._send,
            ("GET", "/v3/signature_request/list"): self._list,
            ("GET", "/v3/account"): self._account,
            ("GET", f"/v3/signature_request/{ONE}"): self._get,
            ("GET", f"/v3/signature_request/files/{ONE}"): self._files,
            ("POST", f"/v3/signature_request/cancel/{ONE}"): self._cancel,
            ("POST", f"/v3/signature_request/remind/{ONE}"): self._remind,
        }

    def too_many(self, seconds: int = 1) -> Answer:
        """Over the account's quota."""
        refusal = _refuse(429, "exceeded_rate", "Too many requests.")
        return replace(refusal, headers=self._quota(seconds))

    def lie(self) -> Any:
        """An error of Dropbox Sign's own."""
        return {"error": {"error_name": "unknown", "error_msg": "Unknown error."}}

    def fall_behind(self) -> None:
        """Let the list show for a while only what it shows now."""
        self._listed, self._caught_up_at = set(self._rows), self.clock() + UNLISTED_SECONDS

    def _is_listed(self, id: str) -> bool:
        return id not in self._cancelled and (
            id in self._listed or self.clock() >= self._caught_up_at
        )

    def edit(self) -> None:
        """Somebody sends a request that has nothing to do with us; the list begins with it."""
        signer = {"signers[0][name]": "Lee Own", "signers[0][email_address]": "lee@own.example"}
        self._open("of the client's own", signer | {"title": "A lease"}, {})

    def handle(self, request: Request) -> Answer:
        """Check the key and the quota, then answer."""
        if request.basic_user != self._key:
            return _refuse(401, "unauthorized", "Unauthorized user. No credentials supplied.")
        if self._over_quota(request):
            return self.too_many(60 - self.world.now.second)
        answer = super().handle(request)
        if answer.status == 404:
            answer = _refuse(404, "not_found", "Not found.")
        return replace(answer, headers=self._quota(60 - self.world.now.second))

    def _over_quota(self, request: Request) -> bool:
        minute = int(self.world.now.timestamp()) // 60
        if minute != self._minute:
            self._minute, self._calls, self._sends = minute, 0, 0
        self._calls += 1
        self._sends += request.path.endswith("/send")
        return self._calls > self.calls_per_minute or self._sends > self.sends_per_minute

    def _quota(self, seconds: int) -> Mapping[str, str]:
        return {
            "X-RateLimit-Limit": str(self.calls_per_minute),
            "X-RateLimit-Remaining": str(max(0, self.calls_per_minute - self._calls)),
            "X-Ratelimit-Reset": str(int(self.world.now.timestamp()) + seconds),
        }

    def _account(self, request: Request) -> Answer:
        account = {
            "account_id": self.world.digest("dropbox_sign", "account")[:40],
            "email_address": "offers@harbor.example",
            "is_locked": False,
            "is_paid_hs": True,
            "is_paid_hf": False,
            "quotas": {"api_signature_requests_left": 1250, "documents_left": None},
            "callback_url": self.subscribed or None,
            "role_code": None,
            "locale": "en-US",
        }
        return Answer(200, {"account": account})

    def _send(self, request: Request) -> Answer:
        fields, files = _form(request)
        if fields.get("test_mode", "0") not in TRUE:
            return _refuse(402, "payment_required", "You must upgrade to make this request.")
        if refusal := self._invalid(fields, files):
            return refusal
        metadata = _inner(fields, "metadata")
        sent = f"{metadata.get('key') or metadata.get('application_key')}"
        row = self._open(f"{sent} {metadata.get('offer_hash')}", fields, metadata)
        self.note("offers", f"{sent} {metadata.get('offer_hash')}")
        self._tell("sent", row)
        self._await_signer(row)
        return Answer(200, {"signature_request": row}, changed=True)

    def _invalid(self, fields: Mapping[str, str], files: Mapping[str, bytes]) -> Answer | None:
        if not files or not all(content for content in files.values()):
            return _refuse(400, "bad_request", "files or file_urls is required", "files")
        if not all(name.lower().endswith(TYPES) for name in files):
            return _refuse(400, "bad_request", "This file type is not supported", "files[0]")
        if "@" not in fields.get("signers[0][email_address]", ""):
            return _refuse(400, "bad_request", "Invalid e-mail", "signers[0][email_address]")
        if not fields.get("signers[0][name]"):
            return _refuse(400, "bad_request", "Must not be blank", "signers[0][name]")
        metadata = _inner(fields, "metadata")
        if len(metadata) > METADATA_KEYS or any(
            len(name) > METADATA_KEY_LENGTH or len(value) > METADATA_LENGTH
            for name, value in metadata.items()
        ):
            return _refuse(400, "bad_request", "Too much metadata", "metadata")
        return self._invalid_expiry(fields.get("expires_at"))

    def _invalid_expiry(self, expires_at: str | None) -> Answer | None:
        if expires_at is None:
            return None
        ahead = datetime.fromtimestamp(int(expires_at), self.world.now.tzinfo) - self.world.now
        if EARLIEST <= ahead <= LATEST:
            return None
        return _refuse(400, "bad_request", "Must be 1-90 days in the future", "expires_at")

    def _open(self, name: str, fields: Mapping[str, str], metadata: Mapping[str, str]) -> Row:
        id = ""
        for occurrence in range(len(self._rows) + 1):
            id = self.world.digest("dropbox_sign", name, occurrence)[:40]
            if id not in self._rows:
                break
        expires_at = int(fields["expires_at"]) // 3600 * 3600 if "expires_at" in fields else None
        app = "https://app.hellosign.example"
        self._rows[id] = {
            "signature_request_id": id,
            "test_mode": True,
            "title": fields.get("title", ""),
            "original_title": fields.get("title", ""),
            "subject": fields.get("subject"),
            "message": fields.get("message"),
            "metadata": dict(metadata),
            "created_at": self._now(),
            "expires_at": expires_at,
            "is_complete": False,
            "is_declined": False,
            "has_error": False,
            "custom_fields": [],
            "response_data": [],
            "signing_url": f"{app}/sign/{id}",
            "files_url": f"{app}/v3/signature_request/files/{id}",
            "details_url": f"{app}/home/manage?guid={id}",
            "requester_email_address": "offers@client.example",
            "cc_email_addresses": [],
            "template_ids": None,
            "signatures": [
                {
                    "signature_id": self.world.digest("dropbox_sign signer", id)[:32],
                    "signer_email_address": fields["signers[0][email_address]"],
                    "signer_name": fields["signers[0][name]"],
                    "signer_role": None,
                    "order": None,
                    "status_code": "awaiting_signature",
                    "decline_reason": None,
                    "signed_at": None,
                    "last_viewed_at": None,
                    "last_reminded_at": None,
                    "has_pin": False,
                    "has_sms_auth": False,
                    "error": None,
                }
            ],
        }
        return self._rows[id]

    def _await_signer(self, row: Row) -> None:
        id = row["signature_request_id"]
        if row["expires_at"]:
            at = datetime.fromtimestamp(row["expires_at"], self.world.now.tzinfo)
            self.world.plan(at, f"dropbox_sign: {id} expires", lambda: self._expire(row))
        person = self._people.by_email(row["signatures"][0]["signer_email_address"])
        behaviour = person.behaviour.offer if person else "accepts"
        hours = {
            "accepts": self.world.dice("dropbox_sign", id).uniform(4, 40),
            "late": 4 * 24,
            "declines": 24,
        }
        if behaviour in hours:
            at = self.world.now + timedelta(hours=hours[behaviour])
            act = self._decline if behaviour == "declines" else self._sign
            self.world.plan(at, f"dropbox_sign: {id} is answered", lambda: act(row))

    def _sign(self, row: Row) -> None:
        if self._is_open(row):
            now = self._now()
            row["signatures"][0].update(status_code="signed", signed_at=now, last_viewed_at=now)
            row["is_complete"] = True
            self.note("signatures", row["metadata"].get("key", row["signature_request_id"]))
            for what in ("viewed", "signed", "all_signed", "downloadable"):
                self._tell(what, row)

    def _decline(self, row: Row) -> None:
        if self._is_open(row):
            row["signatures"][0].update(
                status_code="declined",
                decline_reason="I have accepted another offer.",
                last_viewed_at=self._now(),
            )
            row["is_declined"] = True
            self._tell("declined", row)

    def _expire(self, row: Row) -> None:
        if self._is_open(row):
            row["signatures"][0]["status_code"] = "expired"
            self._tell("expired", row)

    def _tell(self, what: str, row: Row) -> None:
        self.tell(f"signature_request_{what}", {"signature_request": row})

    def _is_open(self, row: Row) -> bool:
        awaiting: bool = row["signatures"][0]["status_code"] == "awaiting_signature"
        return awaiting and row["signature_request_id"] not in self._cancelled

    def _files(self, request: Request, id: str) -> Answer:
        row = self._rows.get(id)
        if row is None:
            return _refuse(404, "not_found", "Not found.")
        if id in self.in_preparation:
            return _refuse(409, "conflict", "Files are still being processed.")
        return Answer(body=pdf(row["title"], row["signatures"][0]["status_code"]))

    def _list(self, request: Request) -> Answer:
        page = int(request.query.get("page", 1))
        asked = int(request.query.get("page_size", PAGE_SIZE))
        if not 1 <= asked <= PAGE_SIZE_TOP:
            return _refuse(400, "bad_request", "Must be between 1 and 100", "page_size")
        size = min(asked, self.rows_per_page)
        rows = [row for id, row in reversed(self._rows.items()) if self._is_listed(id)]
        info = {
            "page": page,
            "num_pages": max(1, -(-len(rows) // size)),
            "num_results": len(rows),
            "page_size": size,
        }
        shown = rows[(page - 1) * size : page * size]
        return Answer(200, {"list_info": info, "signature_requests": shown})

    def _get(self, request: Request, id: str) -> Answer:
        return self._unavailable(id) or Answer(200, {"signature_request": self._rows[id]})

    def _cancel(self, request: Request, id: str) -> Answer:
        if refusal := self._unavailable(id):
            return refusal
        if id in self._cancelling:
            return _refuse(409, "conflict", "An identical request is already being processed.")
        if not self._is_open(self._rows[id]):
            return _refuse(400, "bad_request", "This request can not be canceled.")
        self._cancelling.add(id)
        self.world.plan(
            self.world.now + timedelta(minutes=1),
            f"dropbox_sign: {id} is canceled",
            lambda: self._take_back(id),
        )
        return Answer(200, changed=True)

    def _take_back(self, id: str) -> None:
        self._cancelling.discard(id)
        if self._is_open(self._rows[id]):
            self._cancelled.add(id)
            self.note("cancellations", id)
            self._tell("canceled", self._rows[id])

    def _remind(self, request: Request, id: str) -> Answer:
        if refusal := self._unavailable(id):
            return refusal
        signer = self._rows[id]["signatures"][0]
        if request.json.get("email_address") != signer["signer_email_address"]:
            return _refuse(400, "bad_request", "Not a signer of this request", "email_address")
        if self._now() - (signer["last_reminded_at"] or 0) < 3600:
            return _refuse(400, "bad_request", "Reminded within the last hour")
        signer["last_reminded_at"] = self._now()
        self.note("reminders", id)
        self._tell("remind", self._rows[id])
        return Answer(200, {"signature_request": self._rows[id]}, changed=True)

    def _unavailable(self, id: str) -> Answer | None:
        if id in self._cancelled:
            return _refuse(410, "deleted", "This resource has been deleted.")
        return None if id in self._rows else _refuse(404, "not_found", "Not found.")

    def _now(self) -> int:
        return int(self.world.now.timestamp())


def _form(request: Request) -> tuple[dict[str, str], dict[str, bytes]]:
    """The fields and the uploaded files (by file name) of a multipart form."""
    head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.raw)
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if filename := part.get_filename():
            files[filename] = content
        else:
            fields[str(name)] = content.decode()
    return fields, files


def _inner(fields: Mapping[str, str], name: str) -> dict[str, str]:
    """The fields `name[…]` as a dictionary."""
    prefix = f"{name}["
    return {k[len(prefix) : -1]: v for k, v in fields.items() if k.startswith(prefix)}


def _refuse(status: int, name: str, message: str, path: str | None = None) -> Answer:
    error = {"error_msg": message, "error_name": name}
    return Answer(status, {"error": {**error, **({"error_path": path} if path else {})}})


SERVED = Served(
    "dropbox_sign",
    lambda at: at.account("sandbox-dropbox_sign", "dropbox_sign"),
    lambda scene: DropboxSign(scene.world, scene.people),
    OFFERS,
)
