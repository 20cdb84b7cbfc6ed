"""What a vendor has and we cannot read: a finding for each object, open until it is read.

Either it refuses to show what we wait for, or what it shows is in no shape that we know.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, text

REFUSED, UNREADABLE = "watched.refused", "record.unreadable"
LONGEST = 200  # characters of an id or a reason
_ACTIONS = {
    REFUSED: (
        "Look for it at the vendor. If our id is wrong, give the right one: `fullcycle effect done`"
        " with --ref, also where it was done before. If it is gone there, nothing more will come:"
        " decide about the application without it, or archive it in the tracker with a reason"
    ),
    UNREADABLE: (
        "Put right at the vendor what the reason names, if somebody has entered it wrongly. If the"
        " vendor sends something new there, the connector has to learn it. It is read again by"
        " every sweep; until then nothing of it counts"
    ),
}

# For the queries of rows: of a system, read as cursor `u` says, there is nothing that is about the
# application `s`, or about nobody we can tell, and that nobody could read.
ALL_READ = f"""
    NOT EXISTS (SELECT 1 FROM finding f WHERE f.client = u.client AND f.system = u.system
        AND f.kind IN ('{REFUSED}', '{UNREADABLE}') AND f.subject IN ('', s.key)
        AND f.closed_at IS NULL)
"""


def found(
    connection: Connection,
    client: str,
    system: str,
    kind: str,
    unread: Mapping[str, str],
    as_of: datetime,
) -> None:
    """Open a finding for each id that is newly unread; `unread`: why, by the vendor's id."""
    if not unread:
        return
    values = {
        "client": client,
        "kind": kind,
        "system": system,
        "refs": [_storable(ref) for ref in unread],
        "reasons": [_storable(reason) for reason in unread.values()],
        "action": _ACTIONS[kind],
        "as_of": as_of,
    }
    connection.execute(text(_OPEN), values)


def standing(
    connection: Connection,
    client: str,
    system: str,
    kind: str,
    unread: Iterable[str],
    as_of: datetime,
) -> list[str]:
    """When all of a system was read: close the findings of what can be read again.

    unread: the vendor's ids of what cannot. Returns the keys of the applications concerned, or for
    want of one the vendor's id.
    """
    values = {
        "client": client,
        "kind": kind,
        "system": system,
        "refs": [_storable(ref) for ref in unread],
        "as_of": as_of,
    }
    connection.execute(text(_CLOSE), values)
    return list(connection.execute(text(_CONCERNED), values).scalars()) if values["refs"] else []


def _storable(told: str) -> str:
    """Make an id or a reason one that PostgreSQL keeps: what is unreadable may be so by its id."""
    return told.encode("utf-8", "backslashreplace").decode().replace("\x00", "")[:LONGEST]


_CLOSE = """
    UPDATE finding SET closed_at = :as_of
    WHERE client = :client AND kind = :kind AND system = :system AND closed_at IS NULL
      AND external_id <> ALL(CAST(:refs AS text[]))
"""
_OPEN = """
    INSERT INTO finding
        (client, kind, system, external_id, subject, owner, reason, action, opened_at)
    SELECT :client, :kind, :system, t.ref, coalesce(s.key, ''), 'provider', t.reason, :action,
           CAST(:as_of AS timestamptz)
    FROM unnest(CAST(:refs AS text[]), CAST(:reasons AS text[])) AS t(ref, reason)
    LEFT JOIN LATERAL (
        SELECT a.key FROM application a
        WHERE a.client = :client AND (
            EXISTS (SELECT 1 FROM effect e WHERE e.subject_kind = 'application'
                AND e.subject_id = a.id AND e.system = :system AND e.external_id = t.ref)
            OR EXISTS (SELECT 1 FROM external_id x WHERE x.subject_kind = 'application'
                AND x.subject_id = a.id AND x.client = :client AND x.system = :system
                AND x.external_id = t.ref))
        ORDER BY a.key LIMIT 1
    ) s ON true
    ON CONFLICT DO NOTHING
"""
_CONCERNED = """
    SELECT coalesce(nullif(subject, ''), external_id) AS concerned FROM finding
    WHERE client = :client AND kind = :kind AND system = :system AND closed_at IS NULL
    ORDER BY concerned
"""
