"""Indeed: the feed as its crawler takes it, and applications as it delivers them."""

import base64
import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from lxml import etree

from connectors.access import Access
from connectors.documents import filesystem
from connectors.errors import Refused, Unreadable, Unsupported
from connectors.job_boards import indeed
from connectors.ports import DocumentStore, JobBoard
from connectors.records import (
    Answer,
    CloseJob,
    EmploymentType,
    Pay,
    PayUnit,
    Place,
    Posting,
    PublishPostings,
)
from deployments.sandbox.indeed import Indeed
from deployments.sandbox.outgoing import post
from deployments.sandbox.people import Apply, Behaviour, People, Persona
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
AUSTIN = Place(code="US-TX", city="Austin", region="TX", country="US", postal_code="78701")
SECRET = "sandbox-indeed"


def a_seeker(id: str = "p1", **changed: Any) -> Persona:
    told: dict[str, Any] = {
        "requisition": "HARBOR-3",
        "via": "indeed",
        "day": 2,
        "hour": 14,
        "email": "ada_x1@indeedemail.com",
        "phone": "512-555-0101",
        "answers": {"auth": "Yes", "why": "I like pumps"},
    }
    return Persona(
        id=id,
        name="Ada King Byron",
        emails=(f"{id}@example.test",),
        phones=(),
        links=(),
        residence="US-TX",
        applications=(Apply(**{**told, **changed}),),
        resume_text="Pumps – ten years",
        resume_json=None,
        truth={},
        pay_expectation_cents=None,
        behaviour=Behaviour(),
    )


class Receiver:
    """Our side of the delivery: takes what is signed, answers what it is told to."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.replies: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                signed = indeed.verify(body, dict(self.headers), SECRET)
                receiver.bodies.append(body)
                status = receiver.replies.pop(0) if receiver.replies else 200
                self.send_response(status if signed else 401)
                self.send_header("Content-Length", "0")
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def do_GET(self) -> None:
                """Where a followed redirect would be welcomed."""
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/indeed/apply?client=harbor"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    ours = Receiver()
    yield ours
    ours.server.shutdown()
    ours.server.server_close()


@pytest.fixture
def people() -> People:
    return People([a_seeker()])


@pytest.fixture
def vendor(people: People) -> Indeed:
    return Indeed(World(seed=7, now=NOW), people)


@pytest.fixture
def sandbox(vendor: Indeed) -> Iterator[Sandbox]:
    sandbox = Sandbox(vendor.world, [vendor])
    yield sandbox
    sandbox.stop()


@pytest.fixture
def address(sandbox: Sandbox) -> str:
    return sandbox.start()


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    return filesystem.connect(
        Access("https://careers.example.test", options={"root": str(tmp_path)})
    )


@pytest.fixture
def board(store: DocumentStore, receiver: Receiver) -> JobBoard:
    return indeed.connect(
        Access(
            "https://careers.example.test/jobs/harbor",
            options={"api_token": "token", "apply_url": receiver.url},
        ),
        store,
    )


def a_posting(reference: str = "HARBOR-3.US-TX", **changed: Any) -> Posting:
    told: dict[str, Any] = {
        "reference": reference,
        "requisition": "HARBOR-3",
        "title": "Test & Café Engineer",
        "description_html": "<h1>No</h1><script>no()</script><p>Tests pumps.</p>",
        "company": "Harbor & Sons",
        "place": AUSTIN,
        "pay": Pay(min_cents=8_000_000, max_cents=10_000_050),
        "benefits": "Health <full>",
        "employment_type": EmploymentType.FULL_TIME,
        "posted_at": datetime(2026, 8, 31, 9, tzinfo=UTC),
        "closes_on": date(2026, 10, 31),
    }
    return Posting(**{**told, **changed})


def these(*postings: Posting) -> PublishPostings:
    return PublishPostings(postings=postings, as_of=NOW)


def crawl(address: str, store: DocumentStore) -> requests.Response:
    return requests.post(f"{address}/indeed/crawl", store.get("indeed/feed.xml"), timeout=5)


def jobs(store: DocumentStore) -> list[dict[str, str]]:
    source = etree.fromstring(store.get("indeed/feed.xml"))
    return [{str(e.tag): e.text or "" for e in job} for job in source.findall("job")]


def a_delivery(**changed: Any) -> dict[str, Any]:
    return {
        "id": "a" * 64,
        "appliedOnMillis": 1788264000123,
        "locale": "en_US",
        "job": {"jobId": "HARBOR-3.US-TX", "jobTitle": "Test Engineer"},
        "applicant": {"fullName": "Ada Byron"},
        **changed,
    }


def read(**changed: Any) -> Any:
    return indeed.read_application(json.dumps(a_delivery(**changed)).encode())


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


def test_a_seeker_applies_and_the_application_arrives_signed(
    board: JobBoard,
    store: DocumentStore,
    vendor: Indeed,
    sandbox: Sandbox,
    address: str,
    receiver: Receiver,
) -> None:
    board.publish(these(a_posting()), "k")
    crawl(address, store)

    sandbox.advance(NOW + timedelta(days=3))

    [application] = [indeed.read_application(body) for body in receiver.bodies]
    assert vendor.received["applications"] == [application.external_id]
    assert vendor.received["delivered"] == [application.external_id]
    assert application.job_ref == "HARBOR-3.US-TX"
    assert application.name == "Ada King Byron"
    assert application.emails == ("ada_x1@indeedemail.com",)
    assert application.phones == ("512-555-0101",)
    assert application.resume_text == "Pumps – ten years"
    assert application.answers == (
        Answer(question="auth", value="Yes"),
        Answer(question="why", value="I like pumps"),
    )
    assert application.applied_at.date() == date(2026, 9, 3)
    assert application.applied_at.hour == 14
    assert application.consent_at == application.applied_at
    assert application.source == "Indeed"


def test_a_seeker_who_hides_address_and_phone_still_arrives(
    board: JobBoard, store: DocumentStore, receiver: Receiver
) -> None:
    world = World(seed=7, now=NOW)
    hidden = Sandbox(world, [Indeed(world, People([a_seeker(email=None, phone=None)]))])
    board.publish(these(a_posting()), "k")
    crawl(hidden.start(), store)

    hidden.advance(NOW + timedelta(days=3))
    hidden.stop()

    application = indeed.read_application(receiver.bodies[0])
    assert (application.emails, application.phones) == ((), ())


def test_a_seeker_applies_once_though_a_job_has_two_places_and_has_closed_meanwhile(
    board: JobBoard,
    store: DocumentStore,
    vendor: Indeed,
    sandbox: Sandbox,
    address: str,
    receiver: Receiver,
) -> None:
    board.publish(these(a_posting(), a_posting("HARBOR-3.US-NY")), "k")
    crawl(address, store)
    board.publish(these(), "k2")
    crawl(address, store)

    sandbox.advance(NOW + timedelta(days=3))

    assert len(vendor.received["closed_jobs"]) == 2
    assert len(receiver.bodies) == 1


@pytest.mark.parametrize(
    ("replies", "record"),
    [
        ([500, 302, 503, 200], {"delivered": 4}),
        ([409], {"duplicates": 1}),
        ([410], {"refused": 1}),
        ([404], {"refused": 1}),
        ([500] * 100, {"given_up": 73}),
    ],
)
def test_a_delivery_follows_the_reply_contract(
    board: JobBoard,
    store: DocumentStore,
    vendor: Indeed,
    sandbox: Sandbox,
    address: str,
    receiver: Receiver,
    replies: list[int],
    record: dict[str, int],
) -> None:
    receiver.replies = replies
    board.publish(these(a_posting()), "k")
    crawl(address, store)

    sandbox.advance(NOW + timedelta(days=10))

    [(outcome, attempts)] = record.items()
    assert vendor.received[outcome] == vendor.received["applications"]
    assert len(receiver.bodies) == attempts
    assert len(set(receiver.bodies)) == 1


def test_some_deliveries_come_twice(
    board: JobBoard,
    store: DocumentStore,
    receiver: Receiver,
) -> None:
    sent: list[bytes] = []

    def accept(url: str, body: bytes, headers: object) -> int:
        sent.append(body)
        return 200

    world = World(seed=7, now=NOW)
    vendor = Indeed(world, People([a_seeker(f"p{n}") for n in range(200)]), post=accept)
    board.publish(these(a_posting()), "k")
    with_sandbox = Sandbox(world, [vendor])
    crawl(with_sandbox.start(), store)

    with_sandbox.advance(NOW + timedelta(days=3))
    with_sandbox.stop()

    assert len(set(vendor.received["applications"])) == len(vendor.received["applications"]) == 200
    assert 200 < len(sent) < 220
    assert len(set(sent)) == 200


def test_a_restarted_indeed_remembers_and_sends_nothing_again(
    board: JobBoard, store: DocumentStore, receiver: Receiver, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    before = Indeed(World(seed=7, now=NOW), People([a_seeker()]))
    first = Sandbox(before.world, [before], journal)
    board.publish(these(a_posting()), "k")
    crawl(first.start(), store)
    first.advance(NOW + timedelta(days=3))
    first.stop()

    after = Indeed(World(seed=7, now=NOW), People([a_seeker()]))
    after.quiet = lambda: True
    Sandbox(after.world, [after], journal).stop()

    assert after.received == before.received
    assert len(receiver.bodies) == 1


def test_nobody_listening_is_no_answer() -> None:
    assert post("http://127.0.0.1:9/", b"{}", {}) == 0


def test_only_our_secret_over_the_very_bytes_verifies() -> None:
    raw = b'{"id": "x"}'
    signature = base64.b64encode(hmac.new(b"secret", raw, hashlib.sha1).digest()).decode()

    assert indeed.verify(raw, {"X-Indeed-Signature": signature}, "secret")
    assert indeed.verify(raw, {"x-indeed-signature": signature}, "secret")
    assert not indeed.verify(raw + b" ", {"X-Indeed-Signature": signature}, "secret")
    assert not indeed.verify(raw, {"X-Indeed-Signature": signature}, "other")
    assert not indeed.verify(raw, {"X-Indeed-Signature": "é"}, "secret")
    assert not indeed.verify(raw, {}, "secret")


def test_a_delivery_with_only_what_is_required_is_read() -> None:
    application = read()

    assert application.name == "Ada Byron"
    assert application.applied_at == datetime(2026, 9, 1, 12, 0, 0, 123_000, tzinfo=UTC)
    assert (application.emails, application.answers, application.resume_text) == ((), (), "")


def test_answers_are_read_in_both_shapes() -> None:
    chosen = [{"value": "a", "label": "A"}, {"value": "b", "label": "B"}]
    rows = [
        {"question": {"id": "text"}, "answer": "words"},
        {"question": {"id": "one"}, "answer": chosen[0]},
        {"question": {"id": "many"}, "answer": chosen},
        {"question": {"id": "unanswered"}},
    ]
    wanted = (("text", "words"), ("one", "a"), ("many", "a, b"))

    for told in (
        {"screenerQuestionsAndAnswers": {"questionsAndAnswers": rows}},
        {"questionsAndAnswers": rows},
        {"questionsAndAnswers": {"questionsAndAnswers": rows}},
    ):
        assert tuple((a.question, a.value) for a in read(**told).answers) == wanted


def test_a_resume_is_read_from_text_profile_or_text_file() -> None:
    pdf = {"fileName": "r.pdf", "contentType": "application/pdf", "data": "JVBERi0="}
    profile = {"publicProfileUrl": "https://my.indeed.com/p/ada", "skills": "pumps"}

    with_text = read(
        applicant={"fullName": "A", "resume": {"text": "t", "file": pdf, "json": profile}}
    )
    with_pdf = read(applicant={"fullName": "A", "resume": {"file": pdf}})

    assert (with_text.resume_text, with_text.resume_json) == ("t", profile)
    assert with_text.links == ("https://my.indeed.com/p/ada",)
    assert (with_pdf.resume_text, with_pdf.resume_json) == ("", None)


def test_self_identification_never_joins_the_application() -> None:
    application = read(eeo={"gender": "secret"}, demographicQuestionsAndAnswers={"q": "secret"})

    assert b"secret" not in application.document
    assert "secret" not in application.model_dump_json()


def test_an_unknown_field_is_reported_as_drift_without_its_value(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        read(novelty="Ada Byron")

    [record] = caplog.records
    assert (record.__dict__["fields"], "Ada" in caplog.text) == (["novelty"], False)


@pytest.mark.parametrize(
    "raw",
    [
        b"not json",
        b"\xff",
        b"[]",
        json.dumps(a_delivery(id=None)).encode(),
        json.dumps(a_delivery(appliedOnMillis="now")).encode(),
        json.dumps(a_delivery(appliedOnMillis=10**30)).encode(),
        json.dumps(a_delivery(applicant={"email": "a@example.test"})).encode(),
        json.dumps(a_delivery(job={})).encode(),
        json.dumps(
            a_delivery(questionsAndAnswers=[{"question": {"id": "q"}, "answer": 7}])
        ).encode(),
        json.dumps(
            a_delivery(
                applicant={
                    "fullName": "A",
                    "resume": {"file": {"contentType": "text/plain", "data": "%"}},
                }
            )
        ).encode(),
    ],
)
def test_what_is_not_a_delivery_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        indeed.read_application(raw)
