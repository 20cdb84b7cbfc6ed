"""Stay below a vendor's quota by its own count, so that it never has to refuse anything.

A vendor that tells with each answer how many requests are left (`X-RateLimit-Remaining`) of how
many (`X-RateLimit-Limit`), and when it counts anew (`X-RateLimit-Reset`), is asked no more than
that. What is under way it may not have counted yet, so that is taken off.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime

LONGEST_SECONDS = 61.0  # a quota of a minute is waited for; one of a day is not
CLOCKS_AGREE_SECONDS = 1.5  # `Date` has no fractions
AN_INSTANT = 1_000_000_000.0  # so many seconds name an instant, not a time to wait


class Quota:
    """One account's quota, shared by the threads of this process.

    `now` and `sleep` are injected so that tests never wait.
    """

    def __init__(
        self,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._sleep, self._now, self._changed = sleep, now, threading.Condition()
        self._limit = self._under_way = 0
        self._left: int | None = None  # None: nothing was ever told
        self._reset = 0.0
        self._is_told = False  # whether an answer has told of the window that we are in

    @contextmanager
    def one(self) -> Iterator[None]:
        """Wait until one more request is allowed, and count it as under way meanwhile."""
        with self._changed:
            while self._left is not None and self._left <= 0:
                self._wait()
            if self._left is not None:
                self._left -= 1
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def told(self, headers: Mapping[str, str]) -> None:
        """Hear what the answer to a request says that is under way."""
        try:
            limit = int(headers["X-RateLimit-Limit"])
            left = int(headers["X-RateLimit-Remaining"])
            reset = float(headers["X-RateLimit-Reset"])
        except (KeyError, ValueError):
            return
        with self._changed:
            left -= self._under_way - 1
            reset = self._by_our_clock(reset, headers.get("Date", ""))
            if self._is_told and self._left is not None and abs(reset - self._reset) < 1:
                left = min(left, self._left)
            self._limit, self._left, self._reset, self._is_told = limit, left, reset, True
            self._changed.notify_all()

    def _wait(self) -> None:
        if not self._is_told and self._under_way:
            self._changed.wait()
            return
        pause = self._reset - self._now()
        if 0 < pause <= LONGEST_SECONDS:
            self._sleep(pause)
        self._left, self._is_told = max(self._limit, 1), False

    def _by_our_clock(self, reset: float, date: str) -> float:
        now = self._now()
        if reset < AN_INSTANT:
            return now + reset
        try:
            ahead = parsedate_to_datetime(date).timestamp() - now
        except ValueError:
            return reset
        return reset if abs(ahead) < CLOCKS_AGREE_SECONDS else reset - ahead
