"""Effects: each is claimed by one, found again after a crash, settled by hand only if it must."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import pytest
from sqlalchemy import text

from connectors.ledger import breaker, effects, hold
from connectors.ledger.decisions import Decisions, Subject
from connectors.ledger.effects import Claimed, Done, InTheWay
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import (
    CloseJob,
    OpenJob,
    OrderBackgroundCheck,
    Place,
    PublishPostings,
    Receipt,
    SendMessage,
)
from tasks.deliver import KINDS

Look = Callable[..., Sequence[Any]]
Ask = Callable[..., str]
NOBODY: list[Claimed] = []


@pytest.fixture
def ask(ledger: Ledger, opened: Subject, as_of: datetime) -> Ask:
    """Ask for a message about the requisition; returns the effect's key."""

    def message(about: str, not_before: datetime | None = None) -> str:
        request = SendMessage(
            to_name="Ann", to_email="ann@mail.example", subject="s", body="b", template="care"
        )
        decisions = Decisions()
        decisions.effect(opened, "smtp", "message.send", request, about, not_before)
        ledger.apply(decisions, as_of)
        return decisions.effects[0].key

    return message


@pytest.fixture
def claim(ledger: Ledger, as_of: datetime) -> Callable[..., list[Claimed]]:
    """Claim in a transaction of its own."""

    def mine(
        limit: int = 100,
        unsettled_only: bool = False,
        requisition: str | None = None,
        at: datetime = as_of,
    ) -> list[Claimed]:
        with ledger.transaction() as connection:
            scope = Scope(ledger.client, requisition)
            return effects.claim(connection, scope, at, limit, unsettled_only)

    return mine


Claim = Callable[..., list[Claimed]]


@pytest.fixture
def begun(ledger: Ledger, ask: Ask, claim: Claim, as_of: datetime) -> Claimed:
    """An effect that is being sent."""
    ask("1")
    (effect,) = claim()
    with ledger.transaction() as connection:
        assert effects.begin(connection, [effect], as_of) == [None]
    return effect


def run_out(look: Look, pid: int) -> None:
    """Let what is claimed be another process's, with its lease over."""
    look(
        "UPDATE effect SET owner = :owner, lease_until = clock_timestamp() - interval '1 s'"
        " RETURNING id",
        owner=effects._process(pid),
    )


def keys(claimed: Sequence[Claimed]) -> list[str]:
    return sorted(effect.key for effect in claimed)


def test_what_is_due_is_claimed_once(ask: Ask, claim: Claim, opened: Subject) -> None:
    key = ask("1")

    (effect,) = claim()

    assert (effect.key, effect.system, effect.subject_key) == (key, "smtp", opened.key)
    assert (effect.attempts, effect.sent_before) == (1, False)
    assert claim() == NOBODY


def test_the_oldest_are_claimed_first(
    ledger: Ledger, ask: Ask, claim: Claim, applicants: list[Subject], as_of: datetime
) -> None:
    asked = [ask("2"), ask("1")]
    decisions = Decisions()
    request = SendMessage(
        to_name="Ann", to_email="ann@mail.example", subject="s", body="b", template="care"
    )
    decisions.effect(applicants[0], "smtp", "message.send", request)
    ledger.apply(decisions, as_of)
    last = [decisions.effects[0].key]

    assert [keys(claim(limit=2)), keys(claim(limit=2))] == [sorted(asked), last]


def test_what_is_under_way_about_somebody_goes_before_what_was_asked_later(
    ask: Ask, claim: Claim
) -> None:
    first = ask("1")
    assert keys(claim()) == [first]

    ask("2")

    assert claim() == NOBODY


@pytest.mark.parametrize("kind", effects.COPIES)
def test_nobody_waits_for_a_copy(ask: Ask, claim: Claim, look: Look, kind: str) -> None:
    first = ask("1")
    assert keys(claim()) == [first]
    look("UPDATE effect SET kind = :kind RETURNING id", kind=kind)

    second = ask("2")

    assert keys(claim()) == [second]


def test_of_two_who_claim_at_once_none_waits_and_none_takes_what_the_other_has(
    ledger: Ledger, ask: Ask, as_of: datetime
) -> None:
    asked = [ask("1"), ask("2"), ask("3")]
    scope = Scope(ledger.client)

    with ledger.transaction() as first, ledger.transaction() as second:
        mine = effects.claim(first, scope, as_of, 1, False)
        theirs = effects.claim(second, scope, as_of, 100, False)

    assert (keys(mine), keys(theirs)) == (asked[:1], asked[1:])


def test_nothing_is_claimed_before_its_time(ask: Ask, claim: Claim, as_of: datetime) -> None:
    tomorrow = as_of + timedelta(days=1)
    ask("1", not_before=tomorrow)

    assert claim() == NOBODY
    assert len(claim(at=tomorrow)) == 1


def test_a_scope_of_one_requisition_takes_its_effects_alone(ask: Ask, claim: Claim) -> None:
    key = ask("1")

    assert claim(requisition="HARBOR-2") == NOBODY
    assert keys(claim(requisition="HARBOR-1")) == [key]


def test_another_client_cannot_claim_what_is_not_theirs(
    ledger: Ledger, ask: Ask, as_of: datetime
) -> None:
    ask("1")
    other = Ledger(ledger.url, f"{ledger.client}_other")

    with other.transaction() as connection:
        assert effects.claim(connection, Scope(ledger.client), as_of, 10, False) == NOBODY
        assert effects.abandon(connection, ledger.client) == 0


def test_what_a_dead_run_left_is_claimed_again_as_sent_before(
    ledger: Ledger, ask: Ask, claim: Claim, as_of: datetime
) -> None:
    left = ask("1")
    (sent,) = claim()
    with ledger.transaction() as connection:
        effects.begin(connection, [sent], as_of)
    ask("2")

    assert claim(unsettled_only=True) == NOBODY  # its lease runs: somebody is at work on it
    with ledger.transaction() as connection:
        assert effects.abandon(connection, ledger.client) == 1

    (found,) = claim(unsettled_only=True)
    assert (found.key, found.sent_before, found.attempts) == (left, True, 2)


def test_what_a_dead_run_had_claimed_and_not_begun_need_not_be_looked_up(
    ledger: Ledger, ask: Ask, claim: Claim
) -> None:
    ask("1")
    claim()
    with ledger.transaction() as connection:
        effects.abandon(connection, ledger.client)

    (found,) = claim(unsettled_only=True)
    assert not found.sent_before


def test_a_crashed_try_may_have_sent_until_it_is_found_dead(
    ledger: Ledger, ask: Ask, claim: Claim, as_of: datetime
) -> None:
    ask("1")
    (sent,) = claim()
    with ledger.transaction() as connection:
        effects.begin(connection, [sent], as_of)
        long_ago = "UPDATE effect SET sent_at = sent_at - interval '1 hour'"
        connection.execute(text(long_ago))
    with ledger.transaction() as connection:
        effects.abandon(connection, ledger.client)

    (found,) = claim(unsettled_only=True)
    assert found.sent_seconds_ago is not None
    assert found.sent_seconds_ago < 60


def test_tries_that_crashes_cut_off_do_not_count(
    ledger: Ledger, ask: Ask, claim: Claim, as_of: datetime
) -> None:
    ask("1")
    for _ in range(9):
        (effect,) = claim()
        with ledger.transaction() as connection:
            effects.begin(connection, [effect], as_of)
            effects.abandon(connection, ledger.client)
    for tries in (1, 2):
        (effect,) = claim()
        assert effect.tries == tries
        with ledger.transaction() as connection:
            effects.failed(connection, effect, "sending", "lost", as_of, lost=True)
            effects.abandon(connection, ledger.client)


def test_nobody_waits_for_what_only_waits_for_its_turn(
    ledger: Ledger, ask: Ask, claim: Claim, as_of: datetime
) -> None:
    ask("1")
    ask("2")
    first, second = claim()
    with ledger.transaction() as connection:
        effects.failed(connection, first, "sending", "lost", as_of + timedelta(hours=1), lost=True)
        effects.put_back(connection, second)

    with ledger.transaction() as connection:
        scope = Scope(ledger.client)
        assert effects.claim(connection, scope, as_of, 9, False) == NOBODY
        assert effects.seconds_to_wait(connection, scope, as_of) is None


def test_settling_sends_nothing_before_what_was_asked_first(
    ledger: Ledger, ask: Ask, claim: Claim, as_of: datetime
) -> None:
    asked = [ask("1"), ask("2")]
    first, second = claim()
    with ledger.transaction() as connection:
        effects.failed(connection, first, "due", "busy", as_of)
        effects.failed(connection, second, "sending", "lost", as_of, lost=True)

    assert claim(unsettled_only=True) == NOBODY
    assert [effect.key for effect in claim()] == asked


def test_what_was_parked_after_all_its_tries_is_looked_up_when_it_is_retried(
    ledger: Ledger, ask: Ask, claim: Claim, as_of: datetime, look: Look
) -> None:
    key = ask("1")
    (effect,) = claim()
    with ledger.transaction() as connection:
        effects.failed(connection, effect, "parked", "lost", as_of, lost=True)
    look("UPDATE effect SET attempts = 12 RETURNING id")
    with ledger.transaction() as connection:
        assert effects.close_by_hand(connection, ledger.client, key, "due", "Ann", "so", as_of)

    (again,) = claim()
    assert (again.sent_before, again.tries) == (True, 1)


def test_what_a_person_saw_done_is_known_by_the_vendors_id(
    ledger: Ledger, opened: Subject, claim: Claim, as_of: datetime, look: Look
) -> None:
    decisions = Decisions()
    place = Place(code="US-CA", city="Oakland", country="US")
    request = OpenJob(requisition=opened.key, title="Tasker", place=place, headcount=1)
    decisions.effect(opened, "ashby", "tracker.open_job", request)
    ledger.apply(decisions, as_of)
    (effect,) = claim()
    later = as_of + timedelta(days=3)
    with ledger.transaction() as connection:
        effects.failed(connection, effect, "dead", "refused", as_of)
        effects.close_by_hand(
            connection, ledger.client, effect.key, "done", "Ann", "made by hand", later, "job-7"
        )

    assert look("SELECT external_id, done_as_of FROM effect") == [("job-7", later)]
    assert look("SELECT kind, external_id FROM external_id") == [("job", "job-7")]


def test_a_wrong_id_of_what_a_person_saw_done_is_given_anew_and_the_machines_own_never(
    ledger: Ledger, opened: Subject, claim: Claim, as_of: datetime, look: Look
) -> None:
    decisions = Decisions()
    place = Place(code="US-CA", city="Oakland", country="US")
    for name in ("ann", "ben"):
        request = OrderBackgroundCheck(
            application_key=name, package="pro", name=name, email=name, work_place=place
        )
        decisions.effect(opened, "checkr", "background.order", request, about=name)
    ledger.apply(decisions, as_of)
    ours, theirs = claim()

    def says(key: str, ref: str) -> bool:
        with ledger.transaction() as connection:
            return effects.close_by_hand(
                connection, ledger.client, key, "done", "Ann", "seen", as_of, ref
            )

    with ledger.transaction() as connection:
        effects.done(connection, [Done(ours, Receipt(external_id="machine's"), as_of)])
        effects.failed(connection, theirs, "parked", "lost", as_of)

    told = [(theirs.key, "wrong"), (theirs.key, "right"), (ours.key, "a person's")]
    assert [says(*each) for each in told] == [True, True, False]
    known = look("SELECT external_id FROM effect ORDER BY id")
    assert [row.external_id for row in known] == ["machine's", "right"]


def test_a_process_that_lives_keeps_what_it_is_at_work_on(
    ledger: Ledger, ask: Ask, claim: Claim
) -> None:
    ask("1")
    claim()
    parent, booted = psutil.Process(os.getppid()), psutil.boot_time()
    ours, theirs, far, gone = (
        f"{host} {pid} {born - booted:.2f}"
        for host, pid, born in (
            (socket.gethostname(), os.getpid(), psutil.Process().create_time()),
            (socket.gethostname(), parent.pid, parent.create_time()),
            ("elsewhere", parent.pid, parent.create_time()),
            (socket.gethostname(), parent.pid, parent.create_time() - 60),
        )
    )
    abandoned = {}
    for owner in (ours, theirs, far, gone):
        with ledger.transaction() as connection:
            connection.execute(text("UPDATE effect SET owner = :owner"), {"owner": owner})
            abandoned[owner] = effects.abandon(connection, ledger.client)

    assert abandoned == {ours: 1, theirs: 0, far: 0, gone: 1}


def test_who_hangs_in_the_middle_of_sending_is_ended_before_it_is_taken_over(
    begun: Claimed, claim: Claim, look: Look
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as sleeper:
        sleeper.send_signal(signal.SIGSTOP)
        run_out(look, sleeper.pid)

        (taken,) = claim()

        assert not psutil.pid_exists(sleeper.pid)
    assert taken.sent_before
    assert taken.sent_seconds_ago is not None
    assert taken.sent_seconds_ago < 5  # that it is not there counts from its end


def test_what_a_process_that_has_ended_left_is_taken_at_once(
    ledger: Ledger, ask: Ask, claim: Claim, look: Look
) -> None:
    ask("1")
    claim()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        look("UPDATE effect SET owner = :owner RETURNING id", owner=effects._process(other.pid))
        assert claim() == NOBODY

    (taken,) = claim()

    assert not taken.sent_before


def test_what_another_has_claimed_and_not_begun_in_time_is_taken_over_and_it_lives(
    ledger: Ledger, ask: Ask, claim: Claim, look: Look
) -> None:
    ask("1")
    claim()
    run_out(look, os.getppid())

    (taken,) = claim()

    assert not taken.sent_before
    assert psutil.pid_exists(os.getppid())


def test_who_is_still_at_work_on_others_takes_what_is_due_and_nothing_back(
    ledger: Ledger, ask: Ask, begun: Claimed, look: Look, as_of: datetime
) -> None:
    run_out(look, os.getpid())
    due = ask("2")
    look("UPDATE effect SET system = 'another' WHERE key = :key RETURNING id", key=due)

    with ledger.transaction() as connection:
        scope = Scope(ledger.client)
        taken = effects.claim(connection, scope, as_of, 9, False, beside=True)

    assert keys(taken) == [due]


def test_nobody_ends_or_overtakes_who_cannot_be_ended(
    begun: Claimed, claim: Claim, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_out(look, os.getppid())
    monkeypatch.setattr(psutil.Process, "kill", deny)

    assert claim() == NOBODY


def deny(process: psutil.Process) -> None:
    raise psutil.AccessDenied(process.pid)


def test_who_slept_through_the_lease_neither_sends_nor_writes_any_more(
    ledger: Ledger, begun: Claimed, claim: Claim, look: Look, as_of: datetime
) -> None:
    slept = begun
    with ledger.transaction() as connection:
        effects.abandon(connection, ledger.client)
    (taken,) = claim()

    with ledger.transaction() as connection:
        assert effects.begin(connection, [slept], as_of) == [InTheWay.TAKEN_OVER]
        assert effects.done(connection, [Done(slept, Receipt(external_id="slept"), as_of)]) == [
            False
        ]
        assert not effects.failed(connection, slept, "due", "no answer", as_of)
        assert effects.begin(connection, [taken], as_of) == [None]
        assert effects.done(connection, [Done(taken, Receipt(external_id="taken"), as_of)]) == [
            True
        ]
    assert look("SELECT state, external_id FROM effect") == [("done", "taken")]


@pytest.mark.parametrize(("state", "sent_before"), [("sending", True), ("due", False)])
def test_a_write_of_unknown_outcome_is_looked_up_and_a_failed_one_repeated(
    ledger: Ledger, ask: Ask, claim: Claim, as_of: datetime, state: str, sent_before: bool
) -> None:
    ask("1")
    (effect,) = claim()
    later = as_of + timedelta(minutes=1)
    with ledger.transaction() as connection:
        effects.failed(connection, effect, state, "no answer", later, lost=sent_before)

    assert claim() == NOBODY
    (again,) = claim(at=later)
    assert again.sent_before is sent_before


def test_what_is_done_keeps_the_vendors_ids_and_is_never_claimed_again(
    ledger: Ledger, ask: Ask, claim: Claim, look: Look, as_of: datetime
) -> None:
    ask("1")
    (effect,) = claim()
    receipt = Receipt(external_id="m-1", others={"thread": "t-1"})
    with ledger.transaction() as connection:
        effects.done(connection, [Done(effect, receipt, as_of)])

    assert claim() == NOBODY
    assert look("SELECT state, external_id, others, done_as_of FROM effect") == [
        ("done", "m-1", {"thread": "t-1"}, as_of)
    ]


def test_a_job_opened_in_the_tracker_is_the_requisitions(
    ledger: Ledger, opened: Subject, claim: Claim, look: Look, as_of: datetime
) -> None:
    place = Place(code="US-CA", city="San Francisco", country="US")
    request = OpenJob(requisition=opened.key, title="Clerk", place=place, headcount=1)
    decisions = Decisions()
    decisions.effect(opened, "ashby", "tracker.open_job", request)
    ledger.apply(decisions, as_of)
    (effect,) = claim()
    with ledger.transaction() as connection:
        effects.done(connection, [Done(effect, Receipt(external_id="job-1"), as_of)])

    assert OpenJob.model_validate(effect.request) == request
    assert look("SELECT system, kind, external_id, subject_id FROM external_id") == [
        ("ashby", "job", "job-1", opened.id)
    ]


def test_a_list_of_postings_is_overtaken_by_a_newer_one_for_the_same_board(
    ledger: Ledger, opened: Subject, claim: Claim, look: Look, as_of: datetime
) -> None:
    request = PublishPostings(postings=(), as_of=as_of.astimezone(UTC))
    decisions = Decisions()
    for board, version in (("indeed", "1"), ("google", "1"), ("indeed", "2")):
        decisions.effect(opened, board, "posting.publish", request, about=f"{board}:{version}")
    ledger.apply(decisions, as_of)

    assert keys(claim()) == [
        "posting.publish:HARBOR-1:google:1",
        "posting.publish:HARBOR-1:indeed:2",
    ]
    assert look("SELECT key FROM effect WHERE state = 'overtaken'") == [
        ("posting.publish:HARBOR-1:indeed:1",)
    ]


@pytest.mark.parametrize("state", ["dead", "parked"])
def test_a_list_that_was_refused_is_nobodys_trouble_when_a_newer_one_is_asked(
    ledger: Ledger, opened: Subject, claim: Claim, look: Look, as_of: datetime, state: str
) -> None:
    request = PublishPostings(postings=(), as_of=as_of.astimezone(UTC))
    for version in ("1", "2"):
        decisions = Decisions()
        decisions.effect(opened, "indeed", "posting.publish", request, about=version)
        ledger.apply(decisions, as_of)
        (effect,) = claim()
        with ledger.transaction() as connection:
            effects.failed(connection, effect, state, "one lacks a city", as_of)

    claim()
    assert look("SELECT state FROM effect ORDER BY id") == [("overtaken",), (state,)]


@pytest.mark.parametrize(
    ("disposition", "left"),
    [
        (None, set(KINDS)),
        ("HIRED_PAID", set(KINDS)),
        (
            "WITHDRAWN",
            {
                "board.tell",
                "message.send",
                "message.by_hand",
                "tracker.move",
                "tracker.reject",
                "tracker.note",
                "offer.cancel",
                "offer.keep",
                "background.cancel",
            },
        ),
    ],
)
def test_after_an_end_only_the_notice_the_trackers_news_and_what_is_called_off_still_leave(
    ledger: Ledger,
    applicants: list[Subject],
    as_of: datetime,
    disposition: str | None,
    left: set[str],
) -> None:
    decisions = Decisions()
    for kind in KINDS:
        decisions.effect(applicants[0], "vendor", kind, CloseJob(job_ref="any request"))
    if disposition:
        decisions.end(applicants[0], disposition, "for this test")
    ledger.apply(decisions, as_of)

    with ledger.transaction() as connection:
        assert left == {
            effect.kind
            for effect in decisions.effects
            if not effects.too_late(connection, ledger.client, effect.key)
        }


@pytest.fixture
def claimed(ledger: Ledger, applicants: list[Subject], claim: Claim, as_of: datetime) -> Claimed:
    """A check to be ordered for an applicant, claimed and not begun."""
    decisions = Decisions()
    decisions.effect(applicants[0], "vendor", "background.order", CloseJob(job_ref="any request"))
    ledger.apply(decisions, as_of)
    (effect,) = claim()
    return effect


def ends(ledger: Ledger, applicant: Subject, as_of: datetime) -> None:
    decisions = Decisions()
    decisions.end(applicant, "WITHDRAWN", "for this test")
    ledger.apply(decisions, as_of)


def fails(ledger: Ledger, applicant: Subject, as_of: datetime) -> None:
    with ledger.transaction() as connection:
        for _ in range(breaker.FAILURES[breaker.WRITES]):
            breaker.failed(connection, ledger.client, "vendor", breaker.WRITES, "Gone", as_of)


def is_held(ledger: Ledger, applicant: Subject, as_of: datetime) -> None:
    with ledger.transaction() as connection:
        hold.place(connection, ledger.client, "ops", "for this test", as_of)


def whose_requisition_is_held(ledger: Ledger, applicant: Subject, as_of: datetime) -> None:
    requisition = applicant.key.partition(".")[0]
    with ledger.transaction() as connection:
        hold.place(connection, ledger.client, "ops", "for this test", as_of, requisition)


def whose_vendor_is_held(ledger: Ledger, applicant: Subject, as_of: datetime) -> None:
    with ledger.transaction() as connection:
        hold.place(connection, ledger.client, "ops", "for this test", as_of, system="vendor")


@pytest.mark.parametrize(
    ("happens", "in_the_way"),
    [
        (ends, InTheWay.ENDED),
        (fails, InTheWay.FAILING),
        (is_held, InTheWay.HELD),
        (whose_requisition_is_held, InTheWay.HELD),
        (whose_vendor_is_held, InTheWay.HELD),
    ],
)
def test_what_came_in_the_way_since_the_claim_is_not_begun(
    ledger: Ledger,
    applicants: list[Subject],
    claimed: Claimed,
    look: Look,
    as_of: datetime,
    happens: Callable[[Ledger, Subject, datetime], None],
    in_the_way: InTheWay,
) -> None:
    happens(ledger, applicants[0], as_of)

    with ledger.transaction() as connection:
        assert effects.begin(connection, [claimed], as_of) == [in_the_way]

    assert look("SELECT 1 FROM effect WHERE sent_at IS NOT NULL") == []


def test_another_requisitions_hold_and_another_vendors_breaker_are_not_in_the_way(
    ledger: Ledger, claimed: Claimed, look: Look, as_of: datetime
) -> None:
    with ledger.transaction() as connection:
        hold.place(connection, ledger.client, "ops", "for this test", as_of, "OTHER-9")
        hold.place(connection, ledger.client, "ops", "for this test", as_of, system="another")
        assert effects.begin(connection, [claimed], as_of) == [None]

    assert len(look("SELECT 1 FROM effect WHERE sent_at IS NOT NULL")) == 1


@pytest.mark.parametrize("state", ["dead", "parked"])
@pytest.mark.parametrize(("decision", "claimed"), [("due", 1), ("done", 0), ("waived", 0)])
def test_a_person_settles_what_the_machine_cannot(
    ledger: Ledger,
    ask: Ask,
    claim: Claim,
    look: Look,
    as_of: datetime,
    state: str,
    decision: str,
    claimed: int,
) -> None:
    key = ask("1")
    (effect,) = claim()
    with ledger.transaction() as connection:
        effects.failed(connection, effect, state, "refused", as_of + timedelta(days=9))
        assert effects.close_by_hand(
            connection, ledger.client, key, decision, "Ann", "seen there", as_of
        )

    assert look("SELECT state, closed_by, error FROM effect") == [(decision, "Ann", "seen there")]
    assert len(claim()) == claimed


@pytest.mark.parametrize("state", ["due", "sending", "done", "waived", "overtaken"])
def test_nobody_settles_by_hand_what_the_machine_still_carries_or_what_is_settled(
    ledger: Ledger, ask: Ask, claim: Claim, look: Look, as_of: datetime, state: str
) -> None:
    key = ask("1")
    (effect,) = claim()
    with ledger.transaction() as connection:
        effects.failed(connection, effect, state, "", as_of)
        assert not effects.close_by_hand(connection, ledger.client, key, "done", "Ann", "so", as_of)

    assert look("SELECT state FROM effect") == [(state,)]
