"""A sweep with nothing to do, and the carrying of a thousand, as the ledger grows behind them."""

import statistics
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from sqlalchemy import create_engine, text

from connectors.ledger import status
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from deployments import postgres
from expectations import suite
from tasks.progress import LATELY, MOST_REQUISITIONS
from tests import peers
from tests.bench import carry
from tests.bench import report as reports
from tests.bench.meter import Cost, Meter
from tests.bench.ways import fullcycle
from tests.carrying import do_what_was_asked, harbor, sweep_without_vendors
from tests.crowd import STAGES, advertise, gather

CLIENT = "bench"
REQUISITIONS = 2_000
MOVING = 1_000
SETTLED = fullcycle.LATEST + timedelta(hours=1)
# How many applications there are, and how many of them are open.
SIZES = ((10_000, 4_000), (1_000_000, 4_000), (1_000_000, 40_000))
BATCH = 100_000
HEAD = (
    "| applications | open | idle sweep, CPU s | of it servers | carrying 1,000, CPU ms each |",
    "|---:|---:|---:|---:|---:|",
)


def report(home: Path, repetitions: int, _records: int, console: Console) -> None:
    """Measure at all sizes, and keep the table."""
    lines = [*HEAD, *run(home, repetitions)]
    reports.write("idle", [*lines, "", carry.versions()])
    console.print("\n".join(lines), markup=False)


def run(home: Path, repetitions: int, sizes: Sequence[tuple[int, int]] = SIZES) -> Iterator[str]:
    """Measure at each size; gives the table's lines. One ledger grows from size to size."""
    suite.engine()  # imported once in a process's life, and not measured here
    settings = peers.installed(home)
    try:
        owner = create_engine(settings.admin_database_url or "")
        process = harbor(CLIENT)
        ledger = Ledger(settings.database_url or "", CLIENT)
        fullcycle.open_for_business(ledger)
        advertise(ledger, REQUISITIONS, fullcycle.AS_OF - timedelta(days=1))
        number = 0
        for applications, open_ones in sizes:
            total, opened = _counted(ledger)
            for stages, more in ((STAGES, open_ones - opened), ((), applications - total)):
                for start in range(number, number + more, BATCH):
                    numbers = range(start, min(start + BATCH, number + more))
                    with owner.begin() as connection:
                        gather(connection, process, numbers, fullcycle.AS_OF, stages)
                number += max(more, 0)
            with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE"))
            _settle(ledger)
            meter = Meter([postgres.pid(home)])
            for repetition in range(repetitions + 1):
                _measure(ledger, meter, range(number, number + MOVING), warm=repetition > 0)
                number += MOVING
            yield _line(applications, open_ones, meter.costs)
    finally:
        postgres.stop(home)


def _counted(ledger: Ledger) -> tuple[int, int]:
    with ledger.transaction() as connection:
        total, over = connection.execute(
            text("SELECT count(*), count(disposition) FROM application")
        ).one()
    return int(total), int(total - over)


def _settle(ledger: Ledger) -> None:
    """Sweep until nothing moves any more."""
    while any(sweep_without_vendors(Scope(CLIENT), SETTLED)):
        do_what_was_asked(ledger, SETTLED)


def _measure(ledger: Ledger, meter: Meter, numbers: range, *, warm: bool) -> None:
    """A sweep with nothing to do, then newcomers on their way; kept once all is warm."""
    kept = meter if warm else Meter(meter.servers)
    with kept.measured("sweep", 1):
        assert sweep_without_vendors(Scope(CLIENT), SETTLED) == (0, 0)
        with ledger.transaction() as connection:
            status.stages(connection, Scope(CLIENT), newest=MOST_REQUISITIONS)
            status.gates(connection, Scope(CLIENT), since=SETTLED - LATELY)
    with ledger.transaction() as connection:
        posting = connection.execute(text("SELECT min(reference) FROM posting")).scalar_one()
    arrivals = [fullcycle.arrival(posting, number) for number in numbers]
    for what, work in fullcycle.STEPS.items():
        with kept.measured(what, len(arrivals)):
            work(ledger, arrivals)
        do_what_was_asked(ledger, fullcycle.AS_OF)
    with ledger.transaction() as connection:  # so that as many are open as before
        connection.execute(
            text("UPDATE application SET disposition = 'WITHDRAWN' WHERE id < 1000000")
        )


def _line(applications: int, open_ones: int, costs: Sequence[Cost]) -> str:
    sweeps = [cost for cost in costs if cost.what == "sweep"]
    servers = statistics.median(cost.servers for cost in sweeps)
    cpu = statistics.median(cost.client + cost.servers for cost in sweeps)
    carrying = sum(
        statistics.median(cost.cpu_ms for cost in costs if cost.what == what)
        for what in fullcycle.STEPS
    )
    return f"| {applications:,} | {open_ones:,} | {cpu:.2f} | {servers:.2f} | {carrying:.3f} |"
