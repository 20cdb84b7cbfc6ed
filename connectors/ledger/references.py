"""Applications whose referees are being asked."""

from dataclasses import dataclass

from connectors.ledger.rows import ApplicationRow, applications


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(ApplicationRow):
    """`selected`: the hiring manager chose this person; `answered` counts usable referees."""

    selected: bool
    answered: int


ANSWERED = """
    (SELECT count(DISTINCT f.about) FROM form_answer f
     WHERE f.client = s.client AND f.subject = s.key
       AND f.form = 'reference' AND f.fields ->> 'worked_together' = 'yes')
"""
ROWS = applications(
    columns=f", coalesce(tracker.stage = 'offer', false) AS selected, {ANSWERED} AS answered"
)
