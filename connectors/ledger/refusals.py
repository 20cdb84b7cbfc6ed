"""What we wait for at a vendor and it refuses to show: a finding each, open until it is shown."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, text

KIND = "watched.refused"
ACTION = (
    "Look for it at the vendor. If our id is wrong, give the right one: `fullcycle effect done`"
    " with --ref, also where it was done before. If it is gone there, nothing more will come:"
    " decide about the application without it, or archive it in the tracker with a reason"
)


def record(
    connection: Connection, client: str, system: str, refused: Mapping[str, str], as_of: datetime
) -> list[str]:
    """Open a finding for each id that is newly refused, close those that are shown again.

    refused: why, by the vendor's id. Returns the keys of the applications concerned.
    """
    values = {
        "client": client,
        "kind": KIND,
        "system": system,
        "refs": list(refused),
        "reasons": list(refused.values()),
        "action": ACTION,
        "as_of": as_of,
    }
    connection.execute(text(_CLOSE), values)
    if not refused:
        return []
    connection.execute(text(_OPEN), values)
    return list(connection.execute(text(_CONCERNED), values).scalars())


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
    SELECT subject FROM finding
    WHERE client = :client AND kind = :kind AND system = :system AND closed_at IS NULL
    ORDER BY subject
"""
