"""Rows as the ledger would give them, and what a decision about one of them says."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

import deployments
from connectors.ledger.decisions import Decisions, Fact, Move, effect_key
from connectors.ledger.rows import ApplicationRow, RequisitionRow
from connectors.records import Request, SendMessage
from connectors.requisition import Requisition
from tasks.process import Process, load

DATA = Path(deployments.__file__).parent / "sandbox/data"
HARBOR = load(DATA / "clients/harbor.yaml")
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)  # a Monday without a holiday for weeks
KEY = "HARBOR-1.9f2c11ab03"
CALIFORNIA = ["US", "US-CA"]

A = TypeVar("A", bound=ApplicationRow)
Q = TypeVar("Q", bound=RequisitionRow)
R = TypeVar("R", bound=Request)
Decide = Callable[[Sequence[Any], Process, datetime], Decisions]


@cache
def _harbor_1() -> Requisition:
    path = DATA / "requisitions/HARBOR-1.yaml"
    return Requisition.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def fields(**changes: Any) -> dict[str, Any]:
    """The fields of an Accounting Clerk's requisition in San Francisco, some of them changed."""
    return _harbor_1().model_dump(mode="json") | changes


def an_application(row: type[A], **values: Any) -> A:
    """An application at the stage whose row this is: Ada Lovelace's, known to the tracker."""
    common: dict[str, Any] = {
        "subject_kind": "application",
        "id": 7,
        "key": KEY,
        "stage": row.__module__.rpartition(".")[2],
        "state": "entered",
        "since": NOW,
        "ready_for": None,
        "seq": 4,
        "head_hash": "aa",
        "client": "harbor",
        "requisition": "HARBOR-1",
        "fields": fields(),
        "jurisdictions": CALIFORNIA,
        "requisition_id": 1,
        "person_id": 3,
        "name": "Ada Lovelace",
        "email": "ada@example.org",
        "phone": "+14155550100",
        "source": "indeed",
        "applied_at": NOW,
        "tracker_ref": "tracker-7",
        "candidate_ref": "candidate-7",
        "tracker_stage": "new",
    }
    return row(**common | values)


def a_requisition(row: type[Q], **values: Any) -> Q:
    """The requisition itself, approved on its present version."""
    common: dict[str, Any] = {
        "subject_kind": "requisition",
        "id": 1,
        "key": "HARBOR-1",
        "stage": row.__module__.rpartition(".")[2],
        "state": "entered",
        "since": NOW,
        "ready_for": None,
        "seq": 1,
        "head_hash": "aa",
        "client": "harbor",
        "requisition": "HARBOR-1",
        "fields": fields(),
        "jurisdictions": CALIFORNIA,
        "headcount": 2,
        "approval_hash": "present",
        "approved_hash": "present",
        "openings_filled": 0,
        "job_ref": None,
    }
    return row(**common | values)


def asked(
    kind: str, about: str = "", at: datetime = NOW, key: str = KEY, state: str = "done"
) -> dict[str, dict[str, Any]]:
    """An effect that was asked for at an instant and, if done, carried out at once."""
    effect = {
        "state": state,
        "asked_at": at.isoformat(),
        "done_at": at.isoformat() if state == "done" else None,
        "ref": "vendor-1" if state == "done" else None,
    }
    return {effect_key(kind, key, about): effect}


def answered(form: str, about: str = "", **given: str) -> dict[str, dict[str, Any]]:
    """A form that somebody has answered."""
    return {f"{form}:{about}": {"fields": given, "at": NOW.isoformat()}}


def decided(
    decide: Decide, *rows: Any, as_of: datetime = NOW, process: Process = HARBOR
) -> Decisions:
    """What a stage decides on rows; no subject may ever move twice in one decision."""
    decisions = decide(rows, process, as_of)
    moving = [(move.subject.subject_kind, move.subject.id) for move in decisions.moves]
    assert len(set(moving)) == len(moving)
    return decisions


def the_move(decisions: Decisions) -> Move:
    """The only move of a decision."""
    (move,) = decisions.moves
    return move


def kinds(decisions: Decisions) -> list[str]:
    """The kinds of effects that were asked for, in order."""
    return [effect.kind for effect in decisions.effects]


def requests(decisions: Decisions, kind: type[R]) -> list[R]:
    """The requests of one kind that were asked for, in order."""
    return [e.request for e in decisions.effects if isinstance(e.request, kind)]


def told(decisions: Decisions) -> list[str]:
    """The templates of the messages that were asked for, in order."""
    return [message.template for message in requests(decisions, SendMessage)]


def facts(decisions: Decisions, table: str) -> list[Fact]:
    """What became known, of one kind."""
    return [fact for fact in decisions.facts if fact.table == table]
