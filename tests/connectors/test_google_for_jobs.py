"""Google for Jobs: what its crawler would find in the served folder."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html

from connectors.access import Access
from connectors.documents import filesystem
from connectors.errors import Refused, Unsupported
from connectors.job_boards import google_for_jobs
from connectors.ports import DocumentStore, JobBoard
from connectors.records import (
    CloseJob,
    EmploymentType,
    Pay,
    PayUnit,
    Place,
    Posting,
    PublishPostings,
)

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
AUSTIN = Place(
    code="US-TX", city="Austin", region="TX", country="US", street="1 Main St", postal_code="78701"
)
SITE = "https://careers.example.test"
OPTIONS = {"prefix": "harbor", "apply_url": "https://careers.example.test/apply/"}


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    return filesystem.connect(Access(SITE, options={"root": str(tmp_path)}))


@pytest.fixture
def board(store: DocumentStore) -> JobBoard:
    return google_for_jobs.connect(Access(SITE, options=OPTIONS), store)


MAY_END = ("A-1.US-TX", "B-2.US-TX", "CLOSED-1.US-TX")


def a_posting(reference: str = "HARBOR-3.US-TX", **changed: Any) -> Posting:
    told: dict[str, Any] = {
        "reference": reference,
        "requisition": "HARBOR-3",
        "title": "Test Engineer",
        "description_html": "<p>Tests <strong>pumps</strong>.</p>",
        "company": "Harbor & Sons",
        "place": AUSTIN,
        "pay": Pay(min_cents=8_000_000, max_cents=10_050_050),
        "benefits": "Health, 401(k)",
        "employment_type": EmploymentType.FULL_TIME,
        "posted_at": datetime(2026, 8, 31, 9, tzinfo=UTC),
        "closes_on": date(2026, 10, 31),
    }
    return Posting(**{**told, **changed})


def these(*postings: Posting) -> PublishPostings:
    """A list at a time when all that is not in it has ended."""
    return PublishPostings(postings=postings, as_of=NOW, ended=MAY_END)


def page(store: DocumentStore, reference: str = "HARBOR-3.US-TX") -> html.HtmlElement:
    return html.document_fromstring(store.get(f"jobs/harbor/{reference}.html").decode())


def job(store: DocumentStore, reference: str = "HARBOR-3.US-TX") -> dict[str, Any]:
    [script] = page(store, reference).xpath("//script")
    assert script.get("type") == "application/ld+json"
    told: dict[str, Any] = json.loads(script.text)
    return told


def test_a_page_says_all_that_google_requires(board: JobBoard, store: DocumentStore) -> None:
    board.publish(these(a_posting()), "k")

    assert job(store) == {
        "@context": "https://schema.org/",
        "@type": "JobPosting",
        "title": "Test Engineer",
        "description": "<p>Tests <strong>pumps</strong>.</p>",
        "url": f"{SITE}/jobs/harbor/HARBOR-3.US-TX.html",
        "identifier": {
            "@type": "PropertyValue",
            "name": "Harbor & Sons",
            "value": "HARBOR-3.US-TX",
        },
        "datePosted": "2026-08-31",
        "validThrough": "2026-10-31T23:59:59Z",
        "hiringOrganization": {"@type": "Organization", "name": "Harbor & Sons"},
        "employmentType": "FULL_TIME",
        "baseSalary": {
            "@type": "MonetaryAmount",
            "currency": "USD",
            "value": {
                "@type": "QuantitativeValue",
                "unitText": "YEAR",
                "minValue": 80000,
                "maxValue": 100500.5,
            },
        },
        "jobBenefits": "Health, 401(k)",
        "directApply": True,
        "jobLocation": {
            "@type": "Place",
            "address": {
                "@type": "PostalAddress",
                "streetAddress": "1 Main St",
                "addressLocality": "Austin",
                "addressRegion": "TX",
                "postalCode": "78701",
                "addressCountry": "US",
            },
        },
    }


def test_the_visible_page_says_the_same(board: JobBoard, store: DocumentStore) -> None:
    board.publish(these(a_posting()), "k")

    [main] = page(store).xpath("//main")
    seen = main.text_content()
    for fact in (
        "Test Engineer",
        "Harbor & Sons",
        "1 Main St, Austin, TX 78701, US",
        "full time",
        "USD 80,000.00 – 100,500.50 per year",
        "Health, 401(k)",
        "2026-08-31",
        "2026-10-31",
        "HARBOR-3.US-TX",
        "Tests pumps.",
    ):
        assert fact in seen
    assert main.xpath(".//a/@href") == ["https://careers.example.test/apply/HARBOR-3.US-TX"]


def test_what_is_not_known_is_left_out(board: JobBoard, store: DocumentStore) -> None:
    board.publish(these(a_posting(pay=None, benefits="", closes_on=None)), "k")

    assert not {"baseSalary", "jobBenefits", "validThrough"} & job(store).keys()
    assert "Base pay" not in page(store).text_content()


def test_one_rate_is_a_value_and_not_a_band(board: JobBoard, store: DocumentStore) -> None:
    hourly = Pay(min_cents=2150, max_cents=2150, unit=PayUnit.HOUR)

    board.publish(these(a_posting(pay=hourly)), "k")

    value = {"@type": "QuantitativeValue", "unitText": "HOUR", "value": 21.5}
    assert job(store)["baseSalary"]["value"] == value


@pytest.mark.parametrize(
    ("region", "home"),
    [("TX", {"@type": "State", "name": "TX, US"}), ("", {"@type": "Country", "name": "US"})],
)
def test_a_remote_job_says_from_where_one_may_apply(
    board: JobBoard, store: DocumentStore, region: str, home: dict[str, str]
) -> None:
    place = AUSTIN.model_copy(update={"remote": True, "region": region})

    board.publish(these(a_posting(place=place)), "k")

    assert job(store)["jobLocationType"] == "TELECOMMUTE"
    assert job(store)["applicantLocationRequirements"] == home
    assert "jobLocation" not in job(store)


def test_nothing_a_client_writes_can_break_out_of_the_page(
    board: JobBoard, store: DocumentStore
) -> None:
    evil = "</script><script>alert(1)</script><!--"
    hostile = a_posting(
        title=evil, company=evil, benefits=evil, description_html=f"<p onclick='x'>Hi</p>{evil}"
    )

    board.publish(these(hostile), "k")

    assert job(store)["title"] == evil
    assert job(store)["description"] == "<p>Hi</p>"
    assert not page(store).xpath("//@onclick")


def test_the_sitemap_lists_every_page(board: JobBoard, store: DocumentStore) -> None:
    board.publish(these(a_posting("B-2.US-TX"), a_posting("A-1.US-TX")), "k")

    root = etree.fromstring(store.get("jobs/harbor/sitemap.xml"))
    rows = [[child.text for child in url] for url in root]
    assert rows == [
        [f"{SITE}/jobs/harbor/A-1.US-TX.html", "2026-09-01T08:00:00+00:00"],
        [f"{SITE}/jobs/harbor/B-2.US-TX.html", "2026-09-01T08:00:00+00:00"],
    ]


def test_a_posting_no_longer_listed_loses_its_page_and_others_keep_theirs(
    board: JobBoard, store: DocumentStore
) -> None:
    other = {**OPTIONS, "prefix": "harbor-2"}
    google_for_jobs.connect(Access(SITE, options=other), store).publish(these(a_posting()), "k")
    board.publish(these(a_posting("A-1.US-TX"), a_posting("B-2.US-TX")), "k")
    board.publish(these(a_posting("B-2.US-TX")), "k")

    assert store.names("jobs/") == [
        "jobs/harbor-2/HARBOR-3.US-TX.html",
        "jobs/harbor-2/sitemap.xml",
        "jobs/harbor/B-2.US-TX.html",
        "jobs/harbor/sitemap.xml",
    ]


def test_a_lost_publication_is_found_and_an_unfinished_one_is_not(
    board: JobBoard, store: DocumentStore
) -> None:
    wanted = these(a_posting("A-1.US-TX"), a_posting("B-2.US-TX"))
    assert board.find(wanted, "k") is None

    receipt = board.publish(wanted, "k")
    assert board.find(wanted, "k") == receipt
    assert board.find(these(a_posting("A-1.US-TX")), "k") is None

    store.put("jobs/harbor/CLOSED-1.US-TX.html", b"not yet removed", "text/html")
    assert board.find(wanted, "k") is None

    board.publish(wanted, "k")
    store.delete("jobs/harbor/sitemap.xml")
    assert board.find(wanted, "k") is None


def test_the_same_set_in_another_order_is_the_same_publication(board: JobBoard) -> None:
    one, two = a_posting("A-1.US-TX"), a_posting("B-2.US-TX")

    assert board.publish(these(one, two), "k") == board.publish(these(two, one), "k2")
    assert board.publish(these(one), "k3") != board.publish(these(two), "k4")


def test_a_posting_that_lacks_something_is_named_and_its_neighbours_have_their_pages(
    board: JobBoard, store: DocumentStore
) -> None:
    request = these(a_posting("A-1.US-TX"), a_posting("B-2.US-TX", title=" "))

    with pytest.raises(Refused, match=r"B-2\.US-TX of requisition .* lacks title"):
        board.publish(request, "k")
    (page,) = board.changes("all_postings", None, ())
    assert [record.external_id for record in page.records] == ["A-1.US-TX"]
    assert b"B-2" not in store.get("jobs/harbor/sitemap.xml")
    assert board.find(request, "k") is None


def test_what_cannot_be_said_is_refused(board: JobBoard, store: DocumentStore) -> None:
    with pytest.raises(Refused, match="same reference"):
        board.publish(these(a_posting(), a_posting()), "k")
    with pytest.raises(Unsupported):
        board.find(CloseJob(job_ref="x"), "k")
    assert (board.resources, list(board.changes("jobs", None, ()))) == ((), [])
