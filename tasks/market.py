"""What the market pays, in words, beside what a requisition offers: for people, and for no rule."""

from collections.abc import Mapping, Sequence
from typing import Any


def beside(fields: Mapping[str, Any], market: Sequence[Mapping[str, Any]]) -> str:
    """The requisition's own pay range, and a sentence for each place; "" if nothing is known."""
    if not market:
        return ""
    pay = fields["pay"]
    own = f"Offered: {_range(pay, 'min_cents', 'max_cents')}." if pay else "Offered: not said."
    return " ".join([own, *map(_sentence, market)])


def _sentence(answer: Mapping[str, Any]) -> str:
    place = answer["place"]
    where = f"Remote, {place['country']}" if place["remote"] else place["city"]
    source = f"({answer['system']}, {answer['asked_on']})"
    if answer["median_cents"] is None:
        return f"{where}: too few postings say what they pay {source}."
    middle = f"{_amount(answer['median_cents'])} {answer['currency']} per {answer['unit']}"
    half = f"half of them {_range(answer, 'low_cents', 'high_cents')}"
    return f"{where}: the median of {answer['postings']} postings is {middle}, {half} {source}."


def _range(told: Mapping[str, Any], low: str, high: str) -> str:
    amounts = f"{_amount(told[low])} to {_amount(told[high])}"
    return f"{amounts} {told['currency']} per {told['unit']}"


def _amount(cents: int) -> str:
    return f"{cents / 100:,.2f}".removesuffix(".00")
