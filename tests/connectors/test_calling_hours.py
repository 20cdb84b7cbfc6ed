"""Nobody is called or texted before 8 or from 21 on, wherever they may be."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.calling_hours import closes_in, opens_in, zones

_STATES = """
AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC
ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC
"""
PLACES = ["US", *(f"US-{state}" for state in _STATES.split()), "US-NY-NYC"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("place", "now", "wait"),
    [
        ("US-NY-NYC", "2026-03-02T07:59:00-05:00", timedelta(minutes=1)),
        ("US-NY-NYC", "2026-03-02T08:00:00-05:00", timedelta(0)),
        ("US-NY-NYC", "2026-03-02T20:59:59-05:00", timedelta(0)),
        ("US-NY-NYC", "2026-03-02T21:00:00-05:00", timedelta(hours=11)),
        ("US-CA", "2026-03-02T08:00:00-05:00", timedelta(hours=3)),
        ("US-TX", "2026-03-02T08:00:00-06:00", timedelta(hours=1)),  # El Paso sleeps
        ("US-TX", "2026-03-02T20:30:00-07:00", timedelta(hours=11.5)),  # and Houston
        ("US-AZ", "2026-07-01T07:30:00-07:00", timedelta(minutes=30)),  # without summer time
        ("US-NY", "2026-03-07T22:00:00-05:00", timedelta(hours=9)),  # the clock is put forward
        ("US-NY", "2026-10-31T22:00:00-04:00", timedelta(hours=11)),  # and back
        ("US", "2026-03-02T08:00:00-05:00", timedelta(hours=5)),  # Hawaii wakes last
    ],
)
def test_the_hours_are_those_of_the_place(place: str, now: str, wait: timedelta) -> None:
    assert opens_in(zones(place), at(now)) == wait


def test_how_long_it_stays_open_is_told_by_the_first_zone_that_closes() -> None:
    assert closes_in(zones("US-TX"), at("2026-03-02T19:30:00-07:00")) == timedelta(minutes=30)


@pytest.mark.parametrize("place", ["DE", "CA-ON", "US-XX", "US-PR", ""])
def test_of_other_places_no_hours_are_known(place: str) -> None:
    assert zones(place) == ()


@given(
    st.sampled_from(PLACES),
    st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1)).map(lambda it: it.replace(tzinfo=UTC)),
)
def test_when_it_opens_it_is_day_everywhere_there(place: str, now: datetime) -> None:
    there = zones(place)

    wait = opens_in(there, now)

    opened = [(now + wait).astimezone(zone) for zone in there]
    assert there and all(8 <= local.hour < 21 for local in opened)
    assert timedelta(0) <= wait <= timedelta(hours=24)
    assert timedelta(0) < closes_in(there, now + wait) <= timedelta(hours=13)
    waking = now + wait - timedelta(seconds=1)
    assert not wait or any(not 8 <= waking.astimezone(zone).hour < 21 for zone in there)
