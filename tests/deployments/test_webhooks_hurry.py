"""Many hints are one sweep of what they are about, and no hint is forgotten while it is unread."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
import yaml
from prefect import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed, Pending
from prefect.testing.utilities import prefect_test_harness
from sqlalchemy import text

from connectors.ledger import inbox
from connectors.ledger import requisition as requisitions
from connectors.ledger.inbox import Hint
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.requisition import Requisition
from deployments import ready, serve
from deployments.hurry import PAUSES, Hurry, run_sweep
from deployments.sandbox.people import DATA
from deployments.settings import Settings

ONE, ALL = Scope("acme", "ACME-1"), Scope("acme")
ARRIVED = datetime(2026, 11, 23, 9, tzinfo=UTC)
BEGUN_SECONDS = 30


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


@pytest.fixture(scope="module")
def served() -> Iterator[None]:
    """A Prefect that knows every deployment, and of which nobody carries out any."""
    with prefect_test_harness(server_startup_timeout=120):
        serve.register(Settings(), [])
        yield


@pytest.fixture
def hinting(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Keep a hint about an order at Checkr; `order-1` is known, and HARBOR-1's."""
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", ledger.url)
    monkeypatch.setenv("FULLCYCLE_SECRET", "secret")
    fields = yaml.safe_load((DATA / "requisitions/HARBOR-1.yaml").read_text(encoding="utf-8"))
    with ledger.transaction() as connection:
        wanted = Requisition.model_validate(fields | {"client": ledger.client})
        requisitions.put(connection, wanted, ARRIVED)
        connection.execute(
            text(
                "INSERT INTO external_id"
                " (client, system, kind, external_id, subject_kind, subject_id)"
                " SELECT client, 'checkr', 'order', 'order-1', 'requisition', id FROM requisition"
            )
        )

    def hint(order: str) -> None:
        about = Hint("checkr", f"event of {order}", "report.completed", [order], ARRIVED)
        with ledger.transaction() as connection:
            assert inbox.keep_hints(connection, ledger.client, [about]) == [True]

    return hint


@pytest.mark.parametrize(
    ("orders", "deployment", "parameters"),
    [
        (["order-1"], "carry-requisition", {"requisition": "HARBOR-1"}),
        (["order-1", "order-of-nobody"], "sweep", {"pool": "fullcycle"}),
    ],
)
def test_a_hint_starts_the_deployment_that_looks_at_just_what_it_is_about(
    served: None,
    ledger: Ledger,
    hinting: Callable[[str], None],
    orders: list[str],
    deployment: str,
    parameters: dict[str, str],
) -> None:
    for order in orders:
        hinting(order)

    run = asyncio.run(hurry_once(ledger.client))

    assert run.deployment_id
    assert run.parameters == {"client": ledger.client, **parameters}
    with get_client(sync_client=True) as client:
        started = client.read_deployment(run.deployment_id)
    assert started.name == deployment
    assert "webhook" in run.tags


async def hurry_once(name: str) -> FlowRun:
    """Do as the receiver does, until what it starts has ended; returns that one run."""
    done: State[None] = Completed()
    hurry = Hurry(pauses=[0.0])
    async with get_client() as client:
        before = {run.id for run in await client.read_flow_runs()}
        hurry.notice(name)
        async with asyncio.timeout(BEGUN_SECONDS):
            while not (runs := [r for r in await client.read_flow_runs() if r.id not in before]):
                await asyncio.sleep(0.05)
        assert hurry._tending  # it waits for the run's end
        await client.set_flow_run_state(runs[0].id, done, force=True)
        await hurry.settled()
        [run] = [run for run in await client.read_flow_runs() if run.id not in before]
    return run


@pytest.mark.parametrize("taken", [False, True])
def test_a_process_that_is_ready_begins_a_run_unless_somebody_else_has(
    served: None, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", ledger.url)
    monkeypatch.setenv("FULLCYCLE_SECRET", "secret")

    async def main() -> FlowRun:
        to_nobody = {"client": "nobody"}
        run = await arun_deployment("sweep/sweep", parameters=to_nobody, timeout=0)
        async with get_client() as client:
            if taken:
                state: State[None] = Pending()
                await client.set_flow_run_state(run.id, state)
            await ready.begin("sweep", run.id)
            return await client.read_flow_run(run.id)

    run = asyncio.run(main())

    assert run.state
    assert run.state.name == ("Pending" if taken else "Failed")  # there is no client nobody


def test_where_sweeps_are_served_the_process_is_started_before_the_first_webhook(
    served: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = asyncio.Event()

    async def start() -> None:
        started.set()

    async def main() -> None:
        monkeypatch.setattr(ready, "_started", start)
        async with ready.Ready().beside(None):
            await asyncio.wait_for(started.wait(), BEGUN_SECONDS)

    asyncio.run(main())


def test_what_a_process_that_is_ready_runs_is_waited_for_there(served: None) -> None:
    asked: list[str] = []

    async def at_once(flow: str, run: UUID) -> bool:
        asked.append(flow)
        return True

    asyncio.run(run_sweep(ONE, at_once))
    asyncio.run(run_sweep(ALL, at_once))

    assert asked == ["carry-requisition", "sweep"]


def test_a_webhook_after_a_sweep_that_left_nothing_is_not_made_to_wait() -> None:
    work = Work([ONE, None, ALL, None])
    slow = [0.0, 3600.0]

    async def main() -> None:
        hurry = Hurry(work.hinted, work.run, pauses=slow)
        for _ in range(2):
            hurry.notice("acme")
            await asyncio.wait_for(hurry.settled(), BEGUN_SECONDS)

    asyncio.run(main())

    assert work.swept == [ONE, ALL]
