"""Hurry: have a sweep look at what webhooks hinted at, without any vendor waiting for it.

The inbox is the list of what is to be looked at, so nothing here has to survive: what is missed is
read by the next scheduled sweep.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from uuid import UUID

from prefect.deployments import arun_deployment
from prefect.exceptions import FlowRunWaitTimeout, ObjectNotFound
from prefect.flow_runs import wait_for_flow_run
from starlette.concurrency import run_in_threadpool

from connectors.ledger import inbox
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from flows.requisition import carry_requisition
from flows.sweep import sweep
from tasks.desk import Surroundings

# Seconds in which hints gather, before each sweep in a row: the first ones come at once, while a
# stream of them must not use up the vendors' quotas.
PAUSES = (0.2, 0.5, 2.0, 5.0, 10.0, 30.0, 60.0)
LONGEST_SECONDS = 300  # to wait for one sweep

AtOnce = Callable[[str, UUID], Awaitable[bool]]

log = logging.getLogger(__name__)


def hinted(client: str) -> Scope | None:
    """What of a client has to be looked at; None: nothing any more."""
    with Ledger(Surroundings().database_url, client).transaction() as connection:
        return inbox.hinted(connection, client)


async def run_sweep(scope: Scope, at_once: AtOnce | None = None) -> None:
    """Start a sweep of the scope as a run of its own, and wait for its end, but not for ever.

    at_once: runs it, or says False. While nobody serves deployments it then stays scheduled; the
    next hint must not wait for that.
    """
    parameters = {"client": scope.client}
    if scope.requisition:
        parameters["requisition"] = scope.requisition
    flow = carry_requisition if scope.requisition else sweep
    run = await arun_deployment(
        f"{flow.name}/{flow.name}",
        parameters=parameters,
        tags=["webhook"],
        as_subflow=False,
        timeout=0,
    )
    if not (at_once and await at_once(flow.name, run.id)):
        with suppress(FlowRunWaitTimeout):
            await wait_for_flow_run(run.id, timeout=LONGEST_SECONDS)


class Hurry:
    """Sweeps for hints, one at a time for each client, however many hints arrive.

    A sweep that was turned away, or began before a hint arrived, leaves it unread: so there is
    another, after a longer pause. The last pause over, the rest is left to the schedule.
    """

    def __init__(
        self,
        hinted: Callable[[str], Scope | None] = hinted,
        run: Callable[[Scope], Awaitable[None]] = run_sweep,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._hinted, self._run, self._pauses = hinted, run, pauses
        self._noticed: set[str] = set()
        self._tending: dict[str, asyncio.Task[None]] = {}

    def notice(self, client: str) -> None:
        """Take note of a new hint for a client; returns at once."""
        self._noticed.add(client)
        if client not in self._tending:
            self._tending[client] = asyncio.create_task(self._tend(client))

    async def settled(self) -> None:
        """Wait until nothing is left to be started."""
        while self._tending:
            await asyncio.gather(*self._tending.values())

    async def _tend(self, client: str) -> None:
        try:
            for pause in self._pauses:
                await asyncio.sleep(pause)
                self._noticed.discard(client)
                scope = await run_in_threadpool(self._hinted, client)
                if scope:
                    await self._run(scope)
                    if client not in self._noticed:  # if nothing is left, the next comes at once
                        scope = await run_in_threadpool(self._hinted, client)
                if not scope and client not in self._noticed:
                    return
        except ObjectNotFound:  # nobody serves sweeps here, as in a demo: somebody runs them
            log.info("%s's webhooks wait for the next sweep", client)
        except Exception as failure:  # the ledger or Prefect is away: the schedule will see to it
            log.warning("no sweep for %s's webhooks now: %s", client, type(failure).__name__)
        finally:
            del self._tending[client]
