"""Carry: the one way through, for a client or for one of its requisitions."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from prefect import Task, get_run_logger, tags
from prefect.client.schemas.objects import State
from prefect.context import SyncClientContext

from connectors.ledger import rows, steps
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from flows import runs
from tasks.decide import decide, end
from tasks.deliver import deliver, settle
from tasks.desk import open_desk
from tasks.gate import gate
from tasks.observe import observe, open_applications, read_inbox
from tasks.progress import publish
from tasks.stages import ORDER

BUSY = "another run is carrying this client; nothing was done"


async def carry(scope: Scope, as_of: datetime) -> str:
    """Settle what was left, observe every system, let each stage gate and decide, deliver.

    Started again at the same instant, it goes on where it was killed; complete, it does nothing.
    A system that cannot be read is reported and does not keep the others from moving. Two runs of
    one client never work at once: the second leaves at once, and the next tick does its work.
    """
    desk = await open_desk(scope.client)
    marks = await runs.tag(scope)
    # One HTTP client for all tasks: without it each builds its own, which costs more than its work.
    with tags(*marks), SyncClientContext.get_or_create(), desk.ledger.exclusively() as mine:
        if not mine:
            get_run_logger().warning(BUSY)
            return BUSY
        once = _once(desk.ledger, scope, as_of)
        settle(scope, as_of, return_state=True)
        for system, connector in sorted(desk.systems.items()):
            if connector.resources:
                once(f"observe {system}", observe, system)
        once("read inbox", read_inbox)
        once("open applications", open_applications)
        once("end", end)
        for stage in ORDER:
            if not _anybody(desk.ledger, stage, scope):
                continue
            with tags(f"stage:{stage}"):
                once(f"gate {stage}", gate, stage)
                once(f"decide {stage}", decide, stage)
        deliver(scope, as_of, return_state=True)
        published = publish(scope, as_of, return_state=True)
        return published.message or ""


def _once(ledger: Ledger, scope: Scope, as_of: datetime) -> Callable[..., None]:
    """Run a step unless a killed sweep of the same instant has it behind it."""
    with ledger.transaction() as connection:
        behind = steps.behind(connection, scope, as_of)

    def once(step: str, run: Task[..., Any], *arguments: str) -> None:
        if step in behind:
            return
        state = cast(State[Any], run(*arguments, scope, as_of, return_state=True))
        if state.is_completed():
            with ledger.transaction() as connection:
                steps.complete(connection, scope, as_of, step)

    return once


def _anybody(ledger: Ledger, stage: str, scope: Scope) -> bool:
    with ledger.transaction() as connection:
        return rows.anybody(connection, stage, scope)
