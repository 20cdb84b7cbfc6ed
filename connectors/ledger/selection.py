"""Applications whose interviews are done: waiting for the hiring manager's decision."""

from dataclasses import dataclass

from connectors.ledger.interviews import ROUNDS
from connectors.ledger.rows import ApplicationRow, applications


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(ApplicationRow):
    """Complete only if every planned round was held and every planned scorecard is in."""

    rounds_planned: int
    rounds_completed: int
    scorecards_planned: int
    scorecards_in: int


ROWS = applications(columns=ROUNDS)
