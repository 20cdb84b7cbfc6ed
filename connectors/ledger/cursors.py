"""Up to where each resource of a system was read, and when it last was read to its end."""

from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from connectors.ledger import tables


def read(connection: Connection, client: str, system: str, resource: str) -> str | None:
    """Up to where a resource was read; None: it is to be read from the beginning."""
    value: str | None = connection.execute(
        text(
            "SELECT value FROM cursor"
            " WHERE client = :client AND system = :system AND resource = :resource"
        ),
        {"client": client, "system": system, "resource": resource},
    ).scalar()
    return value or None


def forget(connection: Connection, client: str) -> None:
    """Have every system read from the beginning at the next look."""
    connection.execute(text("UPDATE cursor SET value = '' WHERE client = :c"), {"c": client})


def write(connection: Connection, client: str, system: str, resource: str, value: str) -> None:
    """Remember up to where a resource was read, in the transaction that landed its records."""
    _put(connection, client, system, resource, value=value)


def mark_read(
    connection: Connection, client: str, system: str, resource: str, as_of: datetime
) -> None:
    """Remember that a resource was read to its end at this instant, whatever it brought."""
    _put(connection, client, system, resource, read_at=as_of)


def _put(
    connection: Connection, client: str, system: str, resource: str, **told: str | datetime
) -> None:
    """Change what is told of a resource's cursor; one that is new has been read up to nowhere."""
    key = {"client": client, "system": system, "resource": resource}
    statement = insert(tables.cursor).values(**{"value": "", **key, **told})
    connection.execute(statement.on_conflict_do_update(index_elements=[*key], set_=told))
