"""Keeps the system running: `python -m deployments.supervisor --home H [--sandbox] [--only a,b]`.

It starts the services in order, each when those before it answer, starts again what dies, and
stops all in reverse on SIGTERM. `wanted.json` in the home names the services; it may grow.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import psutil

from deployments import postgres, prefect_server, state
from deployments.errors import DeploymentError
from deployments.processes import Child, Database, Service, end, listening
from deployments.settings import Settings, with_ports
from deployments.state import ServiceState, State

SERVICES = ("postgres", "prefect", "sandbox", "receiver", "serve")  # each needs those before it
TICK = 0.5  # seconds between two looks
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # seconds before a new start, doubled each time
STEADY_SECONDS = 30  # alive so long, a service begins again with the first pause


@dataclass
class Kept:
    """One service with its history: when it may be started again, and whether it has answered.

    `starts`: how often it was started until it answered.
    """

    service: Service
    pid: int = 0
    born: float = 0.0
    ready: bool = False
    starts: int = 0
    pause: float = FIRST_PAUSE
    not_before: float = 0.0

    def tend(self) -> bool:
        """Start it if it does not run; return whether it is ready for those that need it."""
        now = time.monotonic()
        if not self.starts or not self.service.alive():
            self.ready = False
            if now >= self.not_before:
                self._start(now)
        elif not self.ready:
            self.ready = self.service.answers()
            self.starts = 1 if self.ready else self.starts
        return self.ready

    def _start(self, now: float) -> None:
        steady = now - self.not_before > STEADY_SECONDS
        self.pause = FIRST_PAUSE if steady else min(self.pause * 2, LONGEST_PAUSE)
        self.not_before = now + self.pause
        self.starts += 1
        try:
            self.pid = self.service.start()
            self.born = psutil.Process(self.pid).create_time()
        except Exception as error:  # whatever is in its way: the others must be kept all the same
            complain(f"not started: {error}")

    def state(self) -> ServiceState:
        """What is written down about it."""
        return ServiceState(pid=self.pid, born=self.born, ready=self.ready, starts=self.starts)


def complain(words: str) -> None:
    """Say it in the log, if there is room for it."""
    with suppress(OSError):
        print(words, file=sys.stderr, flush=True)


class Supervisor:
    """The services of one home."""

    def __init__(self, settings: Settings, services: Mapping[str, Service]) -> None:
        self.settings = settings
        self.services = {name: Kept(service) for name, service in services.items()}
        self.stopping = False
        self.written: State | None = None

    def run(self) -> None:
        """Keep the services running until told to stop."""
        while not self.stopping:
            self._tend()
            try:
                self._write()
            except OSError as error:  # a full disk: written when there is room again
                complain(f"not written down: {error}")
            time.sleep(TICK)
        for kept in reversed(self.services.values()):
            kept.service.stop()

    def stop(self, signum: int, frame: FrameType | None) -> None:
        """End `run` soon: what a signal does."""
        self.stopping = True

    def _tend(self) -> None:
        wanted = state.wanted(self.settings.home)
        for name, kept in self.services.items():
            if self.stopping or (name in wanted and not kept.tend()):
                return  # the next ones need this one

    def _write(self) -> None:
        services = {name: kept.state() for name, kept in self.services.items() if kept.starts}
        now = State(pid=os.getpid(), settings=self.settings, services=services)
        if now != self.written:
            state.write(now)
            self.written = now


def services(settings: Settings, *, embedded: bool) -> dict[str, Service]:
    """Every service that can run with these settings, in the order in which they start."""
    environment = {**settings.environment(), **prefect_server.client_environment(settings)}
    begun = datetime.now(UTC)

    def child(name: str, answers: Callable[[], bool]) -> Child:
        command = [sys.executable, "-m", f"deployments.{name}"]
        return Child(command, environment, state.log(settings.home, name), answers)

    prefect = Child(
        prefect_server.command(settings),
        prefect_server.server_environment(settings),
        state.log(settings.home, "prefect"),
        lambda: prefect_server.ready(settings),
    )
    found: dict[str, Service] = {
        "postgres": Database(settings.home),
        "prefect": prefect,
        "sandbox": child("sandbox", lambda: listening(settings.sandbox_port)),
        "receiver": child(
            "receiver", lambda: listening(settings.receiver_port, settings.reached_at)
        ),
        "serve": child("serve", lambda: prefect_server.serving(settings, begun)),
    }
    return {name: found[name] for name in SERVICES if embedded or name != "postgres"}


def end_leftovers(home: Path) -> None:
    """End what a killed supervisor has left behind, except the database, which is adopted."""
    before = state.read(home)
    for name, left in before.services.items() if before else ():
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(left.pid)
            if name != "postgres" and process.create_time() == left.born:
                end(left.pid, wait=process.wait)


def settle(settings: Settings) -> Settings:
    """Settle what was left open: the ports, and the embedded databases."""
    settings = with_ports(settings)
    if settings.database_url:
        return settings
    urls = postgres.urls(settings.home)
    databases = {
        "database_url": urls.app_url,
        "admin_database_url": urls.admin_url,
        "prefect_database_url": urls.prefect_url,
    }
    return settings.model_copy(update=databases)


def is_embedded(settings: Settings) -> bool:
    """Whether the database is ours to run."""
    return settings.database_url in (None, postgres.urls(settings.home).app_url)


def detach(log: Path) -> None:
    """Go on in the background, with the log for output."""
    if os.fork():
        os._exit(0)
    os.setsid()
    with log.open("ab") as output, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)


def main() -> None:
    """Supervise until a signal ends it; with --detach, in the background."""
    options = _options()
    home = Settings(home=options.home).home
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = state.lock(home)
    if held is None:
        sys.exit(f"{home} already has a supervisor")
    held.truncate(0)  # the number in it is a dead one's
    try:
        supervisor = _prepare(Settings(home=home), options)
    except DeploymentError as error:
        sys.exit(str(error))
    if options.detach:
        detach(state.log(home, "supervisor"))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, supervisor.stop)
    print(os.getpid(), file=held, flush=True)
    supervisor.run()


def _prepare(settings: Settings, options: argparse.Namespace) -> Supervisor:
    """Clear what a dead supervisor left, settle the settings and write down what shall run."""
    end_leftovers(settings.home)
    settled = settle(settings)
    chosen = set(options.only.split(",")) if options.only else set(SERVICES) - {"sandbox"}
    state.want(settings.home, chosen | {"sandbox"} if options.sandbox else chosen)
    state.write(State(pid=os.getpid(), settings=settled))
    return Supervisor(settled, services(settled, embedded=is_embedded(settings)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Settings().home)
    parser.add_argument("--sandbox", action="store_true", help="also run the stand-ins")
    parser.add_argument("--only", help="run these services only, for example postgres,prefect")
    parser.add_argument("--detach", action="store_true", help="go on in the background")
    return parser.parse_args()


if __name__ == "__main__":
    main()
