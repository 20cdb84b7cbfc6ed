"""The trail of acts: one chain a client, in which nothing can be changed without being seen."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import Connection, create_engine, make_url, text

from connectors.ledger import audit
from connectors.ledger.audit import Act
from connectors.ledger.store import Ledger
from connectors.ledger.verify import verify
from deployments.postgres import Urls

Keep = Callable[..., None]


@pytest.fixture
def keep(ledger: Ledger, as_of: datetime) -> Keep:
    def act(number: int, subject: str = "HARBOR-1") -> None:
        with ledger.transaction() as connection:
            what = Act(at=as_of, by="ops", command="hold", subject=subject, why=f"reason {number}")
            audit.keep(connection, ledger.client, what)

    return act


@pytest.fixture
def tampering(database: Urls) -> Iterator[Connection]:
    """A superuser's session, for which the trail has no guard; what it does is undone."""
    engine = create_engine(make_url(database.admin_url).set(username="postgres"))
    with engine.connect() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection
        connection.rollback()
    engine.dispose()


def acts(ledger: Ledger, subject: str | None = None) -> list[audit.Kept]:
    with ledger.transaction() as connection:
        return audit.acts(connection, ledger.client, subject)


def test_acts_are_listed_in_their_order_all_or_of_one_subject(ledger: Ledger, keep: Keep) -> None:
    for number, subject in enumerate(("HARBOR-1", "", "HARBOR-1.0a", "HARBOR-1")):
        keep(number, subject)

    assert [(each.number, each.why) for each in acts(ledger)] == [
        (1, "reason 0"),
        (2, "reason 1"),
        (3, "reason 2"),
        (4, "reason 3"),
    ]
    assert [each.number for each in acts(ledger, "HARBOR-1")] == [1, 4]
    with ledger.transaction() as connection:
        assert verify(connection, ledger.client) == []


def test_acts_of_many_at_once_are_one_chain(ledger: Ledger, keep: Keep) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(keep, range(12)))

    assert [each.number for each in acts(ledger)] == list(range(1, 13))
    with ledger.transaction() as connection:
        assert verify(connection, ledger.client) == []


def test_an_act_whose_deed_is_undone_never_was(ledger: Ledger, as_of: datetime) -> None:
    with pytest.raises(RuntimeError), ledger.transaction() as connection:
        audit.keep(connection, ledger.client, Act(at=as_of, by="ops", command="hold", why="so"))
        raise RuntimeError("the deed failed")

    assert acts(ledger) == []


@pytest.mark.parametrize(
    ("deed", "what"),
    [
        ("UPDATE act SET why = 'better' WHERE number = 2 AND client = :c", "changed afterwards"),
        ("UPDATE act SET by = 'you' WHERE number = 2 AND client = :c", "changed afterwards"),
        ("DELETE FROM act WHERE number = 2 AND client = :c", "act 3 does not follow 1"),
        ("DELETE FROM act WHERE number = 1 AND client = :c", "act 2 does not follow 0"),
    ],
)
def test_an_act_that_was_changed_or_removed_is_found(
    ledger: Ledger, keep: Keep, tampering: Connection, deed: str, what: str
) -> None:
    for number in range(3):
        keep(number)

    tampering.execute(text(deed), {"c": ledger.client})

    found = list(audit.broken(tampering, ledger.client))
    assert [(each.rule, what in each.what) for each in found] == [("audit", True)]
