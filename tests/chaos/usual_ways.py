"""`make chaos-usual`: the same faults on three usual ways to order a check, and on ours.

Each way orders background checks at the Checkr stand-in over HTTP. Its process is killed at one
boundary of some orders, loses the answer to others, and is started again until it says that it is
done. How often each check was bought, the vendor's own record says.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from connectors.ledger.store import Ledger
from deployments import postgres, setup
from deployments.processes import ROOT
from deployments.settings import Settings, with_ports
from tests import peers
from tests.chaos.ways import surroundings
from tests.chaos.ways.applicants import AS_OF, ask, process_of
from tests.chaos.ways.job import DEATHS, LOST_ANSWER, Job
from tests.chaos.ways.unlucky import Unlucky

UNDISTURBED = "nothing"
FAULTS = (*DEATHS, LOST_ANSWER, UNDISTURBED)
RUN_SECONDS = 120
VERSIONS = f"tenacity {version('tenacity')}, Prefect {version('prefect')}, {peers.DBOS}"


@dataclass(frozen=True)
class Way:
    """A way to order; `keyed`: a usual one that sends idempotency keys (ours always does)."""

    name: str
    module: str
    keyed: bool = False
    vendor_has_keys: bool = True


LOOP = Way("retry loop", "loop")
KEYED_LOOP = Way("retry loop, sending a key", "loop", keyed=True)
PREFECT = Way("cached Prefect task", "prefect_task")
DBOS = Way("DBOS step", "dbos_step")
OURS = Way("Fullcycle", "fullcycle")
OURS_WITHOUT_KEYS = Way("Fullcycle, vendor has no keys", "fullcycle", vendor_has_keys=False)
WAYS = (LOOP, KEYED_LOOP, PREFECT, DBOS, OURS, OURS_WITHOUT_KEYS)
MODULES = sorted({way.module for way in WAYS})


@dataclass(frozen=True)
class Outcome:
    """What a way was put through, and what the vendor then had: orders by application."""

    faults: Mapping[str, str]
    kills: int
    answers_lost: int
    bought: Counter[str]

    @property
    def missing(self) -> int:
        return sum(not self.bought[application] for application in self.faults)

    def duplicates(self, *faults: str) -> int:
        """How many checks too many were bought where one of these happened."""
        return sum(
            max(0, self.bought[application] - 1)
            for application, fault in self.faults.items()
            if fault in faults
        )


def planned(applications: list[str], seed: int) -> dict[str, str]:
    """One fault for each application: every fault as often as any other, in a seeded order."""
    faults = [FAULTS[number % len(FAULTS)] for number in range(len(applications))]
    random.Random(seed).shuffle(faults)
    return dict(zip(applications, faults, strict=True))


def endure(way: Way, client: str, settings: Settings, each: int, seed: int) -> Outcome:
    """Let a way order `each` checks for every fault, and start it again whenever it is killed.

    `client`: a name that the ledger does not know yet. Raises peers.NotInstalled.
    """
    place = surroundings.of(way.module, settings)
    home = settings.home / client
    home.mkdir()
    setup.register(settings, process_of(client), "chaos-usual", "to be compared", AS_OF)
    applications = ask(Ledger(settings.database_url or "", client), each * len(FAULTS))
    faults = planned(applications, seed)
    vendor = Unlucky(faults, way.vendor_has_keys)
    address = f"{vendor.start()}/checkr"
    job = Job(address, str(home), place.database, client, applications, faults, way.keyed)
    command = [place.python, "-m", f"tests.chaos.ways.{way.module}", job.as_argument()]
    log = home / "said"
    kills = 0
    try:
        while _dies(command, place.environment, log, vendor):
            kills += 1
    finally:
        vendor.stop()
    hit = Counter(faults.values())
    assert kills == sum(hit[death] for death in DEATHS), f"{way.name}: killed {kills} times only"
    assert vendor.answers_lost == hit[LOST_ANSWER], f"{way.name}: not every answer was lost"
    return Outcome(faults, kills, vendor.answers_lost, vendor.bought)


def _dies(command: list[str], environment: Mapping[str, str], log: Path, vendor: Unlucky) -> bool:
    """Run a way once, to its end or to its death."""
    with log.open("w") as said:
        process = subprocess.Popen(
            command,
            env=peers.environment(environment),
            cwd=ROOT,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        vendor.victim = process.pid
        try:
            code = process.wait(RUN_SECONDS)
        finally:
            process.kill()
    if code not in (0, -signal.SIGKILL):
        raise AssertionError(f"{command[2]} failed ({code}):\n{log.read_text()[-3000:]}")
    return code == -signal.SIGKILL


def main() -> None:
    """Put every way through it, and print what each has bought; exit 1 if ours is not exact."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--each", type=int, default=10, help="orders for each kind of fault")
    asked.add_argument("--seed", type=int, default=7)
    asked.add_argument("--ways", nargs="+", choices=MODULES, default=MODULES)
    told = asked.parse_args()
    ways = [way for way in WAYS if way.module in told.ways]
    console = Console(width=120)
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as directory:
        home = Path(directory)
        try:
            outcomes = _all(console, home, ways, told.each, told.seed)
        finally:
            postgres.stop(home)
    _print(console, outcomes)
    ours = [outcome for way, outcome in outcomes.items() if way in (OURS, OURS_WITHOUT_KEYS)]
    sys.exit(any(outcome.duplicates(*FAULTS) or outcome.missing for outcome in ours))


def _all(console: Console, home: Path, ways: list[Way], each: int, seed: int) -> dict[Way, Outcome]:
    settings = with_ports(peers.installed(home))
    outcomes: dict[Way, Outcome] = {}
    with peers.prefect(settings):
        for number, way in enumerate(ways):
            begun = time.monotonic()
            try:
                outcome = endure(way, f"way_{number}", settings, each, seed)
            except peers.NotInstalled as why:
                console.print(f"{way.name}: not installed: {why}", markup=False)
                continue
            outcomes[way] = outcome
            hit = f"{outcome.kills} kills, {outcome.answers_lost} answers lost"
            figures = f"{hit}, {outcome.duplicates(*FAULTS)} duplicates"
            took = f"{time.monotonic() - begun:.0f} s"
            console.print(f"{way.name}: {figures}, {took}", markup=False, highlight=False)
    return outcomes


def _print(console: Console, outcomes: Mapping[Way, Outcome]) -> None:
    totals = Table(title="What the vendor has in the end", title_justify="left")
    where = Table(title="Checks bought twice, of how many hit there", title_justify="left")
    for table, columns in (
        (totals, ("asked", "kills", "answers lost", "bought", "duplicates", "missing", "per kill")),
        (where, FAULTS),
    ):
        table.add_column("way")
        for column in columns:
            table.add_column(column, justify="right")
    for way, outcome in outcomes.items():
        totals.add_row(
            way.name,
            str(len(outcome.faults)),
            str(outcome.kills),
            str(outcome.answers_lost),
            str(outcome.bought.total()),
            str(outcome.duplicates(*FAULTS)),
            str(outcome.missing),
            f"{outcome.duplicates(*DEATHS) / outcome.kills:.2f}",
        )
        hit = Counter(outcome.faults.values())
        where.add_row(way.name, *(f"{outcome.duplicates(f)} of {hit[f]}" for f in FAULTS))
    console.print(totals)
    console.print(where)
    console.print(VERSIONS, highlight=False)


if __name__ == "__main__":
    main()
