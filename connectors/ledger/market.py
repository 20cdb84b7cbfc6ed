"""What the market pays for what requisitions ask for: the questions, and what was answered."""

from typing import Any

from sqlalchemy import Connection, text

# Of a requisition `s` and one of its places `p`; jsonb always writes the same question alike.
_QUESTION = """
    CAST(jsonb_build_object('title', s.fields -> 'title', 'city', p -> 'city',
        'region', p -> 'region', 'country', p -> 'country', 'remote', p -> 'remote') AS text)
"""
# Asked until approval; again where the last answer is a month older than the present state.
QUESTIONS = f"""
    SELECT q.question FROM (
        SELECT {_QUESTION} AS question, max(s.since) AS since
        FROM requisition s CROSS JOIN LATERAL jsonb_array_elements(s.fields -> 'places') p
        WHERE s.disposition IS NULL AND s.stage = 'requisition' GROUP BY 1) q
    WHERE NOT EXISTS (SELECT 1 FROM market_pay m WHERE m.external_id = q.question
        AND m.landed_at >= q.since - interval '30 days')
    ORDER BY q.since DESC, q.question
"""
# Of a requisition `s`: the last answer for each of its places.
ANSWERS = f"""
    coalesce((
        SELECT jsonb_agg(to_jsonb(m) - 'document' || jsonb_build_object('place', p)
                         ORDER BY p ->> 'code')
        FROM jsonb_array_elements(s.fields -> 'places') p
        CROSS JOIN LATERAL (
            SELECT * FROM market_pay a WHERE a.client = s.client AND a.external_id = {_QUESTION}
            ORDER BY a.landed_at DESC, a.id DESC LIMIT 1) m), '[]')
"""


def known(
    connection: Connection, client: str, requisition: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What a requisition says, and what was answered for each of its places."""
    found = connection.execute(
        text(
            f"SELECT s.fields, {ANSWERS} AS answers FROM requisition s"
            " WHERE s.client = :client AND s.key = :key"
        ),
        {"client": client, "key": requisition},
    ).one_or_none()
    return (found.fields, found.answers) if found else ({}, [])
