"""Time as decisions see it: `as_of` is given, business days are the place's, waits are the longest.

Only `now` reads a clock: for a run that was not told its `as_of`, to refuse an instant that is not
yet, and where a legal wait begins.
"""

import os
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import holidays

from connectors.errors import Refused


def now() -> datetime:
    """The instant a run looks at when nobody says otherwise.

    A staging system names a file that holds a simulated instant in FULLCYCLE_CLOCK_FILE.
    """
    if file := _simulated():
        return datetime.fromisoformat(file.read_text().strip())
    return datetime.now(UTC).replace(microsecond=0)


def is_simulated() -> bool:
    """Whether the vendors' clocks, too, are a staging system's, and not to be held against ours."""
    return _simulated() is not None


def _simulated() -> Path | None:
    named = os.environ.get("FULLCYCLE_CLOCK_FILE")
    return Path(named) if named and Path(named).exists() else None


def moment(as_of: datetime | None) -> datetime:
    """The instant a run is to look at: the one it was given, or now.

    Raises Refused for an instant that is still to come, as it would cut every wait short.
    """
    present = now()
    if as_of is not None and as_of > present:
        raise Refused(
            "clock", f"{as_of:%Y-%m-%d %H:%M} is still to come; leave as_of empty for now"
        )
    return as_of or present


def after_business_days(start: datetime, days: int, places: Iterable[str]) -> datetime:
    """The same time of day, this many business days later in every one of the places.

    A day counts only if it is a working day in all of them, so that a wait is never too short.
    """
    # Of one instant the date differs from zone to zone, and yet two such starts are equal.
    return _after(start.replace(tzinfo=None), days, frozenset(places)).replace(tzinfo=start.tzinfo)


@lru_cache(maxsize=4096)  # in one sweep hundreds wait from the same instant in the same places
def _after(start: datetime, days: int, places: frozenset[str]) -> datetime:
    calendars = [_calendar(place) for place in places]
    moment = start
    while days > 0:
        moment += timedelta(days=1)
        if moment.weekday() < 5 and not any(moment.date() in c for c in calendars):
            days -= 1
    return moment


def after_legal_business_days(start: datetime, days: int, places: Iterable[str]) -> datetime:
    """Like `after_business_days`, but never too short for a reader in any time zone.

    At one instant the date differs from zone to zone, and a law counts from the reader's: a notice
    of Friday evening in California leaves on Saturday in UTC. The longest count stands.
    """
    shifts = (timedelta(hours=-12), timedelta(0), timedelta(hours=14))  # the zones there are
    return max(after_business_days(start + shift, days, places) - shift for shift in shifts)


def next_business_day(day: date, places: Iterable[str]) -> date:
    """The day itself if it is a working day in all of the places, else the next that is."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    return after_business_days(start, 1, places).date()


@lru_cache(maxsize=64)
def _calendar(place: str) -> holidays.HolidayBase:
    country, _, rest = place.partition("-")
    region = rest.split("-")[0] or None
    known = holidays.list_supported_countries().get(country)
    if known is None:
        return holidays.HolidayBase()
    return holidays.country_holidays(country, subdiv=region if region in known else None)
