"""Indeed's stand-in over real HTTP, our connector to it, and our receiver."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.access import Access
from connectors.documents import filesystem
from connectors.job_boards import indeed
from connectors.ports import DocumentStore, InformedBoard, JobBoard
from deployments.sandbox.indeed import CLIENT_ID, CLIENT_SECRET, Indeed
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from tests.connectors.indeed.account import NOW, Opened, Receiver, a_seeker


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    ours = Receiver()
    yield ours
    ours.server.shutdown()
    ours.server.server_close()


@pytest.fixture
def people() -> People:
    return People([a_seeker()])


@pytest.fixture
def vendor(people: People) -> Indeed:
    return Indeed(World(seed=7, now=NOW), people)


@pytest.fixture
def sandbox(vendor: Indeed) -> Iterator[Sandbox]:
    sandbox = Sandbox(vendor.world, [vendor])
    yield sandbox
    sandbox.stop()


@pytest.fixture
def address(sandbox: Sandbox) -> str:
    return sandbox.start()


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    return filesystem.connect(
        Access("https://careers.example.test", options={"root": str(tmp_path)})
    )


@pytest.fixture
def board(store: DocumentStore, receiver: Receiver) -> JobBoard:
    return indeed.connect(
        Access(
            "https://careers.example.test/jobs/harbor",
            options={"api_token": "token", "apply_url": receiver.url},
        ),
        store,
    )


@pytest.fixture
def opened(store: DocumentStore, receiver: Receiver, address: str) -> Opened:
    """Our connector with an app's credentials, which forgets all that it does not keep."""

    def opened(secret: str = CLIENT_SECRET, **options: str) -> InformedBoard:
        told = {
            "api_token": "token",
            "apply_url": receiver.url,
            "channel": "job_sync",
            "client_id": CLIENT_ID,
            "api_url": f"{address}/indeed",
            **options,
        }
        site = "https://careers.example.test/jobs/harbor"
        account = Access(site, options=told, secrets={"client": secret})
        return indeed.connect(account, store, sleep=lambda seconds: None)

    return opened


@pytest.fixture
def sync(opened: Opened) -> InformedBoard:
    """Our connector, which tells postings by the Job Sync API."""
    return opened()
