"""The schema: made once, equal to the tables in code, append-only, and closed to other clients."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from connectors.ledger import client, inbox, migrate, tables
from connectors.ledger.decisions import Subject
from connectors.ledger.store import Ledger
from deployments import setup
from deployments.postgres import Urls
from deployments.settings import Settings

Look = Callable[..., Sequence[Any]]
OF_A_CLIENT = sorted(name for name, table in tables.metadata.tables.items() if "client" in table.c)


@pytest.fixture
def owner(database: Urls) -> Iterator[Engine]:
    engine = create_engine(database.admin_url)
    yield engine
    engine.dispose()


@pytest.fixture
def nobody(database: Urls) -> Iterator[Connection]:
    """A session of the app that has named no client."""
    engine = create_engine(database.app_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_migrating_again_changes_nothing(
    installation: Settings, owner: Engine, opened: Subject, look: Look
) -> None:
    before = look("SELECT * FROM transition"), look("SELECT * FROM rule ORDER BY id")
    newest = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations")).get_current_head()

    setup.prepare_ledger(installation)

    assert (look("SELECT * FROM transition"), look("SELECT * FROM rule ORDER BY id")) == before
    with owner.connect() as connection:
        versions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars()
        assert list(versions) == [newest]


def test_the_schema_is_what_the_code_says(owner: Engine) -> None:
    with owner.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, tables.metadata) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE transition SET reason = 'better'",
        "UPDATE transition SET reason = 'better' WHERE false",
        "DELETE FROM transition",
        "TRUNCATE transition",
        "UPDATE act SET why = 'better'",
        "DELETE FROM act",
        "TRUNCATE act",
    ],
)
def test_what_happened_is_not_rewritten_even_by_the_owner(
    owner: Engine, opened: Subject, change: str
) -> None:
    with owner.begin() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text(change))


@pytest.mark.parametrize(
    "forbidden",
    [
        "UPDATE transition SET reason = 'better'",
        "DELETE FROM transition",
        "TRUNCATE transition",
        "UPDATE act SET by = 'somebody else'",
        "DELETE FROM act",
        "DELETE FROM effect",
        "UPDATE rule SET wait_days = 0",
        "DELETE FROM rule",
        "ALTER TABLE application DISABLE ROW LEVEL SECURITY",
        "SELECT * FROM self_id.answer",
        "UPDATE self_id.answer SET answer = ''",
        "SET ROLE fullcycle_self_id",
    ],
)
def test_the_app_may_not(ledger: Ledger, forbidden: str) -> None:
    with ledger.transaction() as connection, pytest.raises(DBAPIError, match=r"permission|owner"):
        connection.execute(text(forbidden))


def test_self_identification_is_kept_where_the_app_cannot_read_it(
    ledger: Ledger, owner: Engine
) -> None:
    with ledger.transaction() as connection:
        for _ in range(2):
            inbox.keep_self_identification(
                connection, ledger.client, "HARBOR-1.0a", {"veteran": "declined"}
            )

    with owner.connect() as connection:
        kept = connection.execute(
            text("SELECT application_key, question, answer FROM self_id.answer WHERE client = :c"),
            {"c": ledger.client},
        ).one()
    assert tuple(kept) == ("HARBOR-1.0a", "veteran", "declined")


@pytest.mark.parametrize("table", OF_A_CLIENT)
def test_who_names_no_client_sees_nothing(
    applicants: list[Subject], nobody: Connection, table: str
) -> None:
    assert nobody.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0


def test_a_client_neither_sees_nor_changes_what_is_anothers(
    ledger: Ledger, applicants: list[Subject], look: Look
) -> None:
    other = Ledger(ledger.url, f"{ledger.client}_other")

    with other.transaction() as connection:
        for table in ("client", "requisition", "application", "arrival", "transition", "posting"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
        assert connection.execute(text("UPDATE application SET name = 'x'")).rowcount == 0
    assert {row.name for row in look("SELECT name FROM application")} == {
        "Applicant ann",
        "Applicant ben",
        "Applicant cleo",
    }


def test_a_client_cannot_write_in_anothers_name(ledger: Ledger) -> None:
    other = Ledger(ledger.url, f"{ledger.client}_other")

    with other.transaction() as connection, pytest.raises(DBAPIError, match="row-level security"):
        client.put(connection, ledger.client, {}, 2)


def test_the_gates_sessions_see_their_client_alone(
    ledger: Ledger, applicants: list[Subject]
) -> None:
    other = Ledger(ledger.url, f"{ledger.client}_other")
    seen = []
    for url in (ledger.gate_url, other.gate_url):
        engine = create_engine(url)
        with engine.connect() as connection:
            seen.append(connection.execute(text("SELECT count(*) FROM application")).scalar_one())
        engine.dispose()
    assert seen == [3, 0]


def test_the_names_of_the_clients_are_known_to_the_providers_own_flows(ledger: Ledger) -> None:
    assert ledger.client in client.names(ledger.url)
