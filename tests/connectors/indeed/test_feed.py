"""The feed as Indeed's crawler takes it."""

from pathlib import Path

import pytest
import requests

from connectors.access import Access
from connectors.errors import Refused, Unsupported
from connectors.job_boards import indeed
from connectors.ports import DocumentStore, JobBoard
from connectors.records import (
    CloseJob,
    Pay,
    PayUnit,
    Place,
)
from deployments.sandbox.indeed import Indeed
from tests.connectors.indeed.account import (
    Receiver,
    a_posting,
    crawl,
    jobs,
    these,
)


def test_a_job_says_all_that_indeed_requires(
    board: JobBoard, store: DocumentStore, receiver: Receiver
) -> None:
    board.publish(these(a_posting()), "k")

    [job] = jobs(store)
    assert "indeed-apply-jobTitle=Test+%26+Caf%C3%A9+Engineer&" in job.pop("indeed-apply-data")
    assert job == {
        "title": "Test & Café Engineer",
        "date": "2026-08-31T09:00:00+00:00",
        "referencenumber": "HARBOR-3.US-TX",
        "requisitionid": "HARBOR-3",
        "url": "https://careers.example.test/jobs/harbor/HARBOR-3.US-TX.html",
        "company": "Harbor & Sons",
        "sourcename": "Harbor & Sons",
        "city": "Austin",
        "state": "TX",
        "country": "US",
        "postalcode": "78701",
        "description": "No<p>Tests pumps.</p><p>Benefits: Health &lt;full&gt;</p>",
        "salary": "$80,000 - $100,000.50 per year",
        "jobtype": "fulltime",
        "expirationdate": "2026-10-31",
    }
    assert "<title><![CDATA[Test & Café Engineer]]></title>".encode() in store.get(
        "indeed/feed.xml"
    )


def test_optional_facts_follow_the_posting(board: JobBoard, store: DocumentStore) -> None:
    remote = Place(code="US-NY-NYC", city="New York", country="US", remote=True)
    hourly = Pay(min_cents=2150, max_cents=2150, currency="SGD", unit=PayUnit.HOUR)
    board.publish(these(a_posting(place=remote, pay=hourly, closes_on=None)), "k")

    [job] = jobs(store)
    assert (job["state"], job["remotetype"]) == ("NY", "Fully remote")
    assert job["salary"] == "SGD 21.50 per hour"
    assert "expirationdate" not in job


def test_text_that_xml_cannot_hold_does_not_break_the_feed(
    board: JobBoard, store: DocumentStore
) -> None:
    board.publish(these(a_posting(title="a]]>b\x00\x0bc")), "k")

    assert jobs(store)[0]["title"] == "a]] >bc"


def test_the_crawler_opens_what_is_in_the_file_and_closes_what_is_not(
    board: JobBoard, store: DocumentStore, vendor: Indeed, address: str
) -> None:
    board.publish(these(a_posting("A-1.US-TX"), a_posting("B-2.US-TX")), "k")
    assert crawl(address, store).json() == {
        "open": 2,
        "new": ["A-1.US-TX", "B-2.US-TX"],
        "closed": [],
    }

    board.publish(these(a_posting("B-2.US-TX")), "k2")
    crawl(address, store)
    crawl(address, store)

    assert vendor.received == {"jobs": ["A-1.US-TX", "B-2.US-TX"], "closed_jobs": ["A-1.US-TX"]}
    shown = requests.get(f"{address}/indeed/jobs", timeout=5).json()["jobs"]
    assert [job["referencenumber"] for job in shown] == ["B-2.US-TX"]


def test_the_crawler_visits_the_clients_public_folder(
    board: JobBoard, store: DocumentStore, vendor: Indeed, address: str, tmp_path: Path
) -> None:
    feed = tmp_path / "indeed" / "harbor.xml"
    feed.parent.mkdir(exist_ok=True)

    def visit() -> int:
        told = {"public": str(tmp_path)}
        return requests.post(f"{address}/__sandbox/visit", json=told, timeout=5).status_code

    assert visit() == 204
    board.publish(these(a_posting()), "k")
    feed.write_bytes(store.get("indeed/feed.xml"))
    assert visit() == 204
    assert vendor.received == {"jobs": ["HARBOR-3.US-TX"]}
    feed.write_bytes(b"<html>")
    assert visit() == 400


def test_a_job_that_comes_back_was_opened_twice(
    board: JobBoard, store: DocumentStore, vendor: Indeed, address: str
) -> None:
    for postings in ([a_posting()], [], [a_posting()]):
        board.publish(these(*postings), "k")
        crawl(address, store)

    assert vendor.received == {"jobs": ["HARBOR-3.US-TX"] * 2, "closed_jobs": ["HARBOR-3.US-TX"]}


def test_one_clients_feed_closes_nothing_of_another(
    board: JobBoard, store: DocumentStore, vendor: Indeed, address: str
) -> None:
    options = {"api_token": "token", "apply_url": "https://us.example.test/apply"}
    other = indeed.connect(Access("https://other.example.test/jobs", options=options), store)
    board.publish(these(a_posting()), "k")
    crawl(address, store)

    other.publish(these(a_posting("OTHER-1.US-TX")), "k")
    crawl(address, store)

    assert vendor.received == {"jobs": ["HARBOR-3.US-TX", "OTHER-1.US-TX"]}


@pytest.mark.parametrize(
    ("before", "after", "error"),
    [
        (b"<city>", b"<town>", "not well-formed"),
        (b"source>", b"jobs>", "not a feed"),
        (b"city>", b"town>", "city is missing"),
        (b"<p>Tests", b"<H1>x</H1><p>Tests", "h1 or a script"),
        (b"per year", b"", "salary is not complete"),
        (b"postUrl=", b"postUrl=&x=", "indeed-apply-postUrl is missing"),
        (b"<![CDATA[2026-08-31T", b"<![CDATA[31.8.T", "date is not"),
        (b"B-2.US-TX", b"A-1.US-TX", "not unique"),
    ],
)
def test_a_file_with_a_fault_changes_nothing_at_indeed(
    board: JobBoard,
    store: DocumentStore,
    vendor: Indeed,
    address: str,
    before: bytes,
    after: bytes,
    error: str,
) -> None:
    board.publish(these(a_posting("A-1.US-TX"), a_posting("B-2.US-TX")), "k")
    spoiled = store.get("indeed/feed.xml").replace(before, after)
    store.put("indeed/feed.xml", spoiled, "application/xml")

    answer = crawl(address, store)

    assert answer.status_code == 400
    assert error in answer.json()["errors"][0]
    assert (vendor.received, vendor.open) == ({}, {})


def test_a_lost_publication_is_found(board: JobBoard, store: DocumentStore) -> None:
    wanted = these(a_posting("A-1.US-TX"), a_posting("B-2.US-TX"))
    assert board.find(wanted, "k") is None

    receipt = board.publish(wanted, "k")

    assert board.find(wanted, "k") == receipt
    assert board.find(these(a_posting("A-1.US-TX")), "k") is None
    assert board.publish(these(*reversed(wanted.postings)), "k2") == receipt


def test_a_posting_that_lacks_something_is_named_and_its_neighbours_are_published(
    board: JobBoard, store: DocumentStore
) -> None:
    singapore = Place(code="SG", city="", country="SG")
    bad = a_posting("HARBOR-4.SG", requisition="HARBOR-4", place=singapore)

    with pytest.raises(Refused, match=r"HARBOR-4\.SG of requisition HARBOR-4 lacks city, state"):
        board.publish(these(a_posting(), bad), "k")
    assert [job["referencenumber"] for job in jobs(store)] == ["HARBOR-3.US-TX"]
    assert board.find(these(a_posting(), bad), "k") is None


def test_of_many_that_lack_something_the_first_are_named(board: JobBoard) -> None:
    many = [a_posting(f"B-{n:02}.US-TX", title=" ") for n in range(25)]

    with pytest.raises(Refused, match=r"B-19\.US-TX of requisition HARBOR-3 lacks title; 5 more"):
        board.publish(these(a_posting(), *many), "k")


def test_what_cannot_be_said_is_refused_and_the_old_feed_stays(
    board: JobBoard, store: DocumentStore
) -> None:
    board.publish(these(a_posting()), "k")

    with pytest.raises(Refused, match="same reference"):
        board.publish(these(a_posting("B"), a_posting("B")), "k3")
    with pytest.raises(Unsupported):
        board.find(CloseJob(job_ref="x"), "k")
    assert len(jobs(store)) == 1
    assert (board.resources, list(board.changes("jobs", None, ()))) == ((), [])
