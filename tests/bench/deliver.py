"""Delivering to a vendor that takes 50 ms: effects a second, beside what its limit allows."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
from rich.console import Console
from sqlalchemy import make_url

from deployments import postgres
from deployments.processes import ROOT
from deployments.settings import Settings
from tests import peers
from tests.bench import report as reports
from tests.bench.meter import Cost, told
from tests.bench.slow_vendor import SECONDS
from tests.bench.ways.job import Job

AT_ONCE = (8, 32)
ROUNDS = 100  # effects for each that goes at once: five seconds at the vendor
RUN_SECONDS = 600
CLIENTS = count(1)
HEAD = (
    "| at once | effects | a second | of the vendor's | commits | CPU ms | of it PostgreSQL |",
    "|---:|---:|---:|---:|---:|---:|---:|",
)


@dataclass(frozen=True)
class Delivered:
    """What it cost to carry out effects, so many at once; commits that wrote."""

    at_once: int
    cost: Cost
    commits: int

    @property
    def per_second(self) -> float:
        """Effects."""
        return self.cost.units / self.cost.wall

    @property
    def share(self) -> float:
        """Of what the vendor would do if we took no time."""
        return self.per_second / (self.at_once / SECONDS)

    def row(self) -> str:
        """A row of the table."""
        effects, servers = self.cost.units, self.cost.servers / self.cost.units * 1000
        return (
            f"| {self.at_once} | {effects:,} | {self.per_second:.0f} | {self.share:.0%}"
            f" | {self.commits / effects:.2f} | {self.cost.cpu_ms:.2f} | {servers:.2f} |"
        )


def report(home: Path, repetitions: int, _records: int, console: Console) -> None:
    """Measure, and keep the table; of each concurrency the repetition in the middle."""
    each = sorted(run(home, repetitions), key=lambda one: one.share)
    lines = [
        *HEAD,
        *(
            [one for one in each if one.at_once == at_once][repetitions // 2].row()
            for at_once in AT_ONCE
        ),
    ]
    reports.write("deliver", lines)
    console.print("\n".join(lines), markup=False)


def run(home: Path, repetitions: int) -> Iterator[Delivered]:
    """Measure each so many times, in turns, after a first time that does not count."""
    settings = peers.installed(home)
    try:
        for repetition in range(repetitions + 1):
            for at_once in AT_ONCE:
                delivered = _measured(settings, at_once)
                if repetition:
                    yield delivered
    finally:
        postgres.stop(home)


def _measured(settings: Settings, at_once: int) -> Delivered:
    effects = at_once * ROUNDS
    client = f"deliver_{next(CLIENTS)}"
    job = Job(settings.database_url or "", (postgres.pid(settings.home),), effects, client)
    with _vendor() as address:
        before = _commits(settings)
        command = [sys.executable, "-m", "tests.bench.ways.delivering", job.as_argument()]
        done = subprocess.run(
            [*command, address, str(at_once)],
            env=peers.environment({}),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_SECONDS,
        )
        if done.returncode:
            raise AssertionError(f"delivering failed:\n{done.stderr[-3000:]}")
        with urllib.request.urlopen(f"{address}/received", timeout=30) as answer:
            assert json.load(answer) == {"requests": effects, "keys": effects}  # each exactly once
        return Delivered(at_once, told(done.stdout)[0], _commits(settings) - before)


@contextmanager
def _vendor() -> Iterator[str]:
    """A slow vendor in a process of its own; where it is."""
    command = [sys.executable, "-m", "tests.bench.slow_vendor"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as vendor:
        assert vendor.stdout
        try:
            yield vendor.stdout.readline().strip()
        finally:
            vendor.terminate()


def _commits(settings: Settings) -> int:
    """How many transactions have ever written; looking whether a connection lives does not."""
    url = make_url(settings.admin_database_url or "").set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        found = connection.execute(
            "SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)"
        ).fetchone()
    assert found
    return int(found[0])
