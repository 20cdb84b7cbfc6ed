"""Evidence: the whole history of one application, for an auditor, a court or the person concerned.

It says what was decided, by which rule, when, and what was sent; never what anybody answered, what
a report says, or what a letter contains: these are at their sources, and named here.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from connectors.ledger.scope import Scope


@dataclass(frozen=True, slots=True)
class EffectLine:
    """An effect as ops look at it; `error` is ours or the vendor's status, never its body."""

    key: str
    system: str
    state: str
    asked_at: datetime
    done_at: datetime | None
    attempts: int
    external_id: str | None
    error: str | None


def effects(connection: Connection, scope: Scope, states: Sequence[str]) -> list[EffectLine]:
    """The effects of a scope in these states, the oldest first."""
    rows = connection.execute(
        text(
            """
            SELECT e.key, e.system, e.state, e.created_as_of AS asked_at, e.done_as_of AS done_at,
                   e.attempts - e.spared AS attempts, e.external_id, e.error
            FROM effect e
            LEFT JOIN application s ON e.subject_kind = 'application' AND s.id = e.subject_id
            LEFT JOIN requisition r ON r.id = coalesce(s.requisition_id, e.subject_id)
            WHERE e.client = :client AND e.state = ANY(:states)
              AND (CAST(:requisition AS text) IS NULL OR r.key = :requisition)
            ORDER BY e.created_as_of, e.id
            """
        ),
        {"client": scope.client, "requisition": scope.requisition, "states": list(states)},
    )
    return [EffectLine(**row._mapping) for row in rows]


def export(connection: Connection, client: str, key: str, as_of: datetime) -> dict[str, Any] | None:
    """One application's history as plain data, with a manifest; None if there is no such one.

    The manifest's `hash` is over the names and hashes of the sections, so that a section that was
    changed, added or left out is seen (`manifest`).
    """
    parameters = {"client": client, "key": key}
    found = {
        name: [_plain(row._mapping) for row in connection.execute(text(sql), parameters)]
        for name, sql in _SECTIONS.items()
    }
    if not found["application"]:
        return None
    sections: dict[str, Any] = {"exported_as_of": as_of.isoformat(), "client": client, **found}
    return {**sections, "manifest": manifest(sections)}


def manifest(sections: Mapping[str, Any]) -> dict[str, Any]:
    """The SHA-256 of every section's canonical JSON, and one over all of them."""
    sums = {name: _sum(value) for name, value in sections.items() if name != "manifest"}
    return {"sections": sums, "hash": _sum(sums)}


def _sum(value: Any) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(row: RowMapping) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime | date) else value
        for name, value in row.items()
    }


_MINE = "(SELECT id FROM application WHERE client = :client AND key = :key)"
_SUBJECT = f"client = :client AND subject_kind = 'application' AND subject_id = {_MINE}"
_SECTIONS = {
    "application": """
        SELECT a.key, r.key AS requisition, a.source, a.owner, a.jurisdictions, a.applied_at,
               a.arrived_at, a.consent_at, a.stage, a.state, a.ready_for, a.disposition, a.reason,
               a.seq, a.head_hash, c.version AS process_version
        FROM application a JOIN requisition r ON r.id = a.requisition_id
        JOIN client c ON c.client = a.client WHERE a.client = :client AND a.key = :key
    """,
    "transitions": f"""
        SELECT seq, from_stage, from_state, to_stage, to_state, reason, as_of, previous_hash, hash
        FROM transition WHERE {_SUBJECT} ORDER BY seq
    """,
    "seals": f"""
        SELECT d.day, d.transitions, d.hash FROM digest d WHERE d.client = :client AND EXISTS (
            SELECT 1 FROM transition t WHERE t.{_SUBJECT}
              AND (t.as_of AT TIME ZONE 'UTC')::date = d.day) ORDER BY d.day
    """,
    "quarantine": f"""
        SELECT stage, rule, owner, reason, remedy, opened_at, closed_at, outcome, closed_by, note
        FROM quarantine WHERE {_SUBJECT} ORDER BY opened_at, rule
    """,
    "clocks": f"""
        SELECT name, owner, started_at, due_at, legal, stopped_at
        FROM clock WHERE {_SUBJECT} ORDER BY started_at, name
    """,
    "effects": f"""
        SELECT key, kind, system, state, created_as_of AS asked_at, not_before,
               done_as_of AS done_at, attempts, external_id, others, error, closed_by
        FROM effect WHERE {_SUBJECT} ORDER BY created_as_of, id
    """,
    "notices": f"""
        SELECT e.key, e.request ->> 'template' AS template, e.state, e.created_as_of AS asked_at,
               e.done_as_of AS done_at
        FROM effect e JOIN application a ON a.id = e.subject_id
        WHERE e.{_SUBJECT} AND (e.kind = 'message.by_hand'
              OR e.kind = 'message.send' AND (e.request ->> 'to_email' = a.email
                 OR EXISTS (SELECT 1 FROM correction c WHERE c.application_id = a.id
                            AND c.field = 'email' AND c.was = e.request ->> 'to_email')))
        ORDER BY e.created_as_of, e.id
    """,
    "forms": """
        SELECT form, about, by, updated_at AS answered_at
        FROM form_answer WHERE client = :client AND subject = :key ORDER BY updated_at, form
    """,
    "must_haves": f"""
        SELECT must_have, source, met, shown_at
        FROM evidence WHERE application_id = {_MINE} ORDER BY must_have
    """,
    "interviews": f"""
        SELECT system, external_id, round, starts_at, ends_at, status
        FROM interview WHERE application_id = {_MINE} ORDER BY starts_at
    """,
    "tracker": """
        SELECT stage, archive_kind, archive_reason, source, applied_at
        FROM tracker_application WHERE client = :client AND key = :key
    """,
    "offers": f"""
        SELECT version, hash, rate_cents, currency, unit, start_on, title, entity, expires_at
        FROM offer WHERE application_id = {_MINE} ORDER BY version
    """,
    "signatures": f"""
        SELECT system, external_id, offer_hash, status, signed_at
        FROM signature WHERE application_id = {_MINE} ORDER BY id
    """,
    "background_reports": f"""
        SELECT system, external_id, report_ref, status, result, completed_at, adverse_status,
               notice_at, final_notice_at
        FROM background_report WHERE application_id = {_MINE} ORDER BY id
    """,
    "holds": """
        SELECT h.requisition, h.system, h.by, h.why, h.placed_at, h.lifted_at, h.lifted_by,
               h.lifted_why
        FROM hold h JOIN application a ON a.client = h.client AND a.key = :key
        JOIN requisition r ON r.id = a.requisition_id
        WHERE h.client = :client AND h.requisition IN ('', r.key) ORDER BY h.placed_at, h.id
    """,
    "corrections": f"""
        SELECT field, corrected_at FROM correction WHERE application_id = {_MINE} ORDER BY id
    """,
    "acts": """
        SELECT t.number, t.at, t.by, t.command, t.subject, t.about, t.why, t.proof,
               t.previous_hash, t.hash
        FROM act t JOIN application a ON a.client = t.client AND a.key = :key
        JOIN requisition r ON r.id = a.requisition_id
        WHERE t.client = :client AND (t.subject IN (a.key, r.key)
              OR t.subject = '' AND t.command IN ('hold', 'resume'))
        ORDER BY t.number
    """,
}
