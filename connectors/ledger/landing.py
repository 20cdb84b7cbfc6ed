"""Land what vendors told us: the newest version per external id, tied to its application."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, Table, text
from sqlalchemy.exc import DataError, OperationalError

from connectors.ledger import tables
from connectors.records import Observed

_READER = version("fullcycle").encode()
_OURS = {"id", "application_id", "document", "gone_at"}


class Look(NamedTuple):
    """Of a record our row, if we know it, and the hashes of the document we know and are told."""

    row: int | None
    known_hash: int | None
    document_hash: int


@dataclass(frozen=True, slots=True)
class _Told:
    """A record beside the hashes of what it says and of its document, and its row as JSON."""

    record: Observed
    hash: str
    document_hash: int
    row: str


def land(
    connection: Connection,
    client: str,
    system: str,
    records: Sequence[Observed],
    as_of: datetime,
    looks: Mapping[str, Look] | None = None,
) -> list[int]:
    """Upsert records of any kinds; returns the ids of the rows that were new or had changed.

    An older copy of an ordered record, from a page or a delivery that is late, changes nothing;
    nor does any other copy of a final one.
    looks: what `look` told of them, where that was asked before.
    """
    changed: list[int] = []
    for kind, table in tables.LANDED.items():
        newest = _newest(record for record in records if type(record) is kind)
        known = looks or look(
            connection, client, system, kind, {each.external_id: each.document for each in newest}
        )
        told = [_told(client, system, each, as_of, known[each.external_id]) for each in newest]
        changes, renewals = _news(connection, table, told, known)
        for ordered in (False, True):
            mine = [each for each in changes if each.record.ordered == ordered]
            if mine:
                changed += _upsert(connection, table, mine, ordered, kind.final)
        if renewals:
            _renew(connection, table, renewals)
        if changes:
            refs = [each.record.external_id for each in changes]
            resolve(connection, client, system, table.name, refs)
    return changed


def land_what_can_be(
    connection: Connection,
    client: str,
    system: str,
    told: Mapping[int, Observed],
    as_of: datetime,
    looks: Mapping[str, Look] | None = None,
) -> tuple[list[int], dict[int, str]]:
    """Land what we were told, by a number each; returns the ids of what was new or had changed.

    Beside them those that cannot be kept, with their errors: JSON can hold what PostgreSQL cannot,
    NaN, half a surrogate pair, a thousand levels.
    """
    try:
        with connection.begin_nested():
            return land(connection, client, system, list(told.values()), as_of, looks), {}
    except (DataError, OperationalError, ValueError, RecursionError) as failure:
        if isinstance(failure, OperationalError) and not _too_much(failure):
            raise
        if len(told) == 1:
            return [], dict.fromkeys(told, type(failure).__name__)
    each, half = list(told.items()), len(told) // 2
    first, second = (
        land_what_can_be(connection, client, system, dict(some), as_of, looks)
        for some in (each[:half], each[half:])
    )
    return first[0] + second[0], first[1] | second[1]


def _too_much(failure: OperationalError) -> bool:
    """Whether a limit of PostgreSQL itself was passed, and not the database lost or its disk full.

    Source: class 54 of https://www.postgresql.org/docs/current/errcodes-appendix.html
    """
    return (getattr(failure.orig, "sqlstate", None) or "").startswith("54")


def _newest(records: Iterable[Observed]) -> list[Observed]:
    """The newest copy of each record; without an order, the last."""
    newest: dict[str, Observed] = {}
    for record in records:
        known = newest.get(record.external_id)
        if known is None or not record.ordered or record.updated_at >= known.updated_at:
            newest[record.external_id] = record
    return list(newest.values())


def look(
    connection: Connection,
    client: str,
    system: str,
    kind: type[Observed],
    documents: Mapping[str, bytes],
) -> dict[str, Look]:
    """Look up the records of a kind that come with these documents, by the vendor's ids.

    Each is looked up by itself, as LIMIT has it: joined, PostgreSQL reads every row of the client.
    All are answered in two arrays, which are read in half the time of as many rows.
    """
    if not documents:
        return {}
    rows, hashes = connection.exec_driver_sql(
        f"""
        SELECT array_agg(known.id ORDER BY n), array_agg(known.document_hash ORDER BY n)
        FROM unnest(%(refs)b) WITH ORDINALITY AS asked(ref, n)
        LEFT JOIN LATERAL (
            SELECT id, document_hash FROM {tables.LANDED[kind].name}
            WHERE client = %(client)s AND system = %(system)s AND external_id = asked.ref LIMIT 1
        ) AS known ON true
        """,
        {"client": client, "system": system, "refs": [*documents]},
    ).one()
    return {
        ref: Look(row, known_hash, document_hash(document))
        for (ref, document), row, known_hash in zip(documents.items(), rows, hashes, strict=True)
    }


def last_change(connection: Connection, client: str, system: str) -> datetime | None:
    """When a system last told us something new by being read; None: never."""
    each = " UNION ALL ".join(
        f"SELECT max(landed_at) AS at FROM {table.name} WHERE client = :client AND system = :system"
        for table in tables.LANDED.values()
    )
    query = text(f"SELECT max(at) FROM ({each}) AS each_kind")
    last: datetime | None = connection.execute(query, {"client": client, "system": system}).scalar()
    return last


def document_hash(document: bytes) -> int:
    """64 bits of a document's SHA-256 and of ours who read it: a new version reads all anew."""
    digest = hashlib.sha256(_READER)
    digest.update(document)
    return int.from_bytes(digest.digest()[:8], signed=True)


def _told(client: str, system: str, record: Observed, as_of: datetime, known: Look) -> _Told:
    says = record.model_dump_json(exclude={"document", "updated_at", "ordered"})
    if "\\u0000" in says:
        says = json.dumps(_plain(json.loads(says)))
    digest = hashlib.sha256(says.encode()).hexdigest()
    beside = {
        "client": client,
        "system": system,
        "updated_at": record.updated_at,
        "landed_at": as_of,
        "hash": digest,
        "document_hash": known.document_hash,
    }
    row = msgspec.json.encode(beside).decode()[:-1] + "," + says[1:]
    return _Told(record, digest, known.document_hash, row)


def _news(
    connection: Connection, table: Table, told: Sequence[_Told], known: Mapping[str, Look]
) -> tuple[list[_Told], list[_Told]]:
    """What is new or says something else; and what says the same in a newer copy.

    Most of what is told is neither.
    """
    ours = {each.record.external_id: known[each.record.external_id].row for each in told}
    said = _said(connection, table, [row for row in ours.values() if row is not None])
    changes, renewals = [], []
    for each in told:
        row = said.get(ours[each.record.external_id])
        if row is None or row.hash != each.hash:
            changes.append(each)
        elif each.record.ordered and (row.updated_at, row.document_hash) != (
            each.record.updated_at,
            each.document_hash,
        ):
            renewals.append(each)
    return changes, renewals


def _said(connection: Connection, table: Table, ids: list[int]) -> dict[int | None, Row[Any]]:
    """What our rows say, and since when, by id."""
    if not ids:
        return {}
    query = text(
        f"SELECT id, hash, document_hash, updated_at FROM {table.name} WHERE id = ANY(:ids)"
    )
    return {row.id: row for row in connection.execute(query, {"ids": ids})}


def _upsert(
    connection: Connection, table: Table, told: Sequence[_Told], ordered: bool, final: bool
) -> list[int]:
    """Write rows; returns the ids of those that were new or said something else."""
    if final:
        return _write(connection, table, told, "NOTHING")
    old = table.name
    fresh = f"{old}.updated_at <= excluded.updated_at" if ordered else "true"
    # a lead who is archived has never applied, and stays a lead
    came = f"""
        ({old}.stage IS DISTINCT FROM 'lead' OR {old}.application_id IS NOT NULL
         OR excluded.stage IS DISTINCT FROM 'archived')
        """
    updates = [f'"{name}" = excluded."{name}"' for name in (*_columns(table), "document")]
    return _write(
        connection,
        table,
        told,
        f"""
        UPDATE SET {", ".join(updates)}, gone_at = NULL
        WHERE {old}.hash <> excluded.hash AND {fresh}
          AND {came if table is tables.arrival else "true"}
        """,
    )


def _renew(connection: Connection, table: Table, told: Sequence[_Told]) -> None:
    """Note that what is as it was is newer now: a late copy from in between is not."""
    old = table.name
    _write(
        connection,
        table,
        told,
        f"""
        UPDATE SET updated_at = excluded.updated_at, document = excluded.document,
            document_hash = excluded.document_hash
        WHERE {old}.hash = excluded.hash AND {old}.updated_at <= excluded.updated_at
        """,
    )


def _write(
    connection: Connection, table: Table, told: Sequence[_Told], on_conflict: str
) -> list[int]:
    """Insert rows, doing something about those that are there; returns the ids of all written.

    The documents come beside their rows, as the bytes they are, in a binary array: PostgreSQL and
    we then spend 40 µs a row and not 70, as nobody writes or reads them as JSON strings.
    """
    names = _columns(table)
    statement = f"""
        INSERT INTO {table.name} ({", ".join(f'"{name}"' for name in names)}, document)
        SELECT {", ".join(f'r."{name}"' for name in names)}, convert_from(t.document, 'UTF8')
        FROM unnest(%(rows)b, %(documents)b) AS t(row, document),
             json_populate_record(CAST(NULL AS {table.name}), CAST(t.row AS json)) AS r
        ON CONFLICT (client, system, external_id) DO {on_conflict}
        RETURNING id
        """
    rows = {
        "rows": [each.row for each in told],
        "documents": [each.record.document for each in told],
    }
    return list(connection.exec_driver_sql(statement, rows).scalars())


def _columns(table: Table) -> list[str]:
    """The columns that a record's row has."""
    return [column.name for column in table.columns if column.name not in _OURS]


def resolve(
    connection: Connection,
    client: str,
    system: str | None,
    table: str,
    refs: list[str] | None = None,
) -> None:
    """Tie records that belong to nobody yet to the applications they are about.

    system, refs: of that system alone, and these records alone; None: of all.
    """
    for statement in _TIES.get(table, ()):
        connection.execute(text(statement), {"client": client, "system": system, "refs": refs})


def _plain(value: Any) -> Any:
    """Make a value storable: lists for tuples, and no NUL, which PostgreSQL cannot store."""
    match value:
        case str():
            return value.replace("\x00", "")
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {_plain(name): _plain(each) for name, each in value.items()}
    return value


_ASKED = """
    (CAST(:system AS text) IS NULL OR t.system = :system)
    AND (CAST(:refs AS text[]) IS NULL OR t.external_id = ANY(:refs))
"""


def _by_key(table: str) -> str:
    return f"""
        UPDATE {table} t SET application_id = a.id FROM application a
        WHERE t.application_id IS NULL AND t.client = :client AND {_ASKED}
          AND a.client = t.client AND a.key = t.application_key
        """


def _by_ref(table: str, column: str, kind: str) -> str:
    return f"""
        UPDATE {table} t SET application_id = x.subject_id FROM external_id x
        WHERE t.application_id IS NULL AND t.client = :client AND {_ASKED}
          AND x.client = t.client AND x.system = t.system AND x.kind = '{kind}'
          AND x.external_id = t.{column}
        """


_TIES = {
    "arrival": (_by_ref("arrival", "external_id", "application"),),
    "interview": (_by_ref("interview", "application_ref", "application"),),
    "scorecard": (_by_ref("scorecard", "application_ref", "application"),),
    "signature": (_by_key("signature"),),
    "background_report": (_by_key("background_report"),),
    "employee": (
        _by_key("employee"),
        """
        INSERT INTO external_id (client, system, kind, external_id, subject_kind, subject_id)
        SELECT t.client, t.system, 'employee', t.external_id, 'application', t.application_id
        FROM employee t
        WHERE t.client = :client AND t.application_id IS NOT NULL AND """
        + _ASKED
        + """
        ON CONFLICT DO NOTHING
        """,
    ),
    "pay_statement": (_by_ref("pay_statement", "employee_ref", "employee"),),
}
