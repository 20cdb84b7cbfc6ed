"""What runs beside a comparison: a ledger, Prefect, and peers in environments of their own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deployments import postgres, prefect_server, setup
from deployments.processes import Child
from deployments.settings import Settings

DBOS = "dbos==3.4.0"
START_SECONDS = 120


class NotInstalled(Exception):
    """A peer's package could not be installed; says why."""


def installed(home: Path) -> Settings:
    """An embedded PostgreSQL with a ledger in it, for `postgres.stop` to stop."""
    urls = postgres.start(home)
    settings = Settings(
        home=home,
        database_url=urls.app_url,
        admin_database_url=urls.admin_url,
        prefect_database_url=urls.prefect_url,
    )
    setup.prepare_ledger(settings)
    return settings


@contextmanager
def prefect(settings: Settings) -> Iterator[int]:
    """A Prefect server, while the context lasts; its process id."""
    server = Child(
        prefect_server.command(settings),
        prefect_server.server_environment(settings),
        settings.home / "prefect.log",
        lambda: prefect_server.ready(settings),
    )
    pid = server.start()
    try:
        give_up = time.monotonic() + START_SECONDS
        while not server.answers():
            assert server.alive() and time.monotonic() < give_up, server.log.read_text()[-3000:]
            time.sleep(0.2)
        yield pid
    finally:
        server.stop()


def environment(of_it: Mapping[str, str]) -> dict[str, str]:
    """A process's environment: what is its own, and of ours all that is not about our system."""
    about_us = ("FULLCYCLE_", "PREFECT_")
    ours = {name: value for name, value in os.environ.items() if not name.startswith(about_us)}
    return ours | dict(of_it)


def with_packages(folder: Path, *packages: str) -> str:
    """An interpreter in an environment of its own, with these packages. Raises NotInstalled."""
    python = str(folder / "bin/python")
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [*pip, "install", "--quiet", *packages],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotInstalled((done.stderr.strip().splitlines() or ["no reason given"])[-1])
    return python
