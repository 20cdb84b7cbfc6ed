"""For each client: the same work for one or for many of them, none in the way of another.

One after the other in the run's own process; or, where cores are the limit, side by side on a Dask
cluster: FULLCYCLE_DASK is `local` for this machine's cores, or the address of a scheduler.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed
from prefect.task_runners import TaskRunner

from connectors.errors import ConnectorError, Misconfigured
from flows.carry import Incomplete
from tasks import desk

DASK = os.environ.get("FULLCYCLE_DASK")
Work = Callable[[str], Awaitable[str]]


def cores() -> TaskRunner[PrefectFuture[Any]] | None:
    """What spreads a flow's clients over cores; None: nothing does.

    A process of the cluster works for one client at a time: threads share no gate's engine.
    """
    if DASK is None:
        return None
    try:
        from prefect_dask import DaskTaskRunner
    except ImportError:
        raise Misconfigured("dask", "FULLCYCLE_DASK is set: install prefect-dask") from None
    runner: TaskRunner[PrefectFuture[Any]] = (
        DaskTaskRunner(cluster_kwargs={"threads_per_worker": 1, "dashboard_address": None})
        if DASK == "local"
        else DaskTaskRunner(address=DASK)
    )
    return runner


async def for_each(client: str | None, pool: str | None, work: Work) -> State[None]:
    """Do the work for one client, or for all of a pool, or for all there are.

    One that fails is reported and stops no other.
    work: takes a client's name and returns what it did, in a sentence.
    """
    names = [client] if client else desk.clients(pool)
    if DASK and not client:
        done = [each.result() for each in [_on_a_core.submit(name, work) for name in names]]
    else:
        done = [await _outcome(name, work) for name in names]
    message = "; ".join(sentence for sentence, _ in done) or "no clients"
    return Completed(message=message) if all(well for _, well in done) else Failed(message=message)


@task(task_run_name="{name}", cache_policy=NO_CACHE, persist_result=False)
def _on_a_core(name: str, work: Work) -> tuple[str, bool]:
    """A client's whole work in a process that outlives this run, and must not keep its desk."""
    try:
        return asyncio.run(_outcome(name, work))
    finally:
        desk.close(name)


async def _outcome(name: str, work: Work) -> tuple[str, bool]:
    """What was done for a client, in a sentence, and whether it went well."""
    try:
        return await work(name), True
    except Incomplete as rest:
        return rest.what, False
    except ConnectorError as failure:
        return f"{name}: {failure}", False
