"""Plain mail through the client's own server (SMTP submission, RFC 6409).

Docs: https://www.rfc-editor.org/rfc/rfc5321 (reply codes), https://www.rfc-editor.org/rfc/rfc6409,
https://docs.python.org/3/library/smtplib.html
Access: base_url `smtp://host:port`, `key` the password; options `from_name`, `from_email`, `user`
(none: no login), `journal` (`imap://host:port`) and `journal_user`; secret `journal` where the
journal's password is another one. STARTTLS and IMAP over TLS when the mode is production.
Paging: none, mail is only sent. Limits: the server's; over them it answers 4xx.

Quirks
- SMTP has no idempotency key. The Message-ID is made from ours, so that a repeated message can be
  seen, and mail programs can merge it.
- A line lost after DATA leaves the outcome unknown. `find` then needs a journal: a mailbox to which
  the *server* copies (BCC) every message it accepts; it is searched by Message-ID and only read.
  Without a journal a person decides.
- 4xx may be tried later (greylisting, over the rate); 5xx never gets better.
- `Date` is left to the server (RFC 6409 §8.2): a message is the same at every attempt.
- Addresses outside ASCII would need SMTPUTF8, which few servers speak: they are refused.

Unverified: how soon a server's copy reaches its journal. Look no sooner than it promises to.
"""

import hashlib
import imaplib
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from typing import Any
from urllib.parse import SplitResult, urlsplit

from connectors import deadline
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
from connectors.ports import Messenger
from connectors.records import Page, Receipt, Request, SendMessage
from connectors.vendor import Setting, Vendor

NAME = "smtp"
SECONDS = 30
NEEDED = ("from_name", "from_email")


def connect(access: Access) -> Messenger:
    """Open the client's mail server; every message leaves as the client's own."""
    needed = (*NEEDED, "journal_user") if access.options.get("journal") else NEEDED
    if missing := [name for name in needed if not access.options.get(name)]:
        raise Misconfigured(NAME, f"options missing: {', '.join(missing)}")
    return Mail(access)


class _Punctual(smtplib.SMTP):
    """Looks at the deadline whenever bytes leave."""

    def send(self, s: Any) -> None:
        deadline.check()
        super().send(s)


class Mail:
    """One mail server. Each message has a connection of its own, so threads may share this."""

    resources: tuple[str, ...] = ()
    search_lag = 5  # the journal's copy is delivered like any mail

    def __init__(self, access: Access) -> None:
        self._access = access
        self._server = urlsplit(access.base_url)
        self._from = access.options["from_email"]
        self._domain = self._from.rpartition("@")[2]

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Nothing: mail is only sent."""
        return iter(())

    def send(self, request: SendMessage, key: str) -> Receipt:
        """Send one message; the receipt's id is its Message-ID."""
        recipient = _address(request.to_name, request.to_email)
        message = self._message(request, recipient, key)
        with _before_data():
            smtp = self._connect()
        with closing(smtp):
            with _before_data():
                self._authenticate(smtp)
                _judge(*smtp.mail(self._from))
                _judge(*smtp.rcpt(recipient.addr_spec))
            with _after_data():
                _judge(*smtp.data(message.as_bytes()))
            with suppress(smtplib.SMTPException, OSError):  # it is sent, however we part
                smtp.quit()
        return Receipt(external_id=message["Message-ID"])

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look for an earlier attempt in the journal; OutcomeUnknown if there is no journal."""
        if not isinstance(request, SendMessage):
            raise Unsupported(NAME, "only messages can be found")
        journal = self._access.options.get("journal")
        if not journal:
            raise OutcomeUnknown(NAME, "there is no journal to look into")
        message_id = self._message_id(key)
        found = self._search(urlsplit(journal), message_id)
        return Receipt(external_id=message_id) if found else None

    def check(self) -> Iterator[Check]:
        """Whether the server lets us in, and the journal can be read; nothing is sent."""
        yield tried("server", "check address, user and key of the account", self._greet)
        journal = self._access.options.get("journal")
        if journal:
            reading = partial(self._search, urlsplit(journal), self._message_id("doctor"))
            yield tried("journal", "check the settings of the journal and its password", reading)
        else:
            remedy = "name a mailbox that gets a copy of all that is sent, or settle them by hand"
            yield Check("journal", "none: what became of a lost message cannot be found", remedy)

    def _greet(self) -> None:
        with _before_data(), closing(self._connect()) as smtp:
            self._authenticate(smtp)
            smtp.quit()

    def _message(self, request: SendMessage, recipient: Address, key: str) -> EmailMessage:
        message = EmailMessage(SMTP)
        message["Message-ID"] = self._message_id(key)
        message["From"] = _address(self._access.options["from_name"], self._from)
        message["To"] = recipient
        message["Subject"] = _one_line(request.subject)
        message["X-Template"] = request.template
        message.set_content(request.body, cte="quoted-printable")
        return message

    def _message_id(self, key: str) -> str:
        return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{self._domain}>"

    def _connect(self) -> smtplib.SMTP:
        host, port = self._server.hostname or "", self._server.port or 587
        return _Punctual(host, port, local_hostname=self._domain, timeout=SECONDS)

    def _authenticate(self, smtp: smtplib.SMTP) -> None:
        if self._access.mode == "production":
            smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo_or_helo_if_needed()
        if user := self._access.options.get("user"):
            smtp.login(user, self._access.key)

    def _search(self, journal: SplitResult, message_id: str) -> bool:
        with _reading():
            imap = self._open_journal(journal)
            try:
                self._log_in(imap)
                status, data = imap.search(None, "HEADER", "Message-ID", f'"{message_id}"')
            finally:
                imap.shutdown()
        if status != "OK":
            raise Unreadable(NAME, "the journal cannot be searched")
        return bool(data[0])

    def _open_journal(self, journal: SplitResult) -> imaplib.IMAP4:
        host = journal.hostname or ""
        if self._access.mode != "production":
            return imaplib.IMAP4(host, journal.port or 143, timeout=SECONDS)
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(host, journal.port or 993, ssl_context=context, timeout=SECONDS)

    def _log_in(self, imap: imaplib.IMAP4) -> None:
        password = self._access.secrets.get("journal", self._access.key)
        imap.login(self._access.options["journal_user"], password)
        status, _ = imap.select("INBOX", readonly=True)
        if status != "OK":
            raise Misconfigured(NAME, "the journal has no INBOX we may read")


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


@contextmanager
def _reading() -> Iterator[None]:
    """Name what goes wrong while the journal is read."""
    try:
        yield
    except imaplib.IMAP4.abort:
        raise Unavailable(NAME, "connection to the journal lost") from None
    except imaplib.IMAP4.error:
        raise Misconfigured(NAME, "credentials refused by the journal") from None
    except OSError:
        raise Unavailable(NAME, "no connection to the journal") from None


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


def _address(name: str, email: str) -> Address:
    """Read an address strictly: one recipient, and nothing that could become another header."""
    try:
        email.encode("ascii")
        return Address(_one_line(name), addr_spec=email)
    except (ValueError, IndexError, MessageError):
        raise Refused(NAME, "the address cannot be written to") from None


def _one_line(text: str) -> str:
    return " ".join(text.split())


VENDOR = Vendor(
    kind="messaging",
    name=NAME,
    title="SMTP",
    documents="https://www.rfc-editor.org/rfc/rfc6409",
    connect=connect,
    key="the password",
    settings=(
        Setting("from_name", "the sender's name, as the client's", required=True),
        Setting("from_email", "the sender's address", required=True),
        Setting("user", "the user to log in as; none: no login"),
        Setting("journal", "`imap://host:port` of a mailbox with a copy of all that is sent"),
        Setting("journal_user", "the journal's user"),
        Setting("journal", "the journal's password, if another", secret=True),
    ),
)
