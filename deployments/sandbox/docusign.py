"""A stand-in for DocuSign's developer environment, from https://developers.docusign.com.

The API is below `/docusign/restapi/v2.1`, the account server below `/docusign/account`. There is no
idempotency: the same envelope sent twice is there twice, in `received["offers"]` too. Signers do
what they are like: accept within two days, open it and sign it late after four, decline after one,
or stay silent until it expires, which makes it voided. Lists may tell as little as the example in
the reference (`lists_tell_all`), and a transaction may be answered by its status alone
(`transactions_are_envelopes`): nobody has seen which of them DocuSign does.
"""

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol
from urllib.parse import parse_qsl
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from deployments.sandbox import docusign_key
from deployments.sandbox.docusign_bodies import Declined, Row, check, text_fields
from deployments.sandbox.docusign_key import private_key
from deployments.sandbox.paper import pdf
from deployments.sandbox.served import OFFERS, Place, Served
from deployments.sandbox.server import FAULTS, UNLISTED_SECONDS, Answer, Request, Route, StandIn
from deployments.sandbox.world import World

INTEGRATION_KEY = "1f0c6b6e-52c5-4f43-9d4c-5a0d7c1e7b10"
USER = "7d0e5a52-1d0b-4a5e-8a35-2f3f6c2f9a11"
ACCOUNT = "c2c7a3d4-90de-4f0a-b6a0-3f6a4f6f1e12"
LIFE = timedelta(hours=1)
TRANSACTIONS_LIVE = timedelta(days=7)
CALLS_PER_HOUR, CALLS_PER_BURST, BURST_SECONDS = 3000, 200, 30
ROWS_PER_PAGE = 100
OPEN = {"sent", "delivered"}
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LEAN = {"envelopeId", "envelopeUri", "documentsUri", "status", "statusChangedDateTime"}
ENVELOPES = f"/restapi/v2.1/accounts/{ACCOUNT}/envelopes"
ELSEWHERE = f"/restapi/v2.1/accounts/(?!{ACCOUNT}/).*"


class People(Protocol):
    """Whoever may be asked to sign, by e-mail."""

    def by_email(self, email: str) -> Any:
        """The person, or None for somebody nobody described."""


@dataclass
class Counter:
    """How many calls were made in the current window."""

    window: int = 0
    used: int = 0

    def count(self, window: int) -> int:
        """Count one more; returns how many there were in this window."""
        self.window, self.used = window, 1 + (self.used if window == self.window else 0)
        return self.used


class DocuSign(StandIn):
    """The vendor's side of one account, and its signers."""

    prefix = "/docusign"
    spoils = (*FAULTS, "expire", "edit")
    calls_per_hour, calls_per_burst = CALLS_PER_HOUR, CALLS_PER_BURST
    rows_per_page = ROWS_PER_PAGE
    lists_tell_all = transactions_are_envelopes = has_consent = True

    def __init__(self, world: World, people: People) -> None:
        super().__init__(world)
        self.webhook_secret = "sandbox-docusign-webhook"
        self.clock = time.monotonic  # bursts, and how far a search is behind
        self._people = people
        self._tokens: dict[str, datetime] = {}
        self._given = 0
        self._rows: dict[str, Row] = {}
        self._hour, self._burst = Counter(), Counter()
        self._listed, self._caught_up_at = set[str](), 0.0

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """The documented operations this account may use."""
        one = f"{ENVELOPES}/(?P<id>[^/]+)"
        api: dict[tuple[str, str], Route] = {
            ("POST", ENVELOPES): self._create,
            ("GET", ENVELOPES): self._list,
            ("GET", one): self._get,
            ("PUT", one): self._update,
            ("GET", f"{one}/documents/combined"): self._documents,
        }
        return {
            ("POST", "/account/oauth/token"): self._token,
            ("GET", "/account/oauth/userinfo"): partial(self._as_user, self._userinfo),
            **{what: partial(self._as_user, act) for what, act in api.items()},
            **{(method, ELSEWHERE): self._elsewhere for method in ("GET", "POST", "PUT")},
        }

    def too_many(self, seconds: int = 1) -> Answer:
        """Over the hour's quota, which DocuSign says with 400."""
        message = "The maximum number of hourly API invocations has been exceeded."
        refusal = _refuse(400, "HOURLY_APIINVOCATION_LIMIT_EXCEEDED", message)
        reset = int(self.world.now.timestamp()) + seconds
        told = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
        return replace(refusal, headers={**self._quota(), **told})

    def lie(self) -> Any:
        """An error of DocuSign's own."""
        return {"errorCode": "UNSPECIFIED_ERROR", "message": "Non-specified error."}

    def expire(self) -> None:
        """Let all access tokens end."""
        self._tokens.clear()

    def fall_behind(self) -> None:
        """Let searches show for a while only what they show now; transactions are known at once."""
        self._listed, self._caught_up_at = set(self._rows), self.clock() + UNLISTED_SECONDS

    def edit(self) -> None:
        """Somebody sends an envelope that has nothing to do with us."""
        signer = {"recipientId": "1", "name": "Lee Own", "email": "lee@own.example"}
        lease = {"emailSubject": "A lease", "recipients": {"signers": [signer]}}
        self._open("of the client's own", lease)

    def handle(self, request: Request) -> Answer:
        """Count the call, unless it is one to the account server."""
        if not request.path.startswith("/restapi/"):
            return super().handle(request)
        if not self.world.replaying:
            if self._hour.count(int(self.world.now.timestamp()) // 3600) > self.calls_per_hour:
                return self.too_many(3600 - int(self.world.now.timestamp()) % 3600)
            if self._burst.count(int(self.clock()) // BURST_SECONDS) > self.calls_per_burst:
                message = "The maximum number of API invocations in a burst has been exceeded."
                refusal = _refuse(400, "BURST_APIINVOCATION_LIMIT_EXCEEDED", message)
                return replace(refusal, headers=self._quota())
        answer = super().handle(request)
        return replace(answer, headers=self._quota())

    def _quota(self) -> Mapping[str, str]:
        now = int(self.world.now.timestamp())
        return {
            "X-RateLimit-Limit": str(self.calls_per_hour),
            "X-RateLimit-Remaining": str(max(0, self.calls_per_hour - self._hour.used)),
            "X-RateLimit-Reset": str(now + 3600 - now % 3600),
            "X-BurstLimit-Limit": str(self.calls_per_burst),
            "X-BurstLimit-Remaining": str(max(0, self.calls_per_burst - self._burst.used)),
        }

    def _token(self, request: Request) -> Answer:
        """Give a token for an assertion that the integration's key has signed."""
        form = dict(parse_qsl(request.raw.decode()))
        claims = _claims(form.get("assertion", ""))
        now = claims.get("iat", 0) if self.world.replaying else time.time()
        is_good = (
            form.get("grant_type") == GRANT
            and claims.get("aud") == request.headers.get("host", claims.get("aud"))
            and claims.get("iss") == INTEGRATION_KEY
            and claims.get("sub") == USER
            and {"signature", "impersonation"} <= set(claims.get("scope", "").split())
            and now - 3600 < claims["iat"] <= now + 60
            and now < claims["exp"] <= claims["iat"] + 3600
        )
        if not is_good:
            return Answer(400, {"error": "invalid_grant", "error_description": "no_valid_keys"})
        if not self.has_consent:
            return Answer(400, {"error": "consent_required"})
        token = self.world.digest("docusign token", self._given)
        self._given += 1
        self._tokens[token] = self.world.now + LIFE
        body = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        return Answer(200, body, changed=True)

    def _as_user(self, act: Callable[..., Answer], request: Request, **named: str) -> Answer:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, self.world.now) <= self.world.now:
            message = "The access token provided is expired, revoked or malformed."
            return _refuse(401, "AUTHORIZATION_INVALID_TOKEN", message)
        try:
            return act(request, **named)
        except Declined as no:
            code, message = no.args
            status = 404 if code == "ENVELOPE_DOES_NOT_EXIST" else 400
            return _refuse(status, code, message)

    def _userinfo(self, request: Request) -> Answer:
        account = {
            "account_id": ACCOUNT,
            "is_default": True,
            "account_name": "Harbor Works",
            "base_uri": f"http://{request.headers['host']}{self.prefix}",
        }
        return Answer(body={"sub": USER, "name": "Rae Offers", "accounts": [account]})

    def _elsewhere(self, request: Request) -> Answer:
        message = "Invalid account specified for user."
        return _refuse(400, "PARTNER_AUTHENTICATION_FAILED", message)

    def _create(self, request: Request) -> Answer:
        asked = request.json
        check(asked)
        fields = text_fields(asked)
        name = fields.get("fullcycle_key", fields.get("fullcycle_application", ""))
        row = self._open(name, asked)
        self.note("offers", f"{name} {fields.get('fullcycle_offer')}")
        made = {
            "envelopeId": row["envelopeId"],
            "uri": row["envelopeUri"],
            "statusDateTime": row["statusChangedDateTime"],
            "status": row["status"],
        }
        return Answer(201, made, changed=True)

    def _open(self, name: str, asked: Mapping[str, Any]) -> Row:
        id = next(
            id
            for occurrence in range(len(self._rows) + 1)
            if (id := self.world.uuid("docusign", name, occurrence)) not in self._rows
        )
        now, below = self._now(), f"/envelopes/{id}"
        row = {
            "status": "created",
            "documentsUri": f"{below}/documents",
            "recipientsUri": f"{below}/recipients",
            "envelopeUri": below,
            "emailSubject": asked["emailSubject"],
            "envelopeId": id,
            "customFieldsUri": f"{below}/custom_fields",
            "notificationUri": f"{below}/notification",
            "createdDateTime": now,
            "lastModifiedDateTime": now,
            "statusChangedDateTime": now,
            "documentsCombinedUri": f"{below}/documents/combined",
            "certificateUri": f"{below}/documents/certificate",
            "templatesUri": f"{below}/templates",
            "purgeState": "unpurged",
            "is21CFRPart11": "false",
            "sender": {"userName": "Rae Offers", "userId": USER, "email": "offers@client.example"},
            "transactionId": asked.get("transactionId"),
            "customFields": _numbered(asked.get("customFields", {})),
            "recipients": {"signers": [dict(each) for each in asked["recipients"]["signers"]]},
            "documents": asked.get("documents", []),
            "notification": asked.get("notification", {}),
        }
        self._rows[id] = row
        if asked.get("status") != "created":
            self._send(row)
        return row

    def _send(self, row: Row) -> None:
        self._turn(row, "sent", "sentDateTime", "recipient-sent")
        expirations = row["notification"].get("expirations", {})
        days = timedelta(days=int(expirations.get("expireAfter", 120)))
        id = row["envelopeId"]
        end = partial(self._void, row, "Envelope has expired.")
        self.world.plan(self.world.now + days, f"docusign: {id} expires", end)
        person = self._people.by_email(row["recipients"]["signers"][0]["email"])
        behaviour = person.behaviour.offer if person else "accepts"
        hours = {
            "accepts": self.world.dice("docusign", id).uniform(4, 40),
            "late": 4 * 24,
            "declines": 24,
        }
        if behaviour == "late":
            open_ = partial(self._turn, row, "delivered", "deliveredDateTime")
            self.world.plan(self.world.now + timedelta(days=1), f"docusign: {id} is read", open_)
        if behaviour in hours:
            at = self.world.now + timedelta(hours=hours[behaviour])
            act = self._decline if behaviour == "declines" else self._sign
            self.world.plan(at, f"docusign: {id} is answered", partial(act, row))

    def _sign(self, row: Row) -> None:
        if row["status"] in OPEN:
            self._turn(row, "delivered", "deliveredDateTime", "recipient-delivered")
            self._turn(row, "completed", "completedDateTime", "recipient-completed")
            self.note("signatures", row["envelopeId"])

    def _decline(self, row: Row) -> None:
        if row["status"] in OPEN:
            row["recipients"]["signers"][0]["declinedReason"] = "I have accepted another offer."
            self._turn(row, "declined", "declinedDateTime", "recipient-declined")

    def _void(self, row: Row, reason: str) -> None:
        if row["status"] in OPEN:
            row["voidedReason"] = reason
            self._turn(row, "voided", "voidedDateTime")

    def _turn(self, row: Row, status: str, at: str, *before: str) -> None:
        """Let an envelope stand elsewhere, and tell so."""
        if row["status"] in OPEN | {"created"}:
            now = self._now()
            row.update(status=status, statusChangedDateTime=now, lastModifiedDateTime=now)
            row[at] = now
            row["recipients"]["signers"][0]["status"] = status
            for what in (*before, f"envelope-{status}"):
                self._tell(what, row)

    def _tell(self, what: str, row: Row) -> None:
        about = {"accountId": ACCOUNT, "userId": USER, "envelopeId": row["envelopeId"]}
        if what.startswith("recipient"):
            about["recipientId"] = row["recipients"]["signers"][0]["recipientId"]
        self.tell(what, {**about, "envelopeSummary": _shown(row, "custom_fields,recipients")})

    def _documents(self, request: Request, id: str) -> Answer:
        row = self._rows.get(id)
        if row is None:
            raise Declined("ENVELOPE_DOES_NOT_EXIST", "The envelope ID you specified is unknown.")
        return Answer(body=pdf(row["emailSubject"], row["status"], request.query["certificate"]))

    def _list(self, request: Request) -> Answer:
        asked = request.query
        rows = list(self._chosen(asked))
        start = int(asked.get("start_position", 0))
        size = min(int(asked.get("count", 1000)), self.rows_per_page)
        page = [self._in_list(row, asked) for row in rows[start : start + size]]
        body: Row = {
            "resultSetSize": str(len(page)),
            "startPosition": str(start),
            "endPosition": str(max(0, start + len(page) - 1)),
            "totalSetSize": str(len(rows)),
        }
        if page and (self.transactions_are_envelopes or "transaction_ids" not in asked):
            body["envelopes"] = page
        elif page:
            names = ("envelopeId", "status", "transactionId")
            body["envelopeTransactionStatuses"] = [{n: row[n] for n in names} for row in rows]
        return Answer(body=body)

    def _chosen(self, asked: Mapping[str, str]) -> Iterator[Row]:
        """The envelopes a list is asked for, in the order in which they were created."""
        if not asked.keys() & {"from_date", "envelope_ids", "transaction_ids"}:
            message = "The request contained at least one invalid parameter. 'from_date'"
            raise Declined("INVALID_REQUEST_PARAMETER", message)
        ids = [_guid(id) for id in _split(asked, "envelope_ids")]
        transactions = _split(asked, "transaction_ids")
        name, _, value = asked.get("custom_field", "").partition("=")
        since = datetime.fromisoformat(asked.get("from_date", "1900-01-01T00:00:00Z"))
        for row in self._rows.values():
            if transactions:
                age = self.world.now - datetime.fromisoformat(row["createdDateTime"])
                chosen = row["transactionId"] in transactions and age < TRANSACTIONS_LIVE
            elif ids:
                chosen = row["envelopeId"] in ids
            else:
                chosen = datetime.fromisoformat(row["statusChangedDateTime"]) >= since
                chosen &= self.clock() >= self._caught_up_at or row["envelopeId"] in self._listed
            if chosen and (not name or text_fields(row).get(name) == value):
                yield row

    def _in_list(self, row: Row, asked: Mapping[str, str]) -> Row:
        shown = _shown(row, asked.get("include", ""))
        told = LEAN | {"customFields"}
        return shown if self.lists_tell_all else {k: v for k, v in shown.items() if k in told}

    def _get(self, request: Request, id: str) -> Answer:
        return Answer(body=_shown(self._row(id), request.query.get("include", "")))

    def _update(self, request: Request, id: str) -> Answer:
        row, asked = self._row(id), request.json
        if request.query.get("resend_envelope") == "true":
            self.note("reminders", id)
            return Answer(body={"envelopeId": id}, changed=True)
        match asked.get("status"):
            case "voided" if not asked.get("voidedReason"):
                raise Declined("INVALID_REQUEST_PARAMETER", "A voidedReason is needed.")
            case "voided" if row["status"] not in OPEN:
                message = "Only envelopes in the 'Sent' or 'Delivered' states may be voided."
                raise Declined("ENVELOPE_CANNOT_VOID_INVALID_STATE", message)
            case "voided":
                self._void(row, asked["voidedReason"])
                self.note("cancellations", id)
            case "sent" if row["status"] == "created":
                self._send(row)
            case _:
                raise Declined("INVALID_REQUEST_PARAMETER", "Nothing to be changed.")
        return Answer(body={"envelopeId": id}, changed=True)

    def _row(self, id: str) -> Row:
        if _guid(id) not in self._rows:
            message = "The envelope ID provided does not exist or has been deleted."
            raise Declined("ENVELOPE_DOES_NOT_EXIST", message)
        return self._rows[id]

    def _now(self) -> str:
        """The time as DocuSign writes it: in UTC, with seven digits of a second."""
        return self.world.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def _claims(assertion: str) -> dict[str, Any]:
    """What an assertion claims, if the integration's key has signed it; else nothing."""
    try:
        head, body, signature = assertion.split(".")
        signed = f"{head}.{body}".encode()
        public = private_key().public_key()
        public.verify(_decoded(signature), signed, padding.PKCS1v15(), SHA256())
        if json.loads(_decoded(head)) != {"alg": "RS256", "typ": "JWT"}:
            return {}
        return dict(json.loads(_decoded(body)))
    except (ValueError, InvalidSignature):
        return {}


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _numbered(fields: Mapping[str, Any]) -> Row:
    """Custom fields as DocuSign gives them back: each has got an id."""
    texts = fields.get("textCustomFields", [])
    numbered = [{"fieldId": str(10_000 + n), **text} for n, text in enumerate(texts)]
    return {"textCustomFields": numbered, "listCustomFields": []}


def _shown(row: Row, include: str) -> Row:
    """An envelope with what is asked for beside it, and never its letter."""
    beside = {"custom_fields": "customFields", "recipients": "recipients"}
    hidden = {"documents", "notification", *beside.values()}
    hidden -= {beside.get(each, "") for each in include.split(",")}
    return {name: value for name, value in row.items() if name not in hidden and value is not None}


def _split(asked: Mapping[str, str], name: str) -> list[str]:
    return [each for each in asked.get(name, "").split(",") if each]


def _guid(id: str) -> str:
    try:
        UUID(id)
    except ValueError:
        message = "The request contained at least one invalid parameter."
        raise Declined("INVALID_REQUEST_PARAMETER", message) from None
    return id


def _refuse(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"errorCode": code, "message": message})


def account(at: Place) -> dict[str, Any]:
    """A client's account here."""
    return at.account(
        docusign_key.pem(),
        "docusign",
        {"webhook": "sandbox-docusign-webhook"},
        account_id=ACCOUNT,
        integration_key=INTEGRATION_KEY,
        user_id=USER,
        auth_url=f"{at.vendors}/docusign/account",
    )


SERVED = Served("docusign", account, lambda scene: DocuSign(scene.world, scene.people), OFFERS)
