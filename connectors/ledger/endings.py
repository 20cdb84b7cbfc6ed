"""Open applications that somebody outside has ended, and those whose requisition is over."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from connectors.ledger.background import ARCHIVED_TOO_EARLY
from connectors.ledger.decisions import Subject
from connectors.ledger.hold import MOVING
from connectors.ledger.offer import CLOSED, SIGNATURES_READ
from connectors.ledger.rows import ApplicationRow, applications, read, subject
from connectors.ledger.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(ApplicationRow):
    """Why an application may be over: withdrawn, archived in the tracker, requisition closed."""

    withdrawn: bool
    archive_kind: str | None
    archive_reason: str | None
    requisition_over: str | None


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """A background check that its candidate need not begin any more."""

    application: Subject
    system: str
    order_ref: str


@dataclass(frozen=True, slots=True)
class OpenOffer:
    """An offer that was sent and can still be signed, though its application has ended."""

    application: Subject
    system: str
    signature_ref: str
    offer_hash: str


INVITATION_DAYS = 30  # Checkr's lives for 7; for how long Certn's does is not documented

# Each asked of one application: an EXISTS may be answered by reading all that the client ever got.
_WITHDRAWN = """
    (SELECT true FROM form_answer f
     WHERE f.client = s.client AND f.subject = s.key AND f.form = 'withdraw'
       AND f.fields ->> 'confirm' = 'yes' LIMIT 1)
"""
_ARCHIVE = f"""
    FROM arrival v
    WHERE v.application_id = s.id AND v.stage = 'archived' AND NOT {ARCHIVED_TOO_EARLY} LIMIT 1
"""
# A signed offer outlives its requisition: only the person or the tracker ends a new hire. One that
# is open for signature may be signed by now, until this very sweep has read that it is not. Who has
# no offer ends with the requisition, also while a report is decided on: that the position is gone
# is not because of the report. Where law has the job held open, it has the offer come first.
_ENDED = f"""
    {MOVING} AND s.disposition IS NULL AND s.stage <> 'aftercare' AND (
        {_WITHDRAWN} OR (SELECT true {_ARCHIVE})
        OR CASE WHEN r.disposition IS NOT NULL THEN NOT EXISTS (
            SELECT 1 FROM signature g WHERE g.application_id = s.id AND g.status = 'signed')
            AND NOT EXISTS (SELECT 1 FROM effect e
                WHERE e.subject_kind = 'application' AND e.subject_id = s.id
                  AND e.kind = 'offer.send' AND e.state = 'done' AND NOT {CLOSED}
                  AND coalesce({SIGNATURES_READ} < CAST(:as_of AS timestamptz), true)) END
    )
"""
ROWS = applications(
    columns=f""", coalesce({_WITHDRAWN}, false) AS withdrawn, tracked.archive_kind,
               tracked.archive_reason, r.disposition AS requisition_over""",
    joins=f"""
        LEFT JOIN LATERAL (SELECT v.archive_kind, v.archive_reason {_ARCHIVE}) tracked ON true
    """,
).replace("{where}", _ENDED)


def ended(connection: Connection, scope: Scope, as_of: datetime) -> list[Row]:
    """Applications of the scope that are over and have not been told so yet."""
    parameters = {
        "client": scope.client,
        "requisition": scope.requisition,
        "as_of": as_of.isoformat(),
    }
    return read(connection, Row, ROWS, parameters)


def open_offers(connection: Connection, scope: Scope) -> list[OpenOffer]:
    """Offers of ended applications that, as far as was read, can be signed; each until withdrawn.

    One whose sending is not settled yet is among them once it proves to have been sent.
    """
    rows = connection.execute(
        text(_OPEN_OFFERS), {"client": scope.client, "requisition": scope.requisition}
    )
    return [
        OpenOffer(subject("application", columns), system, signature_ref, offer_hash)
        for system, signature_ref, offer_hash, *columns in rows
    ]


_OPEN_OFFERS = f"""
    SELECT e.system, e.external_id AS signature_ref, e.request ->> 'offer_hash' AS offer_hash,
           s.id, s.key, s.stage, s.state, s.since, s.ready_for, s.seq, s.head_hash
    FROM effect e
    JOIN application s ON e.subject_kind = 'application' AND s.id = e.subject_id
    JOIN requisition r ON r.id = s.requisition_id
    WHERE e.client = :client AND (CAST(:requisition AS text) IS NULL OR r.key = :requisition)
      AND e.kind = 'offer.send' AND e.state = 'done' AND e.external_id IS NOT NULL
      AND s.disposition IS NOT NULL AND NOT {CLOSED}
      AND NOT EXISTS (SELECT 1 FROM effect w WHERE w.client = e.client
          AND w.kind = 'offer.cancel' AND w.request ->> 'signature_ref' = e.external_id)
    ORDER BY e.id
"""


def open_orders(connection: Connection, scope: Scope, as_of: datetime) -> list[OpenOrder]:
    """Orders of ended applications for which, as far as was read, nothing was given yet.

    One that is older than INVITATION_DAYS nobody answers any more; it is let be.
    """
    rows = connection.execute(
        text(_OPEN_ORDERS),
        {
            "client": scope.client,
            "requisition": scope.requisition,
            "since": as_of - timedelta(days=INVITATION_DAYS),
        },
    )
    return [
        OpenOrder(subject("application", columns), system, order_ref)
        for system, order_ref, *columns in rows
    ]


_OPEN_ORDERS = """
    SELECT e.system, e.external_id AS order_ref,
           s.id, s.key, s.stage, s.state, s.since, s.ready_for, s.seq, s.head_hash
    FROM effect e
    JOIN application s ON e.subject_kind = 'application' AND s.id = e.subject_id
    JOIN requisition r ON r.id = s.requisition_id
    WHERE e.client = :client AND (CAST(:requisition AS text) IS NULL OR r.key = :requisition)
      AND e.kind = 'background.order' AND e.state = 'done' AND e.external_id IS NOT NULL
      AND e.done_as_of > :since AND s.disposition <> 'HIRED_PAID'
      AND NOT EXISTS (SELECT 1 FROM background_report b WHERE b.application_id = s.id
          AND b.external_id = e.external_id AND b.status <> 'invited')
      AND NOT EXISTS (SELECT 1 FROM effect w
          WHERE w.subject_kind = e.subject_kind AND w.subject_id = e.subject_id
            AND w.kind = 'background.cancel' AND w.request ->> 'order_ref' = e.external_id)
    ORDER BY e.id
"""


def end_quarantine(connection: Connection, client: str, as_of: datetime) -> None:
    """Close the quarantine of subjects that have left: nothing waits on them any more."""
    connection.execute(
        text(
            """
            UPDATE quarantine q SET closed_at = :as_of, outcome = 'ended'
            FROM application a
            WHERE q.client = :client AND q.closed_at IS NULL AND q.subject_kind = 'application'
              AND a.id = q.subject_id AND a.disposition IS NOT NULL
            """
        ),
        {"client": client, "as_of": as_of},
    )
