"""The comparison can see a check that was bought twice, and sees none of ours."""

import pytest

from deployments.settings import Settings
from tests.chaos.usual_ways import (
    FAULTS,
    KEYED_LOOP,
    LOOP,
    OURS,
    OURS_WITHOUT_KEYS,
    UNDISTURBED,
    Way,
    endure,
    planned,
)
from tests.chaos.ways.job import ANSWERED, BEFORE_SENDING, COMMITTED, LOST_ANSWER, RECORDED

SEED = 7


def test_every_fault_is_planned_as_often_and_a_seed_plans_alike() -> None:
    applications = [str(number) for number in range(2 * len(FAULTS))]

    plan = planned(applications, SEED)

    assert sorted(plan.values()) == sorted(2 * FAULTS)
    assert plan == planned(applications, SEED) != planned(applications, SEED + 1)


def test_a_loop_buys_twice_whatever_the_vendor_did_and_it_has_not_recorded(
    client_name: str, installation: Settings
) -> None:
    loop = endure(LOOP, client_name, installation, 2, SEED)

    assert loop.missing == 0
    assert loop.duplicates(COMMITTED, ANSWERED, LOST_ANSWER) == 6
    assert loop.duplicates(BEFORE_SENDING, RECORDED, UNDISTURBED) == 0


def test_a_loop_that_sends_a_key_buys_once(client_name: str, installation: Settings) -> None:
    loop = endure(KEYED_LOOP, client_name, installation, 1, SEED)

    assert (loop.missing, loop.duplicates(*FAULTS)) == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("way", [OURS, OURS_WITHOUT_KEYS], ids=lambda way: way.name)
def test_ours_buys_once_with_the_vendors_keys_and_without(
    way: Way, client_name: str, installation: Settings
) -> None:
    ours = endure(way, client_name, installation, 1, SEED)

    assert (ours.missing, ours.duplicates(*FAULTS)) == (0, 0)
