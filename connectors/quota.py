"""Stay below a vendor's quota by its own count, so that it never has to refuse anything.

A vendor that tells with each answer how many requests are left (`X-RateLimit-Remaining`) of how
many (`X-RateLimit-Limit`), and when it counts anew (`X-RateLimit-Reset`), is asked no more than
that, whoever else asks it. What is under way it may not have counted yet, so that is taken off;
before we wait for the next window we hear it, so that none of this one is left unused. Some write
`X-Rate-Limit-…`; one that does not tell when it counts anew is waited for as long as its window is.
A vendor may count bursts beside that (`X-BurstLimit-…`).
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime

UNTOLD_SECONDS = 1.0  # the window of who tells no reset: SmartRecruiters counts by the second
BURST, BURST_SECONDS = "BurstLimit", 30.0  # DocuSign's, which tells no reset either
LONGEST_SECONDS = 61.0  # a quota of a minute is waited for; one of a day is not
SAME_SECONDS = 1.0  # resets that are told of one window differ by less
CLOCKS_AGREE_SECONDS = 1.5  # `Date` has no fractions
AN_INSTANT = 1_000_000_000.0  # so many seconds name an instant, not a time to wait

Told = Callable[[Mapping[str, str]], None]


def of_quota(headers: Mapping[str, str], name: str, quota: str = "RateLimit") -> str:
    """What the headers tell of a quota by this name, however they write it; "" if nothing."""
    hyphened = quota.replace("Limit", "-Limit")
    return headers.get(f"X-{quota}-{name}") or headers.get(f"X-{hyphened}-{name}") or ""


class Quota:
    """One account's quota, shared by the threads of this process.

    `name`: as its headers have it; `window`: its seconds, where no reset is told.
    `now` and `sleep` are injected so that tests never wait.
    """

    def __init__(
        self,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
        *,
        name: str = "RateLimit",
        window: float = UNTOLD_SECONDS,
    ) -> None:
        self._sleep, self._now, self._changed = sleep, now, threading.Condition()
        self._name, self._window = name, window
        self._limit = self._under_way = 0
        self._remaining: int | None = None  # None: nothing was ever told
        self._reset = 0.0

    @contextmanager
    def one(self) -> Iterator[Told]:
        """Wait until one more request is allowed; yields what is to be told the answer's headers.

        One that brings no answer counts as made, and so does one whose answer tells of no quota.
        """
        with self._changed:
            while self._remaining is not None and self._remaining <= self._under_way:
                self._wait()
            self._under_way += 1
        answers: list[Mapping[str, str]] = []
        try:
            yield answers.append
        finally:
            with self._changed:
                self._under_way -= 1
                if not (answers and self._hear(answers[0])) and self._remaining is not None:
                    self._remaining -= 1
                self._changed.notify_all()

    def _hear(self, headers: Mapping[str, str]) -> bool:
        """Take in what an answer tells; False: it tells of no quota."""
        told, limit, remaining = (
            of_quota(headers, name, self._name) for name in ("Reset", "Limit", "Remaining")
        )
        try:
            if not told:
                self._hear_untold(int(limit), int(remaining))
                return True
            reset = self._by_our_clock(float(told), headers.get("Date", ""))
            self._hear_told(int(limit), int(remaining), reset)
        except ValueError:
            return False
        return True

    def _hear_untold(self, limit: int, remaining: int) -> None:
        """Nobody knows when a window ends: only one that is used up is kept, for its length."""
        now = self._now()
        if now < self._reset and self._remaining is not None:
            remaining = min(remaining, self._remaining)  # a late answer
        if remaining < 1:
            self._reset = max(self._reset, now + self._window)
        self._limit, self._remaining = limit, remaining

    def _hear_told(self, limit: int, remaining: int, reset: float) -> None:
        if reset < self._reset - SAME_SECONDS:
            return  # a late answer, of a window that is over
        if self._remaining is not None and reset < self._reset + SAME_SECONDS:
            remaining = min(remaining, self._remaining)  # answers overtake each other
        self._limit, self._remaining, self._reset = limit, remaining, reset

    def _wait(self) -> None:
        if self._under_way:
            self._changed.wait()
            return
        pause = self._reset - self._now()
        if 0 < pause <= LONGEST_SECONDS:
            self._sleep(pause)  # nothing is under way: whom this keeps waiting would have to wait
        self._remaining = max(self._limit, 1)

    def _by_our_clock(self, reset: float, date: str) -> float:
        now = self._now()
        if reset < AN_INSTANT:
            return now + reset
        try:
            ahead = parsedate_to_datetime(date).timestamp() - now
        except ValueError:
            return reset
        return reset if abs(ahead) < CLOCKS_AGREE_SECONDS else reset - ahead
