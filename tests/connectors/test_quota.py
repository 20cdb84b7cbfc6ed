"""A quota is kept by our own count: never exceeded, and never left unused."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from connectors.quota import BURST, BURST_SECONDS, LONGEST_SECONDS, Quota

START = 1_772_442_000.0


class Vendor:
    """Counts in windows of 30 seconds; its clock may be ahead of ours."""

    def __init__(self, limit: int, ahead: float = 0.0) -> None:
        self.limit, self.ahead, self.now = limit, ahead, START
        self.window, self.used, self.refused = 0.0, 0, 0
        self.waits: list[float] = []
        self.quota = Quota(self.sleep, lambda: self.now)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def answer(self) -> dict[str, str]:
        theirs = self.now + self.ahead
        window = theirs - theirs % 30
        if window != self.window:
            self.window, self.used = window, 0
        self.used += 1
        self.refused += self.used > self.limit
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "X-RateLimit-Reset": str(int(window + 30)),
            "Date": format_datetime(datetime.fromtimestamp(int(theirs), UTC), usegmt=True),
        }

    def ask(self) -> None:
        with self.quota.one() as told:
            told(self.answer())


@pytest.fixture(params=[0.0, 300.0, -300.0], ids=["same clock", "ahead", "behind"])
def vendor(request: pytest.FixtureRequest) -> Vendor:
    return Vendor(5, request.param)


def test_as_much_is_asked_in_each_window_as_is_allowed_and_no_more(vendor: Vendor) -> None:
    for _ in range(23):
        vendor.ask()

    assert vendor.refused == 0
    assert len(vendor.waits) == 4
    assert vendor.now - START <= 4 * 30 + 1


def test_before_the_first_answer_nothing_is_waited_for() -> None:
    vendor = Vendor(1)

    with vendor.quota.one(), vendor.quota.one():
        pass

    assert vendor.waits == []


def test_what_is_under_way_counts_though_no_answer_has_counted_it() -> None:
    vendor = Vendor(5)
    vendor.ask()
    with ExitStack() as under_way:
        told = [under_way.enter_context(vendor.quota.one()) for _ in range(4)]
        with ThreadPoolExecutor() as threads:
            sixth = threads.submit(vendor.ask)
            for each in told:
                each(vendor.answer())
            under_way.close()
            sixth.result(timeout=5)

    assert vendor.refused == 0
    assert len(vendor.waits) == 1


def test_answers_that_overtake_each_other_allow_no_more() -> None:
    vendor = Vendor(3)
    with ExitStack() as under_way:
        first, second, third = (under_way.enter_context(vendor.quota.one()) for _ in range(3))
        answers = [vendor.answer() for _ in range(3)]
        third(answers[2])
        second(answers[1])
        first(answers[0])

    vendor.ask()

    assert vendor.refused == 0


def test_what_others_use_of_the_quota_is_heard_and_left_to_them() -> None:
    vendor = Vendor(5)
    vendor.ask()
    for _ in range(2):
        vendor.answer()  # somebody else's
    vendor.ask()
    vendor.ask()

    vendor.ask()

    assert vendor.refused == 0
    assert len(vendor.waits) == 1


def test_a_request_without_an_answer_counts_as_made() -> None:
    vendor = Vendor(2)
    vendor.ask()
    with pytest.raises(ConnectionError), vendor.quota.one():
        vendor.answer()
        raise ConnectionError

    vendor.ask()

    assert vendor.refused == 0


def test_an_answer_that_tells_of_no_quota_counts_as_made() -> None:
    vendor = Vendor(2)
    vendor.ask()
    with vendor.quota.one() as told:
        vendor.answer()
        told({})

    vendor.ask()

    assert (len(vendor.waits), vendor.refused) == (1, 0)


def test_a_quota_is_understood_with_a_hyphen_more() -> None:
    vendor = Vendor(1)
    with vendor.quota.one() as told:
        answer = vendor.answer()
        told({name.replace("RateLimit", "Rate-Limit"): answer[name] for name in answer})

    vendor.ask()

    assert (len(vendor.waits), vendor.refused) == (1, 0)


def test_a_late_answer_of_a_window_that_is_over_says_nothing_of_this_one() -> None:
    vendor = Vendor(1)
    vendor.now += 29.8
    with vendor.quota.one() as told:
        late = vendor.answer()
        vendor.now += 0.4
        vendor.ask()
        told(late)

    vendor.ask()

    assert (len(vendor.waits), vendor.refused) == (1, 0)


def test_before_a_window_is_given_up_what_is_under_way_is_heard() -> None:
    vendor = Vendor(3)
    with ThreadPoolExecutor() as threads:
        with vendor.quota.one() as told:
            first = vendor.answer()
            vendor.ask()  # its answer leaves one, which the first might take
            third = threads.submit(vendor.ask)
            with pytest.raises(TimeoutError):
                third.result(timeout=0.05)
            told(first)
        third.result(timeout=5)

    assert (vendor.waits, vendor.refused) == ([], 0)


def test_a_vendor_that_tells_nothing_is_asked_as_we_like() -> None:
    vendor = Vendor(1)
    for headers in ({}, {"X-RateLimit-Remaining": "0"}, {"X-RateLimit-Limit": "many"}):
        with vendor.quota.one() as told:
            told(headers)

    assert vendor.waits == []


def left(remaining: int) -> dict[str, str]:
    return {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": str(remaining)}


def tell(vendor: Vendor, *answers: dict[str, str]) -> None:
    for headers in answers:
        with vendor.quota.one() as told:
            told(headers)


def test_who_has_nothing_left_and_does_not_say_until_when_is_left_alone_for_a_second() -> None:
    vendor = Vendor(1)

    tell(vendor, left(1), left(0), left(9), left(8), left(0), left(9))

    assert vendor.waits == [1.0, 1.0]


def test_what_is_left_is_not_exceeded_though_nobody_says_for_how_long() -> None:
    vendor = Vendor(1)
    tell(vendor, left(2))
    with ExitStack() as under_way:
        for told in [under_way.enter_context(vendor.quota.one()) for _ in range(2)]:
            told(left(0))
        with ThreadPoolExecutor() as threads:
            third = threads.submit(tell, vendor, left(9))
            with pytest.raises(TimeoutError):
                third.result(timeout=0.05)
            under_way.close()
            third.result(timeout=5)

    assert vendor.waits == [1.0]


def test_a_late_answer_gives_nothing_back_of_a_second_that_is_used_up() -> None:
    vendor = Vendor(1)
    with vendor.quota.one() as late:
        tell(vendor, left(0))
        late(left(1))
    tell(vendor, left(9))

    assert vendor.waits == [1.0]


def test_a_burst_is_counted_beside_the_hour() -> None:
    vendor = Vendor(1)
    vendor.quota = Quota(vendor.sleep, lambda: vendor.now, name=BURST, window=BURST_SECONDS)
    hour = {**left(2900), "X-RateLimit-Reset": str(int(START) + 3600)}

    for remaining in (1, 0, 199):
        burst = {"X-BurstLimit-Limit": "200", "X-BurstLimit-Remaining": str(remaining)}
        tell(vendor, {**hour, **burst})

    assert vendor.waits == [BURST_SECONDS]


def test_a_quota_of_a_day_is_not_waited_for() -> None:
    vendor = Vendor(1)
    with vendor.quota.one() as told:
        told({**vendor.answer(), "X-RateLimit-Reset": str(int(LONGEST_SECONDS) + 1)})

    vendor.ask()  # and is refused, which says when to come again

    assert vendor.waits == []
