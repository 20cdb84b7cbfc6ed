"""Which steps of a sweep are behind it, so that one that was killed goes on where it was.

What a sweep delivers, the next one observes: to observe it again at the same instant would let
things move a sweep earlier than they do undisturbed. Only the newest instant is remembered.
"""

from datetime import datetime

from sqlalchemy import Connection, text

from connectors.ledger.scope import Scope


def behind(connection: Connection, scope: Scope, as_of: datetime) -> set[str]:
    """The steps that a sweep of this scope at this instant has completed."""
    found = connection.execute(
        text(
            "SELECT steps FROM sweep WHERE client = :client AND scope = :scope AND as_of = :as_of"
        ),
        {"client": scope.client, "scope": str(scope), "as_of": as_of},
    ).scalar()
    return set(found or ())


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


def complete(connection: Connection, scope: Scope, as_of: datetime, step: str) -> None:
    """Remember that a step is behind the sweep."""
    connection.execute(
        text(
            """
            INSERT INTO sweep (client, scope, as_of, steps)
            VALUES (:client, :scope, :as_of, ARRAY[CAST(:step AS text)])
            ON CONFLICT (client, scope) DO UPDATE SET as_of = excluded.as_of,
                steps = CASE WHEN sweep.as_of = excluded.as_of
                        THEN sweep.steps || excluded.steps ELSE excluded.steps END
            """
        ),
        {"client": scope.client, "scope": str(scope), "as_of": as_of, "step": step},
    )
