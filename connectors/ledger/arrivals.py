"""Arrivals that nobody has met yet become applications."""

from datetime import datetime

from sqlalchemy import Connection, text

from connectors.ledger import bulk
from connectors.ledger.decisions import Move, Subject
from connectors.ledger.landing import resolve
from connectors.ledger.store import write_moves
from connectors.records import PLACE_CODE


def open_applications(connection: Connection, client: str, owner: str, as_of: datetime) -> int:
    """Turn arrivals nobody has met yet into applications waiting at intake; returns how many.

    A board's arrival names a posting, a tracker's names its job; one that names neither of ours
    stays an unmatched arrival, as does a tracker's lead, who has not applied yet, and an
    application of somebody whom the tracker has not told of yet, and one that was over in the
    tracker before its requisition was taken over in flight. The key
    is made of requisition, system and external id, so the same arrival gives the same application
    whenever it is read.
    """
    connection.execute(text(_NAME), {"client": client})
    resolve(connection, client, None, "arrival")  # what landed before our adding it was settled
    matched = connection.execute(text(_MATCHED), {"client": client}).all()
    known = {
        "client": client,
        "arrivals": [row.id for row in matched],
        "requisitions": [row.requisition_id for row in matched],
        "keys": [row.key for row in matched],
    }
    arrived = connection.execute(text(_OPEN), {**known, "owner": owner, "as_of": as_of})
    subjects = [
        Subject(
            subject_kind="application",
            id=row.id,
            key=row.key,
            stage="intake",
            state="received",
            since=as_of,
            ready_for="intake",
            seq=0,
            head_hash="",
        )
        for row in arrived
    ]
    write_moves(
        connection,
        client,
        [
            Move(subject, "intake", "received", "application received", ready_for="intake")
            for subject in subjects
        ],
        as_of,
    )
    for grown in ("application", "arrival"):
        bulk.look_at_growth(connection, grown, len(subjects))
    connection.execute(text(_TIE_ARRIVALS), known)
    connection.execute(text(_TIE_TRACKER), known)
    for early in ("interview", "scorecard", "pay_statement"):  # landed before what they are about
        resolve(connection, client, None, early)
    return len(subjects)


# A tracker that keeps people apart from their applications tells of them in a list of their own.
_NAME = """
    UPDATE arrival v SET name = c.name, emails = c.emails, phones = c.phones, links = c.links,
        residence = c.residence
    FROM candidate c
    WHERE v.client = :client AND v.application_id IS NULL AND v.name = ''
      AND c.client = v.client AND c.system = v.system AND c.external_id = v.candidate_ref
"""

# Of an arrival `v` for a requisition `r`: it had ended, or was hired, before we took over.
OVER_BEFORE = """
    (r.taken_over_at IS NOT NULL AND v.applied_at <= r.taken_over_at
     AND v.stage IN ('archived', 'hired'))
"""
_MATCHED = f"""
    WITH unsettled AS MATERIALIZED (
        SELECT e.system, a.requisition_id, a.name, a.email
        FROM effect e JOIN application a ON a.id = e.subject_id
        WHERE e.client = :client AND e.kind = 'tracker.add'
          AND e.state IN ('sending', 'parked', 'dead')
    )
    SELECT v.id, r.id AS requisition_id,
           r.key || '.' || left(encode(sha256(convert_to(
               v.system || ' ' || v.external_id, 'UTF8')), 'hex'), 10) AS key
    FROM arrival v
    JOIN LATERAL (
        SELECT p.requisition_id FROM posting p
        WHERE p.client = v.client AND p.reference = v.job_ref AND v.stage IS NULL
        UNION ALL
        SELECT x.subject_id FROM external_id x
        WHERE x.client = v.client AND x.system = v.system AND x.kind = 'job'
          AND x.external_id = v.job_ref AND x.subject_kind = 'requisition'
        LIMIT 1
    ) j ON true
    JOIN requisition r ON r.id = j.requisition_id
    WHERE v.client = :client AND v.application_id IS NULL AND v.stage IS DISTINCT FROM 'lead'
      AND NOT {OVER_BEFORE}
      AND NOT (v.name = '' AND v.emails = '[]' AND v.candidate_ref IS NOT NULL)  -- not known yet
      AND NOT (v.stage IS NOT NULL AND EXISTS (
          -- We, or a person for us, may have added this one, and we do not know it yet.
          SELECT 1 FROM unsettled u WHERE u.system = v.system AND u.requisition_id = r.id
            AND (v.emails ? u.email OR v.name = u.name)))
    ORDER BY key
"""

# By the ids that were matched: joined to the match itself, the planner, which cannot tell how many
# have arrived, compares each of them with everybody.
_OPEN = f"""
    INSERT INTO application (client, key, requisition_id, source, owner, name, email, phone,
        residence, jurisdictions, applied_at, arrived_at, consent_at, answers, resume_text,
        taken_over_in, stage, state, since, ready_for)
    SELECT v.client, m.key, r.id, source, :owner, name, emails ->> 0, phones ->> 0,
        residence,
        ARRAY(SELECT DISTINCT place FROM unnest(jurisdictions || CASE
                  WHEN residence ~ '{PLACE_CODE}'  -- a tracker's is what somebody wrote
                  THEN ARRAY[residence, substring(residence FROM '^[^-]+-[^-]+'),
                             substring(residence FROM '^[^-]+')] END)
              AS place WHERE place <> '' ORDER BY place),
        applied_at, :as_of, consent_at, answers, concat_ws(' ', resume_text, resume_json::text),
        CASE WHEN v.applied_at <= r.taken_over_at THEN v.stage END,
        'intake', 'received', :as_of, 'intake'
    FROM unnest(CAST(:arrivals AS bigint[]), CAST(:requisitions AS bigint[]),
                CAST(:keys AS text[])) AS m(arrival_id, requisition_id, key)
    JOIN arrival v ON v.id = m.arrival_id
    JOIN requisition r ON r.id = m.requisition_id
    ORDER BY m.key
    ON CONFLICT (client, key) DO NOTHING
    RETURNING id, key
"""

_TIE_ARRIVALS = """
    UPDATE arrival v SET application_id = a.id
    FROM unnest(CAST(:arrivals AS bigint[]), CAST(:keys AS text[])) AS m(arrival_id, key)
    JOIN application a ON a.client = :client AND a.key = m.key
    WHERE v.id = m.arrival_id
"""

_TIE_TRACKER = """
    INSERT INTO external_id (client, system, kind, external_id, subject_kind, subject_id)
    SELECT client, system, 'application', external_id, 'application', application_id
    FROM arrival WHERE id = ANY(:arrivals) AND stage IS NOT NULL AND application_id IS NOT NULL
    ON CONFLICT DO NOTHING
"""
