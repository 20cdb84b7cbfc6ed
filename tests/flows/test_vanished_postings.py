"""A posting goes from a board when its requisition has ended, not when a list leaves it out."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connectors.access import Access
from connectors.documents.filesystem import Filesystem
from connectors.job_boards import VENDORS
from connectors.ledger import sourcing
from connectors.ledger.decisions import Decisions
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import Posting, PublishPostings
from tasks.deliver import carry_out
from tasks.desk import Desk
from tasks.process import Process
from tests.carrying import desk_with
from tests.tasks.test_reconcile import BEGUN, POSTING, Books, a_posting, books

assert books  # a fixture


@pytest.fixture
def desk(ledger: Ledger, process: Process, tmp_path: Path) -> Desk:
    store = Filesystem(tmp_path, "https://x.test")
    options = {"api_token": "t", "apply_url": "https://us.example.test"}
    board = VENDORS["indeed"].open(Access("https://x.test", options=options), documents=store)
    return desk_with(process, ledger, {"indeed": board})


def publishes(desk: Desk, books: Books, *postings: Posting) -> tuple[str, str | None]:
    """Deliver a list as an older version would have asked for it; how that ended."""
    request = PublishPostings(postings=postings, as_of=BEGUN)
    subject, number = (
        books.subject("requisition", "HARBOR-1"),
        len(books._query("SELECT 1 FROM effect")),
    )
    decisions = Decisions()
    decisions.effect(subject, "indeed", "posting.publish", request, about=str(number))
    desk.ledger.apply(decisions, BEGUN)
    change(desk, "UPDATE effect SET request = request - 'ended'")
    carry_out(desk, Scope(desk.client), BEGUN)
    (row,) = books._query("SELECT state, error FROM effect ORDER BY id DESC LIMIT 1")
    return row.state, row.error


def shown(desk: Desk) -> list[str]:
    pages = desk.systems["indeed"].changes("all_postings", None, ())
    return [record.external_id for page in pages for record in page.records]


def change(desk: Desk, statement: str, **values: Any) -> None:
    with desk.ledger.transaction() as connection:
        connection.execute(text(statement), values)


def test_the_only_posting_stays_on_the_board_whatever_list_leaves_it_out(
    desk: Desk, books: Books
) -> None:
    assert publishes(desk, books, a_posting()) == ("done", None)

    change(desk, "UPDATE posting SET live = false")  # as a mistake of ours would
    state, error = publishes(desk, books)

    assert state == "dead"
    assert (
        f"1 of 1 live postings would be gone, though nothing says that they have ended: {POSTING}"
        in str(error)
    )
    assert shown(desk) == [POSTING]


def test_it_goes_with_its_requisition(desk: Desk, books: Books) -> None:
    publishes(desk, books, a_posting())

    books.closes()

    assert publishes(desk, books) == ("done", None)
    assert shown(desk) == []


def test_what_the_ledger_does_not_know_as_after_a_restore_is_not_taken_down(
    desk: Desk, books: Books
) -> None:
    publishes(desk, books, a_posting(), a_posting("HARBOR-2-US-CA"))

    state, error = publishes(desk, books, a_posting())

    assert (state, "HARBOR-2-US-CA" in str(error)) == ("dead", True)
    assert len(shown(desk)) == 2


@pytest.mark.parametrize(
    ("what", "ended"),
    [
        ("", False),
        ("disposition = 'FILLED'", True),
        ("disposition = 'CANCELLED'", True),
        ("stage = 'requisition', state = 'awaiting_approval'", True),
        ("state = 'entered'", True),  # let in again after a change, and not yet advertised
        ("state = 'applicants_in'", False),
        ("""fields = jsonb_set(fields, '{places}', '[{"code": "US-NY-NYC"}]')""", True),
    ],
)
def test_a_posting_has_ended_by_what_its_requisition_says(
    desk: Desk, books: Books, what: str, ended: bool
) -> None:
    if what:
        change(desk, f"UPDATE requisition SET {what}")

    with desk.ledger.transaction() as connection:
        assert sourcing.ended_postings(connection, desk.client) == [POSTING] * ended
