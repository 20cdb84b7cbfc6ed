"""How SmartRecruiters is asked: objects, lists in pages, and what an answer must be."""

from collections.abc import Callable, Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from connectors.applicant_tracking.smartrecruiters.rows import NAME, Row
from connectors.errors import Unreadable
from connectors.health import Check
from connectors.http import Api, Reply
from connectors.payload import Payload

T = TypeVar("T")
PER_PAGE = 100  # the most there is


class Calls:
    """SmartRecruiters' operations by path."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def one(self, path: str) -> Row:
        """Read one object."""
        return self.told(path)[0]

    def told(self, path: str) -> tuple[Row, datetime]:
        """Read one object, and when it was told, by SmartRecruiters' clock."""
        reply = self._api.read("GET", path)
        if not isinstance(reply.body, dict):
            raise Unreadable(NAME, "expected an object")
        return reply.body, told_at(reply)

    def page(self, path: str, params: Row) -> tuple[list[Row], str | None, datetime]:
        """Read a page of a list: its objects, the id of the next page, and when it was told."""
        reply = self._api.read("GET", path, params={"limit": PER_PAGE, **params})
        rows, after, _ = _page(reply.body)
        return rows, after, told_at(reply)

    def all(self, path: str, **params: str) -> list[Row]:
        """Read a list to its end, whether its pages have ids or are counted."""
        found: list[Row] = []
        more: Row = {}
        while True:
            asked = {"limit": PER_PAGE, **params, **more}
            rows, after, total = _page(self._api.read("GET", path, params=asked).body)
            found += rows
            if not rows or (after is None and len(found) >= total):
                return found
            if after is not None and more.get("pageId") == after:
                raise Unreadable(NAME, "a page of a list is followed by itself")
            more = {"offset": len(found)} if after is None else {"pageId": after}

    def file(self, url: str, decode: Callable[[bytes], bytes]) -> bytes:
        """Read a file by the address that it has; our key goes to SmartRecruiters alone."""
        path = url.removeprefix(self._api.base_url)
        if path.startswith("/candidates/"):
            return self._api.file(path, decode)
        return self._api.linked(url, decode)

    def words(self, path: str) -> list[str]:
        """Read a list of names."""
        told = self._api.read("GET", path).body
        if not isinstance(told, list) or not all(isinstance(each, str) for each in told):
            raise Unreadable(NAME, "expected a list of names")
        return told

    def write(self, method: str, path: str, body: Row, reading: Callable[[Payload], T]) -> T:
        """Change something, once, and return what `reading` makes of what it became."""
        return self._api.write(
            method, path, reading=lambda told: reading(Payload(NAME, told)), json=body
        )

    def health(self) -> Iterator[Check]:
        """The vendor's clock and our quota, by its last answer."""
        return self._api.health()

    def act(self, path: str, body: Row) -> None:
        """Change something that is answered with nothing (204)."""
        self._api.write("PUT", path, reading=_nothing, json=body)


def told_at(reply: Reply) -> datetime:
    """When an answer was given, by SmartRecruiters' clock; raises Unreadable."""
    try:
        return parsedate_to_datetime(reply.headers["Date"])
    except (KeyError, ValueError):
        raise Unreadable(NAME, "an answer does not say when it was given") from None


def _page(body: Any) -> tuple[list[Row], str | None, int]:
    """The objects of a page, the id of the next one, and how many there are in all.

    Some lists come as an array alone.
    """
    if isinstance(body, list):
        body = {"content": body}
    row = Payload(NAME, body)
    content = row.take("content", list)
    if not all(isinstance(each, dict) for each in content):
        raise Unreadable(NAME, "a list holds something else than objects")
    return content, row.maybe("nextPageId", str) or None, row.maybe("totalFound", int) or 0


def _nothing(body: Any) -> None:
    if body is not None:
        raise Unreadable(NAME, "an answer that should be empty is not")
