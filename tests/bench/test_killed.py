"""A nightly sync that is killed goes on where it was, and ends with the same table."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import DEVNULL, Popen

import pytest
from sqlalchemy import create_engine, text

from connectors.applicant_tracking.greenhouse.lists import SIDE_BY_SIDE
from tests.bench.pulls import Place, call, serving, started, stats
from tests.bench.sync import OURS, place_in

RECORDS = 6_001
SLOW_MS = 20  # so that it is at work for a while
SECONDS = 60
Pulled = tuple[float, list[tuple[str, str]]]  # how many requests it took, and who is there then


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as home, place_in(Path(home)) as place:
        yield place


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    with serving(RECORDS) as api:
        call(api, "set", latency_ms=SLOW_MS)
        yield api


@pytest.fixture(scope="module")
def undisturbed(place: Place, api: str) -> Pulled:
    return pull(place, api, "undisturbed", changed=False)


@pytest.mark.parametrize("page", [2, 9])
def test_only_what_was_on_its_way_is_asked_for_again(
    place: Place, api: str, undisturbed: Pulled, page: int
) -> None:
    killed = begin(place, api, f"killed_{page}", changed=False)
    give_up = time.monotonic() + SECONDS
    while stats(api)["requests"] < page and time.monotonic() < give_up:
        time.sleep(0.001)
    killed.kill()
    assert killed.wait() < 0, "it was done before"
    before = stats(api)["requests"]
    after, table = pull(place, api, f"killed_{page}", changed=True)

    whole, everybody = undisturbed
    assert before + after <= whole + SIDE_BY_SIDE + 1  # and one that was not landed yet
    assert table == everybody


def begin(place: Place, api: str, client: str, changed: bool) -> "Popen[bytes]":
    call(api, "reset")
    job = replace(place.job(OURS, api, changed, place.home), schema=client)
    return started(OURS, job, stdout=DEVNULL)


def pull(place: Place, api: str, client: str, changed: bool) -> Pulled:
    """Pull to the end."""
    assert begin(place, api, client, changed).wait() == 0
    query = "SELECT external_id, document FROM candidate WHERE client = :client ORDER BY 1"
    engine = create_engine(place.database)
    with engine.connect() as connection:
        found = connection.execute(text(query), {"client": client}).all()
    engine.dispose()
    assert len(found) == RECORDS
    return stats(api)["requests"], [(ref, document) for ref, document in found]
