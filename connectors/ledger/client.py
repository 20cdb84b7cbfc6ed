"""Clients and the law: what the ledger holds of each process, and the rules it joins to places."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from connectors.ledger import tables
from connectors.ledger.store import engine_for


def read(connection: Connection, client: str) -> dict[str, Any] | None:
    """A client's process as it was last stored."""
    found: dict[str, Any] | None = connection.execute(
        text("SELECT process FROM client WHERE client = :client"), {"client": client}
    ).scalar()
    return found


def put(connection: Connection, client: str, process: Mapping[str, Any], version: int) -> None:
    """Store a client's process."""
    statement = insert(tables.client).values(client=client, process=process, version=version)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["client"], set_={"process": process, "version": version}
        )
    )


def publish_law(connection: Connection, rules: Sequence[Mapping[str, Any]]) -> None:
    """Make the ledger's rules equal to these."""
    connection.execute(tables.rule.delete())
    if rules:
        connection.execute(insert(tables.rule), [dict(rule) for rule in rules])


def names(url: str) -> list[str]:
    """The clients there are, by name."""
    with engine_for(url).connect() as connection:
        return list(connection.execute(text("SELECT client_names()")).scalars())
