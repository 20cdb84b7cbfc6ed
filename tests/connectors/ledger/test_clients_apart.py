"""Clients are apart: in no table there is can one read, change or write what is another's.

The tables are asked of the database, so a new one without a guard fails here.
"""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from deployments.postgres import Urls

MINE, THEIRS = "apart_mine", "apart_theirs"
ROLES = ("fullcycle_app", "fullcycle_self_id")
OF_NO_CLIENT = {"alembic_version", "rule"}  # the schema's own version; law, the same for everyone
SAMPLES = {
    "text": "x",
    "integer": 1,
    "bigint": 1,
    "boolean": True,
    "date": "2026-11-23",
    "timestamp with time zone": "2026-11-23 09:00+00",
    "jsonb": "{}",
    "ARRAY": "{}",
}
Session = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def session(database: Urls) -> Iterator[Session]:
    """A superuser's transaction that takes on the app's roles, and is undone."""
    host = str(make_url(database.admin_url).query["host"])
    connection = psycopg.connect(host=host, user="postgres", dbname="fullcycle")
    with connection, connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL session_replication_role = replica")  # no foreign keys
        yield connection


def tables(session: Session, having_client: bool) -> list[tuple[str, str]]:
    """(schema, name) of every table of ours with, or without, a client's column."""
    found = session.execute(
        """
        SELECT t.table_schema, t.table_name FROM information_schema.tables t
        WHERE t.table_type = 'BASE TABLE'
          AND t.table_schema NOT IN ('pg_catalog', 'information_schema')
          AND %s = EXISTS (SELECT 1 FROM information_schema.columns c
              WHERE (c.table_schema, c.table_name) = (t.table_schema, t.table_name)
                AND c.column_name = 'client')
        ORDER BY 1, 2
        """,
        [having_client],
    ).fetchall()
    return [(str(schema), str(name)) for schema, name in found]


def row(session: Session, table: tuple[str, str], client: str) -> tuple[sql.Composed, list[object]]:
    """An INSERT of the least a table takes, with its values."""
    wanted = session.execute(
        """
        SELECT column_name, data_type FROM information_schema.columns
        WHERE (table_schema, table_name) = (%s, %s) AND is_nullable = 'NO'
          AND column_default IS NULL AND is_identity = 'NO'
        """,
        table,
    ).fetchall()
    values = {str(name): SAMPLES[str(kind)] for name, kind in wanted} | {"client": client}
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(*table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join([sql.Placeholder()] * len(values)),
    )
    return statement, list(values.values())


def become(session: Session, role: str, client: str) -> None:
    session.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
    session.execute("SELECT set_config('fullcycle.client', %s, true)", [client])


def may(session: Session, role: str, table: tuple[str, str], privilege: str) -> bool:
    name = sql.Identifier(*table).as_string(session)
    answer = session.execute("SELECT has_table_privilege(%s, %s, %s)", [role, name, privilege])
    return answer.fetchone() == (True,)


def seen(session: Session, table: tuple[str, str]) -> object:
    count = sql.SQL("SELECT count(*) FROM {} WHERE client IN (%s, %s)")
    (number,) = session.execute(
        count.format(sql.Identifier(*table)), [MINE, THEIRS]
    ).fetchone() or (None,)
    return number


def test_every_table_belongs_to_a_client_or_is_known_not_to(session: Session) -> None:
    assert {name for _, name in tables(session, having_client=False)} == OF_NO_CLIENT
    assert len(tables(session, having_client=True)) > 25


@pytest.mark.parametrize("role", ROLES)
def test_nobody_reads_or_changes_what_is_anothers(session: Session, role: str) -> None:
    for table in tables(session, having_client=True):
        with session.transaction(force_rollback=True):
            session.execute(*row(session, table, THEIRS))
            readable = may(session, role, table, "SELECT")
            changeable = may(session, role, table, "UPDATE")
            if readable:
                become(session, role, THEIRS)
                assert seen(session, table) == 1, table
                become(session, role, MINE)
                assert seen(session, table) == 0, table
            if changeable:
                become(session, role, MINE)
                change = sql.SQL("UPDATE {} SET client = client").format(sql.Identifier(*table))
                assert session.execute(change).rowcount == 0, table
            assert not may(session, role, table, "DELETE"), table


@pytest.mark.parametrize("role", ROLES)
def test_nobody_writes_in_anothers_name(session: Session, role: str) -> None:
    for table in tables(session, having_client=True):
        if may(session, role, table, "INSERT"):
            statement, values = row(session, table, THEIRS)
            with session.transaction(force_rollback=True):
                become(session, role, THEIRS)
                session.execute(statement, values)
            refused = pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level")
            with refused, session.transaction():
                become(session, role, MINE)
                session.execute(statement, values)


def test_a_table_without_a_guard_is_found(session: Session) -> None:
    session.execute("CREATE TABLE unguarded (client text NOT NULL)")
    session.execute("GRANT SELECT, INSERT ON unguarded TO fullcycle_app")

    with pytest.raises(AssertionError, match="unguarded"):
        test_nobody_reads_or_changes_what_is_anothers(session, "fullcycle_app")
