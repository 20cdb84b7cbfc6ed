"""How Ashby is called: every call is a POST, lists are paged, an error may come as HTTP 200."""

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from connectors.applicant_tracking.ashby.rows import NAME, Row, strict
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unreadable,
)
from connectors.health import Check
from connectors.http import Api
from connectors.payload import Payload

T = TypeVar("T")
LIMIT = 100
RESYNC = {
    "next_cursor_expired",
    "invalid_next_cursor",
    "sync_token_expired",
    "sync_token_invalid",
    "incremental_sync_too_large",
}
ERRORS: dict[str, type[ConnectorError]] = {
    "missing_endpoint_permission": Misconfigured,
    "rate_limit_exceeded": Unavailable,
    "concurrent_limit_exceeded": Unavailable,
}
# Refused for what was asked, so nothing was done. Any other code may come from half-way through.
REFUSALS = re.compile(r"invalid_\w+|missing_\w+|\w+_not_found|\w+_required|\w+_not_enabled")


class OutOfSync(Refused):
    """Ashby cannot go on from our cursor or token."""


class Calls:
    """Ashby's operations by name, such as `job.info`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def one(self, call: str, body: Row) -> Row:
        """Read one object."""
        row: Row = strict(self._read(call, body).take("results", dict))
        return row

    def rows(self, call: str, body: Row) -> list[Row]:
        """Read a list that comes whole."""
        return _objects(self._read(call, body).take("results", list))

    def pages(self, call: str, state: Row, **only: Any) -> Iterator[tuple[list[Row], Row]]:
        """Yield each page's rows with the state from which to go on after it."""
        more = True
        while more:
            body = self._read(call, {"limit": LIMIT, **state, **only})
            more = body.take("moreDataAvailable", bool)
            if more:
                state = {**state, "cursor": body.take("nextCursor", str)}
            else:
                state = told({"syncToken": body.maybe("syncToken", str)})
            yield _objects(body.take("results", list)), state

    def all(self, call: str, **only: str) -> list[Row]:
        """Read every page of a list."""
        return [row for rows, _ in self.pages(call, {}, **only) for row in rows]

    def write(self, call: str, body: Row, reading: Callable[[Row], T]) -> T:
        """Change something, once, and return what `reading` makes of what it became."""

        def made(answer: Any) -> T:
            return reading(strict(Payload(NAME, answer).take("results", dict)))

        return self._api.write("POST", f"/{call}", reading=made, json=body)

    def linked(self, url: str, decode: Callable[[bytes], bytes]) -> bytes:
        """Read a file by the link that `file.info` gives."""
        return self._api.linked(url, decode)

    def health(self) -> Iterator[Check]:
        """Ashby's clock beside ours, and what is left of the quota."""
        return self._api.health()

    def _read(self, call: str, body: Row) -> Payload:
        return Payload(NAME, self._api.read("POST", f"/{call}", json=body).body)


def told(body: dict[str, Any]) -> Row:
    """Leave out what we have nothing to say about."""
    return {name: value for name, value in body.items() if value is not None}


def objection(system: str, what: str, body: Any) -> None:
    """Raise what Ashby's `"success": false` means; a code we cannot place proves nothing."""
    told = body if isinstance(body, dict) else {}
    if told.get("success") is True:
        return
    info = told.get("errorInfo")
    code = str(info.get("code", "") if isinstance(info, dict) else "")
    refused = Refused if REFUSALS.fullmatch(code) else OutcomeUnknown
    kind = OutOfSync if code in RESYNC else ERRORS.get(code, refused)
    raise kind(system, f"{what}: {code[:60] or 'no success'}")


def _objects(values: list[Any]) -> list[Row]:
    if not all(isinstance(value, dict) for value in values):
        raise Unreadable(NAME, "a list holds something else than objects")
    return [strict(value) for value in values]
