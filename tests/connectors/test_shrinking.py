"""A list that loses a posting that has not ended is not published, unless somebody says so."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.access import Access
from connectors.documents import filesystem
from connectors.errors import Refused
from connectors.job_boards import VENDORS, indeed
from connectors.ports import DocumentStore, JobBoard
from connectors.records import EmploymentType, Place, Posting, PublishPostings

SITE = "https://careers.example.test"
OPTIONS = {"api_token": "t", "apply_url": f"{SITE}/apply", "prefix": "harbor"}
AUSTIN = Place(
    code="US-TX", city="Austin", region="TX", country="US", street="1 Main St", postal_code="78701"
)
Opened = Callable[..., JobBoard]


def postings(count: int, ended: Iterable[int] = ()) -> PublishPostings:
    """So many, and the numbers of those that have ended."""
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
    return PublishPostings(
        postings=each,
        as_of=datetime(2026, 9, 1, 9, tzinfo=UTC),
        ended=tuple(f"HARBOR-{n}.US-TX" for n in ended),
    )


def live(board: JobBoard) -> int:
    return sum(len(page.records) for page in board.changes("all_postings", None, ()))


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    return filesystem.connect(Access(SITE, options={"root": str(tmp_path)}))


@pytest.fixture(params=VENDORS)
def opened(request: pytest.FixtureRequest, store: DocumentStore) -> Opened:
    def open_board(**options: str) -> JobBoard:
        access = Access(SITE, options=OPTIONS | options)
        opened: JobBoard = VENDORS[request.param].open(access, documents=store)
        return opened

    return open_board


def code_of(failure: pytest.ExceptionInfo[Refused]) -> str:
    return failure.value.what.partition("may_lose=")[2].partition(" ")[0]


@pytest.mark.parametrize(("before", "after"), [(1, 0), (2, 1), (10, 0), (40, 20), (40, 39)])
def test_however_few_would_be_gone_of_which_nobody_knows_an_end_nothing_is_published(
    opened: Opened, before: int, after: int
) -> None:
    board = opened()
    board.publish(postings(before), "k")

    would_be_gone = f"{before - after} of {before} live postings would be gone"
    with pytest.raises(Refused, match=rf"{would_be_gone}.* may_lose=\w{{8}} .* retry"):
        board.publish(postings(after), "k2")
    assert live(board) == before


@pytest.mark.parametrize(("before", "after"), [(1, 0), (24, 0), (24, 1), (1, 24)])
def test_however_many_may_go_that_have_ended(opened: Opened, before: int, after: int) -> None:
    board = opened()
    board.publish(postings(before), "k")
    board.publish(postings(after, ended=range(after, before)), "k2")

    assert live(board) == after


def test_one_that_has_not_ended_keeps_all_others_too_and_is_named(opened: Opened) -> None:
    board = opened()
    board.publish(postings(24), "k")

    with pytest.raises(Refused, match=r"1 of 24 .*HARBOR-7\.US-TX"):
        board.publish(postings(0, ended=[n for n in range(24) if n != 7]), "k2")
    assert live(board) == 24


def test_what_nobody_of_us_has_put_there_is_not_removed_unasked(opened: Opened) -> None:
    opened().publish(postings(3), "k")  # by an older ledger, say

    with pytest.raises(Refused, match="2 of 3"):
        opened().publish(postings(1, ended=range(30, 40)), "k2")


def test_a_live_posting_that_lacks_something_by_now_keeps_no_other_from_being_published(
    opened: Opened,
) -> None:
    board = opened()
    board.publish(postings(2), "k")
    first, second, third = postings(3).postings
    blank = second.model_copy(update={"company": " "})

    with pytest.raises(Refused, match="lacks company"):
        board.publish(postings(0).model_copy(update={"postings": (first, blank, third)}), "k2")
    assert live(board) == 2


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


def test_a_feed_that_is_torn_is_written_anew(store: DocumentStore) -> None:
    store.put("indeed/feed.xml", b"<source><job>", "application/xml")
    board = indeed.connect(Access(SITE, options=OPTIONS), store)

    board.publish(postings(1), "k")

    assert live(board) == 1
