"""Which steps of a sweep are behind it, so that one that was killed goes on where it was.

What a sweep delivers, the next one observes: to observe it again at the same instant would let
things move a sweep earlier than they do undisturbed. Only the newest instant is remembered.
"""

from datetime import datetime

from sqlalchemy import Connection, text

from connectors.errors import ConnectorError
from connectors.ledger.scope import Scope


class Overtaken(ConnectorError):
    """This run slept, or lost the client's lock: another has taken its place, and gone further."""


def behind(connection: Connection, scope: Scope, as_of: datetime) -> set[str]:
    """The steps that sweeps of this scope at this instant have completed.

    Raises Overtaken if a sweep of the client at a later instant has completed any.
    """
    rows = connection.execute(
        text("SELECT scope, as_of, steps FROM sweep WHERE client = :client"),
        {"client": scope.client},
    ).all()
    if any(row.as_of > as_of for row in rows):
        raise Overtaken("ledger", "another run has carried this client past this instant")
    return {
        step for row in rows if (row.scope, row.as_of) == (str(scope), as_of) for step in row.steps
    }


def newest(connection: Connection, client: str) -> datetime | None:
    """The latest instant anything of a client was carried at."""
    found: datetime | None = connection.execute(
        text(
            "SELECT greatest((SELECT max(as_of) FROM sweep WHERE client = :client),"
            " (SELECT max(as_of) FROM transition WHERE client = :client))"
        ),
        {"client": client},
    ).scalar()
    return found


def complete(connection: Connection, scope: Scope, as_of: datetime, *passed: str) -> None:
    """Remember that steps are behind the sweep, unless a later instant is remembered by now."""
    connection.execute(
        text(
            """
            INSERT INTO sweep (client, scope, as_of, steps)
            VALUES (:client, :scope, :as_of, CAST(:passed AS text[]))
            ON CONFLICT (client, scope) DO UPDATE SET as_of = excluded.as_of,
                steps = CASE WHEN sweep.as_of = excluded.as_of
                        THEN sweep.steps || excluded.steps ELSE excluded.steps END
            WHERE sweep.as_of <= excluded.as_of
            """
        ),
        {"client": scope.client, "scope": str(scope), "as_of": as_of, "passed": list(passed)},
    )
