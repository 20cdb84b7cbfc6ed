"""A mailbox that gets a copy of all mail that is sent, in which a lost message is looked up.

Docs: https://www.rfc-editor.org/rfc/rfc3501#section-6.4.4 (SEARCH)
Account: `journal` (`imap://host:port`), `journal_user`; the secret `journal`, or else the key, is
the password. IMAP over TLS when the mode is production. It is only read.
"""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit

from connectors.access import Access
from connectors.errors import Misconfigured, OutcomeUnknown, Unavailable, Unreadable
from connectors.health import Check, tried

SECONDS = 30
SEARCH_LAG = 5  # the copy is delivered like any mail


class Journal:
    """One account's journal; `system` is the vendor in whose name it speaks."""

    def __init__(self, system: str, access: Access) -> None:
        self._system, self._access = system, access
        self.address = access.options.get("journal", "")

    def has(self, header: str, value: str) -> bool:
        """Whether a message with this header was accepted; OutcomeUnknown without a journal."""
        if not self.address:
            raise OutcomeUnknown(self._system, "there is no journal to look into")
        with self._reading():
            imap = self._open()
            try:
                self._log_in(imap)
                status, data = imap.search(None, "HEADER", header, f'"{value}"')
            finally:
                imap.shutdown()
        if status != "OK":
            raise Unreadable(self._system, "the journal cannot be searched")
        return bool(data[0])

    def check(self) -> Check:
        """Whether there is a journal, and it can be read."""
        if not self.address:
            remedy = "name a mailbox that gets a copy of all that is sent, or settle them by hand"
            return Check("journal", "none: what became of a lost message cannot be found", remedy)
        reading = partial(self.has, "Message-ID", "<doctor>")
        return tried("journal", "check the settings of the journal and its password", reading)

    def _open(self) -> imaplib.IMAP4:
        server = urlsplit(self.address)
        host = server.hostname or ""
        if self._access.mode != "production":
            return imaplib.IMAP4(host, server.port or 143, timeout=SECONDS)
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(host, server.port or 993, ssl_context=context, timeout=SECONDS)

    def _log_in(self, imap: imaplib.IMAP4) -> None:
        password = self._access.secrets.get("journal", self._access.key)
        imap.login(self._access.options["journal_user"], password)
        status, _ = imap.select("INBOX", readonly=True)
        if status != "OK":
            raise Misconfigured(self._system, "the journal has no INBOX we may read")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Name what goes wrong while the journal is read."""
        try:
            yield
        except imaplib.IMAP4.abort:
            raise Unavailable(self._system, "connection to the journal lost") from None
        except imaplib.IMAP4.error:
            raise Misconfigured(self._system, "credentials refused by the journal") from None
        except OSError:
            raise Unavailable(self._system, "no connection to the journal") from None
