"""Many hints are one sweep of what they are about, and no hint is forgotten while it is unread."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from prefect.exceptions import ObjectNotFound

from connectors.ledger.scope import Scope
from deployments.hurry import PAUSES, Hurry

ONE, ALL = Scope("acme", "ACME-1"), Scope("acme")


class Work:
    """What is hinted at, look by look, and the sweeps that were run for it."""

    def __init__(self, hinted: Sequence[Scope | None], fails: Exception | None = None) -> None:
        self.looks, self.fails = iter(hinted), fails
        self.swept: list[Scope] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def hinted(self, client: str) -> Scope | None:
        return next(self.looks)

    async def run(self, scope: Scope) -> None:
        self.swept.append(scope)
        self.meanwhile()
        if self.fails:
            raise self.fails


def hurried(work: Work, notices: int = 1, times: int = 1) -> None:
    """Notice hints and wait for what comes of it, so often."""

    async def main() -> None:
        hurry = Hurry(work.hinted, work.run, pauses=[0.0] * len(PAUSES))
        work.meanwhile = lambda: hurry.notice("acme")
        for _ in range(times):
            for _ in range(notices):
                hurry.notice("acme")
            await hurry.settled()

    asyncio.run(main())


@pytest.mark.parametrize("scope", [ONE, ALL])
def test_many_hints_are_one_sweep_of_what_they_are_about(scope: Scope) -> None:
    work = Work([scope, None, None])

    hurried(work, notices=100)

    assert work.swept == [scope]


def test_a_hint_that_was_read_meanwhile_needs_no_sweep() -> None:
    work = Work([None])

    hurried(work)

    assert work.swept == []


def test_a_sweep_that_left_hints_unread_is_followed_by_another() -> None:
    work = Work([ONE, ONE, ALL, None, None])

    hurried(work)

    assert work.swept == [ONE, ONE, ALL]


def test_hints_that_stay_unread_are_left_to_the_schedule_in_the_end() -> None:
    work = Work([ONE] * 100)

    hurried(work)

    assert work.swept == [ONE] * len(PAUSES)


def test_a_run_that_cannot_be_started_ends_nothing_but_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Work([ONE, ALL], fails=ConnectionError("Prefect is away"))

    hurried(work, times=2)

    assert work.swept == [ONE, ALL]
    assert "no sweep for acme's webhooks now: ConnectionError" in caplog.text


def test_where_nobody_serves_sweeps_hints_wait_for_the_next_one_without_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Work([ONE, ALL], fails=ObjectNotFound(Exception()))

    hurried(work, times=2)

    assert work.swept == [ONE, ALL]
    assert caplog.text == ""


def test_one_client_does_not_wait_for_another() -> None:
    swept: list[str] = []
    both = asyncio.Event()

    async def run(scope: Scope) -> None:
        swept.append(scope.client)
        if len(swept) == 2:
            both.set()
        await asyncio.wait_for(both.wait(), 10)

    async def main() -> None:
        hurry = Hurry(Scope, run, pauses=[0.0])
        hurry.notice("acme")
        hurry.notice("harbor")
        await hurry.settled()

    asyncio.run(main())

    assert sorted(swept) == ["acme", "harbor"]
