"""Finding who fails at a gate: ours beside SQL by hand, stock expectations and pandas."""

import statistics
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from sqlalchemy import create_engine, text

from connectors.ledger.store import Ledger
from deployments import postgres
from deployments.processes import ROOT
from tests import peers
from tests.bench import report as reports
from tests.bench.meter import Cost, told
from tests.bench.ways import gates
from tests.bench.ways.job import Job

RUN_SECONDS = 600
WAITING = {"intake": 50_000, "screening": 100_000}  # more at once at intake stop its gate
HEAD = (
    "| what | CPU s | of it PostgreSQL | wall s | beside the statement |",
    "|---|---:|---:|---:|---:|",
)


def report(home: Path, repetitions: int, _records: int, console: Console) -> None:
    """Measure at both gates, and keep the table."""
    lines = table(list(run(home, repetitions)))
    reports.write("gates", [*lines, "", versions()])
    console.print("\n".join(lines), markup=False, soft_wrap=True)


def run(home: Path, repetitions: int) -> Iterator[Cost]:
    """Run every way so many times, in turns, after a first time that does not count."""
    settings = peers.installed(home)
    database = settings.database_url or ""
    try:
        for stage, waiting in WAITING.items():
            gates.prepare(Ledger(database, stage), stage, waiting)
        _tidy(settings.admin_database_url or "")
        for repetition in range(repetitions + 1):
            for stage, waiting in WAITING.items():
                job = Job(
                    applications=waiting,
                    database=database,
                    client=stage,
                    servers=(postgres.pid(home),),
                )
                costs = _measured(job)
                if repetition:
                    yield from costs
    finally:
        postgres.stop(home)


def _tidy(database: str) -> None:
    """Vacuum now, so that PostgreSQL does not begin to in the middle of a measure."""
    with create_engine(database, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _measured(job: Job) -> list[Cost]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.ways.gates", job.as_argument()],
        env=peers.environment({}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_SECONDS,
    )
    if done.returncode:
        raise AssertionError(f"the gates failed:\n{done.stderr[-3000:]}")
    return told(done.stdout)


def table(costs: list[Cost]) -> list[str]:
    """A line for each thing measured: its medians, and how many statements by hand it is worth."""
    measured: dict[str, list[Cost]] = {}
    for cost in costs:
        measured.setdefault(cost.what, []).append(cost)
    medians = {what: statistics.median(map(_cpu, each)) for what, each in measured.items()}
    lines = [*HEAD]
    for what, each in measured.items():
        hand = medians.get(f"{what.partition(':')[0]}: {gates.BY_HAND}")
        lines.append(
            f"| {what} | {medians[what]:.2f} | {statistics.median(c.servers for c in each):.2f}"
            f" | {statistics.median(c.wall for c in each):.2f}"
            f" | {f'{medians[what] / hand:.1f} ×' if hand else ''} |"
        )
    return lines


def _cpu(cost: Cost) -> float:
    return cost.client + cost.servers


def versions() -> str:
    """What was compared."""
    names = ("great-expectations", "pandas", "sqlalchemy", "psycopg")
    return ", ".join(f"{name} {version(name)}" for name in names)
