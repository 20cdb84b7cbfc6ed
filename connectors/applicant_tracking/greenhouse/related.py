"""What Greenhouse's rows refer to and tell in other lists, read once in one reading.

Sources and reasons are few and read whole; all else is read for the rows of a page, by its ids.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Protocol, TypeVar

import msgspec

from connectors.applicant_tracking.greenhouse.lists import Lists
from connectors.applicant_tracking.greenhouse.rows import is_arranged, slug
from connectors.applicant_tracking.greenhouse.shapes import (
    AnswerRow,
    ApplicationRow,
    Chosen,
    FullInterview,
    FullScorecard,
    InterviewRow,
    Kit,
    Named,
    Office,
    Opening,
    Panelist,
    Question,
    Reason,
    Rejection,
    ScorecardRow,
    User,
    decoded,
)
from connectors.errors import Unreadable


class _HasId(Protocol):
    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=_HasId)
REASON = b'"rejection_reason_id"'
T = TypeVar("T")
Row = tuple[str, bytes]
"""An object of a list: its id and its JSON."""


class Related:
    """What one reading of a list has to look up elsewhere."""

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        self._kits: dict[int, Kit] = {}
        self._slots: dict[int, Named] = {}
        self._users: dict[int, User] = {}
        self._questions: dict[int, Question] = {}
        self._options: dict[int, Named] = {}

    @cached_property
    def reasons(self) -> dict[int, Reason]:
        """Every rejection reason, also those that Greenhouse comes with."""
        rows = self._lists.all("/rejection_reasons", Reason, include_defaults="true")
        return {row.id: row for row in rows}

    @cached_property
    def sources(self) -> dict[int, str]:
        """The name of every source."""
        return {row.id: row.name for row in self._lists.all("/sources", Named)}

    @cached_property
    def offices(self) -> dict[int, str]:
        """Where every office is: its location, or its name."""
        return {row.id: row.location or row.name for row in self._lists.all("/offices", Office)}

    @cached_property
    def wanted(self) -> Counter[int]:
        """How many openings each job has that nobody has filled or closed."""
        return Counter(row.job_id for row in self._lists.all("/openings", Opening, open="true"))

    def rejections(self, rows: Sequence[Row]) -> dict[int, int | None]:
        """Why each of these applications was rejected, where they do not tell it themselves."""
        if not rows or REASON in rows[0][1]:
            return {}
        told, _ = _sorted_out(ApplicationRow, rows, lambda row: row.status == "rejected")
        refs = [application.id for _, application in told]
        found = self._lists.of("/rejection_details", Rejection, "application_ids", refs)
        return {each.application_id: each.rejection_reason_id for each in found}

    def scorecards(self, rows: Sequence[Row]) -> list[Row]:
        """Add round, author and answers to those scorecards that were submitted."""
        told, senseless = _sorted_out(ScorecardRow, rows, lambda card: card.status == "complete")
        kits = {card.interview_kit_id for _, card in told if card.interview_kit_id is not None}
        self._learn("/interview_kits", Kit, self._kits, kits)
        self._learn_slots(kit.job_interview_id for kit in self._kits.values())
        self._learn("/users", User, self._users, {card.interviewer_id for _, card in told})
        answers = self._answers([card.id for _, card in told])
        full = [
            (
                ref,
                FullScorecard(
                    scorecard=msgspec.Raw(row),
                    round=self._round_of(card),
                    author=self._author_of(card),
                    answers=answers.get(card.id, []),
                ),
            )
            for (ref, row), card in told
        ]
        full += [(ref, FullScorecard(msgspec.Raw(row))) for ref, row in senseless]
        return [(ref, msgspec.json.encode(each)) for ref, each in full]

    def interviews(self, rows: Sequence[Row]) -> list[Row]:
        """Add round and interviewers to those interviews that were arranged."""
        told, senseless = _sorted_out(InterviewRow, rows, is_arranged)
        self._learn_slots(interview.job_interview_id for _, interview in told)
        panels: dict[int, list[str]] = {}
        refs = [interview.id for _, interview in told]
        for each in self._lists.of("/interviewers", Panelist, "interview_ids", refs):
            panels.setdefault(each.interview_id, []).append(each.email or str(each.user_id or ""))
        full = [
            (
                ref,
                FullInterview(
                    interview=msgspec.Raw(row),
                    round=self._slot(interview.job_interview_id),
                    interviewers=sorted(panels.get(interview.id, [])),
                ),
            )
            for (ref, row), interview in told
        ]
        full += [(ref, FullInterview(msgspec.Raw(row))) for ref, row in senseless]
        return [(ref, msgspec.json.encode(each)) for ref, each in full]

    def _round_of(self, card: ScorecardRow) -> str | None:
        if card.interview_kit_id is None:
            return ""  # written without an interview
        kit = self._kits.get(card.interview_kit_id)
        return self._slot(kit.job_interview_id) if kit else None

    def _author_of(self, card: ScorecardRow) -> str | None:
        user = self._users.get(card.interviewer_id)
        return user.primary_email if user else None

    def _slot(self, ref: int) -> str | None:
        slot = self._slots.get(ref)
        return slug(slot.name) if slot else None

    def _answers(self, cards: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
        """Question and answer by scorecard; what was chosen of several things is joined."""
        rows = self._lists.of("/scorecard_question_answers", AnswerRow, "scorecard_ids", cards)
        asked = {row.scorecard_question_id for row in rows}
        self._learn("/scorecard_questions", Question, self._questions, asked)
        chosen = self._chosen([row.id for row in rows if not _said(row)])
        answers: dict[int, list[tuple[str, str]]] = {}
        for row in sorted(rows, key=lambda row: row.scorecard_question_id):
            if said := _said(row) or chosen.get(row.id, ""):
                question = self._questions[row.scorecard_question_id].question
                answers.setdefault(row.scorecard_id, []).append((question.strip(), said))
        return answers

    def _chosen(self, answers: Sequence[int]) -> dict[int, str]:
        path, name = "/scorecard_question_answer_options", "scorecard_question_answer_ids"
        rows = self._lists.of(path, Chosen, name, answers)
        options = {row.scorecard_question_option_id for row in rows}
        self._learn("/scorecard_question_options", Named, self._options, options)
        names: dict[int, list[str]] = {}
        for row in rows:
            option = self._options[row.scorecard_question_option_id].name
            names.setdefault(row.scorecard_question_answer_id, []).append(option)
        return {answer: ", ".join(sorted(told)) for answer, told in names.items()}

    def _learn_slots(self, ids: Iterable[int]) -> None:
        self._learn("/job_interviews", Named, self._slots, set(ids))

    def _learn(self, path: str, kind: type[R], known: dict[int, R], ids: set[int]) -> None:
        known |= {row.id: row for row in self._lists.of(path, kind, "ids", ids - known.keys())}


def _sorted_out(
    kind: type[T], rows: Sequence[Row], counts: Callable[[T], bool]
) -> tuple[list[tuple[Row, T]], list[Row]]:
    """Those rows that count, beside what they say; and those that make no sense.

    The latter are passed on as they are: who reads them says what is wrong.
    """
    told, senseless = [], []
    for row in rows:
        try:
            each = decoded(kind, row[1])
            if counts(each):
                told.append((row, each))
        except Unreadable:
            senseless.append(row)
    return told, senseless


def _said(row: AnswerRow) -> str:
    """An answer in words, or to a question of yes or no."""
    return row.answer or {True: "yes", False: "no", None: ""}[row.boolean_value]
