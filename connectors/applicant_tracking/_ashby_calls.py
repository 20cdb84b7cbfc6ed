"""How Ashby is called: every call is a POST, lists are paged, an error may come as HTTP 200."""

from collections.abc import Iterator
from typing import Any

from connectors.applicant_tracking._ashby_rows import NAME, Row, strict
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unreadable,
)
from connectors.http import Api, Reply
from connectors.payload import Payload

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
        rows: list[Row] = strict(self._read(call, body).take("results", list))
        return rows

    def pages(self, call: str, state: Row, **only: str) -> Iterator[tuple[list[Row], Row]]:
        """Yield each page's rows with the state from which to go on after it."""
        more = True
        while more:
            body = self._read(call, {"limit": LIMIT, **state, **only})
            more = body.take("moreDataAvailable", bool)
            if more:
                state = {**state, "cursor": body.take("nextCursor", str)}
            else:
                state = told({"syncToken": body.maybe("syncToken", str)})
            yield strict(body.maybe("results", list) or []), state

    def all(self, call: str, **only: str) -> list[Row]:
        """Read every page of a list."""
        return [row for rows, _ in self.pages(call, {}, **only) for row in rows]

    def write(self, call: str, body: Row) -> Row:
        """Change something, once, and return what it became."""
        answer = self._api.write("POST", f"/{call}", json=body)
        try:
            made: Row = strict(_succeeded(call, answer).take("results", dict))
            made["id"]
        except Unreadable:
            raise OutcomeUnknown(NAME, f"{call}: answer not understood") from None
        return made

    def _read(self, call: str, body: Row) -> Payload:
        return _succeeded(call, self._api.read("POST", f"/{call}", json=body))


def told(body: dict[str, Any]) -> Row:
    """Leave out what we have nothing to say about."""
    return {name: value for name, value in body.items() if value is not None}


def _succeeded(call: str, reply: Reply) -> Payload:
    body = Payload(NAME, reply.body)
    if body.take("success", bool):
        return body
    code = body.inner("errorInfo").take("code", str)
    kind = OutOfSync if code in RESYNC else ERRORS.get(code, Refused)
    raise kind(NAME, f"{call}: {code[:60]}")
