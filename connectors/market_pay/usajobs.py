"""USAJOBS: what the postings of the United States' federal government say they pay.

Docs: https://developer.usajobs.gov/api-reference/get-api-search
Auth: the header `Authorization-Key`, with the e-mail address it was given to as `User-Agent`.
Access: `key` is the key, `options["email"]` that address.
Paging: `Page` from 1, `ResultsPerPage` up to 500; `UserArea.NumberOfPages` says how many there are.
Limits: 10,000 rows a query; none of requests is published.

Quirks
- It is one employer's pay, by grade and place: a measure where one competes with it for people.
- Amounts and the number of pages are strings.
- What a rate is for is a code (PA) or its words (Per Year). Pay for a fortnight, a month, a school
  year or a piece of work is left out, as there is nothing of ours to set it beside.

Not verified against USAJOBS itself: by which words it knows a city; how it refuses a wrong key
(taken to be 401 or 403), or too many requests.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from connectors import watched
from connectors.access import Access
from connectors.errors import Unreadable, Unsupported
from connectors.going_rate import MOST_QUESTIONS, Range, cents, is_like, market_pay, question
from connectors.health import Check, tried
from connectors.http import Api, Reply
from connectors.payload import Payload
from connectors.ports import PaySurvey
from connectors.records import MarketPay, Page, PayUnit, Receipt, Request
from connectors.vendor import Setting, Vendor

NAME = "usajobs"
HOST = "https://data.usajobs.gov"
PAGE_SIZE, MOST_PAGES = 500, 2
UNITS = {
    "PA": PayUnit.YEAR,
    "Per Year": PayUnit.YEAR,
    "PD": PayUnit.DAY,
    "Per Day": PayUnit.DAY,
    "PH": PayUnit.HOUR,
    "Per Hour": PayUnit.HOUR,
}
NOT_COMPARED = {
    *("BW", "FB", "PM", "PW", "SY", "ST", "WC"),
    *("Bi-weekly", "Fee Basis", "Per Month", "Piece Work", "School Year"),
    *("Student Stipend Paid", "Without Compensation"),
}


def connect(access: Access, *, sleep: Callable[[float], None] = time.sleep) -> PaySurvey:
    """Open an account."""
    headers = {"User-Agent": access.options["email"], "Authorization-Key": access.key}
    return UsaJobs(Api(NAME, access.base_url or HOST, headers=headers, sleep=sleep))


class UsaJobs:
    """The federal government's postings, read for what they pay."""

    resources: tuple[str, ...] = ("market_pay",)

    def __init__(self, api: Api) -> None:
        self._api = api

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield an answer to each question about the United States."""
        if resource != "market_pay":
            raise Unsupported(NAME, f"has no {resource}")
        known = [ref for ref in watching if question(ref).country == "US"]
        yield from watched.each(known[:MOST_QUESTIONS], self._answer)

    def find(self, request: Request, key: str) -> Receipt | None:
        """Nothing is ever written here."""
        raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def check(self) -> Iterator[Check]:
        """Whether the key may search, and what USAJOBS says of its clock."""
        remedy = "ask for a key at developer.usajobs.gov; the e-mail address must be the key's own"
        yield tried("search", remedy, lambda: self._search({"ResultsPerPage": 1}))
        yield from self._api.health()

    def _answer(self, ref: str) -> list[MarketPay]:
        role, found = question(ref), dict[str, Range]()
        where = f"{role.city}, {role.region}".strip(", ")
        place = {"RemoteIndicator": "True"} if role.remote else {"LocationName": where}
        asked = {"Keyword": role.title, "ResultsPerPage": PAGE_SIZE, **place}
        for page in range(1, MOST_PAGES + 1):
            reply = self._search({**asked, "Page": page})
            result = Payload(NAME, reply.body).inner("SearchResult")
            for row in result.items("SearchResultItems"):
                posting = row.take("MatchedObjectId", str)
                told = row.inner("MatchedObjectDescriptor")
                paid = _range(told)
                if paid and is_like(role, told.take("PositionTitle", str)):
                    found[posting] = paid
            if page >= _pages(result):
                break
        return [market_pay(NAME, ref, reply, found.values(), "USD")]

    def _search(self, asked: Mapping[str, Any]) -> Reply:
        return self._api.read("GET", "/api/search", params=asked)


def _range(row: Payload) -> Range | None:
    """What a posting says it pays first; None if nothing we can compare."""
    for paid in row.items("PositionRemuneration")[:1]:
        rate = paid.take("RateIntervalCode", str)
        if rate in NOT_COMPARED:
            return None
        if rate not in UNITS:
            raise Unreadable(NAME, "'RateIntervalCode' has a value we do not know")
        low, high = (cents(NAME, n, paid.take(n, str)) for n in ("MinimumRange", "MaximumRange"))
        said = [amount for amount in (low, high) if amount]
        return Range(min(said), max(said), UNITS[rate]) if said else None
    return None


def _pages(result: Payload) -> int:
    told = str(result.inner("UserArea").whatever("NumberOfPages"))
    if not told.isdecimal():
        raise Unreadable(NAME, "'NumberOfPages' is not a number")
    return int(told)


VENDOR = Vendor(
    kind="market_pay",
    name=NAME,
    title="USAJOBS",
    documents="https://developer.usajobs.gov/api-reference/get-api-search",
    reads="federal postings like the requisition's title at its places, for what they pay",
    connect=connect,
    addresses={"sandbox": HOST, "production": HOST},
    key="the authorization key",
    settings=(Setting("email", "the e-mail address to which the key was given", required=True),),
)
