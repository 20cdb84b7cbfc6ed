"""The accounts whose deliveries the receiver can verify, read from their blocks when needed."""

import asyncio
import logging
import math
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException

from connectors.access import Access
from connectors.ledger.store import Ledger
from deployments.limits import LOOKUPS_PER_SECOND, Rates
from tasks.account import BlockKeeper, account_type, put
from tasks.desk import Surroundings

FRESH_SECONDS = 60.0  # as long an account is believed to be as it was read
MOST = 10_000  # accounts to remember, those that do not exist included
_SLUG = re.compile(r"[a-z][a-z0-9_]{1,39}")

Load = Callable[[str, str], Awaitable[Access | None]]
log = logging.getLogger(__name__)


def keep(client: str, vendor: str, values: Mapping[str, Any]) -> None:
    """Put values into an account's block while nobody renews the tokens in it; for a thread."""
    with BlockKeeper(Ledger(Surroundings().database_url, client), vendor).alone():
        asyncio.run(put(client, vendor, values))


def remember_secret(client: str, vendor: str, name: str, value: str) -> None:
    """Put a secret into an account's block, by the name its connector knows; for a thread."""
    keep(client, vendor, account_type(vendor).fields_of({name: value}))


class Accounts:
    """Accounts as they were last read; asking for one that was read costs nothing."""

    def __init__(self, load: Load, clock: Callable[[], float] = time.monotonic) -> None:
        self._load, self._clock = load, clock
        self._known: dict[tuple[str, str], tuple[Access | None, float]] = {}
        self._lookups = Rates(LOOKUPS_PER_SECOND, LOOKUPS_PER_SECOND, clock)
        self._one_by_one = asyncio.Lock()

    async def find(self, client: str, vendor: str) -> Access | None:
        """The account, None if there is none.

        Raises HTTPException: 429 when too many unknown ones are asked for, 503 when it cannot be
        read now.
        """
        if not _SLUG.fullmatch(client):
            return None
        account, read_at = self._remembered(client, vendor)
        if account or self._is_fresh(read_at):
            return account
        return await self.read_again(client, vendor)

    async def read_again(self, client: str, vendor: str) -> Access | None:
        """The account as it is now, if it may have changed since it was read; raises like find."""
        async with self._one_by_one:
            account, read_at = self._remembered(client, vendor)
            if self._is_fresh(read_at):
                return account
            if seconds := self._lookups.wait("all"):
                raise HTTPException(429, headers={"Retry-After": str(math.ceil(seconds))})
            account = await self._now(client, vendor)
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[client, vendor] = account, self._clock()
            return account

    async def signed(self, client: str, vendor: str, by: Callable[[Access], bool]) -> bool:
        """Whether something was signed `by` the account, also with a secret it has got since."""
        for ask in (self.find, self.read_again):
            account = await ask(client, vendor)
            if account and by(account):
                return True
        return False

    def forget(self, client: str, vendor: str) -> None:
        """Have an account read again when it is next asked for."""
        self._known.pop((client, vendor), None)

    def _remembered(self, client: str, vendor: str) -> tuple[Access | None, float]:
        return self._known.get((client, vendor), (None, -math.inf))

    def _is_fresh(self, read_at: float) -> bool:
        return self._clock() - read_at < FRESH_SECONDS

    async def _now(self, client: str, vendor: str) -> Access | None:
        try:
            return await self._load(client, vendor)
        except Exception as failure:  # whatever keeps Prefect from answering
            log.warning("account of %s at %s not read: %s", client, vendor, type(failure).__name__)
            raise HTTPException(503, headers={"Retry-After": "5"}) from None
