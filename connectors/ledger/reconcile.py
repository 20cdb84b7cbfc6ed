"""Reconciliation: where the ledger and its vendors say different things, one rule a difference.

A rule is one query with the columns of `Difference`. It compares what vendors told us (landed
records, and `listed`: what was asked of them for this comparison alone) with what the ledger
decided. A difference that work of our own on its way may explain is `in_flight`: it opens no
finding, and keeps one open.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from connectors.ledger import background, correction, tables
from connectors.ledger.decisions import Subject
from connectors.ledger.rows import subject


@dataclass(frozen=True, slots=True)
class Listed:
    """One object a vendor holds, whoever put it there.

    `since` is when it was ordered or begins to count. `application_key` and `effect` (the key of
    the effect that made it) are empty if it names none.
    """

    resource: str
    system: str
    external_id: str
    since: str
    application_key: str = ""
    effect: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of difference: whose turn it is, what is safe to do, and where it is looked for.

    `reads` are the systems, by what they are for, that must have been read for the rule to know.
    """

    kind: str
    owner: str
    action: str
    reads: tuple[str, ...]
    sql: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What a vendor holds and the ledger does not, or the other way round; ids alone."""

    system: str
    external_id: str
    subject: str
    reason: str
    in_flight: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """An open difference, as it is shown."""

    kind: str
    system: str
    external_id: str
    subject: str
    owner: str
    reason: str
    action: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Advertised:
    """A posting that a board shows for a requisition of ours that is over, or took it down."""

    board: str
    reference: str
    requisition: Subject


_LISTED = """
    WITH listed AS (
        SELECT * FROM jsonb_to_recordset(CAST(:listed AS jsonb)) AS l(
            resource text, system text, external_id text, since timestamptz, application_key text,
            effect text)
    ),
    -- What was there before a client's first requisition is not ours to explain.
    began AS (SELECT date_trunc('day', min(as_of)) AS at FROM transition WHERE client = :client)
"""

HIRE_WITHOUT_EMPLOYEE = Rule(
    kind="hire.not_in_payroll",
    owner="client",
    action="Ask who moved them to hired. If it is a hire, move them back and let the offer be"
    " signed here: payroll is then told by us. Do not enter them in payroll by hand",
    reads=("applicant_tracking", "payroll"),
    sql="""
        SELECT v.system, v.external_id, a.key AS subject,
               'hired in the tracker, unknown to payroll' AS reason,
               EXISTS (SELECT 1 FROM effect e
                   WHERE e.subject_kind = 'application' AND e.subject_id = a.id
                     AND e.kind = 'payroll.create'
                     AND (e.state IN ('due', 'sending')
                          OR e.done_as_of > CAST(:as_of AS timestamptz) - interval '1 day'))
                   AS in_flight
        FROM arrival v
        JOIN application a ON a.id = v.application_id
        JOIN requisition r ON r.id = a.requisition_id
        JOIN client c ON c.client = a.client
        WHERE v.client = :client AND v.stage = 'hired'
          AND jsonb_exists(c.process -> 'payroll' -> 'countries',
                           r.fields -> 'places' -> 0 ->> 'country')
          AND NOT EXISTS (
              SELECT 1 FROM listed l
              LEFT JOIN employee e ON e.client = :client AND e.system = l.system
                  AND e.external_id = l.external_id
              WHERE l.resource = 'all_employees'
                AND (e.application_id = a.id OR l.application_key = a.key))
    """,
)
EMPLOYEE_WITHOUT_OFFER = Rule(
    kind="employee.not_offered",
    owner="client",
    action="Ask the payroll owner who entered them. Nobody is paid or dismissed because of this"
    " finding alone",
    reads=("payroll",),
    sql="""
        SELECT l.system, l.external_id, l.application_key AS subject,
               'in payroll, but nobody offered them a job' AS reason,
               EXISTS (SELECT 1 FROM effect e WHERE e.client = :client
                   AND e.kind = 'payroll.create' AND e.state = 'sending') AS in_flight
        FROM listed l JOIN began ON l.since >= began.at
        WHERE l.resource = 'all_employees'
          AND NOT EXISTS (
              SELECT 1 FROM employee e JOIN offer o ON o.application_id = e.application_id
              WHERE e.client = :client AND e.system = l.system AND e.external_id = l.external_id)
          AND NOT EXISTS (
              SELECT 1 FROM application a JOIN offer o ON o.application_id = a.id
              WHERE a.client = :client AND a.key = l.application_key)
    """,
)
REPORT_WITHOUT_ORDER = Rule(
    kind="report.not_ordered",
    owner="provider",
    action="Ask who ordered it, and with what permission of the person. Cancel an invitation that"
    " is still open; decide nothing on such a report. Another check is ordered here (order_check)",
    reads=("background_checks",),
    sql="""
        SELECT l.system, l.external_id, l.application_key AS subject,
               'a background check that the ledger did not order' AS reason,
               EXISTS (SELECT 1 FROM effect e JOIN application a ON a.id = e.subject_id
                   WHERE a.client = :client AND a.key = l.application_key
                     AND e.subject_kind = 'application' AND e.kind = 'background.order'
                     AND (e.state IN ('sending', 'parked')
                          -- seen there by a person, who did not say which one it is
                          OR e.state = 'done' AND e.external_id IS NULL)) AS in_flight
        FROM listed l JOIN began ON l.since >= began.at
        WHERE l.resource = 'all_reports' AND NOT EXISTS (
            SELECT 1 FROM effect e WHERE e.client = :client AND e.kind = 'background.order'
              AND e.external_id = l.external_id)
    """,
)
SIGNATURE_WITHOUT_OFFER = Rule(
    kind="signature.not_asked",
    owner="provider",
    action="Send this person no other offer meanwhile. If it is open, cancel it at the vendor, then"
    " `fullcycle effect retry` the offer that waits here. If it is signed, its terms were accepted:"
    " client and candidate agree which version stands before another is sent",
    reads=("signatures",),
    sql="""
        SELECT l.system, l.external_id, l.application_key AS subject,
               'open or signed, and the ledger did not send it' AS reason, false AS in_flight
        FROM listed l JOIN began ON l.since >= began.at
        WHERE l.resource = 'all_signature_requests' AND NOT EXISTS (
            SELECT 1 FROM effect e WHERE e.client = :client AND e.kind = 'offer.send'
              AND (e.external_id = l.external_id OR e.external_id IS NULL AND e.key = l.effect))
    """,
)
POSTING_LEFT_OPEN = Rule(
    kind="posting.left_live",
    owner="provider",
    action="Nothing: the board is sent the right list again. If this is still open tomorrow, look"
    " at the effects of the board",
    reads=("job_boards",),
    sql="""
        SELECT l.system, l.external_id, r.key AS subject,
               CASE WHEN r.disposition IS NULL THEN 'live, though it was taken down'
                    ELSE 'live, though its requisition is closed' END AS reason,
               EXISTS (SELECT 1 FROM effect e WHERE e.client = :client AND e.system = l.system
                   AND e.kind = 'posting.publish' AND e.state IN ('due', 'sending')) AS in_flight
        FROM listed l
        JOIN posting p ON p.client = :client AND p.reference = l.external_id
        JOIN requisition r ON r.id = p.requisition_id
        WHERE l.resource = 'all_postings' AND (r.disposition IS NOT NULL OR NOT p.live)
    """,
)
OLD_OFFER_SIGNED = Rule(
    kind="offer.old_version_signed",
    owner="client",
    action="Do not hire on it. Have the present version signed, or withdraw it and approve what"
    " was signed as a new version",
    reads=(),
    sql="""
        SELECT g.system, g.external_id, a.key AS subject,
               'signed, but not the present version ' || present.version AS reason,
               false AS in_flight
        FROM signature g
        JOIN application a ON a.id = g.application_id AND a.disposition IS NULL
        JOIN LATERAL (SELECT o.version, o.hash FROM offer o WHERE o.application_id = a.id
                      ORDER BY o.version DESC LIMIT 1) present ON true
        WHERE g.client = :client AND g.status = 'signed' AND g.offer_hash <> present.hash
          AND NOT EXISTS (SELECT 1 FROM signature s WHERE s.application_id = a.id
              AND s.status = 'signed' AND s.offer_hash = present.hash)
    """,
)
SIGNED_AFTER_THE_END = Rule(
    kind="offer.signed_after_end",
    owner="client",
    action="Hire nobody on it yet, and do not say that it is void: it may bind. Let counsel say"
    " whether it is honoured, as a new application, or ended by agreement with the person",
    reads=(),
    sql="""
        SELECT g.system, g.external_id, a.key AS subject,
               'signed, though the application has ended as ' || a.disposition AS reason,
               false AS in_flight
        FROM signature g
        JOIN application a ON a.id = g.application_id AND a.disposition IS NOT NULL
        WHERE g.client = :client AND g.status = 'signed'
          -- Nobody has acted on it: what came after a signature is what it was meant for.
          AND NOT EXISTS (SELECT 1 FROM transition t
              WHERE t.subject_kind = 'application' AND t.subject_id = a.id
                AND t.to_stage = 'offer' AND t.to_state = 'complete')
    """,
)
# Where the tracker may stand is bounded by what was completed here and by our own moves; between
# submittal and choice it is the hiring manager who moves. A hire is the payroll rule's to judge.
MOVED_BY_HAND = Rule(
    kind="application.moved_by_hand",
    owner="client",
    action="Ask who moved them. Move them back in the tracker, or decide here as usual (withdraw,"
    " archive with a reason): no gate is skipped because of the tracker. An archive ends nobody"
    " while a background report is decided on: move them back, and archive when that is over",
    reads=("applicant_tracking",),
    sql=f"""
        SELECT system, external_id, subject, in_flight,
               'the tracker says ' || tracker || ', the ledger ' || ours AS reason
        FROM (
            SELECT v.system, v.external_id, s.key AS subject, v.stage AS tracker,
                   coalesce(s.disposition, s.stage) AS ours, s.disposition, s.stage,
                   v.archive_kind, {background.ARCHIVED_TOO_EARLY} AS too_early,
                   array_position(scale, v.stage) AS stands,
                   greatest(CASE WHEN chosen THEN 6 WHEN accepted THEN 5 ELSE 1 END, moved)
                       AS least,
                   CASE WHEN submitted OR s.taken_over_in IS NOT NULL THEN 6
                        WHEN screened THEN 3 ELSE 2 END AS most,
                   EXISTS (SELECT 1 FROM effect e
                       WHERE e.subject_kind = 'application' AND e.subject_id = s.id
                         AND e.kind IN ('tracker.add', 'tracker.move', 'tracker.reject')
                         AND (e.state IN ('due', 'sending', 'dead', 'parked')
                              OR e.done_as_of >= (SELECT min(u.read_at) FROM cursor u
                                  WHERE u.client = v.client AND u.system = v.system)))
                       AS in_flight
            FROM arrival v
            CROSS JOIN (SELECT ARRAY['lead', 'new', 'screen', 'submitted', 'interview', 'offer',
                                     'hired'] AS scale) stages
            JOIN application s ON s.id = v.application_id
            CROSS JOIN LATERAL (
                SELECT coalesce(bool_or(t.to_stage = 'screening'), false) AS screened,
                       coalesce(bool_or(t.to_stage = 'submittal'), false) AS submitted,
                       coalesce(bool_or(t.to_stage = 'submittal' AND t.to_state = 'complete'),
                                false) AS accepted,
                       coalesce(bool_or(t.to_stage = 'selection' AND t.to_state = 'complete'),
                                false) AS chosen
                FROM transition t
                WHERE t.subject_kind = 'application' AND t.subject_id = s.id
            ) reached
            CROSS JOIN LATERAL (
                SELECT max(array_position(scale, e.request ->> 'to')) AS moved FROM effect e
                WHERE e.subject_kind = 'application' AND e.subject_id = s.id
                  AND e.kind = 'tracker.move' AND e.state = 'done'
            ) by_us
            WHERE v.client = :client AND v.stage IS NOT NULL
        ) told
        WHERE CASE
            WHEN tracker = 'hired' THEN false
            WHEN disposition = 'HIRED_PAID' THEN true
            WHEN disposition IS NOT NULL THEN tracker <> 'archived'
            WHEN tracker = 'archived' THEN archive_kind IS NULL OR too_early OR stage = 'aftercare'
            ELSE stands NOT BETWEEN least AND most
        END
    """,
)
CORRECTED_OTHERWISE = Rule(
    kind="record.not_as_corrected",
    owner="provider",
    action="Ask the person which is right, then put the other one right: at the vendor, or here"
    " with `fullcycle quarantine correct`",
    reads=("applicant_tracking",),
    sql=correction.OTHERWISE,
)
RULES = (
    HIRE_WITHOUT_EMPLOYEE,
    EMPLOYEE_WITHOUT_OFFER,
    REPORT_WITHOUT_ORDER,
    SIGNATURE_WITHOUT_OFFER,
    POSTING_LEFT_OPEN,
    OLD_OFFER_SIGNED,
    SIGNED_AFTER_THE_END,
    MOVED_BY_HAND,
    CORRECTED_OTHERWISE,
)


def differences(
    connection: Connection, client: str, rule: Rule, listed: Sequence[Listed], as_of: datetime
) -> list[Difference]:
    """Everything one rule finds now, ordered by system and external id."""
    rows = connection.execute(
        text(f"{_LISTED} SELECT * FROM ({rule.sql}) found ORDER BY system, external_id"),
        {
            "client": client,
            "as_of": as_of,
            "listed": json.dumps([asdict(each) for each in listed]),
        },
    )
    return [Difference(**row) for row in rows.mappings()]


def record(
    connection: Connection,
    client: str,
    rule: Rule,
    found: Sequence[Difference],
    as_of: datetime,
) -> tuple[int, int]:
    """Open findings for what is new, close those whose difference is gone; returns both counts."""
    new = [
        {
            "client": client,
            "kind": rule.kind,
            "system": difference.system,
            "external_id": difference.external_id,
            "subject": difference.subject,
            "owner": rule.owner,
            "reason": difference.reason,
            "action": rule.action,
            "opened_at": as_of,
        }
        for difference in found
        if not difference.in_flight
    ]
    once = insert(tables.finding).on_conflict_do_nothing().returning(tables.finding.c.id)
    opened = len(connection.execute(once, new).all()) if new else 0
    healed = connection.execute(
        text(_HEAL),
        {
            "client": client,
            "kind": rule.kind,
            "as_of": as_of,
            "still": [f"{each.system} {each.external_id}" for each in found],
        },
    ).rowcount
    return opened, healed


_HEAL = """
    UPDATE finding SET closed_at = :as_of
    WHERE client = :client AND kind = :kind AND closed_at IS NULL
      AND system || ' ' || external_id <> ALL(CAST(:still AS text[]))
"""


def open_findings(connection: Connection, client: str) -> list[Finding]:
    """Every difference that is open now, oldest first."""
    rows = connection.execute(
        text(
            "SELECT kind, system, external_id, subject, owner, reason, action, opened_at"
            " FROM finding WHERE client = :client AND closed_at IS NULL"
            " ORDER BY opened_at, kind, system, external_id"
        ),
        {"client": client},
    )
    return [Finding(**row) for row in rows.mappings()]


def fresh(connection: Connection, client: str, as_of: datetime) -> set[str]:
    """The systems whose every resource was read to its end within a day."""
    rows = connection.execute(
        text(
            "SELECT system FROM cursor WHERE client = :client GROUP BY system"
            " HAVING bool_and(coalesce(read_at, '-infinity')"
            " > CAST(:as_of AS timestamptz) - interval '1 day')"
        ),
        {"client": client, "as_of": as_of},
    )
    return set(rows.scalars())


def hires_not_read_back(connection: Connection, client: str) -> list[str]:
    """Payroll's ids of hires that were created and of whom no employee has been seen yet."""
    rows = connection.execute(
        text(
            "SELECT e.external_id FROM effect e WHERE e.client = :client"
            " AND e.kind = 'payroll.create' AND e.state = 'done' AND e.external_id IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM employee m WHERE m.application_id = e.subject_id)"
            " ORDER BY e.external_id"
        ),
        {"client": client},
    )
    return list(rows.scalars())


def left_live(connection: Connection, client: str) -> list[Advertised]:
    """The postings of open findings that no publication on its way will take down."""
    rows = connection.execute(
        text(
            """
            SELECT f.system, f.external_id, r.id, r.key, r.stage, r.state, r.since, r.ready_for,
                   r.seq, r.head_hash
            FROM finding f
            JOIN posting p ON p.client = f.client AND p.reference = f.external_id
            JOIN requisition r ON r.id = p.requisition_id
            WHERE f.client = :client AND f.kind = :kind AND f.closed_at IS NULL
              AND (r.disposition IS NOT NULL OR NOT p.live)
              AND NOT EXISTS (SELECT 1 FROM effect e WHERE e.client = f.client
                  AND e.system = f.system AND e.kind = 'posting.publish'
                  AND e.state IN ('due', 'sending'))
            ORDER BY f.system, f.external_id
            """
        ),
        {"client": client, "kind": POSTING_LEFT_OPEN.kind},
    )
    return [
        Advertised(board, reference, subject("requisition", columns))
        for board, reference, *columns in rows
    ]


def live_postings(connection: Connection, client: str) -> list[dict[str, Any]]:
    """The records of all postings that are rightly live, by reference."""
    rows = connection.execute(
        text(
            "SELECT p.record FROM posting p JOIN requisition r ON r.id = p.requisition_id"
            " WHERE p.client = :client AND p.live AND r.disposition IS NULL ORDER BY p.reference"
        ),
        {"client": client},
    )
    return list(rows.scalars())
