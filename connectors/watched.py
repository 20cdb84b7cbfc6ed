"""Objects are read one by one: whichever the vendor refuses or spoils, all others are read."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from connectors.errors import Refused, Unreadable
from connectors.records import Observed, Page

T = TypeVar("T")
# Whatever a vendor sends, and no fault of the network or of the ledger: those are for all objects.
SPOILT = (Unreadable, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def each(refs: Sequence[str], read: Callable[[str], Sequence[Observed]]) -> Iterator[Page]:
    """Read each watched object, on a page of its own."""
    for ref in refs:
        try:
            yield Page(records=tuple(read(ref)))
        except Refused as refusal:
            yield Page(refused={ref: str(refusal)})
        except SPOILT as failure:
            yield Page(unreadable={ref: _why(failure)})


def once(
    refs: Sequence[str],
    cursor: str | None,
    read: Callable[[str, list[str]], Sequence[Observed]],
) -> Iterator[Page]:
    """Read of each watched object what it has got since; the cursor maps each to what was read.

    read: is given the ids of what was read of an object, and notes there what it reads now.
    """
    before: dict[str, list[str]] = json.loads(cursor or "{}")
    known = {ref: before.get(ref, []) for ref in refs}
    for page in each(refs, lambda ref: read(ref, known[ref])):
        yield page.model_copy(update={"cursor": json.dumps(known)})


def page(
    rows: Iterable[Mapping[str, Any]],
    read: Callable[[Any], Sequence[Observed]],
    cursor: str | None,
) -> Page:
    """Read every row of a list; what a row leads to may be refused, which makes it unreadable."""
    return _read(((str(row.get("id", "")), row) for row in rows), read, cursor)


def listed(
    rows: Iterable[tuple[str, T]], read: Callable[[T], Observed], cursor: str | None
) -> Page:
    """Read objects of a list, each by the vendor's id and whatever it is read from."""
    return _read(rows, lambda row: (read(row),), cursor)


def _read(
    rows: Iterable[tuple[str, T]], read: Callable[[T], Sequence[Observed]], cursor: str | None
) -> Page:
    records: list[Observed] = []
    unreadable: dict[str, str] = {}
    for ref, row in rows:
        try:
            records += read(row)
        except (Refused, *SPOILT) as failure:
            unreadable[ref] = _why(failure)
    return Page(records=tuple(records), unreadable=unreadable, cursor=cursor)


def _why(failure: Exception) -> str:
    """What is wrong; of an error that is not ours only its kind: its words may quote anything."""
    return str(failure) if isinstance(failure, Refused | Unreadable) else type(failure).__name__
