"""A vendor that is down is left alone, costs nobody a try, and gets everything once it is back."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from connectors.errors import ConnectorError, Misconfigured, OutcomeUnknown, Refused, Unavailable
from connectors.ledger import breaker, effects, hold
from connectors.ledger.breaker import FAILURES, FIRST_PAUSE, READS, WRITES
from connectors.ledger.decisions import Decisions, Subject
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.records import Page, Receipt, Request, SendMessage
from tasks import desk as desks
from tasks import enter
from tasks.deliver import CONCURRENT, QUICK_ATTEMPTS, carry_out
from tasks.desk import Desk
from tasks.observe import observe
from tasks.process import Process

AS_OF = datetime(2026, 11, 23, 9, tzinfo=UTC)
SWEEP = timedelta(minutes=15)
MESSAGE = SendMessage(
    to_name="Ann", to_email="ann@mail.example", subject="Hello", body="Hello", template="care"
)
WRONG: dict[str, type[ConnectorError]] = {
    "down": Unavailable,
    "dropped": OutcomeUnknown,
    "lost": OutcomeUnknown,
    "denied": Misconfigured,
    "no": Refused,
}
NUMBERS = count(1)


@dataclass
class Vendor:
    """A vendor that does as it is told: what comes next, else `usual`; and what is poison to it.

    `unstorable`: what it gives an id that no database of ours takes.
    """

    usual: str = "works"
    next: deque[str] = field(default_factory=deque)
    poison: set[str] = field(default_factory=set)
    unstorable: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    received: Counter[str] = field(default_factory=Counter)
    resources: tuple[str, ...] = ("applications",)
    _one: threading.Lock = field(default_factory=threading.Lock)

    def send(self, request: SendMessage, key: str) -> Receipt:
        with self._one:
            self.calls.append(f"send {key}")
            how = "down" if key in self.poison else self._how()
            if how in {"works", "lost"}:
                self.received[key] += 1
        if how != "works":
            raise WRONG[how]("smtp", how)
        return self._receipt(key)

    def find(self, request: Request, key: str) -> Receipt | None:
        with self._one:
            self.calls.append(f"find {key}")
            if self._how() != "works":
                raise Unavailable("smtp", "down")
            return self._receipt(key) if self.received[key] else None

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        self.calls.append("read")
        if self.usual != "works":
            raise WRONG[self.usual]("smtp", self.usual)
        yield Page(records=(), cursor=None)

    def _receipt(self, key: str) -> Receipt:
        return Receipt(external_id=f"{key}\x00" if key in self.unstorable else key)

    def _how(self) -> str:
        return self.next.popleft() if self.next else self.usual


@dataclass
class Office:
    """A client's desk with two vendors, and what was asked of them."""

    desk: Desk
    smtp: Vendor
    other: Vendor

    @property
    def ledger(self) -> Ledger:
        return self.desk.ledger

    def ask(self, count: int, system: str = "smtp", about: str = "a") -> list[str]:
        """Ask for messages to so many people; returns the effects' keys."""
        decisions = Decisions()
        for number in range(count):
            someone = Subject(
                subject_kind="application",
                id=number,
                key=f"HARBOR-1.{number}",
                stage="screening",
                state="entered",
                since=AS_OF,
                ready_for=None,
                seq=0,
                head_hash="",
            )
            decisions.effect(someone, system, "message.send", MESSAGE, f"{system}{about}")
        self.ledger.apply(decisions, AS_OF)
        return [effect.key for effect in decisions.effects]

    def sweep(self, at: datetime) -> int:
        """Settle and deliver; returns how many calls the vendor got."""
        before = len(self.smtp.calls)
        scope = Scope(self.desk.client)
        carry_out(self.desk, scope, at, unsettled_only=True)
        carry_out(self.desk, scope, at)
        return len(self.smtp.calls) - before

    def states(self) -> Counter[str]:
        with self.ledger.transaction() as connection:
            return Counter(connection.execute(text("SELECT state FROM effect")).scalars())

    def stands_still(self) -> bool:
        with self.ledger.transaction() as connection:
            return bool(breaker.standing(connection, self.desk.client))


@pytest.fixture
def open_office(ledger: Ledger, process: Process) -> Callable[[], Office]:
    """An office of a client nobody else has, each time."""

    def make() -> Office:
        client = f"{process.client}_{next(NUMBERS)}"
        smtp, other = Vendor(), Vendor()
        mine = process.model_copy(update={"client": client})
        systems: Any = {"smtp": smtp, "other": other}
        links, store = Links("https://forms.example", "secret"), systems
        desk = Desk(mine, Ledger(ledger.url, client), links, systems, store, settling_seconds=0)
        return Office(desk, smtp, other)

    return make


@pytest.fixture
def office(open_office: Callable[[], Office]) -> Office:
    return open_office()


def test_a_vendor_that_is_down_is_left_alone_and_its_effects_stay_due(office: Office) -> None:
    office.ask(60)
    office.smtp.usual = "down"

    calls = office.sweep(AS_OF)

    assert FAILURES[WRITES] <= calls < FAILURES[WRITES] + CONCURRENT
    assert office.states() == {"due": 60}
    assert office.sweep(AS_OF + FIRST_PAUSE / 2) == 0
    assert office.sweep(AS_OF + FIRST_PAUSE) == 1
    assert office.sweep(AS_OF + FIRST_PAUSE) == 0


def test_after_a_day_of_outage_everything_is_sent_once_and_nothing_is_dead(office: Office) -> None:
    asked = office.ask(60)
    office.smtp.usual = "down"
    calls = sum(office.sweep(AS_OF + n * SWEEP) for n in range(96))
    assert calls < 40
    assert office.states() == {"due": 60}

    office.smtp.usual = "works"
    for n in range(96, 105):
        office.sweep(AS_OF + n * SWEEP)

    assert office.states() == {"done": 60}
    assert office.smtp.received == Counter(asked)
    assert not office.stands_still()


def test_other_vendors_go_on(office: Office) -> None:
    office.ask(30)
    office.ask(30, "other")
    office.smtp.usual = "down"

    office.sweep(AS_OF)

    assert office.states() == {"due": 30, "done": 30}


def test_one_effect_that_always_fails_among_others_that_do_not_opens_nothing(
    office: Office,
) -> None:
    office.smtp.poison = {office.ask(1)[0]}
    for n in range(40):
        office.ask(2, about=f"b{n}")
        office.sweep(AS_OF + n * SWEEP)
        assert not office.stands_still()

    assert office.states() == {"dead": 1, "done": 80}


def test_one_that_always_fails_alone_keeps_no_other_from_the_trial(office: Office) -> None:
    office.smtp.poison = {office.ask(1)[0]}
    for n in range(20):
        office.sweep(AS_OF + n * SWEEP)
    assert office.stands_still()

    office.ask(30, about="b")
    for n in range(20, 60):
        office.sweep(AS_OF + n * SWEEP)

    assert office.states() == {"dead": 1, "done": 30}
    assert not office.stands_still()


def test_refusals_are_no_failures_of_the_vendor(office: Office) -> None:
    office.ask(60)
    office.smtp.usual = "no"

    office.sweep(AS_OF)

    assert office.states() == {"dead": 60}
    assert not office.stands_still()


def test_a_key_that_is_withdrawn_does_not_bury_what_was_due(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = office.ask(60)
    office.smtp.usual = "denied"
    office.sweep(AS_OF)
    assert office.states() == {"due": 60}

    office.smtp.usual = "works"
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", office.ledger.url)
    monkeypatch.setenv("FULLCYCLE_SECRET", "secret")
    enter.resume(office.desk.client, "", "smtp", "ops", "new key", AS_OF)
    office.sweep(AS_OF)

    assert office.states() == {"done": 60}
    assert office.smtp.received == Counter(asked)
    with pytest.raises(Refused, match="vendor smtp is not held"):
        enter.resume(office.desk.client, "", "smtp", "ops", "again", AS_OF)


@pytest.mark.parametrize("failures", [1, QUICK_ATTEMPTS])
def test_nothing_overtakes_what_was_asked_about_the_same_person_before(
    office: Office, failures: int
) -> None:
    first, second = office.ask(1)[0], office.ask(1, about="b")[0]
    office.smtp.next.extend(["down"] * failures)

    for n in range(3):
        office.sweep(AS_OF + n * SWEEP)

    sent = [f"send {first}"] * (failures + 1) + [f"send {second}"]
    assert office.smtp.calls == sent
    assert office.states() == {"done": 2}


def test_what_we_ourselves_cannot_carry_out_stops_no_other_and_ends_with_a_person(
    office: Office,
) -> None:
    poison = office.ask(1)[0]
    with office.ledger.transaction() as connection:
        connection.execute(text("UPDATE effect SET request = '{}'"))
    office.ask(3, about="b")

    for n in range(40):
        office.sweep(AS_OF + n * SWEEP)

    assert office.states() == {"parked": 1, "done": 3}
    assert office.smtp.received[poison] == 0


def test_an_id_that_cannot_be_kept_stops_no_other_and_is_sent_once(office: Office) -> None:
    odd = office.ask(1)[0]
    office.smtp.unstorable = {odd}
    office.ask(3, about="b")

    for n in range(40):
        office.sweep(AS_OF + n * SWEEP)

    assert office.states() == {"parked": 1, "done": 3}
    assert office.smtp.received[odd] == 1


def test_answers_lost_in_an_outage_are_looked_up_and_not_sent_again(office: Office) -> None:
    asked = office.ask(30)
    office.smtp.next.extend(["lost"] * 5)
    office.smtp.usual = "down"
    office.sweep(AS_OF)
    assert office.stands_still()
    assert office.states()["sending"] == 5

    office.smtp.usual = "works"
    office.sweep(AS_OF + FIRST_PAUSE)

    assert office.states() == {"done": 30}
    assert office.smtp.received == Counter(asked)


def test_a_persons_hold_stays_when_the_vendor_works_again(office: Office) -> None:
    office.ask(30)
    office.smtp.usual = "down"
    office.sweep(AS_OF)
    with office.ledger.transaction() as connection:
        hold.place(connection, office.desk.client, "ops", "prices", AS_OF, system="smtp")
    office.smtp.usual = "works"

    assert office.sweep(AS_OF + timedelta(days=1)) == 0
    assert office.states() == {"due": 30}


def test_reading_stands_still_after_sweeps_that_failed_and_is_tried_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = Scope(office.desk.client)
    monkeypatch.setitem(desks._open, scope.client, office.desk)
    office.smtp.usual = "down"
    at = AS_OF
    for _ in range(FAILURES[READS]):
        at += SWEEP
        with pytest.raises(Unavailable):
            observe.fn("smtp", scope, at)

    with office.ledger.transaction() as connection:
        assert breaker.untrusted(connection, scope.client, READS, at) == {"smtp"}
        assert breaker.untrusted(connection, scope.client, READS, at + FIRST_PAUSE) == set()
    office.smtp.usual = "works"
    observe.fn("smtp", scope, at + FIRST_PAUSE)
    assert not office.stands_still()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    outcomes=st.lists(
        st.sampled_from(["works", "down", "down", "dropped", "lost", "denied"]), max_size=90
    ),
    outage=st.integers(0, 12),
    people=st.integers(1, 25),
)
def test_whatever_fails_nothing_is_lost_and_nothing_is_sent_twice(
    open_office: Callable[[], Office], outcomes: list[str], outage: int, people: int
) -> None:
    office = open_office()
    asked = office.ask(people)
    office.smtp.next.extend(outcomes)
    at = AS_OF
    for sweeps in range(300):
        office.smtp.usual = "down" if sweeps < outage else "works"
        office.sweep(at)
        if office.states() == {"done": people}:
            break
        with office.ledger.transaction() as connection:
            for key in asked:
                effects.close_by_hand(
                    connection, office.desk.client, key, "due", "ops", "again", AS_OF
                )
        at += 4 * SWEEP

    assert office.states() == {"done": people}
    assert office.smtp.received == Counter(asked)
