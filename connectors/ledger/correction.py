"""Corrections: what a person of ours put right in an application's record.

The application's own columns are corrected, never what was delivered: landed records stay as they
came, and landing them again touches no application. What was and what became is kept here, apart
from the trail of acts, so that it can be erased with the person; the act keeps a salted hash.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from connectors.ledger import tables
from connectors.ledger.store import Stale

COLUMNS = ("name", "email", "phone", "residence")


@dataclass(frozen=True, slots=True)
class Record:
    """An open application's correctable record; `at`: the stage it is in, or whose gate holds it.

    `correctable`: it is in quarantine, or was corrected before.
    """

    id: int
    seq: int
    person_id: int | None
    at: str
    jurisdictions: list[str]
    correctable: bool
    values: dict[str, str | None]


def read(connection: Connection, client: str, key: str) -> Record | None:
    """An application's record by its key; None if there is none, or if it has ended."""
    row = (
        connection.execute(
            text(
                """
                SELECT a.id, a.seq, a.person_id, coalesce(a.ready_for, a.stage) AS at,
                       a.jurisdictions, a.name, a.email, a.phone, a.residence,
                       EXISTS (SELECT 1 FROM quarantine q WHERE q.subject_kind = 'application'
                               AND q.subject_id = a.id AND q.closed_at IS NULL)
                       OR EXISTS (SELECT 1 FROM correction c WHERE c.application_id = a.id)
                       AS correctable
                FROM application a
                WHERE a.client = :client AND a.key = :key AND a.disposition IS NULL
                """
            ),
            {"client": client, "key": key},
        )
        .mappings()
        .first()
    )
    if row is None:
        return None
    rest = {name: row[name] for name in row if name not in COLUMNS}
    return Record(values={name: row[name] for name in COLUMNS}, **rest)


def write(
    connection: Connection,
    client: str,
    record: Record,
    changes: Mapping[str, str],
    contacts: Sequence[tuple[str, str]],
    jurisdictions: Sequence[str],
    as_of: datetime,
) -> str:
    """Correct these columns; returns the salted hash of what was and what became.

    contacts: the new normalised contact points, by which the person, if known, is recognised from
    now on too. Nothing that is known of the person is changed. Raises Stale if the application has
    moved since it was read.
    """
    table = tables.application
    corrected = connection.execute(
        table.update()
        .where(table.c.id == record.id, table.c.seq == record.seq)
        .values(**changes, jurisdictions=list(jurisdictions))
    )
    if corrected.rowcount != 1:
        raise Stale("ledger", "the application moved meanwhile; look again, then correct it")
    salt = secrets.token_hex(16)
    rows = [
        {
            "client": client,
            "application_id": record.id,
            "field": field,
            "was": record.values[field],
            "became": value,
            "salt": salt,
            "corrected_at": as_of,
        }
        for field, value in changes.items()
    ]
    connection.execute(tables.correction.insert(), rows)
    if record.person_id is not None and contacts:
        known: list[dict[str, Any]] = [
            {"client": client, "person_id": record.person_id, "kind": kind, "value": value}
            for kind, value in contacts
        ]
        connection.execute(insert(tables.contact_point).on_conflict_do_nothing(), known)
    return proof(salt, [(row["field"], row["was"], row["became"]) for row in rows])


def proof(salt: str, changes: Sequence[tuple[Any, Any, Any]]) -> str:
    """The hash an act keeps of (field, was, became): it says nothing once the salt is gone."""
    body = json.dumps(sorted(changes, key=lambda change: str(change[0])), ensure_ascii=False)
    return hashlib.sha256((salt + body).encode()).hexdigest()


# Where a vendor's record says otherwise than our newest correction: a board's only if it came
# after it, as what it delivered once stays as it was; the tracker's always, as it can be put right.
OTHERWISE = """
    SELECT told.system, told.external_id, told.subject, false AS in_flight,
           string_agg(told.field, ', ' ORDER BY told.field)
               || ': not what was corrected here' AS reason
    FROM (
        SELECT v.system, v.external_id, a.key AS subject, c.field, c.was, c.became, c.corrected_at,
               v.landed_at, v.stage,
               CASE c.field WHEN 'name' THEN v.name WHEN 'email' THEN v.emails ->> 0
                   WHEN 'phone' THEN v.phones ->> 0 ELSE v.residence END AS there
        FROM (SELECT DISTINCT ON (application_id, field) * FROM correction
              WHERE client = :client ORDER BY application_id, field, id DESC) c
        JOIN application a ON a.id = c.application_id AND a.disposition IS NULL
        JOIN arrival v ON v.application_id = a.id
    ) told
    CROSS JOIN LATERAL (SELECT
        CASE field WHEN 'phone' THEN right(regexp_replace(there, '[^0-9]', '', 'g'), 10)
            ELSE lower(trim(there)) END AS there,
        CASE field WHEN 'phone' THEN right(regexp_replace(became, '[^0-9]', '', 'g'), 10)
            ELSE lower(became) END AS became,
        CASE field WHEN 'phone' THEN right(regexp_replace(was, '[^0-9]', '', 'g'), 10)
            ELSE lower(trim(was)) END AS was
    ) alike
    WHERE coalesce(alike.there, '') NOT IN ('', alike.became)
      AND (told.field <> 'residence' OR told.there ~ '^[A-Z]{2}(-|$)')  -- others are free text
      AND (told.stage IS NOT NULL
           OR told.landed_at > told.corrected_at AND alike.there IS DISTINCT FROM alike.was)
    GROUP BY told.system, told.external_id, told.subject
"""
