"""What a supervisor keeps running: the embedded database, and processes of ours."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

from deployments import postgres

ROOT = Path(__file__).parents[1]
STOP_SECONDS = 15  # then it is killed


class Service(Protocol):
    """Something that can be started, watched and stopped."""

    def start(self) -> int:
        """Start, and return the process."""
        ...

    def alive(self) -> bool:
        """Whether the process still runs."""
        ...

    def answers(self) -> bool:
        """Whether it can be used."""
        ...

    def stop(self) -> None:
        """Stop, and wait until it has ended."""
        ...


@dataclass
class Database:
    """The embedded PostgreSQL: a daemon of its own, adopted if it already runs."""

    home: Path

    def start(self) -> int:
        """Start or adopt it."""
        postgres.start(self.home)
        return postgres.pid(self.home)

    def alive(self) -> bool:
        """Whether it takes connections."""
        return postgres.running(self.home)

    answers = alive

    def stop(self) -> None:
        """Stop it; the data stays."""
        postgres.stop(self.home)


@dataclass
class Child:
    """A process of ours, in a session of its own so that no terminal can end it."""

    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    answers: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> int:
        """Start it; its output goes to its log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env={**os.environ, **self.environment},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self.process.pid

    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Ask it to end; kill it, and whatever it had started, if it does not."""
        if self.process:
            end(self.process.pid, wait=self.process.wait)


def listening(port: int | None, host: str = "127.0.0.1") -> bool:
    """Whether somebody listens on a port of this machine."""
    try:
        socket.create_connection((host, port or 0), timeout=1).close()
    except OSError:
        return False
    return True


def end(pid: int, wait: Callable[[float], object]) -> None:
    """End a process in time, and then whatever is left of its session."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired, psutil.TimeoutExpired):
        wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
