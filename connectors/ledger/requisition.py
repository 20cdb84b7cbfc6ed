"""Requisitions: what was asked for, whether it is approved, and how one enters the ledger."""

import hashlib
import json
from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from connectors.ledger import tables
from connectors.ledger.decisions import Move, Subject
from connectors.ledger.rows import RequisitionRow, requisitions
from connectors.ledger.store import write_moves
from connectors.requisition import Requisition

Row = RequisitionRow
ROWS = requisitions(
    columns="""
        , s.fields -> 'pay' <> 'null' AS has_pay
        , jsonb_array_length(s.fields -> 'must_haves') AS must_haves
        , jsonb_array_length(s.fields -> 'rounds') AS rounds
        , CAST(s.fields -> 'pay' ->> 'min_cents' AS bigint) AS pay_min_cents
        , CAST(s.fields -> 'pay' ->> 'max_cents' AS bigint) AS pay_max_cents
        , NOT EXISTS (SELECT 1 FROM requisition t WHERE t.client = s.client AND t.id < s.id
              AND t.disposition IS NULL AND t.title = s.title
              AND t.jurisdictions = s.jurisdictions) AS first_of_its_kind
    """
)

_APPROVED_FIELDS = ("pay", "places", "headcount", "level", "must_haves")


def approval_hash(requisition: Requisition) -> str:
    """What an approval binds to: pay, places, headcount, level and must-haves (domain.md §2)."""
    fields = requisition.model_dump(mode="json", include=set(_APPROVED_FIELDS))
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]


def put(connection: Connection, requisition: Requisition, as_of: datetime) -> str:
    """Enter or change a requisition; returns "opened", "changed", "edited" or "unchanged".

    A change to what approval binds to sends it back to approval; a cosmetic edit does not.
    """
    fields = requisition.model_dump(mode="json")
    bound = approval_hash(requisition)
    found = connection.execute(
        text("SELECT id, fields, approval_hash FROM requisition WHERE client = :c AND key = :k"),
        {"c": requisition.client, "k": requisition.code},
    ).one_or_none()
    values = {
        "title": requisition.title,
        "fields": fields,
        "jurisdictions": sorted({j for p in requisition.places for j in p.jurisdictions}),
        "headcount": requisition.headcount,
        "approval_hash": bound,
    }
    if found:
        if found.fields == fields:
            return "unchanged"
        connection.execute(
            tables.requisition.update().where(tables.requisition.c.id == found.id).values(values)
        )
        return "edited" if found.approval_hash == bound else "changed"
    _insert(connection, requisition, values, as_of)
    return "opened"


def _insert(
    connection: Connection, requisition: Requisition, values: dict[str, object], as_of: datetime
) -> None:
    row_id = connection.execute(
        insert(tables.requisition)
        .values(
            client=requisition.client,
            key=requisition.code,
            stage="requisition",
            state="draft",
            since=as_of,
            ready_for="requisition",
            **values,
        )
        .returning(tables.requisition.c.id)
    ).scalar_one()
    subject = Subject(
        subject_kind="requisition",
        id=row_id,
        key=requisition.code,
        stage="requisition",
        state="draft",
        since=as_of,
        ready_for="requisition",
        seq=0,
        head_hash="",
    )
    move = Move(subject, "requisition", "draft", "request received", ready_for="requisition")
    write_moves(connection, requisition.client, [move], as_of)
