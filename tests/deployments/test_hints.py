"""Hints that come at once are stored together; each is told what became of its own."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from connectors.errors import LedgerUnavailable
from connectors.ledger.inbox import Hint
from deployments import hints
from deployments.hints import Hints
from deployments.postgres import Urls

AT = datetime(2026, 11, 26, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def ledger(database: Urls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", database.app_url)
    monkeypatch.setenv("FULLCYCLE_SECRET", "a secret of our own")


def hint(number: int) -> Hint:
    return Hint("checkr", f"event-{number}", "report.completed", ["report-1"], AT)


def test_what_comes_while_one_is_written_goes_with_the_next(client_name: str) -> None:
    batches = []

    def keep(client: str, some: Sequence[Hint]) -> list[bool]:
        batches.append(len(some))
        return hints.keep(client, some)

    async def deliver() -> list[bool]:
        store = Hints(keep).store
        first = asyncio.create_task(store(client_name, hint(0)))
        await asyncio.sleep(0)  # it is being written
        rest = [store(client_name, hint(number)) for number in (*range(100), 7)]
        return [await first, *await asyncio.gather(*rest)]

    new = asyncio.run(deliver())

    assert batches == [1, 101]
    assert new[:3] == [True, False, True]
    assert all(new[2:101])
    assert asyncio.run(Hints().store(client_name, hint(7))) is False


def test_those_that_could_not_be_stored_are_told_and_the_next_are_tried(client_name: str) -> None:
    lost = iter([True, False])

    def keep(client: str, some: Sequence[Hint]) -> list[bool]:
        if next(lost):
            raise LedgerUnavailable
        return hints.keep(client, some)

    async def deliver() -> list[bool | BaseException]:
        store = Hints(keep).store
        both = (store(client_name, hint(number)) for number in range(2))
        told = await asyncio.gather(*both, return_exceptions=True)
        return [*told, await store(client_name, hint(0))]

    *told, again = asyncio.run(deliver())

    assert [type(each) for each in told] == [LedgerUnavailable, LedgerUnavailable]
    assert again is True
