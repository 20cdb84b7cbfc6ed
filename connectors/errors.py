"""The ways a connector can fail, named by what happens next.

ConnectorError
├── Misconfigured    our set-up is wrong                            → a person fixes it
├── Refused          the vendor understood and said no              → the record is held
├── Unsupported      the vendor cannot be told this at all          → the stage picks another way
├── Unreadable       the vendor said something we do not understand → looked at by a person
├── Unavailable      busy, down or slow, and nothing was done       → tried again
│   ├── LedgerUnavailable   our own database cannot be reached       → the whole run stops
│   └── TooEarly            nobody may be disturbed at this hour     → done when it may be
└── OutcomeUnknown   a write's answer was lost, or proves nothing    → looked up before repeating
"""


class ConnectorError(Exception):
    """Base of every error a connector raises. Never carries a response body: bodies hold people."""

    def __init__(self, system: str, what: str, *, status: int | None = None) -> None:
        self.system, self.what, self.status = system, what, status
        super().__init__(system, what, status)

    def __str__(self) -> str:
        """Name the system, what happened and the HTTP status if there was one."""
        return f"{self.system}: {self.what}" + (f" (HTTP {self.status})" if self.status else "")


class Misconfigured(ConnectorError):
    """Our own set-up is wrong; no retry will help."""


class Refused(ConnectorError):
    """The vendor understood the request and declined it."""


class Unsupported(ConnectorError):
    """The vendor has no way to express this request."""


class Unreadable(ConnectorError):
    """The vendor's answer does not have the shape we know."""


class Unavailable(ConnectorError):
    """Busy, down or slow; the vendor has changed nothing. `retry_after`: seconds, if told."""

    def __init__(
        self,
        system: str,
        what: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(system, what, status=status)
        self.retry_after = retry_after


class LedgerUnavailable(Unavailable):
    """Our own database cannot be reached, or was lost in a transaction; without it all stands."""

    def __init__(self) -> None:
        super().__init__("ledger", "PostgreSQL cannot be reached; the next run goes on from here")


class TooEarly(Unavailable):
    """It may not be done at this hour, in so many seconds it may; the vendor is well."""

    def __init__(self, system: str, what: str, *, seconds: float) -> None:
        super().__init__(system, what, retry_after=seconds)
        self.seconds = seconds


class OutcomeUnknown(ConnectorError):
    """A write may or may not have happened; it must be found before it is repeated."""
