"""A sweep goes on where another of its instant was; it never goes behind one that went further."""

from datetime import datetime, timedelta

import pytest

from connectors.ledger import steps
from connectors.ledger.scope import Scope
from connectors.ledger.steps import Overtaken
from connectors.ledger.store import Ledger


@pytest.fixture
def later(as_of: datetime) -> datetime:
    return as_of + timedelta(days=1)


def complete(ledger: Ledger, at: datetime, step: str, requisition: str | None = None) -> None:
    with ledger.transaction() as connection:
        steps.complete(connection, Scope(ledger.client, requisition), at, step)


def behind(ledger: Ledger, at: datetime, requisition: str | None = None) -> set[str]:
    with ledger.transaction() as connection:
        return steps.behind(connection, Scope(ledger.client, requisition), at)


def test_a_step_is_behind_every_sweep_of_its_scope_and_instant(
    ledger: Ledger, as_of: datetime, later: datetime
) -> None:
    complete(ledger, as_of, "observe ashby")
    complete(ledger, as_of, "gate intake")
    assert behind(ledger, as_of) == {"observe ashby", "gate intake"}
    assert behind(ledger, as_of, "HARBOR-1") == set()
    assert behind(ledger, later) == set()


def test_a_run_that_slept_finds_that_another_has_gone_further(
    ledger: Ledger, as_of: datetime, later: datetime
) -> None:
    complete(ledger, later, "settle")
    with pytest.raises(Overtaken):
        behind(ledger, as_of)


def test_what_a_sleeper_completes_late_does_not_undo_what_came_after(
    ledger: Ledger, as_of: datetime, later: datetime
) -> None:
    complete(ledger, later, "gate intake")
    complete(ledger, as_of, "observe ashby")
    assert behind(ledger, later) == {"gate intake"}
