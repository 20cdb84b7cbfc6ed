"""A webhook is believed by its signature over body and headers, and tells ids alone."""

from datetime import UTC, datetime

import pytest

from connectors.applicant_tracking.smartrecruiters import VENDOR, webhooks
from connectors.errors import Unreadable
from deployments.sandbox.envelopes import Event, sealed
from tests.connectors.tracking import NOW

# The vendor's own example.
KEY = "HeBVky2bccvvkcXPimH8c"
BODY = b'{"job_id":"jid","candidate_id":"cid"}'
SIGNATURE = "v1=2e9291f10d44ca10204a4cd81b05d73b6a316b2b605d4e2e0e0b37b40198ce1f"
HEADERS = {
    "event-id": "123",
    "event-name": "application.created",
    "event-version": "v201910",
    "link": "<http://smartrecruiters.com/endpoint>; rel=self",
    "smartrecruiters-timestamp": "1574080897",
    "smartrecruiters-signature": SIGNATURE,
}


def test_the_published_example_is_believed() -> None:
    assert webhooks.verify(BODY, HEADERS, KEY)
    assert webhooks.verify(BODY, {name.title(): told for name, told in HEADERS.items()}, KEY)


@pytest.mark.parametrize("others", ["v1=00;{}", "{};v1=00", "v2=00; {}"])
def test_one_signature_of_several_keys_is_enough(others: str) -> None:
    told = {**HEADERS, "smartrecruiters-signature": others.format(SIGNATURE)}

    assert webhooks.verify(BODY, told, KEY)


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_every_header_is_signed(name: str) -> None:
    assert not webhooks.verify(BODY, {**HEADERS, name: "another"}, KEY)
    assert not webhooks.verify(BODY, {k: v for k, v in HEADERS.items() if k != name}, KEY)


def test_another_body_or_key_is_not_believed() -> None:
    assert not webhooks.verify(BODY + b" ", HEADERS, KEY)
    assert not webhooks.verify(BODY, HEADERS, "another")
    assert not webhooks.verify(BODY, HEADERS, "")
    assert not webhooks.verify(BODY, {}, KEY)


def test_it_tells_which_application_and_job_it_is_about_when_and_nothing_personal() -> None:
    event = webhooks.read(BODY, HEADERS)

    assert (event.id, event.kind) == ("123", "application.created")
    assert event.refs == ("cid:jid", "jid")
    assert event.at == datetime(2019, 11, 18, 12, 41, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "refs"),
    [
        (b'{"job_id":"jid"}', ("jid",)),
        (b'{"candidate_id":"cid"}', ("cid",)),
        (b'{"offer_id":"oid","company":"Ada & Co"}', ("oid",)),
    ],
)
def test_it_tells_what_ids_there_are(body: bytes, refs: tuple[str, ...]) -> None:
    assert webhooks.read(body, HEADERS).refs == refs


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"Ada", b"{}", b'{"job_id":{},"candidate_id":"Ada B."}', b"[" * 50_000]
)
def test_a_body_that_is_no_webhook_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        webhooks.read(raw, HEADERS)


@pytest.mark.parametrize("name", ["event-id", "event-name", "smartrecruiters-timestamp"])
def test_an_event_without_name_or_time_is_unreadable(name: str) -> None:
    for told in ({}, {name: "no such thing!"}):
        with pytest.raises(Unreadable):
            webhooks.read(BODY, {k: v for k, v in HEADERS.items() if k != name} | told)


def test_the_stand_in_signs_as_documented() -> None:
    about = {"job_id": "j", "candidate_id": "c", "application_id": "a"}
    told = Event("smartrecruiters", "application.created", about, "0" * 64, NOW, "http://us.test")

    post = sealed(told, "secret")

    assert webhooks.verify(post.body, post.headers, "secret")
    assert webhooks.read(post.body, post.headers).refs == ("c:j", "j")


def test_the_first_post_of_a_subscription_gets_its_header_back() -> None:
    assert VENDOR.webhooks is not None
    assert VENDOR.webhooks.echo == "X-Hook-Secret"
