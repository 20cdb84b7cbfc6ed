"""What a gate found: admit those who pass, quarantine the others one by one, keep the record."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from connectors.ledger import bulk, tables
from connectors.ledger.decisions import Move, Subject
from connectors.ledger.rows import PASSED_BEFORE
from connectors.ledger.store import write_moves


@dataclass(frozen=True, slots=True)
class Failure:
    """One rule that some rows did not meet; `ids` are the subjects'. Never a value."""

    rule: str
    critical: bool
    owner: str
    reason: str
    remedy: str
    ids: tuple[int, ...]
    releasable: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a suite says about everything at one door. `stopped` names a broken batch rule."""

    failures: tuple[Failure, ...] = ()
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """What became of a gate: rows in, passed and held, and the failed rules with their counts."""

    stage: str
    rows_in: int
    passed: int
    held: int
    newly_held: int = 0
    stopped: str | None = None
    findings: Mapping[str, int] = field(default_factory=dict)


def admit(
    connection: Connection,
    client: str,
    stage: str,
    door: Sequence[Subject],
    verdict: Verdict,
    as_of: datetime,
) -> Passage:
    """Let through who passed or was released, hold the others, and write down what was found.

    Who had passed all this at the client before we took them over is let through; what they fail is
    written down as a gap.
    """
    released = _released(connection, stage, door)
    waiting = {subject.id: subject for subject in door}
    behind = _taken_over(connection, stage, door)
    failed = [
        (waiting[each], failure)
        for failure in verdict.failures
        if failure.critical
        for each in failure.ids
        if each in waiting and not (failure.releasable and (each, failure.rule) in released)
    ]
    broken = [(subject, failure) for subject, failure in failed if subject.id not in behind]
    gaps = [(subject, failure) for subject, failure in failed if subject.id in behind]
    new = _hold(connection, client, stage, broken, as_of)
    if not verdict.stopped:
        _hold(connection, client, stage, gaps, as_of, outcome="taken_over")
    _heal(connection, stage, door, broken, as_of)
    held = {subject.id for subject, _ in broken}
    passed = [] if verdict.stopped else [s for s in door if s.id not in held]
    write_moves(
        connection,
        client,
        [Move(subject, stage, "entered", f"passed the {stage} gate") for subject in passed],
        as_of,
    )
    passage = Passage(
        stage=stage,
        rows_in=len(door),
        passed=len(passed),
        held=len(door) - len(passed),
        newly_held=len(new),
        stopped=verdict.stopped,
        findings={failure.rule: len(set(failure.ids)) for failure in verdict.failures},
    )
    _keep(connection, client, door, passage, as_of)
    return passage


def _released(connection: Connection, stage: str, door: Sequence[Subject]) -> set[tuple[int, str]]:
    rows = connection.execute(
        text(
            "SELECT subject_id, rule FROM quarantine WHERE stage = :stage AND outcome = 'released'"
            " AND subject_kind = :kind AND subject_id = ANY(:ids)"
        ),
        {"stage": stage, "kind": _kind(door), "ids": [subject.id for subject in door]},
    )
    return {(row.subject_id, row.rule) for row in rows}


def _taken_over(connection: Connection, stage: str, door: Sequence[Subject]) -> set[int]:
    """Who of an application stage's door had passed it before we took them over."""
    passed = PASSED_BEFORE.get(stage)
    if not passed:
        return set()
    rows = connection.execute(
        text("SELECT id FROM application WHERE id = ANY(:ids) AND taken_over_in = ANY(:passed)"),
        {"ids": [subject.id for subject in door], "passed": list(passed)},
    )
    return set(rows.scalars())


def _kind(door: Sequence[Subject]) -> str:
    return door[0].subject_kind if door else "application"


def _hold(
    connection: Connection,
    client: str,
    stage: str,
    broken: Sequence[tuple[Subject, Failure]],
    as_of: datetime,
    outcome: str | None = None,
) -> set[int]:
    """Quarantine subjects for the rules they break; returns the ids of those newly held.

    outcome: how it ended at once; None: it holds them.
    """
    rows = [
        {
            "client": client,
            "subject_kind": subject.subject_kind,
            "subject_id": subject.id,
            "stage": stage,
            "rule": failure.rule,
            "owner": failure.owner,
            "reason": failure.reason,
            "remedy": failure.remedy,
            "opened_at": as_of,
            "closed_at": as_of if outcome else None,
            "outcome": outcome,
        }
        for subject, failure in broken
    ]
    return set(bulk.insert_returning(connection, tables.quarantine, rows, "subject_id"))


def _heal(
    connection: Connection,
    stage: str,
    door: Sequence[Subject],
    broken: Sequence[tuple[Subject, Failure]],
    as_of: datetime,
) -> None:
    """Close what was open and is no longer broken, also for those whom another rule still holds."""
    connection.execute(
        text(
            "UPDATE quarantine q SET closed_at = :as_of, outcome = 'healed'"
            " WHERE stage = :stage AND closed_at IS NULL"
            " AND subject_kind = :kind AND subject_id = ANY(:ids)"
            " AND NOT EXISTS (SELECT 1 FROM unnest(CAST(:held AS bigint[]), CAST(:rules AS text[]))"
            " AS b(id, rule) WHERE b.id = q.subject_id AND b.rule = q.rule)"
        ),
        {
            "as_of": as_of,
            "stage": stage,
            "kind": _kind(door),
            "ids": [subject.id for subject in door],
            "held": [subject.id for subject, _ in broken],
            "rules": [failure.rule for _, failure in broken],
        },
    )


def _keep(
    connection: Connection,
    client: str,
    door: Sequence[Subject],
    passage: Passage,
    as_of: datetime,
) -> None:
    versions = ",".join(f"{subject.key}:{subject.seq}" for subject in door)
    values: dict[str, Any] = {
        "client": client,
        "stage": passage.stage,
        "as_of": as_of,
        "rows_hash": hashlib.sha256(versions.encode()).hexdigest()[:16],
        "rows_in": passage.rows_in,
        "passed": passage.passed,
        "held": passage.held,
        "stopped": passage.stopped,
        "findings": dict(passage.findings),
    }
    connection.execute(insert(tables.gate_run).values(values).on_conflict_do_nothing())


def release(
    connection: Connection,
    client: str,
    subject_key: str,
    rule: str,
    by: str,
    why: str,
    as_of: datetime,
) -> int:
    """Let a held subject pass one rule on a person's word; returns how many were released."""
    return connection.execute(
        text(
            """
            UPDATE quarantine q SET closed_at = :as_of, outcome = 'released', closed_by = :by,
                   note = :why
            WHERE q.client = :client AND q.rule = :rule AND q.closed_at IS NULL
              AND ((q.subject_kind = 'application' AND q.subject_id IN
                        (SELECT id FROM application WHERE client = :client AND key = :key))
                OR (q.subject_kind = 'requisition' AND q.subject_id IN
                        (SELECT id FROM requisition WHERE client = :client AND key = :key)))
            """
        ),
        {
            "client": client,
            "key": subject_key,
            "rule": rule,
            "by": by,
            "why": why,
            "as_of": as_of,
        },
    ).rowcount
