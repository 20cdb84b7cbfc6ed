"""SmartRecruiters' stand-in over real HTTP, and our connector to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.access import Access
from connectors.applicant_tracking import smartrecruiters
from connectors.ports import ApplicantTracker
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.smartrecruiters import SmartRecruiters
from deployments.sandbox.world import World
from tests.connectors.smartrecruiters.account import GRACE, OPEN, OPTIONS
from tests.connectors.tracking import NOW, REQUISITION


@pytest.fixture
def vendor(tmp_path: Path) -> SmartRecruiters:
    (tmp_path / "harbor.yaml").write_text(REQUISITION, encoding="utf-8")
    return SmartRecruiters(World(seed=7, now=NOW), People((GRACE,)), tmp_path)


@pytest.fixture
def sandbox(vendor: SmartRecruiters) -> Iterator[Sandbox]:
    sandbox = Sandbox(vendor.world, [vendor])
    yield sandbox
    sandbox.stop()


@pytest.fixture
def access(sandbox: Sandbox) -> Access:
    url = sandbox.start() + "/smartrecruiters"
    return Access(url, key="sandbox-smartrecruiters", options=OPTIONS)


@pytest.fixture
def tracker(access: Access) -> ApplicantTracker:
    return smartrecruiters.connect(access, sleep=lambda seconds: None)


@pytest.fixture
def job(tracker: ApplicantTracker) -> str:
    return tracker.open_job(OPEN, "o").external_id
