"""SES beside a mail server, whose journal gets the blind copies."""

import hashlib
import hmac
import smtplib
from base64 import b64decode
from email import message_from_bytes
from email.policy import SMTP
from functools import cache
from typing import Any

from connectors.access import Access
from deployments.sandbox.correspondents import Correspondents
from deployments.sandbox.mail import Mail
from deployments.sandbox.server import Answer, Request, Sandbox, StandIn
from deployments.sandbox.world import World
from tests.contracts.asked import messaging
from tests.contracts.trial import NOBODY, NOW, Bench, Trial, Write

KEY_ID, KEY = "AKIASANDBOX", "sandbox-amazon-ses"
SENDER, JOURNAL = "talent@harbor.example", "journal@harbor.example"


class PostOffice:
    """One mail server for all trials; each begins with an empty mailbox."""

    def __init__(self) -> None:
        world = World(seed=7, now=NOW)
        self.mail = Mail(world, Correspondents(world, NOBODY, {}))
        self.smtp, self.imap = self.mail.start(Sandbox(world, [self.mail]))

    def deliver(self, message: bytes, to: list[str], name: str) -> None:
        """Deliver copies, under an id of Amazon's own."""
        told = message_from_bytes(message, policy=SMTP)
        told.replace_header("Message-ID", f"<{name}@email.amazonses.com>")
        with smtplib.SMTP("127.0.0.1", self.smtp) as server:
            server.send_message(told, "bounces@amazonses.com", to)


office = cache(PostOffice)


class Ses(StandIn):
    """Amazon SES, API version 2: what we call of it, and signatures of version 4."""

    prefix = "/amazon_ses"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        office().mail.messages.clear()

    @property
    def routes(self) -> Any:
        """The operations that we call."""
        return {
            ("POST", "/v2/email/outbound-emails"): self._send,
            ("POST", "/v2/email/list-identities"): self._identities,
            ("GET", "/v2/email/account"): self._account,
        }

    def lie(self) -> Any:
        """An error in Amazon's words."""
        return {"message": "Internal failure"}

    def handle(self, request: Request) -> Answer:
        """Check the signature first."""
        if not _is_signed(self.prefix, request):
            told = {"message": "The request signature does not match."}
            return Answer(403, told, {"x-amzn-ErrorType": "InvalidSignatureException"})
        return super().handle(request)

    def _send(self, request: Request) -> Answer:
        told = request.json
        raw, to = b64decode(told["Content"]["Raw"]["Data"]), told["Destination"]
        name = self.world.digest("ses", raw, len(self.received))
        office().deliver(raw, to["BccAddresses"], name)
        self.note("letters", to["ToAddresses"][0])
        return Answer(200, {"MessageId": name}, changed=True)

    def _identities(self, request: Request) -> Answer:
        domain = SENDER.partition("@")[2]
        kind = {"IdentityType": "DOMAIN", "SendingEnabled": True, "VerificationStatus": "SUCCESS"}
        return Answer(200, {"EmailIdentities": [{"IdentityName": domain, **kind}]})

    def _account(self, request: Request) -> Answer:
        quota = {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 12.0}
        told = {"SendQuota": quota, "SendingEnabled": True, "ProductionAccessEnabled": True}
        return Answer(200, {**told, "EnforcementStatus": "HEALTHY"})


def _is_signed(prefix: str, request: Request) -> bool:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""
    _, _, told = request.headers.get("authorization", "").partition(" ")
    parts = dict(part.split("=", 1) for part in told.split(", ") if "=" in part)
    key_id, _, scope = parts.get("Credential", "").partition("/")
    names = parts.get("SignedHeaders", "").split(";")
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
    query = "&".join(f"{name}={value}" for name, value in sorted(request.query.items()))
    body = hashlib.sha256(request.raw).hexdigest()
    asked = (request.method, prefix + request.path, query, headers, ";".join(names), body)
    digest = hashlib.sha256("\n".join(asked).encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", request.headers.get("x-amz-date", ""), scope, digest])
    signature = f"AWS4{KEY}".encode()
    for step in (*scope.split("/"), text):
        signature = hmac.digest(signature, step.encode(), "sha256")
    return key_id == KEY_ID and hmac.compare_digest(signature.hex(), parts.get("Signature", ""))


def account(bench: Bench) -> Access:
    """A sender with a journal."""
    options = {
        "region": "us-east-1",
        "access_key_id": KEY_ID,
        "from_name": "Harbor Works",
        "from_email": SENDER,
        "journal_email": JOURNAL,
        "journal": f"imap://127.0.0.1:{office().imap}",
        "journal_user": "journal",
    }
    secrets = {"journal": office().mail.key}
    return Access(f"{bench.url}{Ses.prefix}", KEY, options=options, secrets=secrets)


TRIAL = Trial(
    "amazon_ses",
    Ses,
    lambda _: [],
    (Write("send", "POST .*/outbound-emails", messaging, "letters"),),
    account=account,
)
