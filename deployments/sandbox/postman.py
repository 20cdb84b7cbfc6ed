"""Post the vendors' webhooks, well behaved or as badly as vendors and strangers do.

A stand-in tells what happened; the event is written and signed at once and posted in the
background, so that neither the vendor's answer nor the world's clock waits for it. What becomes of
an event is a function of the seed and the event. Nothing here survives a restart of the sandbox:
what was not yet delivered never comes, which we must be able to bear.
"""

import heapq
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random
from threading import Condition, Thread
from typing import Any

from deployments.sandbox.envelopes import Envelope, Event, sealed
from deployments.sandbox.outgoing import NO_ANSWER, Post, post
from deployments.sandbox.world import World

CLIENT = "harbor"  # whose vendors the stand-ins are
WELL = "well"
# How each manner is to be answered; `never` is not sent, and the spoiled ones are sent well later.
EXPECTED: Mapping[str, set[int]] = {
    WELL: {200},
    "twice": {200},
    "late": {200},
    "shuffled": {200},
    "replayed": {200, 403},
    "forged": {401},
    "truncated": {400, 401},
    "too large": {413},
    "never": set(),
}
MANNERS = tuple(EXPECTED)[1:]
SPOILED = {"forged", "truncated", "too large"}  # nobody sends these again
TOO_LARGE = 10 * 1024 * 1024
LATE, SHUFFLED = 20, 6  # how many later events may be posted first
REPLAYED_HOURS = (1, 12 * 24)
MOST = 1000  # posts that wait; more are dropped
ATTEMPTS, PAUSE_SECONDS = 120, 0.5
PATIENCE = timedelta(days=3)  # of the world's; then a vendor gives up
IDLE_SECONDS = 0.3  # after which nothing later is to be expected


@dataclass(frozen=True, slots=True, order=True)
class _Waiting:
    """A post, due when so many events have been told."""

    due: int
    number: int
    vendor: str = field(compare=False)
    manner: str = field(compare=False)
    envelope: Envelope = field(compare=False)
    at: datetime = field(compare=False)


class Postman:
    """Brings what the vendors tell to `address`/VENDOR, a share of it in one of the `manners`."""

    def __init__(
        self,
        world: World,
        address: str,
        share: float = 0.0,
        manners: Sequence[str] = MANNERS,
        post: Post = post,
    ) -> None:
        self._world, self._share, self._manners, self._post = world, share, manners, post
        self._address = address
        self._changed = Condition()
        self._waiting: list[_Waiting] = []
        self._replays: list[tuple[datetime, str, Envelope]] = []
        self._told, self._numbers = 0, count()
        self._posting = self._stopped = False
        self._answers: dict[str, dict[str, Counter[str]]] = defaultdict(
            lambda: defaultdict(Counter)
        )

    def start(self) -> None:
        """Begin to post."""
        Thread(target=self._work, daemon=True).start()

    def stop(self) -> None:
        """Post nothing any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def settle(self, seconds: float) -> bool:
        """Wait until everything is posted; false if that takes longer."""
        with self._changed:
            return self._changed.wait_for(self._has_nothing_left, seconds)

    def tell(self, vendor: str, secret: str, kind: str, about: Mapping[str, Any]) -> None:
        """Take up what has just happened at a vendor, unless it is only being remembered."""
        if self._world.replaying:
            return
        at = self._world.now
        id = self._world.digest("webhook", vendor, kind, at.isoformat(), json.dumps(about))
        event = Event(vendor, kind, about, id, at, f"{self._address}/{vendor}")
        dice = self._world.dice("webhook", id)
        manner = dice.choice(self._manners) if dice.random() < self._share else WELL
        with self._changed:
            self._told += 1
            for due, manner_of_post, envelope in _posts(event, secret, manner, dice):
                self._enqueue(self._told + due, vendor, manner_of_post, envelope, at)
            if manner == "never":
                self._answers[vendor][manner]["not sent"] += 1
            if manner == "replayed":
                again = at + timedelta(hours=dice.randint(*REPLAYED_HOURS))
                self._replays.append((again, vendor, sealed(event, secret)))
            self._replay()
            self._changed.notify_all()

    def record(self) -> dict[str, Any]:
        """What was posted since the start, by vendor, manner and answer.

        `unexpected` are the answers a manner must not get: a forged event taken, any 5xx.
        """
        with self._changed:
            answers = {
                vendor: {manner: dict(sorted(found.items())) for manner, found in manners.items()}
                for vendor, manners in sorted(self._answers.items())
            }
            waiting = len(self._waiting) + self._posting
        unexpected = {
            f"{vendor} {manner} {answer}": times
            for vendor, manners in answers.items()
            for manner, found in manners.items()
            for answer, times in found.items()
            if answer.isdecimal() and int(answer) not in EXPECTED[manner]
        }
        return {"answers": answers, "unexpected": unexpected, "waiting": waiting}

    def _enqueue(
        self, due: int, vendor: str, manner: str, envelope: Envelope, at: datetime
    ) -> None:
        if len(self._waiting) < MOST:
            waiting = _Waiting(due, next(self._numbers), vendor, manner, envelope, at)
            heapq.heappush(self._waiting, waiting)
        else:
            self._answers[vendor][manner]["dropped"] += 1

    def _replay(self) -> None:
        """Post again what somebody has recorded hours or days ago."""
        due = [replay for replay in self._replays if replay[0] <= self._world.now]
        for replay in due:
            self._replays.remove(replay)
            at, vendor, envelope = replay
            self._enqueue(self._told, vendor, "replayed", envelope, at)

    def _has_nothing_left(self) -> bool:
        return not self._waiting and not self._posting

    def _work(self) -> None:
        while waiting := self._next():
            self._deliver(waiting)
            with self._changed:
                self._posting = False
                self._changed.notify_all()

    def _next(self) -> _Waiting | None:
        with self._changed:
            while not self._stopped:
                if not self._waiting:
                    self._changed.wait()
                elif self._waiting[0].due <= self._told:
                    self._posting = True
                    return heapq.heappop(self._waiting)
                elif not self._changed.wait(IDLE_SECONDS):
                    self._told = max(waiting.due for waiting in self._waiting)
        return None

    def _deliver(self, waiting: _Waiting) -> None:
        """Post, again and again if the receiver is away; the others wait meanwhile."""
        url = f"{self._address}/{waiting.vendor}"
        for _ in range(ATTEMPTS):
            status = self._post(url, waiting.envelope.body, waiting.envelope.headers)
            with self._changed:
                answer = "no answer" if status == NO_ANSWER else str(status)
                self._answers[waiting.vendor][waiting.manner][answer] += 1
                if not self._is_to_be_repeated(waiting, status):
                    return
                self._changed.wait_for(lambda: self._stopped, PAUSE_SECONDS)
                if self._stopped or self._world.now - waiting.at > PATIENCE:
                    break
        with self._changed:
            self._answers[waiting.vendor][waiting.manner]["given up"] += 1

    def _is_to_be_repeated(self, waiting: _Waiting, status: int) -> bool:
        away = status in (NO_ANSWER, 429) or status >= 500
        return away and waiting.manner not in SPOILED


Posts = list[tuple[int, str, Envelope]]


def _posts(event: Event, secret: str, manner: str, dice: Random) -> Posts:
    """What is posted for an event: after how many later ones, in what manner, and what it is."""
    true = sealed(event, secret)
    well = (0, WELL, true)
    match manner:
        case "never":
            return []
        case "twice":
            return [(0, manner, true), (dice.randint(0, SHUFFLED), manner, true)]
        case "late":
            return [(LATE, manner, true)]
        case "shuffled":
            return [(dice.randint(0, SHUFFLED), manner, true)]
        case "forged":
            return [(0, manner, sealed(event, f"not {secret}")), well]
        case "truncated":
            half = true.body[: len(true.body) // 2]
            return [(0, manner, Envelope(half, true.headers)), well]
        case "too large":
            return [(0, manner, Envelope(true.body + b" " * TOO_LARGE, true.headers)), well]
    return [well]
