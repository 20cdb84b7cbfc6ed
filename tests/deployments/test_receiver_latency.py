"""The receiver answers 200 events a second fast, each of them stored before it is answered."""

import http.client
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count, islice
from threading import local

import pytest
from sqlalchemy import text

from connectors.ledger.store import Ledger
from deployments.postgres import Urls
from tests.deployments.conftest import Served
from tests.deployments.senders import VENDORS, Delivery, event

PER_SECOND, SECONDS, ROUNDS = 200, 5, 6
WARM_UP = 200  # requests that open the connections and are not measured
MOST_P99_MS = 50.0


@pytest.mark.slow
def test_of_a_hundred_answers_at_most_one_takes_longer_than_50_ms(
    served: Callable[[int], Served], database: Urls, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver, now = served(10_000), datetime.now(UTC)
    numbers = count()

    def events(many: int) -> list[tuple[str, Delivery]]:
        each = [(VENDORS[n % 4], n) for n in islice(numbers, many)]
        return [(vendor, event(vendor, n, now)) for vendor, n in each]

    answered(receiver, events(WARM_UP))
    for _ in range(ROUNDS):  # the machine may be busy with something else in one of them
        taken = answered(receiver, events(PER_SECOND * SECONDS))
        p50, p99 = quantile(taken, 0.5), quantile(taken, 0.99)
        with capsys.disabled():
            told = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, slowest {taken[-1]:.1f} ms"
            print(f"\n{len(taken)} webhooks at {PER_SECOND}/s: {told}", end="")
        if p99 < MOST_P99_MS:
            break

    with Ledger(database.app_url, receiver.client).transaction() as connection:
        stored = connection.execute(text("SELECT count(*) FROM inbox")).scalar_one()
    assert stored == next(numbers)
    assert p99 < MOST_P99_MS


def answered(receiver: Served, events: list[tuple[str, Delivery]]) -> list[float]:
    """Deliver each event at its own instant; the milliseconds from there to its answer, sorted."""
    own, begin = local(), time.perf_counter() + 0.2

    def deliver(number: int, vendor: str, delivery: Delivery) -> float:
        if not hasattr(own, "connection"):
            own.connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=30)
        due = begin + number / PER_SECOND
        time.sleep(max(0.0, due - time.perf_counter()))
        address = f"/webhooks/{receiver.client}/{vendor}"
        own.connection.request("POST", address, delivery.content, dict(delivery.headers))
        answer = own.connection.getresponse()
        answer.read()
        assert answer.status == 200
        return (time.perf_counter() - due) * 1000

    with ThreadPoolExecutor(16) as pool:
        return sorted(pool.map(deliver, count(), *zip(*events, strict=True)))


def quantile(values: list[float], share: float) -> float:
    return values[int(len(values) * share)]
