"""The least a step of an application writes: a line in a log, and where it stands now."""

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import Engine

STEPS = ("gate", "decide")


def prepared(database: str, applications: int) -> Engine:
    """An engine on a database with so many applications in it, and nothing else."""
    engine = create_engine(database, pool_size=8)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS peer_application, peer_transition"))
        connection.execute(
            text("CREATE TABLE peer_application (id bigint PRIMARY KEY, state text NOT NULL)")
        )
        connection.execute(
            text(
                "CREATE TABLE peer_transition (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
                " application_id bigint NOT NULL, state text NOT NULL)"
            )
        )
        connection.execute(
            text("INSERT INTO peer_application SELECT n, '' FROM generate_series(1, :n) n"),
            {"n": applications},
        )
    return engine


def step(connection: Connection, application: int, state: str) -> None:
    """Move one application."""
    connection.execute(
        text("UPDATE peer_application SET state = :state WHERE id = :id"),
        {"state": state, "id": application},
    )
    connection.execute(
        text("INSERT INTO peer_transition (application_id, state) VALUES (:id, :state)"),
        {"state": state, "id": application},
    )
