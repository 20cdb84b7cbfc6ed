"""Drive one seeded run of the whole cycle through kills, outages and vendors' faults."""

import random
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from deployments import demo, embedded, report
from deployments.settings import Settings
from deployments.state import State
from tests.chaos import disk, vendors
from tests.chaos.carrier import BOUNDARIES, LOST_COMMIT, Orders
from tests.chaos.carriers import Carrier
from tests.chaos.disturbances import FROM_OUTSIDE, FULL_DISK, SLEEPER, Scene
from tests.chaos.vendors import Vendors

FINISHED, KILLED = "finished", "carrier killed "
GAVE_UP = "carrier gave up, and was started again"
AT_RANDOM = "at a random instant"
DEATHS = (*BOUNDARIES, AT_RANDOM)
NOTHING_ELSE = ""
DISTURBANCES = (*FROM_OUTSIDE, LOST_COMMIT, NOTHING_ELSE)
# How often a boundary is passed in one undisturbed run: (at least, for each applicant).
PASSINGS = {"before the intent": (80, 0.0), "after sending": (60, 1.5), LOST_COMMIT: (1500, 10.0)}
PASSED_OFTEN = (100, 8.0)
CARRIER_SECONDS = 900
STARTS_A_KILL = 4
# Who finds the receiver away comes back at once and not an hour later, which is the next day to us.
PATIENCE_SECONDS = 60.0
SHORT_SECONDS = 3.0


@dataclass(frozen=True)
class Plan:
    """How hard a run is disturbed.

    `kills`: of the carrying process, in all; `disturbances`: what is done beside them, in turns;
    `long_seconds`: how long the first outage and the first sleep last, on the wall clock;
    `webhooks`: the share of them that misbehaves; `systems`: as in the demo's plan.
    """

    seed: int = 7
    applicants: int = 44
    kills: int = 0
    fault_rate: float = 0.0
    disturbances: tuple[str, ...] = DISTURBANCES
    long_seconds: float = SHORT_SECONDS
    webhooks: float = 0.0
    systems: Mapping[str, str] = field(default_factory=dict)

    @property
    def of_the_demo(self) -> demo.Plan:
        return demo.Plan(
            self.seed,
            self.applicants,
            self.fault_rate,
            webhooks=self.webhooks,
            patience=PATIENCE_SECONDS,
            systems=self.systems,
        )


@dataclass
class Outcome:
    """What a finished run leaves: its system still up, and what was done to it.

    `recovery`: the most sweeps that were begun at one instant until one of them was complete.
    """

    state: State
    plan: Plan
    injected: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    sweeps: int = 0
    recovery: int = 0

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.state.settings.database_url or "", demo.CLIENT)

    @property
    def kills(self) -> int:
        """How many processes were killed, of whatever kind."""
        return sum(times for what, times in self.injected.items() if "killed" in what)

    @cached_property
    def vendors(self) -> Vendors:
        """What the vendors say of it."""
        return vendors.read(self.state.sandbox_url)

    def pages(self) -> set[str]:
        """The references of the postings whose pages lie ready for Google."""
        folder = self.state.settings.home / "documents" / "jobs" / demo.CLIENT
        return {page.stem for page in folder.glob("*.html")}

    def status(self) -> dict[str, Any]:
        return report.status_json(self.ledger, Scope(demo.CLIENT))


class _Run:
    """One run under way: what is still to be done to it, and what was done."""

    def __init__(self, home: Path, plan: Plan, told: Callable[[str], None]) -> None:
        self.home, self.plan, self.told = home, plan, told
        self.dice = random.Random(plan.seed)
        self.deaths = [DEATHS[number % len(DEATHS)] for number in range(plan.kills)]
        self.turns: list[str] = []
        self.injected: Counter[str] = Counter()
        self.sweeps = self.recovery = 0
        self.sleeper: Carrier | None = None
        self.before = NOTHING_ELSE

    def start(self) -> bool:
        """Let one carrier work until its end; True if that is the end of all."""
        death = self.deaths[0] if self.deaths else ""
        extra = self._whose_turn() if death else NOTHING_ELSE
        carrier = Carrier(self.home, self._orders(death, extra))
        self._wake_the_sleeper(carrier)
        disturbed = bool(death) and self._disturb(carrier, extra)
        if disturbed:
            self.turns.pop()
        if self.sleeper:
            return False
        ended = self._end_of(carrier, death, extra)
        self.before = extra
        self.sweeps += carrier.completed()
        self.recovery = max(self.recovery, carrier.recovery())
        if ended != FINISHED:
            self.injected[ended] += 1
        if ended == KILLED + death and disturbed:  # else too soon: both are due again
            self.deaths.pop(0)
        self.told(f"{ended}; {extra or 'nothing else'}; {self.sweeps} sweeps")
        return ended == FINISHED

    def _whose_turn(self) -> str:
        """Every disturbance equally often, in the seed's order; one that failed comes again."""
        if not self.turns:
            impossible = set() if disk.can_be_full(self.home) else {FULL_DISK}
            possible = [name for name in self.plan.disturbances if name not in impossible]
            self.turns = self.dice.sample(possible, len(possible))
            for name in impossible & {*self.plan.disturbances}:
                self.told(f"not possible here: {name}")
        return self.turns[-1]

    def _orders(self, death: str, extra: str) -> Orders:
        lost = self.dice.randint(1, self._often(LOST_COMMIT))
        return Orders(
            self.plan.of_the_demo,
            boundary=death,
            passing=self.dice.randint(1, self._often(death)),
            lost_commit=lost if extra == LOST_COMMIT else 0,
        )

    def _often(self, boundary: str) -> int:
        """The highest passing to die at, so that all kills are spread over the whole run."""
        at_least, each = PASSINGS.get(boundary, PASSED_OFTEN)
        passings = at_least + each * self.plan.applicants
        return max(2, int(0.65 * passings / max(self.plan.kills, 1)))

    def _wake_the_sleeper(self, successor: Carrier) -> None:
        """Wake it up, once another has done its work for a while; it must find its end."""
        if self.sleeper:
            successor.has_swept(2)
            self.sleeper.gets(signal.SIGCONT)
            self.sleeper.ends(CARRIER_SECONDS)
            self.sleeper = None

    def _disturb(self, carrier: Carrier, extra: str) -> bool:
        """Do from outside what is due, in the middle of a sweep; False: the carrier died before."""
        if extra in FROM_OUTSIDE:
            carrier.is_sweeping()
            carrier.works_for(self.dice.uniform(0, 1))
            if not carrier.lives:
                return False
            long = self.plan.long_seconds if not self.injected[extra] else SHORT_SECONDS
            rival = Orders(self.plan.of_the_demo, rival=True)
            FROM_OUTSIDE[extra](Scene(self.home, carrier, self.dice, rival, long))
            self.sleeper = carrier if extra == SLEEPER else None
        if extra:
            self.injected[extra] += 1
        return True

    def _end_of(self, carrier: Carrier, death: str, extra: str) -> str:
        """Let a carrier work to its end, and say what end that was."""
        if death == AT_RANDOM:
            carrier.works_for(self.dice.uniform(1, 6))
            carrier.gets(signal.SIGKILL)
        code = carrier.ends(CARRIER_SECONDS)
        if code == 0:
            return FINISHED
        if code == -signal.SIGKILL:
            return KILLED + death
        # What was done to the last one may last: its database may only be starting again.
        assert extra or self.before, f"the carrier failed ({code}):\n{carrier.trouble()}"
        return GAVE_UP


def run(home: Path, plan: Plan, told: Callable[[str], None] = lambda _: None) -> Outcome:
    """Carry a whole cycle to its end, however often it is disturbed on the way."""
    under_way = _Run(home, plan, told)
    for start in range(1, STARTS_A_KILL * plan.kills + 10):
        if under_way.start():
            state = embedded.state(Settings(home=home))
            assert state is not None
            return Outcome(
                state, plan, under_way.injected, start, under_way.sweeps, under_way.recovery
            )
    raise AssertionError("it does not come to an end")
