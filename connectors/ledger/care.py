"""What candidate care reads: when an applicant last heard from us; and the seals of past days."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from connectors.ledger.hold import MOVING
from connectors.ledger.rows import ApplicationRow, applications, read
from connectors.ledger.scope import Scope
from connectors.ledger.submittal import INTEREST


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(ApplicationRow):
    """`heard_at`: the last message to the person, else the arrival.

    `interest_lapsed`: held at the submittal gate because the interest of `interest_at` is too old.
    """

    heard_at: datetime
    interest_at: datetime | None
    interest_lapsed: bool


# What a vendor sends the person in our name counts as hearing from us.
_HEARD = """
    LEFT JOIN LATERAL (
        SELECT coalesce(max(e.created_as_of), s.arrived_at) AS heard_at FROM effect e
        WHERE e.subject_kind = 'application' AND e.subject_id = s.id
          AND e.state NOT IN ('dead', 'waived')
          AND (e.kind IN ('offer.send', 'background.order', 'payroll.create')
               OR e.kind IN ('message.send', 'message.by_hand')
                  AND e.request ->> 'to_email' = coalesce(s.email, ''))
    ) heard ON true
"""
_CONSIDERED = f"""
    {MOVING} AND s.disposition IS NULL
    AND s.stage NOT IN ('preboarding', 'day_one', 'payroll', 'aftercare')
"""
ROWS = applications(
    columns="""
        , heard_at, interest_at
        , EXISTS (SELECT 1 FROM quarantine q
                  WHERE q.subject_kind = 'application' AND q.subject_id = s.id
                    AND q.stage = 'submittal' AND q.rule = 'SUB-004' AND q.closed_at IS NULL
          ) AS interest_lapsed
    """,
    joins=_HEARD + INTEREST,
).replace("{where}", _CONSIDERED)


def considered(connection: Connection, scope: Scope, as_of: datetime) -> list[Row]:
    """Applications that are still being considered: open, and not hired yet."""
    parameters = {
        "client": scope.client,
        "requisition": scope.requisition,
        "as_of": as_of.isoformat(),
    }
    return read(connection, Row, ROWS, parameters)


_DAYS = """
    SELECT day.day, count(t.id) AS transitions,
           encode(sha256(convert_to(coalesce(
               string_agg(t.hash, '' ORDER BY t.subject_kind, t.subject_key, t.seq), ''
           ), 'UTF8')), 'hex') AS hash
    FROM ({days}) day
    LEFT JOIN transition t ON t.client = :client
         AND t.as_of >= day.day AT TIME ZONE 'UTC' AND t.as_of < (day.day + 1) AT TIME ZONE 'UTC'
    GROUP BY day.day
"""
_UNSEALED = """
    SELECT g.day::date AS day FROM generate_series(
        (SELECT min(as_of) AT TIME ZONE 'UTC' FROM transition WHERE client = :client)::date,
        CAST(:before AS date) - 1, interval '1 day'
    ) g(day)
    WHERE NOT EXISTS (SELECT 1 FROM digest d WHERE d.client = :client AND d.day = g.day::date)
"""
_SEALED = "SELECT d.day FROM digest d WHERE d.client = :client"


def seal(connection: Connection, client: str, before: date) -> int:
    """Seal every day (UTC) before this one that has no seal yet; returns how many.

    A seal is a hash over the hashes of all transitions of the day, by subject and number. A day on
    which nothing happened is sealed too, so that nothing can be put there later unnoticed.
    """
    return connection.execute(
        text(
            "INSERT INTO digest (client, day, transitions, hash) SELECT :client, s.* FROM ("
            + _DAYS.format(days=_UNSEALED)
            + ") s ON CONFLICT DO NOTHING"
        ),
        {"client": client, "before": before},
    ).rowcount


def broken_seals(connection: Connection, client: str) -> list[date]:
    """The sealed days whose transitions are no longer what was sealed."""
    rows = connection.execute(
        text(
            f"SELECT s.day FROM ({_DAYS.format(days=_SEALED)}) s"
            " JOIN digest d ON d.client = :client AND d.day = s.day"
            " WHERE (d.transitions, d.hash) <> (s.transitions, s.hash) ORDER BY s.day"
        ),
        {"client": client},
    )
    return list(rows.scalars())
