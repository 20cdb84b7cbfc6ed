"""Verify: whether a client's ledger still tells one whole and lawful story.

The log is replayed here, from its first transition; nothing that decides or moves is asked. Each
rule is named by what must hold, so that a violation can be read aloud.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from connectors.ledger import audit, invariants
from connectors.ledger.care import broken_seals
from connectors.ledger.invariants import Violation as Violation
from connectors.ledger.store import chain

REQUISITION_STAGES = ("requisition", "sourcing")
AT_A_GATE = {"draft", "received", "complete"}
CONTENT = (
    "subject_key",
    "seq",
    "from_stage",
    "from_state",
    "to_stage",
    "to_state",
    "reason",
)


@dataclass(frozen=True, slots=True)
class OrderRule:
    """A stage that the law of an application's places puts before another, on certain days."""

    first: str
    then: str
    effective_from: date
    effective_to: date | None

    def applies(self, on: date) -> bool:
        """Whether it is in force on a day."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


Log = Sequence[RowMapping]


def verify(connection: Connection, client: str) -> list[Violation]:
    """Everything that is wrong with a client's ledger, by rule and subject; empty: it is sound.

    Meant for a ledger at rest: between two steps of a sweep, what the next step would put in
    order is reported too.
    """
    logs = _logs(connection, client)
    subjects = _subjects(connection, client)
    found = [
        *(each for log in logs.values() for each in _chain(log)),
        *_projection(logs, subjects),
        *_order(connection, client, logs),
        *(
            Violation("seal", f"{day}", "is not what was sealed")
            for day in _unsound(connection, client)
        ),
        *invariants.broken(connection, client),
        *audit.broken(connection, client),
    ]
    return sorted(found)


def _logs(connection: Connection, client: str) -> dict[tuple[str, int], Log]:
    rows = connection.execute(
        text(
            "SELECT * FROM transition WHERE client = :client ORDER BY subject_kind, subject_id, seq"
        ),
        {"client": client},
    ).mappings()
    by_subject = groupby(rows, key=lambda row: (row["subject_kind"], row["subject_id"]))
    return {subject: list(log) for subject, log in by_subject}


def _subjects(connection: Connection, client: str) -> dict[tuple[str, int], RowMapping]:
    columns = "id, key, stage, state, since, ready_for, disposition, reason, seq, head_hash"
    rows = connection.execute(
        text(
            f"SELECT 'application' AS kind, {columns} FROM application WHERE client = :client"
            f" UNION ALL SELECT 'requisition', {columns} FROM requisition WHERE client = :client"
        ),
        {"client": client},
    ).mappings()
    return {(row["kind"], row["id"]): row for row in rows}


def _chain(log: Log) -> Iterator[Violation]:
    """Each transition follows the one before, by number, hash, place and time; none an end."""
    before: RowMapping | None = None
    for row in log:
        key, seq = row["subject_key"], row["seq"]
        number, head = (before["seq"], before["hash"]) if before else (0, "")
        if (seq, row["previous_hash"]) != (number + 1, head):
            yield Violation("chain", key, f"number {seq} does not follow number {number}")
        if row["hash"] != chain(row["previous_hash"], {n: row[n] for n in CONTENT}, row["as_of"]):
            yield Violation("chain", key, f"number {seq} was changed after it was written")
        if before is not None:
            yield from _follows(before, row)
        before = row


def _follows(before: RowMapping, row: RowMapping) -> Iterator[Violation]:
    key, seq = row["subject_key"], row["seq"]
    if _is_end(before):
        yield Violation("chain", key, f"number {seq} moves what had ended as {before['to_state']}")
    elif (row["from_stage"], row["from_state"]) != (before["to_stage"], before["to_state"]):
        yield Violation(
            "chain", key, f"number {seq} starts where number {before['seq']} did not end"
        )
    if row["as_of"] < before["as_of"]:
        yield Violation("time", key, f"number {seq} lies before number {before['seq']}")


def _is_end(row: RowMapping) -> bool:
    """Whether a transition gave a disposition: these are written in capitals."""
    return str(row["to_state"]).isupper()


def _projection(
    logs: Mapping[tuple[str, int], Log], subjects: Mapping[tuple[str, int], RowMapping]
) -> Iterator[Violation]:
    for subject, log in logs.items():
        if subject not in subjects:
            yield Violation("projection", log[-1]["subject_key"], "is in the log alone")
    for subject, row in subjects.items():
        if subject not in logs:
            yield Violation("projection", row["key"], "is not in the log")
            continue
        replayed = _replayed(logs[subject][-1])
        wrong = [name for name, value in replayed.items() if row[name] != value]
        waits = row["ready_for"] is not None
        if waits != (replayed["state"] in AT_A_GATE):
            wrong.append("ready_for")
        if wrong:
            yield Violation("projection", row["key"], f"the log says otherwise: {', '.join(wrong)}")


def _replayed(last: RowMapping) -> dict[str, Any]:
    ended = _is_end(last)
    return {
        "key": last["subject_key"],
        "stage": last["to_stage"],
        "state": "ended" if ended else last["to_state"],
        "disposition": last["to_state"] if ended else None,
        "since": last["as_of"],
        "reason": last["reason"],
        "seq": last["seq"],
        "head_hash": last["hash"],
    }


def _order(
    connection: Connection, client: str, logs: Mapping[tuple[str, int], Log]
) -> Iterator[Violation]:
    """A stage is entered by its gate, from a stage that is complete, after all that come before."""
    stages = connection.execute(
        text("SELECT process -> 'stages' FROM client WHERE client = :client"), {"client": client}
    ).scalar()
    rules = _order_rules(connection, client)
    for (kind, subject_id), log in logs.items():
        mine = rules.get(subject_id, []) if kind == "application" else []
        order = (stages or []) if kind == "application" else REQUISITION_STAGES
        yield from _path(log, order, mine)


def _path(log: Log, stages: Sequence[str], rules: Sequence[OrderRule]) -> Iterator[Violation]:
    entered: set[str] = set()
    for row in log:
        key, stage = row["subject_key"], row["to_stage"]
        if row["to_state"] == "entered":
            if row["from_state"] not in AT_A_GATE:
                yield Violation(
                    "order", key, f"entered {stage} from {row['from_stage']} unfinished"
                )
            order = _in_order(stages, rules, row["as_of"].astimezone(UTC).date())
            before = order[: order.index(stage)] if stage in order else order
            if skipped := [name for name in before if name not in entered]:
                yield Violation("order", key, f"entered {stage} without {', '.join(skipped)}")
            entered.add(stage)
        elif row["from_stage"] not in (None, stage):
            yield Violation("order", key, f"came to {stage} past its gate")


def _in_order(stages: Sequence[str], rules: Sequence[OrderRule], on: date) -> list[str]:
    """The client's order, with each stage that the law puts first moved before the other."""
    order = list(stages)
    in_force = [r for r in rules if r.applies(on) and {r.first, r.then} <= set(stages)]
    for _ in in_force:
        for rule in in_force:
            if order.index(rule.first) > order.index(rule.then):
                order.remove(rule.first)
                order.insert(order.index(rule.then), rule.first)
    return order


def _order_rules(connection: Connection, client: str) -> dict[int, list[OrderRule]]:
    rows = connection.execute(
        text(
            """
            SELECT a.id, l.first, l.then, l.effective_from, l.effective_to
            FROM application a
            JOIN client c ON c.client = a.client
            JOIN rule l ON l.topic = 'stage_order' AND l.place = ANY(a.jurisdictions)
              AND (l.min_employees IS NULL
                   OR l.min_employees <= CAST(c.process ->> 'employees' AS int))
            WHERE a.client = :client ORDER BY a.id, l.id
            """
        ),
        {"client": client},
    )
    rules: dict[int, list[OrderRule]] = {}
    for application, *rule in rows:
        rules.setdefault(application, []).append(OrderRule(*rule))
    return rules


def _unsound(connection: Connection, client: str) -> list[date]:
    """Days that are not what was sealed, and days among the sealed ones that have no seal."""
    missing = connection.execute(
        text(
            """
            SELECT g.day::date FROM generate_series(
                (SELECT min(as_of) AT TIME ZONE 'UTC' FROM transition WHERE client = :client)::date,
                (SELECT max(day) FROM digest WHERE client = :client), interval '1 day') g(day)
            WHERE NOT EXISTS
                (SELECT 1 FROM digest d WHERE d.client = :client AND d.day = g.day::date)
            """
        ),
        {"client": client},
    )
    return [*broken_seals(connection, client), *missing.scalars()]
