"""Text messages (SMS) through Twilio, API version 2010-04-01.

Docs: https://www.twilio.com/docs/messaging/api/message-resource
Auth: HTTP basic; `options["account_sid"]` and the auth token as `key`, or `options["api_key_sid"]`
  and that key's secret, with the auth token as the secret `webhook`.
Access: options `account_sid`; `from_phone` or `messaging_service_sid`; `webhook_url`, our address
  as Twilio was told it. Test credentials are of no use here: they cannot list messages.
Paging: `next_page_uri`, 1000 a page at most.
Limits: queued by Twilio and sent as fast as the carriers allow; over the API's rate 429.
Errors: `{"code", "message", "more_info", "status"}`; the message may repeat a number.

Who is texted: only a person who has agreed to it, who has not told us to stop, and only between 8
and 21 where they live (connectors/calling_hours.py). All else is Refused or TooEarly, never sent.
STOP is read where it was said: in what the person has texted to any number of the account. Only
START takes it back. Twilio itself keeps a list, too, and refuses with 21610
(https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out).

Quirks
- There is no idempotency key, and nothing of ours can be put beside a message. A lost one is looked
  for by its words: the same text to the same number within a day counts as one, an earlier one is
  a person's to judge.
- `SmartEncoded` would change the words, so it is off. A trial account puts a sentence before them.
- `ValidityPeriod` keeps what waits in Twilio's queue from being sent in the night.
- The signature of a webhook covers the address Twilio calls, and the form's fields by name, each
  value once (https://www.twilio.com/docs/usage/security). It has no time: an old one makes us look.
- An answer in plain text would be sent to the person: Twilio is thanked with empty TwiML.

Unverified: error codes other than 21606, 21610 and 21612; how long Twilio keeps messages; that the
list shows a message as soon as it was taken.
"""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from requests.auth import HTTPBasicAuth

from connectors import calling_hours, webhook
from connectors.access import Access
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    TooEarly,
    Unavailable,
    Unreadable,
    Unsupported,
)
from connectors.health import Check, tried
from connectors.http import Api, RefusedReply, segment
from connectors.payload import Payload, items
from connectors.ports import Messenger
from connectors.records import Page, Receipt, Request, SendMessage, Sms
from connectors.vendor import Sender, Setting, Vendor

NAME = "twilio"
PAGE_SIZE = 1000
LONGEST_IN_QUEUE_SECONDS = 36_000
SAME_WORDS_ARE_ONE = timedelta(days=1)
STOP = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
START = frozenset({"start", "unstop"})
OPTED_OUT, QUEUE_FULL = 21610, 21611
SET_UP = frozenset(
    {
        20404,  # no such account
        21212,  # the sender is no number
        21603,  # no sender
        21606,  # the sender is not ours
        21608,  # a trial account, which texts verified numbers only
        21703,  # the service has no sender
    }
)
INBOUND = {"inbound": True, "outbound-api": False, "outbound-call": False, "outbound-reply": False}
# Whether a message with this status has left us. One that failed has, too: it is not sent again.
OUTBOUND = {
    "accepted": True,
    "scheduled": True,
    "queued": True,
    "sending": True,
    "sent": True,
    "delivered": True,
    "undelivered": True,
    "failed": True,
    "read": True,
    "partially_delivered": True,
    "canceled": False,
    "receiving": False,
    "received": False,
}


def connect(
    access: Access,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Messenger:
    """Open one Twilio account; raises Misconfigured without an account or a sender.

    now: the hour that decides whether anybody may be texted.
    """
    account, sender = access.options.get("account_sid"), _sender(access)
    if not account or not sender:
        raise Misconfigured(NAME, "options missing: account_sid, or a sender")
    auth = HTTPBasicAuth(access.options.get("api_key_sid") or account, access.key)
    api = Api(NAME, access.base_url, auth, sleep=sleep)
    return Twilio(api, account, sender, now)


def _sender(access: Access) -> dict[str, str]:
    ours = {"MessagingServiceSid": "messaging_service_sid", "From": "from_phone"}
    found = {field: access.options.get(option, "") for field, option in ours.items()}
    return next(({field: value} for field, value in found.items() if value), {})


class Twilio:
    """The client's number at Twilio."""

    resources: tuple[str, ...] = ()
    search_lag = 5

    def __init__(
        self, api: Api, account: str, sender: Mapping[str, str], now: Callable[[], datetime]
    ) -> None:
        self._api, self._sender, self._now = api, sender, now
        self._path = f"/2010-04-01/Accounts/{segment(account)}/Messages.json"

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Nothing: what people answer is only read before they are texted again."""
        return iter(())

    def send(self, request: SendMessage, key: str) -> Receipt:
        """Text the short form; the receipt's id is the message's.

        Raises Refused for who has not agreed, has told us to stop or lives where we do not know the
        hours; TooEarly by night.
        """
        sms = request.sms
        if sms is None or sms.consent_at > self._now():
            raise Refused(NAME, "this person has not agreed to be texted")
        seconds_left = self._seconds_left(sms)
        data = {
            **self._sender,
            "To": sms.to_phone,
            "Body": sms.body,
            "SmartEncoded": "false",
            "ValidityPeriod": str(min(seconds_left, LONGEST_IN_QUEUE_SECONDS)),
        }
        with _named():
            if self._has_opted_out(sms.to_phone):
                raise _opted_out()
            sid = self._api.write("POST", self._path, data=data, reading=_sent)
        return Receipt(external_id=sid)

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look for the same words to the same number within the last day.

        Those of earlier days are a person's to judge: OutcomeUnknown.
        """
        if not isinstance(request, SendMessage):
            raise Unsupported(NAME, "only messages can be found")
        if request.sms is None:
            return None  # such a one is never sent
        with _named():
            found = [(_created(row), row.take("sid", str)) for row in self._same(request.sms)]
        if not found:
            return None
        at, sid = max(found)
        if at < self._now() - SAME_WORDS_ARE_ONE:
            raise OutcomeUnknown(NAME, f"message {sid} said the same, but earlier")
        return Receipt(external_id=sid)

    def check(self) -> Iterator[Check]:
        """Whether the key may read messages; nothing is sent."""
        read = partial(self._api.read, "GET", self._path, params={"PageSize": "1"})
        yield tried("messages", "check the account's id, and the key", read)
        yield from self._api.health()

    def _same(self, sms: Sms) -> Iterator[Payload]:
        """Yield what has left us for this number in these words."""
        for row in self._all({"To": sms.to_phone}):
            words = row.maybe("body", str) or ""
            if words.strip() == sms.body.strip() and row.choice("status", OUTBOUND):
                yield row

    def _seconds_left(self, sms: Sms) -> int:
        """How long this person may be texted from now on; at least a second."""
        there, now = calling_hours.zones(sms.residence), self._now()
        if not there:
            raise Refused(NAME, "the hours of the place where this person lives are not known")
        if wait := calling_hours.opens_in(there, now):
            raise TooEarly(NAME, "it is night there", seconds=wait.total_seconds())
        return max(1, int(calling_hours.closes_in(there, now).total_seconds()))

    def _has_opted_out(self, phone: str) -> bool:
        """Whether the last thing this person has said about texts is to stop."""
        told = [(_created(row), said) for row in self._all({"From": phone}) if (said := _said(row))]
        last = max(told, key=lambda each: each[0], default=None)
        return last is not None and last[1] == "stop"

    def _all(self, about: Mapping[str, str]) -> Iterator[Payload]:
        params = {**about, "PageSize": str(PAGE_SIZE)}
        while params:
            body = Payload(NAME, self._api.read("GET", self._path, params=params).body)
            yield from items(NAME, body.take("messages", list))  # none is no empty list
            following = urlsplit(body.maybe("next_page_uri", str) or self._path)
            if following.path != self._path or following.netloc:
                raise Unreadable(NAME, "the next page is elsewhere")
            params = dict(parse_qsl(following.query))  # apart from the path, which errors name


def verify(raw: bytes, headers: Mapping[str, str], token: str, address: str) -> bool:
    """Tell whether `X-Twilio-Signature` is that of our address and the form in the body."""
    given = next((v for k, v in headers.items() if k.lower() == "x-twilio-signature"), "")
    signed = address + "".join(name + value for name, value in sorted(set(_form(raw))))
    digest = hmac.new(token.encode(), signed.encode(errors="replace"), hashlib.sha1).digest()
    return bool(address) and hmac.compare_digest(base64.b64encode(digest), given.encode())


def read_webhook(raw: bytes) -> webhook.Event:
    """Read that a person has texted us, and whether it was to stop; raises Unreadable.

    Neither their number nor their words are kept: they are read at Twilio.
    """
    told = dict(_form(raw))
    sid = webhook.identifier(NAME, told.get("MessageSid"))
    return webhook.Event(id=sid, kind=wish(told.get("Body", "")) or "message", refs=(sid,))


def wish(words: str) -> str:
    """What somebody wants who texts this: "stop" or "start" texting them, "" for anything else.

    Who is unclear about stopping is taken to want it; to start, it takes the one word.
    """
    said = [word for word in re.findall(r"[a-z]+", words.lower()) if word != "please"]
    if (said[:1] and said[0] in STOP) or said[:2] == ["opt", "out"]:
        return "stop"
    return "start" if len(said) == 1 and said[0] in START else ""


def _form(raw: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw.decode(), keep_blank_values=True)
    except ValueError:
        return []


def _said(row: Payload) -> str:
    is_theirs = row.choice("direction", INBOUND)
    return wish(row.maybe("body", str) or "") if is_theirs else ""


def _sent(body: Any) -> str:
    row = Payload(NAME, body)
    if not row.choice("status", OUTBOUND):
        raise Unreadable(NAME, "a message that was taken has another status")
    return row.take("sid", str)


def _created(row: Payload) -> datetime:
    try:
        at = parsedate_to_datetime(row.take("date_created", str))
    except ValueError:
        raise Unreadable(NAME, "'date_created' is not a time") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)  # -0000, in RFC 5322: UTC


def _opted_out() -> Refused:
    return Refused(NAME, "this person has told us to stop texting them")


@contextmanager
def _named() -> Iterator[None]:
    """Name an error by its code; its text is dropped, as it may repeat the number."""
    try:
        yield
    except RefusedReply as refusal:
        raise _meaning(refusal) from None


def _meaning(refusal: RefusedReply) -> ConnectorError:
    code = refusal.body.get("code") if isinstance(refusal.body, dict) else None
    told = f"refused with code {code}" if isinstance(code, int) else "refused"
    if code == OPTED_OUT:
        return _opted_out()
    if code == QUEUE_FULL:
        return Unavailable(NAME, told, status=refusal.status)
    if code in SET_UP:
        return Misconfigured(NAME, told, status=refusal.status)
    return Refused(NAME, told, status=refusal.status)


VENDOR = Vendor(
    kind="texting",
    name=NAME,
    title="Twilio",
    documents="https://www.twilio.com/docs/messaging/api/message-resource",
    reads="what a person has texted, before they are texted",
    writes="text messages (SMS), the short form of a message",
    connect=connect,
    needs=("now",),
    addresses={"production": "https://api.twilio.com"},
    domain="twilio.com",
    key="the account's auth token, or the secret of an API key",
    settings=(
        Setting("account_sid", "the account's id, AC and 32 digits", required=True),
        Setting("from_phone", "the number that texts, as in +14155550100"),
        Setting("messaging_service_sid", "a messaging service that chooses the number instead"),
        Setting("api_key_sid", "the id of the API key, if the key is its secret"),
        Setting("webhook_url", "our address for incoming messages, exactly as Twilio was told it"),
        Setting("webhook", "the auth token, if the key is an API key's secret", secret=True),
    ),
    webhooks=Sender(
        verify,
        read_webhook,
        signs_with_key=True,
        thanks="<Response/>",
        thanks_type="text/xml",
        address="webhook_url",
    ),
)
