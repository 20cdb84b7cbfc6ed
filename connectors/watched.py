"""Objects are read one by one: whichever the vendor refuses or spoils, all others are read."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from connectors.errors import Refused, Unreadable
from connectors.records import Observed, Page


def each(refs: Sequence[str], read: Callable[[str], Sequence[Observed]]) -> Iterator[Page]:
    """Read each watched object, on a page of its own."""
    for ref in refs:
        try:
            yield Page(records=tuple(read(ref)))
        except Refused as refusal:
            yield Page(refused={ref: str(refusal)})
        except Unreadable as failure:
            yield Page(unreadable={ref: str(failure)})


def page(
    rows: Iterable[Mapping[str, Any]],
    read: Callable[[Any], Sequence[Observed]],
    cursor: str | None,
) -> Page:
    """Read every row of a list; what a row leads to may be refused, which makes it unreadable."""
    records: list[Observed] = []
    unreadable: dict[str, str] = {}
    for row in rows:
        try:
            records += read(row)
        except (Refused, Unreadable) as failure:
            unreadable[row["id"]] = str(failure)
    return Page(records=tuple(records), unreadable=unreadable, cursor=cursor)
