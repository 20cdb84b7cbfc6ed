"""A process that is ready: it begins at once what a new process begins ten seconds later.

Of these, Prefect looks every ten seconds for what is to be run, and Python imports for five more.
`python -m deployments.ready` reads ids of scheduled flow runs from its input, a line each, runs
each unless somebody else does, and says so when that is over. Its input's end is its own.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from prefect import get_client
from prefect.exceptions import Abort
from prefect.flow_engine import run_flow_async
from prefect.states import Pending
from prefect.utilities.engine import propose_state

from expectations import suite
from flows.requisition import carry_requisition
from flows.sweep import sweep
from tasks import desk

FLOWS = {flow.name: flow for flow in (sweep, carry_requisition)}
READY = "ready"
LOOK_SECONDS = 5


class Ready:
    """Such a process, started when somebody serves sweeps, or at the latest for the first one."""

    def __init__(self) -> None:
        self._starting: asyncio.Task[Process] | None = None
        self._busy = False

    async def run(self, flow: str, run: UUID) -> bool:
        """Have it run this now, and wait for its end; False: it is not ready, or busy."""
        process = self._process()
        if process is None or self._busy:
            return False
        assert process.stdin and process.stdout
        self._busy = True
        try:
            process.stdin.write(f"{flow} {run}\n".encode())
            return bool(await process.stdout.readline())
        finally:
            self._busy = False

    @asynccontextmanager
    async def beside(self, _: object) -> AsyncIterator[None]:
        """Start it beside what else is done inside."""
        starting = asyncio.create_task(self._start_when_served())
        yield
        starting.cancel()

    async def _start_when_served(self) -> None:
        """In a demo nobody serves sweeps, and nobody needs a process for them."""
        while True:
            try:
                async with get_client() as client:
                    await client.read_deployment_by_name(f"{sweep.name}/{sweep.name}")
            except Exception:  # not served yet, or Prefect has not started yet
                await asyncio.sleep(LOOK_SECONDS)
            else:
                self._process()
                return

    def _process(self) -> Process | None:
        """The process, if it is ready; else it will be next time."""
        if self._starting is None:
            self._starting = asyncio.create_task(_started())
        if not self._starting.done():
            return None
        if self._starting.exception() or self._starting.result().returncode is not None:
            self._starting, self._busy = None, False
            return None
        return self._starting.result()


async def _started() -> Process:
    command = [sys.executable, "-m", "deployments.ready"]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdout
    await process.stdout.readline()
    return process


async def begin(flow: str, run_id: UUID) -> None:
    """Run a scheduled run of a flow, unless somebody else does or its predecessor still runs."""
    async with get_client() as client:
        try:
            state = await propose_state(client, Pending(), flow_run_id=run_id)
        except Abort:
            return
        if not state.is_pending():
            return
        run = await client.read_flow_run(run_id)
    desk._open.clear()  # a changed account or process counts from the next run on
    await run_flow_async(FLOWS[flow], run, run.parameters, return_type="state")


def main() -> None:
    """Run what is named on the input until it ends."""
    suite.engine()  # imported before it is needed: no gate waits for it
    print(READY, flush=True)
    for line in sys.stdin:
        flow, run = line.split()
        asyncio.run(begin(flow, UUID(run)))
        print(run, flush=True)


if __name__ == "__main__":
    main()
