"""An account's block keeps its tokens for every process, and loses nothing else over it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors import payroll
from connectors.access import Access
from connectors.errors import Unavailable
from connectors.ledger.store import Ledger
from connectors.oauth import Tokens
from deployments import setup
from deployments.accounts import remember_secret
from deployments.sandbox.gusto import Gusto
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from deployments.settings import Settings
from tasks.account import BlockKeeper, account_name, account_type, read

pytestmark = pytest.mark.usefixtures("prefect")


@pytest.fixture
def keeper(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> BlockKeeper:
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", ledger.url)
    monkeypatch.setenv("FULLCYCLE_SECRET", "a secret of our own")
    account = account_type("gusto").filled(
        base_url="https://api.gusto.example",
        key="access-0",
        options={"company": "c-1"},
        secrets={"refresh": "refresh-0", "client": "ours"},
    )
    asyncio.run(account.asave(account_name(ledger.client, "gusto")))
    return BlockKeeper(ledger, "gusto")


def kept(keeper: BlockKeeper) -> Access:
    found = asyncio.run(read(keeper.ledger.client, "gusto"))
    assert found
    return found


def test_new_tokens_are_kept_and_whatever_else_the_block_holds(keeper: BlockKeeper) -> None:
    assert keeper.read() == Tokens("access-0", "refresh-0")

    keeper.save(Tokens("access-1", "refresh-1"))

    assert keeper.read() == Tokens("access-1", "refresh-1")
    assert kept(keeper).options == {"company": "c-1"}
    assert kept(keeper).secrets == {"refresh": "refresh-1", "client": "ours"}


def test_tokens_can_be_kept_where_a_loop_runs(keeper: BlockKeeper) -> None:
    async def within() -> Tokens:
        keeper.save(Tokens("access-1", "refresh-1"))
        return keeper.read()

    assert asyncio.run(within()) == Tokens("access-1", "refresh-1")


def test_who_renews_is_alone_with_the_account(keeper: BlockKeeper, ledger: Ledger) -> None:
    """Eight threads count in the refresh token, and the receiver puts in a secret of its own."""

    def renew(_: int) -> None:
        other = BlockKeeper(Ledger(ledger.url, ledger.client), "gusto")
        with other.alone():
            number = int(other.read().refresh.removeprefix("refresh-")) + 1
            other.save(Tokens(f"access-{number}", f"refresh-{number}"))

    with ThreadPoolExecutor(8) as pool:
        renewals = [pool.submit(copy_context().run, renew, n) for n in range(8)]
        secret = pool.submit(
            copy_context().run, remember_secret, ledger.client, "gusto", "webhook", "token"
        )
        for job in [*renewals, secret]:
            job.result()

    assert keeper.read() == Tokens("access-8", "refresh-8")
    assert kept(keeper).secrets["webhook"] == "token"


def test_an_account_that_cannot_be_read_is_unavailable_and_names_no_secret(
    ledger: Ledger,
) -> None:
    with pytest.raises(Unavailable, match="gusto"):
        BlockKeeper(ledger, "gusto").read()


def test_renewed_tokens_outlive_a_new_start_of_the_sandbox(
    ledger: Ledger, installation: Settings
) -> None:
    asyncio.run(setup.connect_sandbox(installation, ledger.client))
    keeper = BlockKeeper(ledger, "gusto")
    keeper.save(Tokens("access-1", "refresh-1"))

    asyncio.run(setup.connect_sandbox(installation, ledger.client))

    assert keeper.read() == Tokens("access-1", "refresh-1")


class Town:
    """Nobody in particular."""

    def by_email(self, email: str) -> None:
        return None


def test_a_sandbox_account_renews_its_tokens_from_one_run_to_the_next(
    ledger: Ledger, installation: Settings
) -> None:
    world = World(seed=7, now=datetime(2026, 3, 2, 9, tzinfo=UTC))
    sandbox = Sandbox(world, [Gusto(world, Town())])
    asyncio.run(setup.connect_sandbox(installation, ledger.client))
    keeper = BlockKeeper(ledger, "gusto")
    url = f"{sandbox.start()}/gusto"

    seen = [keeper.read()]
    for _ in range(2):
        account = replace(kept(keeper), base_url=url, keeper=keeper)
        assert list(payroll.VENDORS["gusto"].connect(account).changes("all_employees", None, ()))
        seen.append(keeper.read())
        sandbox.advance(world.now + timedelta(hours=3))

    assert len({tokens.refresh for tokens in seen}) == 3
    sandbox.stop()
