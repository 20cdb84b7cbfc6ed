"""Where each way runs: its interpreter, its database, its environment variables."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import make_url

from deployments import prefect_server
from deployments.settings import Settings
from tests import peers


@dataclass(frozen=True)
class Place:
    """What a way's process is started with."""

    database: str
    python: str = sys.executable
    environment: Mapping[str, str] = field(default_factory=dict)


def of(module: str, settings: Settings) -> Place:
    """Where a way runs. Raises peers.NotInstalled."""
    ledger = settings.database_url or ""
    match module:
        case "prefect_task":
            return Place(ledger, environment=prefect_server.client_environment(settings))
        case "dbos_step":
            url = make_url(settings.admin_database_url or "")
            own = url.set(username="postgres", database="dbos")  # DBOS creates it at launch
            python = peers.with_packages(settings.home / "dbos", peers.DBOS, "requests")
            return Place(own.render_as_string(hide_password=False), python)
        case _:
            return Place(ledger)
