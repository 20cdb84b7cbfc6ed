"""Delivery, without a ledger: what is looked up, what is a person's, and in which order."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import text

import tasks
from connectors import ports
from connectors.errors import OutcomeUnknown, TooEarly, Unavailable
from connectors.health import Check
from connectors.ledger.decisions import Decisions, Subject
from connectors.ledger.effects import Claimed
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.records import Page, Receipt, Request, SendMessage, SendOffer, StartAdverseAction
from tasks.deliver import (
    KINDS,
    NeedsPerson,
    RanOut,
    UnderWay,
    _as_it_leaves,
    _groups,
    _judge_vendor,
    _look_up,
    _meaning,
    _pause,
    _request,
    carry_out,
)
from tasks.desk import Desk
from tasks.process import Process
from tests.tasks.factories import HARBOR, KEY, NOW

MESSAGE = SendMessage(
    to_name="Ada Lovelace",
    to_email="ada@example.org",
    subject="Hello",
    body=f"Withdraw: [[form|withdraw|{KEY}||candidate]]",
    template="acknowledgement",
)
PORTS = [p for p in vars(ports).values() if isinstance(p, type) and p.__module__ == ports.__name__]


@dataclass
class Mailbox:
    """A messenger that keeps what it sent; `lost` says what a lookup finds."""

    resources: tuple[str, ...] = ()
    sent: list[SendMessage] = field(default_factory=list)
    found: Receipt | None = None
    blind: bool = False
    search_lag: int = 1

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        return iter(())

    def check(self) -> Iterator[Check]:
        return iter(())

    def find(self, request: Request, key: str) -> Receipt | None:
        if self.blind:
            raise OutcomeUnknown("mailbox", "no journal")
        return self.found

    def send(self, request: SendMessage, key: str) -> Receipt:
        self.sent.append(request)
        return Receipt(external_id=key)


def claimed(**values: Any) -> Claimed:
    common: dict[str, Any] = {
        "id": 1,
        "key": f"message.send:{KEY}:acknowledgement",
        "kind": "message.send",
        "system": "smtp",
        "subject_kind": "application",
        "subject_id": 7,
        "subject_key": KEY,
        "request": MESSAGE.model_dump(mode="json"),
        "asked_at": NOW,
        "attempts": 1,
        "sent_before": False,
    }
    return Claimed(**common | values)


def desk(mailbox: Mailbox) -> Desk:
    links = Links("https://forms.example", "secret")
    nothing: Any = None
    return Desk(HARBOR, nothing, links, {"smtp": mailbox}, nothing, settling_seconds=60)


def test_every_kind_that_a_stage_asks_for_can_be_delivered() -> None:
    files = Path(tasks.__path__[0]).glob("*.py")
    systems = "board|posting|tracker|resume|references|offer|background|payroll|message|text"
    asked_for = {
        kind
        for file in files
        for kind in re.findall(rf'"((?:{systems})\.[a-z_]+)"', file.read_text(encoding="utf-8"))
    }

    assert asked_for == set(KINDS)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"message.by_hand"}))
def test_every_kind_has_a_verb_at_some_port(kind: str) -> None:
    assert any(hasattr(port, KINDS[kind][1]) for port in PORTS)


def test_a_message_leaves_with_its_links_sealed() -> None:
    message = _request(desk(Mailbox()), claimed())

    assert isinstance(message, SendMessage)
    assert "https://forms.example/forms/" in message.body
    assert "[[" not in message.body


def test_what_may_have_been_sent_is_looked_up() -> None:
    mailbox = Mailbox(found=Receipt(external_id="mail-1"))

    assert _look_up(desk(mailbox), claimed(sent_seconds_ago=1), MESSAGE) == mailbox.found


@pytest.mark.parametrize("age", [None, 60, 3600])
def test_that_it_is_not_there_counts_if_it_was_never_sent_or_long_ago(age: float | None) -> None:
    assert _look_up(desk(Mailbox()), claimed(sent_seconds_ago=age), MESSAGE) is None


@pytest.mark.parametrize("age", [0.0, 59.0])
def test_what_was_sent_just_now_may_still_be_under_way_and_is_looked_up_again(age: float) -> None:
    with pytest.raises(UnderWay) as waiting:
        _look_up(desk(Mailbox()), claimed(sent_seconds_ago=age), MESSAGE)
    assert waiting.value.seconds == 60 - age


def test_where_the_search_is_behind_not_found_counts_later() -> None:
    slow = Mailbox()
    slow.search_lag = 5

    with pytest.raises(UnderWay) as waiting:
        _look_up(desk(slow), claimed(sent_seconds_ago=100.0), MESSAGE)
    assert waiting.value.seconds == 200
    assert _look_up(desk(slow), claimed(sent_seconds_ago=301.0), MESSAGE) is None


def test_where_the_vendor_cannot_tell_a_person_decides() -> None:
    with pytest.raises(NeedsPerson):
        _look_up(desk(Mailbox(blind=True)), claimed(), MESSAGE)


def test_what_only_a_person_can_tell_is_a_persons() -> None:
    with pytest.raises(NeedsPerson):
        _request(desk(Mailbox()), claimed(kind="message.by_hand", system="desk"))


def test_effects_on_one_subject_stay_in_order_and_subjects_go_side_by_side() -> None:
    batch = [
        claimed(id=4, subject_id=7),
        claimed(id=1, subject_id=9),
        claimed(id=2, subject_id=7),
        claimed(id=3, subject_id=7, subject_kind="requisition"),
    ]

    assert [[effect.id for effect in group] for group in _groups(batch)] == [[2, 4], [1], [3]]


@pytest.mark.parametrize(("attempts", "seconds"), [(6, 60), (7, 120), (10, 960), (100, 15360)])
def test_the_pause_doubles_up_to_a_few_hours(attempts: int, seconds: float) -> None:
    assert _pause(claimed(attempts=attempts), Unavailable("smtp", "busy")) == seconds


def test_a_vendor_that_says_how_long_is_believed() -> None:
    failure = Unavailable("smtp", "busy", retry_after=7)

    assert _pause(claimed(attempts=9), failure) == 7


def test_what_may_not_be_done_by_night_is_done_in_the_morning_at_whatever_try() -> None:
    night = TooEarly("twilio", "it is night there", seconds=3600)

    assert _meaning(claimed(), night, spared=False) == ("due", 3600)
    assert _meaning(claimed(sent_before=True, attempts=9), night, spared=False) == ("sending", 3600)


def test_the_night_says_nothing_about_the_vendor() -> None:
    night = TooEarly("twilio", "it is night there", seconds=3600)

    assert not _judge_vendor(desk(Mailbox()), "twilio", night, NOW)  # this desk has no ledger


OFFER = SendOffer(
    application_key=KEY,
    offer_hash="v1",
    title="Your offer",
    letter="We offer you the position.",
    signer_name="Ada Lovelace",
    signer_email="ada@example.org",
    expires_at=NOW,
)


def test_an_offer_leaves_until_it_runs_out_and_never_after() -> None:
    assert _as_it_leaves(desk(Mailbox()), claimed(), OFFER, NOW - timedelta(seconds=1)) == OFFER
    with pytest.raises(RanOut) as late:
        _as_it_leaves(desk(Mailbox()), claimed(), OFFER, NOW)
    assert _meaning(claimed(), late.value, spared=False) == ("overtaken", 0.0)


SOMEBODY = Subject(
    subject_kind="application",
    id=7,
    key=KEY,
    stage="background",
    state="consider",
    since=NOW,
    ready_for=None,
    seq=4,
    head_hash="aa",
)


@dataclass
class Screener:
    """A consumer reporting agency that keeps which notices it was told to send."""

    resources: tuple[str, ...] = ()
    told: list[StartAdverseAction] = field(default_factory=list)

    def start_adverse_action(self, request: StartAdverseAction, key: str) -> Receipt:
        self.told.append(request)
        return Receipt(external_id=key)


def test_the_legal_wait_begins_when_the_notice_leaves_and_not_at_the_instant_of_a_late_run(
    ledger: Ledger, process: Process, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuesday, friday = NOW + timedelta(days=1), NOW + timedelta(days=4)
    (tmp_path / "clock").write_text(friday.isoformat())
    monkeypatch.setenv("FULLCYCLE_CLOCK_FILE", str(tmp_path / "clock"))
    screener = Screener()
    links, nothing = Links("https://forms.example", "secret"), cast(Any, None)
    systems: Any = {"checkr": screener}
    office = Desk(process, ledger, links, systems, nothing, settling_seconds=0)
    decisions = Decisions()
    notice = StartAdverseAction(
        report_ref="report-1", final_not_before=tuesday, calendar_days=7, decided_by="R. Lee"
    )
    decisions.effect(SOMEBODY, "checkr", "background.adverse", notice)
    ledger.apply(decisions, tuesday)

    carry_out(office, Scope(ledger.client), tuesday)

    assert [told.final_not_before for told in screener.told] == [friday + timedelta(days=7)]
    with ledger.transaction() as connection:
        assert connection.execute(text("SELECT done_as_of FROM effect")).scalars().all() == [friday]


def test_the_adverse_action_leaves_with_the_wait_that_begins_now() -> None:
    notice = StartAdverseAction(
        report_ref="report-1",
        final_not_before=NOW + timedelta(days=9),
        business_days=7,
        places=("US", "US-CA"),
        decided_by="R. Lee",
    )

    held = _as_it_leaves(desk(Mailbox()), claimed(), notice, NOW + timedelta(days=7))

    assert _as_it_leaves(desk(Mailbox()), claimed(), notice, NOW) == notice
    assert isinstance(held, StartAdverseAction)
    assert held.final_not_before == NOW + timedelta(days=16)
