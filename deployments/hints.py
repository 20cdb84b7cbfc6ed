"""Hints are stored many at a time: what comes while some are being written goes with the next.

One transaction for each would keep as many threads at work as there are requests, and whoever waits
for the interpreter among them is answered late.
"""

import asyncio
from collections.abc import Callable, Sequence

from anyio import CapacityLimiter, to_thread

from connectors.ledger import inbox
from connectors.ledger.inbox import Hint
from connectors.ledger.store import Ledger
from tasks.desk import Surroundings

AT_ONCE = 5  # clients: as many as the ledger keeps connections open
Keep = Callable[[str, Sequence[Hint]], list[bool]]


def keep(client: str, hints: Sequence[Hint]) -> list[bool]:
    """Store a client's hints in one transaction; for each whether it is new."""
    with Ledger(Surroundings().database_url, client).transaction() as connection:
        return inbox.keep_hints(connection, client, hints)


class Hints:
    """Stores each client's hints, one transaction at a time."""

    def __init__(self, keep: Keep = keep) -> None:
        self._keep = keep
        self._waiting: dict[str, list[tuple[Hint, asyncio.Future[bool]]]] = {}
        self._at_once = CapacityLimiter(AT_ONCE)
        self._writers: dict[str, asyncio.Task[None]] = {}

    async def store(self, client: str, hint: Hint) -> bool:
        """Return when a hint is stored durably; False if it was known. Raises what storing does."""
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, []).append((hint, stored))
        if client not in self._writers:
            self._writers[client] = asyncio.create_task(self._write(client))
        return await stored

    async def _write(self, client: str) -> None:
        try:
            while batch := self._waiting.pop(client, []):
                hints, told = zip(*batch, strict=True)
                try:
                    new = await to_thread.run_sync(self._keep, client, hints, limiter=self._at_once)
                except Exception as failure:  # whoever waits is told, and the next are tried
                    for stored in told:
                        if not stored.done():
                            stored.set_exception(failure)
                else:
                    for stored, is_new in zip(told, new, strict=True):
                        if not stored.done():  # who has hung up has none to be told
                            stored.set_result(is_new)
        finally:
            del self._writers[client]
