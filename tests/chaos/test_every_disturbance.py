"""Everything that can be done to the system is done to it, and nothing comes of it.

`make chaos` is the same at length: more people, more kills, and outages of a minute.
"""

from collections.abc import Iterator

import pytest

from deployments import embedded
from deployments.settings import Settings
from tests.chaos import disk
from tests.chaos.disturbances import FULL_DISK
from tests.chaos.driver import DEATHS, DISTURBANCES, KILLED, Plan, run
from tests.chaos.invariants import (
    LAWFUL,
    NO_FORGERY,
    NOBODY_LOST,
    ONCE,
    RECOVERED,
    SAME_END,
    SOUND,
    Comparison,
    Record,
    compare,
    record,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]
CALM = Plan(applicants=44)
WILD = Plan(applicants=44, kills=len(DISTURBANCES) + 1, fault_rate=0.1, webhooks=0.3)


def lived(plan: Plan) -> tuple[Record, set[str]]:
    """A run of the plan to its end, and what was done to it."""
    with disk.home() as home:
        try:
            outcome = run(home, plan)
            done = outcome.injected.keys() | outcome.vendors.faults.keys()
            if not disk.can_be_full(home):
                done.add(FULL_DISK)  # this user may not mount a disk to fill
            return record(outcome), done
        finally:
            embedded.down(Settings(home=home))


@pytest.fixture(scope="module")
def wild() -> Iterator[tuple[Record, set[str]]]:
    yield lived(WILD)


@pytest.fixture(scope="module")
def comparison(wild: tuple[Record, set[str]]) -> Comparison:
    calm, _ = lived(CALM)
    return compare(wild[0], calm)


def test_all_of_it_was_done(wild: tuple[Record, set[str]]) -> None:
    done = wild[1]
    assert {name for name in DISTURBANCES if name} <= done
    assert {KILLED + death for death in DEATHS} <= done
    assert any("drop_after" in name for name in done)


@pytest.mark.parametrize("invariant", [ONCE, NOBODY_LOST, LAWFUL, SOUND, RECOVERED, NO_FORGERY])
def test_it_holds_all_the_same(comparison: Comparison, invariant: str) -> None:
    assert not comparison.broken[invariant]


def test_the_end_is_that_of_the_undisturbed_run(comparison: Comparison) -> None:
    assert not comparison.broken[SAME_END]
