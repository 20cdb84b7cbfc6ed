"""The people of a client without a tracker: they look at what waits, and decide by command.

Each looks at the list as everybody does, and acts on what it says is their turn.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.ledger.tracker import SCREEN_ROUND, Standing
from connectors.requisition import Requisition
from tasks import tracker

RECRUITER, MANAGER = "Caitlin O'Brien", "the hiring manager"


@dataclass
class Staff:
    """Recruiter, interviewers and hiring managers.

    strength: whoever has less of it, as dice fall, is rejected; done: what the list asked for.
    """

    client: str
    requisitions: dict[str, Requisition]
    strength: float = 0.2
    done: list[str] = field(default_factory=list)

    def act(self, as_of: datetime) -> None:
        """Everybody does what is on their list, until nothing on it is theirs."""
        while due := [each for each in tracker.waiting(self.client, None, as_of) if each[1]]:
            for standing, to_do in due:
                self._do(standing, to_do, as_of)

    def _do(self, standing: Standing, to_do: str, as_of: datetime) -> None:
        key, strength = standing.application, random.Random(standing.application).random()
        self.done.append(to_do)
        match to_do.partition(": ")[0]:
            case "recruiter":
                self._screen(standing, as_of)
            case "interviewer":
                name = to_do.removeprefix("interviewer: record whether ").partition(" ")[0]
                self._say("record_interview", key, name, "completed", "its interviewer", as_of)
            case "hiring manager" if strength < self.strength:
                self._say("reject", key, "not_selected", MANAGER, as_of)
            case "hiring manager" if "interview" in to_do:
                self._say("move", key, "interview", MANAGER, as_of)
            case "hiring manager" if self._openings(standing.requisition, as_of) > 0:
                self._say("move", key, "offer", MANAGER, as_of)
            case "hiring manager":
                self._say("reject", key, "not_selected", MANAGER, as_of)
            case authors:
                name = to_do.rpartition(" ")[2]
                for author in authors.split(", "):
                    self._say("submit_scorecard", key, name, "yes", {}, author, as_of)

    def _openings(self, requisition: str, as_of: datetime) -> int:
        """How many finalists may still be selected."""
        there = tracker.waiting(self.client, requisition, as_of)
        chosen = sum(each.stage in ("offer", "hired") for each, _ in there)
        return self.requisitions[requisition].headcount - chosen

    def _screen(self, standing: Standing, as_of: datetime) -> None:
        wanted = self.requisitions[standing.requisition]
        answers = {"interested": "yes", "notice_days": "14"}
        if wanted.pay:
            answers["pay_expectation_cents"] = str(wanted.pay.min_cents)
        answers |= {f"must_have:{must.id}": "met" for must in wanted.must_haves}
        about = (standing.application, SCREEN_ROUND, None, answers, RECRUITER)
        self._say("submit_scorecard", *about, as_of)

    def _say(self, what: str, key: str, *told: Any) -> None:
        *decision, by, as_of = told
        getattr(tracker, what)(self.client, key, *decision, by, "as the list asks", as_of)
