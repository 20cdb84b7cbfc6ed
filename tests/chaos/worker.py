"""A worker that a disturbance starts, and kills: `python -m tests.chaos.worker`.

It serves the nightly sync alone, as patient as the carrier, and is given the instant to work at.
Served sweeps would be run at instants of their own whenever a webhook comes, and so move people
earlier than undisturbed.
"""

from datetime import datetime

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.deployments.runner import RunnerDeployment
from prefect.types.entrypoint import EntrypointType

from deployments.worker import open_pool, work
from flows.nightly_sync import nightly_sync
from tasks.process import POOL
from tests.chaos.carrier import be_patient

SERVED = "nightly-sync"


@flow(name=SERVED, persist_result=False)
async def patient_sync(client: str | None = None, as_of: datetime | None = None) -> State[None]:
    """The nightly sync, by a process that the world waits for."""
    be_patient()
    return await nightly_sync.fn(client, as_of)


def main() -> None:
    """Serve until killed."""
    open_pool(POOL)
    served = RunnerDeployment.from_flow(
        patient_sync,
        name=SERVED,
        entrypoint_type=EntrypointType.MODULE_PATH,
        work_pool_name=POOL,
    )
    served.entrypoint = "tests.chaos.worker.patient_sync"  # it is __main__ here, not in its runs
    served.apply()
    work(POOL)


if __name__ == "__main__":
    main()
