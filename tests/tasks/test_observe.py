"""What was delivered, and what systems show, is read whatever else lies beside it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from connectors.errors import Unavailable, Unreadable
from connectors.health import Check
from connectors.job_boards.indeed import deliveries
from connectors.ledger import breaker, inbox
from connectors.ledger.inbox import Hint
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.records import FormAnswer, Interview, InterviewStatus, Page, Receipt, Request
from connectors.registry import VENDORS
from connectors.vendor import Vendor
from tasks import desk, observe
from tasks.desk import Desk
from tasks.process import Process

AS_OF = datetime(2026, 11, 23, 9, tzinfo=UTC)
NUMBERS = count(1)


@pytest.fixture
def scope(ledger: Ledger, process: Process, monkeypatch: pytest.MonkeyPatch) -> Scope:
    nothing: Any = None
    opened = Desk(process, ledger, Links("", "secret"), {}, nothing, settling_seconds=0)
    monkeypatch.setitem(desk._open, process.client, opened)
    return Scope(process.client)


@pytest.fixture
def answer(ledger: Ledger) -> str:
    """The id of an answer to a form that waits in the inbox."""
    record = FormAnswer(
        external_id="answer-1",
        updated_at=AS_OF,
        form="withdraw",
        subject="HARBOR-1.9f2c11ab03",
        about="",
        by="candidate",
        fields={"confirm": "yes"},
    )
    keep(ledger, "forms", record.external_id, record.model_dump_json())
    return record.external_id


def keep(ledger: Ledger, source: str, event_id: str, body: str) -> None:
    with ledger.transaction() as connection:
        inbox.keep(connection, ledger.client, source, event_id, body, AS_OF)


def rows(ledger: Ledger, query: str) -> Sequence[Any]:
    with ledger.transaction() as connection:
        return connection.execute(text(query)).all()


def test_hints_are_marked_read_and_bring_no_record(
    ledger: Ledger, scope: Scope, answer: str
) -> None:
    with ledger.transaction() as connection:
        hints = [Hint("checkr", f"e-{number}", "x", ["r-1"], AS_OF) for number in range(3)]
        assert inbox.keep_hints(connection, scope.client, hints) == [True] * 3

    state = observe.read_inbox.fn(scope, AS_OF)

    assert (state.message, state.data) == ("inbox: 1 delivered, 3 hints", 1)
    assert rows(ledger, "SELECT external_id FROM form_answer") == [(answer,)]
    assert rows(ledger, "SELECT id FROM inbox WHERE read_at IS NULL OR error IS NOT NULL") == []


@pytest.mark.parametrize("body", ["", "{}", "[" * 100_000, '{"kind": "x", "refs": []}'])
def test_what_nobody_can_read_keeps_its_reason_and_blocks_nothing(
    ledger: Ledger, scope: Scope, answer: str, body: str
) -> None:
    for source in ("indeed", "forms", "a vendor we had once"):
        keep(ledger, source, "unknown", body)

    state = observe.read_inbox.fn(scope, AS_OF)

    assert state.message == "inbox: 4 delivered, 0 hints, 3 unreadable"
    assert rows(ledger, "SELECT external_id FROM form_answer") == [(answer,)]
    unread = rows(ledger, "SELECT id FROM inbox WHERE read_at IS NULL")
    reasons = rows(ledger, "SELECT source FROM inbox WHERE error IS NOT NULL ORDER BY source")
    assert (unread, len(reasons)) == ([], 3)


def a_delivery(
    event: str, resume: object = None, name: str = "Ann", answer: str = "yes", levels: int = 0
) -> str:
    """The body of an Indeed Apply delivery; `levels`: how deep in lists the résumé lies."""
    told = {
        "id": event,
        "appliedOnMillis": 1_790_000_000_000,
        "job": {"jobId": "HARBOR-1-US-CA"},
        "applicant": {"fullName": name, "resume": {"json": {"skills": []}}},
        "questionsAndAnswers": [{"question": {"id": "books"}, "answer": answer}],
    }
    deep = "[" * levels + json.dumps(resume) + "]" * levels
    return json.dumps(told).replace('"skills": []', f'"skills": {deep}')


TEXT = st.text(st.characters(codec=None))  # half surrogate pairs as well
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inside: st.lists(inside) | st.dictionaries(TEXT, inside),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(resume=ANYTHING, name=TEXT, answer=TEXT, levels=st.sampled_from([0, 100, 300, 900, 9000]))
@example(resume=float("nan"), name="Ann", answer="yes", levels=0)
@example(resume=float("-inf"), name="Ann", answer="yes", levels=0)
@example(resume={"\0": 1}, name="Ann", answer="yes", levels=0)
@example(resume="\ud800", name="Ann", answer="yes", levels=0)
@example(resume=None, name="\ud800", answer="\udfff", levels=0)
@example(resume=10**400, name="Ann", answer="yes", levels=0)
def test_whatever_is_delivered_its_neighbours_are_landed(
    ledger: Ledger, scope: Scope, resume: Any, name: str, answer: str, levels: int
) -> None:
    before, strange, after = (f"e-{next(NUMBERS):09}" for _ in range(3))
    keep(ledger, "indeed", before, a_delivery(before))
    try:
        raw = a_delivery(strange, resume, name, answer, levels).encode()
        keep(ledger, "indeed", strange, deliveries.without_self_identification(raw)[0])
    except (Unreadable, RecursionError):  # the receiver has not taken it
        pass
    keep(ledger, "indeed", after, a_delivery(after))

    observe.read_inbox.fn(scope, AS_OF)

    landed = {row.external_id for row in rows(ledger, "SELECT external_id FROM arrival")}
    poison = {row.event_id for row in rows(ledger, "SELECT event_id FROM inbox WHERE error <> ''")}
    assert rows(ledger, "SELECT event_id FROM inbox WHERE read_at IS NULL") == []
    assert {before, after} <= landed - poison
    assert landed.isdisjoint(poison)


def test_what_the_database_cannot_keep_has_its_reason_and_can_be_read_again(
    ledger: Ledger, scope: Scope
) -> None:
    keep(ledger, "indeed", "e-nan", a_delivery("e-nan", float("nan")))

    first = observe.read_inbox.fn(scope, AS_OF)

    ((number, error),) = rows(ledger, "SELECT id, error FROM inbox")
    assert (first.message, error) == ("inbox: 1 delivered, 0 hints, 1 unreadable", "DataError")
    with ledger.transaction() as connection:
        assert inbox.replay(connection, scope.client, number) == "indeed"
    assert observe.read_inbox.fn(scope, AS_OF).message == first.message


def test_what_any_vendor_brings_is_read_as_that_vendor_says(
    ledger: Ledger, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = replace(VENDORS["indeed"], name="acme")
    monkeypatch.setitem(cast("dict[str, Vendor]", VENDORS), "acme", acme)
    for source in ("acme", "checkr"):
        keep(ledger, source, f"e-{source}", a_delivery(f"e-{source}"))

    told = observe.read_inbox.fn(scope, AS_OF)

    assert told.message == "inbox: 2 delivered, 0 hints, 1 unreadable"
    assert rows(ledger, "SELECT system FROM arrival") == [("acme",)]


@dataclass
class Tracker:
    """A system that is read page by page, from the page its cursor names."""

    pages: list[Page]
    resources: tuple[str, ...] = ("interviews",)
    asked: list[str | None] = field(default_factory=list)

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        self.asked.append(cursor)
        if resource == "scorecards":
            raise Unavailable("ashby", "down")
        yield from self.pages[int(cursor or 0) :]

    def check(self) -> Iterator[Check]:
        return iter(())

    def find(self, request: Request, key: str) -> Receipt | None:
        raise AssertionError("nothing is written here")


def an_interview(ref: str) -> Interview:
    return Interview(
        external_id=ref,
        updated_at=AS_OF,
        application_ref="a-1",
        round="screen",
        starts_at=AS_OF,
        ends_at=AS_OF,
        status=InterviewStatus.SCHEDULED,
        interviewers=(),
    )


@pytest.fixture
def tracker(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> Tracker:
    """Three pages of one interview each."""
    refs = ("first", "second", "third")
    pages = [
        Page(records=(an_interview(ref),), cursor=str(number))
        for number, ref in enumerate(refs, start=1)
    ]
    made = Tracker(pages)
    with_it = replace(desk._open[scope.client], systems={"ashby": made})
    monkeypatch.setitem(desk._open, scope.client, with_it)
    return made


def test_an_unreadable_object_is_read_again_until_it_makes_sense_and_blocks_nobody(
    ledger: Ledger, scope: Scope, tracker: Tracker
) -> None:
    good = tracker.pages[1]
    tracker.pages[1] = Page(
        unreadable={"second": "'status' has a value we do not know"}, cursor="2"
    )

    told = observe.observe.fn("ashby", scope, AS_OF).message

    assert told == "ashby: 2 changed; 1 unreadable: second"
    assert rows(ledger, "SELECT kind, external_id, owner FROM finding") == [
        ("record.unreadable", "second", "provider")
    ]
    assert rows(ledger, "SELECT read_at FROM cursor") == [(AS_OF,)]
    assert rows(ledger, "SELECT 1 FROM breaker") == []

    tracker.pages[1] = good
    told = observe.observe.fn("ashby", scope, AS_OF).message

    assert (told, tracker.asked) == ("ashby: 1 changed", [None, None])
    assert rows(ledger, "SELECT 1 FROM finding WHERE closed_at IS NULL") == []
    assert rows(ledger, "SELECT value FROM cursor") == [("3",)]


def test_an_object_the_database_cannot_keep_blocks_nobody(
    ledger: Ledger, scope: Scope, tracker: Tracker
) -> None:
    tracker.pages[1] = Page(records=(an_interview("\ud800"), an_interview("second")), cursor="2")

    told = observe.observe.fn("ashby", scope, AS_OF).message

    assert told is not None and told.startswith("ashby: 3 changed; 1 unreadable: ")
    ids = rows(ledger, "SELECT external_id FROM interview ORDER BY external_id")
    assert ids == [("first",), ("second",), ("third",)]


def test_what_cannot_be_read_is_told_also_when_a_later_resource_fails(
    ledger: Ledger, scope: Scope, tracker: Tracker
) -> None:
    tracker.pages[1] = Page(unreadable={"second": "'status' is missing"})
    tracker.resources = ("interviews", "scorecards")

    with pytest.raises(Unavailable):
        observe.observe.fn("ashby", scope, AS_OF)

    assert rows(ledger, "SELECT external_id FROM finding WHERE closed_at IS NULL") == [("second",)]


@pytest.mark.parametrize(("count", "others"), [(21, 2), (2, 0)])
def test_a_vendor_whose_objects_have_another_shape_is_not_read_at_all(
    ledger: Ledger, scope: Scope, tracker: Tracker, count: int, others: int
) -> None:
    many = {str(number): "'status' is missing" for number in range(count)}
    tracker.pages = [Page(unreadable=many), *tracker.pages[:others]]

    with pytest.raises(Unreadable, match=f"{count} interviews make no sense, the first: 'status'"):
        observe.observe.fn("ashby", scope, AS_OF)

    assert rows(ledger, "SELECT 1 FROM finding") == []
    assert rows(ledger, "SELECT side FROM breaker") == [(breaker.READS,)]
