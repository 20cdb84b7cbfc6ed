"""What has become of applicants, for the job boards they came from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from connectors.ledger.decisions import Subject
from connectors.ledger.rows import subject
from connectors.ledger.scope import Scope


@dataclass(frozen=True, slots=True)
class Reached:
    """A state that an application has reached, and its board has not been told."""

    application: Subject
    board: str
    ref: str
    status: str
    since: datetime


def untold(
    connection: Connection,
    scope: Scope,
    boards: Sequence[str],
    stages: Mapping[str, str],
    done: Mapping[str, str],
    ends: Mapping[str, str],
    as_of: datetime,
) -> list[Reached]:
    """What these boards are still to be told, each application's states in their order.

    A state is what one comes to by entering a stage, by something done for them (a kind of effect),
    or by their disposition. Who ended more than a month ago is told of no more.
    """
    rows = connection.execute(
        text(_UNTOLD),
        {
            "client": scope.client,
            "requisition": scope.requisition,
            "boards": list(boards),
            "stages": json.dumps(dict(stages)),
            "done": json.dumps(dict(done)),
            "ends": json.dumps(dict(ends)),
            "as_of": as_of,
        },
    )
    return [
        Reached(subject("application", columns), board, ref, status, since)
        for board, ref, status, since, *columns in rows
    ]


# A move that ends somebody has their disposition as its state.
_UNTOLD = """
    SELECT v.system, v.external_id, reached.status, reached.since,
           s.id, s.key, s.stage, s.state, s.since, s.ready_for, s.seq, s.head_hash
    FROM application s
    JOIN requisition r ON r.id = s.requisition_id
    JOIN arrival v ON v.application_id = s.id AND v.stage IS NULL AND v.system = ANY(:boards)
    CROSS JOIN LATERAL (
        SELECT status, min(at) AS since, min(turn) AS turn FROM (
            SELECT coalesce(CAST(:ends AS jsonb) ->> t.to_state,
                            CAST(:stages AS jsonb) ->> t.to_stage) AS status,
                   t.as_of AS at, t.seq AS turn
            FROM transition t WHERE t.subject_kind = 'application' AND t.subject_id = s.id
            UNION ALL
            SELECT CAST(:done AS jsonb) ->> e.kind, e.done_as_of, NULL FROM effect e
            WHERE e.subject_kind = 'application' AND e.subject_id = s.id AND e.state = 'done'
        ) each WHERE status IS NOT NULL GROUP BY status
    ) reached
    WHERE s.client = :client AND (CAST(:requisition AS text) IS NULL OR r.key = :requisition)
      AND (s.disposition IS NULL OR s.since > CAST(:as_of AS timestamptz) - interval '30 days')
      -- By the subject's index: asked by key, it is compared with every effect there is.
      AND NOT EXISTS (SELECT 1 FROM effect e WHERE e.subject_kind = 'application'
          AND e.subject_id = s.id AND e.kind = 'board.tell'
          AND e.request ->> 'status' = reached.status)
    ORDER BY s.id, reached.since, reached.turn, reached.status
"""
