"""Alarms: what ops have to hear of without looking, each time it happens and once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from connectors.ledger.breaker import BY_ITSELF

SUBJECTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Alarm:
    """What has happened, alike in kind, object and owner, that nobody was told.

    `about`: the vendor, the gate and rule, the clock or the difference; `why` as it stands in the
    tables; `subjects`: the first of the keys concerned; `occurrences`: by what each is remembered.
    """

    kind: str
    about: str
    owner: str
    why: str
    since: datetime
    subjects: list[str]
    occurrences: list[str]


def untold(connection: Connection, client: str, as_of: datetime) -> list[Alarm]:
    """The alarms of a client at an instant that it has not been told."""
    rows = connection.execute(
        text(_UNTOLD), {"client": client, "as_of": as_of, "shown": SUBJECTS_SHOWN}
    )
    return [Alarm(**row._mapping) for row in rows]


def remember(connection: Connection, client: str, alarms: Sequence[Alarm], as_of: datetime) -> None:
    """Keep that these have been told."""
    told = [
        {"client": client, "kind": alarm.kind, "occurrence": occurrence, "as_of": as_of}
        for alarm in alarms
        for occurrence in alarm.occurrences
    ]
    connection.execute(
        text(
            "INSERT INTO alarm (client, kind, occurrence, told_at)"
            " VALUES (:client, :kind, :occurrence, :as_of) ON CONFLICT DO NOTHING"
        ),
        told,
    )


# Dead or parked: neither leaves that state but by a person's word.
_STUCK = """
    SELECT 'effect.' || state AS kind, system || ' ' || kind AS about, 'provider' AS owner,
           coalesce(error, '') AS why, not_before AS since, key AS subject,
           key || ' ' || attempts AS occurrence
    FROM effect WHERE client = :client AND state IN ('dead', 'parked')
"""
# Who resumed, settled or typed what is kept in the ledger, not told in an event.
_SETTLED = """
    (SELECT DISTINCT ON (e.id) 'effect.settled', e.system || ' ' || e.kind, 'provider',
           'somebody settled it', CAST(:as_of AS timestamptz), e.key, a.occurrence
    FROM alarm a JOIN effect e ON e.client = a.client
        AND e.key = regexp_replace(a.occurrence, ' [0-9]+$', '')
    WHERE a.client = :client AND a.kind IN ('effect.dead', 'effect.parked')
      AND e.state NOT IN ('dead', 'parked')
    ORDER BY e.id, a.id DESC)
"""
_OPENED = """
    SELECT 'breaker.opened', system || ' ' || side, 'vendor',
           why || ', ' || failures || ' times in a row', opened_at, system, id::text
    FROM breaker WHERE client = :client AND opened_at IS NOT NULL
"""
_CLOSED = f"""
    SELECT 'breaker.closed', system || ' ' || side, 'vendor',
           CASE closed_by WHEN '{BY_ITSELF}' THEN closed_why ELSE 'somebody resumed it' END,
           closed_at, system, id::text
    FROM breaker WHERE client = :client AND opened_at IS NOT NULL AND closed_at IS NOT NULL
"""
# As the gates see it: a system that the process names, and of which a part is a day old.
_SILENT = """
    SELECT 'source.silent', u.system, 'vendor', 'not read to its end for a day', min(u.read_at),
           u.system, u.system || ' ' || extract(epoch FROM min(u.read_at))
    FROM cursor u JOIN client c ON c.client = u.client
    WHERE u.client = :client AND EXISTS (
        SELECT 1 FROM jsonb_path_query(c.process, '$.systems.**') named
        WHERE named = to_jsonb(u.system))
    GROUP BY u.system HAVING min(u.read_at) < CAST(:as_of AS timestamptz) - interval '1 day'
"""
_SUBJECTS = """
    SELECT 'application' AS kind, id, key FROM application WHERE client = :client
    UNION ALL SELECT 'requisition', id, key FROM requisition WHERE client = :client
"""
_QUARANTINED = f"""
    SELECT 'quarantine.old', q.stage || ' ' || q.rule, q.owner, q.reason || '; ' || q.remedy,
           q.opened_at, s.key, q.id::text
    FROM quarantine q JOIN ({_SUBJECTS}) s ON s.kind = q.subject_kind AND s.id = q.subject_id
    WHERE q.client = :client AND q.closed_at IS NULL
      AND q.opened_at < CAST(:as_of AS timestamptz) - interval '1 day'
"""
# A legal wait that is over has only made room; two business days later, which may be four days, it
# is overdue: nobody has made use of it.
_OVERDUE = f"""
    SELECT 'clock.overdue', k.name, k.owner, 'nothing has happened until it was due', k.due_at,
           s.key, k.id::text
    FROM clock k JOIN ({_SUBJECTS}) s ON s.kind = k.subject_kind AND s.id = k.subject_id
    WHERE k.client = :client AND k.stopped_at IS NULL
      AND k.due_at < CAST(:as_of AS timestamptz)
                     - CASE k.owner WHEN 'law' THEN interval '4 days' ELSE interval '0' END
"""
_FOUND = """
    SELECT 'finding.opened', system || ' ' || kind, owner, reason || '; ' || action, opened_at,
           coalesce(nullif(subject, ''), external_id), id::text
    FROM finding WHERE client = :client AND closed_at IS NULL
"""
_HEALED = """
    SELECT 'finding.closed', f.system || ' ' || f.kind, f.owner, 'ledger and vendor agree',
           f.closed_at, coalesce(nullif(f.subject, ''), f.external_id), a.occurrence
    FROM alarm a JOIN finding f ON f.client = a.client AND f.id::text = a.occurrence
    WHERE a.client = :client AND a.kind = 'finding.opened' AND f.closed_at IS NOT NULL
"""
# Replayed and unreadable again, it is told again.
_UNREADABLE = """
    SELECT 'delivery.unreadable', source, 'provider', error, read_at, event_id,
           id || ' ' || extract(epoch FROM read_at)
    FROM inbox WHERE client = :client AND error IS NOT NULL
"""
_HEARD = " UNION ALL ".join(
    (
        _STUCK,
        _SETTLED,
        _OPENED,
        _CLOSED,
        _SILENT,
        _QUARANTINED,
        _OVERDUE,
        _FOUND,
        _HEALED,
        _UNREADABLE,
    )
)
_UNTOLD = f"""
    SELECT kind, about, owner, min(why) AS why, min(since) AS since,
           (array_agg(DISTINCT subject))[1:CAST(:shown AS int)] AS subjects,
           array_agg(occurrence ORDER BY occurrence) AS occurrences
    FROM ({_HEARD}) heard
    WHERE NOT EXISTS (SELECT 1 FROM alarm a WHERE a.client = :client AND a.kind = heard.kind
                      AND a.occurrence = heard.occurrence)
    GROUP BY kind, about, owner ORDER BY kind, about, owner
"""
