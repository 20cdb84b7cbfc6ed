"""Two workers on two pools share one ledger and one Prefect server, and vendors are slow."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from connectors.ledger.effects import LEASE_SECONDS
from tests.deployments import workers
from tests.deployments.workers import APPLICATIONS, Served, System

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    with workers.system() as running:
        yield running


def seconds(clients: Sequence[Served]) -> float:
    """From the first to the last request by which vendors were asked for an order."""
    asked = [at for client in clients for at in client.vendors.asked]
    return max(asked) - min(asked)


def test_two_carry_1_7_times_what_one_carries_when_vendors_are_the_bottleneck(
    system: System,
) -> None:
    pools = ["one", "one", "one", "one", "east", "east", "west", "west"]
    clients = [system.has_client(f"client_{n}", pool) for n, pool in enumerate(pools)]
    system.serves(*pools)
    for pool in sorted(set(pools)):
        system.has_worker(pool)

    system.ends(system.starts("one"))
    system.ends(*[system.starts(pool) for pool in ("east", "west")])

    alone, together = seconds(clients[:4]), seconds(clients[4:])
    print(f"{alone:.1f} s alone, {together:.1f} s together: {alone / together:.2f} times")
    for client in clients:
        assert client.bought == Counter(client.applications)
    assert alone >= 1.7 * together


def test_what_a_lost_machine_had_claimed_is_taken_over_once_its_lease_is_over(
    system: System,
) -> None:
    client = system.has_client("client_x", "left")
    system.serves("left", "right")
    for pool in ("left", "right"):
        system.has_worker(pool)

    system.starts("left")
    while client.bought.total() < APPLICATIONS / 4:
        time.sleep(0.05)
    system.loses("left")
    left = client.sending
    system.ends(system.starts("right", pool="left"))

    assert client.sending == left > 0  # nobody knows whether that machine still sends

    client.passes(LEASE_SECONDS + 1)
    system.ends(system.starts("right", pool="left"))

    assert client.sending == 0
    assert client.bought == Counter(client.applications)
