"""The inbox: what was delivered to us, kept before it is answered and read once.

A *delivery* carries a record: an application, an answer to a form. A *hint* is a vendor's webhook:
it only says that something happened to an object, which the next sweep reads again at the vendor.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from connectors.errors import Unreadable
from connectors.ledger import tables
from connectors.ledger.scope import Scope


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
    """Store a delivery; False if this event was stored before.

    Raises Unreadable if it holds what PostgreSQL cannot: NUL, or half of a surrogate pair.
    """
    if "\0" in event_id + body or not _encodable(event_id + body):
        raise Unreadable(source, "it holds characters that are no text")
    statement = insert(tables.inbox).values(
        client=client, source=source, event_id=event_id, body=body, occurred_at=at
    )
    stored = connection.execute(
        statement.on_conflict_do_nothing().returning(tables.inbox.c.id)
    ).scalar()
    return stored is not None


def last_hint(connection: Connection, client: str, system: str) -> datetime | None:
    """When a vendor's last webhook came; None: never."""
    query = text("SELECT max(occurred_at) FROM inbox WHERE client = :client AND source = :source")
    asked = {"client": client, "source": f"webhook:{system}"}
    last: datetime | None = connection.execute(query, asked).scalar()
    return last


def keep_unreadable(
    connection: Connection, client: str, source: str, raw: bytes, why: str, at: datetime
) -> None:
    """Remember that a delivery came that nobody can read, by its SHA-256; once for each.

    Not its body: what cannot be read cannot be rid of self-identification either.
    """
    statement = insert(tables.inbox).values(
        client=client,
        source=source,
        event_id=f"sha256:{hashlib.sha256(raw).hexdigest()}",
        body="",
        occurred_at=at,
        read_at=at,
        error=why,
    )
    connection.execute(statement.on_conflict_do_nothing())


def _encodable(words: str) -> bool:
    try:
        words.encode()
    except UnicodeEncodeError:
        return False
    return True


def unread(connection: Connection, client: str, limit: int = 5000) -> Sequence[Delivery]:
    """Deliveries nobody has read yet, in the order of their events."""
    rows = connection.execute(
        text(
            "SELECT id, source, event_id, occurred_at, body FROM inbox"
            " WHERE client = :client AND read_at IS NULL AND source NOT LIKE 'webhook:%'"
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


@dataclass(frozen=True, slots=True)
class Arrived:
    """A delivery or a hint as ops look at it, without what is in it."""

    id: int
    source: str
    event_id: str
    occurred_at: datetime
    received_at: datetime
    read_at: datetime | None
    error: str | None
    state: str


def arrived(connection: Connection, client: str, states: Sequence[str]) -> list[Arrived]:
    """What came in and is in these states (unread, unreadable, read), the oldest first."""
    rows = connection.execute(
        text(
            """
            SELECT * FROM (
                SELECT id, source, event_id, occurred_at, received_at, read_at, error,
                       CASE WHEN read_at IS NULL THEN 'unread'
                           WHEN error IS NOT NULL THEN 'unreadable' ELSE 'read' END AS state
                FROM inbox WHERE client = :client
            ) i WHERE state = ANY(:states) ORDER BY occurred_at, id
            """
        ),
        {"client": client, "states": list(states)},
    )
    return [Arrived(**row._mapping) for row in rows]


def replay(connection: Connection, client: str, delivery: int) -> str | None:
    """Have the next sweep read a delivery, or look at a hint, again; returns who delivered it.

    Whatever it says is landed under its own id once more, so nothing doubles. None: there is no
    such delivery, its body was not kept, or nobody has read it yet.
    """
    source: str | None = connection.execute(
        text(
            "UPDATE inbox SET read_at = NULL, error = NULL"
            " WHERE client = :client AND id = :id AND read_at IS NOT NULL AND body <> ''"
            " RETURNING source"
        ),
        {"client": client, "id": delivery},
    ).scalar()
    return source


@dataclass(frozen=True, slots=True)
class Hint:
    """What a system's webhook hints at: the event's kind, and the vendor's ids it is about."""

    system: str
    event_id: str
    kind: str
    refs: Sequence[str]
    arrived_at: datetime


def keep_hints(connection: Connection, client: str, hints: Sequence[Hint]) -> list[bool]:
    """Store hints; for each whether it is new."""
    rows = [
        {
            "client": client,
            "source": f"webhook:{hint.system}",
            "event_id": hint.event_id,
            "body": json.dumps({"kind": hint.kind, "refs": hint.refs}),
            "occurred_at": hint.arrived_at,
        }
        for hint in hints
    ]
    table = tables.inbox
    statement = insert(table).on_conflict_do_nothing().returning(table.c.source, table.c.event_id)
    new = {(row.source, row.event_id) for row in connection.execute(statement, rows)}
    return [(row["source"], row["event_id"]) in new for row in rows]


def hinted(connection: Connection, client: str) -> Scope | None:
    """The least that has to be looked at because of unread hints; None: there are none.

    One requisition, if all of them are known to be about it; else everything of the client.
    """
    rows = connection.execute(
        text(f"{_HINTS} SELECT DISTINCT requisition FROM hint"), {"c": client}
    )
    about = rows.scalars().all()
    if not about:
        return None
    return Scope(client, about[0] if len(about) == 1 else None)


def read_hints(connection: Connection, scope: Scope, as_of: datetime) -> int:
    """Remember that what was hinted at is being looked at; returns how many hints that were.

    One that arrived after `as_of` may be about something that was not yet to be seen then: it
    stays, as does one about another requisition than the scope's.
    """
    result = connection.execute(
        text(
            f"{_HINTS} UPDATE inbox SET read_at = :as_of FROM hint"
            " WHERE inbox.id = hint.id AND inbox.occurred_at <= :as_of"
            " AND (CAST(:requisition AS text) IS NULL OR requisition = :requisition)"
        ),
        {"c": scope.client, "requisition": scope.requisition, "as_of": as_of},
    )
    return result.rowcount


# Each unread hint with the requisition it is about: null unless its ids lead to exactly one.
_HINTS = """
    WITH unread AS (
        SELECT id, substr(source, length('webhook:') + 1) AS system, body::jsonb -> 'refs' AS refs
        FROM inbox WHERE client = :c AND read_at IS NULL AND source LIKE 'webhook:%'
    ), named AS (
        SELECT id, system, ref FROM unread, jsonb_array_elements_text(refs) AS ref
    ), known AS (
        SELECT system, external_id AS ref, subject_kind, subject_id FROM external_id
        WHERE client = :c
        UNION ALL
        SELECT system, external_id, subject_kind, subject_id FROM effect
        WHERE client = :c AND external_id IS NOT NULL
        UNION ALL
        SELECT e.system, other.value, e.subject_kind, e.subject_id
        FROM effect e, jsonb_each_text(e.others) AS other WHERE e.client = :c
        UNION ALL
        SELECT system, report_ref, 'application', application_id FROM background_report
        WHERE client = :c AND report_ref IS NOT NULL
    ), about AS (
        SELECT named.id, min(r.key) AS requisition
        FROM named JOIN known USING (system, ref)
        LEFT JOIN application a ON known.subject_kind = 'application' AND a.id = known.subject_id
        JOIN requisition r ON r.id = CASE known.subject_kind
            WHEN 'requisition' THEN known.subject_id ELSE a.requisition_id END
        GROUP BY named.id HAVING count(DISTINCT r.key) = 1
    ), hint AS (
        SELECT unread.id, about.requisition FROM unread LEFT JOIN about USING (id)
    )
"""


def keep_self_identification(
    connection: Connection, client: str, event_id: str, answers: Mapping[str, str]
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
