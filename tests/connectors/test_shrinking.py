"""A list of postings that loses most of them at once is not published, unless somebody says so."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.access import Access
from connectors.documents import filesystem
from connectors.errors import Refused
from connectors.job_boards import google_for_jobs, indeed
from connectors.ports import DocumentStore, JobBoard
from connectors.records import EmploymentType, Place, Posting, PublishPostings

SITE = "https://careers.example.test"
OPTIONS = {"api_token": "t", "apply_url": f"{SITE}/apply", "prefix": "harbor"}
AUSTIN = Place(
    code="US-TX", city="Austin", region="TX", country="US", street="1 Main St", postal_code="78701"
)
Opened = Callable[..., JobBoard]


def postings(count: int) -> PublishPostings:
    told = {
        "requisition": "HARBOR-3",
        "title": "Test Engineer",
        "description_html": "<p>Tests pumps.</p>",
        "company": "Harbor",
        "place": AUSTIN,
        "pay": None,
        "employment_type": EmploymentType.FULL_TIME,
        "posted_at": datetime(2026, 8, 31, 9, tzinfo=UTC),
    }
    each = tuple(Posting(reference=f"HARBOR-{n}.US-TX", **told) for n in range(count))
    return PublishPostings(postings=each, as_of=datetime(2026, 9, 1, 9, tzinfo=UTC))


def live(board: JobBoard) -> int:
    return sum(len(page.records) for page in board.changes("all_postings", None, ()))


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    return filesystem.connect(Access(SITE, options={"root": str(tmp_path)}))


@pytest.fixture(params=[indeed, google_for_jobs], ids=lambda board: board.NAME)
def opened(request: pytest.FixtureRequest, store: DocumentStore) -> Opened:
    def open_board(**options: str) -> JobBoard:
        board: Any = request.param
        opened: JobBoard = board.connect(Access(SITE, options=OPTIONS | options), store)
        return opened

    return open_board


def code_of(failure: pytest.ExceptionInfo[Refused]) -> str:
    return failure.value.what.partition("may_lose=")[2].partition(" ")[0]


def test_most_of_many_are_not_taken_down_at_once(opened: Opened) -> None:
    board = opened()
    board.publish(postings(24), "k")

    with pytest.raises(Refused, match=r"23 of 24 live postings .* may_lose=\w{8} .* retry"):
        board.publish(postings(1), "k2")
    with pytest.raises(Refused):
        board.publish(postings(0), "k3")
    assert live(board) == 24


def test_whoever_means_it_names_these_postings_and_lets_no_others_go(opened: Opened) -> None:
    opened().publish(postings(24), "k")
    with pytest.raises(Refused) as one_stays:
        opened().publish(postings(1), "k2")
    code = code_of(one_stays)

    with pytest.raises(Refused) as none_stays:
        opened(may_lose=code).publish(postings(0), "k3")
    assert code_of(none_stays) != code
    opened(may_lose=code).publish(postings(1), "k2")
    assert live(opened()) == 1


def test_a_code_that_is_left_in_the_account_lets_nothing_else_through(opened: Opened) -> None:
    opened().publish(postings(24), "k")
    with pytest.raises(Refused) as refusal:
        opened().publish(postings(1), "k2")
    board = opened(may_lose=code_of(refusal))
    board.publish(postings(1), "k2")
    board.publish(postings(30), "k3")

    with pytest.raises(Refused, match="29 of 30"):
        board.publish(postings(1), "k4")
    assert live(board) == 30


@pytest.mark.parametrize(("before", "after"), [(24, 12), (10, 0), (3, 1), (1, 24)])
def test_a_few_may_always_end_and_half_of_all(opened: Opened, before: int, after: int) -> None:
    board = opened()
    board.publish(postings(before), "k")
    board.publish(postings(after), "k2")

    assert live(board) == after


def test_a_feed_that_is_torn_is_written_anew(store: DocumentStore) -> None:
    store.put("indeed/feed.xml", b"<source><job>", "application/xml")
    board = indeed.connect(Access(SITE, options=OPTIONS), store)

    board.publish(postings(1), "k")

    assert live(board) == 1
