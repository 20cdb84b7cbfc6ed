"""Requisitions: what was asked for, whether it is approved, and how one enters the ledger."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from connectors.ledger import tables
from connectors.ledger.decisions import Move, Subject
from connectors.ledger.market import ANSWERS
from connectors.ledger.rows import RequisitionRow, requisitions
from connectors.ledger.store import write_moves
from connectors.requisition import Requisition


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(RequisitionRow):
    """A requisition that is to be approved. `market`: what is paid elsewhere, for each place."""

    market: list[dict[str, Any]] = field(default_factory=list)


ROWS = requisitions(
    columns=f"""
        , {ANSWERS} AS market
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
    """What an approval binds to: pay, places, headcount, level and must-haves."""
    fields = requisition.model_dump(mode="json", include=set(_APPROVED_FIELDS))
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]


def put(connection: Connection, requisition: Requisition, as_of: datetime) -> str:
    """Enter or change a requisition; returns "opened", "changed", "edited" or "unchanged".

    A change to what approval binds to sends it back to approval; a cosmetic edit does not.
    """
    return put_all(connection, requisition.client, [requisition], as_of)[0]


def put_all(
    connection: Connection, client: str, wanted: Sequence[Requisition], as_of: datetime
) -> list[str]:
    """Enter or change many requisitions of one client; one outcome for each, in their order."""
    known = _known(connection, client, [requisition.code for requisition in wanted])
    new: dict[str, dict[str, Any]] = {}
    outcomes = []
    for requisition in wanted:
        values = _values(requisition)
        outcome = _outcome(known.get(requisition.code), values)
        if outcome == "opened" or requisition.code in new:
            new[requisition.code] = values
        elif outcome != "unchanged":
            _change(connection, client, requisition.code, values)
        known[requisition.code] = values
        outcomes.append(outcome)
    _insert(connection, client, new, as_of)
    return outcomes


def _known(connection: Connection, client: str, codes: Sequence[str]) -> dict[str, Any]:
    found = connection.execute(
        text(
            "SELECT key, fields, approval_hash FROM requisition"
            " WHERE client = :client AND key = ANY(:codes)"
        ),
        {"client": client, "codes": codes},
    )
    return {row["key"]: row for row in found.mappings()}


def _values(requisition: Requisition) -> dict[str, Any]:
    return {
        "title": requisition.title,
        "fields": requisition.model_dump(mode="json"),
        "jurisdictions": sorted({j for p in requisition.places for j in p.jurisdictions}),
        "headcount": requisition.headcount,
        "approval_hash": approval_hash(requisition),
    }


def _outcome(before: Mapping[str, Any] | None, values: Mapping[str, Any]) -> str:
    if before is None:
        return "opened"
    if before["fields"] == values["fields"]:
        return "unchanged"
    return "edited" if before["approval_hash"] == values["approval_hash"] else "changed"


def _change(connection: Connection, client: str, code: str, values: Mapping[str, Any]) -> None:
    table = tables.requisition
    connection.execute(
        table.update().where(table.c.client == client, table.c.key == code).values(**values)
    )


def _insert(
    connection: Connection, client: str, new: Mapping[str, Mapping[str, Any]], as_of: datetime
) -> None:
    if not new:
        return
    draft: dict[str, Any] = {
        "stage": "requisition",
        "state": "draft",
        "since": as_of,
        "ready_for": "requisition",
    }
    table = tables.requisition
    entered = connection.execute(
        insert(table).returning(table.c.id, table.c.key),
        [{"client": client, "key": code, **draft, **values} for code, values in new.items()],
    )
    subjects = [
        Subject(subject_kind="requisition", id=row.id, key=row.key, **draft, seq=0, head_hash="")
        for row in entered.all()
    ]
    moves = [
        Move(subject, "requisition", "draft", "request received", ready_for="requisition")
        for subject in subjects
    ]
    write_moves(connection, client, moves, as_of)
