"""A vendor that keeps failing stands still for a while, in the ledger's time; a trial ends it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors.ledger import breaker, effects, hold
from connectors.ledger.breaker import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, READS, WRITES
from connectors.ledger.decisions import Decisions, Subject
from connectors.ledger.effects import Claimed
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import SendMessage

Look = Callable[..., Sequence[Any]]
Fail = Callable[..., bool]
MESSAGE = SendMessage(
    to_name="Ann", to_email="ann@mail.example", subject="Hello", body="Hello", template="care"
)


@pytest.fixture
def fail(ledger: Ledger, as_of: datetime) -> Fail:
    """Let a vendor fail some times in a row; returns whether it stands still then."""

    def times(count: int, side: str = WRITES, at: datetime = as_of, system: str = "smtp") -> bool:
        still = False
        for _ in range(count):
            with ledger.transaction() as connection:
                still = breaker.failed(connection, ledger.client, system, side, "Unavailable", at)
        return still

    return times


@pytest.fixture
def asked(ledger: Ledger, applicants: list[Subject], as_of: datetime) -> list[str]:
    """The keys of messages that are due: two to the first applicant, one to each other."""
    decisions = Decisions()
    for subject, about in [(0, "a"), (0, "b"), (1, "a"), (2, "a")]:
        decisions.effect(applicants[subject], "smtp", "message.send", MESSAGE, about)
    ledger.apply(decisions, as_of)
    return [effect.key for effect in decisions.effects]


def works(ledger: Ledger, at: datetime, side: str = WRITES) -> None:
    with ledger.transaction() as connection:
        breaker.worked(connection, ledger.client, "smtp", side, at)


def open_ones(ledger: Ledger) -> list[breaker.Breaker]:
    with ledger.transaction() as connection:
        return breaker.standing(connection, ledger.client)


def claim(
    ledger: Ledger, at: datetime, unsettled_only: bool = False, beside: bool = False
) -> list[Claimed]:
    with ledger.transaction() as connection:
        scope = Scope(ledger.client)
        return effects.claim(connection, scope, at, 99, unsettled_only, beside=beside)


def give_back(ledger: Ledger, claimed: Sequence[Claimed], at: datetime, state: str) -> None:
    with ledger.transaction() as connection:
        for effect in claimed:
            lost = state == "sending"
            effects.failed(connection, effect, state, "down", at, spared=True, lost=lost)


@pytest.mark.parametrize("side", [WRITES, READS])
def test_it_opens_when_failures_are_enough_in_a_row_and_says_why(
    ledger: Ledger, fail: Fail, as_of: datetime, side: str
) -> None:
    instants = [as_of + timedelta(minutes=n) for n in range(FAILURES[side])]

    stood = [fail(1, side, at) for at in instants]

    assert stood == [False] * (FAILURES[side] - 1) + [True]
    (open_one,) = open_ones(ledger)
    assert str(open_one) == f"vendor smtp ({side})"
    assert open_one.reason == f"Unavailable, {FAILURES[side]} failures in a row"
    assert (open_one.opened_at, open_one.try_at) == (instants[-1], instants[-1] + FIRST_PAUSE)


def test_what_worked_in_between_begins_the_count_anew(
    ledger: Ledger, fail: Fail, as_of: datetime
) -> None:
    for _ in range(3):
        assert not fail(FAILURES[WRITES] - 1)
        works(ledger, as_of)

    assert open_ones(ledger) == []


def test_a_sweep_repeated_at_the_same_instant_counts_its_failed_reads_once(
    fail: Fail, as_of: datetime
) -> None:
    assert not fail(50, READS)
    assert not fail(50, READS, as_of + timedelta(minutes=15))
    assert fail(1, READS, as_of + timedelta(minutes=30))


def test_writing_reading_and_other_vendors_stand_still_each_for_itself(
    ledger: Ledger, fail: Fail, as_of: datetime
) -> None:
    fail(FAILURES[WRITES])

    with ledger.transaction() as connection:
        assert breaker.untrusted(connection, ledger.client, WRITES, as_of) == {"smtp"}
        assert breaker.untrusted(connection, ledger.client, READS, as_of) == set()
    assert not fail(1, WRITES, system="checkr")


def test_pauses_grow_with_each_trial_that_fails_up_to_a_bound(
    ledger: Ledger, fail: Fail, as_of: datetime
) -> None:
    fail(FAILURES[WRITES])
    pauses = []
    for _ in range(30):
        (open_one,) = open_ones(ledger)
        pauses.append(open_one.try_at - as_of)
        as_of = open_one.try_at
        fail(1, at=as_of)

    assert pauses[:4] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE]
    assert set(pauses[4:]) == {LONGEST_PAUSE}


def test_what_was_under_way_when_it_opened_makes_no_pause_longer(
    ledger: Ledger, fail: Fail, as_of: datetime
) -> None:
    assert fail(FAILURES[WRITES] + 7)

    (open_one,) = open_ones(ledger)
    assert (open_one.failures, open_one.pauses) == (FAILURES[WRITES], 1)
    assert open_one.try_at == as_of + FIRST_PAUSE


def test_it_closes_by_itself_when_the_vendor_works_and_is_kept(
    ledger: Ledger, fail: Fail, as_of: datetime, look: Look
) -> None:
    later = as_of + FIRST_PAUSE
    fail(FAILURES[WRITES])
    works(ledger, later)
    works(ledger, later)

    assert open_ones(ledger) == []
    assert not fail(1, at=later)
    assert look(
        "SELECT failures, opened_at, closed_at, closed_by, closed_why FROM breaker ORDER BY id"
    ) == [
        (FAILURES[WRITES], as_of, later, "breaker", "a trial worked"),
        (1, None, None, None, None),
    ]


def test_a_person_closes_it_in_their_name(
    ledger: Ledger, fail: Fail, as_of: datetime, look: Look
) -> None:
    fail(FAILURES[WRITES])

    with ledger.transaction() as connection:
        about = (ledger.client, "smtp", "ops", "new key", as_of)
        assert breaker.close(connection, *about)
        assert not breaker.close(connection, *about)
    assert look("SELECT closed_by, closed_why FROM breaker") == [("ops", "new key")]


def test_nothing_is_claimed_while_it_stands_still_and_then_one_as_a_trial(
    ledger: Ledger, asked: list[str], fail: Fail, as_of: datetime, look: Look
) -> None:
    fail(FAILURES[WRITES])

    assert claim(ledger, as_of + FIRST_PAUSE - timedelta(seconds=1)) == []
    assert claim(ledger, as_of + FIRST_PAUSE, beside=True) == []
    assert look("SELECT DISTINCT state, attempts FROM effect") == [("due", 0)]
    assert [effect.key for effect in claim(ledger, as_of + FIRST_PAUSE)] == [asked[0]]


def test_trials_go_round_so_that_one_that_always_fails_keeps_no_other_from_it(
    ledger: Ledger, asked: list[str], fail: Fail, as_of: datetime
) -> None:
    fail(FAILURES[WRITES])
    tried = []
    for _ in range(6):
        (open_one,) = open_ones(ledger)
        (effect,) = claim(ledger, open_one.try_at)
        tried.append(effect.key)
        fail(1, at=open_one.try_at)
        give_back(ledger, [effect], as_of, "due")

    first, its_second, second, third = asked
    assert tried == [first, second, third, first, second, third]
    assert its_second not in tried


def test_what_stands_still_uses_up_no_tries(
    ledger: Ledger, asked: list[str], as_of: datetime
) -> None:
    for _ in range(20):
        give_back(ledger, claim(ledger, as_of), as_of, "due")

    assert {(effect.attempts, effect.tries) for effect in claim(ledger, as_of)} == {(21, 1)}


def test_of_unknown_outcomes_one_is_looked_up_as_the_trial(
    ledger: Ledger, asked: list[str], fail: Fail, as_of: datetime
) -> None:
    give_back(ledger, claim(ledger, as_of), as_of, "sending")
    fail(FAILURES[WRITES])

    assert claim(ledger, as_of, unsettled_only=True) == []
    (trial,) = claim(ledger, as_of + FIRST_PAUSE, unsettled_only=True)
    assert trial.sent_before


def test_a_persons_hold_outlives_it(
    ledger: Ledger, asked: list[str], fail: Fail, as_of: datetime
) -> None:
    later = as_of + FIRST_PAUSE
    with ledger.transaction() as connection:
        hold.place(connection, ledger.client, "ops", "prices", as_of, system="smtp")
    fail(FAILURES[WRITES])
    assert claim(ledger, later) == []

    works(ledger, later)

    assert claim(ledger, later) == []
    with ledger.transaction() as connection:
        assert hold.vendors(connection, ledger.client) == {"smtp"}


def test_another_clients_breaker_is_not_ours(
    ledger: Ledger, asked: list[str], fail: Fail, as_of: datetime
) -> None:
    neighbour = Ledger(ledger.url, f"{ledger.client}_neighbour")
    for _ in range(FAILURES[WRITES]):
        with neighbour.transaction() as connection:
            breaker.failed(connection, neighbour.client, "smtp", WRITES, "Unavailable", as_of)

    assert len(claim(ledger, as_of)) == len(asked)
