"""Greenhouse, our connector against the stand-in, over real HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.access import Access
from connectors.ports import ApplicantTracker
from deployments.sandbox.greenhouse import CLIENT_ID, CLIENT_SECRET, USER, Greenhouse
from deployments.sandbox.greenhouse_records import TEMPLATE
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from tests.connectors.greenhouse.account import connected
from tests.connectors.tracking import GRACE, NOW, REQUISITION


@pytest.fixture
def vendor(tmp_path: Path) -> Greenhouse:
    (tmp_path / "harbor.yaml").write_text(REQUISITION, encoding="utf-8")
    return Greenhouse(World(seed=7, now=NOW), People([GRACE]), tmp_path)


@pytest.fixture
def sandbox(vendor: Greenhouse, tmp_path: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox(vendor.world, [vendor], tmp_path / "journal.jsonl")
    yield sandbox
    sandbox.stop()


@pytest.fixture
def access(sandbox: Sandbox) -> Access:
    url = sandbox.start()
    options = {
        "client_id": CLIENT_ID,
        "user_id": USER,
        "auth_url": f"{url}/greenhouse/auth",
        "template_job_id": str(TEMPLATE),
        "reason:not_qualified": "Not enough relevant experience",
    }
    return Access(base_url=f"{url}/greenhouse/v3", key=CLIENT_SECRET, options=options)


@pytest.fixture
def tracker(access: Access) -> ApplicantTracker:
    return connected(access)
