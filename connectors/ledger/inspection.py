"""Inspection: one subject in quarantine: what holds it and has held it, since when and why."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Holding:
    """One rule that holds a subject, or has: `outcome` once that is over.

    `outcome`: healed, released, ended, or taken_over: it held nobody who was past it when we came.
    `closed_by` and `note` are of the person who released it.
    """

    stage: str
    rule: str
    owner: str
    reason: str
    remedy: str
    opened_at: datetime
    closed_at: datetime | None
    outcome: str | None
    closed_by: str | None
    note: str | None


def history(connection: Connection, client: str, key: str) -> list[Holding]:
    """What holds a subject now, and then what has held it before, the newest first."""
    rows = connection.execute(
        text(
            """
            SELECT q.stage, q.rule, q.owner, q.reason, q.remedy, q.opened_at, q.closed_at,
                   q.outcome, q.closed_by, q.note
            FROM quarantine q
            JOIN (SELECT 'application' AS kind, id FROM application
                  WHERE client = :client AND key = :key
                  UNION ALL
                  SELECT 'requisition', id FROM requisition
                  WHERE client = :client AND key = :key
            ) s ON s.kind = q.subject_kind AND s.id = q.subject_id
            WHERE q.client = :client
            ORDER BY q.closed_at DESC NULLS FIRST, q.opened_at DESC, q.rule
            """
        ),
        {"client": client, "key": key},
    )
    return [Holding(**row._mapping) for row in rows]
