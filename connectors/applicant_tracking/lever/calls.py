"""How Lever is called: an envelope with `data`, lists in chains of opaque offsets."""

import json
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from connectors.applicant_tracking.lever.rows import NAME, Row
from connectors.errors import OutcomeUnknown, Unreadable
from connectors.health import Check
from connectors.http import Api, Reply
from connectors.payload import Payload

T = TypeVar("T")
LIMIT = 100  # the most there is
OVERLAP_MS = 120_000  # by which what changes while we read may be late in a list


class Calls:
    """Lever's API. `user`: the id of the user in whose name we write."""

    def __init__(self, api: Api, user: str) -> None:
        self._api, self._user = api, user

    def one(self, path: str) -> Row:
        """Read one object; raises Refused if there is none."""
        row: Row = Payload(NAME, self._api.read("GET", path).body).take("data", dict)
        return row

    def all(self, path: str, **filters: Any) -> list[Row]:
        """Read a list to its end."""
        query = {"limit": LIMIT, **filters}
        rows: list[Row] = []
        at: str | None = ""
        while at is not None:
            some, at, _ = self._page(path, {**query, "offset": at} if at else query)
            rows += some
        return rows

    def changed(self, path: str, cursor: str | None, **filters: Any) -> Iterator["Part"]:
        """Read what has changed in a list since a cursor (None: all of it), page by page."""
        state: Row = json.loads(cursor) if cursor else {}
        since, began, at = state.get("since"), state.get("began"), state.get("at")
        query = {"limit": LIMIT, **filters}
        if since is not None:
            query["updated_at_start"] = since
        while True:
            rows, at, reply = self._page(path, {**query, "offset": at} if at else query)
            began = _instant(reply) if began is None else began
            left = {"since": since, "began": began, "at": at} if at else {"since": began}
            yield Part(rows, json.dumps(left), since, is_last=at is None)
            if at is None:
                return

    def write(self, method: str, path: str, body: Row, reading: Callable[[Payload], T]) -> T:
        """Change something, once; `reading` makes something of what it has become."""

        def made(answer: Any) -> T:
            return reading(Payload(NAME, answer).inner("data"))

        asked = {"perform_as": self._user}
        return self._api.write(method, path, reading=made, json=body, params=asked)

    def file(self, path: str, decode: Callable[[bytes], bytes]) -> bytes:
        """Read a file, which is in no envelope."""
        return self._api.file(path, decode)

    def health(self) -> Iterator[Check]:
        """The vendor's clock and our quota, by its last answer."""
        return self._api.health()

    def _page(self, path: str, query: Row) -> tuple[list[Row], str | None, Reply]:
        reply = self._api.read("GET", path, params=query)
        body = Payload(NAME, reply.body)
        rows = body.take("data", list)
        if not all(isinstance(row, dict) for row in rows):
            raise Unreadable(NAME, "a list holds something else than objects")
        return rows, body.take("next", str) if body.take("hasNext", bool) else None, reply


class Part:
    """A page of a list: its rows, the cursor after it, and since when (ms) it shows changes."""

    def __init__(self, rows: list[Row], after: str, since: int | None, is_last: bool) -> None:
        self.rows, self.after, self.since, self.is_last = rows, after, since, is_last


def objection(system: str, what: str, body: Any) -> None:
    """Object to a good status without `data`: what was done before it failed, nobody knows."""
    if not isinstance(body, dict) or "data" not in body:
        raise OutcomeUnknown(system, f"{what}: no data in a good answer")


def _instant(reply: Reply) -> int:
    """When a page was asked for, by Lever's clock, in ms and a little earlier."""
    try:
        at = parsedate_to_datetime(reply.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        raise Unreadable(NAME, "an answer does not say when it was given") from None
    return int(at) * 1000 - OVERLAP_MS
