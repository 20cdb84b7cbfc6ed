"""What delivering costs, counted in commits and statements; and nobody waits who need not."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic, sleep

import pytest
from sqlalchemy import Engine, event, text

from connectors.errors import LedgerUnavailable
from connectors.health import Check
from connectors.ledger import effects, hold
from connectors.ledger.decisions import Decisions, Subject
from connectors.ledger.effects import Claimed
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.ledger.together import Together
from connectors.records import Page, Receipt, Request, SendMessage
from tasks import deliver
from tasks.deliver import AT_ONCE, BATCH, carry_out
from tasks.desk import Desk
from tasks.process import Process
from tests.carrying import desk_with

AS_OF = datetime(2026, 11, 23, 9, tzinfo=UTC)
MESSAGE = SendMessage(
    to_name="Ann", to_email="ann@mail.example", subject="Hello", body="Hello", template="care"
)
SECONDS = 30  # until something that never happens is given up


@dataclass
class Vendor:
    """A messenger that answers when `open` is set; it knows how many are with it, and were."""

    open: threading.Event = field(default_factory=threading.Event)
    received: Counter[str] = field(default_factory=Counter)
    inside: int = 0
    most: int = 0
    resources: tuple[str, ...] = ()
    _one: threading.Lock = field(default_factory=threading.Lock)

    def check(self) -> Iterator[Check]:
        return iter(())

    def find(self, request: Request, key: str) -> Receipt | None:
        raise AssertionError("nothing was lost")

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        return iter(())

    def send(self, request: SendMessage, key: str) -> Receipt:
        with self._one:
            self.received[key] += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
        assert self.open.wait(SECONDS)
        with self._one:
            self.inside -= 1
        return Receipt(external_id=key)


@dataclass
class Office:
    """A desk with a slow vendor and a quick one, and what is asked of them."""

    desk: Desk
    slow: Vendor
    quick: Vendor

    def ask(self, people: int, system: str) -> list[str]:
        """Ask for a message to each of so many people; returns the effects' keys."""
        decisions = Decisions()
        for number in range(people):
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
            decisions.effect(someone, system, "message.send", MESSAGE, system)
        self.desk.ledger.apply(decisions, AS_OF)
        return [effect.key for effect in decisions.effects]

    def carry_out(self) -> Counter[str]:
        return carry_out(self.desk, Scope(self.desk.client), AS_OF)

    def claim(self) -> list[Claimed]:
        with self.desk.ledger.transaction() as connection:
            scope = Scope(self.desk.client)
            return effects.claim(connection, scope, AS_OF, BATCH, False)


@pytest.fixture
def office(ledger: Ledger, process: Process) -> Office:
    slow, quick = Vendor(), Vendor()
    quick.open.set()
    return Office(desk_with(process, ledger, {"slow": slow, "quick": quick}), slow, quick)


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """The commits and the statements of every engine of this process."""
    said: Counter[str] = Counter()
    heard: dict[str, Callable[..., None]] = {
        "commit": lambda *_: said.update(["commit"]),
        "before_cursor_execute": lambda *_: said.update(["statement"]),
    }
    for what, hear in heard.items():
        event.listen(Engine, what, hear)
    yield said
    for what, hear in heard.items():
        event.remove(Engine, what, hear)


def eventually(true: Callable[[], bool]) -> None:
    give_up = monotonic() + SECONDS
    while not true():
        assert monotonic() < give_up
        sleep(0.001)


def test_an_effect_costs_two_commits_and_eight_statements_at_most(office: Office) -> None:
    asked = office.ask(2 * BATCH, "quick")

    with counted() as said:
        assert office.carry_out() == {"done": len(asked)}

    assert office.quick.received == Counter(asked)
    assert said["commit"] <= 2 * len(asked)
    assert said["statement"] <= 8 * len(asked)


def test_what_many_threads_begin_and_settle_meanwhile_is_one_commit(office: Office) -> None:
    office.ask(8, "quick")
    together, claimed = Together(office.desk.ledger, AS_OF), office.claim()

    with ThreadPoolExecutor(8) as threads, counted() as said:
        with together._writing:
            begun = [threads.submit(together.begin, each) for each in claimed]
            eventually(lambda: together._waiting.qsize() == 8)
        assert [each.result() for each in begun] == [None] * 8
        with together._writing:
            done = [
                threads.submit(together.done, each, Receipt(external_id=each.key), AS_OF)
                for each in claimed
            ]
            eventually(lambda: together._waiting.qsize() == 8)
        assert all(each.result() for each in done)

    assert said["commit"] == 2
    assert said["statement"] <= 6
    with office.desk.ledger.transaction() as connection:
        known = connection.execute(text("SELECT external_id = key FROM effect")).scalars().all()
    assert known == [True] * 8


def test_all_who_waited_for_a_commit_hear_that_it_failed(office: Office) -> None:
    office.ask(3, "quick")
    claimed = office.claim()
    nowhere = Ledger("postgresql+psycopg://nobody@127.0.0.1:1/nothing", office.desk.client)
    together = Together(nowhere, AS_OF)

    with ThreadPoolExecutor(3) as threads, together._writing:
        begun = [threads.submit(together.begin, each) for each in claimed]
        eventually(lambda: together._waiting.qsize() == 3)

    assert {type(each.exception()) for each in begun} == {LedgerUnavailable}


def test_a_vendor_is_asked_for_so_much_at_once_and_keeps_no_other_waiting(office: Office) -> None:
    slow, quick = office.ask(4 * AT_ONCE, "slow"), office.ask(4 * AT_ONCE, "quick")

    with ThreadPoolExecutor(1) as thread:
        outcome = thread.submit(office.carry_out)
        eventually(lambda: office.quick.received == Counter(quick))
        eventually(lambda: office.slow.inside == AT_ONCE)
        office.slow.open.set()

    assert outcome.result() == {"done": len(slow) + len(quick)}
    assert office.slow.most == AT_ONCE
    assert office.slow.received == Counter(slow)


def test_the_next_are_claimed_before_the_last_of_a_batch_is_done(office: Office) -> None:
    slow, quick = office.ask(1, "slow"), office.ask(2 * BATCH, "quick")

    with ThreadPoolExecutor(1) as thread:
        outcome = thread.submit(office.carry_out)
        eventually(lambda: office.quick.received == Counter(quick))
        assert office.slow.inside == 1
        office.slow.open.set()

    assert outcome.result() == {"done": len(slow) + len(quick)}


def test_what_waited_long_for_its_turn_does_not_leave_when_it_is_held_meanwhile(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "AT_ONCE", 1)
    monkeypatch.setattr(deliver, "CONCURRENT", 2)
    monkeypatch.setattr(deliver, "FRESH_SECONDS", 0.0)
    office.ask(2, "slow")
    begun = "SELECT count(*) FROM effect WHERE sent_at IS NOT NULL"

    def both_begun() -> bool:
        with office.desk.ledger.transaction() as connection:
            return connection.execute(text(begun)).scalar() == 2

    with ThreadPoolExecutor(1) as thread:
        outcome = thread.submit(office.carry_out)
        eventually(both_begun)
        eventually(lambda: office.slow.inside == 1)
        with office.desk.ledger.transaction() as connection:
            hold.place(connection, office.desk.client, "ops", "prices", AS_OF, system="slow")
        office.slow.open.set()

    assert outcome.result()["done"] == 1
    assert office.slow.received.total() == 1
