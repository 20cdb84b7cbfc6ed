"""What must hold of everybody who was texted, by the vendor's own record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

ZONES = {
    "AZ": "America/Phoenix",
    "CA": "America/Los_Angeles",
    "CO": "America/Denver",
    "FL": "America/New_York",
    "GA": "America/New_York",
    "IL": "America/Chicago",
    "MA": "America/New_York",
    "NJ": "America/New_York",
    "NY": "America/New_York",
    "OR": "America/Los_Angeles",
    "PA": "America/New_York",
    "TX": "America/Chicago",
    "WA": "America/Los_Angeles",
}


@dataclass(frozen=True)
class Said:
    """What somebody has answered when they were asked whether they may be texted."""

    phone: str
    at: datetime
    agreed: bool


def wrongly_texted(
    texts: Iterable[tuple[str, datetime]],
    stops: Iterable[tuple[str, datetime]],
    said: Iterable[Said],
    homes: Mapping[str, str],
) -> list[str]:
    """Why each text, of a number and an instant, should not have been sent.

    homes: the place code of where each number's owner lives.
    """
    stopped, answers = list(stops), sorted(said, key=lambda each: each.at)
    found = []
    for phone, at in texts:
        before = [each.agreed for each in answers if each.phone == phone and each.at <= at]
        hour = at.astimezone(ZoneInfo(ZONES[homes[phone].split("-")[1]])).hour
        if not before or not before[-1]:
            found.append(f"{phone} at {at}: had not agreed")
        if any(number == phone and stop < at for number, stop in stopped):
            found.append(f"{phone} at {at}: had said stop")
        if not 8 <= hour < 21:
            found.append(f"{phone} at {at}: it was {hour} there")
    return found
