"""Each account's deliveries are bounded for themselves, and so are questions about unknown ones."""

import asyncio

import pytest
from starlette.exceptions import HTTPException

from connectors.access import Access
from deployments.accounts import FRESH_SECONDS, Accounts
from deployments.limits import LOOKUPS_PER_SECOND, Rates


class Clock:
    """Seconds that pass when a test says so."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Blocks:
    """The accounts there are, and how often they were asked for."""

    def __init__(self, **accounts: Access) -> None:
        self.accounts, self.asked = accounts, 0

    async def load(self, client: str, vendor: str) -> Access | None:
        self.asked += 1
        return self.accounts.get(client)


def test_a_burst_is_taken_and_then_what_the_rate_allows() -> None:
    clock = Clock()
    rates = Rates(per_second=10, burst=3, clock=clock)

    assert [rates.wait("acme/checkr") for _ in range(4)] == [0, 0, 0, pytest.approx(0.1)]
    clock.seconds += 0.1
    assert [rates.wait("acme/checkr") for _ in range(2)] == [0, pytest.approx(0.1)]
    clock.seconds += 1000
    assert [rates.wait("acme/checkr") > 0 for _ in range(4)] == [False, False, False, True]


def test_one_account_takes_nothing_from_another() -> None:
    rates = Rates(per_second=1, burst=1, clock=Clock())

    assert [rates.wait(name) for name in ("acme/checkr", "acme/gusto", "beta/checkr")] == [0, 0, 0]


def test_an_account_is_read_once() -> None:
    blocks = Blocks(acme=Access("", key="k"))
    accounts = Accounts(blocks.load, Clock())

    async def ask() -> list[Access | None]:
        asked = [accounts.find("acme", "checkr") for _ in range(50)]
        return list(await asyncio.gather(*asked))

    assert asyncio.run(ask()) == [blocks.accounts["acme"]] * 50
    assert blocks.asked == 1


def test_a_changed_account_is_read_again_after_a_while() -> None:
    blocks, clock = Blocks(acme=Access("", key="old")), Clock()
    accounts = Accounts(blocks.load, clock)

    async def keys() -> tuple[str, str]:
        await accounts.find("acme", "checkr")
        blocks.accounts["acme"] = Access("", key="new")
        before = await accounts.read_again("acme", "checkr")
        clock.seconds += FRESH_SECONDS
        after = await accounts.read_again("acme", "checkr")
        assert before and after
        return before.key, after.key

    assert asyncio.run(keys()) == ("old", "new")


def test_strangers_cannot_keep_prefect_busy() -> None:
    blocks = Blocks()
    accounts = Accounts(blocks.load, Clock())

    async def guess() -> list[int]:
        refused = []
        for number in range(LOOKUPS_PER_SECOND + 5):
            try:
                await accounts.find(f"client_{number}", "checkr")
            except HTTPException as refusal:
                refused.append(refusal.status_code)
        return refused

    assert asyncio.run(guess()) == [429] * 5
    assert blocks.asked == LOOKUPS_PER_SECOND


def test_a_name_no_client_can_have_is_not_even_looked_up() -> None:
    blocks = Blocks()
    accounts = Accounts(blocks.load, Clock())

    for name in ("", "A", "../x", "acme/..", "a" * 41, "é"):
        assert asyncio.run(accounts.find(name, "checkr")) is None
    assert blocks.asked == 0


def test_while_prefect_is_away_nobody_is_told_that_an_account_does_not_exist(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def load(client: str, vendor: str) -> Access | None:
        raise ConnectionError("no Prefect")

    with pytest.raises(HTTPException) as refusal:
        asyncio.run(Accounts(load, Clock()).find("acme", "checkr"))

    assert (refusal.value.status_code, refusal.value.headers) == (503, {"Retry-After": "5"})
    assert "account of acme at checkr not read: ConnectionError" in caplog.text
