"""Write many rows of one table in one statement: a statement a row costs five times as much."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, text

MANY = 1000


def insert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all name the same columns; of those that are there already, nothing."""
    if rows:
        connection.execute(text(_statement(table, rows[0])), {"rows": _json(rows)})
        look_at_growth(connection, table.name, len(rows))


def insert_returning(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], column: str
) -> list[Any]:
    """Like `insert`; returns one column of those rows that were not there yet."""
    if not rows:
        return []
    statement = f"{_statement(table, rows[0])} RETURNING {column}"
    new = list(connection.execute(text(statement), {"rows": _json(rows)}).scalars())
    look_at_growth(connection, table.name, len(new))
    return new


def look_at_growth(connection: Connection, table: str, written: int) -> None:
    """Have PostgreSQL count a table anew into which many rows were written, if it has doubled.

    It does so by itself within a minute or two. Until then it takes the table to be as it was, and
    may compare each of a hundred thousand rows with all of another hundred thousand.
    """
    if written >= MANY:
        connection.execute(
            text("SELECT look_at_growth(:table, :written)"), {"table": table, "written": written}
        )


def rows_of(table: Table, columns: Iterable[str]) -> str:
    """A SELECT of rows of a table that come as one parameter, `rows`: a JSON list of objects."""
    named = ", ".join(f'"{column}"' for column in columns)
    row = f'CAST(NULL AS "{table.name}")'
    return f"SELECT {named} FROM json_populate_recordset({row}, CAST(:rows AS json))"


def _statement(table: Table, row: Mapping[str, Any]) -> str:
    columns = ", ".join(f'"{column}"' for column in row)
    return f'INSERT INTO "{table.name}" ({columns}) {rows_of(table, row)} ON CONFLICT DO NOTHING'


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()
