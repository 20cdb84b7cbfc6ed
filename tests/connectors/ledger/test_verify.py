"""Verify: a sound ledger is silent, and every way of spoiling one is found and named."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text

from connectors.ledger import care
from connectors.ledger.decisions import Decisions, Due, Move, Subject
from connectors.ledger.store import Ledger, write_moves
from connectors.ledger.verify import verify
from connectors.records import SendMessage
from deployments.postgres import Urls

Look = Callable[..., Sequence[Any]]
Reread = Callable[[str], Subject]
MINE = "client = :client AND subject_key = :key"


class Walk:
    """Moves one application through its stages, as gates and decisions would."""

    def __init__(self, ledger: Ledger, reread: Reread, key: str, as_of: datetime) -> None:
        self.ledger, self.reread, self.key, self.as_of = ledger, reread, key, as_of

    @property
    def now(self) -> Subject:
        return self.reread(self.key)

    def move(
        self, stage: str, state: str, ready_for: str | None = None, due: Due | None = None
    ) -> None:
        self._write(Move(self.now, stage, state, "walked", ready_for, due))

    def through(self, *stages: str) -> None:
        """Enter each and complete it; the last is only entered."""
        for stage, after in zip(stages, [*stages[1:], None], strict=True):
            self.move(stage, "entered")
            if after:
                self.move(stage, "complete", after)

    def end(self, disposition: str, told: str | None = None, reason: str = "over") -> None:
        decisions = Decisions()
        decisions.end(self.now, disposition, reason)
        if told:
            message = SendMessage(
                to_name="Ann", to_email=told, subject="Sorry", body="Sorry", template="closed"
            )
            decisions.effect(self.now, "smtp", "message.send", message, about="closed")
        self.ledger.apply(decisions, self.as_of)

    def _write(self, move: Move) -> None:
        with self.ledger.transaction() as connection:
            write_moves(connection, self.ledger.client, [move], self.as_of)


@pytest.fixture
def ann(ledger: Ledger, applicants: list[Subject], subject: Reread, as_of: datetime) -> Walk:
    """One of three applicants, at intake's gate."""
    return Walk(ledger, subject, applicants[0].key, as_of)


@pytest.fixture
def address(look: Look, ann: Walk) -> str:
    (row,) = look("SELECT email FROM application WHERE key = :key", key=ann.key)
    return str(row.email)


class Intruder:
    """Somebody with the owner's rights, who can switch the guards off."""

    def __init__(self, connection: Connection, client: str) -> None:
        self.connection, self.client = connection, client

    def does(self, sql: str, **parameters: Any) -> None:
        """Change something; `:client` is this test's client."""
        if "transition" in sql:
            self.connection.execute(text("ALTER TABLE transition DISABLE TRIGGER append_only"))
        parameters |= {"client": self.client}
        self.connection.execute(text(sql), parameters)


@pytest.fixture
def intruder(database: Urls, ledger: Ledger) -> Iterator[Intruder]:
    """What they do is undone after the test. They come last: their locks keep others waiting."""
    engine = create_engine(database.admin_url)
    with engine.connect() as connection:
        yield Intruder(connection, ledger.client)
        connection.rollback()
    engine.dispose()


def found(intruder: Intruder) -> set[tuple[str, str, str]]:
    """What verify says after the intruder's changes."""
    return {astuple(each) for each in verify(intruder.connection, intruder.client)}


def reported(ledger: Ledger) -> set[tuple[str, str, str]]:
    """What verify says of what was done by the usual ways."""
    with ledger.transaction() as connection:
        return {astuple(each) for each in verify(connection, ledger.client)}


def test_a_ledger_that_was_only_worked_with_is_sound(
    ledger: Ledger, ann: Walk, address: str
) -> None:
    ann.through("intake", "screening", "submittal")
    ann.end("REJECTED", told=address)
    with ledger.transaction() as connection:
        care.seal(connection, ledger.client, (ann.as_of + timedelta(days=3)).date())

    assert reported(ledger) == set()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("SET reason = 'better'", "number 2 was changed after it was written"),
        ("SET as_of = as_of + interval '1 day'", "number 2 was changed after it was written"),
        ("SET previous_hash = 'x'", "number 2 does not follow number 1"),
        ("SET from_state = 'complete'", "number 2 starts where number 1 did not end"),
    ],
)
def test_a_rewritten_transition_is_found(
    ledger: Ledger, ann: Walk, intruder: Intruder, change: str, what: str
) -> None:
    ann.through("intake", "screening")
    intruder.does(f"UPDATE transition {change} WHERE {MINE} AND seq = 2", key=ann.key)

    assert ("chain", ann.key, what) in found(intruder)


def test_a_removed_transition_leaves_a_gap(ledger: Ledger, ann: Walk, intruder: Intruder) -> None:
    ann.through("intake", "screening")
    intruder.does(f"DELETE FROM transition WHERE {MINE} AND seq = 2", key=ann.key)

    assert ("chain", ann.key, "number 3 does not follow number 1") in found(intruder)


def test_a_log_whose_end_was_cut_off_differs_from_where_the_subject_stands(
    ledger: Ledger, ann: Walk, intruder: Intruder
) -> None:
    ann.through("intake", "screening")
    intruder.does(f"DELETE FROM transition WHERE {MINE} AND seq = 4", key=ann.key)

    ((rule, key, what),) = found(intruder)
    assert (rule, key) == ("projection", ann.key)
    assert "stage, state" in what
    assert "seq, head_hash" in what


@pytest.mark.parametrize(
    "change",
    ["stage = 'payroll'", "state = 'linked'", "disposition = 'HIRED_PAID'", "ready_for = NULL"],
)
def test_a_subject_put_elsewhere_by_hand_is_found(
    ledger: Ledger, ann: Walk, intruder: Intruder, change: str
) -> None:
    intruder.does(
        f"UPDATE application SET {change} WHERE client = :client AND key = :key", key=ann.key
    )

    column = change.partition(" ")[0]
    assert ("projection", ann.key, f"the log says otherwise: {column}") in found(intruder)


def test_a_subject_that_vanished_is_found_and_so_is_one_from_nowhere(
    ledger: Ledger, ann: Walk, intruder: Intruder
) -> None:
    intruder.does("DELETE FROM application WHERE client = :client AND key = :key", key=ann.key)
    intruder.does("DELETE FROM transition WHERE client = :client AND subject_kind = 'requisition'")

    assert {
        ("projection", ann.key, "is in the log alone"),
        ("projection", "HARBOR-1", "is not in the log"),
    } <= found(intruder)


def test_nothing_moves_after_its_end(ledger: Ledger, ann: Walk, address: str) -> None:
    ann.end("WITHDRAWN", told=address)
    ann.move("intake", "entered")

    assert ("chain", ann.key, "number 3 moves what had ended as WITHDRAWN") in reported(ledger)


def test_time_does_not_run_backwards(ledger: Ledger, ann: Walk) -> None:
    ann.move("intake", "entered")
    ann.as_of -= timedelta(hours=1)
    ann.move("intake", "linked")

    assert reported(ledger) == {("time", ann.key, "number 3 lies before number 2")}


def test_a_skipped_stage_is_found(ledger: Ledger, ann: Walk) -> None:
    ann.through("intake", "submittal")

    assert reported(ledger) == {("order", ann.key, "entered submittal without screening")}


def test_a_stage_that_was_not_finished_or_whose_gate_was_passed_by_is_found(
    ledger: Ledger, ann: Walk
) -> None:
    ann.through("intake")
    ann.move("screening", "entered")
    ann.move("submittal", "hm_review")

    assert reported(ledger) == {
        ("order", ann.key, "entered screening from intake unfinished"),
        ("order", ann.key, "came to submittal past its gate"),
    }


def test_the_order_that_the_law_of_the_place_demands_is_the_one_that_counts(
    ledger: Ledger, ann: Walk, intruder: Intruder
) -> None:
    """The client checks the background before it offers; California wants the offer first."""
    before = ("intake", "screening", "submittal", "interviews", "selection", "references")
    ann.through(*before, "offer", "background")
    swapped = [*before, "background", "offer", "preboarding", "day_one", "payroll", "aftercare"]
    intruder.does(
        "UPDATE client SET process = jsonb_set(process, '{stages}', CAST(:stages AS jsonb))"
        " WHERE client = :client",
        stages=json.dumps(swapped),
    )

    assert found(intruder) == set()
    intruder.does("DELETE FROM rule WHERE topic = 'stage_order'")
    assert found(intruder) == {("order", ann.key, "entered offer without background")}


def test_a_requisition_is_not_advertised_unless_it_was_approved_first(
    ledger: Ledger, opened: Subject, subject: Reread, as_of: datetime
) -> None:
    requisition = Walk(ledger, subject, opened.key, as_of)
    requisition.move("sourcing", "entered")

    assert reported(ledger) == {("order", "HARBOR-1", "entered sourcing without requisition")}


def test_a_day_that_changed_after_it_was_sealed_and_a_day_that_lost_its_seal_are_found(
    ledger: Ledger, ann: Walk, intruder: Intruder
) -> None:
    day = ann.as_of.date()
    with ledger.transaction() as connection:
        care.seal(connection, ledger.client, day + timedelta(days=3))
    ann.move("intake", "entered")
    intruder.does(
        "DELETE FROM digest WHERE client = :client AND day = :day", day=day + timedelta(days=1)
    )

    assert found(intruder) == {
        ("seal", str(day), "is not what was sealed"),
        ("seal", str(day + timedelta(days=1)), "is not what was sealed"),
    }


def test_who_is_held_where_they_do_not_wait_is_in_two_places(
    ledger: Ledger, ann: Walk, intruder: Intruder
) -> None:
    intruder.does(
        "INSERT INTO quarantine (client, subject_kind, subject_id, stage, rule, owner, reason,"
        " remedy, opened_at) SELECT client, 'application', id, 'offer', 'OFF-001', 'client',"
        " '', 'mend it', since FROM application WHERE key = :key AND client = :client",
        key=ann.key,
    )

    assert found(intruder) == {
        ("place", ann.key, "is held at offer for OFF-001 but waits elsewhere"),
        ("place", ann.key, "is held at offer without a reason"),
    }


def test_an_arrival_that_a_sweep_passed_over_is_a_lost_applicant(
    ledger: Ledger, ann: Walk, intruder: Intruder
) -> None:
    intruder.does("UPDATE arrival SET application_id = NULL WHERE client = :client")
    on_their_way = found(intruder)
    intruder.does(
        "INSERT INTO sweep VALUES (:client, :client, :as_of, '{open applications}')",
        as_of=ann.as_of,
    )

    assert on_their_way == set()
    assert len(found(intruder)) == 3
    assert {rule for rule, _, _ in found(intruder)} == {"place"}


@pytest.mark.parametrize(("stage", "lost"), [("lead", 0), ("new", 3)])
def test_only_a_lead_in_the_trackers_job_may_be_passed_over(
    ledger: Ledger, ann: Walk, intruder: Intruder, stage: str, lost: int
) -> None:
    intruder.does(
        "INSERT INTO external_id (client, system, kind, external_id, subject_kind, subject_id)"
        " SELECT DISTINCT v.client, v.system, 'job', v.job_ref, 'requisition', r.id"
        " FROM arrival v JOIN requisition r ON r.client = v.client WHERE v.client = :client"
    )
    intruder.does(
        "UPDATE arrival SET application_id = NULL, stage = :stage WHERE client = :client",
        stage=stage,
    )
    intruder.does(
        "INSERT INTO sweep VALUES (:client, :client, :as_of, '{open applications}')",
        as_of=ann.as_of,
    )

    assert len(found(intruder)) == lost


@pytest.mark.parametrize("told", [None, "daniel.reyes@harborworks.example"])
def test_an_ending_of_which_the_applicant_is_not_told_is_found(
    ledger: Ledger, ann: Walk, told: str | None
) -> None:
    ann.end("REJECTED", told=told)

    assert reported(ledger) == {("notice", ann.key, "ended as REJECTED and is not told")}


def test_an_effect_that_is_there_twice_is_found(
    ledger: Ledger, ann: Walk, address: str, intruder: Intruder
) -> None:
    ann.end("WITHDRAWN", told=address)
    intruder.does("ALTER TABLE effect DROP CONSTRAINT effect_client_key_key")
    intruder.does(
        "INSERT INTO effect (client, key, kind, system, subject_kind, subject_id, request,"
        " not_before, created_as_of) SELECT client, key, kind, system, subject_kind, -1,"
        " request, not_before, created_as_of FROM effect WHERE client = :client"
    )
    key = f"message.send:{ann.key}:closed"

    assert found(intruder) == {
        ("effect", key, "is in the ledger 2 times"),
        ("effect", key, "is about nobody we know"),
    }


LAW = timedelta(days=9)
UNTIL_CHECKED = (
    "intake",
    "screening",
    "submittal",
    "interviews",
    "selection",
    "offer",
    "references",
    "background",
)


@pytest.fixture
def noticed(ann: Walk) -> Walk:
    """Ann has her pre-adverse notice; the law gives her time."""
    ann.through(*UNTIL_CHECKED)
    ann.move("background", "pre_adverse", due=Due(ann.as_of + LAW, "law", legal=True))
    return ann


@pytest.mark.parametrize(("days", "sound"), [(8, False), (9, True)])
def test_nobody_is_rescinded_before_the_legal_wait_is_over(
    ledger: Ledger, noticed: Walk, address: str, days: int, sound: bool
) -> None:
    noticed.as_of += timedelta(days=days)
    noticed.end("RESCINDED", told=address)

    early = "background.pre_adverse was left before its legal wait was over"
    assert reported(ledger) == (set() if sound else {("wait", noticed.key, early)})


def test_nobody_is_rescinded_without_the_wait(ledger: Ledger, ann: Walk, address: str) -> None:
    ann.through(*UNTIL_CHECKED)
    ann.end("RESCINDED", told=address)

    ((rule, _, what),) = reported(ledger)
    assert (rule, what) == ("wait", "ended as RESCINDED without the wait that the law demands")


def test_a_wait_may_be_ended_by_the_candidate_or_paused_by_a_dispute(
    ledger: Ledger, noticed: Walk, address: str
) -> None:
    noticed.as_of += timedelta(days=1)
    noticed.move("background", "disputed", due=Due(noticed.as_of + LAW, "vendor", legal=True))
    noticed.as_of += timedelta(days=1)
    noticed.end("WITHDRAWN", told=address)

    assert reported(ledger) == set()


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize(
    ("disposition", "reason", "sound"),
    [
        ("REJECTED", "not_selected: Other", False),
        ("REJECTED", "position_closed: closed by the client", True),
        ("WITHDRAWN", "withdrawn by the candidate", True),
    ],
)
def test_a_wait_is_cut_short_by_the_candidate_or_with_the_position_and_by_nobody_else(
    ledger: Ledger,
    noticed: Walk,
    address: str,
    paused: bool,
    disposition: str,
    reason: str,
    sound: bool,
) -> None:
    noticed.as_of += timedelta(days=1)
    if paused:
        noticed.move("background", "disputed", due=Due(noticed.as_of + LAW, "vendor", legal=True))
        noticed.as_of += timedelta(days=1)
    noticed.end(disposition, told=address, reason=reason)

    state = "disputed" if paused else "pre_adverse"
    early = f"background.{state} was left before its legal wait was over"
    assert reported(ledger) == (set() if sound else {("wait", noticed.key, early)})


@pytest.mark.parametrize("state", ["consider", "reassess", "cleared"])
@pytest.mark.parametrize(
    ("disposition", "reason", "sound"),
    [
        ("REJECTED", "not_selected: Other", False),
        ("REJECTED", "position_closed: filled", True),
        ("WITHDRAWN", "withdrawn by the candidate", True),
    ],
)
def test_nobody_is_rejected_while_their_report_is_to_be_decided(
    ledger: Ledger,
    ann: Walk,
    address: str,
    state: str,
    disposition: str,
    reason: str,
    sound: bool,
) -> None:
    ann.through(*UNTIL_CHECKED)
    ann.move("background", state)
    ann.end(disposition, told=address, reason=reason)

    undecided = f"ended as {disposition} while its background report was to be decided"
    assert reported(ledger) == (set() if sound else {("wait", ann.key, undecided)})


@pytest.mark.parametrize("state", ["reassess", "cleared", "order_again"])
def test_a_wait_may_end_early_with_a_new_assessment_or_when_it_is_needless(
    ledger: Ledger, noticed: Walk, state: str
) -> None:
    noticed.as_of += timedelta(days=1)
    noticed.move("background", state)

    assert reported(ledger) == set()


def test_nobody_is_rescinded_after_a_new_assessment_without_a_new_wait(
    ledger: Ledger, noticed: Walk, address: str
) -> None:
    noticed.as_of += LAW
    noticed.move("background", "reassess")
    noticed.as_of += timedelta(days=1)
    noticed.end("RESCINDED", told=address)

    without = "ended as RESCINDED without the wait that the law demands"
    assert ("wait", noticed.key, without) in reported(ledger)


def test_a_wait_that_was_cut_short_by_hand_is_found(ledger: Ledger, noticed: Walk) -> None:
    noticed.as_of += timedelta(days=1)
    noticed.move("background", "consider")

    ((rule, key, _),) = reported(ledger)
    assert (rule, key) == ("wait", noticed.key)
