"""Postings, a seeker, and our side of a delivery, as the tests of Indeed have them."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
from lxml import etree

from connectors.job_boards.indeed import deliveries
from connectors.ports import DocumentStore, InformedBoard
from connectors.records import (
    EmploymentType,
    Pay,
    Place,
    Posting,
    PublishPostings,
)
from deployments.sandbox.people import Apply, Behaviour, Persona

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
AUSTIN = Place(code="US-TX", city="Austin", region="TX", country="US", postal_code="78701")
SECRET = "sandbox-indeed"
ENDING = ("HARBOR-3", "OTHER-1", "A", "B", "A-1", "B-2")
MAY_END = ("HARBOR-3.US-NY", *(f"{name}.US-TX" for name in ENDING))
Opened = Callable[..., InformedBoard]


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
                signed = deliveries.verify(body, dict(self.headers), SECRET)
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
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


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
    """A list at a time when all that is not in it has ended."""
    return PublishPostings(postings=postings, as_of=NOW, ended=MAY_END)


def crawl(address: str, store: DocumentStore) -> requests.Response:
    return requests.post(f"{address}/indeed/crawl", store.get("indeed/feed.xml"), timeout=5)


def jobs(store: DocumentStore) -> list[dict[str, str]]:
    source = etree.fromstring(store.get("indeed/feed.xml"))
    return [{str(e.tag): e.text or "" for e in job} for job in source.findall("job")]
