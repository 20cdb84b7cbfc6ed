"""The sandbox's simulated world: its clock, its dice, and what is going to happen when.

Everything is a function of the seed and of names, never of the order in which requests arrive,
so that two runs of one seed, one of them interrupted, see the same vendors and the same people.
"""

import hashlib
import heapq
import random
from collections.abc import Callable
from datetime import datetime


class World:
    """One simulated world. `now` moves only through `advance`.

    `replaying`: the world is being restored from a journal, and nothing may leave it; `on_tick`
    is told every new `now`.
    """

    def __init__(self, seed: int, now: datetime) -> None:
        self.seed, self.now = seed, now
        self.replaying = False
        self.on_tick: Callable[[datetime], None] = lambda _: None
        self._events: list[tuple[datetime, str, Callable[[], None]]] = []
        self._names: set[str] = set()

    def dice(self, *name: object) -> random.Random:
        """Dice that always fall alike for the same name."""
        return random.Random(self.digest(*name))

    def digest(self, *name: object) -> str:
        """64 hex digits that depend on the seed and the name alone."""
        text = "\x1f".join([str(self.seed), *(str(part) for part in name)])
        return hashlib.sha256(text.encode()).hexdigest()

    def uuid(self, *name: object) -> str:
        """A UUID-shaped id for a name."""
        d = self.digest(*name)
        return f"{d[:8]}-{d[8:12]}-4{d[13:16]}-8{d[17:20]}-{d[20:32]}"

    def plan(self, at: datetime, name: str, act: Callable[[], None]) -> None:
        """Let something happen at an instant, once per name; what is overdue happens next."""
        if name not in self._names:
            self._names.add(name)
            heapq.heappush(self._events, (max(at, self.now), name, act))

    def next_event_at(self) -> datetime | None:
        """When the next planned thing happens."""
        return self._events[0][0] if self._events else None

    def advance(self, to: datetime) -> int:
        """Move the clock forward, letting everything due happen in order; returns how much did."""
        happened = 0
        while self._events and self._events[0][0] <= to:
            at, _, act = heapq.heappop(self._events)
            self._tick(at)
            act()
            happened += 1
        self._tick(to)
        return happened

    def _tick(self, at: datetime) -> None:
        self.now = max(self.now, at)
        self.on_tick(self.now)
