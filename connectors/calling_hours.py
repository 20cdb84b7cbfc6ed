"""When people may be called and texted: from 8 in the morning to 9 in the evening, where they live.

Source: 47 CFR 64.1200(c)(1) (https://www.ecfr.gov/current/title-47/section-64.1200), read as quoted
elsewhere, 2026-11-26. It is written for solicitations; every text is held to it. The shorter hours
of some states are not known here. A state in several zones is open while all of them are; of whom
only the country is known, while the whole country is.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

OPENS, CLOSES = time(8), time(21)
_STATES = {
    "America/New_York": "CT DC DE FL GA IN KY MA MD ME MI NC NH NJ NY OH PA RI SC TN VA VT WV",
    "America/Chicago": "AL AR FL IA IL IN KS KY LA MI MN MO MS ND NE OK SD TN TX WI",
    "America/Denver": "AZ CO ID KS MT ND NE NM NV OR SD TX UT WY",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA ID NV OR WA",
    "America/Anchorage": "AK",
    "America/Adak": "AK",
    "Pacific/Honolulu": "HI",
}
STATES = tuple(sorted({state for ours in _STATES.values() for state in ours.split()}))


def zones(place: str) -> tuple[ZoneInfo, ...]:
    """The time zones of a place (ISO 3166-2, as in US-NY-NYC); none if we do not know its hours."""
    country, _, rest = place.partition("-")
    state = rest.partition("-")[0]
    if country != "US":
        return ()
    return tuple(ZoneInfo(n) for n, ours in _STATES.items() if not state or state in ours.split())


def opens_in(zones: tuple[ZoneInfo, ...], now: datetime) -> timedelta:
    """How long until all zones are open; nothing while they are."""
    at = now
    while closed := [zone for zone in zones if not _is_open(at.astimezone(zone))]:
        at = max(_next(OPENS, at.astimezone(zone)) for zone in closed)
    return at - now


def closes_in(zones: tuple[ZoneInfo, ...], now: datetime) -> timedelta:
    """How long until the first zone closes, while all are open."""
    return min(_next(CLOSES, now.astimezone(zone)) for zone in zones) - now


def _is_open(local: datetime) -> bool:
    return OPENS <= local.time() < CLOSES


def _next(hour: time, local: datetime) -> datetime:
    """When it is next that hour there, as an instant: summer time may begin or end before."""
    day = local.date() if local.time() < hour else local.date() + timedelta(days=1)
    return datetime.combine(day, hour, local.tzinfo).astimezone(UTC)
