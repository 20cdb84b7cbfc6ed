"""The trail of acts: what people did by hand, who, when, to whom and why.

Append-only and chained, one chain a client: an act that is changed, removed or put in is found by
`verify`. No act holds a person's data; `proof` is a hash of what it may not say.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from connectors.ledger import tables
from connectors.ledger.invariants import Violation
from connectors.ledger.store import chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act, as `fullcycle COMMAND` or its deployment did it.

    `subject`: an application's or requisition's key; empty: the whole client. `about`: which rule,
    effect, vendor, delivery or fields.
    """

    at: datetime
    by: str
    command: str
    subject: str = ""
    about: str = ""
    why: str
    proof: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Act):
    """An act in its place in the chain."""

    number: int
    previous_hash: str
    hash: str


def keep(connection: Connection, client: str, *acts: Act) -> None:
    """Append acts, in the transaction of what they did: neither is there without the other."""
    connection.execute(  # one chain has one end, so writers queue; people are slow enough
        text("SELECT pg_advisory_xact_lock(hashtext('act'), hashtext(:client))"),
        {"client": client},
    )
    last = connection.execute(
        text("SELECT number, hash FROM act WHERE client = :client ORDER BY number DESC LIMIT 1"),
        {"client": client},
    ).first()
    previous = last.hash if last else ""
    rows = []
    for number, act in enumerate(acts, last.number + 1 if last else 1):
        head = _hash(number, previous, act)
        chained = {"client": client, "number": number, "previous_hash": previous, "hash": head}
        rows.append(chained | asdict(act))
        previous = head
    if rows:
        connection.execute(tables.act.insert(), rows)


def acts(connection: Connection, client: str, subject: str | None = None) -> list[Kept]:
    """Every act, or those about one subject by its key, the first one first."""
    rows = connection.execute(
        text(
            "SELECT at, by, command, subject, about, why, proof, number, previous_hash, hash"
            " FROM act WHERE client = :client"
            " AND (CAST(:subject AS text) IS NULL OR subject = :subject) ORDER BY number"
        ),
        {"client": client, "subject": subject},
    )
    return [Kept(**row._mapping) for row in rows]


def broken(connection: Connection, client: str) -> Iterator[Violation]:
    """Each act that does not follow the one before, or is not what was written."""
    number, head = 0, ""
    for each in acts(connection, client):
        if (each.number, each.previous_hash) != (number + 1, head):
            yield Violation("audit", each.subject, f"act {each.number} does not follow {number}")
        if each.hash != _hash(each.number, each.previous_hash, each):
            yield Violation("audit", each.subject, f"act {each.number} was changed afterwards")
        number, head = each.number, each.hash


def _hash(number: int, previous: str, act: Act) -> str:
    content = {
        "number": number,
        "by": act.by,
        "command": act.command,
        "subject": act.subject,
        "about": act.about,
        "why": act.why,
        "proof": act.proof,
    }
    return chain(previous, content, act.at)
