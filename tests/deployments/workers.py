"""A system in which workers and clients come and go: one ledger, one Prefect server, slow vendors.

Each worker believes to be on a machine of its own: it has another host's name.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from prefect.settings import PREFECT_API_URL, temporary_settings
from requests.adapters import HTTPAdapter
from sqlalchemy import text
from urllib3.util import Retry

from connectors.ledger.store import Ledger
from deployments import postgres, prefect_server, setup
from deployments.processes import ROOT
from deployments.sandbox.__main__ import DEFAULT, build, write_clock
from deployments.sandbox.checkr import Checkr
from deployments.sandbox.server import Answer, Request, Sandbox
from deployments.settings import Settings, with_ports
from tests import peers
from tests.chaos.ways.applicants import AS_OF, ask, process_of
from tests.chaos.ways.unlucky import CALLS_ENOUGH

APPLICATIONS = 80
LATENCY_SECONDS = 1.0  # of each of an order's two requests
RUN_SECONDS = 300
HEARD_SECONDS = 60
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
OTHER_HOST = "import os, socket\nsocket.gethostname = lambda: os.environ['MACHINE']\n"


class SlowVendors(Sandbox):
    """The stand-ins of one client; Checkr takes its time for every order. `asked`: when it was."""

    def __init__(self, *stand_ins: Any) -> None:
        super().__init__(*stand_ins)
        self.asked: list[float] = []

    def answer(self, request: Request) -> tuple[Answer, str | None]:
        if (request.method, request.path[:8]) == ("POST", "/checkr/"):
            self.asked.append(time.monotonic())
            time.sleep(LATENCY_SECONDS)
        return super().answer(request)


@dataclass(frozen=True)
class Served:
    """A client whose background checks are due, and what its screener has taken."""

    ledger: Ledger
    applications: Sequence[str]
    checkr: Checkr
    vendors: SlowVendors

    @property
    def bought(self) -> Counter[str]:
        """How many checks were bought for each application."""
        return Counter(name.split()[0] for name in self.checkr.received.get("invitations", []))

    @property
    def sending(self) -> int:
        """How many orders somebody has claimed."""
        with self.ledger.transaction() as connection:
            return int(
                connection.execute(
                    text(
                        "SELECT count(*) FROM effect"
                        " WHERE kind = 'background.order' AND state = 'sending'"
                    )
                ).scalar_one()
            )

    @property
    def story(self) -> list[tuple[object, ...]]:
        """What happened to everybody, and what was done outside: the same for every client."""
        with self.ledger.transaction() as connection:
            moved = connection.execute(
                text("SELECT subject_key, seq, to_stage, to_state, reason, hash FROM transition")
            )
            done = connection.execute(text("SELECT key, kind, state, attempts FROM effect"))
            return sorted([tuple(row) for row in moved] + [tuple(row) for row in done], key=repr)

    def passes(self, seconds: float) -> None:
        """Let the ledger's own clock go on."""
        with self.ledger.transaction() as connection:
            connection.execute(
                text(
                    "UPDATE effect SET sent_at = sent_at - make_interval(secs => :seconds),"
                    " lease_until = lease_until - make_interval(secs => :seconds)"
                    " WHERE state = 'sending'"
                ),
                {"seconds": seconds},
            )


@dataclass
class System:
    """PostgreSQL, Prefect, and the workers and clients that a test asks for.

    `server`: the process of Prefect's server, which leads its group.
    """

    settings: Settings
    environment: Mapping[str, str]
    open: ExitStack
    server: int
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def has_worker(self, pool: str, **told: str) -> None:
        """Start a worker of a pool, on a machine named like it, with further settings."""
        with (self.settings.home / f"{pool}.log").open("wb") as log:
            self.workers[pool] = subprocess.Popen(
                [sys.executable, "-m", "deployments.cli", "worker", pool],
                env=peers.environment({**self.environment, "MACHINE": pool, **told}),
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.open.callback(self.loses, pool)

    def loses(self, pool: str) -> None:
        """Kill a pool's worker and the runs it has begun, as if its machine were gone."""
        with suppress(ProcessLookupError):
            os.killpg(self.workers[pool].pid, signal.SIGKILL)
        self.workers[pool].wait()

    def has_client(self, name: str, pool: str, applications: int = APPLICATIONS) -> Served:
        """Register a client of a pool, with vendors of its own and its orders due."""
        built, mail = build(DEFAULT | {"start": AS_OF.isoformat()}, None, None)
        checkr = next(each for each in built.vendors if isinstance(each, Checkr))
        checkr.calls_per_minute = CALLS_ENOUGH
        vendors = SlowVendors(built.world, built.vendors)
        smtp, imap = mail.start(vendors)
        port = int(vendors.start().rpartition(":")[2])
        self.open.callback(vendors.stop)
        self.open.callback(mail.stop)
        at = {"sandbox_port": port, "smtp_port": smtp, "imap_port": imap}
        process = process_of(name).model_copy(update={"pool": pool})
        setup.register(self.settings, process, "test", "to be carried", AS_OF)
        asyncio.run(setup.connect_sandbox(self.settings.model_copy(update=at), name))
        ledger = Ledger(self.settings.database_url or "", name)
        return Served(ledger, ask(ledger, applications), checkr, vendors)

    def serves(self, *pools: str) -> None:
        """Register the deployments of these pools, as `fullcycle up` does; no clock starts any."""
        code = f"from deployments import serve; serve.register(serve.Settings(), {pools!r})"
        command, told = [sys.executable, "-c", code], peers.environment(self.environment)
        subprocess.run(command, env=told, cwd=ROOT, check=True)
        for deployment in self._asks("POST", "deployments/filter", {}):
            self._asks("POST", f"deployments/{deployment['id']}/pause_deployment")

    def starts(self, pool: str, /, **parameters: str) -> str:
        """Start a sweep in a pool; returns the run."""
        deployment = self._asks("GET", f"deployments/name/sweep/sweep-{pool}")["id"]
        asked = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        return str(self._asks("POST", f"deployments/{deployment}/create_flow_run", asked)["id"])

    def ends(self, *runs: str) -> None:
        """Wait until these runs have ended, well."""
        give_up = time.monotonic() + RUN_SECONDS
        for run in runs:
            while (found := self._asks("GET", f"flow_runs/{run}"))["state_type"] not in ENDED:
                assert time.monotonic() < give_up, found["state"]
                time.sleep(0.5)
            assert found["state_type"] == "COMPLETED", found["state"]

    def task_runs(self) -> Counter[str]:
        """How many task runs there are by each name, of all runs together."""
        return Counter(each["name"] for each in self._asks("POST", "task_runs/filter", {}))

    def has_heard_of_every_task(self) -> None:
        """Wait until Prefect, which is told of them by events, says all task runs completed."""
        give_up = time.monotonic() + HEARD_SECONDS
        while any(
            each["state_type"] != "COMPLETED" for each in self._asks("POST", "task_runs/filter", {})
        ):
            assert time.monotonic() < give_up
            time.sleep(0.5)

    def _asks(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{self.environment['PREFECT_API_URL']}/{path}"
        with requests.Session() as session:
            session.mount(url, HTTPAdapter(max_retries=Retry(total=5, backoff_factor=0.2)))
            answer = session.request(method, url, json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None


@contextmanager
def _installed() -> Iterator[Settings]:
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as directory:
        home = Path(directory)
        try:
            simulated = {"clock_file": home / "clock", "settling_seconds": 2.0}
            yield with_ports(peers.installed(home)).model_copy(update=simulated)
        finally:
            postgres.stop(home)


@contextmanager
def system() -> Iterator[System]:
    """A system without workers and clients, in whose surroundings this process is too."""
    with _installed() as settings, peers.prefect(settings) as server, ExitStack() as open:
        write_clock(settings.home / "clock", AS_OF)
        (settings.home / "sitecustomize.py").write_text(OTHER_HOST)
        environment = {
            **settings.environment(),
            **prefect_server.client_environment(settings),
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PYTHONPATH": str(settings.home),
        }
        told = {PREFECT_API_URL: environment["PREFECT_API_URL"]}
        with pytest.MonkeyPatch.context() as patch, temporary_settings(told):
            for name, value in environment.items():
                patch.setenv(name, value)
            yield System(settings, environment, open, server)
