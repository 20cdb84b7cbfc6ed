"""Ops hear of each thing once: when it happens, and when it happens again."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connectors.ledger import alarms, breaker, cursors, effects, reconcile
from connectors.ledger.alarms import SUBJECTS_SHOWN, Alarm
from connectors.ledger.breaker import FAILURES, WRITES
from connectors.ledger.decisions import Decisions, Subject
from connectors.ledger.reconcile import REPORT_WITHOUT_ORDER, Difference
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import SendMessage

Look = Callable[..., Sequence[Any]]
DAY, MOMENT = timedelta(days=1), timedelta(seconds=1)
MESSAGE = SendMessage(
    to_name="Ann", to_email="ann@mail.example", subject="Hello", body="Hello", template="care"
)


def heard(ledger: Ledger, at: datetime) -> list[Alarm]:
    """What is told at an instant, and remembered."""
    with ledger.transaction() as connection:
        found = alarms.untold(connection, ledger.client, at)
        if found:
            alarms.remember(connection, ledger.client, found, at)
    return found


def write(ledger: Ledger, sql: str, **values: Any) -> None:
    with ledger.transaction() as connection:
        connection.execute(text(sql), {"client": ledger.client, **values})


def die(ledger: Ledger, as_of: datetime) -> None:
    """Let everything that is due be refused."""
    fail(ledger, "dead", "smtp: refused (HTTP 422)", as_of)


def park(ledger: Ledger, as_of: datetime) -> None:
    """Let nobody know of anything that is due whether it happened."""
    fail(ledger, "parked", "smtp: cannot be looked up", as_of)


def fail(ledger: Ledger, state: str, error: str, as_of: datetime) -> None:
    with ledger.transaction() as connection:
        for effect in effects.claim(connection, Scope(ledger.client), as_of, 99, False):
            effects.failed(connection, effect, state, error, as_of)


def settle(ledger: Ledger, key: str, state: str, as_of: datetime) -> None:
    """Let a person retry (`due`), confirm (`done`) or waive (`waived`) an effect."""
    with ledger.transaction() as connection:
        effects.close_by_hand(connection, ledger.client, key, state, "R. Lee", "asked Ann", as_of)


@pytest.fixture
def asked(ledger: Ledger, applicants: list[Subject], as_of: datetime) -> list[str]:
    """The keys of a message to each applicant."""
    decisions = Decisions()
    for applicant in applicants:
        decisions.effect(applicant, "smtp", "message.send", MESSAGE)
    ledger.apply(decisions, as_of)
    return sorted(effect.key for effect in decisions.effects)


def test_where_nothing_is_wrong_there_is_no_alarm(
    ledger: Ledger, applicants: list[Subject], as_of: datetime
) -> None:
    assert heard(ledger, as_of) == []


def test_dead_effects_of_a_kind_are_one_alarm_told_once(
    ledger: Ledger, asked: list[str], as_of: datetime
) -> None:
    die(ledger, as_of)

    (alarm,) = heard(ledger, as_of)

    assert (alarm.kind, alarm.about) == ("effect.dead", "smtp message.send")
    assert (alarm.owner, alarm.why) == ("provider", "smtp: refused (HTTP 422)")
    assert (alarm.subjects, len(alarm.occurrences)) == (asked, 3)
    assert heard(ledger, as_of) == []


def test_an_effect_that_dies_again_is_told_again(
    ledger: Ledger, asked: list[str], as_of: datetime
) -> None:
    die(ledger, as_of)
    heard(ledger, as_of)
    settle(ledger, asked[1], "due", as_of)
    die(ledger, as_of)

    (alarm,) = heard(ledger, as_of)

    assert (alarm.kind, alarm.subjects) == ("effect.dead", [asked[1]])


def test_effects_that_wait_for_a_person_are_told_once(
    ledger: Ledger, asked: list[str], as_of: datetime
) -> None:
    park(ledger, as_of)

    (alarm,) = heard(ledger, as_of)

    assert (alarm.kind, alarm.about) == ("effect.parked", "smtp message.send")
    assert (alarm.owner, alarm.why) == ("provider", "smtp: cannot be looked up")
    assert (alarm.subjects, len(alarm.occurrences), alarm.since) == (asked, 3, as_of)
    assert heard(ledger, as_of) == []


@pytest.mark.parametrize("stuck", [die, park])
@pytest.mark.parametrize("state", ["due", "done", "waived"])
def test_that_a_person_has_settled_an_effect_is_told_once_without_who_and_why(
    ledger: Ledger,
    asked: list[str],
    as_of: datetime,
    stuck: Callable[[Ledger, datetime], None],
    state: str,
) -> None:
    stuck(ledger, as_of)
    heard(ledger, as_of)
    settle(ledger, asked[1], state, as_of)

    (alarm,) = heard(ledger, as_of + MOMENT)

    assert (alarm.kind, alarm.about) == ("effect.settled", "smtp message.send")
    assert (alarm.subjects, alarm.why) == ([asked[1]], "somebody settled it")
    assert heard(ledger, as_of + DAY) == []


def test_what_was_settled_before_anybody_was_told_is_not_told(
    ledger: Ledger, asked: list[str], as_of: datetime
) -> None:
    park(ledger, as_of)
    for key in asked:
        settle(ledger, key, "done", as_of)

    assert heard(ledger, as_of) == []


def test_an_effect_that_was_stuck_twice_is_settled_once(
    ledger: Ledger, asked: list[str], as_of: datetime
) -> None:
    for stuck in (die, park):
        stuck(ledger, as_of)
        heard(ledger, as_of)
        settle(ledger, asked[0], "due", as_of)

    (alarm,) = heard(ledger, as_of)
    assert (alarm.kind, alarm.subjects, len(alarm.occurrences)) == ("effect.settled", asked[:1], 1)
    assert heard(ledger, as_of) == []


def test_many_are_counted_and_the_first_are_named(
    ledger: Ledger, applicants: list[Subject], as_of: datetime
) -> None:
    decisions = Decisions()
    for number in range(SUBJECTS_SHOWN + 5):
        decisions.effect(applicants[0], "smtp", "message.send", MESSAGE, f"{number}")
    ledger.apply(decisions, as_of)
    die(ledger, as_of)

    (alarm,) = heard(ledger, as_of)

    assert len(alarm.subjects) == SUBJECTS_SHOWN
    assert len(alarm.occurrences) == SUBJECTS_SHOWN + 5


def test_a_breaker_is_told_when_it_opens_and_when_it_closes(
    ledger: Ledger, as_of: datetime
) -> None:
    with ledger.transaction() as connection:
        for _ in range(FAILURES[WRITES]):
            assert heard(ledger, as_of) == []
            breaker.failed(connection, ledger.client, "smtp", WRITES, "Unavailable", as_of)
    opened = heard(ledger, as_of)
    with ledger.transaction() as connection:
        breaker.worked(connection, ledger.client, "smtp", WRITES, as_of)
    closed = heard(ledger, as_of)

    assert [(a.kind, a.about, a.why) for a in opened + closed] == [
        ("breaker.opened", "smtp writes", f"Unavailable, {FAILURES[WRITES]} times in a row"),
        ("breaker.closed", "smtp writes", "a trial worked"),
    ]
    assert heard(ledger, as_of) == []


def test_what_somebody_has_typed_is_not_told(ledger: Ledger, as_of: datetime) -> None:
    with ledger.transaction() as connection:
        for _ in range(FAILURES[WRITES]):
            breaker.failed(connection, ledger.client, "smtp", WRITES, "Unavailable", as_of)
        breaker.close(connection, ledger.client, "smtp", "R. Lee", "Ann called", as_of)

    told = heard(ledger, as_of)
    assert [alarm.kind for alarm in told] == ["breaker.closed", "breaker.opened"]
    assert not {"R. Lee", "Ann called"} & {alarm.why for alarm in told}


def test_a_source_not_read_for_a_day_is_told_each_time_it_falls_silent(
    ledger: Ledger, as_of: datetime
) -> None:
    def read(at: datetime, *resources: str, system: str = "ashby") -> None:
        with ledger.transaction() as connection:
            for resource in resources:
                cursors.mark_read(connection, ledger.client, system, resource, at)

    read(as_of, "applications", "interviews")
    read(as_of, "reports", system="a vendor we had once")
    read(as_of + DAY, "interviews")
    assert heard(ledger, as_of + DAY) == []
    (alarm,) = heard(ledger, as_of + DAY + MOMENT)
    assert (alarm.kind, alarm.about, alarm.since) == ("source.silent", "ashby", as_of)
    assert heard(ledger, as_of + 5 * DAY) == []

    read(as_of + 6 * DAY, "applications", "interviews")
    assert heard(ledger, as_of + 6 * DAY) == []
    assert [a.about for a in heard(ledger, as_of + 8 * DAY)] == ["ashby"]


def test_a_quarantine_is_told_when_it_is_older_than_a_day_unless_it_is_over(
    ledger: Ledger, applicants: list[Subject], as_of: datetime
) -> None:
    for number, applicant in enumerate(applicants):
        write(
            ledger,
            "INSERT INTO quarantine (client, subject_kind, subject_id, stage, rule, owner, reason,"
            " remedy, opened_at, closed_at) VALUES (:client, 'application', :id, 'intake',"
            " 'INT-001', 'candidate', 'no way to reach them', 'ask', :at, :closed)",
            id=applicant.id,
            at=as_of,
            closed=None if number else as_of,
        )

    assert heard(ledger, as_of + DAY) == []
    (alarm,) = heard(ledger, as_of + DAY + MOMENT)
    assert (alarm.kind, alarm.about, alarm.owner) == (
        "quarantine.old",
        "intake INT-001",
        "candidate",
    )
    assert alarm.why == "no way to reach them; ask"
    assert alarm.subjects == sorted(each.key for each in applicants[1:])
    assert heard(ledger, as_of + 2 * DAY) == []


def test_a_clock_is_told_when_it_is_overdue_a_legal_wait_only_days_after_it_is_over(
    ledger: Ledger, applicants: list[Subject], as_of: datetime
) -> None:
    for applicant, owner in zip(applicants, ("client", "law", "client"), strict=True):
        write(
            ledger,
            "INSERT INTO clock (client, subject_kind, subject_id, name, owner, started_at, due_at,"
            " legal) VALUES (:client, 'application', :id, 'selection.debrief', :owner, :at, :due,"
            " :legal)",
            id=applicant.id,
            owner=owner,
            legal=owner == "law",
            at=as_of,
            due=as_of + DAY,
        )

    assert heard(ledger, as_of + DAY) == []
    (alarm,) = heard(ledger, as_of + DAY + MOMENT)
    assert (alarm.kind, alarm.about) == ("clock.overdue", "selection.debrief")
    assert (alarm.owner, alarm.since, len(alarm.occurrences)) == ("client", as_of + DAY, 2)
    assert heard(ledger, as_of + 5 * DAY) == []
    (late,) = heard(ledger, as_of + 5 * DAY + MOMENT)
    assert (late.kind, late.owner, late.since) == ("clock.overdue", "law", as_of + DAY)
    assert heard(ledger, as_of + 6 * DAY) == []


def test_a_finding_is_told_when_it_is_opened_and_when_the_difference_is_gone(
    ledger: Ledger, as_of: datetime
) -> None:
    nobody = Difference("checkr", "rep_1", "", "nobody here ordered it", False)
    known = Difference("checkr", "rep_2", "HARBOR-1.0a", "nobody here ordered it", False)

    def compare(found: Sequence[Difference], at: datetime) -> None:
        with ledger.transaction() as connection:
            reconcile.record(connection, ledger.client, REPORT_WITHOUT_ORDER, found, at)

    compare([nobody, known], as_of)
    (opened,) = heard(ledger, as_of)
    assert (opened.kind, opened.about) == ("finding.opened", "checkr report.not_ordered")
    assert (opened.owner, opened.since) == (REPORT_WITHOUT_ORDER.owner, as_of)
    assert opened.why == f"nobody here ordered it; {REPORT_WITHOUT_ORDER.action}"
    assert opened.subjects == ["HARBOR-1.0a", "rep_1"]
    compare([nobody, known], as_of + DAY)
    assert heard(ledger, as_of + DAY) == []

    compare([known], as_of + 2 * DAY)
    (closed,) = heard(ledger, as_of + 2 * DAY)
    assert (closed.kind, closed.subjects) == ("finding.closed", ["rep_1"])
    assert heard(ledger, as_of + 3 * DAY) == []

    compare([nobody, known], as_of + 4 * DAY)
    (again,) = heard(ledger, as_of + 4 * DAY)
    assert (again.kind, again.subjects) == ("finding.opened", ["rep_1"])


def test_what_was_told_is_of_one_client(ledger: Ledger, asked: list[str], as_of: datetime) -> None:
    die(ledger, as_of)
    neighbour = Ledger(ledger.url, f"{ledger.client}_neighbour")
    assert heard(neighbour, as_of) == []

    assert len(heard(ledger, as_of)) == 1
