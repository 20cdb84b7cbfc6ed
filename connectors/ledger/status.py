"""What the ledger says about its requisitions: the numbers behind every table we show."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from connectors.ledger.scope import Scope


@dataclass(frozen=True, slots=True)
class StageCount:
    """A stage of one requisition: people in, out, still there, at the door; median days inside."""

    requisition: str
    stage: str
    entered: int
    left: int
    inside: int
    at_door: int
    median_days: float | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits: where, on whom, since when and until when."""

    requisition: str
    subject: str
    stage: str
    state: str
    waiting_on: str | None
    since: datetime
    due_at: datetime | None
    legal: bool | None
    held_for: str


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody in quarantine, with the reason and the remedy."""

    requisition: str
    subject: str
    stage: str
    rule: str
    owner: str
    reason: str
    remedy: str
    since: datetime


@dataclass(frozen=True, slots=True)
class GateTotal:
    """What a gate has done so far: everyone judged once, and how often each rule was broken.

    `stopped`: the batch rule that lets nobody pass at present, empty if the gate is open.
    """

    stage: str
    passed: int
    held: int
    healed: int
    released: int
    ended: int
    stopped: str
    rules: dict[str, int]


@dataclass(frozen=True, slots=True)
class Hire:
    """Somebody hired: what was signed beside what was paid."""

    requisition: str
    application: str
    offered_cents: int
    unit: str
    start_on: date
    paid_cents: int | None
    paid_unit: str | None
    statements: int
    matches: bool
    disposition: str | None


@dataclass(frozen=True, slots=True)
class RequisitionCount:
    """One requisition: where it stands and how its applications ended."""

    requisition: str
    title: str
    stage: str
    state: str
    disposition: str | None
    headcount: int
    filled: int
    applications: int
    dispositions: dict[str, int]


def requisitions(connection: Connection, scope: Scope) -> list[RequisitionCount]:
    """Every requisition of the scope."""
    return _all(connection, RequisitionCount, scope, _REQUISITIONS)


def stages(connection: Connection, scope: Scope, newest: int | None = None) -> list[StageCount]:
    """Every stage that anybody has reached, of all requisitions or of so many.

    newest: of open ones before others, those that were asked for last.
    """
    return _all(connection, StageCount, scope, _STAGES, newest=newest)


def waiting(connection: Connection, scope: Scope, limit: int = 1000) -> list[Waiting]:
    """What is open, what is due first at the top."""
    return _all(connection, Waiting, scope, _WAITING + f" LIMIT {limit}")


def held(connection: Connection, scope: Scope) -> list[Held]:
    """Who is in quarantine now."""
    return _all(connection, Held, scope, _HELD)


def gates(connection: Connection, scope: Scope, since: datetime | None = None) -> list[GateTotal]:
    """What every gate has done since an instant, or ever; whom it holds now is always counted."""
    return _all(connection, GateTotal, scope, _GATES, since=since)


def hires(connection: Connection, scope: Scope) -> list[Hire]:
    """Everybody who was created in payroll."""
    return _all(connection, Hire, scope, _HIRES)


def effects(
    connection: Connection, scope: Scope, *, unsettled: bool = False
) -> list[tuple[str, str, str, int]]:
    """(system, kind, state, count) of all effects, or of those that are still to be done."""
    only = f"AND {_UNSETTLED}" if unsettled else ""
    rows = connection.execute(text(_EFFECTS.format(only=only)), _parameters(scope))
    return [(system, kind, state, count) for system, kind, state, count in rows]


def troubled_effects(connection: Connection, scope: Scope) -> list[dict[str, Any]]:
    """Effects that need a person, with the vendor's words."""
    return [dict(row) for row in connection.execute(text(_TROUBLED), _parameters(scope)).mappings()]


def unfinished(connection: Connection, scope: Scope) -> int:
    """How many requisitions and applications are still open, those in aftercare left out."""
    statement = f"WITH {_SUBJECTS} SELECT count(*) FROM subjects WHERE {_UNFINISHED}"
    return int(connection.execute(text(statement), _parameters(scope)).scalar_one())


def next_clock(connection: Connection, client: str, after: datetime) -> datetime | None:
    """When the next running clock is due after an instant."""
    found: datetime | None = connection.execute(
        text(
            "SELECT min(due_at) FROM clock"
            " WHERE client = :client AND stopped_at IS NULL AND due_at > :after"
        ),
        {"client": client, "after": after},
    ).scalar()
    return found


def next_text(connection: Connection, client: str, after: datetime) -> datetime | None:
    """When the next text that waits for its hour may be sent."""
    found: datetime | None = connection.execute(
        text(
            "SELECT min(not_before) FROM effect WHERE client = :client"
            " AND kind = 'text.send' AND state = 'due' AND not_before > :after"
        ),
        {"client": client, "after": after},
    ).scalar()
    return found


def fingerprint(connection: Connection, client: str) -> str:
    """A hash over every subject's transition chain, effect and quarantine of a client.

    Two ledgers with the same fingerprint tell the same story: the same moves at the same instants,
    the same effects settled the same way. Row ids and attempt counts are left out, and so are the
    digests of published pages: these hold this machine's own addresses.
    """
    value: str = connection.execute(text(_FINGERPRINT), {"client": client}).scalar_one()
    return value


def as_json(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows as plain dictionaries with ISO times."""
    return [
        {
            name: value.isoformat() if isinstance(value, datetime | date) else value
            for name, value in asdict(row).items()
        }
        for row in rows
    ]


def _parameters(scope: Scope) -> dict[str, Any]:
    return {"client": scope.client, "requisition": scope.requisition}


def _all(connection: Connection, kind: type[Any], scope: Scope, sql: str, **more: Any) -> list[Any]:
    rows = connection.execute(text(sql), _parameters(scope) | more)
    return [kind(**row) for row in rows.mappings()]


_SCOPE = "r.client = :client AND (CAST(:requisition AS text) IS NULL OR r.key = :requisition)"


def _subjects(requisitions: str = "requisition") -> str:
    return f"""
    subjects AS (
        SELECT 'application' AS kind, a.id, a.key, r.key AS requisition, a.stage, a.state, a.since,
               a.ready_for, a.waiting_on, a.disposition
        FROM application a JOIN {requisitions} r ON r.id = a.requisition_id WHERE {_SCOPE}
        UNION ALL
        SELECT 'requisition', r.id, r.key, r.key, r.stage, r.state, r.since, r.ready_for,
               r.waiting_on, r.disposition
        FROM {requisitions} r WHERE {_SCOPE}
    )
    """


_SUBJECTS = _subjects()
_UNFINISHED = (
    "disposition IS NULL AND stage <> 'aftercare' AND ready_for IS DISTINCT FROM 'aftercare'"
)
_REQUISITIONS = f"""
    SELECT r.key AS requisition, r.title, r.stage, r.state, r.disposition, r.headcount,
           (SELECT count(*) FROM opening o
            WHERE o.requisition_id = r.id AND o.filled_at IS NOT NULL) AS filled,
           (SELECT count(*) FROM application a WHERE a.requisition_id = r.id) AS applications,
           coalesce((SELECT jsonb_object_agg(d.disposition, d.n) FROM (
                SELECT disposition, count(*) AS n FROM application
                WHERE requisition_id = r.id AND disposition IS NOT NULL GROUP BY 1) d), '{{}}')
               AS dispositions
    FROM requisition r WHERE {_SCOPE} ORDER BY length(r.key), r.key
"""
_STAGES = f"""
    WITH shown AS (
        SELECT * FROM requisition r WHERE {_SCOPE}
        ORDER BY disposition IS NOT NULL, id DESC LIMIT CAST(:newest AS bigint)
    ),
    {_subjects("shown")},
    stays AS (
        SELECT s.requisition, t.to_stage AS stage, t.subject_kind, t.subject_id,
               min(t.as_of) FILTER (WHERE t.to_state = 'entered') AS entered_at,
               max(t.as_of) FILTER (
                   WHERE t.to_state = 'complete' OR t.to_state = upper(t.to_state)) AS left_at
        FROM transition t JOIN subjects s ON s.kind = t.subject_kind AND s.id = t.subject_id
        GROUP BY 1, 2, 3, 4
    ),
    doors AS (
        SELECT requisition, ready_for AS stage, count(*) AS n FROM subjects
        WHERE ready_for IS NOT NULL AND disposition IS NULL GROUP BY 1, 2
    ),
    counted AS (
        SELECT requisition, stage, count(*) AS entered, count(left_at) AS left,
               CAST(percentile_cont(0.5) WITHIN GROUP (
                   ORDER BY extract(epoch FROM left_at - entered_at) / 86400.0) AS float)
                   AS median_days
        FROM stays WHERE entered_at IS NOT NULL GROUP BY 1, 2
    )
    SELECT requisition, stage, coalesce(c.entered, 0) AS entered, coalesce(c.left, 0) AS left,
           coalesce(c.entered - c.left, 0) AS inside, coalesce(d.n, 0) AS at_door, c.median_days
    FROM counted c FULL JOIN doors d USING (requisition, stage)
    ORDER BY 1, 2
"""
_WAITING = f"""
    WITH {_SUBJECTS}
    SELECT s.requisition, s.key AS subject, coalesce(s.ready_for, s.stage) AS stage,
           CASE WHEN s.ready_for IS NULL THEN s.state ELSE 'at the gate' END AS state,
           coalesce(s.waiting_on, (SELECT q.owner FROM quarantine q WHERE q.subject_kind = s.kind
               AND q.subject_id = s.id AND q.closed_at IS NULL LIMIT 1)) AS waiting_on,
           s.since, k.due_at, k.legal,
           coalesce((SELECT string_agg(q.rule, ', ' ORDER BY q.rule) FROM quarantine q
               WHERE q.subject_kind = s.kind AND q.subject_id = s.id AND q.closed_at IS NULL), '')
               AS held_for
    FROM subjects s
    LEFT JOIN clock k ON k.subject_kind = s.kind AND k.subject_id = s.id AND k.stopped_at IS NULL
    WHERE s.disposition IS NULL
    ORDER BY k.due_at NULLS LAST, s.since, s.key
"""


def _about(row: str) -> str:
    """Of effects or quarantines: the application `s`, if it is one's, and the requisition `r`.

    Each by its id (OFFSET 0): of all subjects, or all requisitions, all would be read for each row.
    With coalesce() too, as row-level security does not trust it to be told ids of others' rows.
    """
    return f"""
        LEFT JOIN application s ON {row}.subject_kind = 'application' AND s.id = {row}.subject_id
        CROSS JOIN LATERAL (
            SELECT * FROM requisition WHERE id = CASE {row}.subject_kind
                WHEN 'application' THEN s.requisition_id ELSE {row}.subject_id END OFFSET 0) r
    """


_HELD = f"""
    SELECT r.key AS requisition, coalesce(s.key, r.key) AS subject, q.stage, q.rule, q.owner,
           q.reason, q.remedy, q.opened_at AS since
    FROM quarantine q {_about("q")}
    WHERE {_SCOPE} AND q.closed_at IS NULL ORDER BY q.opened_at, subject, q.rule
"""
# Without a requisition there is nobody to look up: all rows are the client's.
_OF_SUBJECTS = """(CAST(:requisition AS text) IS NULL
               OR ({0}.subject_kind, {0}.subject_id) IN (SELECT kind, id FROM subjects))"""
_SINCE = "(CAST(:since AS timestamptz) IS NULL OR {} :since)"
_GATES = f"""
    WITH {_SUBJECTS},
    passed AS (
        SELECT t.to_stage AS stage, count(*) AS n FROM transition t
        WHERE t.client = :client AND t.to_state = 'entered' AND {_SINCE.format("t.as_of >=")}
          AND {_OF_SUBJECTS.format("t")}
        GROUP BY 1
    ),
    held AS (
        SELECT q.stage, q.rule, count(*) AS n,
               count(*) FILTER (WHERE q.outcome = 'healed') AS healed,
               count(*) FILTER (WHERE q.outcome = 'released') AS released,
               count(*) FILTER (WHERE q.outcome = 'ended') AS ended
        FROM quarantine q
        WHERE q.client = :client AND q.outcome IS DISTINCT FROM 'taken_over'
          AND (q.closed_at IS NULL OR {_SINCE.format("q.opened_at >=")})
          AND {_OF_SUBJECTS.format("q")}
        GROUP BY 1, 2
    ),
    gates AS (
        SELECT DISTINCT ON (stage) stage, stopped FROM gate_run
        WHERE client = :client ORDER BY stage, as_of DESC, id DESC
    )
    SELECT stage, coalesce(max(p.n), 0) AS passed, CAST(coalesce(sum(h.n), 0) AS int) AS held,
           CAST(coalesce(sum(h.healed), 0) AS int) AS healed,
           CAST(coalesce(sum(h.released), 0) AS int) AS released,
           CAST(coalesce(sum(h.ended), 0) AS int) AS ended,
           coalesce(jsonb_object_agg(h.rule, h.n) FILTER (WHERE h.rule IS NOT NULL), '{{}}')
               AS rules,
           coalesce(max(g.stopped), '') AS stopped
    FROM gates g LEFT JOIN passed p USING (stage) LEFT JOIN held h USING (stage)
    GROUP BY stage ORDER BY stage
"""
_HIRES = f"""
    SELECT r.key AS requisition, a.key AS application, o.rate_cents AS offered_cents, o.unit,
           o.start_on, p.rate_cents AS paid_cents, p.unit AS paid_unit,
           coalesce(p.n, 0) AS statements,
           a.disposition,
           coalesce(p.rate_cents = o.rate_cents AND p.unit = o.unit AND p.start_on = o.start_on
               AND p.entity = o.entity, false) AS matches
    FROM application a
    JOIN requisition r ON r.id = a.requisition_id
    JOIN LATERAL (SELECT * FROM offer o WHERE o.application_id = a.id
                  ORDER BY version DESC LIMIT 1) o ON true
    LEFT JOIN LATERAL (SELECT p.*, count(*) OVER () AS n FROM pay_statement p
                       WHERE p.application_id = a.id ORDER BY p.check_on DESC LIMIT 1) p ON true
    WHERE {_SCOPE} AND EXISTS (SELECT 1 FROM effect e WHERE e.subject_kind = 'application'
        AND e.subject_id = a.id AND e.kind = 'payroll.create' AND e.state = 'done')
    ORDER BY length(r.key), r.key, a.key
"""
_UNSETTLED = "e.state IN ('due', 'sending', 'dead', 'parked')"
_EFFECTS = f"""
    SELECT e.system, e.kind, e.state, count(*) AS count FROM effect e {_about("e")}
    WHERE {_SCOPE} {{only}} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_TROUBLED = f"""
    SELECT e.key, e.system, e.state, e.attempts, e.error FROM effect e {_about("e")}
    WHERE {_SCOPE} AND e.state IN ('dead', 'parked') ORDER BY e.key
"""
_FINGERPRINT = """
    SELECT encode(sha256(convert_to(
        coalesce(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), ''), 'UTF8')), 'hex')
    FROM (
        SELECT concat_ws('|', 'transition', subject_key, seq, to_stage, to_state, reason,
                         extract(epoch FROM as_of), hash) AS line
        FROM transition WHERE client = :client
        UNION ALL
        SELECT concat_ws('|', 'effect', key, state, extract(epoch FROM done_as_of),
                         CASE WHEN kind <> 'posting.publish' THEN external_id END)
        FROM effect WHERE client = :client
        UNION ALL
        SELECT concat_ws('|', 'quarantine', subject_kind, stage, rule, outcome,
                         extract(epoch FROM opened_at), extract(epoch FROM closed_at))
        FROM quarantine WHERE client = :client
    ) story
"""
