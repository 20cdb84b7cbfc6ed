"""Carrying applications through stages: ours beside a plain loop, DBOS and Prefect tasks."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from itertools import count
from pathlib import Path

from sqlalchemy import make_url

from deployments import postgres, prefect_server
from deployments.processes import ROOT
from deployments.settings import Settings, with_ports
from tests import peers
from tests.bench.meter import Cost, told
from tests.bench.ways.job import Job

RUN_SECONDS = 1800
SIZES = (100, 1_000, 10_000)
CLIENTS = count(1)


@dataclass(frozen=True)
class Way:
    """A way to carry: its module, how many applications at a time, and where it runs."""

    module: str
    applications: int
    database: str
    python: str = sys.executable
    environment: Mapping[str, str] | None = None
    servers: tuple[int, ...] = ()

    @property
    def ours(self) -> bool:
        return self.module == "fullcycle"


def ways(settings: Settings, server: int) -> list[Way]:
    """All ways, at the sizes at which their cost for each step no longer falls much."""
    ledger = settings.database_url or ""
    superuser = make_url(settings.admin_database_url or "").set(username="postgres")
    everybody = superuser.render_as_string(hide_password=False)
    database = postgres.pid(settings.home)
    return [
        *(Way("fullcycle", size, ledger, servers=(database,)) for size in SIZES),
        Way("loop", 1_000, everybody, servers=(database,)),
        Way(
            "dbos_steps",
            1_000,
            everybody,
            python=peers.with_packages(settings.home / "dbos", peers.DBOS, "psutil"),
            servers=(database,),
        ),
        Way(
            "prefect_tasks",
            100,
            everybody,
            environment=prefect_server.client_environment(settings),
            servers=(database, server),
        ),
    ]


def run(home: Path, repetitions: int) -> Iterator[tuple[Way, list[Cost]]]:
    """Run every way so many times, in turns, after a first time that does not count."""
    settings = with_ports(peers.installed(home))
    try:
        with peers.prefect(settings) as server:
            each = ways(settings, server)
            for repetition in range(repetitions + 1):
                for way in each:
                    costs = _measured(way)
                    if repetition:
                        yield way, costs
    finally:
        postgres.stop(home)


def _measured(way: Way) -> list[Cost]:
    job = Job(way.applications, way.database, f"bench_{next(CLIENTS)}", way.servers)
    done = subprocess.run(
        [way.python, "-m", f"tests.bench.ways.{way.module}", job.as_argument()],
        env=peers.environment(way.environment or {}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_SECONDS,
    )
    if done.returncode:
        raise AssertionError(f"{way.module} failed:\n{done.stderr[-3000:]}")
    return told(done.stdout)


def versions() -> str:
    """What was compared."""
    ours = ("prefect", "sqlalchemy", "psycopg", "great-expectations")
    return ", ".join([*(f"{name} {version(name)}" for name in ours), peers.DBOS])
