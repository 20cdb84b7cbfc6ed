"""What is done from outside to a system at work, besides killing the process that carries.

Each takes the `Scene` it is done in, and returns when it is over. They really take their time: an
outage of a minute is a minute on the wall clock.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import create_engine, text

from deployments import embedded
from deployments.demo import Control
from deployments.processes import ROOT
from deployments.sandbox.__main__ import write_clock
from deployments.settings import Settings
from deployments.state import State
from tests.chaos import disk
from tests.chaos.carrier import BESIDE, LEASE_SECONDS, Orders
from tests.chaos.carriers import Carrier
from tests.chaos.worker import SERVED

WORKER_SECONDS = 120  # until a worker has taken up a run
RIVAL_SECONDS = 600
BACK = timedelta(days=2)


@dataclass
class Scene:
    """A carrier at work under a home, and how to start another there.

    `long_seconds`: how long an outage or a sleep lasts.
    """

    home: Path
    carrier: Carrier
    dice: random.Random
    rival: Orders
    long_seconds: float

    @property
    def state(self) -> State:
        found = embedded.state(Settings(home=self.home))
        assert found is not None, "the supervisor is gone"
        return found


def kill(service: str) -> Callable[[Scene], None]:
    """Kill one of the services; its supervisor starts it again."""

    def killed(scene: Scene) -> None:
        _signal([scene.state.services[service].pid], signal.SIGKILL)

    return killed


def kill_postgres(scene: Scene) -> None:
    """Kill the postmaster alone: its children find out."""
    _signal(_postgres(scene.home)[:1], signal.SIGKILL)


def kill_worker(scene: Scene) -> None:
    """Let a worker take up a sweep of the present instant, and kill both in the middle of it."""
    state = scene.state
    with _world_standing_still(scene):
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.worker"],
            env={**os.environ, **state.environment()},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        prefect = f"{state.prefect_url}/api/deployments"
        deployment = _eventually(lambda: _ask(f"{prefect}/name/{SERVED}/{SERVED}"))
        as_of = Control(state.sandbox_url).now().isoformat()
        asked = {"parameters": {"as_of": as_of}}
        _eventually(lambda: _ask(f"{prefect}/{deployment['id']}/create_flow_run", asked))
        _eventually(lambda: _family(worker.pid))
        scene.carrier.works_for(scene.dice.uniform(3, 10))  # it imports for a while, then carries
        _signal([worker.pid, *_family(worker.pid)], signal.SIGKILL)
        worker.wait()


def stop_postgres(scene: Scene) -> None:
    """Stop the database for up to two seconds, every few seconds."""
    for _ in range(3):
        pids = _postgres(scene.home)
        _signal(pids, signal.SIGSTOP)
        time.sleep(scene.dice.uniform(0, 2))
        _signal(pids, signal.SIGCONT)
        scene.carrier.works_for(scene.dice.uniform(1, 3))


def take_postgres_away(scene: Scene) -> None:
    """Let there be no database at all for a while, and nobody to start it again."""
    supervisor = scene.state.pid
    _signal([supervisor], signal.SIGSTOP)
    _signal(_postgres(scene.home), signal.SIGKILL)
    time.sleep(scene.long_seconds)
    _signal([supervisor], signal.SIGCONT)


def cut_sessions(scene: Scene) -> None:
    """Cut every connection of the application, and with it the client's lock."""
    engine = create_engine(scene.state.settings.database_url or "")
    with engine.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = current_user AND pid <> pg_backend_pid()"
            )
        )
    engine.dispose()


def send_a_rival(scene: Scene) -> None:
    """Sweep the same client at once with it, three days late, while the lock is lost."""
    with _world_standing_still(scene):
        cut_sessions(scene)
        Carrier(scene.home, scene.rival).ends(RIVAL_SECONDS)


def turn_the_clock_back(scene: Scene) -> None:
    """Let every process see a wall clock that has gone back by days, for some seconds."""
    clock = scene.state.settings.clock_file
    assert clock is not None
    control = Control(scene.state.sandbox_url)
    write_clock(clock, control.now() - BACK)
    scene.carrier.works_for(scene.dice.uniform(1, 4))
    write_clock(clock, control.now())


def fill_the_disk(scene: Scene) -> None:
    """Leave no room where the data is for some seconds."""
    disk.fill(scene.home)
    scene.carrier.works_for(scene.dice.uniform(3, 8))
    disk.empty(scene.home)


def stall_the_vendors(scene: Scene) -> None:
    """Let the next requests at every vendor be answered too late, before or after they are done."""
    for vendor in ("ashby", "checkr", "dropbox_sign", "gusto"):
        faults = scene.dice.sample(["stall", "stall_after"] * 2, 4)
        told = {"vendor": vendor, "match": "", "faults": faults}
        _ask(f"{scene.state.sandbox_url}/__sandbox/faults", told)


def let_a_search_fall_behind(scene: Scene) -> None:
    """Let the answers to the next offers be lost, and their list not show them for some seconds."""
    told = {"vendor": "dropbox_sign", "match": "/send$", "faults": ["drop_unlisted"] * 2}
    _ask(f"{scene.state.sandbox_url}/__sandbox/faults", told)


def put_to_sleep(scene: Scene) -> None:
    """Stop the carrier until its lease has run out, with its lock lost; it is not woken here."""
    scene.carrier.gets(signal.SIGSTOP)
    cut_sessions(scene)
    time.sleep(max(scene.long_seconds, LEASE_SECONDS + 1))


@contextmanager
def _world_standing_still(scene: Scene) -> Iterator[None]:
    """Keep the carrier from letting the world go on while somebody works beside it.

    The stand-ins answer nobody while it does: what was sent would be done long after its time.
    """
    beside = scene.home / BESIDE
    beside.touch()
    try:
        yield
    finally:
        beside.unlink()


def _ask(url: str, body: dict[str, Any] | None = None) -> Any:
    """Ask Prefect's server; None while it does not answer, or knows of no such thing."""
    data = None if body is None else json.dumps(body).encode()
    with suppress(OSError):
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"{}")
    return None


def _eventually(found: Callable[[], Any]) -> Any:
    """Wait for something to be found; None if that takes too long."""
    until = time.monotonic() + WORKER_SECONDS
    while not (what := found()) and time.monotonic() < until:
        time.sleep(0.2)
    return what


def _family(pid: int) -> list[int]:
    with suppress(psutil.NoSuchProcess):
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    return []


def _postgres(home: Path) -> list[int]:
    """The postmaster and its children; nothing while it starts."""
    with suppress(OSError, ValueError):
        pid = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
        return [pid, *_family(pid)]
    return []


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


SLEEPER = "slept while another took its place"
FULL_DISK = "no room on the disk"
FROM_OUTSIDE: dict[str, Callable[[Scene], None]] = {
    "worker and its sweep killed": kill_worker,
    "prefect killed": kill("prefect"),
    "receiver killed": kill("receiver"),
    "postgres killed": kill_postgres,
    "database stopped and continued": stop_postgres,
    "database away": take_postgres_away,
    "connections cut": cut_sessions,
    "second sweep at once, with an old as_of": send_a_rival,
    "wall clock turned back": turn_the_clock_back,
    "vendors stalled": stall_the_vendors,
    "search fallen behind": let_a_search_fall_behind,
    FULL_DISK: fill_the_disk,
    SLEEPER: put_to_sleep,
}
