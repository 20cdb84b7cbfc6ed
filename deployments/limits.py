"""What bounds a request: how large it may be, and how many may come."""

import time
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 10 * 1024 * 1024
PER_SECOND, BURST = 250, 500  # for one account; vendors send a few, and a bulk change hundreds
LOOKUPS_PER_SECOND = 20  # for accounts nobody has heard of, all together


class Bounded:
    """Ends a request that is larger than anything we expect, before it has filled the memory."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what arrives, and answer 413 when it is too much."""
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > LARGEST_BODY:
                raise HTTPException(413)
            return message

        await self.app(scope, bounded, send)


class Rates:
    """A token bucket for each name: `burst` at once, `per_second` in the long run."""

    def __init__(
        self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._left: dict[str, tuple[float, float]] = {}

    def wait(self, name: str) -> float:
        """Take one from a name's bucket; 0, or the seconds until there is one."""
        at = self._clock()
        left, before = self._left.get(name, (self._burst, at))
        left = min(self._burst, left + (at - before) * self._per_second)
        taken = left >= 1
        self._left[name] = (left - 1 if taken else left, at)
        return 0.0 if taken else (1 - left) / self._per_second
