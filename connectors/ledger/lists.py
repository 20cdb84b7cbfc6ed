"""Lists of a vendor: what is new in one, and what is gone from it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, text

from connectors.ledger import tables
from connectors.ledger.landing import Look
from connectors.records import Gone, Observed

AT_ONCE = 10_000


class Seen:
    """The ids of our rows that one reading of a list has met; those it has not are gone.

    A byte for each, in blocks: a million ids as Python's integers would take thirty times as much.
    """

    def __init__(self) -> None:
        self._blocks: defaultdict[int, bytearray] = defaultdict(lambda: bytearray(AT_ONCE))

    def add(self, ids: Iterable[int]) -> None:
        """Note that these were met."""
        for each in ids:
            self._blocks[each // AT_ONCE][each % AT_ONCE] = 1

    def __contains__(self, row: int) -> bool:
        block = self._blocks.get(row // AT_ONCE)
        return block is not None and block[row % AT_ONCE] == 1


def new(documents: Mapping[str, bytes], looks: Mapping[str, Look]) -> dict[str, bytes]:
    """Those objects of a list, by id, that are not, byte for byte, what was last read of them.

    Most objects of a list are as we know them: hashing one costs a tenth of reading it.
    """
    return {ref: each for ref, each in documents.items() if not _is_as_it_was(looks[ref])}


def _is_as_it_was(look: Look) -> bool:
    return look.row is not None and look.known_hash == look.document_hash


def missing(
    connection: Connection, client: str, system: str, kind: type[Observed], seen: Seen
) -> tuple[int, list[int]]:
    """How many rows of a list we know, and the ids of those that a reading of all has not met."""
    known, absent = 0, list[int]()
    statement = text(
        f"SELECT id FROM {tables.LANDED[kind].name}"
        " WHERE client = :client AND system = :system AND gone_at IS NULL"
    ).execution_options(yield_per=AT_ONCE)
    # Through a cursor: a million ids at once take more memory than all the rest, and portions that
    # each begin behind the last have PostgreSQL sort all that is left, again and again.
    found = connection.execute(statement, {"client": client, "system": system})
    for ids in found.partitions(AT_ONCE):
        known += len(ids)
        absent += [each for (each,) in ids if each not in seen]
    return known, absent


def deleted(connection: Connection, client: str, system: str, gone: Gone) -> list[int]:
    """The ids of those rows that we know of what a vendor has deleted."""
    statement = text(
        f"SELECT id FROM {tables.LANDED[gone.kind].name}"
        " WHERE client = :client AND system = :system AND gone_at IS NULL"
        " AND external_id = ANY(:refs)"
    )
    values = {"client": client, "system": system, "refs": list(gone.refs)}
    return list(connection.execute(statement, values).scalars())


def mark_gone(
    connection: Connection, kind: type[Observed], ids: Iterable[int], as_of: datetime
) -> None:
    """Mark rows as no longer listed; should the vendor list one again, it is read as if new."""
    connection.execute(
        text(
            f"UPDATE {tables.LANDED[kind].name}"
            " SET gone_at = :as_of, hash = '', document_hash = NULL WHERE id = ANY(:ids)"
        ),
        {"ids": list(ids), "as_of": as_of},
    )
