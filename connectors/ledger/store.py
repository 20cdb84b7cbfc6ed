"""One client's ledger: transactions confined to the client, and the one way to write decisions."""

import hashlib
import json
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
import psycopg
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import InterfaceError, OperationalError

from connectors.errors import LedgerUnavailable, Unavailable
from connectors.ledger import bulk, tables
from connectors.ledger.decisions import Asked, Change, Decisions, Fact, Link, Move

# Longer than whoever is alone needs, who asks a vendor (30 seconds at most) and Prefect; shorter
# than an effect's lease, so that one which waits for a token is still ours afterwards.
PATIENCE_SECONDS = 60.0


class Stale(Unavailable):
    """Somebody else moved the subject first; the next sweep decides on what is true then."""


class Occupied(Unavailable):
    """Somebody else has been at it for too long; tried again later, and shown until it works."""

    def __init__(self, what: str, process: str) -> None:
        told = f"{what} is kept from others by the process {process}; end it if it hangs"
        super().__init__("ledger", told, retry_after=PATIENCE_SECONDS)


@lru_cache(maxsize=8)
def engine_for(url: str) -> Engine:
    """One connection pool per database and process."""
    engine = create_engine(
        url,
        pool_size=5,
        max_overflow=10,
        pool_pre_ping=True,
        json_deserializer=msgspec.json.decode,  # most of a row is JSON; json takes thrice as long
        hide_parameters=True,  # an error must never quote what it was given: that is people
        # So that whoever waits for us, or looks into pg_stat_activity, knows which process we are.
        connect_args={
            "application_name": f"{os.getpid()} on {socket.gethostname()}",
            # A plan that is kept from when a table was small reads all of it when it is large.
            "options": "-c plan_cache_mode=force_custom_plan",
        },
    )
    event.listen(engine, "handle_error", _say_nothing_personal)
    return engine


def _say_nothing_personal(context: ExceptionContext) -> None:
    """Leave out of an error's words what PostgreSQL quotes: the row at fault, or a value in it.

    Details do, and the first line of data exceptions (class 22), such as "invalid input syntax".
    Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
    """
    failure = context.original_exception
    if isinstance(failure, psycopg.Error) and failure.sqlstate:
        told = "" if failure.sqlstate.startswith("22") else f": {failure.diag.message_primary}"
        failure.args = (f"SQLSTATE {failure.sqlstate}{told}",)
        if context.sqlalchemy_exception is not None:
            context.sqlalchemy_exception.args = failure.args


class Ledger:
    """The ledger as one client sees it."""

    def __init__(self, url: str, client: str) -> None:
        self.url, self.client = url, client
        self._engine = engine_for(url)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction in which row-level security shows this client's rows alone.

        Raises LedgerUnavailable if the database is lost; whether it was committed is then unknown.
        """
        try:
            with self._engine.begin() as connection:
                connection.execute(text(_ENTER), {"client": self.client})
                yield connection
        except (OperationalError, InterfaceError):
            raise LedgerUnavailable from None

    @contextmanager
    def exclusively(self, patience: timedelta = timedelta()) -> Iterator[bool]:
        """Hold the client's lock; False: another run holds it. It ends with the process, always.

        patience: how long to wait for that run. Raises LedgerUnavailable if the wait is cut off.
        """
        with self._engine.connect() as connection:
            mine = _lock(connection, self.client, patience)
            try:
                yield mine
            finally:
                if mine:
                    with suppress(OperationalError, InterfaceError):  # it went with its session
                        connection.execute(
                            text("SELECT pg_advisory_unlock(hashtext('sweep'), hashtext(:client))"),
                            {"client": self.client},
                        )
                        connection.commit()

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """Wait until nobody else is at something of this client's, and keep others from it.

        It ends with the process, always. Raises LedgerUnavailable; Occupied, naming the process to
        look at, if nobody else has finished in PATIENCE_SECONDS.
        """
        named = {"what": what, "client": self.client}
        with self.transaction() as connection:
            connection.execute(
                text("SELECT set_config('lock_timeout', :patience, true)"),
                {"patience": f"{PATIENCE_SECONDS}s"},
            )
            try:
                with connection.begin_nested():
                    connection.execute(
                        text("SELECT pg_advisory_xact_lock(hashtext(:what), hashtext(:client))"),
                        named,
                    )
            except OperationalError as failure:
                if not isinstance(failure.orig, LockNotAvailable):
                    raise
                holder = connection.execute(text(_HOLDER), named).scalar()
                raise Occupied(what, holder or "that has just ended") from None
            yield

    @property
    def gate_url(self) -> str:
        """A database address whose sessions are confined to this client, for the gates' engine."""
        separator = "&" if "?" in self.url else "?"
        client = f"-cfullcycle.client%3D{self.client}"
        return f"{self.url}{separator}options={client}%20-cenable_bitmapscan%3Doff"

    def apply(self, decisions: Decisions, as_of: datetime) -> None:
        """Write everything a stage decided, in one transaction."""
        with self.transaction() as connection:
            self.write(connection, decisions, as_of)

    def write(self, connection: Connection, decisions: Decisions, as_of: datetime) -> None:
        """Write decisions inside a transaction that is already open."""
        write_moves(connection, self.client, decisions.moves, as_of)
        _write_effects(connection, self.client, decisions.effects, as_of)
        _write_facts(connection, self.client, decisions.facts)
        _write_links(connection, self.client, decisions.links)
        _write_changes(connection, decisions.changes)
        _write_postings(connection, self.client, decisions)
        for application in decisions.filled:
            connection.execute(text(_FILL), {"id": application.id, "as_of": as_of})


def _lock(connection: Connection, client: str, patience: timedelta) -> bool:
    """Take the client's lock for this session; False: it was not free in time."""
    if not patience:
        mine = connection.execute(
            text("SELECT pg_try_advisory_lock(hashtext('sweep'), hashtext(:client))"),
            {"client": client},
        ).scalar_one()
        connection.commit()
        return bool(mine)
    try:
        connection.execute(
            text("SELECT set_config('lock_timeout', :ms, true)"),
            {"ms": str(int(patience.total_seconds() * 1000))},
        )
        connection.execute(
            text("SELECT pg_advisory_lock(hashtext('sweep'), hashtext(:client))"),
            {"client": client},
        )
        connection.commit()
    except OperationalError as failure:
        if isinstance(failure.orig, LockNotAvailable):
            connection.rollback()
            return False
        raise LedgerUnavailable from None
    return True


def write_moves(
    connection: Connection, client: str, moves: Sequence[Move], as_of: datetime
) -> None:
    """Move the projection, append the transitions, stop old clocks and start new ones.

    Raises Stale when a subject has moved since it was read.
    """
    if not moves:
        return
    rows = [_transition(client, move, as_of) for move in moves]
    for kind in sorted({move.subject.subject_kind for move in moves}):
        mine = [
            (move, row)
            for move, row in zip(moves, rows, strict=True)
            if move.subject.subject_kind == kind
        ]
        _project(connection, kind, mine, as_of)  # first: it is what finds out who is stale
    bulk.insert(connection, tables.transition, rows)
    _turn_clocks(connection, client, moves, as_of)


def _transition(client: str, move: Move, as_of: datetime) -> dict[str, Any]:
    subject = move.subject
    content = {
        "subject_key": subject.key,
        "seq": subject.seq + 1,
        "from_stage": subject.stage if subject.seq else None,
        "from_state": subject.state if subject.seq else None,
        "to_stage": move.to_stage,
        "to_state": move.disposition or move.to_state,
        "reason": move.reason,
    }
    return {
        **content,
        "client": client,
        "subject_kind": subject.subject_kind,
        "subject_id": subject.id,
        "as_of": as_of,
        "previous_hash": subject.head_hash,
        "hash": chain(subject.head_hash, content, as_of),
    }


def chain(previous: str, content: dict[str, Any], as_of: datetime) -> str:
    """The hash of a transition: over its content, its instant and its predecessor's hash."""
    body = json.dumps({**content, "as_of": as_of.timestamp()}, sort_keys=True)
    return hashlib.sha256((previous + body).encode()).hexdigest()


def _project(
    connection: Connection, kind: str, moved: list[tuple[Move, dict[str, Any]]], as_of: datetime
) -> None:
    statement = text(
        f"""
        UPDATE {kind} AS s SET stage = m.stage, state = m.state, since = :as_of,
               ready_for = m.ready_for, waiting_on = m.waiting_on, disposition = m.disposition,
               reason = m.reason, seq = s.seq + 1, head_hash = m.hash
        FROM unnest(CAST(:id AS bigint[]), CAST(:seq AS int[]), CAST(:stage AS text[]),
                    CAST(:state AS text[]), CAST(:ready_for AS text[]),
                    CAST(:waiting_on AS text[]), CAST(:disposition AS text[]),
                    CAST(:reason AS text[]), CAST(:hash AS text[]))
             AS m(id, seq, stage, state, ready_for, waiting_on, disposition, reason, hash)
        WHERE s.id = m.id AND s.seq = m.seq
        """
    )
    values: dict[str, list[Any]] = {
        "id": [move.subject.id for move, _ in moved],
        "seq": [move.subject.seq for move, _ in moved],
        "stage": [move.to_stage for move, _ in moved],
        "state": [move.to_state for move, _ in moved],
        "ready_for": [move.ready_for for move, _ in moved],
        "waiting_on": [move.due.owner if move.due else None for move, _ in moved],
        "disposition": [move.disposition for move, _ in moved],
        "reason": [move.reason for move, _ in moved],
        "hash": [row["hash"] for _, row in moved],
    }
    result = connection.execute(statement, {**values, "as_of": as_of})
    if result.rowcount != len(moved):
        raise Stale("ledger", f"{len(moved) - result.rowcount} {kind}(s) moved meanwhile")


def _turn_clocks(
    connection: Connection, client: str, moves: Sequence[Move], as_of: datetime
) -> None:
    connection.execute(
        text(
            """
            UPDATE clock SET stopped_at = :as_of
            FROM unnest(CAST(:kind AS text[]), CAST(:id AS bigint[])) AS m(kind, id)
            WHERE clock.subject_kind = m.kind AND clock.subject_id = m.id
              AND clock.stopped_at IS NULL
            """
        ),
        {
            "as_of": as_of,
            "kind": [move.subject.subject_kind for move in moves],
            "id": [move.subject.id for move in moves],
        },
    )
    clocks = [
        {
            "client": client,
            "subject_kind": move.subject.subject_kind,
            "subject_id": move.subject.id,
            "name": f"{move.to_stage}.{move.to_state}",
            "owner": move.due.owner,
            "started_at": as_of,
            "due_at": move.due.at,
            "legal": move.due.legal,
        }
        for move in moves
        if move.due
    ]
    bulk.insert(connection, tables.clock, clocks)


def _write_effects(
    connection: Connection, client: str, asked: Sequence[Asked], as_of: datetime
) -> None:
    rows = [
        {
            "client": client,
            "key": effect.key,
            "kind": effect.kind,
            "system": effect.system,
            "subject_kind": effect.subject.subject_kind,
            "subject_id": effect.subject.id,
            "request": effect.request.model_dump(mode="json"),
            "not_before": effect.not_before or as_of,
            "created_as_of": as_of,
        }
        for effect in asked
    ]
    bulk.insert(connection, tables.effect, rows)


def _write_facts(connection: Connection, client: str, facts: Sequence[Fact]) -> None:
    by_table: dict[str, list[dict[str, Any]]] = {}
    for fact in facts:
        by_table.setdefault(fact.table, []).append({"client": client, **fact.values})
    for name, rows in by_table.items():
        bulk.insert(connection, tables.metadata.tables[name], rows)


def _write_links(connection: Connection, client: str, links: Sequence[Link]) -> None:
    if not links:
        return
    newcomers = [link for link in links if link.person_id is None]
    bulk.insert(
        connection,
        tables.person,
        [{"client": client, "key": link.subject.key, "name": link.name} for link in newcomers],
    )
    connection.execute(
        text(_BELONGS),
        {
            "client": client,
            "id": [link.subject.id for link in links],
            "key": [link.subject.key for link in links],
            "person": [link.person_id for link in links],
        },
    )
    points = [(link.subject.id, *point) for link in links for point in link.contacts]
    if points:
        ids, kinds, values = (list(column) for column in zip(*points, strict=True))
        connection.execute(
            text(_REACHED), {"client": client, "id": ids, "kind": kinds, "value": values}
        )


def _write_changes(connection: Connection, changes: Sequence[Change]) -> None:
    for change in changes:
        table = tables.metadata.tables[change.subject.subject_kind]
        connection.execute(
            table.update().where(table.c.id == change.subject.id).values(**change.values)
        )


def _write_postings(connection: Connection, client: str, decisions: Decisions) -> None:
    for requisition, reference, record in decisions.posted:
        statement = insert(tables.posting).values(
            client=client,
            requisition_id=requisition.id,
            reference=reference,
            record=record,
            live=True,
        )
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["client", "reference"], set_={"record": record, "live": True}
            )
        )
    if decisions.taken_down:
        connection.execute(
            tables.posting.update()
            .where(tables.posting.c.client == client)
            .where(tables.posting.c.reference.in_(decisions.taken_down))
            .values(live=False)
        )


# That nearly all rows are this client's, PostgreSQL does not know: with bitmaps it reads the index
# of all that the client has for each application it looks up, to keep what is in both.
_ENTER = """
    SELECT set_config('fullcycle.client', :client, true),
           set_config('enable_bitmapscan', 'off', true)
"""
_BELONGS = """
    UPDATE application s SET person_id = coalesce(m.person, p.id)
    FROM unnest(CAST(:id AS bigint[]), CAST(:key AS text[]), CAST(:person AS bigint[]))
         AS m(id, key, person)
    LEFT JOIN person p ON p.client = :client AND p.key = m.key
    WHERE s.id = m.id
"""
_REACHED = """
    INSERT INTO contact_point (client, person_id, kind, value)
    SELECT :client, s.person_id, m.kind, m.value
    FROM unnest(CAST(:id AS bigint[]), CAST(:kind AS text[]), CAST(:value AS text[]))
         AS m(id, kind, value)
    JOIN application s ON s.id = m.id
    ON CONFLICT DO NOTHING
"""
_FILL = """
    UPDATE opening SET application_id = :id, filled_at = :as_of
    WHERE id = (
        SELECT o.id FROM opening o JOIN application a ON a.requisition_id = o.requisition_id
        WHERE a.id = :id AND o.filled_at IS NULL ORDER BY o.number LIMIT 1
    ) AND NOT EXISTS (SELECT 1 FROM opening WHERE application_id = :id)
"""
_HOLDER = """
    SELECT a.application_name
           || to_char(a.xact_start AT TIME ZONE 'UTC', '", since "HH24:MI" UTC"')
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
      AND l.classid = CAST(hashtext(:what) AS oid) AND l.objid = CAST(hashtext(:client) AS oid)
"""
