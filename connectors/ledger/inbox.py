"""The inbox: what was delivered to us, kept before it is answered and read once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from connectors.ledger import tables


@dataclass(frozen=True, slots=True)
class Delivery:
    """One stored delivery: who delivered it, and its body as it arrived."""

    id: int
    source: str
    event_id: str
    occurred_at: datetime
    body: str


def keep(
    connection: Connection, client: str, source: str, event_id: str, body: str, at: datetime
) -> bool:
    """Store a delivery; False if this event was stored before."""
    statement = insert(tables.inbox).values(
        client=client, source=source, event_id=event_id, body=body, occurred_at=at
    )
    stored = connection.execute(
        statement.on_conflict_do_nothing().returning(tables.inbox.c.id)
    ).scalar()
    return stored is not None


def unread(connection: Connection, client: str, limit: int = 5000) -> Sequence[Delivery]:
    """Deliveries nobody has read yet, in the order of their events."""
    rows = connection.execute(
        text(
            "SELECT id, source, event_id, occurred_at, body FROM inbox"
            " WHERE client = :client AND read_at IS NULL"
            " ORDER BY occurred_at, event_id LIMIT :limit"
        ),
        {"client": client, "limit": limit},
    )
    return [Delivery(**row._mapping) for row in rows]


def mark_read(
    connection: Connection, ids: Sequence[int], as_of: datetime, errors: dict[int, str]
) -> None:
    """Remember that deliveries were read; an unreadable one keeps its reason and its body."""
    if ids:
        connection.execute(
            text("UPDATE inbox SET read_at = :as_of, error = :error WHERE id = :id"),
            [{"as_of": as_of, "id": i, "error": errors.get(i)} for i in ids],
        )


def keep_self_identification(
    connection: Connection, client: str, event_id: str, answers: dict[str, str]
) -> None:
    """Put voluntary self-identification where code that decides cannot read it."""
    connection.execute(
        text(
            "INSERT INTO self_id.answer (client, application_key, question, answer)"
            " VALUES (:client, :key, :question, :answer)"
            " ON CONFLICT DO NOTHING"
        ),
        [
            {"client": client, "key": event_id, "question": question, "answer": answer}
            for question, answer in answers.items()
        ],
    )
