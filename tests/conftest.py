"""One real PostgreSQL for the whole session; each test is a client of its own in it."""

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import yaml
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, temporary_settings

from connectors.ledger import client as ledger_client
from connectors.ledger.store import Ledger
from deployments import postgres, prefect_server, setup
from deployments.postgres import Urls
from deployments.settings import Settings, with_ports
from tasks.process import Process
from tests import peers

HARBOR = Path(setup.__file__).parent / "sandbox/data/clients/harbor.yaml"
NUMBERS = count(1)


@pytest.fixture(scope="session")
def installation() -> Iterator[Settings]:
    """Settings of a running embedded PostgreSQL with the ledger's schema and the law in it.

    Its home is not under pytest's own directory, which every pytest closes to other users.
    """
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as directory:
        home = Path(directory)
        try:
            yield peers.installed(home)
        finally:
            postgres.stop(home)


@pytest.fixture(scope="session")
def database(installation: Settings) -> Urls:
    """Where that database is reached. Nothing is wiped between tests: name a client of your own."""
    return postgres.urls(installation.home)


@pytest.fixture(scope="session")
def prefect_api(installation: Settings) -> Iterator[str]:
    """Where a real Prefect server answers, on that PostgreSQL; nothing is wiped in it either."""
    settings = with_ports(installation)
    with peers.prefect(settings):
        yield f"{prefect_server.url(settings)}/api"


@pytest.fixture(scope="module")
def prefect(prefect_api: str) -> Iterator[None]:
    """What runs in this module runs against that server, and is told to it before it ends."""
    with temporary_settings({PREFECT_API_URL: prefect_api}):
        yield
        EventsWorker.drain_all()
        APILogWorker.drain_all()


@pytest.fixture
def client_name() -> str:
    """A client nobody else has."""
    return f"client_{next(NUMBERS)}"


@pytest.fixture
def process(client_name: str) -> Process:
    """The process of Harbor Works, as this test's client's."""
    harbor = yaml.safe_load(HARBOR.read_text(encoding="utf-8"))
    return Process.model_validate(harbor | {"client": client_name})


@pytest.fixture
def ledger(database: Urls, process: Process) -> Ledger:
    """The ledger as this test's client sees it; the client is there, as if it had always been."""
    ledger = Ledger(database.app_url, process.client)
    with ledger.transaction() as connection:
        stored = process.model_dump(mode="json")
        ledger_client.put(connection, process.client, stored, process.version)
    return ledger
