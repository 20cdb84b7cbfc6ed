"""A receiver that is really served, over real HTTP and with the real PostgreSQL behind it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployments.postgres import Urls
from deployments.processes import ROOT, listening

START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Served:
    """A running receiver: where it listens, whose accounts it knows, what it has written."""

    port: int
    client: str
    log: Path


@pytest.fixture
def served(database: Urls, client_name: str, tmp_path: Path) -> Iterator[Callable[[int], Served]]:
    """Start a receiver that takes so many requests a second from one account."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "receiver.log"
    environment = {
        "FULLCYCLE_HOME": str(tmp_path),
        "FULLCYCLE_DATABASE_URL": database.app_url,
        "FULLCYCLE_ADMIN_DATABASE_URL": database.admin_url,
        "FULLCYCLE_PREFECT_DATABASE_URL": database.prefect_url,
        "FULLCYCLE_SECRET": "a secret of our own",
    }
    started: list[subprocess.Popen[bytes]] = []

    def serve(per_second: int) -> Served:
        command = [sys.executable, "-m", "tests.deployments.receiver_process"]
        arguments = [str(port), client_name, str(per_second)]
        with log.open("wb") as output:
            started.append(
                subprocess.Popen(
                    command + arguments,
                    cwd=ROOT,
                    env=os.environ | environment,
                    stdout=output,
                    stderr=output,
                )
            )
        give_up = time.monotonic() + START_SECONDS
        while not listening(port):
            assert started[0].poll() is None and time.monotonic() < give_up, log.read_text()
            time.sleep(0.05)
        return Served(port, client_name, log)

    yield serve
    for process in started:
        process.terminate()
        process.wait(20)
