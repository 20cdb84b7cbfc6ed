"""Candidate care: whoever waits in silence is told once a day, and the past days are sealed."""

from datetime import datetime

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.context import SyncClientContext

from connectors.ledger.scope import Scope
from flows import runs
from flows.carry import BUSY, PATIENCE, Incomplete
from flows.clients import cores, for_each
from tasks import clock
from tasks.care import care, seal_days
from tasks.deliver import deliver
from tasks.desk import open_desk


@flow(name="candidate-care", flow_run_name=runs.name, persist_result=False, task_runner=cores())
async def candidate_care(
    client: str | None = None, as_of: datetime | None = None, pool: str | None = None
) -> State[None]:
    """Write to everyone who has waited too long for a word from us, and seal the record.

    Args:
        client: The client's name; empty for all of them.
        as_of: The instant to look at; empty for now.
        pool: Whose clients, if no client is named; empty for those of every pool.
    """
    moment = clock.moment(as_of) if as_of else None  # now is when a run under way has ended
    return await for_each(client, pool, lambda name: _care_for(Scope(name), moment))


async def _care_for(scope: Scope, as_of: datetime | None) -> str:
    desk = await open_desk(scope.client)
    await runs.tag(scope)
    with SyncClientContext.get_or_create(), desk.ledger.exclusively(PATIENCE) as mine:
        if not mine:
            raise Incomplete(str(scope), BUSY)
        instant = runs.instant(desk.ledger, as_of or clock.now())
        states = [task(scope, instant, return_state=True) for task in (care, deliver, seal_days)]
    sentence = f"{scope}: {'; '.join(state.message or '' for state in states)}"
    if not all(state.is_completed() for state in states):
        raise Incomplete(str(scope), sentence)
    return sentence
