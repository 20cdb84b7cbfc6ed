"""How Greenhouse's lists are read: in chains of cursors, several of them side by side.

A page names the next one alone (`Link`), so a chain takes a round trip a page. A whole list is
therefore cut into windows by `created_at`, which no edit changes: nobody moves from one window to
another while they are read. How much time a window spans is estimated from the page before it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec
from requests.utils import parse_header_links

from connectors.applicant_tracking.greenhouse.shapes import NAME, Created, Made, decoded
from connectors.errors import Unreadable
from connectors.http import Api, Reply

T = TypeVar("T")
PER_PAGE = 500  # the most there is
IDS = 50  # the most that one request may name
SIDE_BY_SIDE = 4
PAGES_A_WINDOW = 8
OVERLAP = timedelta(minutes=2)  # by which what changes while we read may be late in a list
RAW = msgspec.json.Decoder(list[msgspec.Raw])
FIRST_ID = re.compile(rb'\{"id":(\d+)[,}]')


@dataclass(frozen=True, slots=True)
class Chain:
    """What is left of a part of a list: changed since, created in [low, high), from a cursor on.

    Instants are as Greenhouse writes them; None: no bound.
    """

    since: str | None = None
    low: str | None = None
    high: str | None = None
    at: str | None = None

    @property
    def query(self) -> dict[str, str | int]:
        """The parameters of the next request; a cursor stands for all others, and must."""
        if self.at:
            return {"cursor": self.at}
        created = [f"gte|{self.low}"] * bool(self.low) + [f"lt|{self.high}"] * bool(self.high)
        filters = {
            "created_at": "|".join(created),
            "updated_at": self.since and f"gte|{self.since}",
        }
        return {"per_page": PER_PAGE} | {name: told for name, told in filters.items() if told}


class Lists:
    """Greenhouse's lists by path, such as `/candidates`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def pages(self, path: str, cursor: str | None) -> Iterator[tuple[list[tuple[str, bytes]], str]]:
        """Yield each page's objects, by id and JSON, with the cursor from which to go on after it.

        cursor: None reads the whole list; one from the end of a list, what has changed since.
        """
        state: dict[str, Any] = json.loads(cursor) if cursor else {}
        began, since = state.get("began"), state.get("since")
        chains = [Chain(**told) for told in state.get("chains", [{"since": since}])]
        with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
            under_way: dict[Future[Reply], Chain] = {}

            def ask_for(chains: list[Chain]) -> None:
                for chain in chains[:SIDE_BY_SIDE]:
                    if chain not in under_way.values():
                        under_way[threads.submit(self._read, path, chain.query)] = chain

            try:
                ask_for(chains)
                while chains:
                    done, _ = wait(under_way, return_when=FIRST_COMPLETED)
                    for future in done:
                        chain, reply = under_way.pop(future), future.result()
                        began = began or _instant(reply)
                        rows = [bytes(row) for row in reply.body]
                        chains.remove(chain)
                        chains = [*_rest(chain, reply, rows), *chains]
                        ask_for(chains)  # while whoever reads us is at work on this page
                        left = [asdict(each) for each in chains]
                        yield (
                            [(_id(row), row) for row in rows],
                            json.dumps(
                                {"began": began, "chains": left} if left else {"since": began}
                            ),
                        )
            finally:
                threads.shutdown(wait=False, cancel_futures=True)

    def all(self, path: str, kind: type[T], **filters: str) -> list[T]:
        """Read a short list to its end."""
        rows: list[T] = []
        query: dict[str, str | int] = {"per_page": PER_PAGE, **filters}
        while query:
            reply = self._read(path, query)
            rows += [decoded(kind, row) for row in reply.body]
            query = {"cursor": at} if (at := _next(reply)) else {}
        return rows

    def of(
        self, path: str, kind: type[T], name: str, ids: Iterable[int], **filters: str
    ) -> list[T]:
        """Read those objects of a list whose field `name` holds one of these ids."""
        wanted = [str(each) for each in sorted(ids)]
        return [
            row
            for start in range(0, len(wanted), IDS)
            for row in self.all(
                path, kind, **{name: ",".join(wanted[start : start + IDS]), **filters}
            )
        ]

    def _read(self, path: str, query: dict[str, str | int]) -> Reply:
        return self._api.read("GET", path, params=query, decode=RAW.decode)


def _id(row: bytes) -> str:
    """An object's id: as a rule the first it tells, and then the rest need not be read for it."""
    if first := FIRST_ID.match(row):
        return first[1].decode()
    return str(decoded(Made, row).id)


def _next(reply: Reply) -> str | None:
    """The cursor of the next page, if there is one; of its address nothing else is used."""
    links = parse_header_links(reply.headers.get("Link", ""))
    url = next((link["url"] for link in links if link.get("rel") == "next"), None)
    if url is None:
        return None
    told = parse_qs(urlsplit(url).query).get("cursor")
    if not told:
        raise Unreadable(NAME, "a link to the next page has no cursor")
    return told[0]


def _rest(chain: Chain, reply: Reply, rows: list[bytes]) -> list[Chain]:
    """What is left of a chain after a page, cut into windows if it has no end yet."""
    at = _next(reply)
    if at is None:
        return []
    is_open = chain.at is None and chain.low is None and chain.since is None
    if is_open and (windows := _windows(rows, chain.high)):
        return windows
    return [replace(chain, at=at)]


def _windows(rows: list[bytes], high: str | None) -> list[Chain]:
    """Windows from the newest object back, and one without an end behind them.

    All of a first page is read again, as an object with a smaller id may have been created later.
    Raises Unreadable if the page is not of its window: cutting on would have no end.
    """
    made = [decoded(Created, row).created_at for row in rows]
    newest, length = max(made), (max(made) - min(made)) * PAGES_A_WINDOW
    if high and newest >= datetime.fromisoformat(high):
        raise Unreadable(NAME, "a list does not keep to created_at")
    if not length:
        return []
    bounds = [_text(newest - n * length) for n in range(1, SIDE_BY_SIDE + 1)]
    tops = [high, *bounds]
    closed = [Chain(low=low, high=top) for low, top in zip(bounds, tops, strict=False)]
    return [*closed, Chain(high=bounds[-1])]


def _text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def _instant(reply: Reply) -> str:
    """When a page was asked for, by Greenhouse's clock."""
    try:
        return _text(parsedate_to_datetime(reply.headers["Date"]) - OVERLAP)
    except (KeyError, ValueError):
        raise Unreadable(NAME, "an answer does not say when it was given") from None
