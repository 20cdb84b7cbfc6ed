"""What the market pays, from what single postings say: their median, and where half of them lie.

Searches find more than was asked for, so only postings count that have every word of the title.
"""

import re
from collections import Counter
from collections.abc import Collection
from email.utils import parsedate_to_datetime
from statistics import median, quantiles
from typing import NamedTuple

from connectors.errors import Unreadable
from connectors.http import Reply
from connectors.records import MarketPay, PayQuestion, PayUnit

FEWEST = 5  # postings; fewer say more of an employer than of the market
MOST_QUESTIONS = 10  # of one reading, as each costs several requests; the next one asks the others
MOST = 1e9  # nobody is paid that


class Range(NamedTuple):
    """What one posting says it pays."""

    low_cents: int
    high_cents: int
    unit: PayUnit


def question(ref: str) -> PayQuestion:
    """The question behind what is watched."""
    return PayQuestion.model_validate_json(ref)


def is_like(asked: PayQuestion, title: str) -> bool:
    """Whether a posting's title has every word of the title asked for."""
    return _words(asked.title) <= _words(title)


def cents(system: str, name: str, told: object) -> int:
    """An amount as a number or a string, in cents, rounded; 0: it says nothing.

    Raises Unreadable if it is none.
    """
    try:
        amount = float(told if isinstance(told, int | float | str) else "")
    except ValueError:
        raise Unreadable(system, f"{name!r} is not an amount") from None
    if isinstance(told, bool) or not 0 <= amount < MOST:
        raise Unreadable(system, f"{name!r} is not an amount")
    return round(amount * 100)


def market_pay(
    system: str, ref: str, reply: Reply, found: Collection[Range], currency: str
) -> MarketPay:
    """What these postings say together, in the unit that most of them use.

    reply: one of the vendor's answers, which says the day by its own clock. Raises Unreadable.
    """
    try:
        at = parsedate_to_datetime(reply.headers.get("Date", ""))
    except ValueError:
        raise Unreadable(system, "an answer does not say when it was given") from None
    units = Counter(each.unit for each in found).most_common(1)
    middles = [
        (each.low_cents + each.high_cents) // 2 for each in found if each.unit == units[0][0]
    ]
    told = {
        "external_id": ref,
        "updated_at": at,
        "postings": len(middles),
        "currency": currency,
        "asked_on": at.date(),
    }
    if len(middles) < FEWEST:
        return MarketPay(**told)
    low, _, high = quantiles(middles, n=4, method="inclusive")
    return MarketPay(
        **told,
        low_cents=round(low),
        median_cents=round(median(middles)),
        high_cents=round(high),
        unit=units[0][0],
    )


def _words(title: str) -> set[str]:
    return set(re.findall(r"\w+", title.casefold()))
