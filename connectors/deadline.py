"""Until when something may still be sent, looked at where the bytes leave.

A process can be stopped at any instant and wake minutes later, when another has long done its work.
So the last look at the clock is right before each write to the socket: the vendor never gets the
end of a request that is too late, and does not act on half of one.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from connectors.errors import Unavailable

_until: ContextVar[float | None] = ContextVar("until", default=None)


class TooLate(Unavailable):
    """It was not sent: by now another run may have taken it over."""

    def __init__(self) -> None:
        super().__init__("sending", "too late, and not sent")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let what is sent inside fail with TooLate once so many seconds are over."""
    token = _until.set(_now() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def check() -> None:
    """Raise TooLate if the time is over."""
    until = _until.get()
    if until is not None and _now() > until:
        raise TooLate


def _now() -> float:
    return time.clock_gettime(_CLOCK)


# This clock also goes on while the whole machine sleeps, where there is one that does.
_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
