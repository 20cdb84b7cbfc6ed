"""The whole system on one machine, with one call: up, down, and what runs now.

`up` leaves a supervisor behind, which keeps PostgreSQL, Prefect's server and our own processes
running after this process has ended. The data stays from one `up` to the next.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from deployments import postgres, supervisor
from deployments import state as states
from deployments.errors import DeploymentError
from deployments.processes import ROOT
from deployments.settings import Settings
from deployments.state import State

UP_SECONDS = 180
DOWN_SECONDS = 120
GIVE_UP_AFTER = 6  # starts in a row of a service that does not answer: half a minute


def up(settings: Settings, *, sandbox: bool = False, only: Collection[str] = ()) -> State:
    """Run the system in the background; returns when every service answers.

    A running system is adopted as it is, and gets the services which it lacks. `only` names
    services (`supervisor.SERVICES`); without it all run, the sandbox if asked for.
    Raises DeploymentError when a port is taken or a service does not start.
    """
    names = set(only) or set(supervisor.SERVICES) - {"sandbox"}
    if sandbox:
        names.add("sandbox")
    if unknown := names - set(supervisor.SERVICES):
        raise DeploymentError(f"no such service: {', '.join(sorted(unknown))}")
    if not supervisor.is_embedded(settings):
        names.discard("postgres")
    if states.supervised(settings.home):
        states.want(settings.home, names | set(states.wanted(settings.home)))
    else:
        _start(settings, names)
    return _wait_until_ready(settings, names)


def down(settings: Settings) -> None:
    """Stop everything that runs under this home, and wait until it has ended."""
    deadline = time.monotonic() + DOWN_SECONDS
    while states.supervised(settings.home):
        if time.monotonic() > deadline:
            raise DeploymentError(
                f"still stopping; {states.last_words(settings.home, 'supervisor')}"
            )
        if running := _pid(settings.home):
            with suppress(ProcessLookupError):
                os.kill(running, signal.SIGTERM)
        time.sleep(0.2)
    supervisor.end_leftovers(settings.home)  # of a supervisor that was killed
    postgres.stop(settings.home)


def state(settings: Settings) -> State | None:
    """What runs under this home; None when nothing does."""
    return states.read(settings.home) if states.supervised(settings.home) else None


def _start(settings: Settings, names: Collection[str]) -> None:
    arguments = [f"--home={settings.home}", f"--only={','.join(sorted(names))}", "--detach"]
    done = subprocess.run(
        [sys.executable, "-m", "deployments.supervisor", *arguments],
        env={**os.environ, **settings.environment()},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DeploymentError(done.stderr.strip() or "the supervisor did not start")


def _wait_until_ready(settings: Settings, names: Collection[str]) -> State:
    deadline = time.monotonic() + UP_SECONDS
    while time.monotonic() < deadline:
        now = state(settings)
        if now is None:
            words = states.last_words(settings.home, "supervisor")
            raise DeploymentError(f"the supervisor ended; {words}")
        if now.ready(names):
            return now
        for name, service in now.services.items():
            if name in names and service.starts >= GIVE_UP_AFTER and not service.ready:
                words = states.last_words(settings.home, name)
                down(settings)
                raise DeploymentError(f"{name} does not start; {words}")
        time.sleep(0.1)
    raise DeploymentError(f"not ready after {UP_SECONDS} s: {', '.join(sorted(names))}")


def _pid(home: Path) -> int | None:
    text = (home / "supervisor.pid").read_text().strip()
    return int(text) if text else None
