"""Business days: never a weekend, never a holiday of any of the places, and counted right."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import Refused
from tasks.clock import (
    after_business_days,
    after_legal_business_days,
    moment,
    next_business_day,
    now,
)

CALENDARS = {
    "US": holidays.country_holidays("US"),
    "US-CA": holidays.country_holidays("US", subdiv="CA"),
    "US-NY": holidays.country_holidays("US", subdiv="NY"),
    "CA-ON": holidays.country_holidays("CA", subdiv="ON"),
    "DE-BY": holidays.country_holidays("DE", subdiv="BY"),
}
PLACES = st.lists(st.sampled_from(sorted(CALENDARS)), max_size=4, unique=True)
INSTANTS = st.datetimes(
    min_value=datetime(2020, 1, 1), max_value=datetime(2035, 1, 1), timezones=st.just(UTC)
)
ZONES = [
    "Pacific/Honolulu",
    "America/Los_Angeles",
    "America/New_York",
    "Europe/Berlin",
    "Asia/Tokyo",
]
DAYS = st.integers(min_value=1, max_value=60)


def works(day: date, places: list[str]) -> bool:
    return day.weekday() < 5 and not any(day in CALENDARS[place] for place in places)


@given(start=INSTANTS, days=DAYS, places=PLACES)
def test_a_wait_ends_on_a_working_day_of_all_places_after_exactly_that_many(
    start: datetime, days: int, places: list[str]
) -> None:
    end = after_business_days(start, days, places)

    passed = [start.date() + timedelta(days=n + 1) for n in range((end - start).days)]
    assert works(end.date(), places)
    assert sum(works(day, places) for day in passed) == days
    assert end.timetz() == start.timetz()


def test_the_same_instant_is_another_day_in_another_zone() -> None:
    in_new_york = datetime(2026, 3, 2, 20, tzinfo=ZoneInfo("America/New_York"))
    in_utc = in_new_york.astimezone(UTC)  # Tuesday by now
    assert in_utc == in_new_york

    ends = [after_business_days(start, 5, ["US"]).date() for start in (in_new_york, in_utc)]

    assert ends == [date(2026, 3, 9), date(2026, 3, 10)]


@given(start=INSTANTS, days=DAYS, places=PLACES)
def test_one_more_place_never_makes_a_wait_shorter(
    start: datetime, days: int, places: list[str]
) -> None:
    for place in places:
        assert after_business_days(start, days, places) >= after_business_days(start, days, [place])


def test_a_legal_wait_that_begins_on_friday_evening_in_california_does_not_count_the_friday() -> (
    None
):
    friday = datetime(2026, 3, 6, 17, 30, tzinfo=ZoneInfo("America/Los_Angeles"))

    end = after_legal_business_days(friday.astimezone(UTC), 5, ["US", "US-CA"])

    assert end - friday == timedelta(days=7)


@given(start=INSTANTS, days=DAYS, places=PLACES, zone=st.sampled_from(ZONES))
def test_a_legal_wait_is_too_short_in_no_time_zone(
    start: datetime, days: int, places: list[str], zone: str
) -> None:
    local = start.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)  # as a calendar there shows it

    wait = after_legal_business_days(start, days, places) - start

    assert after_business_days(local, days, places) - local <= wait


@given(start=INSTANTS, one=DAYS, two=DAYS, places=PLACES)
def test_waits_add_up(start: datetime, one: int, two: int, places: list[str]) -> None:
    halfway = after_business_days(start, one, places)

    assert after_business_days(halfway, two, places) == after_business_days(
        start, one + two, places
    )


def test_no_days_are_no_wait() -> None:
    saturday = datetime(2026, 3, 7, tzinfo=UTC)

    assert after_business_days(saturday, 0, ["US"]) == saturday


@pytest.mark.parametrize("place", ["US-NY-NYC", "US-CA-LACOUNTY"])
def test_a_city_has_the_holidays_of_its_state(place: str) -> None:
    before = datetime(2026, 12, 24, tzinfo=UTC)

    assert after_business_days(before, 1, [place]).date() == date(2026, 12, 28)


def test_where_no_holidays_are_known_weekends_still_count() -> None:
    friday = datetime(2026, 3, 6, tzinfo=UTC)

    assert after_business_days(friday, 1, ["XX", "XX-YY"]).date() == date(2026, 3, 9)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 3, 6), date(2026, 3, 6)),
        (date(2026, 3, 7), date(2026, 3, 9)),
        (date(2026, 7, 3), date(2026, 7, 6)),
    ],
)
def test_the_next_business_day_may_be_the_day_itself(day: date, expected: date) -> None:
    assert next_business_day(day, ["US"]) == expected


def test_a_simulated_clock_is_believed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("2026-03-02T15:00:00+00:00\n")
    monkeypatch.setenv("FULLCYCLE_CLOCK_FILE", str(clock))

    assert now() == datetime(2026, 3, 2, 15, tzinfo=UTC)


def test_without_one_it_is_the_present_in_whole_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FULLCYCLE_CLOCK_FILE", raising=False)

    assert abs(datetime.now(UTC) - now()) < timedelta(seconds=5)
    assert now().microsecond == 0


@pytest.fixture
def present(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """A simulated now."""
    instant = datetime(2026, 3, 2, 13, tzinfo=UTC)
    (tmp_path / "clock").write_text(instant.isoformat())
    monkeypatch.setenv("FULLCYCLE_CLOCK_FILE", str(tmp_path / "clock"))
    return instant


def test_a_run_looks_at_the_instant_it_is_given_or_at_now(present: datetime) -> None:
    yesterday = present - timedelta(days=1)

    assert (moment(yesterday), moment(None)) == (yesterday, present)


def test_an_instant_that_is_still_to_come_is_refused(present: datetime) -> None:
    with pytest.raises(Refused, match="still to come"):
        moment(present + timedelta(seconds=1))
