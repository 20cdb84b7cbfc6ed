"""A fast stand-in for Greenhouse's Harvest v3, in a process of its own, for benchmarks.

    python -m tests.bench.greenhouse_api --records 100000

prints its address when it answers. It is as strict as the vendor where that has a price: a token
first, the newest first, the next page only through `Link`, a cursor that travels alone, and a
quota of a fixed window. What it costs is kept small: a page is a join of bytes that lie ready.

The benchmark's own calls, all POST: /ctl/touch?share=0.01, /ctl/delete?share=0.01,
/ctl/set?latency_ms=50&limit=5&window=3 and /ctl/reset (what was counted); GET /ctl/stats tells it.
"""

import argparse
import asyncio
import base64
import json
import math
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from http import HTTPStatus
from itertools import islice

from tests.bench.candidates import FIRST_ID, Candidates, milliseconds
from tests.bench.wire import Answer, Request, serve

PAGE, LARGEST_PAGE, MOST_IDS = 100, 500, 50
ALWAYS = 1 << 60  # a moment after all others
TOKEN_SECONDS = 3600  # said, and not held to: no run lasts as long


class Refused(Exception):
    """What was asked cannot be answered: the status, and the reason as the vendor words it."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Stats:
    """Of the calls for candidates since the last reset; instants in seconds since 1970."""

    requests: int = 0
    too_many: int = 0
    tokens: int = 0
    bytes: int = 0
    first: float = 0.0
    last: float = 0.0


@dataclass
class Quota:
    """So many calls in each window; the first begins in the whole second of the first call."""

    limit: int
    window: float
    used: int = 0
    began: float = 0.0
    start: float = 0.0

    def spend(self, now: float) -> bool:
        """Count a call; whether there was room for it."""
        self.start = self.start or math.floor(now)
        began = now - (now - self.start) % self.window
        if began != self.began:
            self.began, self.used = began, 0
        self.used += 1
        return self.used <= self.limit

    def headers(self, now: float) -> dict[str, str]:
        """What every answer says, in whole seconds, and when to come again if there is no room."""
        over = self.began + self.window
        told = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(self.limit - self.used, 0)),
            "X-RateLimit-Reset": str(math.ceil(over)),
        }
        if self.used > self.limit:
            told["Retry-After"] = str(math.ceil(over - now))
        return told


class Api:
    """Everything but the wire."""

    def __init__(self, candidates: Candidates, quota: Quota, latency_ms: float) -> None:
        self.candidates = candidates
        self.quota = quota
        self.latency_ms = latency_ms
        self.stats = Stats()
        self._tokens: set[str] = set()
        self._calls: dict[tuple[str, str], Callable[[Request], Answer]] = {
            ("POST", "/token"): self._token,
            ("GET", "/v3/candidates"): self._metered,
            ("POST", "/ctl/touch"): self._touch,
            ("POST", "/ctl/delete"): self._delete,
            ("POST", "/ctl/set"): self._set,
            ("POST", "/ctl/reset"): self._reset,
            ("GET", "/ctl/stats"): lambda _: _json(asdict(self.stats)),
        }

    def answer(self, request: Request) -> Answer:
        """The answer to any request, and to a bad one why."""
        try:
            call = self._calls.get((request.method, request.path))
            if call is None:
                raise Refused(HTTPStatus.NOT_FOUND, "Resource not found")
            return call(request)
        except Refused as refused:
            return _json({"message": str(refused), "errors": [str(refused)]}, refused.status)
        except (KeyError, ValueError) as unreadable:
            told = {"message": "Validation error", "errors": [str(unreadable)]}
            return _json(told, HTTPStatus.UNPROCESSABLE_ENTITY)

    def seconds(self, request: Request) -> float:
        """How long the vendor takes to answer."""
        return self.latency_ms / 1000 if request.path.startswith("/v3/") else 0.0

    def _token(self, request: Request) -> Answer:
        if not request.headers.get("authorization", "").startswith("Basic "):
            raise Refused(HTTPStatus.UNAUTHORIZED, "Unauthorized")
        if request.query.get("grant_type") != "client_credentials":
            raise Refused(HTTPStatus.BAD_REQUEST, "unsupported grant_type")
        self.stats.tokens += 1
        token = f"token-{self.stats.tokens}"
        self._tokens.add(token)
        return _json(
            {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS},
        )

    def _metered(self, request: Request) -> Answer:
        """A page if the token is known and there is room for the call, and what both cost."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or token not in self._tokens:
            raise Refused(HTTPStatus.UNAUTHORIZED, "token could not be decoded")
        now = time.time()
        self.stats.first = self.stats.first or now
        self.stats.last = now
        self.stats.requests += 1
        if not self.quota.spend(now):
            self.stats.too_many += 1
            told = _json({"message": "Rate limit exceeded"}, HTTPStatus.TOO_MANY_REQUESTS)
            return Answer(told.body, told.status, self.quota.headers(now))
        page = self._page(request)
        self.stats.bytes += len(page.body)
        return Answer(page.body, page.status, page.headers | self.quota.headers(now))

    def _page(self, request: Request) -> Answer:
        records = self.candidates.records
        if "ids" in request.query:
            indexes, link = self._named(request.query), {}
        else:
            before, first, low, high, size = self._position(request.query)
            matching = self.candidates.newest_first(before, first, low, high)
            found = list(islice(matching, size + 1))
            indexes = found[:size]
            more = len(found) > size
            link = _next(request, indexes[-1], first, low, high, size) if more else {}
        return Answer(b"[" + b",".join([records[index] for index in indexes]) + b"]", headers=link)

    def _named(self, query: dict[str, str]) -> list[int]:
        ids = query["ids"].split(",")
        if len(query) > 1 or len(ids) > MOST_IDS or not all(each.isdecimal() for each in ids):
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"ids: at most {MOST_IDS}, and alone")
        wanted = {int(each) - FIRST_ID for each in ids}
        there = self.candidates.newest_first(len(self.candidates.records), 0, 0, ALWAYS)
        return [index for index in there if index in wanted]

    def _position(self, query: dict[str, str]) -> tuple[int, int, int, int, int]:
        """Where a page begins and may end, by index; updated from and before when; how many."""
        if "cursor" in query:
            if len(query) > 1:
                raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "cursor must be the only parameter")
            told = base64.urlsafe_b64decode(query["cursor"]).decode()
            before, first, low, high, size = map(int, told.split("."))
            return before, first, low, high, size
        size = int(query.get("per_page", PAGE))
        if not 1 <= size <= LARGEST_PAGE:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"per_page: 1 to {LARGEST_PAGE}")
        first, before = map(self.candidates.made_before, _window(query, "created_at"))
        return before, first, *_window(query, "updated_at"), size

    def _touch(self, request: Request) -> Answer:
        return _json({"touched": self.candidates.touch(float(request.query["share"]))})

    def _delete(self, request: Request) -> Answer:
        return _json({"deleted": self.candidates.delete(float(request.query["share"]))})

    def _set(self, request: Request) -> Answer:
        self.latency_ms = float(request.query.get("latency_ms", self.latency_ms))
        self.quota = Quota(
            int(request.query.get("limit", self.quota.limit)),
            float(request.query.get("window", self.quota.window)),
        )
        return _json({"latency_ms": self.latency_ms, **asdict(self.quota)})

    def _reset(self, _: Request) -> Answer:
        self.stats = Stats(tokens=self.stats.tokens)
        return _json(asdict(self.stats))


def _json(told: object, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return Answer(json.dumps(told).encode(), status)


def _next(
    request: Request, last: int, first: int, low: int, high: int, size: int
) -> dict[str, str]:
    cursor = base64.urlsafe_b64encode(f"{last}.{first}.{low}.{high}.{size}".encode()).decode()
    url = f"http://{request.headers['host']}{request.path}?cursor={cursor}"
    return {"Link": f'<{url}>; rel="next"'}


def _window(query: dict[str, str], what: str) -> tuple[int, int]:
    """From and before when, in milliseconds, of `gte|A|lt|B` or `updated_at[gte]=A`."""
    bounds: list[tuple[str, str]] = []
    for name, value in query.items():
        bracketed = re.fullmatch(r"(created_at|updated_at)(?:\[(\w+)\])?", name)
        if bracketed is None:
            if name != "per_page":
                raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"unknown parameter: {name}")
        elif bracketed[1] == what:
            words = [bracketed[2], value] if bracketed[2] else value.split("|")
            bounds += zip(words[::2], words[1::2], strict=True)
    low, high = 0, ALWAYS
    for operator, moment in bounds:
        at = milliseconds(datetime.fromisoformat(moment))
        if operator in ("gte", "gt"):
            low = at + (operator == "gt")
        elif operator in ("lte", "lt"):
            high = at + (operator == "lte")
        else:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"unknown operator: {operator}")
    return low, high


def main() -> None:
    """Make the candidates and answer."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--records", type=int, required=True)
    asked.add_argument("--port", type=int, default=0, help="0: any free one")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--latency-ms", type=float, default=0.0)
    asked.add_argument("--limit", type=int, default=1_000_000, help="calls in a window")
    asked.add_argument("--window", type=float, default=30.0, help="seconds")
    given = asked.parse_args()
    quota = Quota(given.limit, given.window)
    candidates = Candidates(given.records, given.seed)
    api = Api(candidates, quota, given.latency_ms)
    asyncio.run(serve(api.answer, api.seconds, given.port))


if __name__ == "__main__":
    main()
