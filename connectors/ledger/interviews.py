"""Applications being interviewed: rounds held and scorecards in, never what the scorecards say."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.ledger.rows import ApplicationRow, applications


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(ApplicationRow):
    """`held` are interviews by round; `authors` who has handed in a scorecard for which round."""

    accepted: bool
    packet_sent: bool
    held: list[dict[str, Any]]
    authors: list[list[str]]
    rounds_planned: int
    rounds_completed: int
    scorecards_planned: int
    scorecards_in: int
    last_ended_at: datetime | None


ROUNDS = """
        , (SELECT count(DISTINCT i.round) FROM interview i
           WHERE i.application_id = s.id AND i.status = 'completed') AS rounds_completed
        , jsonb_array_length(r.fields -> 'rounds') AS rounds_planned
        , (SELECT sum(jsonb_array_length(d -> 'interviewers'))
           FROM jsonb_array_elements(r.fields -> 'rounds') d) AS scorecards_planned
        , (SELECT count(DISTINCT (k.round, k.author)) FROM scorecard k
           WHERE k.application_id = s.id AND k.round <> 'recruiter_screen') AS scorecards_in
"""
ROWS = applications(
    columns=f"""
        , tracker.stage IN ('interview', 'offer') AS accepted
        , EXISTS (SELECT 1 FROM effect e WHERE e.subject_kind = 'application'
              AND e.subject_id = s.id AND e.kind = 'tracker.note' AND e.state = 'done')
          AS packet_sent
        , coalesce((SELECT jsonb_agg(jsonb_build_object('round', i.round, 'status', i.status,
              'starts_at', i.starts_at, 'ends_at', i.ends_at) ORDER BY i.starts_at)
           FROM interview i WHERE i.application_id = s.id), '[]') AS held
        , coalesce((SELECT jsonb_agg(jsonb_build_array(k.round, k.author))
           FROM scorecard k WHERE k.application_id = s.id), '[]') AS authors
        , (SELECT max(i.ends_at) FROM interview i
           WHERE i.application_id = s.id AND i.status = 'completed') AS last_ended_at
        {ROUNDS}
    """
)
