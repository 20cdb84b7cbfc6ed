"""The ledger's invariants that one SQL statement each can state; each finds whoever breaks it."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from connectors.ledger.arrivals import OVER_BEFORE


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """Something that must never be: the rule, whom it is about, what was found; never a value.

    rule: chain, time, projection, order, seal, place, notice, effect, wait or audit.
    subject: a requisition's or an application's key, an effect's key, a day, or an arrival's id.
    """

    rule: str
    subject: str
    what: str


def broken(connection: Connection, client: str) -> Iterator[Violation]:
    """Every row that breaks an invariant which one statement can state."""
    for rule, statement in _STATEMENTS:
        for row in connection.execute(text(_SUBJECTS + statement), {"client": client}):
            yield Violation(rule, row.subject, row.what)


_SUBJECTS = """
    WITH subjects AS (
        SELECT 'application' AS kind, id, key, stage, since, ready_for, waiting_on, disposition
        FROM application WHERE client = :client
        UNION ALL
        SELECT 'requisition', id, key, stage, since, ready_for, waiting_on, disposition
        FROM requisition WHERE client = :client
    )
"""
_STATEMENTS: tuple[tuple[str, str], ...] = (
    (
        "place",
        """
        SELECT s.key AS subject, 'is held at ' || q.stage || ' for ' || q.rule
            || CASE WHEN s.disposition IS NULL THEN ' but waits elsewhere' ELSE ' but has ended' END
            AS what
        FROM quarantine q JOIN subjects s ON s.kind = q.subject_kind AND s.id = q.subject_id
        WHERE q.client = :client AND q.closed_at IS NULL
          AND (s.disposition IS NOT NULL OR s.ready_for IS DISTINCT FROM q.stage)
        """,
    ),
    (
        "place",
        """
        SELECT s.key AS subject, 'is held at ' || q.stage || ' without a reason' AS what
        FROM quarantine q JOIN subjects s ON s.kind = q.subject_kind AND s.id = q.subject_id
        WHERE q.client = :client AND q.closed_at IS NULL AND '' IN (q.rule, q.reason, q.owner)
        """,
    ),
    (
        "place",
        """
        SELECT s.key AS subject, 'has ended but still waits' AS what
        FROM subjects s
        WHERE s.disposition IS NOT NULL AND (s.waiting_on IS NOT NULL OR EXISTS (
            SELECT 1 FROM clock k WHERE k.subject_kind = s.kind AND k.subject_id = s.id
              AND k.stopped_at IS NULL))
        """,
    ),
    (
        "place",
        """
        SELECT s.key AS subject, 'is in a stage that its client does not have' AS what
        FROM subjects s JOIN client c ON c.client = :client
        WHERE s.kind = 'application' AND s.disposition IS NULL
          AND NOT c.process -> 'stages' ? s.stage
        """,
    ),
    (
        "place",
        # Arrivals are opened in the sweep that landed them; what arrived since is still on its way.
        """
        SELECT v.system || ' ' || v.external_id AS subject,
               'arrived for a requisition of ours and became no application' AS what
        FROM arrival v
        WHERE v.client = :client AND v.application_id IS NULL AND v.stage IS DISTINCT FROM 'lead'
          AND (v.stage IS NULL AND EXISTS (
                  SELECT 1 FROM posting p WHERE p.client = v.client AND p.reference = v.job_ref)
               OR EXISTS (SELECT 1 FROM external_id x JOIN requisition r ON r.id = x.subject_id
                  WHERE x.client = v.client
                  AND x.system = v.system AND x.kind = 'job' AND x.external_id = v.job_ref
                  AND x.subject_kind = 'requisition' AND NOT """
        + OVER_BEFORE
        + """))
          AND v.landed_at <= (SELECT max(w.as_of) FROM sweep w
                              WHERE w.client = :client AND 'open applications' = ANY(w.steps))
        """,
    ),
    (
        "notice",
        """
        SELECT a.key AS subject, 'ended as ' || a.disposition || ' and is not told' AS what
        FROM application a
        WHERE a.client = :client AND a.disposition IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM effect e
            WHERE e.subject_kind = 'application' AND e.subject_id = a.id
              AND e.created_as_of >= a.since
              AND (e.kind = 'message.by_hand'
                   OR e.kind = 'message.send' AND e.request ->> 'to_email' = a.email))
        """,
    ),
    (
        "effect",
        """
        SELECT key AS subject, 'is in the ledger ' || count(*) || ' times' AS what
        FROM effect WHERE client = :client GROUP BY key HAVING count(*) > 1
        """,
    ),
    (
        "effect",
        """
        SELECT e.key AS subject, 'is about nobody we know' AS what
        FROM effect e LEFT JOIN subjects s ON s.kind = e.subject_kind AND s.id = e.subject_id
        WHERE e.client = :client AND s.id IS NULL
        """,
    ),
    (
        "effect",
        """
        SELECT key AS subject, 'is done, but nobody knows when' AS what
        FROM effect WHERE client = :client AND state = 'done' AND done_as_of IS NULL
        """,
    ),
    (
        "wait",
        # A dispute or a new assessment begins the law's wait anew; a good outcome makes it
        # needless, as does the candidate's own ending, or that of the position. No other ending
        # may come before, nor while it is paused.
        """
        SELECT s.key AS subject, k.name || ' was left before its legal wait was over' AS what
        FROM clock k JOIN subjects s ON s.kind = k.subject_kind AND s.id = k.subject_id
        WHERE k.client = :client AND k.legal AND k.stopped_at < k.due_at
          AND (k.owner = 'law' OR k.name = 'background.disputed')
          AND NOT EXISTS (
            SELECT 1 FROM transition t
            WHERE t.subject_kind = k.subject_kind AND t.subject_id = k.subject_id
              AND t.as_of = k.stopped_at
              AND (t.to_state IN ('disputed', 'reassess', 'cleared', 'order_again', 'complete',
                                  'WITHDRAWN', 'OFFER_DECLINED')
                   OR starts_with(t.reason, 'position_closed:')))
        """,
    ),
    (
        "wait",
        """
        SELECT t.subject_key AS subject,
               'ended as ' || t.to_state || ' while its background report was to be decided' AS what
        FROM transition t
        WHERE t.client = :client AND t.from_stage = 'background'
          AND t.from_state IN ('consider', 'reassess', 'cleared')
          AND t.to_state = upper(t.to_state) AND t.to_state NOT IN ('WITHDRAWN', 'OFFER_DECLINED')
          AND NOT starts_with(t.reason, 'position_closed:')
        """,
    ),
    (
        "wait",
        """
        SELECT s.key AS subject, 'ended as RESCINDED without the wait that the law demands' AS what
        FROM subjects s
        WHERE s.disposition = 'RESCINDED' AND NOT EXISTS (
            SELECT 1 FROM clock k WHERE k.subject_kind = s.kind AND k.subject_id = s.id
              AND k.legal AND k.owner = 'law' AND k.stopped_at = s.since)
        """,
    ),
)
