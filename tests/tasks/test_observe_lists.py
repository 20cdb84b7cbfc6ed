"""A vendor's list is read as a whole, and only what is new in it costs anything."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event, text

from connectors.errors import Unreadable
from connectors.health import Check
from connectors.ledger import cursors, landing, lists
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.records import Candidate, Gone, Listed, Page, Receipt, Request
from tasks import desk, observe
from tasks.desk import Desk
from tasks.process import Process

AS_OF = datetime(2026, 11, 23, 9, tzinfo=UTC)
EVERYBODY = {"1": "Ann", "2": "Ben", "3": "Cleo"}


@dataclass
class Tracker:
    """Lists candidates, two a page; `read` are the ids of those that were read one by one.

    `deleted`: whom it says to be deleted to those who ask for changes only.
    """

    people: dict[str, str]
    resources: tuple[str, ...] = ("candidates",)
    read: list[str] = field(default_factory=list)
    deleted: tuple[str, ...] = ()

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        rows = [
            (ref, json.dumps({"id": ref, "name": name}).encode())
            for ref, name in self.people.items()
        ]
        for start in range(0, len(rows) or 1, 2):
            listed = Listed(Candidate, rows[start : start + 2], self._one)
            gone = Gone(Candidate, self.deleted) if cursor else None
            yield Page(listed=listed, gone=gone, cursor=str(start + 2))

    def _one(self, row: bytes) -> Candidate:
        told = json.loads(row)
        self.read.append(told["id"])
        if not isinstance(told["name"], str):
            raise Unreadable("tracker", "'name' is no text")
        return Candidate(external_id=told["id"], updated_at=AS_OF, name=told["name"], document=row)

    def check(self) -> Iterator[Check]:
        return iter(())

    def find(self, request: Request, key: str) -> Receipt | None:
        raise AssertionError("nothing is written here")


@pytest.fixture
def scope(ledger: Ledger, process: Process, monkeypatch: pytest.MonkeyPatch) -> Scope:
    nothing: Any = None
    opened = Desk(process, ledger, Links("", "secret"), {}, nothing, settling_seconds=0)
    monkeypatch.setitem(desk._open, process.client, opened)
    return Scope(process.client)


@pytest.fixture
def tracker(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> Tracker:
    made = Tracker(dict(EVERYBODY))
    with_it = replace(desk._open[scope.client], systems={"tracker": made})
    monkeypatch.setitem(desk._open, scope.client, with_it)
    return made


def look_at_all(ledger: Ledger, scope: Scope, tracker: Tracker) -> str | None:
    """Read the whole list, as every night; says what the run says."""
    with ledger.transaction() as connection:
        cursors.forget(connection, scope.client)
    tracker.read.clear()
    return observe.observe.fn("tracker", scope, AS_OF).message


def known(ledger: Ledger, only: str = "gone_at IS NULL") -> dict[str, str]:
    query = f"SELECT external_id, name FROM candidate WHERE {only}"
    with ledger.transaction() as connection:
        return {row.external_id: row.name for row in connection.execute(text(query))}


def test_what_is_as_it_was_is_neither_read_nor_written(
    ledger: Ledger, scope: Scope, tracker: Tracker
) -> None:
    versions = "SELECT xmin::text, ctid::text FROM candidate ORDER BY id"
    assert look_at_all(ledger, scope, tracker) == "tracker: 3 changed"
    with ledger.transaction() as connection:
        before = connection.execute(text(versions)).all()

    assert look_at_all(ledger, scope, tracker) == "tracker: 0 changed"

    assert tracker.read == []
    with ledger.transaction() as connection:
        assert connection.execute(text(versions)).all() == before


def test_only_what_has_changed_is_read_also_when_it_changes_back(
    ledger: Ledger, scope: Scope, tracker: Tracker
) -> None:
    look_at_all(ledger, scope, tracker)

    for name in ("Benedict", "Ben"):
        tracker.people["2"] = name
        assert look_at_all(ledger, scope, tracker) == "tracker: 1 changed"
        assert (tracker.read, known(ledger)["2"]) == (["2"], name)


def test_a_new_version_of_ours_reads_everything_anew(
    ledger: Ledger, scope: Scope, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at_all(ledger, scope, tracker)
    monkeypatch.setattr(landing, "_READER", b"another version")

    assert look_at_all(ledger, scope, tracker) == "tracker: 0 changed"
    assert sorted(tracker.read) == ["1", "2", "3"]


def test_who_is_deleted_there_is_marked_and_who_comes_back_is_read_as_if_new(
    ledger: Ledger, scope: Scope, tracker: Tracker
) -> None:
    look_at_all(ledger, scope, tracker)
    del tracker.people["2"]

    assert look_at_all(ledger, scope, tracker) == "tracker: 0 changed; 1 deleted there"
    assert known(ledger, "gone_at IS NOT NULL") == {"2": "Ben"}
    assert look_at_all(ledger, scope, tracker) == "tracker: 0 changed"

    tracker.people["2"] = "Ben"
    assert look_at_all(ledger, scope, tracker) == "tracker: 1 changed"
    assert known(ledger) == EVERYBODY


def test_whom_the_vendor_lists_as_deleted_is_marked_once_and_strangers_are_nobody(
    ledger: Ledger, scope: Scope, tracker: Tracker
) -> None:
    look_at_all(ledger, scope, tracker)
    del tracker.people["2"]
    tracker.deleted = ("2", "somebody we never met")

    told = [observe.observe.fn("tracker", scope, AS_OF).message for _ in range(2)]

    assert told == ["tracker: 0 changed; 1 deleted there", "tracker: 0 changed"]
    assert known(ledger) == {"1": "Ann", "3": "Cleo"}


def test_who_is_gone_is_asked_once_however_many_there_are(
    ledger: Ledger, scope: Scope, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "AT_ONCE", 2)
    tracker.people = {str(number): f"Number {number}" for number in range(9)}
    asked: list[str] = []

    def note(connection: Connection, cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    look_at_all(ledger, scope, tracker)
    event.remove(Engine, "before_cursor_execute", note)

    assert sum("gone_at IS NULL" in statement for statement in asked) == 1


def test_nobody_counts_as_deleted_when_not_all_of_the_list_was_read(
    ledger: Ledger, scope: Scope, tracker: Tracker
) -> None:
    look_at_all(ledger, scope, tracker)
    del tracker.people["2"]

    observe.observe.fn("tracker", scope, AS_OF)  # from the cursor on
    assert known(ledger) == EVERYBODY

    tracker.people["3"] = 3  # type: ignore[assignment]
    told = look_at_all(ledger, scope, tracker)
    assert (told, known(ledger)) == ("tracker: 0 changed; 1 unreadable: 3", EVERYBODY)


def test_a_list_that_has_lost_most_is_not_believed(
    ledger: Ledger, scope: Scope, tracker: Tracker
) -> None:
    tracker.people = {str(number): f"Number {number}" for number in range(40)}
    look_at_all(ledger, scope, tracker)
    tracker.people = {"0": "Number 0"}

    with pytest.raises(Unreadable, match="39 of 40 candidates are no longer listed"):
        look_at_all(ledger, scope, tracker)

    assert len(known(ledger)) == 40


def test_of_two_versions_on_one_page_the_last_is_kept_and_read_again_only_if_it_changes(
    ledger: Ledger, scope: Scope, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [("1", json.dumps({"id": "1", "name": name}).encode()) for name in ("Ann", "Anna")]
    page = Page(listed=Listed(Candidate, rows, tracker._one), cursor="2")
    monkeypatch.setattr(tracker, "changes", lambda *_: iter([page]))

    told = [look_at_all(ledger, scope, tracker) for _ in range(2)]

    assert told == ["tracker: 1 changed", "tracker: 0 changed"]
    assert (tracker.read, known(ledger)) == ([], {"1": "Anna"})


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    nights=st.lists(
        st.dictionaries(st.sampled_from("123456789"), st.sampled_from(["Ann", "Ben"])), max_size=5
    )
)
def test_after_every_night_the_ledger_has_what_the_list_has(
    ledger: Ledger, scope: Scope, tracker: Tracker, nights: list[dict[str, str]]
) -> None:
    for people in nights:
        tracker.people = people
        look_at_all(ledger, scope, tracker)
        assert known(ledger) == people
