"""A worker carries out the runs of one pool: Prefect's own, under a name that is known again.

Any number may work, on any number of machines that reach Prefect and the ledger: one run is taken
by one of them, and the ledger's locks keep two runs of one client apart.
"""

import os
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import psutil
from prefect import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectAlreadyExists
from prefect.states import Crashed
from prefect.workers.process import ProcessWorker

from deployments.engine import WARM
from deployments.processes import ROOT

AT_ONCE = 5  # runs; each is a fork with a tenth of a gigabyte of its own


def open_pool(name: str) -> None:
    """Make a pool if there is none of this name.

    Its runs are forked from the worker's warm process, see `deployments.engine`: what Prefect would
    start imports everything, in a second process that first fetches code from elsewhere.
    """
    template = ProcessWorker.get_default_base_job_template()
    template["variables"]["properties"]["command"]["default"] = "python -S -m deployments.engine"
    pool = WorkPoolCreate(name=name, type=ProcessWorker.type, base_job_template=template)
    with get_client(sync_client=True) as client, suppress(ObjectAlreadyExists):
        client.create_work_pool(pool)


def work(pool: str) -> NoReturn:
    """Become a worker of the pool, until told to stop."""
    name = f"{socket.gethostname()} {pool}"
    end_what_was_cut_off(name)
    # A run starts in an empty folder: it finds our code and our Python where this worker does.
    places = {"PYTHONPATH": ROOT, "PATH": Path(sys.executable).parent}
    for variable, first in places.items():
        os.environ[variable] = os.pathsep.join([str(first), os.environ.get(variable, "")])
    os.environ[WARM] = _warm()
    start = [sys.executable, "-m", "prefect", "worker", "start", "--type", "process"]
    os.execv(start[0], [*start, "--pool", pool, "--name", name, "--limit", str(AT_ONCE)])


def _warm() -> str:
    """Start the process that runs are forked from, for as long as this one lives; its socket."""
    path = Path(tempfile.mkdtemp(prefix="fullcycle-")) / "warm"
    ours, held = os.pipe()  # nobody writes: it is closed when this process, and so the worker, ends
    os.set_inheritable(held, True)
    subprocess.Popen([sys.executable, "-m", "deployments.warm", str(path)], stdin=ours)
    os.close(ours)
    return str(path)


def end_what_was_cut_off(worker: str) -> None:
    """End the runs that went down with the worker of this name: nobody else would.

    They would be shown as running for ever, and block the next sweeps until their lease expires.
    """
    going = FlowRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING])
    ended: State[None] = Crashed(
        message="It was cut off when the system stopped; it can be started again."
    )
    with get_client(sync_client=True) as client:
        found = FlowRunFilter(state=FlowRunFilterState(type=going))
        for run in client.read_flow_runs(flow_run_filter=found):
            if run.labels.get("prefect.worker.name") == worker and not _lives(run):
                client.set_flow_run_state(run.id, ended, force=True)


def _lives(run: FlowRun) -> bool:
    """Whether the process of a run of this machine still runs, and is not another by now."""
    try:
        told = psutil.Process(int(run.infrastructure_pid or 0)).environ()
    except psutil.Error:
        return False
    return told.get("PREFECT__FLOW_RUN_ID") == str(run.id)
