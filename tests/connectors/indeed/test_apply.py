"""Applications as Indeed Apply delivers them."""

import base64
import hashlib
import hmac
import json
import logging
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import Unreadable
from connectors.job_boards.indeed import deliveries
from connectors.ports import DocumentStore, JobBoard
from connectors.records import (
    Answer,
)
from deployments.sandbox.indeed import Indeed
from deployments.sandbox.outgoing import post
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from tests.connectors.indeed.account import (
    NOW,
    Receiver,
    a_posting,
    a_seeker,
    crawl,
    these,
)


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
    return deliveries.read_application(json.dumps(a_delivery(**changed)).encode())


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

    [application] = [deliveries.read_application(body) for body in receiver.bodies]
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

    application = deliveries.read_application(receiver.bodies[0])
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

    assert deliveries.verify(raw, {"X-Indeed-Signature": signature}, "secret")
    assert deliveries.verify(raw, {"x-indeed-signature": signature}, "secret")
    assert not deliveries.verify(raw + b" ", {"X-Indeed-Signature": signature}, "secret")
    assert not deliveries.verify(raw, {"X-Indeed-Signature": signature}, "other")
    assert not deliveries.verify(raw, {"X-Indeed-Signature": "é"}, "secret")
    assert not deliveries.verify(raw, {}, "secret")


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
        deliveries.read_application(raw)
