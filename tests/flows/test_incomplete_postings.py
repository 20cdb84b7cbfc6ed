"""A posting that lacks something: its neighbours are published, and ops sees which and why."""

from pathlib import Path

from connectors.access import Access
from connectors.documents.filesystem import Filesystem
from connectors.job_boards import VENDORS
from connectors.ledger.decisions import Decisions
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import EmploymentType, Place, Posting, PublishPostings
from tasks.deliver import carry_out
from tasks.process import Process
from tests.carrying import desk_with
from tests.tasks.test_reconcile import BEGUN, Books, books

assert books  # a fixture


def a_list(*cities: str) -> PublishPostings:
    postings = tuple(
        Posting(
            reference=f"HARBOR-{n}-US-CA",
            requisition=f"HARBOR-{n}",
            title="Clerk",
            description_html="<p>Keeps books.</p>",
            company="Harbor",
            place=Place(code="US-CA", city=city, region="CA", country="US"),
            pay=None,
            employment_type=EmploymentType.FULL_TIME,
            posted_at=BEGUN,
        )
        for n, city in enumerate(cities)
    )
    return PublishPostings(postings=postings, as_of=BEGUN)


def test_its_effect_is_dead_until_a_newer_list_is_whole(
    ledger: Ledger, books: Books, process: Process, tmp_path: Path
) -> None:
    store = Filesystem(tmp_path, "https://x.test")
    options = {"api_token": "t", "apply_url": "https://us.example.test"}
    board = VENDORS["indeed"].open(Access("https://x.test", options=options), documents=store)
    desk, scope = desk_with(process, ledger, {"indeed": board}), Scope(ledger.client)

    def publish(request: PublishPostings, about: str) -> list[tuple[str, str | None]]:
        """The states and errors of all publications after this one was delivered."""
        decisions = Decisions()
        subject = books.subject("requisition", "HARBOR-1")
        decisions.effect(subject, "indeed", "posting.publish", request, about=about)
        ledger.apply(decisions, BEGUN)
        carry_out(desk, scope, BEGUN)
        rows = books._query("SELECT state, error FROM effect WHERE system = 'indeed' ORDER BY id")
        return [(row.state, row.error) for row in rows]

    ((state, error),) = publish(a_list("Oakland", "", "Fresno"), "1")
    (page,) = board.changes("all_postings", None, ())

    assert state == "dead"
    assert "HARBOR-1-US-CA of requisition HARBOR-1 lacks city" in str(error)
    assert [r.external_id for r in page.records] == ["HARBOR-0-US-CA", "HARBOR-2-US-CA"]
    assert [s for s, _ in publish(a_list("Oakland", "Davis", "Fresno"), "2")] == [
        "overtaken",
        "done",
    ]
