"""Adzuna: what postings in nineteen countries say they pay.

Docs: https://developer.adzuna.com/docs/search
Auth: `app_id` and `app_key` in every query; so both are in the addresses that are asked.
Access: `key` is the app key, `options["app_id"]` its id.
Paging: the page's number, from 1, is in the path; at most 50 rows.
Limits: 25 requests a minute and 250 a day, unless agreed otherwise; 429.
Errors: `{exception, doc, display}`; `exception` is AUTH_FAIL for a wrong key.

Quirks
- A posting that says no pay has one that Adzuna has guessed: `salary_is_predicted` is "1", a
  string. Those are left out, and so is the reply's `mean`, in which they are.
- Pay is for a year, in the country's currency; what is not said is missing, or 0.
- A description is cut; nothing of a posting is kept.

Not verified against Adzuna itself: how it answers beyond its limits, and for a place it does not
know; that a wrong key is always AUTH_FAIL.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from connectors import watched
from connectors.access import Access
from connectors.errors import ConnectorError, Misconfigured, Unreadable, Unsupported
from connectors.going_rate import MOST_QUESTIONS, Range, cents, is_like, market_pay, question
from connectors.health import Check, tried
from connectors.http import Api, RefusedReply, Reply
from connectors.payload import Payload
from connectors.ports import PaySurvey
from connectors.records import MarketPay, Page, PayUnit, Receipt, Request
from connectors.vendor import Setting, Vendor

NAME = "adzuna"
HOST = "https://api.adzuna.com"
PAGE_SIZE, MOST_PAGES = 50, 2  # ten questions are 20 requests then, of 25 a minute
CURRENCIES = {
    "AT": "EUR",
    "AU": "AUD",
    "BE": "EUR",
    "BR": "BRL",
    "CA": "CAD",
    "CH": "CHF",
    "DE": "EUR",
    "ES": "EUR",
    "FR": "EUR",
    "GB": "GBP",
    "IN": "INR",
    "IT": "EUR",
    "MX": "MXN",
    "NL": "EUR",
    "NZ": "NZD",
    "PL": "PLN",
    "SG": "SGD",
    "US": "USD",
    "ZA": "ZAR",
}
PREDICTED = {"0": False, "1": True}


def connect(access: Access, *, sleep: Callable[[float], None] = time.sleep) -> PaySurvey:
    """Open an account."""
    api = Api(NAME, access.base_url or HOST, meaning=_meaning, sleep=sleep)
    return Adzuna(api, {"app_id": access.options["app_id"], "app_key": access.key})


class Adzuna:
    """Adzuna's search, read for what is paid."""

    resources: tuple[str, ...] = ("market_pay",)

    def __init__(self, api: Api, credentials: Mapping[str, str]) -> None:
        self._api, self._credentials = api, credentials

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield an answer to each question; of countries that Adzuna does not know, none."""
        if resource != "market_pay":
            raise Unsupported(NAME, f"has no {resource}")
        known = [ref for ref in watching if question(ref).country in CURRENCIES]
        yield from watched.each(known[:MOST_QUESTIONS], self._answer)

    def find(self, request: Request, key: str) -> Receipt | None:
        """Nothing is ever written here."""
        raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def check(self) -> Iterator[Check]:
        """Whether the key may search, and what Adzuna says of its clock and our quota."""
        remedy = "see the app id and the app key in Adzuna's developer console"
        yield tried("search", remedy, lambda: self._search("us", 1, {"results_per_page": 1}))
        yield from self._api.health()

    def _answer(self, ref: str) -> list[MarketPay]:
        role, found = question(ref), dict[str, Range]()
        where = f"{role.city}, {role.region}".strip(", ")
        asked = {
            "what": role.title,
            "results_per_page": PAGE_SIZE,
            **({} if role.remote else {"where": where}),
        }
        for page in range(1, MOST_PAGES + 1):
            reply = self._search(role.country.lower(), page, asked)
            rows = Payload(NAME, reply.body).take("results", list)
            for row in (Payload(NAME, each) for each in rows):
                posting, title = str(row.whatever("id")), row.take("title", str)
                paid = _range(row)
                if paid and is_like(role, title):
                    found[posting] = paid
            if len(rows) < PAGE_SIZE:
                break
        return [market_pay(NAME, ref, reply, found.values(), CURRENCIES[role.country])]

    def _search(self, country: str, page: int, asked: Mapping[str, Any]) -> Reply:
        path = f"/v1/api/jobs/{country}/search/{page}"
        return self._api.read("GET", path, params={**self._credentials, **asked})


def _range(row: Payload) -> Range | None:
    """What a posting says it pays; None if that is nothing, or Adzuna's own guess."""
    told = [row.whatever(name) for name in ("salary_min", "salary_max")]
    amounts = [cents(NAME, "salary", each) for each in told if each is not None]
    predicted = row.whatever("salary_is_predicted")
    if not any(amounts) or predicted is None:
        return None
    if str(predicted) not in PREDICTED:
        raise Unreadable(NAME, "'salary_is_predicted' has a value we do not know")
    if PREDICTED[str(predicted)]:
        return None
    said = [amount for amount in amounts if amount]
    return Range(min(said), max(said), PayUnit.YEAR)


def _meaning(refusal: RefusedReply, seconds: float | None) -> ConnectorError:
    told = refusal.body if isinstance(refusal.body, dict) else {}
    if told.get("exception") == "AUTH_FAIL":
        return Misconfigured(NAME, "app id or app key refused", status=refusal.status)
    return refusal


VENDOR = Vendor(
    kind="market_pay",
    name=NAME,
    title="Adzuna",
    documents="https://developer.adzuna.com/docs/search",
    reads="postings like the requisition's title at its places, for what they pay",
    connect=connect,
    addresses={"sandbox": HOST, "production": HOST},
    key="the app key",
    settings=(Setting("app_id", "the id that belongs to the app key", required=True),),
)
