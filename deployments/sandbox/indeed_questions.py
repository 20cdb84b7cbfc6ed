"""Screener questions as Indeed reads them from a partner's file, and what a seeker answers.

Written from https://docs.indeed.com/indeed-apply/screener-questions. A file with a fault asks
nothing. A partner without a file, or whose file cannot be had, still gets what a seeker would say.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

TYPES = frozenset(
    {
        "textarea",
        "text",
        "select",
        "multiselect",
        "hierarchical",
        "date",
        "file",
        "information",
        "pagebreak",
    }
)
Question = Mapping[str, Any]


def asked(url: str, get: Callable[[str], bytes | None]) -> dict[str, Question] | None:
    """The questions of a file by id; None if the job names none, or nobody gives it out.

    Raises ValueError for a fault.
    """
    content = get(url) if url else None
    if content is None:
        return None
    told = json.loads(content)
    if not isinstance(told, dict) or not str(told.get("schemaVersion", "")).startswith("1."):
        raise ValueError("not a file of questions")
    section = told.get("screenerQuestions")
    questions = section.get("questions") if isinstance(section, dict) else None
    if not isinstance(questions, list) or any(_fault(question) for question in questions):
        raise ValueError("not a list of questions")
    by_id = {question["id"]: question for question in questions}
    if len(by_id) < len(questions):
        raise ValueError("two questions have one id")
    return by_id


def answered(
    questions: Mapping[str, Question] | None, answers: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What the seeker says to each question; to those they have no answer to, nothing."""
    if questions is None:
        return [_volunteered(*pair) for pair in sorted(answers.items())]
    return [
        {"question": dict(question), "answer": _said(question, answers.get(id, ""))}
        for id, question in questions.items()
        if question["type"] not in ("information", "pagebreak")
    ]


def _fault(question: Any) -> bool:
    if not isinstance(question, dict) or question.get("type") not in TYPES:
        return True
    options = question.get("options", [])
    chosen_from = question["type"] in ("select", "multiselect")
    return (
        not isinstance(question.get("id"), str)
        or not question.get("question" if question["type"] != "information" else "text")
        or (chosen_from and not options)
        or any(option.keys() != {"value", "label"} for option in options)
    )


def _said(question: Question, words: str) -> Any:
    """The option whose label the seeker says; free text as it is."""
    if question["type"] != "select":
        return words
    chosen = (o for o in question["options"] if o["label"].casefold() == words.casefold())
    return next(chosen, "")


def _volunteered(question: str, value: str) -> dict[str, Any]:
    """A yes or no was chosen from a list; anything else was written."""
    about = {"id": question, "question": question, "required": True}
    if value not in ("Yes", "No"):
        return {"question": {**about, "type": "text"}, "answer": value}
    options = [{"value": word, "label": word} for word in ("Yes", "No")]
    chosen = {"value": value, "label": value}
    return {"question": {**about, "type": "select", "options": options}, "answer": chosen}
