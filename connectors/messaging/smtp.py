"""Plain mail through the client's own server (SMTP submission, RFC 6409).

Docs: https://www.rfc-editor.org/rfc/rfc5321 (reply codes), https://www.rfc-editor.org/rfc/rfc6409,
https://docs.python.org/3/library/smtplib.html
Access: base_url `smtp://host:port`, `key` the password; options `from_name`, `from_email`, `user`
(none: no login), `journal` (`imap://host:port`), `journal_user` and `dkim_selector`; secrets
`journal` where the journal's password is another one, and `dkim_key`. STARTTLS and IMAP over TLS
when the mode is production.
Paging: none, mail is only sent. Limits: the server's; over them it answers 4xx.

Quirks
- SMTP has no idempotency key. The Message-ID is made from ours, so that a repeated message can be
  seen, and mail programs can merge it.
- A line lost after DATA leaves the outcome unknown. `find` then needs a journal: a mailbox to which
  the *server* copies (BCC) every message it accepts; it is searched by Message-ID and only read.
  Without a journal a person decides.
- 4xx may be tried later (greylisting, over the rate); 5xx never gets better.
- Most relays sign what they send (DKIM, RFC 6376), and see to `Date`. For one that does not sign,
  `dkim_selector` has us sign with the sender's domain, as DMARC wants it; `Date` is not signed, so
  that the server may still add it.

Unverified: how soon a server's copy reaches its journal. Look no sooner than it promises to.
"""

import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import dkim

from connectors import deadline
from connectors.access import Access
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unsupported,
)
from connectors.health import Check, tried
from connectors.journal import SEARCH_LAG, Journal
from connectors.letter import letter, message_id
from connectors.ports import Messenger
from connectors.records import Page, Receipt, Request, SendMessage
from connectors.vendor import Setting, Vendor

NAME = "smtp"
SECONDS = 30
TRIAL = b"From: us@client.example\r\n\r\n"


def connect(access: Access) -> Messenger:
    """Open the client's mail server; every message leaves as the client's own."""
    if access.options.get("journal") and not access.options.get("journal_user"):
        raise Misconfigured(NAME, "the option 'journal_user' is missing")
    if access.options.get("dkim_selector") and not access.secrets.get("dkim_key"):
        raise Misconfigured(NAME, "the secret 'dkim_key' is missing")
    return Mail(access)


class _Punctual(smtplib.SMTP):
    """Looks at the deadline whenever bytes leave."""

    def send(self, s: Any) -> None:
        deadline.check()
        super().send(s)


class Mail:
    """One mail server. Each message has a connection of its own, so threads may share this."""

    resources: tuple[str, ...] = ()
    search_lag = SEARCH_LAG

    def __init__(self, access: Access) -> None:
        self._access = access
        self._server = urlsplit(access.base_url)
        self._from = access.options["from_email"]
        self._domain = self._from.rpartition("@")[2]
        self._journal = Journal(NAME, access)

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Nothing: mail is only sent."""
        return iter(())

    def send(self, request: SendMessage, key: str) -> Receipt:
        """Send one message; the receipt's id is its Message-ID."""
        message = letter(NAME, self._access, request, key)
        content = self._signed(message.as_bytes())
        with _before_data():
            smtp = self._connect()
        with closing(smtp):
            with _before_data():
                self._authenticate(smtp)
                _judge(*smtp.mail(self._from))
                _judge(*smtp.rcpt(request.to_email))
            with _after_data():
                _judge(*smtp.data(content))
            with suppress(smtplib.SMTPException, OSError):  # it is sent, however we part
                smtp.quit()
        return Receipt(external_id=message["Message-ID"])

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look for an earlier attempt in the journal; OutcomeUnknown if there is no journal."""
        if not isinstance(request, SendMessage):
            raise Unsupported(NAME, "only messages can be found")
        sent = message_id(self._from, key)
        return Receipt(external_id=sent) if self._journal.has("Message-ID", sent) else None

    def check(self) -> Iterator[Check]:
        """Whether the server lets us in, and there is a journal to read; nothing is sent."""
        yield tried("server", "check address, user and key of the account", self._greet)
        yield self._journal.check()
        if self._access.options.get("dkim_selector"):
            remedy = "put the selector's RSA key, in PEM, into the secret 'dkim_key'"
            yield tried("signature", remedy, partial(self._signed, TRIAL))

    def _greet(self) -> None:
        with _before_data(), closing(self._connect()) as smtp:
            self._authenticate(smtp)
            smtp.quit()

    def _signed(self, content: bytes) -> bytes:
        """Put a DKIM signature on top, if the account has a key for it."""
        if not (selector := self._access.options.get("dkim_selector")):
            return content
        key = self._access.secrets["dkim_key"].encode()
        try:
            signature: bytes = dkim.sign(content, selector.encode(), self._domain.encode(), key)
        except dkim.DKIMException:
            raise Misconfigured(NAME, "the secret 'dkim_key' is no RSA key in PEM") from None
        return signature + content

    def _connect(self) -> smtplib.SMTP:
        host, port = self._server.hostname or "", self._server.port or 587
        return _Punctual(host, port, local_hostname=self._domain, timeout=SECONDS)

    def _authenticate(self, smtp: smtplib.SMTP) -> None:
        if self._access.mode == "production":
            smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo_or_helo_if_needed()
        if user := self._access.options.get("user"):
            smtp.login(user, self._access.key)


@contextmanager
def _before_data() -> Iterator[None]:
    """Name what goes wrong while nothing has been handed over yet."""
    try:
        yield
    except ssl.SSLCertVerificationError:
        raise Misconfigured(NAME, "the server's certificate is not trusted") from None
    except smtplib.SMTPNotSupportedError:
        raise Misconfigured(NAME, "the server lacks STARTTLS or login") from None
    except smtplib.SMTPAuthenticationError as failure:
        if failure.smtp_code < 500:
            raise Unavailable(NAME, "login postponed", status=failure.smtp_code) from None
        raise Misconfigured(NAME, "credentials refused", status=failure.smtp_code) from None
    except smtplib.SMTPResponseException as failure:
        raise _not_taken(_failure(failure.smtp_code)) from None
    except OutcomeUnknown as failure:
        raise _not_taken(failure) from None
    except (smtplib.SMTPException, OSError):
        raise Unavailable(NAME, "no connection") from None


def _not_taken(failure: ConnectorError) -> ConnectorError:
    """Say of a failure before DATA that nothing was done, even if it is not understood."""
    is_unknown = isinstance(failure, OutcomeUnknown)
    return Unavailable(NAME, failure.what) if is_unknown else failure


@contextmanager
def _after_data() -> Iterator[None]:
    """Name what goes wrong once the server may have the message."""
    try:
        yield
    except smtplib.SMTPDataError as failure:  # DATA itself was declined
        raise _failure(failure.smtp_code) from None
    except (smtplib.SMTPException, OSError):
        raise OutcomeUnknown(NAME, "connection lost after DATA") from None


def _judge(code: int, _answer: bytes) -> None:
    """Pass 2xx. The answer's text is dropped: it repeats the recipient's address."""
    if not 200 <= code < 300:
        raise _failure(code)


def _failure(code: int) -> ConnectorError:
    """Name a reply code that is not a yes."""
    match code // 100:
        case 4:
            return Unavailable(NAME, "not now", status=code)
        case 5:
            return Refused(NAME, "message refused", status=code)
    return OutcomeUnknown(NAME, "reply not understood")


VENDOR = Vendor(
    kind="messaging",
    name=NAME,
    title="SMTP",
    documents="https://www.rfc-editor.org/rfc/rfc6409",
    reads="the journal, only to look for a lost message",
    writes="mail, as the client",
    connect=connect,
    address="the server, as `smtp://host:port`",
    key="the password",
    key_optional=True,
    settings=(
        Setting("from_name", "the sender's name, as the client's", required=True),
        Setting("from_email", "the sender's address", required=True),
        Setting("user", "the user to log in as; none: no login"),
        Setting("journal", "`imap://host:port` of a mailbox with a copy of all that is sent"),
        Setting("journal_user", "the journal's user"),
        Setting("journal", "the journal's password, if another", secret=True),
        Setting("dkim_selector", "the selector to sign with, if the server does not sign itself"),
        Setting("dkim_key", "the RSA key of that selector, in PEM", secret=True),
    ),
)
