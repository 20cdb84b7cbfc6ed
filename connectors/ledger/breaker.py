"""Breakers: a vendor that failed many times in a row stands still for a while, by itself.

counting ──→ open ──→ one trial after a pause ──→ closed         it worked: all goes on
                             └──→ open, for longer               it failed
Writing and reading have a breaker each, as either can fail alone: `writes` count one effect after
another, `reads` one sweep after another. Pauses are in the ledger's time. What is spared meanwhile
stays due. A person's hold is another thing: no breaker opens, shortens or lifts it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from connectors.errors import ConnectorError

WRITES, READS = "writes", "reads"
BY_ITSELF = "breaker"
# In a row, with nothing that worked in between. One effect alone fails as often only in an hour of
# sweeps, and before it is given up; a vendor that spoils each tenth call never does by chance.
FAILURES = {WRITES: 10, READS: 3}
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=10), timedelta(hours=2)

_OPEN_FOR_WRITES = """
    SELECT 1 FROM breaker b WHERE b.client = e.client AND b.system = e.system
        AND b.side = 'writes' AND b.opened_at IS NOT NULL AND b.closed_at IS NULL
"""
# For effects `e` at :as_of: their vendor may be written to; it may be, but by one of them only.
TRUSTED = f"NOT EXISTS ({_OPEN_FOR_WRITES} AND b.try_at > :as_of)"
ON_TRIAL = f"EXISTS ({_OPEN_FOR_WRITES} AND b.try_at <= :as_of)"


class StandsStill(ConnectorError):
    """The vendor's breaker has opened since the effect was claimed: it is not tried now."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """One that is open: `why` is the kind of the last error, `try_at` when the next trial may be.

    `failures`: in a row, until it opened; `pauses`: how often it has stood still since.
    """

    system: str
    side: str
    why: str
    failures: int
    pauses: int
    opened_at: datetime
    try_at: datetime

    def __str__(self) -> str:
        """What stands still, as in "vendor checkr (writes)"."""
        return f"vendor {self.system} ({self.side})"

    @property
    def reason(self) -> str:
        """The kind of the last error, and how often it failed."""
        on_trial = f", and {self.pauses - 1} on trial" if self.pauses > 1 else ""
        return f"{self.why}, {self.failures} failures in a row{on_trial}"


def failed(
    connection: Connection, client: str, system: str, side: str, why: str, as_of: datetime
) -> bool:
    """Count a failure of the vendor; True: it stands still now, and the failure is not the work's.

    One that fails on trial stands still for twice as long. Reads count once for each instant: a
    sweep that is repeated at the same one has learnt nothing new.
    """
    values = {"client": client, "system": system, "side": side, "why": why, "as_of": as_of}
    connection.execute(text(_COUNT), values)
    pauses = {"most": FAILURES[side], "first": FIRST_PAUSE, "longest": LONGEST_PAUSE}
    connection.execute(text(_OPEN), values | pauses)
    return any((open.system, open.side) == (system, side) for open in standing(connection, client))


_COUNT = """
    INSERT INTO breaker AS b (client, system, side, failures, why, failed_at)
    VALUES (:client, :system, :side, 1, :why, :as_of)
    ON CONFLICT (client, system, side) WHERE closed_at IS NULL DO UPDATE
    SET failures = b.failures + 1, why = excluded.why, failed_at = excluded.failed_at
    WHERE b.opened_at IS NULL AND (b.side = 'writes' OR b.failed_at < excluded.failed_at)
"""
# What was under way when it opened may fail too; only a trial, which was allowed, makes it longer.
_OPEN = """
    UPDATE breaker
    SET opened_at = coalesce(opened_at, :as_of), why = :why, failed_at = :as_of,
        try_at = :as_of + least(:first * power(2, least(pauses, 16)), :longest),
        pauses = pauses + 1
    WHERE client = :client AND system = :system AND side = :side AND closed_at IS NULL
      AND failures >= :most AND (try_at IS NULL OR try_at <= :as_of)
"""


def worked(connection: Connection, client: str, system: str, side: str, as_of: datetime) -> None:
    """The vendor does what it is asked: forget its failures, and close what was open."""
    connection.execute(
        text(
            "UPDATE breaker SET failures = CASE WHEN opened_at IS NULL THEN 0 ELSE failures END,"
            " closed_at = CASE WHEN opened_at IS NOT NULL THEN CAST(:as_of AS timestamptz) END,"
            " closed_by = :by, closed_why = 'a trial worked'"
            " WHERE client = :client AND system = :system AND side = :side"
            " AND closed_at IS NULL AND failures > 0"
        ),
        {"client": client, "system": system, "side": side, "as_of": as_of, "by": BY_ITSELF},
    )


def close(
    connection: Connection, client: str, system: str, by: str, why: str, as_of: datetime
) -> bool:
    """A person trusts the vendor again, without a trial; False: no breaker of it was open."""
    closed = connection.execute(
        text(
            "UPDATE breaker SET closed_at = :as_of, closed_by = :by, closed_why = :why"
            " WHERE client = :client AND system = :system"
            " AND opened_at IS NOT NULL AND closed_at IS NULL"
        ),
        {"client": client, "system": system, "by": by, "why": why, "as_of": as_of},
    )
    return closed.rowcount > 0


def standing(connection: Connection, client: str) -> list[Breaker]:
    """What is open now, the oldest first."""
    rows = connection.execute(
        text(
            "SELECT system, side, why, failures, pauses, opened_at, try_at FROM breaker"
            " WHERE client = :client AND opened_at IS NOT NULL AND closed_at IS NULL"
            " ORDER BY opened_at, id"
        ),
        {"client": client},
    )
    return [Breaker(**row._mapping) for row in rows]


def untrusted(connection: Connection, client: str, side: str, as_of: datetime) -> set[str]:
    """The vendors that stand still at this instant, by name."""
    return {
        breaker.system
        for breaker in standing(connection, client)
        if breaker.side == side and breaker.try_at > as_of
    }


def check(connection: Connection, client: str, system: str, as_of: datetime) -> None:
    """Raise StandsStill if the vendor must not be written to at this instant."""
    if system in untrusted(connection, client, WRITES, as_of):
        raise StandsStill(system, "not tried: it has failed many times in a row")
