"""Where each way runs: its interpreter, its database, its environment variables."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import make_url

from deployments import postgres, prefect_server, setup
from deployments.processes import Child
from deployments.settings import Settings, with_ports

DBOS_VERSION = "3.4.0"
START_SECONDS = 120


class NotInstalled(Exception):
    """A peer's package could not be installed; says why."""


@dataclass(frozen=True)
class Place:
    """What a way's process is started with."""

    database: str
    python: str = sys.executable
    environment: Mapping[str, str] = field(default_factory=dict)


def installed(home: Path) -> Settings:
    """An embedded PostgreSQL with a ledger in it, for `postgres.stop` to stop."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    urls = postgres.start(home)
    settings = with_ports(
        Settings(
            home=home,
            database_url=urls.app_url,
            admin_database_url=urls.admin_url,
            prefect_database_url=urls.prefect_url,
        )
    )
    setup.prepare_ledger(settings)
    return settings


@contextmanager
def prefect(settings: Settings) -> Iterator[None]:
    """A Prefect server, while the context lasts."""
    server = Child(
        prefect_server.command(settings),
        prefect_server.server_environment(settings),
        settings.home / "prefect.log",
        lambda: prefect_server.ready(settings),
    )
    server.start()
    try:
        give_up = time.monotonic() + START_SECONDS
        while not server.answers():
            assert server.alive() and time.monotonic() < give_up, server.log.read_text()[-3000:]
            time.sleep(0.2)
        yield
    finally:
        server.stop()


def of(module: str, settings: Settings) -> Place:
    """Where a way runs. Raises NotInstalled."""
    ledger = settings.database_url or ""
    match module:
        case "prefect_task":
            return Place(ledger, environment=prefect_server.client_environment(settings))
        case "dbos_step":
            url = make_url(settings.admin_database_url or "")
            own = url.set(username="postgres", database="dbos")  # DBOS creates it at launch
            return Place(own.render_as_string(hide_password=False), _with_dbos(settings.home))
        case _:
            return Place(ledger)


def _with_dbos(home: Path) -> str:
    """An interpreter in an environment of its own, which holds DBOS and requests."""
    folder = home / "dbos"
    python = str(folder / "bin/python")
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [*pip, "install", "--quiet", f"dbos=={DBOS_VERSION}", "requests"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotInstalled((done.stderr.strip().splitlines() or ["no reason given"])[-1])
    return python
