"""A sweep with nothing to do reads who is open, and not what years have left in the ledger."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text

from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from deployments.postgres import Urls
from tasks import desk
from tasks.process import Process
from tests.carrying import desk_without_vendors, do_what_was_asked, sweep_without_vendors
from tests.crowd import STAGES, advertise, gather

OPEN, OVER, FAR_MORE = range(40), range(40, 640), range(640, 3640)
# As in a large ledger: in one this small, reading all of a table is rightly the cheapest.
INDEXED = "SET LOCAL enable_seqscan = off"
READ = "SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0) FROM pg_stat_xact_user_tables"
HELD = """
    INSERT INTO quarantine
        (client, subject_kind, subject_id, stage, rule, owner, reason, remedy, opened_at)
    SELECT client, 'application', id, stage, 'ANY-001', 'client', 'a reason', 'a remedy', since
    FROM application WHERE stage = 'submittal'
"""


@contextmanager
def rows_read() -> Iterator[Callable[[], int]]:
    """How many rows all transactions inside have read from tables so far."""
    before: dict[Connection, int] = {}
    total = 0

    def begins(connection: Connection) -> None:
        connection.exec_driver_sql(INDEXED)
        before[connection] = connection.exec_driver_sql(READ).scalar_one()

    def ends(connection: Connection) -> None:
        nonlocal total
        total += connection.exec_driver_sql(READ).scalar_one() - before[connection]

    event.listen(Engine, "begin", begins)
    event.listen(Engine, "commit", ends)
    yield lambda: int(total)
    event.remove(Engine, "begin", begins)
    event.remove(Engine, "commit", ends)


@pytest.fixture
def add(database: Urls, process: Process, as_of: datetime) -> Iterator[Callable[..., None]]:
    """Put applications into the ledger, in these stages or, without any, over."""
    owner = create_engine(database.admin_url)

    def applications(numbers: range, stages: tuple[str, ...] = ()) -> None:
        with owner.begin() as connection:
            gather(connection, process, numbers, as_of, stages)
            connection.execute(text("ANALYZE"))

    yield applications
    owner.dispose()


def test_those_who_are_over_are_not_read_however_many_they_are(
    ledger: Ledger,
    process: Process,
    add: Callable[..., None],
    as_of: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(desk._open, ledger.client, desk_without_vendors(process, ledger))
    scope = Scope(ledger.client)
    advertise(ledger, 5, as_of)
    add(OPEN, STAGES)
    while any(sweep_without_vendors(scope, as_of)):
        do_what_was_asked(ledger, as_of)

    def read() -> int:
        with rows_read() as so_far:
            assert sweep_without_vendors(scope, as_of) == (0, 0)
        return so_far()

    with ledger.transaction() as connection:  # somebody is held, and something is not done
        connection.execute(text(HELD))
        connection.execute(text("UPDATE effect SET state = 'dead' WHERE kind = 'tracker.note'"))
    add(OVER)
    few = read()
    add(FAR_MORE)

    # One of fifty belongs to nobody, and is looked at by every sweep.
    assert read() < few + len(FAR_MORE) / 5
