"""Holds: what people, or a breaker, have stopped: a client, a requisition, a vendor of a client.

Who is held does not move and nothing of theirs is sent; a held vendor is neither written to nor
read. Nothing is lost by it: what was due stays due, what arrives is kept, resumed work goes on.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

# For the queries of rows: nothing of `r`, a requisition's row, stands still.
MOVING = """
    NOT EXISTS (SELECT 1 FROM hold h WHERE h.client = r.client AND h.lifted_at IS NULL
        AND h.system = '' AND h.requisition IN ('', r.key))
"""
# For effects `e` of a requisition `r`. A list of postings is the whole client's, not one
# requisition's: only the client's hold stops it, or its board's.
SENDABLE = """
    NOT EXISTS (SELECT 1 FROM hold h WHERE h.client = e.client AND h.lifted_at IS NULL
        AND (h.system = e.system OR h.system = '' AND (h.requisition = ''
             OR h.requisition = r.key AND e.kind <> 'posting.publish')))
"""
# For effects `e` at :as_of: the ledger was restored, so what it asks may have been asked before, in
# the time that it has lost. People answer again within a month, and vendors at once.
RESTORED = """
    EXISTS (SELECT 1 FROM hold h WHERE h.client = e.client AND h.by = 'restore'
        AND h.requisition = '' AND h.system = ''
        AND coalesce(h.lifted_at > CAST(:as_of AS timestamptz) - interval '30 days', true))
"""


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that stands still: all of the client, one requisition, or one vendor; and why."""

    requisition: str
    system: str
    by: str
    why: str
    placed_at: datetime

    def __str__(self) -> str:
        """What is held, as in "requisition HARBOR-1" or "vendor checkr"."""
        if self.system:
            return f"vendor {self.system}"
        return f"requisition {self.requisition}" if self.requisition else "the whole client"


def place(
    connection: Connection,
    client: str,
    by: str,
    why: str,
    as_of: datetime,
    requisition: str = "",
    system: str = "",
) -> bool:
    """Stop a requisition, a vendor of the client, or with neither the client.

    False: it is held already, with the first reason.
    """
    placed = connection.execute(
        text(
            "INSERT INTO hold (client, requisition, system, by, why, placed_at)"
            " VALUES (:client, :requisition, :system, :by, :why, :as_of) ON CONFLICT DO NOTHING"
        ),
        {
            "client": client,
            "requisition": requisition,
            "system": system,
            "by": by,
            "why": why,
            "as_of": as_of,
        },
    )
    return placed.rowcount == 1


def place_restored(connection: Connection, client: str, as_of: datetime) -> None:
    """Stop a client whose ledger was restored; what was due may have been done since its backup.

    Such an effect becomes one whose outcome is unknown: it is looked up before it may be sent. So
    is whatever is asked in the first month after the resumption. Whoever held the client before is
    named in the new hold.
    """
    before = [each for each in standing(connection, client) if str(each) == "the whole client"]
    lift(connection, client, "restore", "restored, and held anew", as_of)
    held = "".join(f"; held before by {each.by}: {each.why}" for each in before)
    place(connection, client, "restore", f"is the ledger what the vendors have?{held}", as_of)
    connection.execute(
        text(
            "UPDATE effect SET state = 'sending', sent_at = coalesce(sent_at, 'epoch')"
            " WHERE client = :client AND state IN ('due', 'sending')"
        ),
        {"client": client},
    )


def lift(
    connection: Connection,
    client: str,
    by: str,
    why: str,
    as_of: datetime,
    requisition: str = "",
    system: str = "",
) -> bool:
    """Let what was held go on; False: it was not held."""
    lifted = connection.execute(
        text(
            "UPDATE hold SET lifted_at = :as_of, lifted_by = :by, lifted_why = :why"
            " WHERE client = :client AND requisition = :requisition AND system = :system"
            " AND lifted_at IS NULL"
        ),
        {
            "client": client,
            "requisition": requisition,
            "system": system,
            "by": by,
            "why": why,
            "as_of": as_of,
        },
    )
    return lifted.rowcount == 1


def standing(connection: Connection, client: str) -> list[Hold]:
    """What is held now, the oldest first."""
    rows = connection.execute(
        text(
            "SELECT requisition, system, by, why, placed_at FROM hold"
            " WHERE client = :client AND lifted_at IS NULL ORDER BY placed_at, id"
        ),
        {"client": client},
    )
    return [Hold(**row._mapping) for row in rows]


def vendors(connection: Connection, client: str) -> set[str]:
    """The names of the client's vendors that are held now."""
    return {hold.system for hold in standing(connection, client) if hold.system}


def knows(connection: Connection, client: str, requisition: str) -> bool:
    """Whether the client has such a requisition."""
    return bool(
        connection.execute(
            text("SELECT 1 FROM requisition WHERE client = :client AND key = :key"),
            {"client": client, "key": requisition},
        ).scalar()
    )
