"""DocuSign, our connector against the stand-in, over real HTTP."""

from collections.abc import Iterator

import pytest

from connectors.access import Access
from connectors.ports import SignatureProvider
from deployments.sandbox.docusign import DocuSign
from deployments.sandbox.server import Request, Sandbox
from deployments.sandbox.world import World
from tests.connectors.docusign.account import NOW, Town, account_at, connected


@pytest.fixture
def vendor() -> DocuSign:
    town = Town(ada="accepts", bob="declines", eve="late", mum="silent")
    return DocuSign(World(seed=7, now=NOW), town)


@pytest.fixture
def asked(vendor: DocuSign) -> list[Request]:
    """What DocuSign is asked, in order."""
    seen: list[Request] = []
    handle = vendor.handle
    vendor.handle = lambda request: (  # type: ignore[method-assign]
        seen.append(request) or handle(request)  # type: ignore[func-returns-value]
    )
    return seen


@pytest.fixture
def sandbox(vendor: DocuSign) -> Iterator[Sandbox]:
    running = Sandbox(vendor.world, [vendor])
    yield running
    running.stop()


@pytest.fixture
def access(sandbox: Sandbox) -> Access:
    return account_at(sandbox.start())


@pytest.fixture
def pauses() -> list[float]:
    """For how long we would have waited, in seconds."""
    return []


@pytest.fixture
def signatures(access: Access, pauses: list[float]) -> SignatureProvider:
    return connected(access, pauses)
