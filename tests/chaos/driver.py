"""Drive one seeded run of the whole cycle through kills, pauses, lost commits and vendor faults."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import create_engine, text

from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from deployments import embedded, report
from deployments.demo import CLIENT, Control
from deployments.processes import ROOT
from deployments.settings import Settings
from deployments.state import State
from tests.chaos.carrier import BOUNDARIES, LEASE_SECONDS, LOST_COMMIT

FINISHED, KILLED = "finished", "carrier killed "
AT_RANDOM = "at a random instant"
DEATHS = (*BOUNDARIES, AT_RANDOM)
OUTAGE = "database stopped and continued"
RIVAL = "second sweep, three days late, while the lock is lost"
SLEEPER = "slept while another took its place"
SERVICES = ("prefect", "receiver", "postgres")
DISTURBANCES = (*(f"{name} killed" for name in SERVICES), LOST_COMMIT, OUTAGE, RIVAL, SLEEPER, "")
# How often a boundary is passed in one undisturbed run: (at least, for each applicant).
PASSINGS = {"before the intent": (80, 0.0), "after sending": (60, 1.5), LOST_COMMIT: (1500, 10.0)}
PASSED_OFTEN = (100, 8.0)
CARRIER_SECONDS = 900
STARTS_AT_MOST = 400


@dataclass(frozen=True)
class Plan:
    """How hard a run is disturbed.

    `kills`: of the carrying process, in all; `disturbances`: what may be done beside each.
    """

    seed: int = 7
    applicants: int = 44
    kills: int = 0
    fault_rate: float = 0.0
    disturbances: tuple[str, ...] = DISTURBANCES


@dataclass
class Outcome:
    """What a finished run leaves: its system still up, and what was done to it."""

    state: State
    plan: Plan
    injected: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    sweeps: int = 0

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.state.settings.database_url or "", CLIENT)

    def received(self) -> dict[str, Counter[str]]:
        """What each vendor says it was asked and has done, by "vendor kind"."""
        record = Control(self.state.sandbox_url).record()
        return {
            f"{vendor} {kind}": Counter(names)
            for vendor, kinds in record["received"].items()
            for kind, names in kinds.items()
        }

    def faults(self) -> Counter[str]:
        return Counter(Control(self.state.sandbox_url).record()["faults"])

    def status(self) -> dict[str, Any]:
        return report.status_json(self.ledger, Scope(CLIENT))


class Carrier:
    """One carrying process, and what it has printed."""

    def __init__(self, home: Path, plan: Plan, **orders: Any) -> None:
        told = {k: v for k, v in os.environ.items() if not k.startswith(("FULLCYCLE_", "PREFECT_"))}
        asked = {
            "seed": plan.seed,
            "applicants": plan.applicants,
            "fault_rate": plan.fault_rate,
            "boundary": "",
            "passing": 0,
            "lost_commit": 0,
            "rival": False,
        }
        folder = home / "chaos"
        folder.mkdir(parents=True, exist_ok=True)
        self._said = folder / f"{len(list(folder.iterdir()))}.out"
        with self._said.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.carrier", json.dumps({**asked, **orders})],
                env={**told, "FULLCYCLE_HOME": str(home)},
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def sweeps(self) -> int:
        """How many sweeps it has reported."""
        return sum(line.startswith("20") for line in self._said.read_text().splitlines())

    def trouble(self) -> str:
        """The end of what it said."""
        return self._said.read_text()[-3000:]

    def works_for(self, seconds: float) -> None:
        """Let it work, or end."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)

    def has_swept(self, sweeps: int) -> None:
        """Let it work until it has reported so many sweeps, or has ended."""
        while self.sweeps() < sweeps and self.process.poll() is None:
            self.works_for(0.2)

    @property
    def lives(self) -> bool:
        return self.process.poll() is None


def run(home: Path, plan: Plan, told: Callable[[str], None] = lambda _: None) -> Outcome:
    """Carry a whole cycle to its end, however often it is disturbed on the way."""
    dice = random.Random(plan.seed)
    injected: Counter[str] = Counter()
    sweeps = 0
    sleeper: Carrier | None = None
    deaths = [DEATHS[number % len(DEATHS)] for number in range(plan.kills)]
    for start in range(1, STARTS_AT_MOST):
        death = deaths[0] if deaths else ""
        extra = dice.choice(plan.disturbances) if death else ""
        carrier = Carrier(
            home,
            plan,
            boundary=death,
            passing=dice.randint(1, _often(plan, death)),
            lost_commit=dice.randint(1, _often(plan, LOST_COMMIT)) if extra == LOST_COMMIT else 0,
        )
        if sleeper:
            _wake(sleeper, carrier)
            sleeper = None
        if extra:
            injected[extra] += _disturb(carrier, home, plan, dice, extra)
        if extra == SLEEPER and carrier.lives:
            sleeper = carrier
            continue
        ended = _end_of(carrier, death, extra, dice)
        sweeps += carrier.sweeps()
        if ended == FINISHED:
            state = embedded.state(Settings(home=home))
            assert state is not None
            return Outcome(state, plan, injected, start, sweeps)
        injected[ended] += 1
        if ended == KILLED + death:
            deaths.pop(0)
        told(f"start {start}: {ended}; {extra or 'nothing else'}; {sweeps} sweeps so far")
    raise AssertionError(f"not finished after {STARTS_AT_MOST} starts")


def _wake(sleeper: Carrier, successor: Carrier) -> None:
    """Wake a process up, once another has done its work for a while; it must find its end."""
    successor.has_swept(2)
    sleeper.process.send_signal(signal.SIGCONT)
    sleeper.process.wait(CARRIER_SECONDS)


def _end_of(carrier: Carrier, death: str, extra: str, dice: random.Random) -> str:
    """Let a carrier work to its end, and say what end that was."""
    if death == AT_RANDOM:
        carrier.works_for(dice.uniform(2, 12))
        carrier.process.kill()
    code = carrier.process.wait(CARRIER_SECONDS)
    if code == 0:
        return FINISHED
    if code == -signal.SIGKILL:
        return KILLED + death
    assert extra, f"the carrier failed ({code}):\n{carrier.trouble()}"
    return "carrier gave up, with database or Prefect gone"


def _often(plan: Plan, boundary: str) -> int:
    """The highest passing to die at, so that all kills are spread over the whole run."""
    at_least, each = PASSINGS.get(boundary, PASSED_OFTEN)
    return max(2, int(1.5 * (at_least + each * plan.applicants) / max(plan.kills, 1)))


def _disturb(carrier: Carrier, home: Path, plan: Plan, dice: random.Random, extra: str) -> int:
    """Do from outside what cannot be done from within, while the carrier works."""
    if extra == LOST_COMMIT:
        return 1
    carrier.works_for(dice.uniform(4, 9))
    if not carrier.lives:
        return 0
    if extra == OUTAGE:
        for _ in range(3):
            _stop_postgres(home, dice.uniform(0, 2))
            carrier.works_for(dice.uniform(1, 3))
    elif extra == RIVAL:
        _end_sessions(home)
        Carrier(home, plan, rival=True).process.wait(CARRIER_SECONDS)
    elif extra == SLEEPER:
        carrier.process.send_signal(signal.SIGSTOP)
        _end_sessions(home)
        time.sleep(LEASE_SECONDS + 1)  # its lease runs out on the wall clock
    else:
        _kill_service(home, extra.removesuffix(" killed"))
    return 1


def _kill_service(home: Path, service: str) -> None:
    if service == "postgres":
        pids = _postgres(home)[:1]
    else:
        state = embedded.state(Settings(home=home))
        pids = [state.services[service].pid] if state and service in state.services else []
    _signal(pids, signal.SIGKILL)


def _stop_postgres(home: Path, seconds: float) -> None:
    pids = _postgres(home)
    _signal(pids, signal.SIGSTOP)
    time.sleep(seconds)  # the outage itself, on the wall clock
    _signal(pids, signal.SIGCONT)


def _end_sessions(home: Path) -> None:
    """Cut every connection of the application, and with it the client's lock."""
    _execute(
        _settings(home).database_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE usename = current_user AND pid <> pg_backend_pid()",
    )


def _settings(home: Path) -> Settings:
    state = embedded.state(Settings(home=home))
    assert state is not None
    return state.settings


def _execute(url: str | None, sql: str) -> None:
    engine = create_engine(url or "")
    with engine.begin() as connection:
        connection.execute(text(sql))
    engine.dispose()


def _postgres(home: Path) -> list[int]:
    """The postmaster and its children; nothing while it starts."""
    with suppress(OSError, ValueError, psutil.NoSuchProcess):
        pid = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    return []


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
