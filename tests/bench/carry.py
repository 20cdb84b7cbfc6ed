"""Carrying applications through stages: ours beside a plain loop, DBOS and Prefect tasks."""

import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import count
from pathlib import Path

from rich.console import Console
from sqlalchemy import make_url

from deployments import postgres, prefect_server
from deployments.processes import ROOT
from deployments.settings import Settings, with_ports
from tests import peers
from tests.bench import report as reports
from tests.bench.meter import Cost, told
from tests.bench.ways.job import Job

RUN_SECONDS = 1800
SIZES = (100, 1_000, 10_000, 50_000)  # more at once stop the gate of intake
CLIENTS = count(1)
Costs = dict[tuple[str, int, bool], list[Cost]]  # by what, how many at once, and whether ours
HEAD = (
    "| what | at once | CPU ms | of it servers | wall ms | peak MB |",
    "|---|---:|---:|---:|---:|---:|",
)


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
    job = Job(way.database, way.servers, way.applications, f"bench_{next(CLIENTS)}")
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


def report(home: Path, repetitions: int, _records: int, console: Console) -> None:
    """Measure all ways, and keep the table and its picture."""
    costs: Costs = {}
    for way, measured in run(home, repetitions):
        total = sum(cost.cpu_ms for cost in measured)
        console.print(f"{way.module}, {way.applications}: {total:.3f} CPU ms")
        for cost in measured:
            costs.setdefault((cost.what, way.applications, way.ours), []).append(cost)
    table = [*HEAD, *_table(costs)]
    reports.write("carry", [*table, "", versions()])
    largest = max(SIZES)
    bars = [
        {"name": what, "value": _median(each, "cpu"), "ours": ours}
        for (what, applications, ours), each in costs.items()
        if applications == largest or not ours
    ]
    axis = "CPU milliseconds for each application (logarithmic)"
    reports.draw(home, "carry", axis, bars)
    console.print("\n".join(table), markup=False)


def _table(costs: Costs) -> list[str]:
    return [
        f"| {what} | {applications:,} | {_median(each, 'cpu'):.3f} | {_median(each, 'servers'):.3f}"
        f" | {_median(each, 'wall'):.3f} | {max(cost.peak for cost in each):.0f} |"
        for (what, applications, _), each in costs.items()
    ]


def _median(costs: Sequence[Cost], of: str) -> float:
    """Milliseconds for each unit."""
    return statistics.median(
        cost.cpu_ms if of == "cpu" else getattr(cost, of) / cost.units * 1000 for cost in costs
    )
