"""Carry: the one way through, for a client or for one of its requisitions."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from prefect import Task, get_run_logger, tags
from prefect.client.schemas.objects import State
from prefect.context import SyncClientContext

from connectors.errors import ConnectorError, LedgerUnavailable
from connectors.ledger import breaker, cursors, hold, rows, steps
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.ports import System
from flows import runs
from tasks import clock
from tasks.decide import decide, end, inform
from tasks.deliver import deliver, settle
from tasks.desk import Desk, open_desk
from tasks.gate import gate
from tasks.observe import observe, open_applications, read_inbox
from tasks.progress import publish
from tasks.stages import ORDER


class Incomplete(ConnectorError):
    """A run went on to its end, but some of its steps failed; the next run does them."""


BUSY = "another run is carrying this client; nothing was done"
PATIENCE = timedelta(hours=1)  # of what comes once a day with a run that is under way


async def carry(scope: Scope, as_of: datetime) -> str:
    """Settle what was left, observe every system, let each stage gate and decide, deliver.

    Started again at the same instant, it goes on where it was killed; complete, it does nothing. A
    system that cannot be read does not keep the others from moving; what could not be done is
    raised as Incomplete at the end. Two runs of one client never work at once: the second leaves at
    once, and the next tick does its work. Time never goes back: a run that is given an older
    instant than the ledger knows works at the ledger's, so no wait is begun in the past.
    """
    desk = await open_desk(scope.client)
    marks = await runs.tag(scope)
    # One HTTP client for all tasks: without it each builds its own, which costs more than its work.
    with tags(*marks), SyncClientContext.get_or_create(), desk.ledger.exclusively() as mine:
        if not mine:
            get_run_logger().warning(BUSY)
            return BUSY
        return _carry(desk, scope, as_of)


async def carry_anew(scope: Scope, as_of: datetime | None) -> str:
    """Carry, and read every system from its beginning; a run that is under way is waited for.

    as_of: the instant to look at; None: when the wait is over. Raises Incomplete also if the wait
    was too long.
    """
    desk = await open_desk(scope.client)
    marks = await runs.tag(scope)
    with tags(*marks), SyncClientContext.get_or_create(), desk.ledger.exclusively(PATIENCE) as mine:
        if not mine:
            raise Incomplete(str(scope), BUSY)
        with desk.ledger.transaction() as connection:
            newest = steps.newest(connection, scope.client)
            cursors.forget(connection, scope.client)
        now = clock.now()
        # A sweep of this very second has its steps behind it, and they are to be done again.
        return _carry(desk, scope, as_of or (now + timedelta.resolution if newest == now else now))


def _carry(desk: Desk, scope: Scope, as_of: datetime) -> str:
    sweep = _Steps(desk.ledger, scope, as_of)
    sweep.always("settle", settle)
    for system in sweep.readable(desk.systems):
        sweep.once(f"observe {system}", observe, system)
    sweep.once("read inbox", read_inbox)
    sweep.once("open applications", open_applications)
    sweep.once("end", end)
    for stage in ORDER:
        if sweep.anybody(stage):
            with tags(f"stage:{stage}"):
                sweep.once(f"gate {stage}", gate, stage)
                sweep.once(f"decide {stage}", decide, stage)
        else:
            sweep.nothing_to_do(f"gate {stage}", f"decide {stage}")
    if desk.process.inform:
        sweep.once("inform boards", inform)
    sweep.always("deliver", deliver)
    sentence = sweep.always("publish", publish).message or ""
    if sweep.undone:
        raise Incomplete(str(scope), f"{sentence}; could not be done: {', '.join(sweep.undone)}")
    return sentence


class _Steps:
    """The steps of one sweep: those a killed one has behind it, and those that failed."""

    def __init__(self, ledger: Ledger, scope: Scope, as_of: datetime) -> None:
        self._ledger, self._scope, self._as_of = ledger, scope, runs.instant(ledger, as_of)
        self.undone: list[str] = []

    def always(self, step: str, run: Task[..., Any], *arguments: str) -> State[Any]:
        """Do a step, also if it was done before; never when another run has gone further."""
        self._behind()
        return self._do(step, run, *arguments)

    def _do(self, step: str, run: Task[..., Any], *arguments: str) -> State[Any]:
        state = cast(State[Any], run(*arguments, self._scope, self._as_of, return_state=True))
        if not state.is_completed():
            failure = state.result(raise_on_failure=False, _sync=True)  # type: ignore[call-overload]
            if isinstance(failure, LedgerUnavailable):
                raise failure  # without it nothing can go on, and nothing is to be remembered
            self.undone.append(step)
        return state

    def once(self, step: str, run: Task[..., Any], *arguments: str) -> None:
        """Do a step unless another sweep of the same instant, killed or not, has it behind it."""
        if step not in self._behind() and self._do(step, run, *arguments).is_completed():
            with self._ledger.transaction() as connection:
                steps.complete(connection, self._scope, self._as_of, step)

    def nothing_to_do(self, *passed: str) -> None:
        """Put steps behind: whom a later step brings here waits for the next instant, as always."""
        with self._ledger.transaction() as connection:
            if ahead := {*passed} - steps.behind(connection, self._scope, self._as_of):
                steps.complete(connection, self._scope, self._as_of, *sorted(ahead))

    def _behind(self) -> set[str]:
        with self._ledger.transaction() as connection:
            return steps.behind(connection, self._scope, self._as_of)

    def readable(self, systems: Mapping[str, System]) -> list[str]:
        """The systems that can be read and do not stand still, by name."""
        client = self._scope.client
        with self._ledger.transaction() as connection:
            still = hold.vendors(connection, client)
            still |= breaker.untrusted(connection, client, breaker.READS, self._as_of)
        return sorted(
            name for name, each in systems.items() if each.resources and name not in still
        )

    def anybody(self, stage: str) -> bool:
        """Whether anybody is in a stage or at its gate."""
        with self._ledger.transaction() as connection:
            return rows.anybody(connection, stage, self._scope)
