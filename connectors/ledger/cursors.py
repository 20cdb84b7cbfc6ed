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
    statement = insert(tables.cursor).values(
        client=client, system=system, resource=resource, value=value
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["client", "system", "resource"], set_={"value": value}
        )
    )


def mark_read(
    connection: Connection, client: str, system: str, resource: str, as_of: datetime
) -> None:
    """Remember that a resource was read to its end at this instant, whatever it brought."""
    statement = insert(tables.cursor).values(
        client=client, system=system, resource=resource, value="", read_at=as_of
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["client", "system", "resource"], set_={"read_at": as_of}
        )
    )
