"""Workable, our connector against the stand-in, over real HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.access import Access
from connectors.ports import ApplicantTracker
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.workable import Workable
from deployments.sandbox.workable_records import MEMBER
from deployments.sandbox.world import World
from tests.connectors.tracking import GRACE, NOW
from tests.connectors.workable.account import REQUISITION, connected


@pytest.fixture
def careers_page(vendor: Workable) -> None:
    """Grace will apply through it, a day after the job is published."""
    vendor.staff.people = People([GRACE])


@pytest.fixture
def vendor(tmp_path: Path) -> Workable:
    (tmp_path / "harbor.yaml").write_text(REQUISITION, encoding="utf-8")
    return Workable(World(seed=7, now=NOW), People(()), tmp_path)


@pytest.fixture
def sandbox(vendor: Workable, tmp_path: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox(vendor.world, [vendor], tmp_path / "journal.jsonl")
    yield sandbox
    sandbox.stop()


@pytest.fixture
def access(sandbox: Sandbox) -> Access:
    options = {"member_id": MEMBER, "reason:unqualified": "Not enough relevant experience"}
    return Access(sandbox.start() + "/workable/spi/v3", "sandbox-workable", options=options)


@pytest.fixture
def tracker(access: Access) -> ApplicantTracker:
    return connected(access)
