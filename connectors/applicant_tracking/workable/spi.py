"""How Workable is called: what a list's pages hold, and where the next one is."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from connectors.applicant_tracking.workable.rows import NAME, Row
from connectors.errors import Unreadable
from connectors.health import Check
from connectors.http import Api, Reply
from connectors.payload import Payload

T = TypeVar("T")
ROOT = "/spi/v3"
OVERLAP = timedelta(minutes=2)  # by which what changes while we read may be late in a list


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of a list: its objects, when it was told, and where the next one is."""

    rows: list[Row]
    told_at: datetime
    next: str | None


class Spi:
    """Workable's objects and lists, by path."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def one(self, path: str) -> Any:
        """Read what is neither paged nor in an envelope."""
        return self._api.read("GET", path).body

    def changes(
        self, path: str, name: str, state: Row, **filters: str
    ) -> Iterator[tuple[Sheet, str]]:
        """Yield each page of a list with the cursor from which to go on after it.

        state: what an earlier cursor held; one from the end of a list holds `since`, when that
        was begun to be read.
        """
        began = state.get("began")
        for sheet in self._sheets(path, name, state.get("next"), filters):
            began = began or (sheet.told_at - OVERLAP).isoformat()
            after = {"began": began, "next": sheet.next} if sheet.next else {"since": began}
            yield sheet, json.dumps(after)

    def all(self, path: str, name: str, **filters: str) -> list[Row]:
        """Read a short list to its end."""
        return [row for sheet in self._sheets(path, name, None, filters) for row in sheet.rows]

    def write(self, path: str, body: Row, reading: Callable[[Any], T], **query: str) -> T:
        """Change something, once."""
        return self._api.write("POST", path, reading=reading, json=body, params=query)

    def linked(self, url: str, decode: Callable[[bytes], bytes]) -> bytes:
        """Read a file by the link that an object holds."""
        return self._api.linked(url, decode)

    def health(self) -> Iterator[Check]:
        """The vendor's clock and our quota, by its last answer."""
        return self._api.health()

    def _sheets(
        self, path: str, name: str, at: str | None, filters: dict[str, str]
    ) -> Iterator[Sheet]:
        while True:
            if at:
                path, _, query = at.partition("?")
                filters = dict(parse_qsl(query))
            sheet = _sheet(self._api.read("GET", path, params=filters), name)
            if at and sheet.next == at:
                raise Unreadable(NAME, f"GET {path}: a page names itself as the next one")
            yield sheet
            at = sheet.next
            if at is None:
                return


def _sheet(reply: Reply, name: str) -> Sheet:
    body = Payload(NAME, reply.body)
    rows = body.take(name, list)
    if not all(isinstance(row, dict) for row in rows):
        raise Unreadable(NAME, f"{name!r} holds something else than objects")
    return Sheet(rows, _told_at(reply), _next(body))


def _next(body: Payload) -> str | None:
    """Where the next page is; of its address only what is below our own is used."""
    paging = body.maybe_inner("paging")
    url = paging.maybe("next", str) if paging else None
    if url is None:
        return None
    below = url.partition(ROOT)[2]
    if not below:
        raise Unreadable(NAME, "the address of the next page is of another kind")
    return below


def _told_at(reply: Reply) -> datetime:
    """When an answer was given, by Workable's clock."""
    try:
        return parsedate_to_datetime(reply.headers["Date"])
    except (KeyError, ValueError):
        raise Unreadable(NAME, "an answer does not say when it was given") from None
