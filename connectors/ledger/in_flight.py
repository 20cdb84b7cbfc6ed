"""What is under way in the client's tracker: its jobs, what we took over, and what is missing.

An application that was under way when its requisition was taken over keeps the tracker's stage of
that moment: it passes the gates that lie behind it, and what it fails there is kept as a gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, text

from connectors.errors import Refused
from connectors.ledger import requisition as ledger_requisition
from connectors.requisition import InFlight


@dataclass(frozen=True, slots=True)
class Job:
    """A job in the tracker by its id, and how many of its applications stand where.

    `requisition` is ours of it, if there is one. `changed_at`: when any application last changed
    in the tracker; None: it has none.
    """

    ref: str
    requisition: str | None
    stages: dict[str, int] = field(default_factory=dict)
    oldest_at: datetime | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A rule that somebody who was taken over does not meet; `holds`: it keeps them from going on.

    What lies behind them holds nobody: it was not seen by us, and the remedy says how to see it.
    """

    subject: str
    gate: str
    rule: str
    owner: str
    reason: str
    remedy: str
    holds: bool


def take_over(
    connection: Connection, client: str, tracker: str, wanted: InFlight, as_of: datetime
) -> str:
    """Enter a requisition as the one of this job; returns what became of it, as `put` says.

    Raises Refused if the job is another requisition's, or the requisition has another job.
    """
    code = wanted.requisition.code
    known = connection.execute(
        text(_TIES), {"client": client, "system": tracker, "job": wanted.job, "code": code}
    ).all()
    for key, job in known:
        if key != code:
            raise Refused("import", f"{code}: the job {wanted.job} is {key}'s; correct the job")
        if job != wanted.job:
            raise Refused("import", f"{code} has the job {job} already; give this one a new code")
    outcome = ledger_requisition.put(connection, wanted.requisition, as_of)
    if not known:
        connection.execute(
            text(_TIE), {"client": client, "system": tracker, "job": wanted.job, "code": code}
        )
        connection.execute(
            text(
                "UPDATE requisition SET taken_over_at = :as_of"
                " WHERE client = :client AND key = :code"
            ),
            {"client": client, "code": code, "as_of": as_of},
        )
    return outcome


_TIES = """
    SELECT r.key, x.external_id FROM external_id x JOIN requisition r ON r.id = x.subject_id
    WHERE x.client = :client AND x.system = :system AND x.kind = 'job'
      AND x.subject_kind = 'requisition' AND (x.external_id = :job OR r.key = :code)
    ORDER BY r.key
"""
_TIE = """
    INSERT INTO external_id (client, system, kind, external_id, subject_kind, subject_id)
    SELECT :client, :system, 'job', :job, 'requisition', id FROM requisition
    WHERE client = :client AND key = :code
"""


def jobs(connection: Connection, client: str, tracker: str) -> list[Job]:
    """The jobs of which the tracker has told us applications, or that are a requisition's."""
    rows = connection.execute(text(_JOBS), {"client": client, "system": tracker})
    return [Job(**row._mapping) for row in rows]


_JOBS = """
    WITH told AS (
        SELECT job_ref AS ref, jsonb_object_agg(stage, n) AS stages, min(oldest_at) AS oldest_at,
               max(changed_at) AS changed_at
        FROM (SELECT job_ref, stage, count(*) AS n, min(applied_at) AS oldest_at,
                     max(updated_at) AS changed_at
              FROM arrival WHERE client = :client AND system = :system AND stage IS NOT NULL
                AND gone_at IS NULL GROUP BY job_ref, stage) each
        GROUP BY job_ref
    ),
    ours AS (
        SELECT x.external_id AS ref, r.key FROM external_id x
        JOIN requisition r ON r.id = x.subject_id
        WHERE x.client = :client AND x.system = :system AND x.kind = 'job'
          AND x.subject_kind = 'requisition'
    )
    SELECT ref, o.key AS requisition, coalesce(t.stages, '{}') AS stages, t.oldest_at, t.changed_at
    FROM told t FULL JOIN ours o USING (ref) ORDER BY ref
"""


def gaps(connection: Connection, client: str) -> Sequence[Gap]:
    """What requisitions that were taken over, and their applications, do not meet."""
    rows = connection.execute(text(_GAPS), {"client": client})
    return [Gap(**row._mapping) for row in rows]


_GAPS = """
    WITH subjects AS (
        SELECT 'requisition' AS kind, r.id, r.key FROM requisition r
        WHERE r.client = :client AND r.taken_over_at IS NOT NULL AND r.disposition IS NULL
        UNION ALL
        SELECT 'application', a.id, a.key FROM application a
        WHERE a.client = :client AND a.taken_over_in IS NOT NULL AND a.disposition IS NULL
    )
    SELECT s.key AS subject, q.stage AS gate, q.rule, q.owner, q.reason, q.remedy,
           q.closed_at IS NULL AS holds
    FROM quarantine q JOIN subjects s ON s.kind = q.subject_kind AND s.id = q.subject_id
    WHERE q.closed_at IS NULL OR q.outcome = 'taken_over'
    ORDER BY s.key, q.opened_at, q.rule
"""
