"""A stand-in for Twilio's text messages, from its OpenAPI document and https://www.twilio.com/docs.

There is no idempotency: the same words sent twice are two messages. Whoever texts STOP is on
Twilio's own list, and texting them is refused with 21610 until they text START. A person texts us
by `take`. The numbers that Twilio's test credentials know are as magic here. Of those who get a
text, as many as `stops` says want no other.
"""

import base64
from collections.abc import Mapping
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, quote

from deployments.sandbox.served import Place, Served
from deployments.sandbox.server import Answer, Request, Route, StandIn
from deployments.sandbox.world import World

ACCOUNT = "AC" + "5a" * 16
PHONE = "+14155550100"
PAGE_SIZE, PAGE_SIZE_TOP = 50, 1000
STOP_TEXTS = 0.15  # of those who are texted
LONGEST_BODY, LONGEST_IN_QUEUE_SECONDS = 1600, 36_000
STOP = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"}
START = {"START", "UNSTOP", "YES"}
LIST = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
MAGIC = {
    "+15005550001": (21211, "The 'To' number is not a valid phone number."),
    "+15005550002": (21612, "The 'To' phone number is not currently reachable."),
    "+15005550003": (21408, "Permission to send an SMS has not been enabled for the region."),
    "+15005550008": (21611, "The queue of this 'From' number is full."),
    "+15005550009": (21614, "'To' number is not a valid mobile number."),
}
OPTED_OUT = (21610, "Attempt to send to unsubscribed recipient")

Row = dict[str, Any]


class Twilio(StandIn):
    """Twilio's side of one account with one number."""

    prefix = "/twilio"
    rows_per_page = PAGE_SIZE_TOP

    def __init__(self, world: World, token: str = "sandbox-twilio", stops: float = 0.0) -> None:
        super().__init__(world)
        self._token, self._stops = token, stops
        self.webhook_secret = token
        self._rows: list[Row] = []
        self._stopped: set[str] = set()

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """The documented operations this account may use."""
        return {
            ("GET", f"/2010-04-01/Accounts/{ACCOUNT}.json"): self._account,
            ("POST", LIST): self._send,
            ("GET", LIST): self._list,
        }

    def too_many(self, seconds: int = 1) -> Answer:
        """Over the rate."""
        refusal = _refuse(429, 20429, "Too Many Requests")
        return Answer(429, refusal.body, {"Retry-After": str(seconds)})

    def lie(self) -> Any:
        """An error of Twilio's own."""
        return _refuse(500, 20500, "Internal Server Error").body

    def handle(self, request: Request) -> Answer:
        """Check who asks, then answer."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        known = base64.b64encode(f"{ACCOUNT}:{self._token}".encode()).decode()
        if scheme.lower() != "basic" or given != known:
            return _refuse(401, 20003, "Authenticate")
        answer = super().handle(request)
        if answer.status == 404:
            return _refuse(404, 20404, f"The requested resource {request.path} was not found")
        return answer

    def expire(self) -> None:
        """Let the auth token be replaced by the secondary one."""
        self._token = "another"

    def take(self, data: Mapping[str, Any]) -> None:
        """Have a person (`from`) text the account's number (`body`)."""
        phone, words = data["from"], data["body"]
        row = self._open(phone, PHONE, words, "inbound", "received")
        word = words.strip().upper()
        if word in STOP:
            self._stopped.add(phone)
            self.note("stops", phone)
        if word in START:
            self._stopped.discard(phone)
        about = {
            "ToCountry": "US",
            "SmsMessageSid": row["sid"],
            "NumMedia": "0",
            "SmsSid": row["sid"],
            "SmsStatus": "received",
            "Body": words,
            "To": PHONE,
            "NumSegments": "1",
            "MessageSid": row["sid"],
            "AccountSid": ACCOUNT,
            "From": phone,
            "ApiVersion": "2010-04-01",
        }
        self.tell("message", about)

    def _account(self, request: Request) -> Answer:
        return Answer(200, {"sid": ACCOUNT, "status": "active", "type": "Full"})

    def _send(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.raw.decode()).items()}
        if refusal := self._invalid(form):
            return refusal
        row = self._open(PHONE, form["To"], form["Body"], "outbound-api", "queued")
        words = self.world.digest(form["Body"])[:8]  # again on one day, it is the same text twice
        self.note("texts", f"{form['To']} {self.world.now.date()} {words}")
        self.world.plan(
            self.world.now + timedelta(seconds=5),
            f"twilio: {row['sid']} is delivered",
            lambda: self._deliver(row),
        )
        return Answer(201, dict(row), changed=True)

    def _invalid(self, form: Mapping[str, str]) -> Answer | None:
        if form.get("From") != PHONE:
            return _refuse(400, 21606, "The 'From' phone number provided is not yours.")
        to = form.get("To", "")
        if not to:
            return _refuse(400, 21604, "A 'To' phone number is required.")
        if not form.get("Body"):
            return _refuse(400, 21602, "Message body is required.")
        if len(form["Body"]) > LONGEST_BODY:
            return _refuse(400, 21617, "The concatenated message body exceeds the limit.")
        if not 1 <= int(form.get("ValidityPeriod", 1)) <= LONGEST_IN_QUEUE_SECONDS:
            return _refuse(400, 21902, "ValidityPeriod must be an integer from 1 to 36000.")
        if to in self._stopped or to == "+15005550004":
            return _refuse(400, *OPTED_OUT)
        return _refuse(400, *MAGIC[to]) if to in MAGIC else None

    def _open(self, sender: str, to: str, words: str, direction: str, status: str) -> Row:
        sid = "SM" + self.world.digest("twilio", to, words, len(self._rows))[:32]
        now = self._now()
        row = {
            "account_sid": ACCOUNT,
            "api_version": "2010-04-01",
            "body": words,
            "date_created": now,
            "date_sent": now if direction == "inbound" else None,
            "date_updated": now,
            "direction": direction,
            "error_code": None,
            "error_message": None,
            "from": sender,
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": str(-(-len(words) // 160)),
            "price": None,
            "price_unit": "USD",
            "sid": sid,
            "status": status,
            "subresource_uris": {"media": f"{LIST[:-5]}/{sid}/Media.json"},
            "to": to,
            "uri": f"{LIST[:-5]}/{sid}.json",
        }
        self._rows.append(row)
        return row

    def _deliver(self, row: Row) -> None:
        row.update(status="delivered", date_sent=self._now(), date_updated=self._now())
        dice = self.world.dice("stops", row["to"])
        if dice.random() < self._stops:
            at = self.world.now + timedelta(minutes=dice.randint(1, 60))
            stop = {"from": row["to"], "body": "Stop"}
            self.world.plan(at, f"twilio: {row['to']} stops", lambda: self.take(stop))

    def _list(self, request: Request) -> Answer:
        """The newest first; what a page's token names is the number of rows before it."""
        query = request.query
        wanted = {"to": query.get("To"), "from": query.get("From")}
        rows = [
            row
            for row in reversed(self._rows)
            if all(value in (None, row[name]) for name, value in wanted.items())
        ]
        size = min(int(query.get("PageSize", PAGE_SIZE)), self.rows_per_page)
        start = int(query.get("PageToken", "PASM0")[4:])
        named = {k: v for k, v in query.items() if k not in ("Page", "PageToken")}
        following = None
        if start + size < len(rows):
            page = {**named, "Page": str(start // size + 1), "PageToken": f"PASM{start + size}"}
            following = f"{LIST}?" + "&".join(f"{k}={quote(v, safe='')}" for k, v in page.items())
        body = {
            "messages": rows[start : start + size],
            "page": start // size,
            "page_size": size,
            "start": start,
            "end": min(start + size, len(rows)) - 1,
            "uri": LIST,
            "first_page_uri": f"{LIST}?PageSize={size}&Page=0",
            "previous_page_uri": None,
            "next_page_uri": following,
        }
        return Answer(200, body)

    def _now(self) -> str:
        return format_datetime(self.world.now)


def _refuse(status: int, code: int, message: str) -> Answer:
    told = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return Answer(status, told)


def account(at: Place) -> dict[str, Any]:
    """A client's account here."""
    receiver = f"http://127.0.0.1:{at.settings.receiver_port}"
    return at.account(
        "sandbox-twilio",
        "twilio",
        account_sid=ACCOUNT,
        from_phone=PHONE,
        webhook_url=f"{receiver}/webhooks/{at.client}/twilio",
    )


SERVED = Served(
    "twilio",
    account,
    lambda scene: Twilio(scene.world, stops=STOP_TEXTS),
    counts={"text.send": "texts"},
)
