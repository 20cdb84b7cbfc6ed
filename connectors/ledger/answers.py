"""Answers to forms: one question has one answer that stands, however and by whomever it is given.

A question is a form about a subject and, where there are several, about what exactly. Its id is
derived from these, so an answer by link, by command and on the telephone meet.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, text

from connectors.ledger import inbox
from connectors.links import Question
from connectors.records import FormAnswer

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an answer, and since when the one that stands does.

    kept: it stands; known: the same stands already; answered: another stands; over: nobody needs
    it any more, as the application or the requisition has ended.
    """

    how: Literal["kept", "known", "answered", "over"]
    at: datetime


def take(
    connection: Connection,
    question: Question,
    fields: Fields,
    final: Callable[[Fields], bool],
    at: datetime,
) -> Taken:
    """Keep an answer in the inbox, unless one that is final stands, or its subject has ended.

    final: whether no other answer is taken after this one.
    """
    event = _event(question)
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtext(:client), hashtext(:event))"),
        {"client": question.client, "event": event},
    )
    before = given(connection, question)  # nobody else answers until we have committed
    last = before[-1] if before else None
    if last and _said(last.fields) == _said(fields):
        return Taken("known", last.updated_at)
    if last and final(last.fields):
        return Taken("answered", last.updated_at)
    if over(connection, question.client, question.subject):
        return Taken("over", at)
    record = FormAnswer(
        external_id=f"{event}.{len(before)}" if before else event,
        # What is said later counts, also if a clock has gone back.
        updated_at=max(at, last.updated_at + timedelta(microseconds=1)) if last else at,
        form=question.form,
        subject=question.subject,
        about=question.about,
        by=question.by,
        fields=dict(fields),
    )
    body = record.model_dump_json()
    inbox.keep(connection, question.client, "forms", record.external_id, body, record.updated_at)
    return Taken("kept", record.updated_at)


def over(connection: Connection, client: str, subject: str) -> bool | None:
    """Whether an application or a requisition has ended; None: there is none of this key."""
    ended: bool | None = connection.execute(
        text(
            """
            SELECT disposition IS NOT NULL FROM application WHERE client = :client AND key = :key
            UNION ALL
            SELECT disposition IS NOT NULL FROM requisition WHERE client = :client AND key = :key
            """
        ),
        {"client": client, "key": subject},
    ).scalar()
    return ended


def given(connection: Connection, question: Question) -> list[FormAnswer]:
    """What was answered to a question so far, the oldest first, whether or not it was read yet."""
    bodies = connection.execute(
        text(
            "SELECT body FROM inbox WHERE client = :client AND source = 'forms'"
            " AND (event_id = :event OR event_id LIKE :event || '.%') ORDER BY occurred_at"
        ),
        {"client": question.client, "event": _event(question)},
    )
    return [FormAnswer.model_validate_json(body) for body in bodies.scalars()]


def _event(question: Question) -> str:
    """The id of a question, whoever is asked."""
    name = "\x1f".join((question.form, question.subject, question.about))
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _said(fields: Fields) -> dict[str, str]:
    """What was said: a field that was left empty and one that was not shown are the same."""
    return {name: value for name, value in fields.items() if value}
