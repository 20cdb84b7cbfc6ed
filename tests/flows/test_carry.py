"""A sweep that is begun again at its instant moves nobody further than an undisturbed one."""

import asyncio

import pytest

from connectors.ledger import steps
from connectors.ledger.scope import Scope
from flows.sweep import sweep
from tasks.stages import ORDER
from tests.flows.test_reconcile import Office, office
from tests.tasks.test_reconcile import books

assert books, office  # fixtures

pytestmark = pytest.mark.usefixtures("prefect")


def test_a_stage_without_anybody_is_behind_it_so_whom_a_later_one_brings_there_waits(
    office: Office,
) -> None:
    office.books.applies("ann", "screening")

    async def run() -> None:
        await sweep(office.desk.client, office.now, return_state=True)

    asyncio.run(run())

    with office.desk.ledger.transaction() as connection:
        behind = steps.behind(connection, Scope(office.desk.client), office.now)
    assert {f"{step} {stage}" for stage in ORDER for step in ("gate", "decide")} <= behind
